/**
 * Becoming another user by su and by doas on a real host. Makes users, so it takes root.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ErrorCode } from '../../src/core/errors.js';
import type { Become, BecomeMethod, Connection } from '../../src/core/host.js';
import { Secret } from '../../src/core/secret.js';
import { sh } from '../../src/core/shell.js';
import { createTransport, type Transport } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import { makeUser, sshdMissing, startSshd, usersMissing, type Sshd, type TestUser } from './sshd.js';

const password = 'Gewürz `id` $HOME 42';
const doasFile = '/etc/doas.conf';

describe('su and doas', () => {
  let server: Sshd | undefined;
  let transport: Transport | undefined;
  let doasBefore: string | undefined;
  const made: TestUser[] = [];
  const opened: Connection[] = [];
  before(async function () {
    const tools = ['/bin/su', '/usr/bin/doas'].find((file) => !existsSync(file));
    skipFor(
      this,
      sshdMissing() ?? usersMissing() ?? (tools && `skipped: no ${tools} (apt-get install opendoas)`),
    );
    doasBefore = existsSync(doasFile) ? readFileSync(doasFile, 'utf8') : undefined;
    writeFileSync(doasFile, 'permit nopass zrun-login as root\npermit zrun-login as zrun-other\n', {
      mode: 0o400,
    });
    made.push(makeUser('zrun-login', { password: 'of the login' }));
    made.push(makeUser('zrun-other', { password }), makeUser('zrun-fish', { password, shell: '/bin/false' }));
    server = await startSshd();
    transport = createTransport({ env: process.env });
  });
  after(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await transport?.close();
    await server?.stop();
    for (const user of made) user.remove();
    if (doasBefore !== undefined) writeFileSync(doasFile, doasBefore, { mode: 0o400 });
    else rmSync(doasFile, { force: true });
  });

  const connectAs = async (user: string): Promise<Connection> => {
    if (server === undefined || transport === undefined) throw new Error('no sshd');
    const signal = new AbortController().signal;
    const connection = await transport.connect(server.host({ user }), { connectTimeoutMs: 15_000, signal });
    opened.push(connection);
    return connection;
  };
  const become = (method: BecomeMethod, user: string, secret?: string): Become => ({
    user,
    method,
    ...(secret !== undefined && { password: new Secret(secret) }),
  });
  const whoAs = async (connection: Connection, as: Become): Promise<string> =>
    (
      await connection.run(sh`echo $(id -un) $HOME; cat`, { as, stdin: Buffer.from('input') })
    ).stdout.toString();

  it('su with a password, and back', async () => {
    const connection = await connectAs('zrun-login');
    expect(await whoAs(connection, become('su', 'zrun-other', password))).to.equal('zrun-other /\ninput');
    expect((await connection.run(sh`id -un`)).stdout.toString()).to.equal('zrun-login\n');
  });

  it('su without one, from root, to a user who has no shell of the kind', async () => {
    const connection = await connectAs('root');
    expect(await whoAs(connection, become('su', 'zrun-fish'))).to.equal('zrun-fish /\ninput');
    // A password that nobody asks for is run by nobody.
    expect(await whoAs(connection, become('su', 'zrun-other', 'touch /tmp/zrun-executed'))).to.match(
      /^zrun-other/,
    );
    expect(existsSync('/tmp/zrun-executed')).to.equal(false);
  });

  it('doas without a password, and beside sudo and su of the same user', async () => {
    const connection = await connectAs('zrun-login');
    expect(await whoAs(connection, become('doas', 'root'))).to.equal('root /root\ninput');
    const rootly = await connectAs('root');
    for (const method of ['su', 'sudo'] as const)
      expect(await whoAs(rootly, become(method, 'zrun-other'))).to.match(/^zrun-other/);
  });

  it('shows the password of su to nobody', async () => {
    const connection = await connectAs('zrun-login');
    const { stdout } = await connection.run(
      sh`grep -l 'Gew[ü]rz' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; echo done`,
      { as: become('su', 'zrun-other', password) },
    );
    expect(stdout.toString()).to.equal('done\n');
  });

  it('kills what runs as another user when its limit is over', async () => {
    const connection = await connectAs('zrun-login');
    const as = become('su', 'zrun-other', password);
    await errorOf(connection.run(sh`sleep 4242`, { as, timeoutMs: 300 }), 'task-timeout');
    expect((await connection.run(sh`pgrep -fx 'sleep 4242' || echo none`)).stdout.toString()).to.equal(
      'none\n',
    );
  });

  const refusals: readonly (readonly [
    title: string,
    as: Become,
    code: ErrorCode,
    message: RegExp,
    hint: RegExp,
  ])[] = [
    [
      'no password',
      become('su', 'zrun-other'),
      'sudo-password-missing',
      /su asks for a password to become zrun-other/,
      /zrun-other's own password with -K/,
    ],
    [
      'a wrong password',
      become('su', 'zrun-other', 'wrong'),
      'sudo-password-wrong',
      /su refused the password/,
      /password of zrun-other, not the login user's/,
    ],
    [
      'no such user',
      become('su', 'zrun-nobody'),
      'sudo-refused',
      /su does not let us become zrun-nobody.*does not exist/,
      /no user 'zrun-nobody'/,
    ],
    [
      'doas that wants a password',
      become('doas', 'zrun-other', password),
      'sudo-refused',
      /doas does not let us become zrun-other/,
      /permit nopass/,
    ],
    [
      'doas that permits nothing',
      become('doas', 'zrun-fish'),
      'sudo-refused',
      /doas does not let us become zrun-fish/,
      /permit nopass/,
    ],
  ];
  for (const [title, as, code, message, hint] of refusals)
    it(`says why not: ${title}`, async () => {
      const connection = await connectAs('zrun-login');
      const error = await errorOf(connection.run(sh`id`, { as }), code);
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
    });
});
