/**
 * Owns how a program of the user's on this machine is asked for its output, and that it cannot keep zrun waiting.
 */
import { spawn } from 'node:child_process';
import { ZrunError } from '../core/errors.js';

export interface ProgramOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** A program that was stopped may have children which hold its output open; they are not waited for. */
const drainMs = 500;

const maxBytes = 256 * 1024 * 1024;

/**
 * Runs a program and resolves with its standard output. Throws ZrunError `inventory-invalid` with the command, its exit
 * code and its standard error where it cannot be started, fails, or takes too long. `said` is what the user calls it.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  said: string,
  { cwd, timeoutMs }: ProgramOptions,
): Promise<string> {
  const command = [said, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    let isOver = false;
    const fail = (message: string, hint?: string, status?: number, cause?: unknown): void => {
      const stderr = lastLines(Buffer.concat(err).toString('utf8'));
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
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      end();
    };
    const limit = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      finish(() =>
        fail(
          `${said} did not answer within ${seconds} s, and was stopped`,
          'see by hand what it waits for; ZRUN_INVENTORY_TIMEOUT=300 gives it 300 s',
        ),
      );
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      out.push(chunk);
      if (bytes > maxBytes) finish(() => fail(`${said} prints more than ${maxBytes / 1024 / 1024} MiB`));
    });
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const end = (status: number | null, signal: string | null): void =>
      finish(() => {
        if (status === 0) resolve(Buffer.concat(out).toString('utf8'));
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
