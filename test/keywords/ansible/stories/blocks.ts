/** Blocks: where a task fails, and what its rescue and always make of it. */
import type { PeerStory } from '../grounds.js';

type Fails = 'block' | 'rescue' | 'always';

/** A block whose parts are there, or fail, as said; on host b alone, so that what others do is seen too. */
function blockOf(parts: ReadonlySet<Fails>, failing: ReadonlySet<Fails>): string {
  const task = (part: Fails): string =>
    failing.has(part)
      ? `{name: ${part} fails, fail: {msg: "${part}"}, when: inventory_hostname == 'b'}`
      : `{name: ${part} works, debug: {msg: "${part}"}}`;
  const tail = (part: Fails): string => `{name: end of ${part}, debug: {msg: x}}`;
  const lines = (['block', 'rescue', 'always'] as const)
    .filter((part) => parts.has(part))
    .map(
      (part, i) => `
    ${i === 0 ? '-' : ' '} ${part}:
        - ${task(part)}
        - ${tail(part)}`,
    );
  return `${lines.join('')}
    - {name: after, debug: {msg: x}}`;
}

function subsets<T>(values: readonly T[]): readonly ReadonlySet<T>[] {
  return values.reduce<readonly ReadonlySet<T>[]>(
    (found, value) => [...found, ...found.map((set) => new Set([...set, value]))],
    [new Set()],
  );
}

const generated: readonly PeerStory[] = subsets<Fails>(['rescue', 'always'])
  .map((set) => new Set<Fails>(['block', ...set]))
  .flatMap((parts) =>
    subsets<Fails>([...parts]).map((failing) => ({
      title: `block: of ${[...parts].join(', ')}; fails: ${[...failing].join(', ') || 'nothing'}`,
      tasks: blockOf(parts, failing),
    })),
  );

export const blockStories: readonly PeerStory[] = [...generated];
