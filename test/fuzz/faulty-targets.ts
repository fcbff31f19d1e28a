/** Owns targets that fail on purpose, so that the fuzzer itself is tried. */
import { ZrunError } from '../../src/core/errors.js';
import { allowErrors } from './check.js';
import type { Target } from './targets.js';

function target(name: string, weight: number, run: (text: string) => void): Target {
  return {
    name,
    weight,
    make: (random) => random.many(4, 9, () => random.pick(['a', 'b', 'c', 'd', 'é'])).join(''),
    run,
  };
}

export const targets: readonly Target[] = [
  target('right', 5, () => undefined),
  target('crashes', 5, (text) => {
    if (text.includes('b') && text.includes('c')) throw new TypeError('b and c');
  }),
  target('has no place', 5, (text) => {
    allowErrors(() => {
      if (text.includes('d')) throw new ZrunError('yaml-syntax', 'there is a d');
    });
  }),
  target('hangs', 1, (text) => {
    while (text.length > 0) Math.sqrt(2);
  }),
];
