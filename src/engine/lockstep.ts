/**
 * Owns `strategy: linear`: no host begins a step before every other host of the batch has come to it, passed it, or
 * left. Knows positions, not tasks.
 */
import { isDeepStrictEqual } from 'node:util';

/** Where a step stands: indices from the play down, compared one after another. */
export type Position = readonly number[];

/** Steps that hosts decide about when they come to them, and the variables that these have. */
interface TakenIn {
  readonly steps: readonly unknown[];
  readonly vars: object;
}

interface Lockstep {
  /** Resolves when it is this host's turn. */
  arrive(host: string, position: Position): Promise<void>;
  /**
   * Where the host does what it takes in at a step, as against what others take in there. As in Ansible, those who take in
   * the same thing do it together, one thing after another; the first host's come first.
   */
  place(host: string, at: Position, what: TakenIn): number;
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

  const taken = new Map<string, { readonly what: TakenIn; readonly by: Set<string> }[]>();

  return {
    place(host, at, what) {
      const key = at.join('.');
      const known = taken.get(key) ?? [];
      taken.set(key, known);
      // What a host takes in twice, it does twice.
      const same = known.findIndex((each) => !each.by.has(host) && isSame(each.what, what));
      known[same]?.by.add(host);
      return same === -1 ? known.push({ what, by: new Set([host]) }) - 1 : same;
    },
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

function isSame(a: TakenIn, b: TakenIn): boolean {
  return a.steps === b.steps && isDeepStrictEqual(a.vars, b.vars);
}

export function comparePositions(a: Position, b: Position): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
