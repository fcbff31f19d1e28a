/** Owns the functions for maps, and for values that may be missing or of whatever kind. */
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import { FunctionError, nounOf, toList, toMap, toText, type FunctionEntry } from './function.js';

const topic = 'maps';

export const mapFunctions: readonly FunctionEntry[] = [
  {
    name: 'keys',
    topic,
    summary: "a map's keys",
    signatures: ['map.keys(): list<string>'],
    examples: [{ text: '{"b": 1, "a": 2}.keys()', gives: ['b', 'a'] }],
    filters: ['keys'],
    isShallow: true,
    apply: (map) => Object.keys(toMap(map)),
  },
  {
    name: 'values',
    topic,
    summary: "a map's values",
    signatures: ['map.values(): list'],
    examples: [{ text: '{"b": 1, "a": 2}.values()', gives: [1, 2] }],
    filters: ['values'],
    isShallow: true,
    apply: (map) => Object.values(toMap(map)),
  },
  {
    name: 'items',
    topic,
    summary: "a map's entries, each as {key, value}",
    signatures: ['map.items(): list'],
    examples: [{ text: '{"a": 1}.items()', gives: [{ key: 'a', value: 1 }] }],
    filters: ['dict2items', 'items'],
    isShallow: true,
    apply: (map) => Object.entries(toMap(map)).map(([key, value]) => ({ key, value })),
  },
  {
    name: 'fromItems',
    topic,
    summary: 'a map of entries {key, value}; of two with the same key, the last one',
    signatures: ['list.fromItems(): map'],
    examples: [{ text: '[{"key": "a", "value": 1}].fromItems()', gives: { a: 1 } }],
    filters: ['items2dict'],
    isShallow: true,
    apply: (list) =>
      Object.fromEntries(
        toList(list).map((item) => {
          if (!isMap(item) || !Object.hasOwn(item, 'key') || !Object.hasOwn(item, 'value'))
            throw new FunctionError('has an item that is no {key: …, value: …}');
          return [toText(item['key']), item['value'] ?? null];
        }),
      ),
  },
  {
    name: 'merge',
    topic,
    summary: 'a map with the entries of another one over its own; with true, maps in maps too',
    signatures: ['map.merge(over: map): map', 'map.merge(over: map, deep: bool): map'],
    examples: [
      { text: '{"a": 1, "b": 1}.merge({"b": 2})', gives: { a: 1, b: 2 } },
      { text: '{"a": {"x": 1}}.merge({"a": {"y": 2}}, true)', gives: { a: { x: 1, y: 2 } } },
    ],
    filters: ['combine'],
    isShallow: true,
    apply: (map, over, deep) => merge(toMap(map), toMap(over), deep === true, 0),
  },
];

const values = 'values';

export const valueFunctions: readonly FunctionEntry[] = [
  {
    name: 'default',
    topic: values,
    summary: 'a value, or another one where it is null or not there',
    signatures: ['default(value: dyn, otherwise: dyn): dyn'],
    examples: [
      { text: 'default({"a": 1}.b, 2)', gives: 2 },
      { text: 'default(null, "x")', gives: 'x' },
      { text: '{{default missing "x"}}', gives: 'x' },
    ],
    filters: ['default', 'd'],
    apply: (value, otherwise) => value ?? otherwise ?? null,
  },
  {
    name: 'toBool',
    topic: values,
    summary: 'a text as true or false, as -e flag=yes gives one: yes, on, true, 1 and their opposites',
    signatures: ['toBool(value: dyn): bool'],
    examples: [
      { text: 'toBool("yes")', gives: true },
      { text: '{{bool "off"}}', gives: false },
    ],
    helpers: ['bool', 'toBool'],
    filters: ['bool'],
    apply(value) {
      if (typeof value === 'boolean') return value;
      const text = toText(value).toLowerCase();
      if (['true', 'yes', 'on', 'y', 't', '1'].includes(text)) return true;
      if (['false', 'no', 'off', 'n', 'f', '0', ''].includes(text)) return false;
      throw new FunctionError(`is neither yes nor no: ${JSON.stringify(text)}`);
    },
  },
  {
    name: 'size',
    topic: values,
    summary: 'how many characters a text has, items a list, or entries a map',
    signatures: ['size(value: dyn): int'],
    examples: [
      { text: 'size([1, 2])', gives: 2 },
      { text: '{{size "abc"}}', gives: 3 },
    ],
    filters: ['length', 'count'],
    isBuiltIn: true,
    isShallow: true,
    apply(value) {
      if (isList(value)) return value.length;
      if (isMap(value)) return Object.keys(value).length;
      if (typeof value !== 'string') throw new FunctionError(`is ${nounOf(value)}, which has no size`);
      return Array.from(value).length;
    },
  },
];

const deepest = 100;

function merge(map: ValueMap, over: ValueMap, isDeep: boolean, depth: number): ValueMap {
  if (depth > deepest) throw new FunctionError(`is nested more than ${deepest} levels deep`);
  const inner = (key: string, value: Value): Value => {
    const below = Object.hasOwn(map, key) ? map[key] : undefined;
    return isDeep && isMap(value) && isMap(below) ? merge(below, value, true, depth + 1) : value;
  };
  return Object.fromEntries([
    ...Object.entries(map),
    ...Object.entries(over).map(([key, value]) => [key, inner(key, value)] as const),
  ]);
}
