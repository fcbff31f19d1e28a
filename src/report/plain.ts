/**
 * Owns output as lines, for pipes, files and CI: nothing is ever taken back. Knows nothing of terminals.
 */
import { createLiveView } from './live.js';
import { createNarrator, type NarrateOptions } from './narrate.js';
import { urgentWait, waitOf } from './pace.js';
import { createRecap } from './recap/recap.js';
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

/** After so many milliseconds without a line, one says what is under way; each further one comes after twice the time. */
const firstQuiet = 60_000;
const longestQuiet = 600_000;

export function createPlainReporter(options: PlainOptions): Reporter {
  const { out, clock = realClock } = options;
  const narrator = createNarrator(options);
  const recap = createRecap(options);
  const live = createLiveView({ paint: options.paint });
  /** When the play or the batch began. */
  let begunAt = clock.now();
  let cancel: (() => void) | undefined;
  let cancelUrgent: (() => void) | undefined;
  let cancelQuiet: (() => void) | undefined;
  let quiet = firstQuiet;
  let isBegun = false;

  function write(text: string): void {
    if (text === '') return;
    // A heading stands apart from what is above it: at the beginning, there is nothing.
    out.write(isBegun ? text : text.replace(/^\n+/, ''));
    isBegun = true;
    quiet = firstQuiet;
    awaitQuiet();
  }

  /** Long tasks make no lines, and whoever reads along, or a CI that ends what is silent, cannot know that all is well. */
  function awaitQuiet(): void {
    cancelQuiet?.();
    cancelQuiet = clock.after(quiet, () => {
      const text = live.summarise(clock.now());
      if (text !== '') out.write(`${options.paint('dim', `still at work: ${text}`)}\n`);
      quiet = Math.min(quiet * 2, longestQuiet);
      awaitQuiet();
    });
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
      live.tell(event, clock.now());
      if (event.type === 'run-finished') {
        flush();
        write(recap.format());
        cancelQuiet?.();
        return;
      }
      if (narrator.isSingle || narrator.isFull || event.type === 'run-stopping') {
        flush();
        return;
      }
      if (event.type === 'play-started' || event.type === 'batch-started') {
        begunAt = clock.now();
        flush();
        return;
      }
      if (!narrator.isEmpty && !narrator.isPatient)
        cancel ??= clock.after(waitOf(narrator.hostCount, clock.now() - begunAt), flush);
      if (narrator.isUrgent) cancelUrgent ??= clock.after(urgentWait, flushUrgent);
    },
    close() {
      flush();
      cancelQuiet?.();
      return Promise.resolve();
    },
  };
}
