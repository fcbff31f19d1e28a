/**
 * Owns waiting with a limit, so that every wait has one and no timer outlives it.
 */

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
