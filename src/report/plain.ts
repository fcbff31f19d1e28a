/**
 * Owns output as lines, for pipes, files and CI: nothing is ever taken back. Knows nothing of terminals.
 */
import { createNarrator, type NarrateOptions } from './narrate.js';
import { urgentWait, waitOf } from './pace.js';
import { createRecap } from './recap.js';
import type { Reporter, Sink } from './reporter.js';

/** Milliseconds. */
interface Clock {
  now(): number;
  /** Does it later. Returns what takes that back. */
  after(ms: number, work: () => void): () => void;
}

const realClock: Clock = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
};

interface PlainOptions extends NarrateOptions {
  readonly out: Sink;
  readonly clock?: Clock;
  /** Named at the end, for those who want to know more. */
  readonly logFile?: string | undefined;
  readonly retryFile?: string | undefined;
}

export function createPlainReporter(options: PlainOptions): Reporter {
  const { out, clock = realClock } = options;
  const narrator = createNarrator(options);
  const recap = createRecap(options);
  /** When the play or the batch began. */
  let begunAt = clock.now();
  let cancel: (() => void) | undefined;
  let cancelUrgent: (() => void) | undefined;

  function write(text: string): void {
    if (text !== '') out.write(text);
  }

  function flushUrgent(): void {
    cancelUrgent?.();
    cancelUrgent = undefined;
    write(narrator.drainUrgent());
  }

  function flush(): void {
    cancel?.();
    cancel = undefined;
    cancelUrgent?.();
    cancelUrgent = undefined;
    write(narrator.drain());
  }

  return {
    tell(event) {
      narrator.tell(event);
      recap.tell(event);
      if (event.type === 'run-finished') {
        flush();
        out.write(recap.format());
        return;
      }
      if (narrator.isSingle || narrator.isFull) {
        flush();
        return;
      }
      if (event.type === 'play-started' || event.type === 'batch-started') {
        begunAt = clock.now();
        flush();
        return;
      }
      if (!narrator.isEmpty) cancel ??= clock.after(waitOf(narrator.hostCount, clock.now() - begunAt), flush);
      if (narrator.isUrgent) cancelUrgent ??= clock.after(urgentWait, flushUrgent);
    },
    close() {
      flush();
      return Promise.resolve();
    },
  };
}
