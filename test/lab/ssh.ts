// Owns talking to a host as a person would: the OpenSSH client with strict host keys, and waits for states with it.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './error.js';
import { labPaths } from './paths.js';
import { exec, tail, type Finished } from './process.js';
import { elapsed } from './progress.js';
import { consoleOf } from './qemu.js';

/** What is needed to reach a host. */
export interface Reachable {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  /** Where its host keys are, where that is not the lab's known_hosts. */
  readonly knownHosts?: string;
}

export type LabUser = 'root' | 'zrun' | 'pwsudo';

export interface SshOptions {
  /** zrun where nothing is said. */
  readonly user?: LabUser;
  readonly stdin?: string | Buffer;
  readonly timeoutMs?: number;
  /** Told of each line of output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** A machine that emulates on two busy cores may need ten times what it takes on a quiet one. */
const WAIT_LIMIT_MS = 10 * 60_000;
const COMMAND_LIMIT_MS = 5 * 60_000;
const PROBE_LIMIT_MS = 45_000;
const PROBE_PAUSE_MS = 250;

/** The argument list of an OpenSSH client for this host, without a command. */
export function sshArguments(host: Pick<Reachable, 'port' | 'knownHosts'>, user: LabUser = 'zrun'): string[] {
  const { clientKey, knownHosts } = labPaths();
  const known = host.knownHosts ?? knownHosts;
  return [
    ...['ssh', '-F', 'none', '-i', clientKey, '-p', String(host.port)],
    ...['-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile="${known}"`, '-o', 'GlobalKnownHostsFile=none'],
    ...['-o', 'StrictHostKeyChecking=yes', '-o', 'ConnectTimeout=20', '-o', 'LogLevel=ERROR'],
    `${user}@127.0.0.1`,
  ];
}

/** Runs a line of shell on a host; its exit status is the caller's to judge (255: no connection). */
export async function sshTo(host: Reachable, command: string, options: SshOptions = {}): Promise<Finished> {
  const [ssh = 'ssh', ...rest] = sshArguments(host, options.user);
  return await exec([ssh, '-o', 'BatchMode=yes', ...rest, '--', command], {
    timeoutMs: options.timeoutMs ?? COMMAND_LIMIT_MS,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
}

/** Runs a line of shell on a host that must succeed, and gives its standard output. */
export async function sshRun(host: Reachable, command: string, options: SshOptions = {}): Promise<string> {
  const done = await sshTo(host, command, options);
  if (done.code === 0) return done.stdout;
  const how = done.timedOut ? 'took too long' : `exit status ${done.code ?? 'none'}`;
  throw new LabError(
    `${host.name}: ${how}: ${command.slice(0, 200)}\n${tail(done.stderr === '' ? done.stdout : done.stderr, 25)}`,
    `the host's console is in ${consoleOf(host.folder)}`,
  );
}

/** Asks again and again until the command succeeds on the host; its standard output then is the result. */
export async function waitFor(host: Reachable, what: string, command: string): Promise<string> {
  const since = Date.now();
  for (;;) {
    const done = await sshTo(host, command, { user: 'root', timeoutMs: PROBE_LIMIT_MS });
    if (done.code === 0) return done.stdout;
    if (Date.now() - since > WAIT_LIMIT_MS) {
      const console = await readFile(consoleOf(host.folder), 'utf8').catch(() => '(no console log)');
      const last = done.stderr.trim() === '' ? done.stdout.trim() : done.stderr.trim();
      throw new LabError(
        `${host.name}: waited ${elapsed(since)} for ${what}\nlast answer: ${last}\nend of its console:\n${tail(console, 30)}`,
        'a busy machine is slow, but hardly so slow: look at the end of the console above, then try the same again',
      );
    }
    await sleep(PROBE_PAUSE_MS);
  }
}

/** Waits until anybody can log in (pam_nologin keeps users out while a machine boots) and gives the boot's id. */
export async function waitForLogin(host: Reachable, previousBoot = ''): Promise<string> {
  const command = `test ! -e /run/nologin && boot=$(cat /proc/sys/kernel/random/boot_id) && test "$boot" != '${previousBoot}' && echo "$boot"`;
  return (await waitFor(host, 'sshd to run a command', command)).trim();
}

export async function waitForDocker(host: Reachable): Promise<void> {
  await waitFor(
    host,
    'Docker to answer',
    'systemctl is-active --quiet docker.service && docker info >/dev/null 2>&1',
  );
}

/** The known_hosts lines of a port. */
export function knownHostsLines(port: number, keys: readonly string[]): string[] {
  return keys.map((key) => `[127.0.0.1]:${port} ${key}`);
}

// QEMU's hardware clock keeps the time of this machine, through saving and loading too; the guest's own clock stood
// still meanwhile. Read in the guest, it is right however long the connection took.
const setClockCommand = 'date -u -s "@$(cat /sys/class/rtc/rtc0/since_epoch)" >/dev/null';

/** Sets the clock of a host that was stopped for a while. */
export async function setClock(host: Reachable): Promise<void> {
  await sshRun(host, setClockCommand, { user: 'root' });
}

/** Sets the clock of a restored host and mixes fresh randomness into what it remembers. */
export async function wakeUp(host: Reachable): Promise<void> {
  // RNDRESEEDCRNG (random(4)): what was written counts from now on, not from the next time that the kernel reseeds.
  const reseed = `cat >/dev/urandom; perl -e 'open F, ">", "/dev/urandom"; ioctl F, 0x5207, 0'`;
  await sshRun(host, `${reseed}; ${setClockCommand}`, { user: 'root', stdin: randomBytes(512) });
}
