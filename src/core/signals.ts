/**
 * Owns how signals that end work are put together.
 */
import { setMaxListeners } from 'node:events';

/**
 * A signal that is aborted with any of these. `release` is to be called when the work is over: a signal of a whole run
 * must not collect a listener for each thing that was ever done under it.
 */
export function linkSignals(...signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const own = new AbortController();
  const onAbort = (): void => own.abort();
  for (const signal of signals) {
    // Hundreds of hosts listen to the one signal of a run.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  }
  return {
    signal: own.signal,
    release() {
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    },
  };
}
