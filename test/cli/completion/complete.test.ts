/** What can follow on a command line: each row is a line up to the cursor, and what is offered there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { verbs } from '../../../src/cli/verbs.js';
import { zrun } from '../fake-environment.js';

const HOSTS = `all:
  children:
    web: {hosts: {'web[1:2]': }}
    db: {hosts: {db1: }}
`;

describe('completion', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-completion-'));
    writeFileSync(path.join(folder, 'hosts.yaml'), HOSTS);
    writeFileSync(path.join(folder, 'broken.yaml'), 'all: [');
    writeFileSync(
      path.join(folder, 'site.yaml'),
      '- hosts: all\n  tasks:\n    - {name: one, debug: {msg: x}, tags: [a, b]}\n    - {name: two, debug: {msg: x}}\n',
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  async function offered(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> {
    const { code, stdout, stderr } = await zrun(['completion', '--words', ...words], {
      cwd: folder,
      homeFolder: folder,
      env,
    });
    expect([code, stderr]).to.deep.equal([0, '']);
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
  }

  const rows: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
    [
      ['exec', '-i', 'hosts.yaml', ''],
      ['all', 'web', 'db', 'web1', 'web2', 'db1', 'localhost'],
    ],
    [
      ['exec', '-i', 'hosts.yaml', 'web:!w'],
      ['web:!web', 'web:!web1', 'web:!web2'],
    ],
    [
      ['exec', '-i', 'hosts.yaml', 'db1,web'],
      ['db1,web', 'db1,web1', 'db1,web2'],
    ],
    [
      ['exec', '-ihosts.yaml', 'd'],
      ['db', 'db1'],
    ],
    [
      ['exec', '--inventory=hosts.yaml', 'd'],
      ['db', 'db1'],
    ],
    [
      ['exec', '-i', "'hosts.yaml", 'd'],
      ['db', 'db1'],
    ],
    [['exec', '-i', 'broken.yaml', 'l'], ['localhost']],
    [['exec', 'l'], ['localhost']],
    [['exec', 'web', ''], []],
    [['exec', 'web', '--', 'l'], [':files']],
    [['exec', '-i', ''], [':files']],
    [['exec', 'web', '-m', 'pin'], ['ping']],
    [['exec', 'web', '-m', 'copy', '-a', 'de'], ['dest=']],
    [
      ['inventory', '-i', 'hosts.yaml', '--host', 'web'],
      ['web1', 'web2'],
    ],
    [['inventory', '-i', 'hosts.yaml', '--graph', 'w'], ['web']],
    [['facts', 'web', 'host.ker'], ['host.kernel']],
    [
      ['site.yaml', '-t', ''],
      ['a', 'b'],
    ],
    [['site.yaml', '--start-at-task', 't'], ['two']],
    [
      ['site.yaml', '--output', ''],
      ['tty', 'plain', 'oneline', 'ndjson', 'json', 'junit', 'tap'],
    ],
    [
      ['ping', 'web', '--become-method', ''],
      ['sudo', 'su', 'doas'],
    ],
    [['site.yaml', '--output=p'], ['--output=plain']],
    [['nosuch.yaml', '-t', ''], []],
    [['ping', '-CDl', 'l'], ['localhost']],
    [['ping', '--lim'], ['--limit']],
    [['schema', 'pl'], ['playbook']],
    [
      ['secret', 'enc'],
      ['encrypt', 'encrypt-string'],
    ],
    // A helper, and a function.
    [['doc', 'regex.extractA'], ['regex.extractAll']],
    [['doc', 'facts', 'os.ker'], ['os.kernel']],
    [['doc', 'facts', 'facts.os.ker'], ['facts.os.kernel']],
    [['doc', 'os.ker'], ['os.kernel']],
    [['doc', 'keywords', 'become_us'], ['become_user']],
    [['help', 'pi'], ['ping']],
    [['help', 'ping', ''], []],
    [['version', ''], []],
    [['playbooks', 'copy', 'over'], ['overlay2']],
    [['--res'], ['--resume']],
    [['--resume', '-'], ['-i']],
  ];
  for (const [words, wanted] of rows) {
    it(`of '${words.join(' ')}'`, async () => {
      const found = await offered(words);
      if (words[1] === '-') expect(found).to.include.members([...wanted]);
      else expect(found).to.deep.equal(wanted);
    });
  }

  it('takes the inventory from ZRUN_INVENTORY', async () => {
    expect(await offered(['ping', 'web1'], { ZRUN_INVENTORY: 'hosts.yaml' })).to.deep.equal(['web1']);
  });

  it('begins with verbs, playbooks and files', async () => {
    const found = await offered(['']);
    expect(found).to.include.members([...Object.keys(verbs), 'overlay2', 'audit', ':files']);
  });

  it('knows every option that --help shows, of every verb', async () => {
    for (const verb of Object.keys(verbs)) {
      const { stdout } = await zrun([verb, '--help']);
      const shown = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z][\w-]*)(?! @)\b/gm)].map(
        ([, name = '']) => name,
      );
      expect(await offered([verb, '--']), verb).to.include.members(shown);
    }
  });

  it('says what each is', async () => {
    const { stdout } = await zrun(['completion', '--words', 'pin'], { cwd: folder });
    expect(stdout).to.contain('ping\tfind out which hosts can be worked on\n');
    const secret = await zrun(['completion', '--words', 'secret', 'encrypt-'], { cwd: folder });
    expect(secret.stdout).to.match(/^encrypt-string\tone value, as YAML/);
  });

  it('offers the actions that zrun secret has', async () => {
    const { stderr } = await zrun(['secret', 'nosuch']);
    expect((await offered(['secret', ''])).join(', ')).to.equal(/the actions are (.*)\n/.exec(stderr)?.[1]);
  });

  it('has a script for each shell, and knows the nearest', async () => {
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await zrun(['completion', shell])).stdout).to.contain('completion --words');
    expect(await zrun(['completion', 'fihs'])).to.deep.equal({
      code: 4,
      stdout: '',
      stderr: "error: there is no completion for 'fihs'\n  hint: did you mean fish?\n",
    });
    expect((await zrun(['completion'])).stderr).to.equal(
      'error: no shell is named\n  hint: zrun completion bash, or zsh, or fish\n',
    );
  });
});
