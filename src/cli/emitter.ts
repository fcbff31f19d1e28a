/**
 * Owns how events reach the reporters: masked, one after the other, each to all of them. A reporter that throws is left
 * out from there.
 */
import type { Emit, RunEvent } from '../core/events.js';
import type { Reporter } from '../report/reporter.js';
import { createEventMask } from './event-mask.js';

interface EmitterOptions {
  /** Looked at anew for each event. One that throws is taken out of it. */
  readonly reporters: Reporter[];
  /** Contents are shown, unless a task says otherwise. */
  readonly diff: boolean;
  readonly onBroken: (error: unknown) => void;
}

export function createEmitter({ reporters, diff, onBroken }: EmitterOptions): Emit {
  const eventMask = createEventMask({ diff });
  /** Events that arise while one is being told wait their turn. */
  const queue: RunEvent[] = [];
  let isTelling = false;
  return (event) => {
    queue.push(...eventMask.apply(event));
    if (isTelling) return;
    isTelling = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      for (const reporter of [...reporters]) {
        try {
          reporter.tell(next);
        } catch (error) {
          // A reporter's bug costs that reporter, never a host.
          reporters.splice(reporters.indexOf(reporter), 1);
          onBroken(error);
        }
      }
    }
    isTelling = false;
  };
}
