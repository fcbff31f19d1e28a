/**
 * Ways to a host, and their ends: jump hosts, limits, crowded servers, connections that break.
 */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Connection, ConnectOptions, SshTarget } from '../../src/core/host.js';
import { sh } from '../../src/core/shell.js';
import { createTransport, type Transport, type TransportOptions } from '../../src/transport/index.js';
import { errorOf } from './error.js';
import { skipFor } from './skip.js';
import { freePort, sshdMissing, startSshd, type Sshd, type SshdOptions } from './sshd.js';

describe('ways to a host', function () {
  const servers: Sshd[] = [];
  const transports: Transport[] = [];
  before(function () {
    skipFor(this, sshdMissing());
  });
  afterEach(async () => {
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  const start = async (options?: SshdOptions): Promise<Sshd> => {
    const server = await startSshd(options);
    servers.push(server);
    return server;
  };
  const open = (options: Partial<TransportOptions> = {}): Transport => {
    const transport = createTransport({ env: process.env, ...options });
    transports.push(transport);
    return transport;
  };
  const connect = (
    transport: Transport,
    target: SshTarget,
    options: Partial<ConnectOptions> = {},
  ): Promise<Connection> =>
    transport.connect(
      { name: 'box', groups: ['all'], vars: new Map(), target, targetBy: () => target },
      { connectTimeoutMs: 20_000, signal: new AbortController().signal, ...options },
    );
  const logins = (server: Sshd): number => server.log().split('Accepted publickey').length - 1;

  describe('a jump host', () => {
    /** One known_hosts file and one key for both. */
    const pair = async (): Promise<{
      jump: Sshd;
      box: Sshd;
      home: string;
      target: (port?: number) => SshTarget;
    }> => {
      const [jump, box] = await Promise.all([start(), start()]);
      const home = path.join(jump.folder, 'home');
      const { mkdir } = await import('node:fs/promises');
      await mkdir(path.join(home, '.ssh'), { recursive: true });
      const known =
        (await readFile(jump.knownHostsFile, 'utf8')) + (await readFile(box.knownHostsFile, 'utf8'));
      await writeFile(path.join(home, '.ssh', 'known_hosts'), known);
      await writeFile(path.join(home, '.ssh', 'id_ed25519'), await readFile(jump.privateKeyFile), {
        mode: 0o600,
      });
      await writeFile(
        box.authorizedKeysFile,
        (await readFile(box.authorizedKeysFile, 'utf8')) +
          (await readFile(`${jump.privateKeyFile}.pub`, 'utf8')),
      );
      const target = (port = box.port): SshTarget => ({
        transport: 'ssh',
        address: '127.0.0.1',
        port,
        user: box.user,
        proxyJump: `${jump.user}@127.0.0.1:${jump.port}`,
      });
      return { jump, box, home, target };
    };

    it('is gone through, and shared by what is behind it', async () => {
      const { jump, box, home, target } = await pair();
      const transport = open({ homedir: home });
      const connections = await Promise.all([1, 2, 3].map(() => connect(transport, target())));
      for (const connection of connections)
        expect((await connection.run(sh`echo "$SSH_CONNECTION"`)).stdout.toString()).to.contain(
          ` ${box.port}\n`,
        );
      expect([logins(jump), logins(box)]).to.deep.equal([1, 3]);
      expect(connections.map(({ counters }) => counters.handshakes).sort()).to.deep.equal([1, 1, 2]);
      await Promise.all(connections.map((connection) => connection.close()));
    });

    it('is needed twice: two hops', async () => {
      const { jump, box, home, target } = await pair();
      const transport = open({ homedir: home });
      const proxyJump = `${jump.user}@127.0.0.1:${jump.port},ssh://${jump.user}@127.0.0.1:${jump.port}`;
      const connection = await connect(transport, { ...target(), proxyJump });
      expect((await connection.run(sh`echo in`)).stdout.toString()).to.equal('in\n');
      expect([logins(jump), logins(box)]).to.deep.equal([2, 1]);
      await connection.close();
    });

    it('has its own host key checked', async () => {
      const { jump, box, home, target } = await pair();
      await writeFile(path.join(home, '.ssh', 'known_hosts'), await readFile(box.knownHostsFile));
      const error = await errorOf(connect(open({ homedir: home }), target()), 'host-key-unknown');
      expect(error.message).to.contain(`127.0.0.1 port ${jump.port}`);
    });

    it('does not spare the check of the host behind it', async () => {
      const { jump, box, home, target } = await pair();
      await writeFile(path.join(home, '.ssh', 'known_hosts'), await readFile(jump.knownHostsFile));
      const error = await errorOf(connect(open({ homedir: home }), target()), 'host-key-unknown');
      expect(error.message).to.contain(`127.0.0.1 port ${box.port}`);
    });

    it('says so when it cannot reach the host', async () => {
      const { home, target } = await pair();
      const error = await errorOf(
        connect(open({ homedir: home }), target(await freePort())),
        'connect-failed',
      );
      expect(error.message).to.match(/jump host .* cannot reach/);
    });

    it('that breaks takes along what is behind it, and is made again', async () => {
      const { jump, home, target } = await pair();
      const transport = open({ homedir: home });
      const connection = await connect(transport, target());
      let begun = (): void => undefined;
      const hasBegun = new Promise<void>((resolve) => (begun = resolve));
      const slow = connection.run(sh`echo begun; exec sleep 600`, { onOutput: () => begun() });
      const running = errorOf(slow, 'connection-lost');
      await hasBegun;
      await jump.dropConnections();
      await running;
      await connection.close();
      const again = await connect(transport, target());
      expect((await again.run(sh`echo in`)).stdout.toString()).to.equal('in\n');
      await again.close();
    });

    it('that leads back to itself is an error', async () => {
      const { home, target } = await pair();
      await writeFile(
        path.join(home, '.ssh', 'config'),
        'Host here\n  ProxyJump there\nHost there\n  ProxyJump here\n',
      );
      const error = await errorOf(
        connect(open({ homedir: home }), { ...target(), proxyJump: 'here' }),
        'connect-failed',
      );
      expect(error.message).to.contain('circle');
    });
  });

  describe('limits', () => {
    let silent: Server | undefined;
    afterEach(() => silent?.close());
    const listen = async (onSocket?: Parameters<typeof createServer>[1]): Promise<number> => {
      silent = createServer(onSocket ?? ((socket) => socket.on('error', () => undefined)));
      await new Promise<void>((resolve) => silent?.listen(0, '127.0.0.1', resolve));
      return (silent.address() as AddressInfo).port;
    };
    const target = (port: number): SshTarget => ({
      transport: 'ssh',
      address: '127.0.0.1',
      port,
      user: 'me',
    });

    it('a server that never says a word', async () => {
      const port = await listen();
      const error = await errorOf(
        connect(open(), target(port), { connectTimeoutMs: 300 }),
        'connect-timeout',
      );
      expect(error.message).to.contain('within 0.3 seconds').and.to.contain('not finished the SSH handshake');
    });

    it('a server that hangs up at once, again and again', async () => {
      const port = await listen((socket) => socket.destroy());
      const error = await errorOf(
        connect(open(), target(port), { connectTimeoutMs: 500 }),
        'connect-timeout',
      );
      expect(error.hint).to.contain('MaxStartups');
    });

    it('a server that speaks something else', async () => {
      const port = await listen((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      await errorOf(connect(open(), target(port), { connectTimeoutMs: 500 }), 'connect-timeout');
    });

    it('a port on which nobody listens', async () => {
      const error = await errorOf(connect(open(), target(await freePort())), 'connect-failed');
      expect(error.message).to.contain('connection refused');
    });

    it('a name that cannot be one', async () => {
      const address = `${'a'.repeat(70)}.invalid`;
      await errorOf(connect(open(), { ...target(22), address }), 'name-unresolved');
    });

    it('an interrupt ends an attempt', async () => {
      const port = await listen();
      const controller = new AbortController();
      const attempt = errorOf(connect(open(), target(port), { signal: controller.signal }), 'interrupted');
      silent?.once('connection', () => controller.abort());
      await attempt;
      await errorOf(connect(open(), target(port), { signal: controller.signal }), 'interrupted');
    });
  });

  it('twenty at once through a server that takes two logins at a time', async () => {
    const server = await start({ config: ['MaxStartups 2:100:2'] });
    const transport = open();
    const connections = await Promise.all(
      Array.from({ length: 20 }, () => connect(transport, server.target())),
    );
    const outputs = await Promise.all(connections.map((connection) => connection.run(sh`echo in`)));
    expect(outputs.map((output) => output.stdout.toString())).to.deep.equal(
      Array.from({ length: 20 }, () => 'in\n'),
    );
    await Promise.all(connections.map((connection) => connection.close()));
  });

  describe('a connection that breaks', () => {
    it('during a task is lost, for all that was sent; never a success', async () => {
      const server = await start();
      const connection = await connect(open(), server.target());
      await connection.run(sh`true`);
      let begun = (): void => undefined;
      const hasBegun = new Promise<void>((resolve) => (begun = resolve));
      const running = connection.run(sh`echo begun; exec sleep 600`, { onOutput: () => begun() });
      const waiting = connection.run(sh`true`);
      const all = Promise.all([errorOf(running, 'connection-lost'), errorOf(waiting, 'connection-lost')]);
      await hasBegun;
      await server.dropConnections();
      await all;
      const error = await errorOf(connection.run(sh`true`), 'connection-lost');
      expect(error.message).to.contain(`127.0.0.1 port ${server.port}`);
      await connection.close();
    });

    it('without a word is noticed by keepalive', async () => {
      const server = await start();
      // A wire that is cut: the bytes of the server go nowhere.
      let isCut = false;
      const net = await import('node:net');
      const wire = createServer((near) => {
        const far = net.connect(server.port, '127.0.0.1');
        for (const socket of [near, far]) socket.on('error', () => undefined);
        near.on('data', (chunk) => isCut || far.write(chunk));
        far.on('data', (chunk) => isCut || near.write(chunk));
        near.on('close', () => far.destroy());
      });
      await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
      const { port } = wire.address() as AddressInfo;
      await writeFile(server.knownHostsFile, `[127.0.0.1]:${port} ${server.hostKeys[0] ?? ''}\n`);
      const transport = open({ keepalive: { intervalMs: 100, count: 2 } });
      const connection = await connect(transport, server.target({ port }));
      await connection.run(sh`true`);
      isCut = true;
      const error = await errorOf(connection.run(sh`true`), 'connection-lost');
      expect(error.message).to.match(/keepalive/i);
      await connection.close();
      wire.close();
    });

    it('when the server is gone, the next attempt is refused', async () => {
      const server = await startSshd();
      const transport = open();
      const connection = await connect(transport, server.target());
      await connection.run(sh`true`);
      await server.stop();
      await errorOf(connection.run(sh`true`), 'connection-lost');
      await connection.close();
      const target: SshTarget = {
        transport: 'ssh',
        address: '127.0.0.1',
        port: server.port,
        user: server.user,
      };
      await errorOf(connect(transport, target), 'connect-failed');
    });
  });
});
