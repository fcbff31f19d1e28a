/** How results become the numbers of a recap, as ansible-core counts. */
import { expect } from 'chai';
import { count, noCounts, type Counted } from '../../src/core/counts.js';
import type { Counts } from '../../src/core/events.js';

describe('counts', () => {
  const stories: readonly (readonly [title: string, Counted, Partial<Counts>])[] = [
    ['a changed task is ok too', { status: 'changed', ignored: false }, { ok: 1, changed: 1 }],
    ['an ignored failure is ok', { status: 'failed', ignored: true }, { ok: 1, ignored: 1 }],
    [
      'what it changed counts where it is ignored',
      { status: 'failed', ignored: true, marks: { changed: true } },
      { ok: 1, changed: 1, ignored: 1 },
    ],
    ['and else does not', { status: 'failed', ignored: false, marks: { changed: true } }, { failed: 1 }],
    ['an include counts once for each item', { status: 'ok', ignored: false, times: 3 }, { ok: 3 }],
    [
      'one that was stopped counts as nothing',
      { status: 'failed', ignored: false, problem: { code: 'interrupted' } },
      {},
    ],
  ];
  for (const [title, result, expected] of stories) {
    it(title, () => {
      expect(count(noCounts, result)).to.deep.equal({ ...noCounts, ...expected });
    });
  }
});
