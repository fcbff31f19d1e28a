/** Peers that are no sshd, or a bad one: whatever they do, the host is unreachable, the recap comes, and the run ends. */
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { endsInTime, verdict, type Attack, type Bench } from '../attack.js';
import { isAlive, until, useKeysOf } from '../look.js';
import { processesBelow, sshdMissing } from '../../integration/sshd.js';

const unreachable = 'unreachable, the recap comes, and nothing is left of the run';

/** What a server does with each connection. */
type Behaviour = (socket: Socket) => void;

const every =
  (ms: number, act: (socket: Socket) => void): Behaviour =>
  (socket) => {
    const timer = setInterval(() => act(socket), ms);
    socket.once('close', () => clearInterval(timer));
  };

const banner = 'SSH-2.0-OpenSSH_9.2p1\r\n';

const behaviours: readonly (readonly [what: string, behaviour: Behaviour, isFast?: true])[] = [
  ['accepts and says nothing', () => undefined, true],
  ['sends lines before its banner, without an end', every(1, (socket) => socket.write('please wait\r\n'))],
  ['sends a banner that never ends', every(1, (socket) => socket.write('SSH-2.0-'))],
  ['sends its banner a byte a second', slowly(banner.repeat(3), 1_000)],
  ['sends its banner, and nothing more', (socket) => void socket.write(banner)],
  [
    'sends its banner, and then rubbish a byte at a time',
    (socket) => {
      socket.write(banner);
      every(50, (one) => one.write('\0'))(socket);
    },
  ],
  [
    'is a web server',
    (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>400</h1>\r\n'),
  ],
  ['drops each connection at once', (socket) => void socket.destroy(), true],
  ['drops each connection after its banner', (socket) => void socket.end(banner)],
  ['resets each connection', (socket) => void socket.resetAndDestroy()],
  [
    'resets each connection after its banner',
    (socket) => void socket.write(banner, () => socket.resetAndDestroy()),
  ],
];

const agents: readonly (readonly [what: string, behaviour: Behaviour])[] = [
  ['accepts and never lists its keys', () => undefined],
  ['drops each connection', (socket) => void socket.destroy()],
];

function slowly(text: string, ms: number): Behaviour {
  return (socket) => {
    let at = 0;
    every(ms, (one) => one.write(text[at++ % text.length] ?? ''))(socket);
  };
}

export const peers: readonly Attack[] = [
  ...behaviours.map(([what, behaviour, isFast]): Attack => ({
    attack: `a peer ${what}`,
    expected: unreachable,
    ...(isFast && { isFast }),
    async observe(bench) {
      const port = await listen(bench, behaviour);
      return outcomeOf(bench, { ansible_host: '127.0.0.1', ansible_port: port, ansible_user: 'nobody' });
    },
  })),
  {
    attack: 'a jump host accepts and says nothing',
    expected: unreachable,
    async observe(bench) {
      const port = await listen(bench, () => undefined);
      return outcomeOf(bench, { ansible_host: '192.0.2.1', zrun_proxy_jump: `nobody@127.0.0.1:${port}` });
    },
  },
  {
    attack: 'a jump host leads to a peer that says nothing',
    expected: unreachable,
    missing: sshdMissing,
    async observe(bench) {
      const jump = await bench.sshd();
      useKeysOf(bench, jump);
      const port = await listen(bench, () => undefined);
      return outcomeOf(bench, {
        ansible_host: '127.0.0.1',
        ansible_port: port,
        zrun_proxy_jump: `${jump.user}@127.0.0.1:${jump.port}`,
      });
    },
  },
  ...agents.map(([what, behaviour]): Attack => ({
    attack: `an agent ${what}`,
    expected: 'done without it, and nothing is left of the run',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const agent = await listenAgent(bench, behaviour);
      const argv = [bench.playbook('- command: "true"'), '-i', bench.inventory(server)];
      const ended = await bench.zrun(argv, { env: { SSH_AUTH_SOCK: agent } });
      return verdict(ended.code === 0, expected, ended);
    },
  })),
  {
    attack: 'a command of Match exec in the ssh configuration hangs',
    expected: 'unreachable, the recap comes, and nothing is left of the run or of the command',
    async observe(bench, expected) {
      const port = await listen(bench, () => undefined);
      const pid = path.join(bench.folder, 'pid');
      bench.write('home/.ssh/config', `Match exec "echo $$ >${pid}; sleep 1000"\n  User nobody\n`, 0o600);
      const seen = await outcomeOf(bench, { ansible_host: '127.0.0.1', ansible_port: port });
      if (seen !== unreachable) return seen;
      return isAlive(pid) ? 'unreachable, but the command is still there' : expected;
    },
  },
  {
    attack: 'Ctrl-C while a host does not answer, with -T 300',
    expected: 'interrupted at once, and nothing is left of the run',
    isFast: true,
    async observe(bench, expected) {
      let isReached = false;
      const port = await listen(bench, () => (isReached = true));
      const zrun = bench.start(argvFor(bench, { ansible_host: '127.0.0.1', ansible_port: port }, '300'));
      await until(() => isReached);
      zrun.child.kill('SIGINT');
      const ended = await endsInTime(zrun);
      return verdict(ended.code === 130, expected, ended);
    },
  },
  {
    attack: 'a peer that said nothing becomes an sshd after the recap',
    expected: 'nobody logs in to it',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const { connect } = await import('node:net');
      // What comes is held back until the run is over, and then handed to a real sshd.
      const held: Socket[] = [];
      const port = await listen(bench, (socket) => void held.push(socket.pause()));
      const hosts = {
        ansible_host: '127.0.0.1',
        ansible_port: port,
        ansible_user: server.user,
        ansible_ssh_private_key_file: server.privateKeyFile,
      };
      const seen = await outcomeOf(bench, hosts);
      if (seen !== unreachable) return seen;
      for (const socket of held) socket.pipe(connect(server.port, '127.0.0.1')).pipe(socket);
      // sshd has heard the end of each of them, whatever it was told before.
      await until(
        () =>
          (server.log().match(/\[preauth\]|kex_exchange_identification|Accepted/g)?.length ?? 0) >=
          held.length,
      );
      return server.log().includes('Accepted') ? `somebody logged in:\n${server.log()}` : expected;
    },
  },
  {
    attack: 'sshd is stopped (SIGSTOP) in mid-task, and zrun is told to end',
    expected: 'it ends, and says that the command may still be at work',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const begun = path.join(bench.folder, 'begun');
      const play = bench.playbook(`- shell: touch ${begun}; sleep 600`);
      const zrun = bench.start([play, '-i', bench.inventory(server)]);
      await until(() => existsSync(begun));
      const stopped = await processesBelow(server.pid);
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
      bench.defer(() => {
        for (const pid of stopped) process.kill(pid, 'SIGKILL');
      });
      zrun.child.kill('SIGTERM');
      const ended = await endsInTime(zrun);
      return verdict(/may still be at work/.test(ended.stdout), expected, ended);
    },
  },
];

async function outcomeOf(bench: Bench, vars: Readonly<Record<string, string | number>>): Promise<string> {
  const ended = await bench.zrun(argvFor(bench, vars, '2'));
  return verdict(ended.code === 3, unreachable, ended);
}

function argvFor(
  bench: Bench,
  vars: Readonly<Record<string, string | number>>,
  seconds: string,
): readonly string[] {
  const hosts = bench.write('hosts.yaml', JSON.stringify({ all: { hosts: { box: vars } } }));
  return [bench.playbook('- command: "true"'), '-i', hosts, '-T', seconds];
}

/** A server that does this with each connection, until the row ends. Resolves with its port. */
async function listen(bench: Bench, behave: Behaviour): Promise<number> {
  const server = createServer();
  await serve(bench, server, behave, () => server.listen(0, '127.0.0.1'));
  return (server.address() as AddressInfo).port;
}

async function listenAgent(bench: Bench, behave: Behaviour): Promise<string> {
  const server = createServer();
  const socket = path.join(bench.folder, 'agent');
  await serve(bench, server, behave, () => server.listen(socket));
  return socket;
}

async function serve(bench: Bench, server: Server, behave: Behaviour, start: () => void): Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  const listening = new Promise((resolve) => server.once('listening', resolve));
  start();
  await listening;
  bench.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}
