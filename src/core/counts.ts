/**
 * Owns how results become the numbers of a recap line: in a run, and again from what a run has written down.
 */
import type { Counts, TaskStatus } from './events.js';

export const noCounts: Counts = {
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  unknown: 0,
};

/** As much of a result as counts; one that was read back has it too. */
export interface Counted {
  readonly status: TaskStatus;
  readonly ignored: boolean;
  readonly marks?: { readonly changed?: boolean };
  readonly times?: number;
  readonly problem?: { readonly code: string };
}

/**
 * As Ansible counts: a changed task is also ok; an ignored failure is ok and ignored, and changed where it changed
 * something before it failed. One that was stopped is neither.
 */
export function count(counts: Counts, { status, ignored, marks, times = 1, problem }: Counted): Counts {
  if (problem?.code === 'interrupted') return counts;
  if (ignored) {
    const changed = counts.changed + (marks?.changed === true ? 1 : 0);
    return { ...counts, ok: counts.ok + 1, changed, ignored: counts.ignored + 1 };
  }
  if (status === 'changed') return { ...counts, ok: counts.ok + 1, changed: counts.changed + 1 };
  return { ...counts, [status]: counts[status] + times };
}
