/**
 * Owns chance with a seed: the same seed gives the same inputs on every machine, so that a failure can be had again.
 */

/** A text, or what makes one. */
type Grammar = string | (() => string);

export interface Random {
  /** From 0 (included) to `below` (not included). */
  int(below: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T;
  /** A choice among grammars, written out. */
  one(...choices: readonly Grammar[]): string;
  /** So many, between two numbers, small ones more often. */
  many<T>(least: number, most: number, make: (i: number) => T): T[];
}

export function createRandom(seed: number): Random {
  // mulberry32: small, and good enough to choose with.
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  const pick = <T>(from: readonly T[]): T => {
    const chosen = from[int(from.length)];
    if (chosen === undefined && from.length === 0) throw new RangeError('nothing to choose from');
    return chosen as T;
  };
  return {
    int,
    pick,
    chance: (share) => next() < share,
    one(...choices) {
      const chosen = pick(choices);
      return typeof chosen === 'string' ? chosen : chosen();
    },
    many(least, most, make) {
      const count = least + Math.floor((most - least + 1) * next() * next());
      return Array.from({ length: Math.min(count, most) }, (_, i) => make(i));
    },
  };
}

/** The seed of one input out of many. */
export function seedOf(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
