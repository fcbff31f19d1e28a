/**
 * Owns how the names of many hosts are written: names that only a number tells apart as a range, `web[001-120]`, and then
 * the first few, or all in lines.
 */
import { displayWidth } from '../visible.js';

/** Columns of names that are told in passing. */
const WIDEST_LIST = 60;

/** A name around one of its numbers. */
interface Numbered {
  readonly before: string;
  readonly digits: string;
  readonly after: string;
}

/** Names that differ in one number only. */
interface Folded {
  readonly before: string;
  readonly ranges: readonly Range[];
  readonly after: string;
}

/** `001` or `001-003`, and of how many names. */
interface Range {
  readonly text: string;
  readonly count: number;
}

/** Names, which are safe to print, in order, with ranges for those that differ in one number only. */
export function foldNames(names: readonly string[]): readonly string[] {
  if (names.length < 2) return names;
  return fold(names).map((folded) => format(folded, folded.ranges));
}

function fold(names: readonly string[]): readonly Folded[] {
  const counts = new Map<string, number>();
  for (const name of names)
    for (const { before, after } of numbersIn(name)) {
      const key = keyOf(before, after);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  const groups = new Map<string, { readonly around: Numbered; readonly digits: Set<string> }>();
  for (const name of names) {
    const around = mostShared(name, counts) ?? { before: name, digits: '', after: '' };
    const key = keyOf(around.before, around.after);
    const group = groups.get(key);
    if (group) group.digits.add(around.digits);
    else groups.set(key, { around, digits: new Set([around.digits]) });
  }
  return [...groups.values()]
    .map(({ around: { before, after }, digits }) => ({ before, ranges: rangesOf([...digits]), after }))
    .sort((a, b) => compare(a.before, b.before) || compare(a.after, b.after));
}

/** Some of its names, or all. */
function format({ before, after, ranges: all }: Folded, ranges: readonly Range[]): string {
  const [only] = all;
  const text = ranges.map((range) => range.text).join(',');
  return all.length === 1 && only?.count === 1 ? `${before}${text}${after}` : `${before}[${text}]${after}`;
}

/** As people sort names: numbers in them count as such. */
function compare(a: string, b: string): number {
  // Made when it is needed: a start is quicker without it.
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b);
}

let collator: Intl.Collator | undefined;

function keyOf(before: string, after: string): string {
  return `${before}\u0000${after}`;
}

/** A fleet's names are folded again for each task. */
const numbersOf = new Map<string, readonly Numbered[]>();

function numbersIn(name: string): readonly Numbered[] {
  let numbers = numbersOf.get(name);
  if (numbers) return numbers;
  numbers = [...name.matchAll(/\d+/g)].map((found) => ({
    before: name.slice(0, found.index),
    digits: found[0],
    after: name.slice(found.index + found[0].length),
  }));
  numbersOf.set(name, numbers);
  return numbers;
}

/** The number that tells a name apart from most others, the last of several. Undefined where no other is like it. */
function mostShared(name: string, counts: ReadonlyMap<string, number>): Numbered | undefined {
  let best: Numbered | undefined;
  let most = 1;
  for (const numbered of numbersIn(name)) {
    const count = counts.get(keyOf(numbered.before, numbered.after)) ?? 0;
    if (count > 1 && count >= most) [best, most] = [numbered, count];
  }
  return best;
}

/** `001`, `002`, `003`, `007` as `001-003`, `007`. Zeros in front count: `08` does not follow `7`. */
function rangesOf(digits: readonly string[]): readonly Range[] {
  const sorted = [...digits].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const ranges: { readonly first: string; last: string; count: number }[] = [];
  for (const each of sorted) {
    const range = ranges.at(-1);
    if (range && each === following(range.last)) [range.last, range.count] = [each, range.count + 1];
    else ranges.push({ first: each, last: each, count: 1 });
  }
  return ranges.map(({ first, last, count }) => ({
    text: first === last ? first : `${first}-${last}`,
    count,
  }));
}

function following(digits: string): string {
  const next = digits.length < 16 ? String(Number(digits) + 1) : String(BigInt(digits) + 1n);
  return digits.startsWith('0') ? next.padStart(digits.length, '0') : next;
}

/** All names where they are short, or else the first few, and how many more. The log has each by itself. */
export function someOf(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  const groups = fold(names);
  const all = groups.map((folded) => format(folded, folded.ranges)).join(', ');
  if (displayWidth(all) <= WIDEST_LIST) return all;
  const shown: string[] = [];
  let left = new Set(names).size;
  for (const folded of groups) {
    const most = fittingRanges(folded, WIDEST_LIST - displayWidth(shown.join(', ')));
    // The first is told, however long it is.
    const ranges = folded.ranges.slice(0, shown.length === 0 ? Math.max(1, most) : most);
    if (ranges.length > 0) shown.push(format(folded, ranges));
    left -= ranges.reduce((sum, { count }) => sum + count, 0);
    if (ranges.length < folded.ranges.length) break;
  }
  return left === 0 ? all : `${shown.join(', ')} and ${left} more`;
}

/** How many of its ranges so many columns have room for. */
function fittingRanges(folded: Folded, columns: number): number {
  let count = folded.ranges.length;
  while (count > 0 && displayWidth(format(folded, folded.ranges.slice(0, count))) > columns) count--;
  return count;
}

/** In pieces that have room in a line. */
function splitRanges(folded: Folded, columns: number): readonly string[] {
  const pieces: string[] = [];
  for (let rest = folded; rest.ranges.length > 0;) {
    const count = Math.max(1, fittingRanges(rest, columns));
    pieces.push(format(rest, rest.ranges.slice(0, count)));
    rest = { ...rest, ranges: rest.ranges.slice(count) };
  }
  return pieces;
}

/** All names, in lines of a bearable length. */
export function wrapNames(all: readonly string[], columns = 76): string[] {
  const names = all.length < 2 ? all : fold(all).flatMap((folded) => splitRanges(folded, columns - 1));
  const lines: string[] = [];
  let line = '';
  names.forEach((name, i) => {
    const piece = i === names.length - 1 ? name : `${name},`;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(piece) > columns) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  });
  return line === '' ? lines : [...lines, line];
}
