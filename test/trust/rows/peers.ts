/** Peers that are no sshd, or a bad one: whatever they do, the host is unreachable, the recap comes, and the run ends. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { processesBelow, sshdMissing, type Sshd } from '../../integration/sshd.js';
import { endsInTime, verdict, type Attack, type Bench, type Ended, type Zrun } from '../attack.js';
import { until, useKeysOf } from '../look.js';
import { blackHole, every, listen, listenAt, wireTo, type Wire } from '../servers.js';

const unreachable = 'unreachable, the recap comes, and nothing is left of the run';

/** One that does this with each connection. */
function peer(attack: string, behave: (socket: Socket) => void, isFast = false): Attack {
  return {
    attack,
    expected: unreachable,
    isFast,
    async observe(bench, expected) {
      const { port } = await listen(bench, behave);
      return outcomeOf(bench, expected, { ansible_port: port });
    },
  };
}

/** What they do with each connection; undefined: there is none. */
const agents: readonly (readonly [what: string, behave: ((socket: Socket) => void) | undefined])[] = [
  ['hangs when it is asked for its keys', () => undefined],
  ['drops each connection', (socket) => void socket.destroy()],
  ['is gone', undefined],
];

const ident = 'SSH-2.0-OpenSSH_9.2\r\n';

export const peers: readonly Attack[] = [
  peer('a peer accepts and says nothing', () => undefined, true),
  peer('a peer sends a banner without end', (socket) => {
    const lines = 'a line that is no identification\r\n'.repeat(500);
    const more = (): void => {
      while (socket.writable && socket.write(lines));
    };
    socket.on('drain', more);
    more();
  }),
  peer('a peer sends an identification without end', (socket) => {
    const more = (): void => {
      while (socket.writable && socket.write('SSH-2.0-'.repeat(1000)));
    };
    socket.on('drain', more);
    more();
  }),
  peer('a peer sends its identification a byte at a time', (socket) => {
    let at = 0;
    every(300, socket, () => socket.write(ident[at++ % ident.length] ?? ''));
  }),
  peer('a peer sends its part of the key exchange a byte at a time', (socket) => {
    // The length of a packet that never comes to its end.
    socket.write(`${ident}\0\0\x04\0`, 'latin1');
    every(50, socket, () => socket.write('\x14', 'latin1'));
  }),
  peer('a peer speaks HTTP', (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html></html>'));
  }),
  peer('a peer hangs up at once', (socket) => socket.destroy(), true),
  peer('a peer hangs up after its identification', (socket) => socket.end(ident)),
  peer('a peer resets each connection', (socket) => socket.resetAndDestroy()),
  peer('a peer resets each connection after its identification', (socket) => {
    socket.write(ident, () => socket.resetAndDestroy());
  }),
  peer('a peer stops reading after its identification', (socket) => {
    socket.pause();
    socket.write(ident);
  }),
  {
    attack: 'a black hole takes every packet',
    expected: unreachable,
    observe: async (bench, expected) => outcomeOf(bench, expected, { ansible_port: await blackHole(bench) }),
  },
  {
    attack: 'sshd is stopped (SIGSTOP)',
    expected: unreachable,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      process.kill(server.pid, 'SIGSTOP');
      bench.defer(() => process.kill(server.pid, 'SIGCONT'));
      return outcomeOf(bench, expected, { ansible_port: server.port });
    },
  },
  {
    attack: 'a name server says nothing',
    expected: unreachable,
    missing: noNamespaces,
    async observe(bench, expected) {
      // Nobody answers there, and nobody refuses.
      const resolv = bench.write('resolv.conf', 'nameserver 127.0.0.1\noptions timeout:20 attempts:5\n');
      const silence = await silentNameServer(bench);
      if (silence !== undefined) return silence;
      return outcomeOf(bench, expected, { ansible_host: 'nowhere.example.com', ansible_port: 22 }, [
        'unshare',
        '-m',
        'sh',
        '-c',
        `mount --bind '${resolv}' /etc/resolv.conf && exec "$@"`,
        'sh',
      ]);
    },
  },
  ...agents.map(([what, behave]): Attack => ({
    attack: `the ssh agent ${what}`,
    expected: 'the key file is used, and nothing is left of the run',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const agent = path.join(bench.folder, 'agent');
      if (behave !== undefined) await listenAt(bench, agent, behave);
      const play = bench.playbook('- command: "true"');
      const ended = await bench.zrun([play, '-i', bench.inventory(server), '-T', '20'], {
        env: { SSH_AUTH_SOCK: agent },
      });
      return verdict(ended.code === 0, expected, ended);
    },
  })),
  {
    attack: 'the ssh agent hangs when it is to sign',
    expected: 'unreachable, the message names the agent, and nothing is left of the run',
    isFast: true,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const [, base64 = ''] = readFileSync(`${server.privateKeyFile}.pub`, 'utf8').split(' ');
      const agent = path.join(bench.folder, 'agent');
      await listenAt(bench, agent, (socket) => {
        socket.on('data', (chunk) => {
          // SSH_AGENTC_REQUEST_IDENTITIES, and nothing but that (draft-miller-ssh-agent, 5.1).
          if (chunk[4] === 11) socket.write(identities(Buffer.from(base64, 'base64')));
        });
      });
      // The agent's alone: the key file would be offered otherwise.
      bench.write('home/.ssh/config', `UserKnownHostsFile ${server.knownHostsFile}\n`);
      const hosts = hostsFile(bench, { ansible_port: server.port, ansible_user: server.user });
      const play = bench.playbook('- command: "true"');
      const ended = await bench.zrun([play, '-i', hosts, '-T', '2'], { env: { SSH_AUTH_SOCK: agent } });
      const isNamed = ended.stdout.includes('the ssh agent on this machine has not signed');
      return verdict(ended.code === 3 && isNamed, expected, ended);
    },
  },
  {
    attack: 'a jump host accepts and says nothing',
    expected: unreachable,
    isFast: true,
    async observe(bench, expected) {
      const { port } = await listen(bench, () => undefined);
      return outcomeOf(bench, expected, { ansible_port: 22, zrun_proxy_jump: `nobody@127.0.0.1:${port}` });
    },
  },
  {
    attack: 'a jump host forwards into silence',
    expected: unreachable,
    missing: sshdMissing,
    async observe(bench, expected) {
      const jump = await bench.sshd();
      const { port } = await listen(bench, () => undefined);
      return outcomeOf(bench, expected, throughJump(bench, jump, port));
    },
  },
  {
    attack: 'a jump host falls silent once it is logged in to',
    expected: unreachable,
    missing: sshdMissing,
    async observe(bench, expected) {
      const jump = await bench.sshd();
      const wire = await wireTo(bench, jump.port);
      // The host behind it is asked for when the login is done: then the wire is cut, so that no goodbye arrives.
      const { port } = await listen(bench, () => wire.cut());
      const known = readFileSync(jump.knownHostsFile, 'utf8').replaceAll(`:${jump.port} `, `:${wire.port} `);
      const vars = throughJump(bench, jump, port);
      bench.write('home/.ssh/known_hosts', known);
      return outcomeOf(bench, expected, { ...vars, zrun_proxy_jump: `${jump.user}@127.0.0.1:${wire.port}` });
    },
  },
  {
    attack: 'a ProxyCommand that would hang',
    expected: 'an error that names the setting, and the command is not run',
    async observe(bench, expected) {
      bench.write('home/.ssh/config', `ProxyCommand touch ${bench.folder}/ran; sleep 600\n`);
      const ended = await runOn(bench, hostsFile(bench, { ansible_port: 22 }));
      if (existsSync(path.join(bench.folder, 'ran'))) return 'the command was run';
      return verdict(
        ended.code === 3 && ended.stdout.includes('zrun cannot use ProxyCommand'),
        expected,
        ended,
      );
    },
  },
  {
    attack: 'Match exec of the ssh configuration hangs',
    expected: 'unreachable, the message names the configuration, and no process is left of it',
    async observe(bench, expected) {
      const marker = `4${process.pid}`;
      bench.write('home/.ssh/config', `Match exec "sleep ${marker}; true"\n  User nobody\n`);
      const ended = await runOn(bench, hostsFile(bench, { ansible_port: 22 }));
      if (isRunning(`sleep ${marker}`)) return 'its command is still running';
      return verdict(ended.code === 3 && ended.stdout.includes('ssh configuration'), expected, ended);
    },
  },
  {
    attack: 'Ctrl-C while Match exec of the ssh configuration hangs',
    expected: 'the run ends, and no process is left of it',
    isFast: true,
    async observe(bench, expected) {
      const marker = `5${process.pid}`;
      bench.write('home/.ssh/config', `Match exec "sleep ${marker}; true"\n  User nobody\n`);
      const zrun = startOn(bench, hostsFile(bench, { ansible_port: 22 }), '30');
      await until(() => isRunning(`sleep ${marker}`));
      zrun.child.kill('SIGINT');
      const ended = await endsInTime(zrun);
      if (isRunning(`sleep ${marker}`)) return 'its command is still running';
      return verdict(!/within \d+ seconds/.test(ended.stdout), expected, ended);
    },
  },
  ...(['SIGINT', 'SIGTERM'] as const).map((signal): Attack => ({
    attack: `${signal} while a silent peer is connected to, with a limit of 300 seconds`,
    expected: 'the run ends at once, as interrupted',
    isFast: true,
    async observe(bench, expected) {
      const peerOf = await listen(bench, () => undefined);
      const zrun = startOn(bench, hostsFile(bench, { ansible_port: peerOf.port }), '300');
      await until(() => peerOf.accepted() > 0);
      zrun.child.kill(signal);
      const ended = await endsInTime(zrun);
      const isLate = ended.stdout.includes('within 300 seconds');
      return verdict(ended.code === 130 && !isLate, expected, ended);
    },
  })),
  {
    attack: 'SIGINT while a jump host says nothing, with a limit of 300 seconds',
    expected: 'the run ends at once, as interrupted',
    async observe(bench, expected) {
      const jump = await listen(bench, () => undefined);
      const vars = { ansible_port: 22, zrun_proxy_jump: `nobody@127.0.0.1:${jump.port}` };
      const zrun = startOn(bench, hostsFile(bench, vars), '300');
      await until(() => jump.accepted() > 0);
      zrun.child.kill('SIGINT');
      const ended = await endsInTime(zrun);
      return verdict(ended.code === 130, expected, ended);
    },
  },
  {
    attack: 'a server answers only after the recap',
    expected: 'nobody logs in to it any more',
    isFast: true,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const wire = await wireTo(bench, server.port, true);
      const hosts = byWire(bench, server, wire);
      const zrun = startOn(bench, hosts, '2');
      await zrun.says(/PLAY RECAP/);
      wire.open();
      const ended = await endsInTime(zrun);
      // sshd has heard the end of each connection that it has seen, whatever it was told before.
      await until(
        () =>
          (server.log().match(/\[preauth\]|kex_exchange_identification|Accepted/g)?.length ?? 0) >=
          wire.joined(),
      );
      if (server.log().includes('Accepted')) return 'a login after the recap';
      return verdict(ended.code === 3, expected, ended);
    },
  },
  {
    attack: 'sshd takes one login at a time (MaxStartups 1), from twelve hosts',
    expected: 'every host is reached',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd({ config: ['MaxStartups 1'] });
      const one = {
        ansible_host: '127.0.0.1',
        ansible_port: server.port,
        ansible_user: server.user,
        ansible_ssh_private_key_file: server.privateKeyFile,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${server.knownHostsFile}`,
      };
      const boxes = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`box${i}`, one]));
      const hosts = bench.write('hosts.yaml', JSON.stringify({ all: { hosts: boxes } }));
      const ended = await runOn(bench, hosts, '60');
      return verdict(ended.code === 0, expected, ended);
    },
  },
  {
    attack: 'sshd takes one session a connection (MaxSessions 1), and a task is too slow',
    expected: 'the task is killed on the host',
    isFast: true,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd({ config: ['MaxSessions 1'] });
      const marker = `6${process.pid}`;
      bench.defer(() => endRunning(`sleep ${marker}`));
      const play = bench.playbook(`- command: sleep ${marker}\n  timeout: 1`);
      const ended = await bench.zrun([play, '-i', bench.inventory(server), '-T', '20']);
      if (isRunning(`sleep ${marker}`)) return `it is still running:\n${ended.stdout}`;
      const isSaid = ended.stdout.includes('not done within 1 seconds, and killed on the host');
      return verdict(isSaid, expected, ended);
    },
  },
  {
    attack:
      'sshd takes one session a connection (MaxSessions 1), and no second connection, and a task is too slow',
    expected: 'the message says that it could not be killed, and why',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd({ config: ['MaxSessions 1'] });
      const wire = await wireTo(bench, server.port);
      const hosts = byWire(bench, server, wire);
      const marker = `7${process.pid}`;
      bench.defer(() => endRunning(`sleep ${marker}`));
      const play = bench.playbook(`- command: sleep ${marker}\n  timeout: 2`);
      const zrun = bench.start([play, '-i', hosts, '-T', '5']);
      await until(() => isRunning(`sleep ${marker}`));
      // The server itself takes nobody in any more; the connection that stands is served by another process.
      process.kill(server.pid, 'SIGSTOP');
      bench.defer(() => process.kill(server.pid, 'SIGCONT'));
      const ended = await endsInTime(zrun);
      const why = /could not be killed: box .* does not open another session, and no connection/;
      return verdict(why.test(ended.stdout), expected, ended);
    },
  },
  {
    attack: 'the network dies during a task, and the run is stopped by SIGTERM',
    expected: 'the message says that the task could not be killed, and nothing is left of the run',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const wire = await wireTo(bench, server.port);
      const hosts = byWire(bench, server, wire);
      const marker = `8${process.pid}`;
      bench.defer(() => endRunning(`sleep ${marker}`));
      const zrun = bench.start([bench.playbook(`- command: sleep ${marker}`), '-i', hosts, '-T', '20']);
      await until(() => isRunning(`sleep ${marker}`));
      wire.cut();
      zrun.child.kill('SIGTERM');
      const ended = await endsInTime(zrun);
      return verdict(ended.stdout.includes('could not be killed'), expected, ended);
    },
  },
  {
    attack: 'sshd is stopped (SIGSTOP) during a task, and the task is too slow',
    expected: 'the message says that the task could not be killed, and nothing is left of the run',
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      const marker = `9${process.pid}`;
      bench.defer(() => endRunning(`sleep ${marker}`));
      const play = bench.playbook(`- command: sleep ${marker}\n  timeout: 2`);
      const zrun = bench.start([play, '-i', bench.inventory(server), '-T', '20']);
      await until(() => isRunning(`sleep ${marker}`));
      const stopped = await processesBelow(server.pid, (name) => name.startsWith('sshd'));
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
      bench.defer(() => stopped.forEach((pid) => process.kill(pid, 'SIGCONT')));
      const ended = await endsInTime(zrun);
      return verdict(ended.stdout.includes('could not be killed'), expected, ended);
    },
  },
];

type Vars = Readonly<Record<string, string | number>>;

function hostsFile(bench: Bench, vars: Vars): string {
  const box = { ansible_host: '127.0.0.1', ansible_user: 'nobody', ...vars };
  return bench.write('hosts.yaml', JSON.stringify({ all: { hosts: { box } } }));
}

function startOn(bench: Bench, hosts: string, limit: string, prefix: readonly string[] = []): Zrun {
  return bench.start([bench.playbook('- command: "true"'), '-i', hosts, '-T', limit], { prefix });
}

async function runOn(
  bench: Bench,
  hosts: string,
  limit = '2',
  prefix: readonly string[] = [],
): Promise<Ended> {
  return endsInTime(startOn(bench, hosts, limit, prefix));
}

async function outcomeOf(
  bench: Bench,
  expected: string,
  vars: Vars,
  prefix: readonly string[] = [],
): Promise<string> {
  const ended = await runOn(bench, hostsFile(bench, vars), '1', prefix);
  return verdict(ended.code === 3 && /unreachable/i.test(ended.stdout), expected, ended);
}

/** Logs in to the jump host by what is in HOME, and is to reach this port behind it. */
function throughJump(bench: Bench, jump: Sshd, port: number): Vars {
  useKeysOf(bench, jump);
  return { ansible_port: port, zrun_proxy_jump: `${jump.user}@127.0.0.1:${jump.port}` };
}

/** An inventory of the server, at the near end of a wire to it. */
function byWire(bench: Bench, server: Sshd, wire: Wire): string {
  const known = readFileSync(server.knownHostsFile, 'utf8');
  bench.write('known', known.replaceAll(`:${server.port} `, `:${wire.port} `));
  return bench.inventory(server, {
    ansible_port: wire.port,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${bench.folder}/known`,
  });
}

/** SSH_AGENT_IDENTITIES_ANSWER with one key. */
function identities(key: Buffer): Buffer {
  const number = (value: number): Buffer => {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return four;
  };
  const comment = Buffer.from('held');
  const body = [Buffer.from([12]), number(1), number(key.length), key, number(comment.length), comment];
  const answer = Buffer.concat(body);
  return Buffer.concat([number(answer.length), answer]);
}

/** Takes the port of name servers on 127.0.0.1 and answers nothing. Resolves with why it cannot be had. */
async function silentNameServer(bench: Bench): Promise<string | undefined> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  bench.defer(() => socket.close());
  return new Promise((resolve) => {
    socket.once('error', (error) => resolve(`no name server on port 53: ${error.message}`));
    socket.bind(53, '127.0.0.1', () => resolve(undefined));
  });
}

function noNamespaces(): string | undefined {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'skipped: no mount namespace can be made here';
  }
}

function processes(): readonly { pid: number; parent: number; command: string }[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, ...command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command.join(' '),
    }));
}

function isRunning(command: string): boolean {
  return processes().some((each) => each.command === command);
}

/** Ends what a row has left on its host, where zrun could not. */
function endRunning(command: string): void {
  for (const { pid } of processes().filter((each) => each.command === command)) process.kill(pid, 'SIGKILL');
}
