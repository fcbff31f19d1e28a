/** Owns zrun as a process of its own, for what only shows there: signals, standard input, the terminal that it has not. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Ended } from './fake-environment.js';

const root = path.resolve(import.meta.dirname, '../..');

interface Spawned {
  readonly pid: number;
  readonly stdin: NodeJS.WritableStream;
  /** What it has written to standard error so far. */
  stderr(): string;
  /** Until it has ended. */
  isGoing(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** `code`: -1 where a signal ended it. */
  readonly ended: Promise<Ended>;
}

/** In a session of its own, which has no terminal. */
export function spawnZrun(
  argv: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Spawned {
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), path.join(root, 'src/main.ts'), ...argv],
    { cwd, env: { PATH: process.env['PATH'], HOME: cwd, ...env }, stdio: 'pipe', detached: true },
  );
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString('utf8')));
  // It may have ended before it has read all.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid ?? -1,
    stdin: child.stdin,
    stderr: () => written.stderr,
    isGoing: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, ...written }));
    }),
  };
}
