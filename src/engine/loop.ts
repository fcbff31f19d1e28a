/**
 * Owns a loop's items and the variables that each of them brings.
 */
import { ZrunError } from '../core/errors.js';
import type { Loop } from '../core/plan.js';
import type { Expression, Scope } from '../core/template.js';
import { findUnknown, isList, UnknownValueError, type Value, type ValueMap } from '../core/value.js';
import { describeValue, isTrue } from './judge.js';

interface LoopItem {
  readonly item: Value;
  readonly vars: ValueMap;
  readonly isLast: boolean;
}

/** Throws ZrunError `parameter-invalid` where it is no list, UnknownValueError where nobody knows it yet. */
function itemsOf(loop: Loop, scope: Scope): readonly LoopItem[] {
  const items = loop.items.render(scope);
  if (!isList(items)) {
    const unknown = findUnknown(items);
    if (unknown) throw new UnknownValueError(unknown.waitsFor);
    // Null stands for what is not there.
    throw new ZrunError(
      items === null ? 'expression-type' : 'parameter-invalid',
      `loop must be a list, not ${describeValue(items)}`,
      {
        at: loop.items.at,
        hint: 'write a list, or an expression that gives one',
      },
    );
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
      ...(loop.isExtended && { ansible_loop: extended(items, i, loop.hasAllItems) }),
    },
  }));
}

/**
 * The same where a condition may say that the loop is not run at all. As in Ansible, a list that cannot be had yet (of a
 * result that was skipped) is no failure where a condition, asked without an item, says no.
 */
export function itemsUnless(
  loop: Loop,
  scope: Scope,
  conditions: readonly Expression[],
): readonly LoopItem[] | { readonly skippedBy: Expression } {
  try {
    return itemsOf(loop, scope);
  } catch (error) {
    const skippedBy = isMissing(error) ? firstFalse(conditions, scope) : undefined;
    if (skippedBy) return { skippedBy };
    throw error;
  }
}

/** Something that is there, but is no list, is wrong whatever the conditions say. */
function isMissing(error: unknown): boolean {
  return !(error instanceof ZrunError && error.code === 'parameter-invalid');
}

function firstFalse(conditions: readonly Expression[], scope: Scope): Expression | undefined {
  try {
    return conditions.find((condition) => !isTrue(condition, scope));
  } catch {
    // A condition about an item: that there are none is what the user must know.
    return undefined;
  }
}

/** Ansible's `loop_control: extended`; `previtem` and `nextitem` are null at the ends. */
function extended(items: readonly Value[], i: number, withAll: boolean): ValueMap {
  return {
    ...(withAll && { allitems: items }),
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
