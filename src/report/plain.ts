/**
 * Owns output as lines, for pipes, files and CI: nothing is ever taken back. Knows nothing of terminals.
 *
 * Equal results of many hosts are one line as far as they come while it waits. The longer a play has run, the longer a
 * line may wait: hosts that take minutes for a task also end it minutes apart, and whoever reads along has seen that much
 * time pass already. So the lines of a play grow with the logarithm of its time, and not with its hosts. What has gone
 * wrong in a fleet is told by itself, soon.
 */
import { createNarrator, type NarrateOptions } from './narrate.js';
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

/** How long a line waits for equal ones, in milliseconds: at least, by the hosts of the run, and at most. */
const waits = {
  perHost: 50,
  least: 250,
  leastOfMany: 10_000,
  most: 30_000,
  mostPerHost: 250,
  urgent: 2000,
};

export function createPlainReporter(options: PlainOptions): Reporter {
  const { out, clock = realClock } = options;
  const narrator = createNarrator(options);
  const recap = createRecap(options);
  /** When the play or the batch began. */
  let begunAt = clock.now();
  let cancel: (() => void) | undefined;
  let cancelUrgent: (() => void) | undefined;

  /** For the lines that wait from now on. */
  function waitNow(): number {
    const hosts = narrator.hostCount;
    const least = Math.min(Math.max(hosts * waits.perHost, waits.least), waits.leastOfMany);
    return Math.min(Math.max(clock.now() - begunAt, least), waits.most, hosts * waits.mostPerHost);
  }

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
      if (!narrator.isEmpty) cancel ??= clock.after(waitNow(), flush);
      if (narrator.isUrgent) cancelUrgent ??= clock.after(waits.urgent, flushUrgent);
    },
    close() {
      flush();
      return Promise.resolve();
    },
  };
}
