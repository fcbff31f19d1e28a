/**
 * Passwords and passphrases on a real sshd, by both ways that a host takes a password. Makes users, so it takes root.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Connection, SshTarget } from '../../src/core/host.js';
import { reveal, Secret } from '../../src/core/secret.js';
import { sh } from '../../src/core/shell.js';
import { createTransport, type TransportOptions } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import {
  generateKey,
  makeUser,
  sshdMissing,
  startSshd,
  usersMissing,
  type Sshd,
  type TestUser,
} from './sshd.js';

const password = 'Gewürz `id` $HOME 42';

/** The same user, by hosts that take a password in different ways. */
const ways = {
  password: ['PasswordAuthentication yes'],
  'keyboard-interactive': ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication no'],
  both: ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication yes'],
  'a key, then a password': ['PasswordAuthentication yes', 'AuthenticationMethods publickey,password'],
  'a password, then a key': ['PasswordAuthentication yes', 'AuthenticationMethods password,publickey'],
  'keys alone': [],
} as const;
type Way = keyof typeof ways;

describe('logging in with a password', () => {
  const servers = new Map<Way, Sshd>();
  let user: TestUser | undefined;
  before(async function () {
    skipFor(this, sshdMissing() ?? usersMissing());
    user = makeUser('zrun-password', { password });
    for (const [way, config] of Object.entries(ways)) servers.set(way as Way, await startSshd({ config }));
  });
  after(async () => {
    for (const server of servers.values()) await server.stop();
    user?.remove();
  });

  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env['SSH_AUTH_SOCK'];
  const serverOf = (way: Way): Sshd => {
    const server = servers.get(way);
    if (server === undefined) throw new Error('no sshd');
    return server;
  };

  const logIn = async (
    way: Way,
    { key = false, ...overrides }: Partial<SshTarget> & { readonly key?: boolean },
    options: Partial<TransportOptions> = {},
  ): Promise<void> => {
    const server = serverOf(way);
    const { privateKeyFile: its, ...target } = server.target({ user: 'zrun-password', ...overrides });
    const file = overrides.privateKeyFile ?? (key ? its : undefined);
    const transport = createTransport({ env, homedir: server.folder, ...options });
    let connection: Connection | undefined;
    try {
      const host = {
        ...server.host(),
        target: { ...target, ...(file !== undefined && { privateKeyFile: file }) },
      };
      connection = await transport.connect(host, {
        connectTimeoutMs: 15_000,
        signal: new AbortController().signal,
      });
      expect((await connection.run(sh`id -un`)).stdout.toString()).to.equal('zrun-password\n');
    } finally {
      await connection?.close();
      await transport.close();
    }
  };

  for (const way of ['password', 'keyboard-interactive', 'both'] as const) {
    it(`by ${way}: of the target, or of all`, async () => {
      await logIn(way, { password: new Secret(password) });
      await logIn(way, {}, { password: new Secret(password) });
    });

    it(`by ${way}: keys come first, and a wrong password after one that fits is not sent`, async () => {
      await logIn(way, { key: true, password: new Secret('wrong') });
    });

    it(`by ${way}: sends a wrong one once`, async () => {
      const before = serverOf(way).log().length;
      const error = await errorOf(logIn(way, { password: new Secret('wrong') }), 'auth-failed');
      expect(error.message).to.match(/refused the password of user zrun-password/);
      const refusals = serverOf(way)
        .log()
        .slice(before)
        .match(/Failed (?:password|keyboard-interactive\/pam)/g);
      expect(refusals).to.have.length(1);
    });
  }

  it('as the second of two factors', async () => {
    await logIn('a key, then a password', { key: true, password: new Secret(password) });
  });

  it('says what is wanted besides it', async () => {
    const error = await errorOf(
      logIn('a password, then a key', { password: new Secret(password) }),
      'auth-failed',
    );
    expect(error.message).to.match(/took the password of user zrun-password, and wants publickey besides/);
  });

  it('says how to give one where a host takes nothing else', async () => {
    const error = await errorOf(logIn('password', {}), 'auth-failed');
    expect(error.message).to.match(/there was none to offer/);
    expect(error.hint).to.match(/may take a password too: give it with -k \(--ask-pass\)/);
  });

  it('says that a host takes none', async () => {
    await errorOf(logIn('keys alone', { password: new Secret(password) }), 'auth-failed');
  });

  describe('keys with a passphrase', () => {
    const lockedKey = async (): Promise<string> => {
      const server = serverOf('keys alone');
      const file = `${server.folder}/locked`;
      if (existsSync(file)) return file;
      await generateKey(file, { passphrase: 'open sesame' });
      appendFileSync(server.authorizedKeysFile, readFileSync(`${file}.pub`));
      return file;
    };

    it('are asked for once, however many hosts there are', async () => {
      const asked: (readonly [file: string, isAgain: boolean])[] = [];
      const askPassphrase = (keyFile: string, isAgain: boolean): Promise<Secret> => {
        asked.push([keyFile, isAgain]);
        return Promise.resolve(new Secret(asked.length === 1 ? 'a slip' : 'open sesame'));
      };
      const server = serverOf('keys alone');
      const file = await lockedKey();
      const transport = createTransport({ env, homedir: server.folder, askPassphrase });
      const host = server.host({ user: 'zrun-password', privateKeyFile: file });
      const signal = new AbortController().signal;
      const connections = await Promise.all(
        [1, 2, 3].map(() => transport.connect(host, { connectTimeoutMs: 15_000, signal })),
      );
      for (const connection of connections) await connection.close();
      await transport.close();
      expect(asked).to.deep.equal([
        [file, false],
        [file, true],
      ]);
    });

    it('are not asked for where another key will do, or a password is there', async () => {
      const askPassphrase = (): Promise<Secret> => Promise.reject(new Error('asked'));
      await logIn('keys alone', { key: true }, { askPassphrase });
      await logIn('password', { password: new Secret(password) }, { askPassphrase });
    });

    it('say so after three wrong ones', async () => {
      let count = 0;
      const askPassphrase = (): Promise<Secret> => {
        count += 1;
        return Promise.resolve(new Secret('wrong one'));
      };
      const error = await errorOf(
        logIn('keys alone', { privateKeyFile: await lockedKey() }, { askPassphrase }),
        'key-unreadable',
      );
      expect(error.message).to.match(/its passphrase is another one/);
      expect(error.hint).to.match(
        /^Whether a passphrase is the right one, ssh-keygen says: ssh-keygen -y -f \S+$/,
      );
      expect(count).to.equal(3);
    });
  });

  it('keeps it out of what prints a target', () => {
    const secret = new Secret(password);
    expect(JSON.stringify(serverOf('password').target({ password: secret }))).not.to.contain('Gew');
    expect(reveal(secret)).to.equal(password);
  });
});
