/**
 * Owns how a program on this machine is asked something: with a limit, and so that neither it nor anything that it has
 * started is left when the answer is not wanted any more.
 */
import { spawn } from 'node:child_process';
import { onceAborted } from './limit.js';

export interface Asked {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AskOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Bytes of each output. What comes after is dropped. */
const maxBytes = 1024 * 1024;

/**
 * Runs a program without a terminal, in a process group of its own. `late`: it was killed, as its limit was over or the
 * signal aborted; `absent`: there is no such program. Rejects where it cannot be started.
 */
export function askProgram(
  file: string,
  args: readonly string[],
  { env, limitMs, signal }: AskOptions,
): Promise<Asked | 'late' | 'absent'> {
  if (signal.aborted) return Promise.resolve('late');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(written[name]).toString('utf8');
    for (const name of ['stdout', 'stderr'] as const) {
      let length = 0;
      child[name].on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= maxBytes) written[name].push(chunk);
      });
    }
    const stop = (): void => {
      killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      settle(() => resolve('late'));
    };
    const timer = setTimeout(stop, limitMs);
    const forget = onceAborted(signal, stop);
    const settle = (tell: () => void): void => {
      clearTimeout(timer);
      forget();
      tell();
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      settle(() => (error.code === 'ENOENT' ? resolve('absent') : reject(error))),
    );
    child.once('close', (status) =>
      settle(() => resolve({ status: status ?? undefined, stdout: text('stdout'), stderr: text('stderr') })),
    );
  });
}

/** The program and what it has started: `ssh -G` waits for a `Match exec` that may wait for anything. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  const killer = spawn('/bin/sh', ['-c', 'kill -s KILL -- "-$0"', String(pid)], { stdio: 'ignore' });
  killer.on('error', () => undefined);
}
