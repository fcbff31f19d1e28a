/**
 * What keys open: files and values that ansible-vault, age and SOPS made, and what is said where they do not.
 */
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readSealedYaml } from '../../src/config/yaml/sealed.js';
import { toValue, type YamlNode } from '../../src/config/yaml/yaml.js';
import { formatPlace, ZrunError } from '../../src/core/errors.js';
import { forgetSecrets, mask } from '../../src/core/secret.js';
import { findArmored, armorBytes } from '../../src/secrets/age.js';
import { createKeyring, type Keyring, type KeySources } from '../../src/secrets/keyring.js';
import { createSecretFolder, type SecretFolder } from './tools.js';

/** What sops itself wrote (3.8.1, 3.9.2): test data of the npm package sops-age (MIT), with the key that it publishes. */
const fixtures = path.join(import.meta.dirname, 'fixtures');

describe('keys', () => {
  let there: SecretFolder;
  let recipient = '';
  let other = '';
  before(() => {
    there = createSecretFolder();
    there.write('password', 'swordfish\n');
    there.write('wrong', 'sword\n');
    recipient = there.keygen('key.txt');
    other = there.keygen('other.txt');
    there.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'ssh']);
  });
  after(() => there.remove());
  afterEach(() => forgetSecrets());

  const file = (name: string): { file: string; shownAs: string } => ({
    file: there.file(name),
    shownAs: name,
  });

  let warnings: string[] = [];
  beforeEach(() => (warnings = []));

  function keysOf(sources: Partial<KeySources>): Keyring {
    return createKeyring({
      vault: [],
      age: [],
      ageKeys: [],
      ask: ({ about }) => Promise.reject(new ZrunError('usage', `nobody to ask for ${about}`)),
      untilStopped: (work) => work(new AbortController().signal),
      warn: (message) => void warnings.push(message),
      ...sources,
    });
  }

  const vaultKeys = (name = 'password', label = 'default'): Keyring =>
    keysOf({ vault: [{ label, from: file(name) }] });

  async function read(text: string, keys: Keyring): Promise<{ root: YamlNode | undefined; said: string[] }> {
    const said: string[] = [];
    const root = await readSealedYaml(
      { name: 'vars.yaml', text },
      (error) =>
        said.push(`${error.at ? formatPlace(error.at) : '?'} ${error.message} (${error.hint ?? ''})`),
      { keys },
    );
    return { root, said };
  }

  async function valueOf(text: string, keys: Keyring): Promise<unknown> {
    const { root, said } = await read(text, keys);
    expect(said).to.deep.equal([]);
    return root && opened(root);
  }

  function opened(node: YamlNode): unknown {
    if (node.kind === 'list') return node.items.map(opened);
    if (node.kind === 'scalar') return node.sealed ? node.sealed.open() : toValue(node);
    return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, opened(value)]));
  }

  describe('open', () => {
    const text = 'password: canary-of-a-file\nport: 5432\n';
    const values = { password: 'canary-of-a-file', port: 5432 };

    it('a file of ansible-vault', async () => {
      there.vault('a.yaml', text, ['--vault-password-file', 'password']);
      expect(await valueOf(readFileSync(there.file('a.yaml'), 'utf8'), vaultKeys())).to.deep.equal(values);
      expect(mask('canary-of-a-file at 5432')).to.equal('•••••• at ••••••');
    });

    it('a file of a vault id, with the password of that id first and any other then', async () => {
      there.vault('b.yaml', text, ['--vault-id', 'dev@password']);
      const sealed = readFileSync(there.file('b.yaml'), 'utf8');
      const both = [
        { label: 'prod', from: file('wrong') },
        { label: 'dev', from: file('password') },
      ];
      expect(await valueOf(sealed, keysOf({ vault: both }))).to.deep.equal(values);
      expect(await valueOf(sealed, vaultKeys('password', 'prod'))).to.deep.equal(values);
    });

    it('a value of ansible-vault encrypt_string, when it is asked for', async () => {
      const value = there.run('ansible-vault', [
        'encrypt_string',
        '--vault-password-file',
        'password',
        '--name',
        'token',
        'canary {{ no template }}',
      ]);
      expect(await valueOf(`plain: 1\n${value}`, vaultKeys())).to.deep.equal({
        plain: 1,
        token: 'canary {{ no template }}',
      });
    });

    it('a file of age, armored or not', async () => {
      const keys = keysOf({ age: [file('key.txt')] });
      expect(await valueOf(there.age(text, ['-a', '-r', recipient]), keys)).to.deep.equal(values);
      there.write('plain.yaml', text);
      there.run('age', ['-r', recipient, '-o', 'binary.age', 'plain.yaml']);
      const binary = armorBytes(readFileSync(there.file('binary.age')));
      expect(await valueOf(binary, keys)).to.deep.equal(values);
    });

    it('a file that is for several keys, and for ssh keys too', async () => {
      const sealed = there.age(text, ['-a', '-r', other, '-R', 'ssh.pub', '-r', recipient]);
      expect(await valueOf(sealed, keysOf({ age: [file('key.txt')] }))).to.deep.equal(values);
    });

    it('values of age in YAML, however they are indented', async () => {
      const sealed = there.age('canary-of-a-value', ['-a', '-r', recipient]);
      const indented = sealed.replace(/^(?=.)/gm, '      ');
      const yaml = `a: !age |\n${indented}\nb:\n  c: [!age ${JSON.stringify(sealed)}]\n`;
      expect(await valueOf(yaml, keysOf({ age: [file('key.txt')] }))).to.deep.equal({
        a: 'canary-of-a-value',
        b: { c: ['canary-of-a-value'] },
      });
    });

    it('with a key that stands in the environment', async () => {
      const ageKeys = [{ text: readFileSync(there.file('key.txt'), 'utf8'), name: 'SOPS_AGE_KEY' }];
      expect(await valueOf(there.age(text, ['-a', '-r', recipient]), keysOf({ ageKeys }))).to.deep.equal(
        values,
      );
    });

    it('with a password that a program prints, which is told the vault id if it is a client', async () => {
      there.write('print', '#!/bin/sh\n[ $# = 0 ] && echo swordfish\n', 0o700);
      there.write('ask-client.sh', '#!/bin/sh\n[ "$*" = "--vault-id dev" ] && echo swordfish\n', 0o700);
      const sealed = there.run(
        'ansible-vault',
        ['encrypt', '--vault-id', 'dev@password', '--output', '-'],
        text,
      );
      for (const name of ['print', 'ask-client.sh'])
        expect(await valueOf(sealed, vaultKeys(name, 'dev')), name).to.deep.equal(values);
    });

    it('YAML and JSON of SOPS, as sops 3.8 and 3.9 wrote them', async () => {
      const age = [{ file: path.join(fixtures, 'sops-key.txt'), shownAs: 'sops-key.txt' }];
      for (const name of ['sops.yaml', 'sops.json']) {
        const sealed = readFileSync(path.join(fixtures, name), 'utf8');
        expect(await valueOf(sealed, keysOf({ age })), name).to.deep.equal({
          secret: 'this is a secret',
          string: 'string',
          int: 7,
          float: 3.14,
          boolean: true,
          ...(name === 'sops.json' && { '0word': 'gotta match go' }),
          complex: { value: 'this is a secret', array: ['one', 'two', 'three'] },
        });
        expect(mask('this is a secret')).to.equal('••••••');
      }
    });
  });

  describe('ask', () => {
    it('once for each password, and for none before it is needed', async () => {
      const asked: string[] = [];
      const keys = keysOf({
        vault: [
          { label: 'default', from: 'prompt' },
          { label: 'dev', from: 'prompt' },
        ],
        ask: ({ text }) => {
          asked.push(text);
          return Promise.resolve('swordfish');
        },
      });
      await valueOf('a: 1', keys);
      expect(asked).to.deep.equal([]);
      const sealed = there.run(
        'ansible-vault',
        ['encrypt', '--vault-id', 'dev@password', '--output', '-'],
        'a: 1\n',
      );
      await valueOf(sealed, keys);
      await valueOf(sealed, keys);
      expect(asked).to.deep.equal(['Vault password: ', 'Vault password (dev): ']);
    });

    it('nobody any more once a run has the terminal', async () => {
      const keys = keysOf({ vault: [{ label: 'default', from: 'prompt' }], ask: () => Promise.resolve('x') });
      keys.stopAsking();
      const sealed = there.run(
        'ansible-vault',
        ['encrypt', '--vault-id', 'dev@password', '--output', '-'],
        'a: 1\n',
      );
      const error: unknown = await read(sealed, keys).catch((thrown: unknown) => thrown);
      expect(error)
        .to.be.instanceOf(ZrunError)
        .with.property('message')
        .that.matches(/under way asks for none/);
    });
  });

  describe('say at the place of what they do not open', () => {
    const once = (make: () => string): (() => string) => {
      let made: string | undefined;
      return () => (made ??= make());
    };
    const sealed = {
      vault: once(() =>
        there.run(
          'ansible-vault',
          ['encrypt', '--vault-password-file', 'password', '--output', '-'],
          'a: 1\n',
        ),
      ),
      vaultOfDev: once(() =>
        there.run('ansible-vault', ['encrypt', '--vault-id', 'dev@password', '--output', '-'], 'a: 1\n'),
      ),
      age: () => there.age('a: 1\n', ['-a', '-r', recipient]),
      ageOfSsh: () => there.age('a: 1\n', ['-a', '-R', 'ssh.pub']),
      sops: () => readFileSync(path.join(fixtures, 'sops.yaml'), 'utf8'),
    };
    const sopsKey = (): Keyring =>
      keysOf({ age: [{ file: path.join(fixtures, 'sops-key.txt'), shownAs: 'sops-key.txt' }] });
    const cases: readonly (readonly [name: string, text: () => string, keys: () => Keyring, says: RegExp])[] =
      [
        [
          'no password',
          sealed.vault,
          () => keysOf({}),
          /^vars\.yaml:1:1 .*no vault password is given \(give --vault-password-file/,
        ],
        [
          'no password of a vault id',
          sealed.vaultOfDev,
          () => keysOf({}),
          /vault id 'dev'.*--vault-id dev@FILE/,
        ],
        [
          'a wrong password',
          sealed.vault,
          () => vaultKeys('wrong'),
          /^vars\.yaml:1:1 no vault password.*\(tried: default\)/,
        ],
        [
          'a password of another id',
          sealed.vaultOfDev,
          () => vaultKeys('wrong', 'prod'),
          /tried: prod.*its vault id is 'dev'/,
        ],
        ['a damaged vault', () => sealed.vault().slice(0, 200), () => vaultKeys(), /damaged/],
        [
          'no identity',
          sealed.age,
          () => keysOf({}),
          /^vars\.yaml:1:1 .*no age identity is given \(give --age-identity/,
        ],
        [
          'another identity',
          sealed.age,
          () => keysOf({ age: [file('other.txt')] }),
          /no age identity.*tried: other\.txt/,
        ],
        ['ssh keys', sealed.ageOfSsh, () => keysOf({ age: [file('key.txt')] }), /for ssh keys alone/],
        [
          'age with its end missing',
          () => sealed.age().slice(0, 150),
          () => keysOf({ age: [file('key.txt')] }),
          /damaged: its end is missing/,
        ],
        [
          'age with a changed body',
          () => changeBody(sealed.age()),
          () => keysOf({ age: [file('key.txt')] }),
          /damaged/,
        ],
        [
          'vault in age',
          () => there.age(sealed.vault(), ['-a', '-r', recipient]),
          () => keysOf({ age: [file('key.txt')] }),
          /^vars\.yaml:1:1 this is encrypted twice/,
        ],
        [
          'SOPS without its key',
          sealed.sops,
          () => keysOf({ age: [file('key.txt')] }),
          /^vars\.yaml:12:1 no age identity.*decrypts this file of SOPS/,
        ],
        [
          'SOPS with a changed value',
          () => sealed.sops().replace('data:LNzA', 'data:LNzB'),
          sopsKey,
          /^vars\.yaml:2:9 this value of SOPS does not decrypt/,
        ],
        ['SOPS with a value more', () => `more: 1\n${sealed.sops()}`, sopsKey, /changed by something else/],
        [
          'SOPS with a value less',
          () => sealed.sops().replace(/^int: .*\n/m, ''),
          sopsKey,
          /changed by something else/,
        ],
        [
          'SOPS for another service',
          () =>
            sealed
              .sops()
              .replace(/ {2}age:[^]*(?= {2}lastmodified)/, '')
              .replace('  kms: []', '  kms: [{arn: x}]'),
          sopsKey,
          /not encrypted for age \(it is for kms\)/,
        ],
      ];
    for (const [name, text, keys, says] of cases)
      it(name, async () => {
        const { root, said } = await read(text(), keys());
        expect(root).to.equal(undefined);
        expect(said).to.have.length(1);
        expect(said[0]?.replace(/\s+/g, ' ')).to.match(says);
      });

    it('a single value, where it is used and not before', async () => {
      const value = sealed.vault().replace(/^(?=.)/gm, '    ');
      const { root, said } = await read(`a: 1\nb: !vault |\n${value}`, vaultKeys('wrong'));
      expect(said).to.deep.equal([]);
      const node = root?.kind === 'map' ? root.entries.get('b')?.value : undefined;
      if (node?.kind !== 'scalar') throw new Error('no scalar');
      const error = (() => {
        try {
          node.sealed?.open();
        } catch (thrown) {
          return thrown;
        }
        return undefined;
      })();
      expect(error).to.be.instanceOf(ZrunError);
      if (error instanceof ZrunError && error.at) expect(formatPlace(error.at)).to.equal('vars.yaml:2:11');
    });
  });

  it('warn of a key that others can read, as ssh does, and use it', async () => {
    const sealed = there.age('a: 1\n', ['-a', '-r', recipient]);
    for (const mode of [0o644, 0o640, 0o600, 0o400]) {
      warnings = [];
      chmodSync(there.file('key.txt'), mode);
      expect((await read(sealed, keysOf({ age: [file('key.txt')] }))).said).to.deep.equal([]);
      const isOpen = mode === 0o644 || mode === 0o640;
      const said = `others than you can read key.txt, which holds a key (mode 0${mode.toString(8)}): chmod 600 key.txt`;
      expect(warnings).to.deep.equal(isOpen ? [said] : []);
    }
    chmodSync(there.file('key.txt'), 0o600);
  });

  describe('refuse files of keys that they cannot use', () => {
    const cases: readonly (readonly [name: string, says: RegExp])[] = [
      ['ssh', /is an ssh key, and zrun decrypts with age's own keys/],
      ['password', /key 1 is no age key/],
      ['missing', /age identity file 'missing' cannot be read: there is no such file$/],
      ['.', /age identity file '\.' cannot be read: it is a folder$/],
      ['empty', /empty holds no age key/],
      ['plugin', /a key of an age plugin/],
    ];
    it('with the file and the reason', async () => {
      there.write('empty', '# nothing\n');
      there.write('plugin', 'AGE-PLUGIN-YUBIKEY-1QQQ\n');
      const sealed = there.age('a: 1\n', ['-a', '-r', recipient]);
      for (const [name, says] of cases) {
        const error: unknown = await read(sealed, keysOf({ age: [file(name)] })).catch(
          (thrown: unknown) => thrown,
        );
        expect(error, name).to.be.instanceOf(ZrunError).with.property('message').that.matches(says);
      }
    });
  });

  it('are never shown themselves', async () => {
    const keys = keysOf({ vault: [{ label: 'default', from: file('password') }], age: [file('key.txt')] });
    await keys.vaultPasswords();
    await keys.ageIdentities();
    const identity = /AGE-SECRET-KEY-\S+/.exec(readFileSync(there.file('key.txt'), 'utf8'))?.[0] ?? '';
    expect(mask(`swordfish ${identity}`)).to.equal('•••••• ••••••');
  });

  function changeBody(armored: string): string {
    const lines = armored.trimEnd().split('\n');
    const line = lines[lines.length - 2] ?? '';
    lines[lines.length - 2] = `${line.startsWith('A') ? 'B' : 'A'}${line.slice(1)}`;
    expect(findArmored(armored)).to.have.length(1);
    return `${lines.join('\n')}\n`;
  }
});
