/** Owns a process that is none: what the command line is handed in tests, and what it wrote. */
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { Environment, StopSignal } from '../../src/cli/environment.js';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly homeFolder?: string;
  /** Of zrun's own playbooks; this repository when left out. */
  readonly ownFolder?: string;
  /** Handed a function that sends the run a signal. */
  readonly onListen?: (send: (signal: StopSignal) => void) => void;
}

/** Runs the command line in this process. */
export async function zrun(argv: readonly string[], options: FakeOptions = {}): Promise<Ended> {
  // Imported as verbs import what they need, so that both have the same instance of every file.
  const { main } = await import('../../src/cli/main.js');
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString('utf8')));
  stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString('utf8')));
  const environment: Environment = {
    argv,
    env: options.env ?? {},
    version: '0.0.0-test',
    cwd: options.cwd ?? '/nonexistent',
    homeFolder: options.homeFolder ?? '/nonexistent',
    ownFolder: () => options.ownFolder ?? path.resolve(import.meta.dirname, '../..'),
    stdout,
    stderr,
    onStopSignal(listener) {
      options.onListen?.(listener);
      return () => undefined;
    },
    outliveOutput: () => undefined,
    exitNow: (code) => {
      throw new Error(`left at once with ${code}`);
    },
  };
  const code = await main(environment);
  return { code, ...written };
}
