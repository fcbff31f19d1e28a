/**
 * Owns which helpers templates can call: the functions of the table, and two that only the evaluator can do.
 */
import { isList, type Value } from '../../core/value.js';
import type { FunctionEntry } from '../functions/function.js';
import { arityOf, usageOf } from '../functions/signature.js';
import { functionsByHelper } from '../functions/table.js';

interface Helper {
  /** As a user writes it. */
  readonly usage: string;
  /** How many values it takes. */
  readonly arity: readonly [least: number, most: number];
  /** Left out: the evaluator does it. */
  readonly entry?: FunctionEntry;
}

/** `cel` compiles its value, and `lookup` must not look at what is not asked for. */
export const evaluatorsOwn: Readonly<Record<'cel' | 'lookup', Helper & { readonly summary: string }>> = {
  lookup: {
    usage: '{{lookup map key}}',
    summary: 'a part whose name is a value, as in {{lookup hostvars item "address"}}',
    arity: [2, Infinity],
  },
  cel: { usage: '{{cel "a + b"}}', summary: 'the value of a CEL expression', arity: [1, 1] },
};

/** Asked for at each call of a helper. */
const found = new Map<string, Helper>();

export function findHelper(name: string): Helper | undefined {
  if (name === 'cel' || name === 'lookup') return evaluatorsOwn[name];
  const known = found.get(name);
  if (known) return known;
  const entry = functionsByHelper.get(name);
  if (!entry) return undefined;
  const helper: Helper = { usage: usageOf(entry, name), arity: arityOf(entry), entry };
  found.set(name, helper);
  return helper;
}

export function helperNames(): readonly string[] {
  return [...functionsByHelper.keys(), ...Object.keys(evaluatorsOwn)];
}

/** Blocks: `{{#if x}}…{{else}}…{{/if}}` and so on, as Handlebars has them. */
export const blockHelpers: readonly string[] = ['if', 'unless', 'each', 'with'];

export function isEmpty(value: Value | undefined): boolean {
  if (value === undefined || value === null) return true;
  return isList(value) ? value.length === 0 : value === false || value === '' || value === 0;
}
