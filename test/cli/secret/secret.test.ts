/**
 * `zrun secret`: files and values that it makes are read by ansible-vault, age and runs, and theirs by it.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createSecretFolder, type SecretFolder } from '../../secrets/tools.js';
import { isAlive, until } from '../../trust/look.js';
import { zrun, type Ended } from '../fake-environment.js';
import { spawnZrun } from '../real-process.js';

describe('zrun secret', () => {
  let there: SecretFolder;
  let recipient = '';
  const secret = (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    zrun(['secret', ...words], { cwd: there.folder, homeFolder: there.folder, env });
  const ok = async (words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> => {
    const ended = await secret(words, env);
    expect(ended.code, ended.stderr).to.equal(0);
    return ended;
  };
  const read = (name: string): string => readFileSync(there.file(name), 'utf8');
  /** In memory, where edits are. */
  const leftInMemory = (): readonly string[] =>
    readdirSync('/dev/shm').filter((name) => name.startsWith('zrun-edit-'));

  before(() => {
    there = createSecretFolder();
    there.write('password', 'swordfish\n');
    there.write('newer', 'lanternfish\n');
    recipient = there.keygen('key.txt');
  });
  after(() => there.remove());

  it('encrypts in place what ansible-vault reads, and decrypts what it writes', async () => {
    there.write('a.yaml', 'a: canary\n', 0o640);
    const { stderr } = await ok(['encrypt', 'a.yaml', '--vault-id', 'dev@password']);
    expect(stderr).to.equal('a.yaml: encrypted as ansible-vault, vault id dev\n');
    expect(read('a.yaml')).to.match(/^\$ANSIBLE_VAULT;1\.2;AES256;dev\n/);
    expect(statSync(there.file('a.yaml')).mode & 0o777).to.equal(0o640);
    expect(there.run('ansible-vault', ['view', '--vault-password-file', 'password', 'a.yaml'])).to.equal(
      'a: canary\n',
    );
    there.vault('b.yaml', 'b: canary\n', ['--vault-password-file', 'password']);
    await ok(['decrypt', 'a.yaml', 'b.yaml', '--vault-password-file', 'password']);
    expect(read('a.yaml') + read('b.yaml')).to.equal('a: canary\nb: canary\n');
  });

  it('encrypts for keys what age reads, and decrypts what it writes', async () => {
    there.write('a.yaml', 'a: canary\n');
    await ok(['encrypt', 'a.yaml', '-r', recipient]);
    expect(there.run('age', ['-d', '-i', 'key.txt', 'a.yaml'])).to.equal('a: canary\n');
    there.write('b.age', there.age('b: canary\n', ['-a', '-r', recipient]));
    const shown = await ok(['decrypt', 'b.age', '-o', '-', '--age-identity', 'key.txt']);
    expect(shown.stdout).to.equal('b: canary\n');
    expect(read('b.age'), 'the file itself stays as it is').to.match(/^-----BEGIN AGE/);
  });

  it('makes a key that age takes, and writes over none', async () => {
    const { stderr } = await ok(['keygen', '-o', 'mine.txt']);
    const mine = /age1\w+/.exec(stderr)?.[0] ?? '';
    expect(there.run('age-keygen', ['-y', 'mine.txt']).trim()).to.equal(mine);
    expect(statSync(there.file('mine.txt')).mode & 0o777).to.equal(0o600);
    const again = await secret(['keygen', '-o', 'mine.txt']);
    expect(again.code).to.equal(4);
    expect(again.stderr).to.match(/a key is never overwritten/);
    const nowhere = await secret(['keygen', '-o', 'nowhere/key']);
    expect(nowhere.stderr).to.equal('error: cannot write nowhere/key: its folder is not there\n');
  });

  it('edits what an editor leaves, in memory, with nothing left there', async () => {
    there.write(
      'editor',
      '#!/bin/sh\necho "$1" >where\nstat -c %a "$1" >mode\necho "added: canary" >>"$1"\n',
      0o700,
    );
    const env = { EDITOR: `cd '${there.folder}' && ./editor` };
    for (const [name, words] of [
      ['a.vault', ['--vault-password-file', 'password']],
      ['a.age', ['--age-identity', 'key.txt']],
    ] as const) {
      there.write(name, 'a: 1\n');
      await ok(['encrypt', name, ...(name === 'a.age' ? ['-r', recipient] : words)]);
      const before = read(name);
      await ok(['edit', name, ...words], env);
      expect(read(name)).not.to.equal(before);
      expect((await ok(['decrypt', name, '-o', '-', ...words])).stdout).to.equal('a: 1\nadded: canary\n');
      expect(read('where')).to.match(new RegExp(`^/dev/shm/zrun-edit-[^/]+/text/${name}\n$`));
      expect(read('mode')).to.equal('600\n');
      expect(existsSync(read('where').trim())).to.equal(false);
    }
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('leaves a file as it is where the editor fails, or changes nothing', async () => {
    there.write('c', 'a: 1\n');
    await ok(['encrypt', 'c', '--vault-password-file', 'password']);
    const before = read('c');
    const failed = await secret(['edit', 'c', '--vault-password-file', 'password'], { EDITOR: 'false' });
    expect(failed.code).to.equal(4);
    expect(failed.stderr).to.match(/the editor \(false\) ended with exit code 1: nothing is changed/);
    expect(
      (await ok(['edit', 'c', '--vault-password-file', 'password'], { EDITOR: 'true' })).stderr,
    ).to.equal('c: not changed\n');
    expect(read('c')).to.equal(before);
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('asks for all recipients of a file of several before the editor starts', async () => {
    there.write('several', there.age('a: 1\n', ['-a', '-r', recipient, '-r', there.keygen('second.txt')]));
    const { code, stderr } = await secret(['edit', 'several', '--age-identity', 'key.txt'], {
      EDITOR: 'touch ran;',
    });
    expect(code).to.equal(4);
    expect(stderr).to.match(
      /encrypted for 2 keys, and does not say for which[\s\S]*name all of them with -r/,
    );
    expect(existsSync('ran')).to.equal(false);
  });

  it('rekeys files as a whole, from one format to the other', async () => {
    there.vault('d', 'd: canary\n', ['--vault-password-file', 'password']);
    const old = ['--vault-password-file', 'password'];
    await ok(['rekey', 'd', ...old, '--new-vault-id', 'prod@newer']);
    expect(there.run('ansible-vault', ['view', '--vault-password-file', 'newer', 'd'])).to.equal(
      'd: canary\n',
    );
    await ok(['rekey', 'd', '--vault-password-file', 'newer', '-r', recipient]);
    expect(there.run('age', ['-d', '-i', 'key.txt', 'd'])).to.equal('d: canary\n');
  });

  it('rekeys single values and touches nothing else of the file', async () => {
    const value = there
      .run('ansible-vault', [
        'encrypt_string',
        '--vault-password-file',
        'password',
        '--name',
        'token',
        'canary',
      ])
      .trimEnd();
    const rest = [
      '# kept',
      'list:',
      '  - name: x',
      `    ${value.replaceAll('\n', '\n    ')}`,
      'last: "{{ token }}"',
      '',
    ];
    there.write('vars.yaml', `---\n${value}  \n${rest.join('\n')}`);
    const { stderr } = await ok(['rekey', 'vars.yaml', '--vault-password-file', 'password', '-r', recipient]);
    expect(stderr).to.equal('vars.yaml: rekeyed 2 values for 1 key of age\n');
    const text = read('vars.yaml');
    expect(text).to.match(/^---\ntoken: !age \|\n {10}-----BEGIN AGE/);
    expect(text).to.match(
      /-----END AGE ENCRYPTED FILE-----\n# kept\nlist:\n {2}- name: x\n {4}token: !age \|\n {14}-----BEGIN/,
    );
    expect(text.endsWith('\nlast: "{{ token }}"\n')).to.equal(true);
    await ok(['rekey', 'vars.yaml', '--age-identity', 'key.txt', '--new-vault-password-file', 'newer']);
    expect(read('vars.yaml').match(/!vault \|\n +\$ANSIBLE_VAULT;1\.1;AES256/g)).to.have.length(2);
  });

  it('makes values that runs open', async () => {
    const vault = await ok([
      'encrypt-string',
      '--name',
      'one',
      'canary-1',
      '--vault-password-file',
      'password',
    ]);
    const age = await ok(['encrypt_string', '--name', 'two', 'canary-2', '-r', recipient]);
    there.write('values.yaml', vault.stdout + age.stdout);
    const assertion = "\"one == 'canary-1' && two == 'canary-2'\"";
    there.write(
      'play.yaml',
      `- hosts: localhost\n  connection: local\n  gather_facts: false\n  vars_files: [values.yaml]\n  tasks: [{assert: {that: ${assertion}}}]\n`,
    );
    const keys = ['--vault-password-file', 'password', '--age-identity', 'key.txt'];
    const ended = await zrun(['play.yaml', ...keys], { cwd: there.folder, homeFolder: there.folder });
    expect(ended.code, ended.stderr + ended.stdout).to.equal(0);
  });

  it('follows a link, and leaves it one', async () => {
    mkdirSync(there.file('real'));
    there.write('real/x', 'x: 1\n');
    symlinkSync('real/x', there.file('link'));
    await ok(['encrypt', 'link', '--vault-password-file', 'password']);
    expect(read('real/x')).to.match(/^\$ANSIBLE_VAULT/);
    await ok(['edit', 'link', '--vault-password-file', 'password'], { EDITOR: 'echo "y: 2" >>' });
    expect(lstatSync(there.file('link')).isSymbolicLink()).to.equal(true);
    expect((await ok(['decrypt', 'link', '-o', '-', '--vault-password-file', 'password'])).stdout).to.equal(
      'x: 1\ny: 2\n',
    );
    expect(readdirSync(there.file('real'))).to.deep.equal(['x']);
  });

  describe('does not overwrite what somebody else wrote while the editor was open:', () => {
    const password = ['--vault-password-file', 'password'];
    const rows: readonly (readonly [
      what: string,
      isNew: boolean,
      meanwhile: string,
      left: string | undefined,
    ])[] = [
      ['a change', false, 'echo other >shared', 'other\n'],
      ['a removal', false, 'rm shared', undefined],
      ['a file that was not there', true, 'echo other >shared', 'other\n'],
    ];
    for (const [what, isNew, meanwhile, left] of rows)
      it(what, async () => {
        for (const name of ['shared', 'shared.edited', 'shared.edited-2'])
          rmSync(there.file(name), { force: true });
        if (!isNew) there.vault('shared', 'a: 1\n', password);
        there.write('shared.edited', 'an older one');
        const { code, stderr } = await secret(['edit', 'shared', ...password], {
          EDITOR: `cd '${there.folder}' && ${meanwhile}; echo "b: 2" >>`,
        });
        expect(stderr).to.equal(
          'error: somebody else changed shared while you edited it: it is left as it is\n' +
            '  hint: What you wrote is in shared.edited-2, encrypted. Put both together, and remove that file.\n',
        );
        expect(code).to.equal(4);
        expect(existsSync(there.file('shared')) ? read('shared') : undefined).to.equal(left);
        expect((await ok(['decrypt', 'shared.edited-2', '-o', '-', ...password])).stdout).to.equal(
          `${isNew ? '' : 'a: 1\n'}b: 2\n`,
        );
        expect(read('shared.edited')).to.equal('an older one');
      });
  });

  it('takes away what an edit has left that was killed, and nothing else', async () => {
    there.vault('killed', 'a: canary\n', ['--vault-password-file', 'password']);
    there.write('open', '#!/bin/sh\necho "$1" >edited; echo $$ >pid; exec sleep 600\n', 0o700);
    const child = spawnZrun(['secret', 'edit', 'killed', '--vault-password-file', 'password'], {
      cwd: there.folder,
      env: { EDITOR: './open' },
    });
    let folder = '';
    try {
      await until(() => existsSync(there.file('pid')) && read('pid') !== '');
      folder = path.dirname(path.dirname(read('edited').trim()));
      // As long as it lives, it is left alone.
      expect((await ok(['keygen'])).stderr).not.to.contain('note:');
      expect(readFileSync(read('edited').trim(), 'utf8')).to.equal('a: canary\n');
    } finally {
      child.kill('SIGKILL');
      if (existsSync(there.file('pid'))) process.kill(Number(read('pid')), 'SIGKILL');
    }
    await child.ended;
    expect(existsSync(folder)).to.equal(true);
    const lookalikes = ['zrun-edit-abcde7', 'zrun-edit-abcde8'].map((name) => path.join('/dev/shm', name));
    const [open = '', link = ''] = lookalikes;
    try {
      mkdirSync(open);
      chmodSync(open, 0o755);
      symlinkSync(there.folder, link);
      const { stderr } = await ok(['keygen']);
      expect(stderr).to.contain(
        `note: a zrun secret edit that was killed left killed in clear in ${folder}; it is removed now, with what was not saved encrypted\n`,
      );
      expect([...leftInMemory()].sort()).to.deep.equal(['zrun-edit-abcde7', 'zrun-edit-abcde8']);
      expect(existsSync(there.file('killed'))).to.equal(true);
    } finally {
      for (const each of lookalikes) rmSync(each, { recursive: true, force: true });
    }
    expect((await ok(['keygen'])).stderr).not.to.contain('note:');
  });

  it('ends the editor with itself', async () => {
    rmSync(there.file('pid'), { force: true });
    there.vault('ended', 'a: 1\n', ['--vault-password-file', 'password']);
    there.write('open', '#!/bin/sh\necho $$ >pid; exec sleep 600\n', 0o700);
    const child = spawnZrun(['secret', 'edit', 'ended', '--vault-password-file', 'password'], {
      cwd: there.folder,
      env: { EDITOR: './open -f "x y"' },
    });
    try {
      await until(() => existsSync(there.file('pid')) && read('pid') !== '');
      child.kill('SIGTERM');
      expect((await child.ended).code).to.equal(130);
      await until(() => !isAlive(there.file('pid')));
    } finally {
      child.kill('SIGKILL');
    }
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('takes a value from standard input where no text is given', async () => {
    const rows: readonly (readonly [words: readonly string[], input: string, value: string | RegExp])[] = [
      [[], 'hello\n', 'hello'],
      [['-'], 'hello\n\n', 'hello\n'],
      [['--name', 'db'], ' two\r\nlines', ' two\r\nlines'],
      [[], '', /^error: standard input is empty, and so no value\n/],
      [['-'], '\n', /^error: standard input is empty/],
    ];
    for (const [words, input, value] of rows) {
      const child = spawnZrun(['secret', 'encrypt-string', '-r', recipient, ...words], { cwd: there.folder });
      child.stdin.end(input);
      const { code, stdout, stderr } = await child.ended;
      if (value instanceof RegExp) {
        expect(stderr).to.match(value);
        expect([code, stdout]).to.deep.equal([4, '']);
        continue;
      }
      expect([code, stderr]).to.deep.equal([0, '']);
      const body = stdout.replace(/^.*\n/, '').replace(/^ {2}/gm, '');
      expect(there.run('age', ['-d', '-i', 'key.txt'], body)).to.equal(value);
    }
  });

  describe('says what is wrong before it writes anything', () => {
    const cases: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [[], /nothing to do is named[\s\S]*encrypt, decrypt, edit, rekey/],
      [['encrpyt', 'x'], /no action 'encrpyt'[\s\S]*did you mean 'encrypt'/],
      [['view', 'x'], /no action 'view'[\s\S]*decrypt FILE -o -/],
      [['encrypt'], /no file is named/],
      [['encrypt', 'plain'], /nothing says what to encrypt with[\s\S]*-r age1/],
      [['encrypt', 'missing', '-r', 'age1x'], /cannot read missing: there is no such file/],
      [['decrypt', 'folder', '-J'], /cannot read folder: it is a folder\n$/],
      [['decrypt', 'plain/x', '-J'], /cannot read plain\/x: a part of its path is a file\n$/],
      [['decrypt', 'circle', '-J'], /cannot read circle: its links lead in a circle\n$/],
      [
        ['decrypt', 'sealed', '--vault-password-file', 'folder'],
        /file 'folder' cannot be read: it is a folder\n$/,
      ],
      [
        ['decrypt', 'sealed', '--age-identity', 'nowhere'],
        /file 'nowhere' cannot be read: there is no such file\n$/,
      ],
      [['encrypt', 'plain', '-r', 'age1x'], /'age1x' is no key of age/],
      [['encrypt', 'plain', '-r', 'key.txt'], /secret key, not what to encrypt for/],
      [['encrypt', 'plain', '-r', 'ssh-ed25519 AAAA'], /does not encrypt for ssh keys/],
      [['encrypt', 'sealed', '--vault-password-file', 'password'], /sealed is encrypted already/],
      [
        ['encrypt', 'plain', '--vault-id', 'a@password', '--vault-id', 'b@newer'],
        /several vault passwords[\s\S]*a or b/,
      ],
      [['decrypt', 'plain', '--vault-password-file', 'password'], /plain is not encrypted/],
      [['decrypt', 'sealed', 'plain', '--vault-password-file', 'password'], /plain is not encrypted/],
      [
        ['decrypt', 'sealed', '--vault-password-file', 'newer'],
        /sealed:1:1: no vault password that is given/,
      ],
      [
        ['decrypt', 'sealed', '--vault-password-file', 'nowhere'],
        /vault password file 'nowhere' cannot be read: there is no such file\n$/,
      ],
      [['rekey', 'sealed', '--vault-password-file', 'password'], /encrypt with from now on/],
      [['rekey', 'plain', '-r', 'RECIPIENT'], /plain is not encrypted/],
      [
        ['rekey', 'flow', '--vault-password-file', 'password', '-r', 'RECIPIENT'],
        /flow:1:4: this encrypted value is not written as a block/,
      ],
      [['edit', 'plain', '--vault-password-file', 'password'], /plain is not encrypted/],
      [['edit', 'sops', '--vault-password-file', 'password'], /sops is a file of SOPS/],
      [['encrypt-string', 'a', 'b', '-r', 'RECIPIENT'], /several texts are given/],
      [['encrypt-string', 'a', '--name', 'a-b', '-r', 'RECIPIENT'], /'a-b' cannot be a variable's name/],
    ];
    before(() => {
      there.write('plain', 'a: 1\n');
      mkdirSync(there.file('folder'));
      symlinkSync('circle', there.file('circle'));
      there.write('flow', 'a: !vault "$ANSIBLE_VAULT;1.1;AES256\\n61"\n');
      there.write('sops', 'a: ENC[]\nsops:\n  mac: x\n');
      there.vault('sealed', 'a: canary\n', ['--vault-password-file', 'password']);
    });
    for (const [words, says] of cases)
      it(words.join(' ') || 'nothing', async () => {
        const before = read('sealed');
        const { code, stderr, stdout } = await secret(
          words.map((word) => (word === 'RECIPIENT' ? recipient : word)),
        );
        expect(stderr).to.match(says);
        expect(code).to.equal(4);
        expect(stdout).to.equal('');
        expect(read('sealed')).to.equal(before);
      });
  });
});
