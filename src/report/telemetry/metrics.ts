/**
 * Owns `--metrics FILE`: a file that always holds the run's numbers of a moment ago, whole, for a collector that reads it
 * whenever it likes. Which numbers is run-metrics.ts's.
 */
import type { Reporter } from '../reporter.js';
import { writeWholeFile } from '../../core/whole-file.js';
import { formatMetrics } from './openmetrics.js';
import { createRunMetrics } from './run-metrics.js';

/** Half of what collectors usually wait between two readings (15 s or more), and less. */
const interval = 5000;

interface MetricsOptions {
  readonly file: string;
  /** Told once; the file is still tried, since a full disk may have room again. */
  readonly onTrouble: (error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Calls `write` every so often until what it returns is called. */
  readonly every?: (write: () => void) => () => void;
}

/** Writes the file every few seconds, and when the run has ended. */
export function createMetrics({
  file,
  onTrouble,
  now = () => Date.now(),
  every = everyFewSeconds,
}: MetricsOptions): Reporter {
  const metrics = createRunMetrics();
  let isTold = false;
  let isOver = false;

  function write(): void {
    try {
      writeMetrics(file, formatMetrics(metrics.families(now(), isOver)));
    } catch (error) {
      if (isTold) return;
      isTold = true;
      onTrouble(error);
    }
  }

  const stop = every(write);
  return {
    tell(event) {
      metrics.tell(event);
      // Who watches from elsewhere learns at once that there is a run.
      if (event.type === 'run-started') write();
    },
    close() {
      stop();
      isOver = true;
      write();
      return Promise.resolve();
    },
  };
}

function everyFewSeconds(write: () => void): () => void {
  const timer = setInterval(write, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Whoever may read other files of this user may read it: collectors run as somebody else. Throws as writing and renaming
 * do.
 */
function writeMetrics(file: string, text: string): void {
  writeWholeFile(file, [text], 0o666);
}

/**
 * Finds out before the run whether the file can be written, by writing it without any number yet. Throws as writing does,
 * and where there is something other than a file in its place, such as a device, which a new file would replace.
 */
export function tryMetrics(file: string): void {
  writeMetrics(file, formatMetrics([]));
}
