/**
 * Owns `strategy: linear`: no host begins a step before every other host of the batch has come to it, passed it, or
 * left. Knows positions, not tasks.
 */

/** Where a step stands: indices from the play down, compared one after another. */
export type Position = readonly number[];

interface Lockstep {
  /** Resolves when it is this host's turn. */
  arrive(host: string, position: Position): Promise<void>;
  /** The host comes to no other step. */
  leave(host: string): void;
}

interface Waiting {
  readonly position: Position;
  release(): void;
}

export function createLockstep(hosts: Iterable<string>): Lockstep {
  const walking = new Set(hosts);
  const waiting = new Map<string, Waiting>();

  /**
   * Once nobody is on the way any more, those who are farthest behind go on, in the order of the hosts: what one does for
   * all, the first does.
   */
  function releaseNext(): void {
    if (waiting.size < walking.size) return;
    let next: Waiting[] = [];
    for (const host of walking) {
      const each = waiting.get(host);
      if (!each) continue;
      const order = next[0] ? comparePositions(each.position, next[0].position) : -1;
      if (order < 0) next = [each];
      else if (order === 0) next.push(each);
    }
    const released = new Set(next);
    for (const [host, each] of [...waiting]) if (released.has(each)) waiting.delete(host);
    next.forEach((each) => each.release());
  }

  return {
    async arrive(host, position) {
      await new Promise<void>((resolve) => {
        waiting.set(host, { position, release: resolve });
        // Once the last one waits too, so that it goes on in its turn.
        if (waiting.size >= walking.size) queueMicrotask(releaseNext);
      });
    },
    leave(host) {
      walking.delete(host);
      releaseNext();
    },
  };
}

export function comparePositions(a: Position, b: Position): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
