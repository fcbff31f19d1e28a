/** Host keys, and what the ssh configuration says of them, of algorithms and of files that are not to be trusted. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  generateKey,
  sshdMissing,
  usersMissing,
  type Sshd,
  type SshdOptions,
} from '../../integration/sshd.js';
import type { Attack, Bench, Ended } from '../attack.js';

const done = 'done';

interface Setting {
  readonly attack: string;
  readonly expected: string;
  readonly isFast?: true;
  readonly missing?: () => string | undefined;
  readonly sshd?: SshdOptions;
  /** Lays out what is wrong, or odd; returns the text of `~/.ssh/config`, and variables of the host. */
  readonly prepare: (bench: Bench, server: Sshd) => Promise<Prepared> | Prepared;
  readonly tasks?: string;
}

interface Prepared {
  readonly config?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly knownHosts?: string;
  readonly args?: readonly string[];
}

const other = async (bench: Bench): Promise<string> => {
  const file = path.join(bench.folder, 'other');
  await generateKey(file);
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
};

const settings: readonly Setting[] = [
  { attack: 'nothing is wrong', expected: done, prepare: () => ({}) },
  {
    attack: 'the host shows another key than the one on record',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not the one at',
    isFast: true,
    prepare: async (bench, { port }) => ({ knownHosts: `[127.0.0.1]:${port} ${await other(bench)}\n` }),
  },
  {
    attack: 'the host shows another key, and the task has no_log',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not the one at',
    prepare: async (bench, { port }) => ({ knownHosts: `[127.0.0.1]:${port} ${await other(bench)}\n` }),
    tasks: '- {command: "true", no_log: true}',
  },
  {
    attack: 'the host shows another key, and --accept-new-host-keys is given',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not the one at',
    prepare: async (bench, { port }) => ({
      knownHosts: `[127.0.0.1]:${port} ${await other(bench)}\n`,
      args: ['--accept-new-host-keys'],
    }),
  },
  {
    attack: 'the host is not in known_hosts',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not in',
    prepare: () => ({ knownHosts: '' }),
  },
  {
    attack: 'the host is not in known_hosts, and --accept-new-host-keys is given',
    expected: done,
    prepare: () => ({ knownHosts: '', args: ['--accept-new-host-keys'] }),
  },
  {
    attack: 'the key is on record for another port only',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not in',
    prepare: (_bench, { hostKeys: [key] }) => ({ knownHosts: `[127.0.0.1]:1 ${key}\n` }),
  },
  {
    attack: 'the key is on record for the address without a port',
    expected: done,
    prepare: (_bench, { hostKeys: [key] }) => ({ knownHosts: `127.0.0.1 ${key}\n` }),
  },
  {
    attack: 'the key is @revoked in known_hosts',
    expected: 'unreachable: 127.0.0.1 port PORT shows a host key that is revoked at',
    prepare: (_bench, { port, hostKeys: [key] }) => ({
      knownHosts: `[127.0.0.1]:${port} ${key}\n@revoked * ${key}\n`,
    }),
  },
  {
    attack: 'known_hosts has a @cert-authority for every host, and the host shows a plain key of it',
    expected: 'unreachable: the host key of 127.0.0.1 port PORT is not in',
    prepare: (_bench, { hostKeys: [key] }) => ({ knownHosts: `@cert-authority * ${key}\n` }),
  },
  {
    attack: 'the name in known_hosts is hashed',
    expected: done,
    prepare: (bench, { port, hostKeys: [key] }) => {
      const file = bench.write('hashed', `[127.0.0.1]:${port} ${key}\n`);
      execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
      return { knownHosts: readFileSync(file, 'utf8') };
    },
  },
  {
    attack: 'the key is in RevokedHostKeys',
    expected: 'unreachable: 127.0.0.1 port PORT shows a host key that is revoked at',
    prepare: (bench, { hostKeys: [key] }) => ({
      config: `RevokedHostKeys ${bench.write('revoked', `${key} stolen\n`)}\n`,
    }),
  },
  {
    attack: 'RevokedHostKeys names a file that is not there',
    expected: 'unreachable: RevokedHostKeys FOLDER/revoked cannot be read, so no host key is trusted',
    prepare: ({ folder }) => ({ config: `RevokedHostKeys ${folder}/revoked\n` }),
  },
  {
    attack: 'KexAlgorithms allows only what zrun does not have',
    expected: 'unreachable: KexAlgorithms in the ssh configuration leaves nothing that zrun has',
    isFast: true,
    prepare: () => ({ config: 'KexAlgorithms diffie-hellman-group1-sha1\n' }),
  },
  {
    attack: 'MACs allows only SHA-1',
    expected: 'unreachable: MACs in the ssh configuration leaves nothing that zrun has',
    prepare: () => ({ config: 'MACs hmac-sha1\n' }),
  },
  {
    attack: 'Ciphers allows only one that the host does not have',
    expected: 'unreachable: cannot agree with box (127.0.0.1 port PORT) on how to encrypt',
    sshd: { config: ['Ciphers aes256-ctr'] },
    prepare: () => ({ config: 'Ciphers aes128-ctr\n' }),
  },
  {
    attack: 'the host has no MAC but SHA-1, and the cipher needs one',
    expected: 'unreachable: cannot agree with box (127.0.0.1 port PORT) on how to encrypt',
    sshd: { config: ['Ciphers aes256-ctr', 'MACs hmac-sha1'] },
    prepare: () => ({}),
  },
  {
    attack: 'HostKeyAlgorithms leaves out the type of the key on record',
    expected: 'unreachable: cannot agree with box (127.0.0.1 port PORT) on how to encrypt',
    prepare: () => ({ config: 'HostKeyAlgorithms rsa-sha2-512\n' }),
  },
  {
    attack: 'PubkeyAcceptedAlgorithms leaves out the only key',
    expected: 'unreachable: box (127.0.0.1 port PORT) refused every key for user USER',
    prepare: () => ({ config: 'PubkeyAcceptedAlgorithms rsa-sha2-512\n' }),
  },
  {
    attack: 'others may write to ~/.ssh/config',
    expected: 'unreachable: bad owner or permissions on FOLDER/home/.ssh/config',
    isFast: true,
    prepare: () => ({ config: '# 0666\n' }),
  },
  {
    attack: '~/.ssh/config belongs to somebody else, and runs a command',
    expected: 'unreachable: bad owner or permissions on FOLDER/home/.ssh/config',
    missing: usersMissing,
    prepare: ({ folder }) => ({ config: `Match exec "touch ${folder}/ran"\n  # theirs\n  User root\n` }),
  },
  {
    attack: 'the private key can be read by others',
    expected: 'unreachable: the private key FOLDER/open cannot be used: others may read it',
    prepare: (bench, { privateKeyFile }) => ({
      vars: { ansible_ssh_private_key_file: bench.write('open', readFileSync(privateKeyFile), 0o644) },
    }),
  },
  {
    attack: 'MaxSessions 1: a task runs too long',
    expected: 'failed: not done within 1 seconds, and could not be killed',
    sshd: { config: ['MaxSessions 1'] },
    prepare: () => ({}),
    tasks: '- {command: sleep 20, timeout: 1}',
  },
  {
    attack: 'MaxSessions 1: one task without sudo, one with it',
    expected:
      "unreachable: box (127.0.0.1 port PORT) does not open another session, as sshd's MaxSessions may forbid",
    sshd: { config: ['MaxSessions 1'] },
    prepare: () => ({}),
    tasks: '- command: "true"\n- {command: "true", become: true, become_user: nobody}',
  },
];

export const sshSettings: readonly Attack[] = [
  ...settings.map(
    ({ attack, expected, isFast, missing, sshd, prepare, tasks = '- command: "true"' }): Attack => ({
      attack,
      expected,
      ...(isFast && { isFast }),
      missing: () => sshdMissing() ?? missing?.(),
      async observe(bench) {
        const server = await bench.sshd(sshd);
        const { config = '', vars = {}, knownHosts, args = [] } = await prepare(bench, server);
        const file = bench.write('home/.ssh/config', config, 0o600);
        if (config.includes('# 0666')) chmodSync(file, 0o666);
        if (config.includes('# theirs')) chownSync(file, 65534, 65534);
        const known = bench.write('known_hosts', knownHosts ?? readFileSync(server.knownHostsFile, 'utf8'));
        const inventory = bench.inventory(server, {
          ansible_ssh_common_args: `-o UserKnownHostsFile=${known}`,
          ...vars,
        });
        const ended = await bench.zrun([bench.playbook(tasks), '-i', inventory, ...args]);
        if (existsSync(path.join(bench.folder, 'ran'))) return 'the command of somebody else was run';
        return outcome(ended, expected, bench, server);
      },
    }),
  ),
  {
    attack: 'HOME is not set, and the current folder has an .ssh/config that runs a command',
    expected: 'the command is not run',
    isFast: true,
    async observe(bench) {
      bench.write('.ssh/config', `Match exec "touch ${bench.folder}/ran"\n  User root\n`, 0o600);
      const hosts = bench.write(
        'hosts.yaml',
        'all: {hosts: {box: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n',
      );
      const state = path.join(bench.home, 'state');
      await bench.zrun([bench.playbook('- command: "true"'), '-i', hosts, '-T', '2'], {
        env: { HOME: undefined, XDG_STATE_HOME: state },
      });
      return existsSync(path.join(bench.folder, 'ran')) ? 'the command is run' : 'the command is not run';
    },
  },
];

/** The text of `expected` where it is what was said, with the row's own folder, port and user in it. */
function outcome({ code, stdout, stderr }: Ended, expected: string, bench: Bench, server: Sshd): string {
  if (code === 0) return done;
  const [, status = '', said = ''] = /^box \| (unreachable|failed) +\| [^:]+: (.*)$/m.exec(stdout) ?? [];
  const words = `${status}: ${said}`
    .replaceAll(bench.folder, 'FOLDER')
    .replaceAll(String(server.port), 'PORT')
    .replaceAll(`user ${server.user}`, 'user USER');
  return words.startsWith(expected) ? expected : `${words}\n${stdout}${stderr}`;
}
