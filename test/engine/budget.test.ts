/**
 * The arithmetic of a rolling run.
 */
import { expect } from 'chai';
import type { Amount, Budget, HostOrder } from '../../src/core/plan.js';
import { addTo, createTally, inBatches, inOrder, overspent } from '../../src/engine/budget.js';

const hosts = (count: number): Amount => ({ value: count, unit: 'hosts' });
const percent = (value: number): Amount => ({ value, unit: 'percent' });

describe('serial: the sizes of batches', () => {
  const cases: readonly (readonly [of: number, serial: readonly Amount[], sizes: readonly number[]])[] = [
    [5, [], [5]],
    [0, [], []],
    [5, [hosts(2)], [2, 2, 1]],
    [5, [hosts(9)], [5]],
    // The canary, a tenth, then the rest at once.
    [40, [hosts(1), percent(10), percent(100)], [1, 4, 35]],
    // The last size holds for all that follow.
    [10, [hosts(1), hosts(3)], [1, 3, 3, 3]],
    // A percentage is of all hosts, rounded down, and never none.
    [10, [percent(25)], [2, 2, 2, 2, 2]],
    [7, [percent(30)], [2, 2, 2, 1]],
    [3, [percent(1)], [1, 1, 1]],
  ];
  for (const [of, serial, sizes] of cases) {
    const written = serial.map(({ value, unit }) => `${value}${unit === 'percent' ? '%' : ''}`).join(', ');
    it(`[${written}] of ${of} hosts: ${sizes.join(', ') || 'none'}`, () => {
      const names = Array.from({ length: of }, (_, i) => i);
      const batches = inBatches(names, serial);
      expect(batches.map((batch) => batch.length)).to.deep.equal(sizes);
      expect(batches.flat()).to.deep.equal(names);
    });
  }
});

describe('max_fail…: how much may go wrong', () => {
  const cases: readonly (readonly [
    budget: Partial<Budget>,
    failed: number,
    unreachable: number,
    reason: string | undefined,
  ])[] = [
    [{}, 9, 0, undefined],
    // An amount must be exceeded, as in Ansible.
    [{ failed: percent(30) }, 3, 0, undefined],
    [{ failed: percent(30) }, 4, 0, '4 of 10 hosts here failed, and F allows 30 %'],
    [{ failed: percent(0) }, 0, 0, undefined],
    [{ failed: percent(0) }, 1, 0, '1 of 10 hosts here failed, and F allows 0 %'],
    [{ failed: hosts(2) }, 2, 0, undefined],
    [{ failed: hosts(2) }, 3, 0, '3 of 10 hosts here failed, and F allows 2'],
    // Hosts that cannot be reached are counted apart.
    [{ failed: percent(0) }, 0, 5, undefined],
    [{ unreachable: hosts(1) }, 0, 2, '2 of 10 hosts here could not be reached, and U allows 1'],
    [{ unreachable: percent(100) }, 5, 10, undefined],
  ];
  for (const [budget, failed, unreachable, reason] of cases) {
    it(`${JSON.stringify(budget)}: ${failed} failed, ${unreachable} unreachable`, () => {
      const tally = createTally(10);
      for (let i = 0; i < failed; i++) addTo(tally, i % 2 ? 'failed' : 'unknown');
      for (let i = 0; i < unreachable; i++) addTo(tally, 'unreachable');
      const whole: Budget = { failed: undefined, unreachable: undefined, ...budget };
      const said = overspent(whole, tally, { failed: 'F', unreachable: 'U', among: 'here' });
      expect(said).to.equal(reason);
    });
  }
});

describe('order', () => {
  const inventory = ['b', 'a', 'c'].map((name) => ({ host: { name } }));
  const cases: readonly (readonly [HostOrder, string])[] = [
    ['inventory', 'b a c'],
    ['reverse_inventory', 'c a b'],
    ['sorted', 'a b c'],
    ['reverse_sorted', 'c b a'],
  ];
  for (const [order, expected] of cases) {
    it(order, () => {
      expect(
        inOrder(inventory, order)
          .map(({ host }) => host.name)
          .join(' '),
      ).to.equal(expected);
    });
  }
  it('shuffle keeps every host', () => {
    expect(
      inOrder(inventory, 'shuffle')
        .map(({ host }) => host.name)
        .sort(),
    ).to.deep.equal(['a', 'b', 'c']);
  });
});
