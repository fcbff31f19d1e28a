/**
 * Owns output as lines, for pipes, files and CI: nothing is ever taken back. Knows nothing of terminals.
 */
import { createNarrator, type NarrateOptions } from './narrate.js';
import { createRecap } from './recap.js';
import type { Reporter, Sink } from './reporter.js';

interface PlainOptions extends NarrateOptions {
  readonly out: Sink;
  /** How long a line may wait for equal ones of other hosts. */
  readonly groupMs?: number;
  /** Named at the end, for those who want to know more. */
  readonly logFile?: string | undefined;
  readonly retryFile?: string | undefined;
}

export function createPlainReporter(options: PlainOptions): Reporter {
  const { out, groupMs = 250 } = options;
  const narrator = createNarrator(options);
  const recap = createRecap(options);
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const text = narrator.drain();
    if (text !== '') out.write(text);
  }

  return {
    tell(event) {
      narrator.tell(event);
      recap.tell(event);
      if (event.type === 'run-finished') {
        flush();
        out.write(recap.format());
      } else if (narrator.isSingle || narrator.isFull) flush();
      else timer ??= setTimeout(flush, groupMs).unref();
    },
    close() {
      flush();
      return Promise.resolve();
    },
  };
}
