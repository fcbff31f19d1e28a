/**
 * Owns what counts as a failure of a host, and which failures are alike. Knows nothing of how they are told.
 */
import type { Problem } from '../core/errors.js';
import type { HostSummary, TaskRef, TaskResult } from '../core/events.js';
import { withoutHost } from './host-names.js';

/** What went wrong on one host. */
export interface Failure {
  readonly host: string;
  readonly task: TaskRef | undefined;
  readonly problem: Problem | undefined;
  /** Of a loop: the item that it failed at. */
  readonly item?: string | undefined;
}

export interface FailureGroup {
  readonly first: Failure;
  readonly hosts: string[];
  /** The first line of what is wrong, without the hosts' own names and addresses where these differ. */
  message: string;
}

/** In check mode, `unknown` says only that something rests on what was not run. */
export function isFailure(
  result: Pick<TaskResult, 'ignored'> & { readonly status: string },
  check: boolean,
): boolean {
  if (result.ignored) return false;
  return (
    result.status === 'failed' || result.status === 'unreachable' || (result.status === 'unknown' && !check)
  );
}

/** The item that decided how a loop ended, and how many more did. */
export function failedItem({ status, items = [] }: TaskResult): string | undefined {
  const [first, ...others] = items.filter((item) => item.status === status && !item.ignored);
  return first && others.length > 0 ? `${first.label} and ${others.length} more` : first?.label;
}

/** The last failure of a host, or else why it ended as it did. */
export function endOf(
  { host, problem }: HostSummary,
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
): Failure {
  const last = failuresOf.get(host)?.at(-1);
  return { host, task: last?.task, problem: last?.problem ?? problem, item: last?.item };
}

/** By their cause: the most frequent first. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const failure of failures) {
    const { host, problem } = failure;
    const message = problem?.message.split('\n')[0] ?? '';
    const key = causeOf(failure);
    const group = groups.get(key);
    if (group) {
      group.hosts.push(host);
      if (group.message !== message) group.message = withoutHost(message, host);
    } else groups.set(key, { first: failure, hosts: [host], message });
  }
  return [...groups.values()].sort((a, b) => b.hosts.length - a.hosts.length);
}

/**
 * Failures with the same cause have the same text. Names and addresses of the hosts themselves do not make them
 * different, nor do numbers in what a command printed last, such as those of processes.
 */
function causeOf({ host, task, item, problem }: Failure): string {
  const said = lastLine(problem?.stderr) ?? lastLine(problem?.stdout) ?? '';
  return JSON.stringify([
    task?.id,
    item,
    problem?.code,
    withoutHost(problem?.message ?? '', host),
    withoutHost(said, host).replace(/\b[\da-f]{8,}\b|\d+/gi, '#'),
  ]);
}

export function lastLine(text = ''): string | undefined {
  return text
    .slice(-2000)
    .split('\n')
    .findLast((line) => line.trim() !== '');
}
