/**
 * Owns a loop's items and the variables that each of them brings.
 */
import { ZrunError } from '../core/errors.js';
import type { Loop, Scope } from '../core/plan.js';
import { findUnknown, isList, UnknownValueError, type Value, type ValueMap } from '../core/value.js';
import { describeValue } from './judge.js';

export interface LoopItem {
  readonly item: Value;
  readonly vars: ValueMap;
  readonly isLast: boolean;
}

/** Throws ZrunError `parameter-invalid` where it is no list, UnknownValueError where nobody knows it yet. */
export function itemsOf(loop: Loop, scope: Scope): readonly LoopItem[] {
  const items = loop.items.render(scope);
  if (!isList(items)) {
    const unknown = findUnknown(items);
    if (unknown) throw new UnknownValueError(unknown.waitsFor);
    throw new ZrunError('parameter-invalid', `loop must be a list, not ${describeValue(items)}`, {
      at: loop.items.at,
      hint: 'write a list, or an expression that gives one',
    });
  }
  return items.map((item, i) => ({
    item,
    isLast: i === items.length - 1,
    vars: {
      [loop.variable]: item,
      ansible_loop_var: loop.variable,
      ...(loop.indexVariable !== undefined && {
        [loop.indexVariable]: i,
        ansible_index_var: loop.indexVariable,
      }),
      ...(loop.isExtended && { ansible_loop: extended(items, i) }),
    },
  }));
}

/** Ansible's `loop_control: extended`; `previtem` and `nextitem` are null at the ends. */
function extended(items: readonly Value[], i: number): ValueMap {
  return {
    allitems: items,
    index: i + 1,
    index0: i,
    revindex: items.length - i,
    revindex0: items.length - i - 1,
    first: i === 0,
    last: i === items.length - 1,
    length: items.length,
    previtem: items[i - 1] ?? null,
    nextitem: items[i + 1] ?? null,
  };
}
