/**
 * Owns what a row of the table of attacks is, and the bench that it is tried on: a home folder, playbooks, hosts, a real
 * sshd, and zrun itself as a process of its own. Knows nothing of single attacks.
 */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startSshd, type Sshd, type SshdOptions } from '../integration/sshd.js';

const root = path.resolve(import.meta.dirname, '../..');

/** One thing that may happen to zrun, or that somebody may do to it, and what must come of it. */
export interface Attack {
  /** What is done, as the table names it. */
  readonly attack: string;
  /** What zrun must do. `observe` says the same, word for word, where it does. */
  readonly expected: string;
  /** Whether `npm test` tries it too: it needs no more than a few seconds. */
  readonly isFast?: boolean;
  /** Why it cannot be tried on this machine; undefined where it can. */
  readonly missing?: () => string | undefined;
  /** Tries it and says what happened: `expected`, as it stands above, or whatever else was seen. */
  observe(bench: Bench, expected: string): Promise<string>;
}

/** What a row says of a run: `expected` where it went so, else how it ended and what it wrote. */
export function verdict(isSo: boolean, expected: string, ended: Partial<Ended>): string {
  return isSo ? expected : `ended with ${ended.code}:\n${ended.stdout ?? ''}${ended.stderr ?? ''}`;
}

export interface Zrun {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves as soon as its output matches; rejects where it ends before that, with what it wrote. */
  says(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ZrunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What starts zrun, such as `prlimit --as=…`, or a shell with redirections. */
  readonly prefix?: readonly string[];
  /** As `build` returns it. From its source, through tsx, when left out. */
  readonly program?: string;
}

export interface Bench {
  /** A folder of its own for this row, removed afterwards. */
  readonly folder: string;
  /** HOME of each zrun that it starts; empty at first. */
  readonly home: string;
  /** Writes a file below the folder, with the folders that it needs; returns its path. */
  write(name: string, text: string | Uint8Array, mode?: number): string;
  /** A real OpenSSH server that ends with the row. */
  sshd(options?: SshdOptions): Promise<Sshd>;
  /** An inventory of one host `box` at this server, logged in as the current user; returns its path. */
  inventory(server: Sshd, vars?: Readonly<Record<string, string | number | boolean>>): string;
  /** Writes a playbook of one play, `hosts: all` without facts, and these tasks (YAML, a list); returns its path. */
  playbook(tasks: string, play?: string): string;
  /** Builds zrun as it is published, and returns the path of its program. */
  build(): Promise<string>;
  /** Starts zrun. It is looked for after its recap: see `end`. */
  start(argv: readonly string[], options?: ZrunOptions): Zrun;
  /** Starts zrun and waits for its end. Rejects where it is still there two seconds after its recap. */
  zrun(argv: readonly string[], options?: ZrunOptions): Promise<Ended>;
  /** All that the runs of this row have left on the controller: names below the home folder, and their texts. */
  artefacts(): ReadonlyMap<string, string>;
  /** Does this at the row's end, the last one first. */
  defer(end: () => unknown): void;
}

/** How long a process may live after its recap: a promise of DESIGN, not a measure of this machine. */
const afterRecapMs = 2_000;

export async function withBench<T>(use: (bench: Bench) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'zrun-trust-'));
  const home = path.join(folder, 'home');
  mkdirSync(home);
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const defer = (end: () => unknown): void => void ends.push(end);
  const write = (name: string, text: string | Uint8Array, mode?: number): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, mode === undefined ? {} : { mode });
    return file;
  };
  const start = (argv: readonly string[], options: ZrunOptions = {}): Zrun => {
    const zrun = startZrun(argv, { home, cwd: folder, ...options });
    defer(() => zrun.child.kill('SIGKILL'));
    return zrun;
  };
  const bench: Bench = {
    folder,
    home,
    write,
    async sshd(options) {
      const server = await startSshd(options);
      defer(() => server.stop());
      return server;
    },
    async build() {
      const built = path.join(folder, 'built');
      mkdirSync(built);
      copyFileSync(path.join(root, 'package.json'), path.join(built, 'package.json'));
      const outdir = path.join(built, 'dist');
      const argv = ['--import', import.meta.resolve('tsx'), path.join(root, 'test/build/main.ts')];
      await promisify(execFile)(process.execPath, [...argv, '--outdir', outdir], { cwd: root });
      return path.join(outdir, 'main.js');
    },
    inventory(server, vars = {}) {
      const all = {
        ansible_host: '127.0.0.1',
        ansible_port: server.port,
        ansible_user: server.user,
        ansible_ssh_private_key_file: server.privateKeyFile,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${server.knownHostsFile}`,
        ...vars,
      };
      return write('hosts.yaml', JSON.stringify({ all: { hosts: { box: all } } }));
    },
    playbook: (tasks, play = '') =>
      write(
        'play.yaml',
        `- hosts: all\n  gather_facts: false\n${indent(play, 2)}  tasks:\n${indent(tasks, 4)}`,
      ),
    start,
    zrun: async (argv, options) => endsInTime(start(argv, options)),
    artefacts() {
      const found = new Map<string, string>();
      for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
        try {
          found.set(name, readFileSync(path.join(home, name), 'latin1'));
        } catch {
          // A folder, or something that cannot be read.
        }
      }
      return found;
    },
    defer,
  };
  try {
    return await use(bench);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Waits for the end of a zrun that is to end by itself. Rejects where it does not end in time after its recap. */
export async function endsInTime(zrun: Zrun): Promise<Ended> {
  const recap = zrun.says(/PLAY RECAP/).then(
    () => new Promise((resolve) => setTimeout(resolve, afterRecapMs, 'late').unref()),
    () => zrun.ended,
  );
  const first = await Promise.race([zrun.ended, recap]);
  if (first === 'late' && zrun.child.exitCode === null && zrun.child.signalCode === null)
    throw new Error(`zrun is still there ${afterRecapMs / 1000} seconds after its recap:\n${zrun.stdout()}`);
  return zrun.ended;
}

function startZrun(
  argv: readonly string[],
  { home, cwd, env, prefix = [], program }: ZrunOptions & { readonly home: string; readonly cwd: string },
): Zrun {
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    ...(program === undefined
      ? ['--import', import.meta.resolve('tsx'), path.join(root, 'src/main.ts')]
      : [program]),
    ...argv,
  ];
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, ...env },
    detached: true,
  });
  // It may end before it has read.
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text: string) => {
      written[name] += text;
      for (const listener of [...listeners]) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined, ...written }),
    );
  });
  ended.catch(() => undefined);
  return {
    child,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(`${written.stdout}${written.stderr}`)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        void ended.then(
          () =>
            reject(
              new Error(`it ended before it said ${String(pattern)}:\n${written.stdout}${written.stderr}`),
            ),
          reject,
        );
      }),
    ended,
  };
}

function indent(text: string, by: number): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => `${' '.repeat(by)}${line}\n`).join('');
}
