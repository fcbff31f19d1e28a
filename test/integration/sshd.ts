/**
 * Owns a real OpenSSH server for tests: on a loopback port, as the current user, with host keys and authorized keys of
 * its own in a temporary folder, so that nothing of the machine's own ssh is touched.
 *
 * ```ts
 * before(async function () {
 *   skipFor(this, sshdMissing());
 *   sshd = await startSshd();
 * });
 * after(() => sshd?.stop());
 * ```
 */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Host, SshTarget } from '../../src/core/host.js';

const run = promisify(execFile);

export interface Sshd {
  readonly port: number;
  readonly pid: number;
  /** Where its files are; tests may put theirs there. Removed by stop(). Others may enter, so that other users can log in. */
  readonly folder: string;
  readonly user: string;
  /** A key that every user of the machine may log in with. */
  readonly privateKeyFile: string;
  readonly authorizedKeysFile: string;
  /** Holds the server's host keys for `[127.0.0.1]:port`. */
  readonly knownHostsFile: string;
  /** `ssh-ed25519 AAAA…`, one for each type that was asked for. */
  readonly hostKeys: readonly string[];
  /** A target that logs in; fields may be overridden. */
  target(overrides?: Partial<SshTarget>): SshTarget;
  host(overrides?: Partial<SshTarget>): Host;
  /** What it has logged so far. */
  log(): string;
  /** Ends the connections that it has, as a crash would. The server stays. */
  dropConnections(): Promise<void>;
  /** Ends the server with all its connections and removes its files. */
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Lines for its sshd_config, before the others: the first one counts. */
  readonly config?: readonly string[];
  readonly hostKeyTypes?: readonly ('ed25519' | 'ecdsa' | 'rsa')[];
  /** 127.0.0.1 when left out; `0.0.0.0` makes every loopback address (127.0.1.7) a host of its own. */
  readonly listenAddress?: string;
}

const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'].find(existsSync);

/** Why there can be no server on this machine; undefined where there can. */
export function sshdMissing(): string | undefined {
  return program === undefined
    ? 'skipped: no sshd on this machine (apt-get install openssh-server)'
    : undefined;
}

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (program === undefined) throw new Error(sshdMissing());
  const { config = [], hostKeyTypes = ['ed25519'], listenAddress = '127.0.0.1' } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-sshd-'));
  await chmod(folder, 0o755);
  // sshd that runs as root wants the folder that its package makes at boot.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });

  const privateKeyFile = path.join(folder, 'id');
  await generateKey(privateKeyFile);
  const authorizedKeysFile = path.join(folder, 'authorized_keys');
  await writeFile(authorizedKeysFile, await readFile(`${privateKeyFile}.pub`));
  const hostKeyFiles = hostKeyTypes.map((type) => path.join(folder, `host_${type}`));
  await Promise.all(hostKeyTypes.map((type, i) => generateKey(hostKeyFiles[i] ?? '', { type })));
  const hostKeys = await Promise.all(
    hostKeyFiles.map(async (file) =>
      (await readFile(`${file}.pub`, 'utf8')).split(' ').slice(0, 2).join(' '),
    ),
  );

  const { port, child, log } = await listen(program, folder, (candidate) => [
    ...config,
    `Port ${candidate}`,
    `ListenAddress ${listenAddress}`,
    ...hostKeyFiles.map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${authorizedKeysFile}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 100',
    'LogLevel VERBOSE',
  ]);
  const { pid } = child;
  if (pid === undefined) throw new Error('sshd has no process id');
  const knownHostsFile = path.join(folder, 'known_hosts');
  await writeFile(knownHostsFile, hostKeys.map((key) => `[127.0.0.1]:${port} ${key}\n`).join(''));

  const user = os.userInfo().username;
  const target = (overrides: Partial<SshTarget> = {}): SshTarget => ({
    transport: 'ssh',
    address: '127.0.0.1',
    port,
    user,
    privateKeyFile,
    knownHostsFile,
    ...overrides,
  });
  const dropConnections = async (): Promise<void> => {
    for (const session of await sessionsOf(pid)) kill(session);
  };
  return {
    port,
    pid,
    folder,
    user,
    privateKeyFile,
    authorizedKeysFile,
    knownHostsFile,
    hostKeys,
    target,
    host(overrides) {
      const made = target(overrides);
      return { name: 'box', groups: ['all'], vars: new Map(), target: made, targetBy: () => made };
    },
    log,
    dropConnections,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const sessions = await sessionsOf(pid);
      child.kill();
      await ended;
      for (const session of sessions) kill(session);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair: `file` and `file.pub`. */
export async function generateKey(
  file: string,
  { type = 'ed25519', passphrase = '' }: { type?: string; passphrase?: string } = {},
): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', path.basename(file), '-f', file]);
}

/** Another process may take the port before sshd does: then another one. */
async function listen(
  command: string,
  folder: string,
  configOf: (port: number) => readonly string[],
): Promise<{ port: number; child: ChildProcess; log: () => string }> {
  let log = '';
  for (let round = 0; round < 5; round++) {
    const port = await freePort();
    const configFile = path.join(folder, 'sshd_config');
    await writeFile(configFile, `${configOf(port).join('\n')}\n`);
    const child = spawn(command, ['-D', '-e', '-f', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
    log = '';
    const isListening = await new Promise<boolean>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString('utf8');
        if (log.includes('Server listening')) resolve(true);
      });
      child.once('exit', () => resolve(false));
    });
    if (isListening) return { port, child, log: () => log };
  }
  throw new Error(`sshd does not start: ${log}`);
}

/** A port of 127.0.0.1 on which nobody listens right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The processes that serve connections: sshd's below sshd. What users run is not among them. */
function sessionsOf(pid: number): Promise<readonly number[]> {
  return processesBelow(pid, (name) => name.startsWith('sshd'));
}

/** What a process has started, at any distance, by way of processes that are meant alone. */
export async function processesBelow(
  pid: number,
  isMeant: (name: string) => boolean = () => true,
): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm=']);
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([id, parent, name = '']) => ({ id: Number(id), parent: Number(parent), name }));
  const found: number[] = [];
  const add = (parent: number): void => {
    for (const one of all.filter((each) => each.parent === parent && isMeant(each.name))) {
      found.push(one.id);
      add(one.id);
    }
  };
  add(pid);
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, or belongs to root where we do not.
  }
}

/** Users for a test, made with useradd and taken away again. Only root can. */
export interface TestUser {
  readonly name: string;
  remove(): void;
}

/** Why no users can be made here; undefined where they can. */
export function usersMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'skipped: making users for a test takes root';
  if (!existsSync('/usr/sbin/useradd')) return 'skipped: no useradd on this machine';
  return undefined;
}

/** `password` is for sudo; `sudoers` is what follows the name in a line of a sudoers file, `defaults` sudo's. */
export function makeUser(
  name: string,
  options: {
    readonly shell?: string | undefined;
    readonly password?: string | undefined;
    readonly sudoers?: string | undefined;
    readonly defaults?: string | undefined;
  } = {},
): TestUser {
  const { shell = '/bin/sh', password, sudoers, defaults } = options;
  const sudoersFile = `/etc/sudoers.d/${name}`;
  const remove = (): void => {
    rmSync(sudoersFile, { force: true });
    try {
      execFileSync('userdel', ['-f', name], { stdio: 'ignore' });
    } catch {
      // It was not there.
    }
  };
  remove();
  // Without a password at all ('!') sshd would take the account for locked.
  execFileSync('useradd', ['-M', '-d', '/', '-p', '*', '-s', shell, name]);
  if (password !== undefined) execFileSync('chpasswd', { input: `${name}:${password}\n` });
  if (sudoers !== undefined)
    writeFileSync(
      sudoersFile,
      `${defaults === undefined ? '' : `Defaults:${name} ${defaults}\n`}${name} ${sudoers}\n`,
      { mode: 0o440 },
    );
  return { name, remove };
}
