/** What the ssh configuration says is heeded or an error, and ssh's files must be safe, as ssh has it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { generateKey, sshdMissing, type Sshd, type SshdOptions } from '../../integration/sshd.js';
import { verdict, type Attack, type Bench, type Ended } from '../attack.js';
import { useKeysOf } from '../look.js';

const notRoot = (): string | undefined =>
  process.getuid?.() === 0 ? sshdMissing() : 'skipped: giving a file to another user takes root';

/** A server, an ssh configuration, and what must come of a run; `says` undefined: the host is reached. */
interface Setting {
  readonly attack: string;
  readonly expected: string;
  readonly sshd?: SshdOptions;
  readonly config: string;
  /** The key that is offered; the server takes it. */
  readonly keyType?: 'rsa';
  readonly says?: RegExp;
  readonly isFast?: true;
}

const settings: readonly Setting[] = [
  {
    attack: 'the server has no MAC but SHA-1',
    isFast: true,
    expected: 'refused: SHA-1 is not offered',
    sshd: { config: ['Ciphers aes256-ctr', 'MACs hmac-sha1'] },
    config: '',
    says: /cannot agree with box .* on how to encrypt/,
  },
  {
    attack: 'the server has no MAC but SHA-1, and MACs names it',
    expected: 'the host is reached',
    sshd: { config: ['Ciphers aes256-ctr', 'MACs hmac-sha1'] },
    config: 'MACs hmac-sha1\n',
  },
  {
    attack: 'the server has no key exchange but SHA-1',
    expected: 'refused: SHA-1 is not offered',
    sshd: { config: ['KexAlgorithms diffie-hellman-group14-sha1'] },
    config: '',
    says: /cannot agree with box .* on how to encrypt/,
  },
  {
    attack: 'KexAlgorithms adds the one by SHA-1 that the server has',
    expected: 'the host is reached',
    sshd: { config: ['KexAlgorithms diffie-hellman-group14-sha1'] },
    config: 'KexAlgorithms +diffie-hellman-group14-sha1\n',
  },
  {
    attack: 'KexAlgorithms allows nothing that zrun has',
    isFast: true,
    expected: 'an error that names the setting',
    config: 'KexAlgorithms sntrup761x25519-sha512@openssh.com\n',
    says: /KexAlgorithms of the ssh configuration leaves nothing for 127\.0\.0\.1/,
  },
  {
    attack: 'Ciphers allows none that the server has',
    expected: 'refused: nothing else is offered',
    sshd: { config: ['Ciphers aes256-ctr'] },
    config: 'Host 127.*\n  Ciphers aes128-ctr\n',
    says: /cannot agree with box .* on how to encrypt/,
  },
  {
    attack: 'HostKeyAlgorithms allows no type that the server has',
    expected: 'refused: nothing else is asked for',
    config: 'HostKeyAlgorithms ecdsa-sha2-nistp256\n',
    says: /cannot agree with box .* on how to encrypt/,
  },
  {
    attack: 'PubkeyAcceptedAlgorithms does not allow the key',
    isFast: true,
    expected: 'refused: the key is not offered, and the message says why',
    config: 'PubkeyAcceptedAlgorithms rsa-sha2-512\n',
    says: /PubkeyAcceptedAlgorithms of the ssh configuration does not allow it/,
  },
  {
    attack: 'server and PubkeyAcceptedAlgorithms take RSA only with SHA-512',
    expected: 'the host is reached',
    sshd: { config: ['PubkeyAcceptedAlgorithms rsa-sha2-512'] },
    config: 'PubkeyAcceptedAlgorithms rsa-sha2-512\n',
    keyType: 'rsa',
  },
  {
    attack: 'the server takes RSA only with SHA-1',
    expected: 'refused: nothing is signed with it',
    sshd: { config: ['PubkeyAcceptedAlgorithms ssh-rsa'] },
    config: '',
    keyType: 'rsa',
    says: /refused every key/,
  },
];

export const sshSettings: readonly Attack[] = [
  ...settings.map(({ attack, expected, sshd, config, keyType, says, isFast = false }): Attack => ({
    attack,
    expected,
    isFast,
    missing: sshdMissing,
    async observe(bench) {
      const server = await bench.sshd(sshd);
      if (config !== '') bench.write('home/.ssh/config', config, 0o600);
      const key = keyType === undefined ? undefined : await newKey(bench, server, keyType);
      const hosts = bench.inventory(server, key === undefined ? {} : { ansible_ssh_private_key_file: key });
      const ended = await runOn(bench, hosts);
      const isSo = says === undefined ? ended.code === 0 : ended.code === 3 && says.test(ended.stdout);
      return verdict(isSo, expected, ended);
    },
  })),
  ...(['unset', 'empty', 'relative'] as const).map((how): Attack => ({
    attack: `HOME is ${how}, and the current folder has a .ssh/config with a command`,
    expected: 'the command is not run',
    isFast: how === 'unset',
    async observe(bench, expected) {
      const ran = path.join(bench.folder, 'ran');
      bench.write('.ssh/config', `Match exec "touch ${ran}"\n  User nobody\n`, 0o600);
      const hosts = bench.write(
        'hosts.yaml',
        'all: {hosts: {box: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody}}}\n',
      );
      const HOME = how === 'unset' ? undefined : how === 'empty' ? '' : '.';
      // Its own state goes where the test can take it away.
      const env = { HOME, XDG_STATE_HOME: path.join(bench.folder, 'state') };
      const ended = await bench.zrun([bench.playbook('- command: "true"'), '-i', hosts], { env });
      if (existsSync(ran)) return 'the command was run';
      if (existsSync(path.join(bench.folder, '.local'))) return 'its state went to the current folder';
      return verdict(ended.code === 3, expected, ended);
    },
  })),
  {
    attack: 'others can write to the ssh configuration',
    expected: 'an error that names it, and its command is not run',
    isFast: true,
    observe: (bench, expected) =>
      unsafeConfig(bench, expected, (file) => chmodSync(file, 0o664), /can write to it \(mode 0664\)/),
  },
  {
    attack: 'the ssh configuration belongs to another user',
    expected: 'an error that names it, and its command is not run',
    isFast: true,
    missing: notRoot,
    observe: (bench, expected) =>
      unsafeConfig(bench, expected, (file) => chownSync(file, 65534, 65534), /it belongs to user id 65534/),
  },
  {
    attack: 'others can read the private key that was asked for',
    expected: 'an error that names it, and it is not offered',
    isFast: true,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      chmodSync(server.privateKeyFile, 0o644);
      const ended = await runOn(bench, bench.inventory(server));
      const isNamed = /private key \S+ is not safe: .*\(mode 0644\)/.test(ended.stdout);
      return verdict(ended.code === 3 && isNamed, expected, ended);
    },
  },
  {
    attack: 'others can read a default private key',
    expected: 'it is passed over, and the message says why',
    isFast: true,
    missing: sshdMissing,
    async observe(bench, expected) {
      const server = await bench.sshd();
      useKeysOf(bench, server);
      chmodSync(`${bench.home}/.ssh/id_ed25519`, 0o640);
      const hosts = bench.write(
        'hosts.yaml',
        `all: {hosts: {box: {ansible_host: 127.0.0.1, ansible_port: ${server.port}, ansible_user: ${server.user}}}}\n`,
      );
      const ended = await runOn(bench, hosts);
      const isNamed = /id_ed25519 \(others can read it: mode 0640\)/.test(ended.stdout);
      return verdict(ended.code === 3 && isNamed, expected, ended);
    },
  },
  {
    attack: 'sshd takes one session a connection (MaxSessions 1), and tasks run as two users',
    expected: 'both run',
    isFast: true,
    missing: () => sshdMissing() ?? (existsSync('/usr/bin/sudo') ? undefined : 'skipped: no sudo here'),
    async observe(bench, expected) {
      const server = await bench.sshd({ config: ['MaxSessions 1'] });
      const play = bench.playbook(
        '- command: id -un\n- command: id -un\n  become: true\n  become_user: nobody\n- command: id -un',
      );
      const ended = await bench.zrun([play, '-i', bench.inventory(server), '-T', '20']);
      return verdict(ended.code === 0, expected, ended);
    },
  },
];

async function runOn(bench: Bench, hosts: string): Promise<Ended> {
  return bench.zrun([bench.playbook('- command: "true"'), '-i', hosts, '-T', '20']);
}

async function newKey(bench: Bench, server: Sshd, type: 'rsa'): Promise<string> {
  const file = path.join(bench.folder, 'key');
  await generateKey(file, { type });
  execFileSync('sh', ['-c', 'cat "$0.pub" >> "$1"', file, server.authorizedKeysFile]);
  return file;
}

async function unsafeConfig(
  bench: Bench,
  expected: string,
  spoil: (file: string) => void,
  says: RegExp,
): Promise<string> {
  const ran = path.join(bench.folder, 'ran');
  mkdirSync(path.join(bench.home, '.ssh'), { recursive: true });
  spoil(bench.write('home/.ssh/config', `Match exec "touch ${ran}"\n  User nobody\n`, 0o600));
  const hosts = bench.write(
    'hosts.yaml',
    'all: {hosts: {box: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n',
  );
  const ended = await runOn(bench, hosts);
  if (existsSync(ran)) return 'its command was run';
  return verdict(ended.code === 3 && says.test(ended.stdout), expected, ended);
}
