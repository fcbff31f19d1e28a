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

/** Calls `onAbort` when a signal is aborted, at once where it already is. Returns what undoes that. */
export function onceAborted(signal: AbortSignal, onAbort: () => void): () => void {
  if (signal.aborted) {
    onAbort();
    return () => undefined;
  }
  // Hundreds of hosts listen to the one signal of a run.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

/**
 * What the work resolves with, unless the signal is aborted first: then rejects with what `why` makes. The work itself
 * goes on; whoever does it must heed the same signal.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>, why: () => Error): Promise<T> {
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    forget = onceAborted(signal, () => reject(why()));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}

/** Waits; the end of the signal ends it early. Never rejects. */
export function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = onceAborted(signal, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
