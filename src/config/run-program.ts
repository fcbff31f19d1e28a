/**
 * Owns how a program of the user's on this machine is asked for its output, and that it can neither keep zrun waiting
 * nor fill its memory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { ZrunError } from '../core/errors.js';
import { createKept } from '../core/kept-output.js';

export interface ProgramOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  /** When aborted, the program is ended with all that it started, and the call rejects with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
}

/** A program that was stopped may have children which hold its output open; they are not waited for. */
const drainMs = 500;

const maxBytes = 256 * 1024 * 1024;

/** Of standard error, which is for people, the ends are enough. */
const maxErrorBytes = 64 * 1024;

/**
 * Runs a program and resolves with its standard output. Throws ZrunError `inventory-invalid` with the command, its exit
 * code and its standard error where it cannot be started, fails, takes too long or prints too much: it is ended then, with
 * all that it started. `said` is what the user calls it.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  said: string,
  { cwd, timeoutMs, signal }: ProgramOptions,
): Promise<string> {
  const command = [said, ...args].join(' ');
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(interrupted());
      return;
    }
    // A group of its own, so that its children can be ended with it.
    const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const out = createKept({ bytes: maxBytes, over: 'refuse' });
    const err = createKept({ bytes: maxErrorBytes, over: 'cut' });
    let isOver = false;
    const fail = (message: string, hint?: string, status?: number, cause?: unknown): void => {
      const stderr = lastLines(err.finish().bytes.toString('utf8'));
      reject(
        new ZrunError('inventory-invalid', message, {
          command,
          hint,
          cause,
          ...(status !== undefined && { status }),
          ...(stderr !== '' && { stderr }),
        }),
      );
    };
    const finish = (end: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      signal?.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      end();
    };
    const stop = (end: () => void): void =>
      finish(() => {
        endGroup(child);
        end();
      });
    const onAbort = (): void => stop(() => reject(interrupted()));
    signal?.addEventListener('abort', onAbort);
    const limit = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      stop(() =>
        fail(
          `${said} did not answer within ${seconds} s, and was stopped`,
          'see by hand what it waits for; ZRUN_INVENTORY_TIMEOUT=300 gives it 300 s',
        ),
      );
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      out.add(chunk);
      if (out.isOver) stop(() => fail(`${said} prints more than ${maxBytes / 1024 / 1024} MiB`));
    });
    child.stderr.on('data', (chunk: Buffer) => err.add(chunk));
    const end = (status: number | null, signal: string | null): void =>
      finish(() => {
        if (status === 0) resolve(out.finish().bytes.toString('utf8'));
        else if (signal !== null) fail(`${said} was ended by ${signal}`);
        else fail(`${said} failed`, 'run it by hand, and mend what it says', status ?? undefined);
      });
    child.once('close', end);
    child.once('exit', (status, signal) => setTimeout(() => end(status, signal), drainMs).unref());
    child.once('error', (cause) =>
      finish(() => fail(`${said} cannot be run: ${reasonOf(cause)}`, startHint(cause), undefined, cause)),
    );
  });
}

function interrupted(): ZrunError {
  return new ZrunError('interrupted', 'the run was stopped');
}

/** Only a shell ends a group by its number; the leader may be gone already, and its children not. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  const killer = spawn('/bin/sh', ['-c', `kill -KILL -${pid}`], { stdio: 'ignore' });
  killer.on('error', () => undefined);
  killer.unref();
}

function reasonOf(cause: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    ENOENT: 'the interpreter that its first line names is not there',
    ENOEXEC: 'it is no program that this machine can run',
  };
  return reasons[cause.code ?? ''] ?? cause.message;
}

function startHint(cause: NodeJS.ErrnoException): string | undefined {
  return cause.code === 'ENOENT'
    ? 'look at the line that begins with #!; a file with Windows line ends has an invisible character there'
    : undefined;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-20).join('\n');
}
