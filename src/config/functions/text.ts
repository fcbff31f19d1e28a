/** Owns the functions for texts. Names are those of CEL's own library and its extension `strings`. */
import { quote } from '../../core/shell.js';
import { isList, type Value } from '../../core/value.js';
import {
  checkCount,
  checkLength,
  FunctionError,
  nounOf,
  toInt,
  toList,
  toNumber,
  toText,
  type FunctionEntry,
} from './function.js';

const topic = 'text';

export const textFunctions: readonly FunctionEntry[] = [
  {
    name: 'replace',
    topic,
    summary: 'a text in which another one stands in the place of each old one, or of the first few',
    signatures: [
      'string.replace(old: string, new: string): string',
      'string.replace(old: string, new: string, most: int): string',
    ],
    examples: [
      { text: '"a-b-c".replace("-", "_")', gives: 'a_b_c' },
      { text: '"a-b-c".replace("-", "_", 1)', gives: 'a_b-c' },
      { text: '{{replace "a-b" "-" "_"}}', gives: 'a_b' },
    ],
    filters: ['replace'],
    apply: (text, old, by, most) => replaceText(toText(text), toText(old), toText(by), most),
  },
  {
    name: 'split',
    topic,
    summary: 'the parts of a text between a separator; with a number, at most so many',
    signatures: [
      'string.split(separator: string): list<string>',
      'string.split(separator: string, most: int): list<string>',
    ],
    examples: [
      { text: '"a,b,c".split(",")', gives: ['a', 'b', 'c'] },
      { text: '"a,b,c".split(",", 2)', gives: ['a', 'b,c'] },
      { text: '{{split "a,b" ","}}', gives: ['a', 'b'] },
    ],
    filters: ['split'],
    isBuiltIn: true,
    apply: (text, separator, most) => splitText(toText(text), toText(separator), most),
  },
  {
    name: 'join',
    topic,
    summary:
      'a list of texts, numbers and booleans as one text, with a separator between them; a helper takes ", " if none is given',
    signatures: ['list.join(): string', 'list.join(separator: string): string'],
    examples: [
      { text: '["a", "b"].join("-")', gives: 'a-b' },
      { text: '[1, 2.5, true].join(" ")', gives: '1 2.5 true' },
      { text: '{{join (split "a,b" ",") "+"}}', gives: 'a+b' },
    ],
    filters: ['join'],
    replacesBuiltIn: true,
    apply: joinTexts,
  },
  {
    name: 'trim',
    topic,
    summary: 'without white space at its ends',
    signatures: ['string.trim(): string'],
    examples: [
      { text: '"  a b ".trim()', gives: 'a b' },
      { text: '{{trim " a "}}', gives: 'a' },
    ],
    filters: ['trim', 'strip'],
    isBuiltIn: true,
    apply: (text) => toText(text).trim(),
  },
  {
    name: 'lowerAscii',
    topic,
    summary: 'in small letters',
    signatures: ['string.lowerAscii(): string'],
    examples: [
      { text: '"Web1".lowerAscii()', gives: 'web1' },
      { text: '{{lower "Web1"}}', gives: 'web1' },
    ],
    helpers: ['lower', 'lowerAscii'],
    filters: ['lower'],
    isBuiltIn: true,
    apply: (text) => toText(text).toLowerCase(),
  },
  {
    name: 'upperAscii',
    topic,
    summary: 'in capitals',
    signatures: ['string.upperAscii(): string'],
    examples: [
      { text: '"Web1".upperAscii()', gives: 'WEB1' },
      { text: '{{upper "Web1"}}', gives: 'WEB1' },
    ],
    helpers: ['upper', 'upperAscii'],
    filters: ['upper'],
    isBuiltIn: true,
    apply: (text) => toText(text).toUpperCase(),
  },
  {
    name: 'capitalize',
    topic,
    summary: 'with a capital first, and small letters behind it',
    signatures: ['string.capitalize(): string'],
    examples: [{ text: '"debIAN".capitalize()', gives: 'Debian' }],
    filters: ['capitalize'],
    apply(text) {
      const [first = '', ...rest] = toText(text);
      return first.toUpperCase() + rest.join('').toLowerCase();
    },
  },
  {
    name: 'format',
    topic,
    summary:
      'a text with values in the place of %s, %d, %f (%.2f), %e, %x, %X, %o and %b; %05d is at least five wide, with zeros, %-5s with blanks behind',
    signatures: ['string.format(values: list): string'],
    helperSignatures: ['format(...text: dyn): string'],
    examples: [
      { text: '"%05d|%-4s|%6.2f".format([42, "a", 2.5])', gives: '00042|a   |  2.50' },
      { text: '{{format "%s:%04d" "h" 80}}', gives: 'h:0080' },
      { text: '"%s has %d of %.1f".format(["a", 3, 2.55])', gives: 'a has 3 of 2.5' },
      { text: '"%x %%".format([255])', gives: 'ff %' },
      { text: '{{format "%s:%d" (split "h,80" ",")}}', gives: 'h:80' },
    ],
    filters: ['format'],
    precheck: (text) => {
      if (text !== undefined) for (const { verb, kind } of placesIn(toText(text))) checkKind(verb, kind);
    },
    // A list alone has the values; a template, which has no lists, may write them one by one.
    apply: (text, ...values) =>
      formatText(toText(text), values.length === 1 && isList(values[0]) ? values[0] : values),
  },
  {
    name: 'substring',
    topic,
    summary: 'the part of a text from one position up to another, counted from 0',
    signatures: ['string.substring(start: int): string', 'string.substring(start: int, end: int): string'],
    examples: [{ text: '"2024-05".substring(0, 4)', gives: '2024' }],
    replacesBuiltIn: true,
    apply(text, start, end) {
      const whole = toText(text);
      const [from, to] = [toInt(start), end === undefined ? whole.length : toInt(end)];
      if (from < 0 || to < from || to > whole.length)
        throw new FunctionError(`has ${whole.length} characters, and none from ${from} to ${to}`);
      return whole.substring(from, to);
    },
  },
  {
    name: 'charAt',
    topic,
    summary: 'the character at a position, counted from 0; an empty text behind the last one',
    signatures: ['string.charAt(index: int): string'],
    examples: [{ text: '"abc".charAt(1)', gives: 'b' }],
    apply(text, index) {
      const [whole, at] = [toText(text), toInt(index)];
      if (at < 0 || at > whole.length)
        throw new FunctionError(`has ${whole.length} characters, and none at ${at}`);
      return whole.charAt(at);
    },
  },
  {
    name: 'indent',
    topic,
    summary: 'a text with blanks before every line but the first; before that one too with true',
    signatures: ['string.indent(count: int): string', 'string.indent(count: int, first: bool): string'],
    examples: [
      { text: '"a\\nb".indent(2)', gives: 'a\n  b' },
      { text: '"a\\nb".indent(2, true)', gives: '  a\n  b' },
    ],
    filters: ['indent'],
    apply(text, count, first) {
      const width = toInt(count);
      if (width < 0 || width > 1000) throw new FunctionError(`cannot be indented by ${width}: 0 to 1000`);
      const [head = '', ...rest] = prefixLines(toText(text), ' '.repeat(width), { skipsEmpty: true });
      return [
        first === true ? head : head.slice(Math.min(width, head.length - head.trimStart().length)),
        ...rest,
      ].join('\n');
    },
  },
  {
    name: 'prefixLines',
    topic,
    summary: 'a text with another one before each line, as before the lines of a comment',
    signatures: ['string.prefixLines(prefix: string): string'],
    examples: [{ text: '"a\\nb".prefixLines("# ")', gives: '# a\n# b' }],
    filters: ['comment'],
    apply: (text, prefix) => prefixLines(toText(text), toText(prefix), { skipsEmpty: false }).join('\n'),
  },
  {
    name: 'lines',
    topic,
    summary: 'the lines of a text; a line break at its end begins no line',
    signatures: ['string.lines(): list<string>'],
    examples: [{ text: '"a\\nb\\n".lines()', gives: ['a', 'b'] }],
    filters: ['splitlines'],
    apply(text) {
      const whole = toText(text).replace(/\r?\n$/, '');
      return whole === '' ? [] : splitText(whole.replaceAll('\r\n', '\n'), '\n', undefined);
    },
  },
  {
    name: 'strings.quote',
    topic,
    summary: 'a text in double quotes, what is special in it escaped',
    signatures: ['strings.quote(text: string): string'],
    examples: [{ text: String.raw`strings.quote("a\"b")`, gives: String.raw`"a\"b"` }],
    apply: (text) => JSON.stringify(toText(text)),
  },
  {
    name: 'sh',
    topic,
    summary: 'quotes a value as one word of a shell; a list as several',
    signatures: ['sh(value: dyn): string'],
    examples: [
      { text: 'sh("a b")', gives: "'a b'" },
      { text: '{{sh (split "a b,c" ",")}}', gives: "'a b' c" },
    ],
    filters: ['quote'],
    apply: (value) =>
      isList(value) ? value.map((item) => quote(toText(item))).join(' ') : quote(toText(value)),
  },
];

function replaceText(text: string, old: string, by: string, most: Value | undefined): string {
  const limit = most === undefined ? -1 : toInt(most);
  if (limit === 0) return text;
  const count = old === '' ? text.length + 1 : countOf(text, old);
  const times = limit < 0 ? count : Math.min(limit, count);
  checkLength(text.length + times * (by.length - old.length));
  if (old === '') return insertBetween(text, by, times);
  if (limit < 0) return text.replaceAll(old, () => by);
  const parts = text.split(old);
  return [...parts.slice(0, times), parts.slice(times).join(old)].join(by);
}

function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}

/** An empty text is found before each character, and at the end. */
function insertBetween(text: string, by: string, times: number): string {
  const characters = Array.from(text.slice(0, times));
  const head = characters.map((each) => by + each).join('');
  return head + (times > text.length ? by : '') + text.slice(times);
}

function splitText(text: string, separator: string, most: Value | undefined): readonly string[] {
  const limit = most === undefined ? -1 : toInt(most);
  if (limit === 0) return [];
  checkCount(separator === '' ? text.length : countOf(text, separator) + 1);
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function prefixLines(
  text: string,
  prefix: string,
  { skipsEmpty }: { readonly skipsEmpty: boolean },
): readonly string[] {
  checkLength(text.length + (countOf(text, '\n') + 1) * prefix.length);
  const end = text.endsWith('\n') ? [''] : [];
  const lines = (end.length > 0 ? text.slice(0, -1) : text).split('\n');
  return [...lines.map((line) => (skipsEmpty && line === '' ? line : prefix + line)), ...end];
}

/** A helper has a separator of its own, an expression none. */
function joinTexts(list: Value | undefined, separator: Value | undefined): string {
  const between = separator === undefined ? ', ' : toText(separator);
  const texts = toList(list).map((item) => {
    if (typeof item !== 'object') return toText(item);
    throw new FunctionError(
      `has an item that is ${nounOf(item)}, and no text`,
      'make texts of the items first, as in list.map(x, x.name)',
    );
  });
  checkLength(texts.reduce((sum, each) => sum + each.length + between.length, 0));
  return texts.join(between);
}

interface FormatPlace {
  /** As it is written: `%05d`. */
  readonly verb: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly kind: string;
  readonly start: number;
}

/** What is to be replaced in a text for `format`; `%%` too. */
function placesIn(text: string): readonly FormatPlace[] {
  return [...text.matchAll(/%(?:%|([-+0 ]*)(\d{1,9})?(?:\.(\d{1,9}))?([a-zA-Z])?)/g)].map((match) => {
    const [verb, flags = '', width = '0', precision, kind = verb === '%%' ? '%' : ''] = match;
    return {
      ...{ verb, flags, kind, start: match.index, width: Number(width) },
      precision: precision === undefined ? undefined : Number(precision),
    };
  });
}

function formatText(text: string, values: readonly (Value | undefined)[]): string {
  let next = 0;
  let made = '';
  let end = 0;
  for (const place of placesIn(text)) {
    const { verb, kind, start } = place;
    made += text.slice(end, start);
    end = start + verb.length;
    if (kind === '%') {
      made += '%';
      continue;
    }
    if (next >= values.length)
      throw new FunctionError(`has more places than there are values (${values.length}): '${verb}'`);
    next += 1;
    made += formatOne(values[next - 1] ?? null, place, next);
    checkLength(made.length + text.length - end);
  }
  if (next < values.length)
    throw new FunctionError(`has ${next} places, and there are ${values.length} values`);
  return made + text.slice(end);
}

const bases: ReadonlyMap<string, number> = new Map([
  ['b', 2],
  ['o', 8],
  ['x', 16],
  ['X', 16],
]);
const kinds = ['s', 'd', 'f', 'e', ...bases.keys()];

function checkKind(verb: string, kind: string): void {
  if (kind === '%' || kinds.includes(kind)) return;
  throw new FunctionError(
    `has '${verb}', which stands for no value`,
    `there are ${kinds.map((each) => `%${each}`).join(', ')}, with a width as in %5d, %05d and %-5s; %% is a percent sign`,
  );
}

/** `number`: which of the values it is, counted from 1. */
function formatOne(
  value: Value,
  { verb, flags, width, precision, kind }: FormatPlace,
  number: number,
): string {
  checkKind(verb, kind);
  if ((precision ?? 0) > 100) throw new FunctionError(`has '${verb}', and 100 is the most digits`);
  if (width > 1000) throw new FunctionError(`has '${verb}', and 1000 is the greatest width`);
  const written = writeOne(value, verb, kind, precision ?? 6, number);
  const sign = /^[-+]?/.exec(kind === 's' ? '' : written)?.[0] ?? '';
  const plus = kind !== 's' && sign === '' && flags.includes('+') ? '+' : '';
  if (flags.includes('-')) return (plus + written).padEnd(width);
  if (!flags.includes('0') || kind === 's') return (plus + written).padStart(width);
  return plus + sign + written.slice(sign.length).padStart(width - plus.length - sign.length, '0');
}

function writeOne(value: Value, verb: string, kind: string, precision: number, number: number): string {
  if (kind === 's') return typeof value === 'object' ? JSON.stringify(value) : toText(value);
  try {
    if (kind === 'f') return toNumber(value).toFixed(precision);
    if (kind === 'e') return toNumber(value).toExponential(precision);
    const base = bases.get(kind);
    const digits = toInt(value).toString(base);
    return kind === 'X' ? digits.toUpperCase() : digits;
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const needs = kind === 'f' || kind === 'e' ? 'a number' : 'a whole number';
    throw new FunctionError(`value ${number} is ${nounOf(value)}, and '${verb}' needs ${needs}`);
  }
}
