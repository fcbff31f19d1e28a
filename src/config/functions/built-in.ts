/** Owns what is said of those functions of CEL that have no helper: only the evaluator can do them, or they convert. */
import type { FunctionEntry } from './function.js';

export const builtInFunctions: readonly FunctionEntry[] = [
  {
    name: 'has',
    topic: 'values',
    summary: 'whether a part is there',
    signatures: ['has(value.part): bool'],
    examples: [{ text: 'cel.bind(x, {"a": 1}, has(x.a))', gives: true }],
    isBuiltIn: true,
  },
  {
    name: 'cel.bind',
    topic: 'values',
    summary: 'gives a value a name in an expression',
    signatures: ['cel.bind(name, value, expression): dyn'],
    examples: [{ text: 'cel.bind(x, 3, x * x)', gives: 9 }],
    isBuiltIn: true,
  },
  {
    name: 'orValue',
    topic: 'values',
    summary: 'what stands for a part that may not be there: x.?part.orValue(…)',
    signatures: ['optional.orValue(otherwise: dyn): dyn'],
    examples: [{ text: '{"a": 1}.?b.orValue(2)', gives: 2 }],
    isBuiltIn: true,
  },
  {
    name: 'type',
    topic: 'values',
    summary: 'of what type a value is',
    signatures: ['type(value: dyn): type'],
    examples: [{ text: 'type("a") == string', gives: true }],
    filters: ['type_debug'],
    isBuiltIn: true,
  },
  {
    name: 'int',
    topic: 'numbers',
    summary: 'a number, a text of digits or a time as a whole number',
    signatures: ['int(value: dyn): int'],
    examples: [{ text: 'int("12") + 1', gives: 13 }],
    filters: ['int'],
    isBuiltIn: true,
  },
  {
    name: 'double',
    topic: 'numbers',
    summary: 'a number or a text as a number with a fraction',
    signatures: ['double(value: dyn): double'],
    examples: [{ text: 'double("1.5") * 2.0', gives: 3 }],
    filters: ['float'],
    isBuiltIn: true,
  },
  {
    name: 'string',
    topic: 'text',
    summary: 'a number, true or false as a text',
    signatures: ['string(value: dyn): string'],
    examples: [{ text: 'string(8) + "G"', gives: '8G' }],
    filters: ['string'],
    isBuiltIn: true,
  },
  ...(
    [
      ['startsWith', 'prefix', 'whether a text begins with another one', '"web1".startsWith("web")'],
      ['endsWith', 'suffix', 'whether a text ends in another one', '"a.conf".endsWith(".conf")'],
      ['contains', 'part', 'whether a text holds another one', '"abc".contains("b")'],
    ] as const
  ).map(([name, parameter, summary, text]): FunctionEntry => ({
    ...{ name, topic: 'text', summary, isBuiltIn: true },
    signatures: [`string.${name}(${parameter}: string): bool`],
    examples: [{ text, gives: true }],
  })),
  {
    name: 'indexOf',
    topic: 'text',
    summary: 'where a text stands in another one, counted from 0; -1 where it does not',
    signatures: ['string.indexOf(part: string): int', 'string.indexOf(part: string, from: int): int'],
    examples: [{ text: '"a-b".indexOf("-")', gives: 1 }],
    isBuiltIn: true,
  },
  {
    name: 'lastIndexOf',
    topic: 'text',
    summary: 'where a text stands last in another one',
    signatures: ['string.lastIndexOf(part: string): int', 'string.lastIndexOf(part: string, from: int): int'],
    examples: [{ text: '"a-b-c".lastIndexOf("-")', gives: 3 }],
    isBuiltIn: true,
  },
  ...(
    [
      [
        'all',
        'bool',
        'whether a condition holds for all items of a list, or keys of a map',
        '[1, 2].all(x, x > 0)',
        true,
      ],
      ['exists', 'bool', 'whether a condition holds for any of them', '[1, 2].exists(x, x > 1)', true],
      [
        'exists_one',
        'bool',
        'whether a condition holds for just one of them',
        '[1, 2].exists_one(x, x > 1)',
        true,
      ],
      ['filter', 'list', 'those for which a condition holds', '[1, 2].filter(x, x > 1)', [2]],
      ['map', 'list', 'what an expression makes of each of them', '[1, 2].map(x, x * 2)', [2, 4]],
    ] as const
  ).map(([name, gives, summary, text, value]): FunctionEntry => ({
    ...{ name, topic: 'lists', summary, isBuiltIn: true },
    signatures: [`list.${name}(item, expression): ${gives}`],
    examples: [{ text, gives: value }],
    ...(name === 'filter' && { filters: ['select', 'selectattr', 'reject', 'rejectattr'] }),
    ...(name === 'map' && { filters: ['map'] }),
  })),
  {
    name: 'timestamp',
    topic: 'time',
    summary: 'a text in ISO 8601, or seconds since 1970, as a time: it can be compared, and a duration added',
    signatures: [
      'timestamp(text: string): google.protobuf.Timestamp',
      'timestamp(seconds: int): google.protobuf.Timestamp',
    ],
    examples: [
      { text: 'timestamp("2024-05-06T07:08:09Z") + duration("1h") > timestamp(0)', gives: true },
      { text: 'timestamp("2024-05-06T07:08:09Z").getFullYear()', gives: 2024 },
    ],
    isBuiltIn: true,
  },
  {
    name: 'duration',
    topic: 'time',
    summary: 'a length of time: 90s, 1h30m',
    signatures: ['duration(text: string): google.protobuf.Duration'],
    examples: [{ text: 'duration("1h30m") > duration("80m")', gives: true }],
    isBuiltIn: true,
  },
];
