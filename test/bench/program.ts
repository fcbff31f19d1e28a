/**
 * Owns how a program is run to be measured: its wall time, and for programs of Node's its own processor time and peak
 * memory, which it says of itself at its end.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface Measured {
  readonly wallMs: number;
  /** Of the program alone, in user and system mode; undefined where it is no program of Node's. */
  readonly cpuMs: number | undefined;
  readonly peakBytes: number | undefined;
  readonly stdout: string;
}

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Statuses that are no failure, besides 0. */
  readonly accept?: readonly number[];
  /** Milliseconds; ten minutes when left out. */
  readonly limitMs?: number;
}

/** What a program of Node's writes at its end: process.resourceUsage(), the peak in KiB as getrusage(2) has it. */
const sayUsage =
  "import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(process.env.BENCH_USAGE,JSON.stringify(process.resourceUsage())))";

let count = 0;

/** Runs it to its end. Throws with its output where it fails. */
export async function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<Measured> {
  const [program = '', ...args] = argv;
  const { env = {}, cwd, accept = [], limitMs = 600_000 } = options;
  const isNode = program === process.execPath;
  const usageFile = path.join(os.tmpdir(), `zrun-bench-usage-${process.pid}-${count++}`);
  const own = isNode
    ? {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(sayUsage)}`,
        BENCH_USAGE: usageFile,
      }
    : {};
  const started = performance.now();
  const { status, stdout, stderr } = await finish(
    program,
    args,
    { ...process.env, ...own, ...env },
    cwd,
    limitMs,
  );
  const wallMs = performance.now() - started;
  if (status !== 0 && !accept.includes(status ?? -1))
    throw new Error(
      `${argv.join(' ')} ended with ${status ?? 'a signal'}:\n${tail(stdout)}\n${tail(stderr)}`,
    );
  if (!isNode) return { wallMs, cpuMs: undefined, peakBytes: undefined, stdout };
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as NodeJS.ResourceUsage;
  await rm(usageFile);
  return {
    wallMs,
    cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000,
    peakBytes: usage.maxRSS * 1024,
    stdout,
  };
}

function finish(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string | undefined,
  limitMs: number,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(limit);
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

function tail(text: string): string {
  return text.split('\n').slice(-25).join('\n');
}
