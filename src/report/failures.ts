/**
 * Owns what counts as a failure of a host, and which failures are alike. Knows nothing of how they are told.
 */
import type { Problem } from '../core/errors.js';
import type { HostSummary, TaskRef, TaskResult } from '../core/events.js';

/** What went wrong on one host. */
export interface Failure {
  readonly host: string;
  readonly task: TaskRef | undefined;
  readonly problem: Problem | undefined;
}

export interface FailureGroup {
  readonly first: Failure;
  readonly hosts: string[];
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

/** The last failure of a host, or else why it ended as it did. */
export function endOf(
  { host, problem }: HostSummary,
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
): Failure {
  const last = failuresOf.get(host)?.at(-1);
  return { host, task: last?.task, problem: last?.problem ?? problem };
}

/** Names and addresses of the hosts themselves do not make failures different. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const failure of failures) {
    const { host, task, problem } = failure;
    const message = (problem?.message ?? '')
      .replaceAll(host, '\u0000')
      .replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?/g, '\u0000');
    const key = JSON.stringify([task?.id, problem?.code, message]);
    const group = groups.get(key);
    if (group) group.hosts.push(host);
    else groups.set(key, { first: failure, hosts: [host] });
  }
  return [...groups.values()].sort((a, b) => b.hosts.length - a.hosts.length);
}
