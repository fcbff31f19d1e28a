/**
 * Owns waiting with a limit, so that every wait has one and no timer outlives it.
 */
import { onAbort } from '../core/signals.js';

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
 * What the work resolves with, unless the signal is aborted first: then rejects with what `why` makes. The work itself
 * goes on; whoever does it must heed the same signal.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>, why: () => Error): Promise<T> {
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    forget = onAbort(signal, () => reject(why()));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}
