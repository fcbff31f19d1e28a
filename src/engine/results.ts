/**
 * Owns how results are put together: items into a task's result, what a rescue makes of a count, hosts into an exit code.
 */
import type { Counts, HostOutcome, HostSummary, ItemResult, TaskResult, TaskStatus } from '../core/events.js';
import type { ValueMap } from '../core/value.js';
import { exitCodes } from '../core/exit-codes.js';

/** A failure that a rescue has dealt with is no failure of the host any more. */
export function countRescued(counts: Counts, status: TaskStatus): Counts {
  const rescued = counts.rescued + 1;
  if (status === 'failed') return { ...counts, failed: counts.failed - 1, rescued };
  if (status === 'unknown') return { ...counts, unknown: counts.unknown - 1, rescued };
  return { ...counts, rescued };
}

const severity: readonly TaskStatus[] = ['unreachable', 'unknown', 'failed', 'changed', 'ok', 'skipped'];

/** One turn of a loop, and the variables that it had. */
export interface Turn {
  readonly result: ItemResult;
  readonly vars: ValueMap;
}

/** A loop's result: the gravest of its items; skipped only where all were. */
export function mergeItems(turns: readonly Turn[]): TaskResult {
  const items = turns.map(({ result }) => result);
  const status = severity.find((each) => items.some((item) => item.status === each)) ?? 'skipped';
  const decisive = items.find((item) => item.status === status);
  const changed = items.some((item) => item.marks?.changed ?? item.status === 'changed');
  // As in Ansible, whatever the task comes to: `failed_when` decides about that.
  const failed = status === 'failed' || items.some((item) => item.marks?.failed === true);
  const tally = items.filter((item) => item.status === status).length;
  return {
    status,
    summary:
      items.length === 0
        ? 'nothing to loop over'
        : `${tally} of ${items.length} items: ${decisive?.summary ?? ''}`,
    diff: items.flatMap((item) => item.diff),
    ...(decisive?.problem && { problem: decisive.problem }),
    ...(decisive?.waitsFor !== undefined && { waitsFor: decisive.waitsFor }),
    ignored: items.some((item) => item.ignored),
    ...(changed && status !== 'changed' && { marks: { changed } }),
    result: {
      ...(decisive?.problem && { msg: decisive.problem.message }),
      ...marksOf(status, { changed, failed }),
      results: turns.map(({ result, vars }) => ({ ...registered(result), ...namesOf(vars) })),
    },
    items,
    ms: items.reduce((sum, item) => sum + item.ms, 0),
    exchanges: items.reduce((sum, item) => sum + item.exchanges, 0),
  };
}

/** The item and its number under their names. What `extended` adds holds the whole list, and stays out. */
function namesOf({ ansible_loop, ...names }: ValueMap): ValueMap {
  return names;
}

/** What `register` holds: what the module returns, and how it went. */
export function registered({
  result,
  status,
  marks,
}: Pick<TaskResult, 'result' | 'status' | 'marks'>): ValueMap {
  return { ...result, ...marksOf(status, marks) };
}

function marksOf(status: TaskStatus, marks: TaskResult['marks']): ValueMap {
  return {
    changed: marks?.changed ?? status === 'changed',
    failed: marks?.failed ?? status === 'failed',
    skipped: status === 'skipped',
    unreachable: status === 'unreachable',
  };
}

const codeOf: Readonly<Record<HostOutcome, number>> = {
  done: exitCodes.ok,
  failed: exitCodes.failed,
  unreachable: exitCodes.unreachable,
  unknown: exitCodes.unknown,
  halted: exitCodes.failed,
  interrupted: exitCodes.interrupted,
  'not-tried': exitCodes.failed,
};

/** Documented in `zrun --help`. The gravest host decides; `interrupted` goes before all, be it of hosts that it kept from beginning. */
export function exitCodeOf(hosts: readonly Pick<HostSummary, 'outcome'>[], isInterrupted: boolean): number {
  if (isInterrupted && hosts.some(({ outcome }) => outcome === 'not-tried')) return exitCodes.interrupted;
  const order: readonly HostOutcome[] = [
    'interrupted',
    'failed',
    'unknown',
    'unreachable',
    'halted',
    'not-tried',
    'done',
  ];
  const gravest = order.find((outcome) => hosts.some((host) => host.outcome === outcome));
  return codeOf[gravest ?? 'done'];
}
