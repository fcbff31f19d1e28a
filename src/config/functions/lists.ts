/**
 * Owns the functions for lists and sets of values. Names are those of CEL's extensions `lists` and `sets`, and of
 * Kubernetes' library (`sum`, `min`, `max`); those that CEL lacks have Ansible's.
 */
import { isList, type Value } from '../../core/value.js';
import {
  checkCount,
  compare,
  FunctionError,
  keyOf,
  toInt,
  toList,
  toNumber,
  toText,
  type FunctionEntry,
} from './function.js';

const topic = 'lists';

export const listFunctions: readonly FunctionEntry[] = [
  {
    name: 'sort',
    topic,
    summary: 'a list of numbers or of texts in their order',
    signatures: ['list.sort(): list'],
    examples: [
      { text: '[3, 1, 2].sort()', gives: [1, 2, 3] },
      { text: '{{sort (split "b,a" ",")}}', gives: ['a', 'b'] },
    ],
    filters: ['sort'],
    keepsItems: true,
    apply: (list) => [...toList(list)].sort(compare),
  },
  {
    name: 'sortBy',
    topic,
    summary: "a list in the order of an expression's values; a helper goes by the name of a part",
    signatures: ['list.sortBy(item, expression): list'],
    helperSignatures: ['list.sortBy(part: string): list'],
    examples: [
      { text: '[{"n": 2}, {"n": 1}].sortBy(x, x.n)', gives: [{ n: 1 }, { n: 2 }] },
      { text: '{{sortBy (json.decode "[{\\"n\\":2},{\\"n\\":1}]") "n"}}', gives: [{ n: 1 }, { n: 2 }] },
    ],
    keepsItems: true,
    apply: (list, part) =>
      sortByKeys(
        toList(list),
        toList(list).map((item) => partOf(item, toText(part))),
      ),
  },
  {
    name: 'distinct',
    topic,
    summary: 'a list without what was in it before',
    signatures: ['list.distinct(): list'],
    examples: [
      { text: '[1, 2, 1, 1.0].distinct()', gives: [1, 2] },
      { text: '{{distinct (split "a,b,a" ",")}}', gives: ['a', 'b'] },
    ],
    filters: ['unique'],
    keepsItems: true,
    apply: (list) => distinct(toList(list)),
  },
  {
    name: 'flatten',
    topic,
    summary: 'the items of the lists in a list; a number says how many levels',
    signatures: ['list.flatten(): list', 'list.flatten(levels: int): list'],
    examples: [
      { text: '[1, [2, [3]]].flatten()', gives: [1, 2, [3]] },
      { text: '[1, [2, [3]]].flatten(2)', gives: [1, 2, 3] },
    ],
    filters: ['flatten'],
    apply: (list, levels) => flatten(toList(list), levels === undefined ? 1 : toInt(levels)),
  },
  {
    name: 'slice',
    topic,
    summary: 'the items from one position up to another, counted from 0',
    signatures: ['list.slice(start: int, end: int): list'],
    examples: [{ text: '[1, 2, 3, 4].slice(1, 3)', gives: [2, 3] }],
    isShallow: true,
    keepsItems: true,
    apply(value, start, end) {
      const [list, from, to] = [toList(value), toInt(start), toInt(end)];
      if (from < 0 || to < from || to > list.length)
        throw new FunctionError(`has ${list.length} items, and none from ${from} to ${to}`);
      return list.slice(from, to);
    },
  },
  {
    name: 'reverse',
    topic,
    summary: 'a list or a text, the last first',
    signatures: ['list.reverse(): list', 'string.reverse(): string'],
    examples: [
      { text: '[1, 2].reverse()', gives: [2, 1] },
      { text: '"abc".reverse()', gives: 'cba' },
    ],
    filters: ['reverse'],
    isShallow: true,
    keepsItems: true,
    apply: (value) => (isList(value) ? value.toReversed() : Array.from(toText(value)).toReversed().join('')),
  },
  {
    name: 'first',
    topic,
    summary: 'the first item of a list, if there is one; else null in a template',
    signatures: ['list.first(): optional<dyn>'],
    examples: [
      { text: '[1, 2].first().orValue(0)', gives: 1 },
      { text: '[].first().orValue(0)', gives: 0 },
      { text: '{{first (split "a,b" ",")}}', gives: 'a' },
    ],
    filters: ['first'],
    isShallow: true,
    apply: (list) => toList(list)[0] ?? null,
  },
  {
    name: 'last',
    topic,
    summary: 'the last item of a list, if there is one; else null in a template',
    signatures: ['list.last(): optional<dyn>'],
    examples: [
      { text: '[1, 2].last().orValue(0)', gives: 2 },
      { text: '{{last (split "a,b" ",")}}', gives: 'b' },
    ],
    filters: ['last'],
    isShallow: true,
    apply: (list) => toList(list).at(-1) ?? null,
  },
  {
    name: 'zip',
    topic,
    summary: 'pairs of the items of two lists, as many as the shorter one has',
    signatures: ['list.zip(other: list): list'],
    examples: [
      {
        text: '["a", "b"].zip([1, 2])',
        gives: [
          ['a', 1],
          ['b', 2],
        ],
      },
    ],
    filters: ['zip'],
    isShallow: true,
    apply(list, other) {
      const [a, b] = [toList(list), toList(other)];
      return a.slice(0, b.length).map((item, i) => [item, b[i] ?? null]);
    },
  },
  {
    name: 'lists.range',
    topic,
    summary: 'the whole numbers from 0 up to a number, without it',
    signatures: ['lists.range(count: int): list'],
    examples: [{ text: 'lists.range(3)', gives: [0, 1, 2] }],
    apply(value) {
      const count = toInt(value);
      checkCount(count);
      return Array.from({ length: Math.max(0, count) }, (_, i) => i);
    },
  },
  {
    name: 'sum',
    topic,
    summary: 'the sum of a list of numbers',
    signatures: ['list.sum(): dyn'],
    examples: [{ text: '[1, 2, 3].sum()', gives: 6 }],
    filters: ['sum'],
    apply: (list) => toList(list).reduce<number>((sum, item) => sum + toNumber(item), 0),
  },
  {
    name: 'min',
    topic,
    summary: 'the least number or text of a list',
    signatures: ['list.min(): dyn'],
    examples: [{ text: '[3, 1, 2].min()', gives: 1 }],
    filters: ['min'],
    apply: (list) => extreme(toList(list), -1),
  },
  {
    name: 'max',
    topic,
    summary: 'the greatest number or text of a list',
    signatures: ['list.max(): dyn'],
    examples: [{ text: '[3, 1, 2].max()', gives: 3 }],
    filters: ['max'],
    apply: (list) => extreme(toList(list), 1),
  },
  {
    name: 'difference',
    topic,
    summary: 'what is in a list and not in another one, each once',
    signatures: ['list.difference(other: list): list'],
    examples: [{ text: '[1, 2, 3].difference([2])', gives: [1, 3] }],
    filters: ['difference'],
    keepsItems: true,
    apply(list, other) {
      const known = new Set(toList(other).map(keyOf));
      return distinct(toList(list)).filter((item) => !known.has(keyOf(item)));
    },
  },
  {
    name: 'intersect',
    topic,
    summary: 'what is in both lists, each once',
    signatures: ['list.intersect(other: list): list'],
    examples: [{ text: '[1, 2, 3].intersect([3, 2])', gives: [2, 3] }],
    filters: ['intersect'],
    keepsItems: true,
    apply(list, other) {
      const known = new Set(toList(other).map(keyOf));
      return distinct(toList(list)).filter((item) => known.has(keyOf(item)));
    },
  },
  {
    name: 'union',
    topic,
    summary: 'what is in either of two lists, each once',
    signatures: ['list.union(other: list): list'],
    examples: [{ text: '[1, 2].union([2, 3])', gives: [1, 2, 3] }],
    filters: ['union'],
    apply: (list, other) => distinct([...toList(list), ...toList(other)]),
  },
  {
    name: 'sets.contains',
    topic,
    summary: 'whether all that is in the second list is in the first',
    signatures: ['sets.contains(list: list, others: list): bool'],
    examples: [{ text: 'sets.contains([1, 2, 3], [3, 1])', gives: true }],
    filters: ['superset'],
    apply: (list, others) => containsAll(toList(list), toList(others)),
  },
  {
    name: 'sets.equivalent',
    topic,
    summary: 'whether two lists hold the same, in whatever order and however often',
    signatures: ['sets.equivalent(list: list, other: list): bool'],
    examples: [{ text: 'sets.equivalent([1, 2], [2, 1, 1])', gives: true }],
    apply: (list, other) =>
      containsAll(toList(list), toList(other)) && containsAll(toList(other), toList(list)),
  },
  {
    name: 'sets.intersects',
    topic,
    summary: 'whether two lists have anything in common',
    signatures: ['sets.intersects(list: list, other: list): bool'],
    examples: [{ text: 'sets.intersects([1, 2], [3])', gives: false }],
    apply(list, other) {
      const known = new Set(toList(list).map(keyOf));
      return toList(other).some((item) => known.has(keyOf(item)));
    },
  },
];

/** The items in the order of their keys; those of equal keys stay as they are. */
export function sortByKeys(items: readonly Value[], keys: readonly Value[]): readonly Value[] {
  const order = items.map((_, i) => i).sort((a, b) => compare(keys[a] ?? null, keys[b] ?? null));
  return order.map((i) => items[i] ?? null);
}

function partOf(item: Value, name: string): Value {
  if (typeof item === 'object' && item !== null && Object.hasOwn(item, name))
    return (item as Readonly<Record<string, Value>>)[name] ?? null;
  throw new FunctionError(`has an item without '${name}'`);
}

function distinct(list: readonly Value[]): readonly Value[] {
  const known = new Set<string>();
  return list.filter((item) => {
    const key = keyOf(item);
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
}

function flatten(list: readonly Value[], levels: number): readonly Value[] {
  if (levels < 0) throw new FunctionError(`cannot be flattened by ${levels} levels`);
  const flat: Value[] = [];
  const visit = (items: readonly Value[], left: number): void => {
    for (const item of items) {
      if (isList(item) && left > 0) visit(item, left - 1);
      else {
        flat.push(item);
        checkCount(flat.length);
      }
    }
  };
  visit(list, levels);
  return flat;
}

function extreme(list: readonly Value[], sign: 1 | -1): Value {
  if (list.length === 0) throw new FunctionError('is an empty list, which has no least and no greatest');
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function containsAll(list: readonly Value[], others: readonly Value[]): boolean {
  const known = new Set(list.map(keyOf));
  return others.every((item) => known.has(keyOf(item)));
}
