/**
 * Owns work that the first who comes to it does for all, while the others wait.
 */

export interface Once<T> {
  readonly value: T;
  /** This caller did the work. */
  readonly isMine: boolean;
}

/** What is said under a key is kept if `isGood`; else the next of those who wait tries. Work must not throw. */
export function createOnce<T>(
  isGood: (value: T) => boolean,
): (key: string, work: () => Promise<T>) => Promise<Once<T>> {
  const done = new Map<string, Promise<T>>();
  return async (key, work) => {
    for (let known = done.get(key); known; known = done.get(key)) {
      const value = await known;
      if (isGood(value)) return { value, isMine: false };
      // Whoever wakes first makes room; the rest find the next attempt, and wait for that one.
      if (done.get(key) === known) done.delete(key);
    }
    const attempt = work();
    done.set(key, attempt);
    return { value: await attempt, isMine: true };
  };
}
