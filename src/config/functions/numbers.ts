/** Owns the functions for numbers: those of CEL's extension `math`, and sizes in bytes. */
import { formatBytes, parseBytes } from '../../core/bytes.js';
import { isList, type Value } from '../../core/value.js';
import { compare, FunctionError, toNumber, toText, type FunctionEntry } from './function.js';

const topic = 'numbers';

function rounding(
  name: string,
  summary: string,
  example: readonly [number, number],
  round: (n: number) => number,
): FunctionEntry {
  return {
    name,
    topic,
    summary,
    signatures: [`${name}(number: double): int`, `${name}(number: int): int`],
    examples: [{ text: `${name}(${String(example[0])})`, gives: example[1] }],
    ...(name === 'math.round' && { filters: ['round'] }),
    apply(value) {
      const rounded = round(toNumber(value));
      if (!Number.isSafeInteger(rounded)) throw new FunctionError('is no number that can be rounded');
      return rounded === 0 ? 0 : rounded;
    },
  };
}

export const numberFunctions: readonly FunctionEntry[] = [
  {
    name: 'math.greatest',
    topic,
    summary: 'the greatest of some numbers, or of a list of them',
    signatures: ['math.greatest(...numbers: dyn): dyn'],
    examples: [
      { text: 'math.greatest(1, 5, 3)', gives: 5 },
      { text: 'math.greatest([1, 2])', gives: 2 },
      { text: '{{math.greatest 1 5}}', gives: 5 },
    ],
    apply: (...numbers) => extreme(numbers, 1),
  },
  {
    name: 'math.least',
    topic,
    summary: 'the least of some numbers, or of a list of them',
    signatures: ['math.least(...numbers: dyn): dyn'],
    examples: [{ text: 'math.least(1, -5, 3)', gives: -5 }],
    apply: (...numbers) => extreme(numbers, -1),
  },
  rounding('math.ceil', 'the next whole number upwards', [1.2, 2], Math.ceil),
  rounding('math.floor', 'the next whole number downwards', [-1.2, -2], Math.floor),
  rounding('math.round', 'the nearest whole number; halves go away from zero', [-1.5, -2], (n) =>
    n < 0 ? -Math.round(-n) : Math.round(n),
  ),
  rounding('math.trunc', 'a number without what stands behind its point', [-1.7, -1], Math.trunc),
  {
    name: 'math.abs',
    topic,
    summary: 'a number without its sign',
    signatures: ['math.abs(number: dyn): dyn'],
    examples: [{ text: 'math.abs(-3)', gives: 3 }],
    filters: ['abs'],
    apply: (number) => Math.abs(toNumber(number)),
  },
  {
    name: 'math.sign',
    topic,
    summary: '-1, 0 or 1',
    signatures: ['math.sign(number: dyn): int'],
    examples: [{ text: 'math.sign(-3)', gives: -1 }],
    apply: (number) => Math.sign(toNumber(number)),
  },
  {
    name: 'toBytes',
    topic,
    summary: 'a size as a number of bytes: units are powers of 1024, whatever their spelling',
    signatures: ['toBytes(size: string): int', 'toBytes(size: int): int'],
    examples: [
      { text: 'toBytes("64GiB")', gives: 68719476736 },
      { text: '{{toBytes "1K"}}', gives: 1024 },
    ],
    filters: ['human_to_bytes'],
    apply(size) {
      const count = typeof size === 'number' ? size : parseBytes(toText(size));
      if (count === undefined)
        throw new FunctionError(`'${toText(size)}' is not a size; write it as in 64GiB`);
      return count;
    },
  },
  {
    name: 'humanBytes',
    topic,
    summary: 'a number of bytes for people: 8589934592 is 8 GiB',
    signatures: ['humanBytes(count: int): string', 'humanBytes(count: double): string'],
    helperSignatures: ['humanBytes(count: dyn): string'],
    examples: [
      { text: 'humanBytes(8589934592)', gives: '8 GiB' },
      { text: '{{bytes 1536}}', gives: '1.5 KiB' },
    ],
    helpers: ['bytes', 'humanBytes'],
    filters: ['human_readable', 'filesizeformat'],
    apply(value) {
      const count = typeof value === 'string' ? parseBytes(value) : value;
      if (typeof count !== 'number') throw new FunctionError('is not a number of bytes');
      return formatBytes(count);
    },
  },
];

function extreme(given: readonly (Value | undefined)[], sign: 1 | -1): Value {
  const [only] = given;
  const numbers = (given.length === 1 && isList(only) ? only : given).map(toNumber);
  if (numbers.length === 0) throw new FunctionError('there are no numbers to choose from');
  return numbers.reduce((best, each) => (compare(each, best) * sign > 0 ? each : best));
}
