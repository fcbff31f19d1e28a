/**
 * Owns how an input that fails is made small: pieces are left out as long as it still fails in the same way.
 */

/** Gives up on more after so many tries, or so long: small enough is good enough. */
const maxTries = 600;
const maxMilliseconds = 10_000;

export async function minimise(text: string, fails: (text: string) => Promise<boolean>): Promise<string> {
  let smallest = text;
  let tries = 0;
  const begun = performance.now();
  const isEnough = (): boolean => tries >= maxTries || performance.now() - begun > maxMilliseconds;
  let size = Math.ceil(smallest.length / 2);
  while (size >= 1 && !isEnough()) {
    let left = 0;
    let found = false;
    while (left < smallest.length && !isEnough()) {
      const candidate = smallest.slice(0, left) + smallest.slice(left + size);
      tries += 1;
      if (candidate.length < smallest.length && (await fails(candidate))) {
        smallest = candidate;
        found = true;
      } else left += size;
    }
    if (!found || size > smallest.length)
      size = size === 1 ? 0 : Math.ceil(Math.min(size, smallest.length) / 2);
  }
  return smallest;
}
