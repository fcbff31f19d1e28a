/** Host keys: what is on record decides, whoever stands in the way, and no setting hides that one has changed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { generateKey, sshdMissing, type Sshd } from '../../integration/sshd.js';
import { verdict, type Attack, type Bench, type Ended } from '../attack.js';
import { useKeysOf } from '../look.js';

interface Case {
  readonly attack: string;
  readonly expected: string;
  /** What known_hosts holds. */
  readonly known: (server: Sshd, bench: Bench) => Promise<string> | string;
  /** Lines of the ssh configuration. */
  readonly config?: (server: Sshd, bench: Bench) => Promise<string> | string;
  readonly argv?: readonly string[];
  readonly tasks?: string;
  /** Mode of known_hosts. */
  readonly mode?: number;
  readonly isFast?: true;
  /** What the output must say; undefined: the host is reached. */
  readonly says?: RegExp;
}

const lineOf = (server: Sshd): string => `[127.0.0.1]:${server.port} ${server.hostKeys[0] ?? ''}\n`;

/** A line with a key that the server does not have. */
async function otherKey(bench: Bench): Promise<string> {
  const file = path.join(bench.folder, 'other');
  await generateKey(file);
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
}

const cases: readonly Case[] = [
  {
    attack: 'the host shows another key than the one on record',
    expected: 'refused, with the line on record and the fingerprint',
    known: async (server, bench) => `# mine\n[127.0.0.1]:${server.port} ${await otherKey(bench)}\n`,
    says: /is not the one at \S*known_hosts:2: it shows ED25519 SHA256:/,
  },
  {
    attack: 'the host shows another key, in a task with no_log',
    expected: 'refused, and no_log does not hide why',
    isFast: true,
    known: async (server, bench) => `[127.0.0.1]:${server.port} ${await otherKey(bench)}\n`,
    tasks: '- command: "true"\n  no_log: true',
    says: /is not the one at \S*known_hosts:1: it shows ED25519 SHA256:/,
  },
  {
    attack: 'the host shows another key, and new ones are to be accepted',
    expected: 'refused all the same',
    known: async (server, bench) => `[127.0.0.1]:${server.port} ${await otherKey(bench)}\n`,
    argv: ['--accept-new-host-keys'],
    says: /is not the one at/,
  },
  {
    attack: 'the host shows a key of another type than the one on record',
    expected: 'refused',
    known: (server) =>
      `[127.0.0.1]:${server.port} ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=\n`,
    says: /is not the one at/,
  },
  {
    attack: 'the host is not on record',
    expected: 'refused, with the fingerprint and what to do',
    known: () => '',
    says: /is not in \S*known_hosts: ED25519 SHA256:[\s\S]*--accept-new-host-keys/,
  },
  {
    attack: 'the host is not on record, and new ones are to be accepted',
    expected: 'the host is reached',
    known: () => '',
    argv: ['--accept-new-host-keys'],
  },
  {
    attack: 'the key on record is revoked (@revoked)',
    expected: 'refused, with the line',
    known: (server) => `${lineOf(server)}@revoked * ${server.hostKeys[0] ?? ''}\n`,
    says: /is revoked at \S*known_hosts:2/,
  },
  {
    attack: 'only an authority is on record (@cert-authority)',
    expected: 'refused, and the message says that certificates are not checked',
    known: (server) => `@cert-authority * ${server.hostKeys[0] ?? ''}\n`,
    says: /zrun does not check host certificates, so the @cert-authority at \S*known_hosts:1/,
  },
  {
    attack: 'the name on record is hashed',
    expected: 'the host is reached',
    known: (server, bench) => {
      const file = bench.write('hashed', lineOf(server));
      execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
      return readFileSync(file, 'utf8');
    },
  },
  {
    attack: 'the key is on record for another port',
    expected: 'refused as unknown',
    known: (server) => `[127.0.0.1]:${server.port + 1} ${server.hostKeys[0] ?? ''}\n`,
    says: /is not in \S*known_hosts/,
  },
  {
    attack: 'the key is on record for the name without a port',
    expected: 'the host is reached',
    known: ({ hostKeys: [key] }) => `127.0.0.1 ${key}\n`,
  },
  {
    attack: 'one key is on record for the port, the right one for the name alone',
    expected: 'refused: the port counts',
    known: async (server, bench) =>
      `[127.0.0.1]:${server.port} ${await otherKey(bench)}\n127.0.0.1 ${server.hostKeys[0] ?? ''}\n`,
    says: /is not the one at \S*known_hosts:1/,
  },
  {
    attack: 'anybody can write to known_hosts',
    expected: 'refused: it proves nothing',
    isFast: true,
    known: lineOf,
    mode: 0o666,
    says: /anybody on this machine can write to \S*known_hosts \(mode 0666\)/,
  },
  {
    attack: 'known_hosts is a pipe that nobody writes to',
    expected: 'refused as unknown, without waiting',
    known: () => '',
    config: (_server, bench) => {
      execFileSync('mkfifo', [path.join(bench.folder, 'pipe')]);
      return `UserKnownHostsFile ${bench.folder}/pipe\n`;
    },
    says: /is not in \S*pipe/,
  },
  {
    attack: 'the key is in the list that RevokedHostKeys names',
    expected: 'refused, with the list',
    isFast: true,
    known: lineOf,
    config: (server, bench) => {
      const list = bench.write('revoked', `# stolen\n${server.hostKeys[0] ?? ''} stolen\n`);
      return `RevokedHostKeys ${list}\n`;
    },
    says: /a host key that is revoked at \S*revoked/,
  },
  {
    attack: 'another key is in the list that RevokedHostKeys names',
    expected: 'the host is reached',
    known: lineOf,
    config: async (_server, bench) =>
      `RevokedHostKeys ${bench.write('revoked', `${await otherKey(bench)}\n`)}\n`,
  },
  {
    attack: 'the list that RevokedHostKeys names is not there',
    expected: 'refused, as by ssh',
    known: lineOf,
    config: (_server, bench) => `RevokedHostKeys ${bench.folder}/none\n`,
    says: /RevokedHostKeys of the ssh configuration names \S*none, which is not there/,
  },
  {
    attack: 'RevokedHostKeys names a binary list',
    expected: 'an error that names the setting, as zrun cannot read it',
    known: lineOf,
    config: async (_server, bench) => {
      await otherKey(bench);
      execFileSync('ssh-keygen', ['-q', '-k', '-f', `${bench.folder}/krl`, `${bench.folder}/other.pub`]);
      return `RevokedHostKeys ${bench.folder}/krl\n`;
    },
    says: /RevokedHostKeys of the ssh configuration names \S*krl, a binary list/,
  },
];

export const hostKeys: readonly Attack[] = [
  ...cases.map((one): Attack => ({
    attack: one.attack,
    expected: one.expected,
    isFast: one.isFast ?? false,
    missing: sshdMissing,
    async observe(bench) {
      const server = await bench.sshd();
      bench.write('home/.ssh/known_hosts', await one.known(server, bench), one.mode);
      if (one.mode !== undefined)
        execFileSync('chmod', [one.mode.toString(8), `${bench.home}/.ssh/known_hosts`]);
      if (one.config) bench.write('home/.ssh/config', await one.config(server, bench), 0o600);
      const hosts = bench.inventory(server, { ansible_ssh_common_args: '' });
      const play = bench.playbook(one.tasks ?? '- command: "true"');
      const ended = await bench.zrun([play, '-i', hosts, '-T', '20', ...(one.argv ?? [])]);
      return judge(one, ended, server);
    },
  })),
  jumpCase('a jump host shows another key than the one on record', 'jump'),
  jumpCase('the host behind a jump shows another key than the one on record', 'box'),
];

function judge({ expected, says }: Case, ended: Ended, server: Sshd): string {
  if (says === undefined) return verdict(ended.code === 0, expected, ended);
  if (server.log().includes('Accepted publickey')) return `it logged in:\n${ended.stdout}`;
  return verdict(ended.code === 3 && says.test(ended.stdout), expected, ended);
}

function jumpCase(attack: string, changed: 'jump' | 'box'): Attack {
  return {
    attack,
    expected: 'refused, with its own port in the message',
    missing: sshdMissing,
    async observe(bench, expected) {
      const [jump, box] = [await bench.sshd(), await bench.sshd()];
      const other = await otherKey(bench);
      const known = { jump: lineOf(jump), box: lineOf(box) };
      known[changed] = `[127.0.0.1]:${(changed === 'jump' ? jump : box).port} ${other}\n`;
      useKeysOf(bench, jump);
      bench.write('home/.ssh/known_hosts', known.jump + known.box);
      const hosts = bench.inventory(box, {
        ansible_ssh_common_args: '',
        zrun_proxy_jump: `${jump.user}@127.0.0.1:${jump.port}`,
      });
      const ended = await bench.zrun([bench.playbook('- command: "true"'), '-i', hosts]);
      const port = changed === 'jump' ? jump.port : box.port;
      if (box.log().includes('Accepted publickey')) return 'it logged in';
      const isNamed = ended.stdout.includes(`the host key of 127.0.0.1 port ${port} is not the one at`);
      return verdict(ended.code === 3 && isNamed, expected, ended);
    },
  };
}
