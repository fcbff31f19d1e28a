/**
 * Owns what is said of a program of the user's that does not answer as it should.
 */
import { ZrunError } from '../../core/errors.js';
import { askProgram, type Answer } from '../../programs/ask.js';

export interface ProgramOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  /** When aborted, the program is ended with all that it started, and the call rejects with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
}

const maxBytes = 256 * 1024 * 1024;

/** Of standard error, which is for people, the ends are enough. */
const maxErrorBytes = 64 * 1024;

/**
 * Runs a program and resolves with its standard output. Throws ZrunError `inventory-invalid` with the command, its exit
 * code and its standard error where it cannot be started, fails, takes too long or prints too much: it is ended then, with
 * all that it started. `said` is what the user calls it.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  said: string,
  { cwd, timeoutMs, signal }: ProgramOptions,
): Promise<string> {
  const answer = await askProgram(file, args, {
    cwd,
    limitMs: timeoutMs,
    signal,
    keep: { stdout: { bytes: maxBytes, over: 'refuse' }, stderr: { bytes: maxErrorBytes, over: 'cut' } },
  });
  if (answer.how === 'ended' && answer.status === 0) return answer.stdout;
  if (answer.how === 'stopped' && answer.why === 'aborted')
    throw new ZrunError('interrupted', 'the run was stopped');
  const { message, hint } = explain(answer, said, timeoutMs / 1000);
  const stderr = 'stderr' in answer ? lastLines(answer.stderr) : '';
  throw new ZrunError('inventory-invalid', message, {
    command: [said, ...args].join(' '),
    hint,
    ...('cause' in answer && { cause: answer.cause }),
    ...('status' in answer && { status: answer.status }),
    ...(stderr !== '' && { stderr }),
  });
}

function explain(
  answer: Answer,
  said: string,
  seconds: number,
): { readonly message: string; readonly hint?: string | undefined } {
  switch (answer.how) {
    case 'ended':
      return { message: `${said} failed`, hint: 'run it by hand, and mend what it says' };
    case 'killed':
      return { message: `${said} was ended by ${answer.by}` };
    case 'unstarted':
      return {
        message: `${said} cannot be run: ${reasonOf(answer.cause)}`,
        hint: startHint(answer.cause),
      };
    case 'stopped':
      if (answer.why === 'endless')
        return { message: `${said} prints more than ${maxBytes / 1024 / 1024} MiB` };
      return {
        message: `${said} did not answer within ${seconds} s, and was stopped`,
        hint: 'see by hand what it waits for; ZRUN_INVENTORY_TIMEOUT=300 gives it 300 s',
      };
  }
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
