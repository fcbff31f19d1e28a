/**
 * Owns as what results of tasks count while a run goes on: what is ignored is no failure, and what a rescue takes over is
 * none any more. Knows nothing of how counts are shown.
 */
import { taskStatuses, type EventOf, type RunEvent } from '../core/events.js';
import { isFailure } from './failures.js';

export const standings = [...taskStatuses, 'ignored', 'rescued'] as const;

type Standing = (typeof standings)[number];

export type Tally = Record<Standing, number>;

export function createTally(): Tally {
  return {
    ok: 0,
    changed: 0,
    skipped: 0,
    failed: 0,
    unknown: 0,
    unreachable: 0,
    ignored: 0,
    rescued: 0,
  };
}

interface Counter {
  /** Whatever happens, so that rescues are heard of. */
  tell(event: RunEvent): void;
  /** Counts the result in all of these, and moves it there should a rescue take it over. */
  count(event: EventOf<'task-finished'>, tallies: readonly Tally[]): void;
}

interface Counted {
  readonly standing: Standing;
  readonly tallies: readonly Tally[];
}

export function createCounter(): Counter {
  let check = false;
  /** Failures of each host in this play that no rescue has taken over: few, since a host stops at the first. */
  const failures = new Map<string, Counted[]>();
  return {
    tell(event) {
      if (event.type === 'run-started') check = event.check;
      if (event.type === 'play-started') failures.clear();
      if (event.type !== 'rescue-started') return;
      for (const { standing, tallies } of failures.get(event.host) ?? [])
        for (const tally of tallies) {
          tally[standing]--;
          tally.rescued++;
        }
      failures.delete(event.host);
    },
    count({ host, result }, tallies) {
      const standing = result.ignored ? 'ignored' : result.status;
      for (const tally of tallies) tally[standing]++;
      if (isFailure(result, check))
        failures.set(host, [...(failures.get(host) ?? []), { standing, tallies }]);
    },
  };
}
