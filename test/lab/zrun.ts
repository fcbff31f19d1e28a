/**
 * Owns how the lab's suites run zrun: as a user does, as a process of its own, with its events read from its output.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const projectRoot = path.resolve(import.meta.dirname, '../..');

export interface ZrunRun {
  readonly exitCode: number;
  readonly events: readonly JsonEvent[];
  readonly stdout: string;
  readonly stderr: string;
}

/** An event as `--output ndjson` writes it: a line of JSON. Only what the suites look at. */
interface JsonEvent {
  readonly type: string;
  readonly host?: string;
  readonly outcome?: string;
  readonly task?: { readonly id: string; readonly name: string; readonly section: string };
  readonly result?: {
    readonly status: string;
    readonly summary: string;
    readonly message?: string;
    readonly waitsFor?: string;
    readonly problem?: { readonly code: string; readonly message: string; readonly stderr?: string };
    readonly result?: Readonly<Record<string, unknown>>;
  };
}

/** What somebody who watches a run can do about it. */
interface RunningZrun {
  /** SIGKILL: it can tidy up nothing. */
  readonly kill: () => void;
}

/**
 * Runs zrun with `--output ndjson` and waits for its end, however it ends. One that was killed has the exit code -1.
 * @param watch sees each event as it comes
 */
export async function zrun(
  args: readonly string[],
  watch: (event: JsonEvent, run: RunningZrun) => void = () => undefined,
): Promise<ZrunRun> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(projectRoot, 'src/main.ts'), ...args, '--output', 'ndjson'],
    { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, events]: [string[], JsonEvent[]] = [[], []];
  let stderr = '';
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  for await (const line of createInterface({ input: child.stdout })) {
    stdout.push(line);
    // One that was killed may have been cut off within its last line.
    if (!line.startsWith('{') || !line.endsWith('}')) continue;
    const event = JSON.parse(line) as JsonEvent;
    events.push(event);
    watch(event, { kill: () => void child.kill('SIGKILL') });
  }
  return { exitCode: await ended, events, stdout: stdout.join('\n'), stderr };
}

/** Task ids with one of these statuses, in order, without doubles. */
export function tasksWith(run: ZrunRun, host: string, ...statuses: readonly string[]): readonly string[] {
  const ids = finished(run, host)
    .filter((event) => statuses.includes(event.result?.status ?? ''))
    .map((event) => event.task?.id ?? '');
  return [...new Set(ids)];
}

export function finished(run: ZrunRun, host: string): readonly JsonEvent[] {
  return run.events.filter((event) => event.type === 'task-finished' && event.host === host);
}

/** What its tasks said on a host, in order. */
export function messagesOf(run: ZrunRun, host: string): readonly string[] {
  return finished(run, host).flatMap((event) => event.result?.message ?? []);
}

/** Everything that went wrong, for a test's message. */
export function explain(run: ZrunRun): string {
  const failures = run.events
    .filter((event) => event.type === 'task-finished' && event.result?.problem !== undefined)
    .map(
      (event) => `${event.host ?? ''}: ${event.task?.name ?? ''}: ${JSON.stringify(event.result?.problem)}`,
    );
  return [`exit code ${run.exitCode}`, ...failures, run.stderr].join('\n');
}
