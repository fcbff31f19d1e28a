/**
 * Owns how a program on this machine is asked for its output: within a limit, holding no more of its output than is
 * wanted, and so that neither it nor anything that it has started is left when the answer is not wanted any more. Knows
 * nothing of what is asked.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createKept, type OutputBound } from '../core/kept-output.js';
import { onAbort } from '../core/signals.js';
import { holdGroup } from './groups.js';

export interface Question {
  readonly cwd?: string | undefined;
  /** zrun's own when left out. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of each output. One that may not be cut ends the program where there is more. */
  readonly keep: { readonly stdout: OutputBound; readonly stderr: OutputBound };
}

export type Answer =
  | { readonly how: 'ended'; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** By itself, or by somebody else: as `SIGSEGV`. */
  | { readonly how: 'killed'; readonly by: string; readonly stderr: string }
  /** By us: its limit was over, the signal was aborted, or it printed more than is kept. */
  | { readonly how: 'stopped'; readonly why: 'late' | 'aborted' | 'endless'; readonly stderr: string }
  /** ENOENT: there is no such program. */
  | { readonly how: 'unstarted'; readonly cause: NodeJS.ErrnoException };

/** A program that has ended may have children which hold its output open; they are not waited for. Milliseconds. */
const drainMs = 500;

/** Runs a program without a terminal, in a process group of its own. Never rejects. */
export function askProgram(
  file: string,
  args: readonly string[],
  { cwd, env, limitMs, signal, keep }: Question,
): Promise<Answer> {
  if (signal?.aborted) return Promise.resolve({ how: 'stopped', why: 'aborted', stderr: '' });
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    } catch (error) {
      resolve({ how: 'unstarted', cause: error instanceof Error ? error : new Error(String(error)) });
      return;
    }
    // With what it has started: `ssh -G` waits for a `Match exec`, which may wait for anything.
    const group = holdGroup(child);
    const kept = { stdout: createKept(keep.stdout), stderr: createKept(keep.stderr) };
    const said = (name: 'stdout' | 'stderr'): string => kept[name].finish().bytes.toString('utf8');
    let isOver = false;
    let drain: NodeJS.Timeout | undefined;
    const finish = (answer: () => Answer): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      clearTimeout(drain);
      forget();
      group.release();
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(answer());
    };
    const stop = (why: 'late' | 'aborted' | 'endless'): void => {
      group.kill();
      child.unref();
      finish(() => ({ how: 'stopped', why, stderr: said('stderr') }));
    };
    const limit = setTimeout(() => stop('late'), limitMs);
    const forget = signal === undefined ? () => undefined : onAbort(signal, () => stop('aborted'));
    for (const name of ['stdout', 'stderr'] as const)
      // There is none where this process has no descriptor left.
      child[name]?.on('data', (chunk: Buffer) => {
        kept[name].add(chunk);
        if (keep[name].over === 'refuse' && kept[name].isOver) stop('endless');
      });
    const end = (status: number | null, by: string | null): void =>
      finish(() =>
        status === null
          ? { how: 'killed', by: by ?? 'nobody', stderr: said('stderr') }
          : { how: 'ended', status, stdout: said('stdout'), stderr: said('stderr') },
      );
    child.once('close', end);
    child.once('exit', (status, by) => {
      drain = setTimeout(() => end(status, by), drainMs);
    });
    child.once('error', (cause) => finish(() => ({ how: 'unstarted', cause })));
  });
}
