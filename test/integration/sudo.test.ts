/**
 * Sudo on a real host: passwords, refusals, and where the password must never be seen. Makes users, so it takes root.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { ZrunError, type ErrorCode } from '../../src/core/errors.js';
import type { Become, Connection } from '../../src/core/host.js';
import { Secret } from '../../src/core/secret.js';
import { sh } from '../../src/core/shell.js';
import { createTransport, type Transport } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import { makeUser, sshdMissing, startSshd, usersMissing, type Sshd, type TestUser } from './sshd.js';

const password = 'Gewürz `id` $HOME 42';
const users = {
  asked: { password, sudoers: 'ALL=(ALL) ALL' },
  free: { password, sudoers: 'ALL=(ALL) NOPASSWD: ALL' },
  limited: { sudoers: 'ALL=(ALL) NOPASSWD: /bin/true' },
  tty: { sudoers: 'ALL=(ALL) NOPASSWD: ALL', defaults: 'requiretty' },
  once: { password, sudoers: 'ALL=(ALL) ALL', defaults: 'passwd_tries=1' },
  stranger: { password },
} as const;
type UserName = keyof typeof users;

describe('sudo', function () {
  let server: Sshd | undefined;
  let transport: Transport | undefined;
  let folder = '';
  const made: TestUser[] = [];
  const opened: Connection[] = [];

  before(async function () {
    const reason =
      sshdMissing() ??
      usersMissing() ??
      (existsSync('/usr/bin/sudo') ? undefined : 'skipped: no sudo on this machine');
    skipFor(this, reason);
    for (const [name, options] of Object.entries(users)) made.push(makeUser(`zrun-${name}`, options));
    server = await startSshd();
    transport = createTransport({ env: process.env });
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-sudo-'));
    await chmod(folder, 0o777);
  });
  after(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await transport?.close();
    await server?.stop();
    for (const user of made) user.remove();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  const connectAs = async (user: UserName): Promise<Connection> => {
    if (server === undefined || transport === undefined) throw new Error('no sshd');
    const connection = await transport.connect(server.host({ user: `zrun-${user}` }), {
      connectTimeoutMs: 15_000,
      signal: new AbortController().signal,
    });
    opened.push(connection);
    return connection;
  };
  const become = (user: string, secret?: string): Become => ({
    user,
    method: 'sudo',
    ...(secret !== undefined && { password: new Secret(secret) }),
  });

  it('with a password becomes root, and goes back', async () => {
    const connection = await connectAs('asked');
    const as = become('root', password);
    expect((await connection.run(sh`id -un; echo $HOME`, { as })).stdout.toString()).to.equal(
      'root\n/root\n',
    );
    expect((await connection.run(sh`id -un`)).stdout.toString()).to.equal('zrun-asked\n');
    expect(
      (await connection.run(sh`id -un`, { as: become('zrun-free', password) })).stdout.toString(),
    ).to.equal('zrun-free\n');
    // Three shells: two cost sudo's exchange.
    expect(connection.counters.exchanges).to.equal(5);
  });

  it('is paid once', async () => {
    const connection = await connectAs('free');
    for (let i = 0; i < 5; i++) await connection.run(sh`true`, { as: become('root') });
    expect(connection.counters.exchanges).to.equal(6);
  });

  it('reads what a script is given on its standard input past the password', async () => {
    const connection = await connectAs('asked');
    const { stdout } = await connection.run(sh`cat`, {
      as: become('root', password),
      stdin: Buffer.from('input\n'),
    });
    expect(stdout.toString()).to.equal('input\n');
  });

  it('shows the password to nobody: not in an argv, not in an environment', async () => {
    const connection = await connectAs('asked');
    const { stdout, status } = await connection.run(
      sh`grep -l 'Gew[ü]rz' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; echo done`,
      { as: become('root', password) },
    );
    expect(stdout.toString()).to.equal('done\n');
    expect(status).to.equal(0);
  });

  it('never runs a password as a command where sudo does not ask for one', async () => {
    const connection = await connectAs('free');
    const file = path.join(folder, 'executed');
    await connection.run(sh`true`, { as: become('root', `touch ${file}`) });
    expect(
      (await connection.run(sh`id -un`, { as: become('root', `touch ${file}`) })).stdout.toString(),
    ).to.equal('root\n');
    expect(existsSync(file)).to.equal(false);
  });

  const refusals: readonly {
    readonly title: string;
    readonly user: UserName;
    readonly as: Become;
    readonly code: ErrorCode;
    readonly message?: RegExp;
    readonly hint: RegExp;
  }[] = [
    {
      title: 'a wrong password',
      user: 'asked',
      as: become('root', 'wrong'),
      code: 'sudo-password-wrong',
      hint: /login user's own/,
    },
    {
      title: 'a wrong password, one try',
      user: 'once',
      as: become('root', 'wrong'),
      code: 'sudo-password-wrong',
      hint: /login user's own/,
    },
    {
      title: 'no password',
      user: 'asked',
      as: become('root'),
      code: 'sudo-password-missing',
      hint: /-K.*NOPASSWD/,
    },
    {
      title: 'a password of two lines',
      user: 'asked',
      as: become('root', 'a\nid'),
      code: 'sudo-password-wrong',
      hint: /one line/,
    },
    {
      title: 'a user that sudoers does not have',
      user: 'stranger',
      as: become('root', password),
      code: 'sudo-refused',
      message: /not in the sudoers/,
      hint: /sudoers/,
    },
    {
      title: 'a user that may run one command',
      user: 'limited',
      as: become('root', 'x'),
      code: 'sudo-password-wrong',
      hint: /./,
    },
    {
      title: 'sudo that wants a terminal',
      user: 'tty',
      as: become('root'),
      code: 'sudo-refused',
      message: /tty/,
      hint: /requiretty/,
    },
    {
      title: 'a user to become that does not exist',
      user: 'free',
      as: become('no-such-user'),
      code: 'sudo-refused',
      message: /unknown user/,
      hint: /no user 'no-such-user'/,
    },
  ];
  for (const { title, user, as, code, message = /./, hint } of refusals) {
    it(`${title}: ${code}`, async () => {
      const connection = await connectAs(user);
      const error = await errorOf(connection.run(sh`true`, { as }), code);
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
      expect(JSON.stringify(error.problem)).not.to.contain(password);
      // As themselves they still can.
      expect((await connection.run(sh`echo in`)).stdout.toString()).to.equal('in\n');
    });
  }

  it('is not asked again with a password that was wrong: accounts are locked for less', async () => {
    const connection = await connectAs('asked');
    const as = become('root', 'wrong');
    const results = await Promise.allSettled([
      connection.run(sh`true`, { as }),
      connection.run(sh`true`, { as }),
    ]);
    const before = connection.counters.exchanges;
    await errorOf(connection.run(sh`true`, { as }), 'sudo-password-wrong');
    expect(connection.counters.exchanges).to.equal(before);
    for (const result of results)
      expect(
        result.status === 'rejected' && result.reason instanceof ZrunError && result.reason.code,
      ).to.equal('sudo-password-wrong');
  });
});
