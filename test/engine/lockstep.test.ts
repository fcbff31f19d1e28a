/**
 * Hosts that walk in step, and work that one does for all.
 */
import { expect } from 'chai';
import { comparePositions, createLockstep, type Position } from '../../src/engine/lockstep.js';
import { createOnce } from '../../src/engine/once.js';

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('lockstep', () => {
  const cases: readonly (readonly [Position, '<' | '=' | '>', Position])[] = [
    [[1], '<', [2]],
    [[1, 5], '<', [2]],
    [[1], '<', [1, 0]],
    // A block's tasks, then its rescue, then what is always done, then what follows.
    [[1, 0, 9], '<', [1, 1, 0]],
    [[1, 1, 0], '<', [1, 2, 0]],
    [[1, 2, 0], '<', [2]],
    [[3, 1], '=', [3, 1]],
    [[10], '>', [9]],
  ];
  for (const [a, order, b] of cases) {
    it(`${a.join('.')} ${order} ${b.join('.')}`, () => {
      const expected = order === '<' ? -1 : order === '>' ? 1 : 0;
      expect(Math.sign(comparePositions(a, b))).to.equal(expected);
    });
  }

  it('those who are farthest behind go first, and the others wait', async () => {
    const step = createLockstep(['a', 'b', 'c']);
    const went: string[] = [];
    const walk = async (host: string, ...positions: readonly Position[]): Promise<void> => {
      for (const position of positions) {
        await step.arrive(host, position);
        went.push(`${host}${position.join('.')}`);
        await settle();
      }
      step.leave(host);
    };
    // b has a rescue to go through, c leaves early.
    await Promise.all([walk('a', [0], [2]), walk('b', [0], [1, 0], [2]), walk('c', [0])]);
    expect(went).to.deep.equal(['a0', 'b0', 'c0', 'b1.0', 'a2', 'b2']);
  });

  it('those who go on together do so in the order of the hosts, whoever came last', async () => {
    const step = createLockstep(['a', 'b', 'c']);
    const went: string[] = [];
    const walk = async (host: string): Promise<void> => {
      await step.arrive(host, [0]);
      went.push(host);
    };
    await Promise.all([walk('c'), walk('a'), walk('b')]);
    expect(went).to.deep.equal(['a', 'b', 'c']);
  });

  it('one who leaves sets the others free', async () => {
    const step = createLockstep(['a', 'b']);
    const arrived = step.arrive('a', [0]);
    step.leave('b');
    await arrived;
  });
});

describe('once', () => {
  it('the first does the work, the others get what came of it', async () => {
    const once = createOnce<string>(() => true);
    let done = 0;
    const work = (): Promise<string> => Promise.resolve(`done ${++done}`);
    const all = await Promise.all([once('k', work), once('k', work), once('other', work)]);
    expect(all.map(({ value, isMine }) => `${value} ${isMine}`)).to.deep.equal([
      'done 1 true',
      'done 1 false',
      'done 2 true',
    ]);
  });

  it('where one could not do it, the next one tries, and only one at a time', async () => {
    const once = createOnce<string>((value) => value !== 'unreachable');
    const tried: string[] = [];
    const by =
      (host: string, says: string): (() => Promise<string>) =>
      async () => {
        tried.push(host);
        await settle();
        return says;
      };
    const all = await Promise.all([
      once('k', by('a', 'unreachable')),
      once('k', by('b', 'unreachable')),
      once('k', by('c', 'fine')),
      once('k', by('d', 'fine')),
    ]);
    expect(tried).to.deep.equal(['a', 'b', 'c']);
    expect(all.map(({ value }) => value)).to.deep.equal(['unreachable', 'unreachable', 'fine', 'fine']);
  });
});
