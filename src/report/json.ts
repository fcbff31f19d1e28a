/**
 * Owns `--output json`: every event as a line of JSON. Knows nothing of people.
 */
import type { Reporter, Sink } from './reporter.js';
import { formatEvent } from './written.js';

export function createJsonReporter(out: Sink): Reporter {
  return {
    tell: (event) => {
      out.write(`${formatEvent(event)}\n`);
    },
    close: () => Promise.resolve(),
  };
}
