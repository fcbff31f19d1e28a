// Owns starting programs: argument lists and never shell text, output gathered, a limit on every wait.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { LabError } from './error.js';

export interface Finished {
  /** The exit status; null when a signal or the limit ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

interface ExecOptions {
  /** Written to standard input, which is then closed. */
  readonly stdin?: string | Buffer;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A file that gets a copy of both outputs as they come. */
  readonly log?: string;
  /** Told of each line of either output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Rejects only when it cannot be started at all; its exit status is the caller's. */
export async function exec(argv: readonly string[], options: ExecOptions = {}): Promise<Finished> {
  const [program, ...args] = argv;
  if (program === undefined) throw new LabError('no program to run');
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' });
  log?.write(`$ ${argv.join(' ')}\n`);
  try {
    return await new Promise<Finished>((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...options.env },
      });
      let timedOut = false;
      const limit =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              timedOut = true;
              child.kill('SIGKILL');
            }, options.timeoutMs);
      const gather = (stream: NodeJS.ReadableStream | null): (() => string) => {
        const chunks: Buffer[] = [];
        let rest = '';
        stream?.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          log?.write(chunk);
          if (options.onLine === undefined) return;
          const lines = (rest + chunk.toString()).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) options.onLine(line);
        });
        return () => Buffer.concat(chunks).toString();
      };
      const stdout = gather(child.stdout);
      const stderr = gather(child.stderr);
      child.on('error', (error) => {
        clearTimeout(limit);
        reject(new LabError(`cannot start ${program}: ${error.message}`, undefined, { cause: error }));
      });
      child.on('close', (code) => {
        clearTimeout(limit);
        resolve({ code, stdout: stdout(), stderr: stderr(), timedOut });
      });
      // A program that ends before it has read its input is judged by its exit status, not by the broken pipe.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.stdin);
    });
  } finally {
    log?.end();
  }
}

/** Runs a program that must succeed and gives its standard output. */
export async function run(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const done = await exec(argv, options);
  if (done.code === 0) return done.stdout;
  const how = done.timedOut
    ? `did not end within ${(options.timeoutMs ?? 0) / 1000} s`
    : `failed with exit status ${done.code ?? 'none (killed)'}`;
  throw new LabError(
    `${argv.slice(0, 3).join(' ')} … ${how}\n${tail(done.stderr === '' ? done.stdout : done.stderr, 25)}`,
    options.log === undefined ? undefined : `the whole output is in ${options.log}`,
  );
}

/** The same argument list for the superuser: as it is for root, through sudo for anybody else. */
export function asRoot(argv: readonly string[]): readonly string[] {
  return process.getuid?.() === 0 ? argv : ['sudo', ...argv];
}

/** The last lines of a text. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
