/**
 * Owns turns of the event loop: for work that holds it up, and that comes from a whole fleet at once.
 */

/** Hands out one turn after another, the first at once. Between two of them, signals, timers and outputs are seen to. */
export function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isTaken = false;

  function next(): void {
    const begin = waiting.shift();
    isTaken = begin !== undefined;
    if (!begin) return;
    setImmediate(next);
    begin();
  }

  return () => {
    if (isTaken) return new Promise((resolve) => waiting.push(resolve));
    isTaken = true;
    setImmediate(next);
    return Promise.resolve();
  };
}
