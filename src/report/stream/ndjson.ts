/**
 * Owns `--output ndjson`: every event as a line of JSON, as it happens. Knows nothing of people.
 */
import type { Reporter, Sink } from '../reporter.js';
import { formatEvent } from '../written.js';

/** The first line names it. The number changes where a reader of the lines would have to. */
export const eventsSchema = 'zrun-events/1';

export function createNdjsonReporter(out: Sink): Reporter {
  return {
    tell: (event) => {
      const line = formatEvent(event);
      const head = event.type === 'run-started' ? `{"schema":"${eventsSchema}",${line.slice(1)}` : line;
      out.write(`${head}\n`);
    },
    close: () => Promise.resolve(),
  };
}
