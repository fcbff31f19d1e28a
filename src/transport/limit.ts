/**
 * Owns waiting with a limit, so that every wait has one and no timer outlives it.
 */
import { setMaxListeners } from 'node:events';

/** What the work resolves with, or what `late` says (or throws) once `ms` milliseconds are over. */
export async function within<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let handle: NodeJS.Timeout | undefined;
  const limit = new Promise<T>((resolve, reject) => {
    handle = setTimeout(() => {
      try {
        resolve(late());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }, ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(handle);
  }
}

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
