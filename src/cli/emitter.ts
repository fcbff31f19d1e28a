/**
 * Owns how events reach the reporters: masked, with their time, one after the other, each to all of them. A reporter that
 * throws is left out from there.
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
  /** Milliseconds, from anywhere on. */
  readonly now?: () => number;
}

export function createEmitter({
  reporters,
  diff,
  onBroken,
  now = () => performance.now(),
}: EmitterOptions): Emit {
  const eventMask = createEventMask({ diff });
  /** Events that arise while one is being told wait their turn. */
  const queue: RunEvent[] = [];
  let isTelling = false;
  let begin: number | undefined;
  return (event) => {
    const at = now();
    begin ??= at;
    const time = Math.round(at - begin);
    for (const masked of eventMask.apply(event)) queue.push({ ...masked, time });
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
