/**
 * Owns how the names of many hosts are written: names that only a number tells apart as a range, `web[001-120]`, and then
 * the first few, or all in lines.
 */
import { displayWidth } from './visible.js';

/** Names that a grouped line tells when it does not matter much which they are. */
const NAMED_HOSTS = 4;
/** Columns of ranges that are still told in passing. */
const WIDEST_LIST = 60;

/** A name around one of its numbers. */
interface Numbered {
  readonly before: string;
  readonly digits: string;
  readonly after: string;
}

/**
 * Names, which are safe to print, with ranges for those that differ in one number only, each where its first host stands.
 * Two names stay whole.
 */
export function foldNames(names: readonly string[]): readonly string[] {
  if (names.length < 3) return names;
  const counts = new Map<string, number>();
  for (const name of names)
    for (const { before, after } of numbersIn(name)) {
      const key = keyOf(before, after);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  const groups = new Map<string, { readonly around: Numbered; readonly digits: string[] }>();
  for (const name of names) {
    const around = mostShared(name, counts);
    const key = around ? keyOf(around.before, around.after) : name;
    const group = groups.get(key);
    if (group) group.digits.push(around?.digits ?? '');
    else
      groups.set(key, {
        around: around ?? { before: name, digits: '', after: '' },
        digits: [around?.digits ?? ''],
      });
  }
  return [...groups.values()].map(({ around: { before, after }, digits }) => {
    const [only = ''] = digits;
    return digits.length === 1
      ? `${before}${only}${after}`
      : `${before}[${rangesOf(digits).join(',')}]${after}`;
  });
}

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
function rangesOf(digits: readonly string[]): string[] {
  const sorted = [...new Set(digits)].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const ranges: { readonly first: string; last: string }[] = [];
  for (const each of sorted) {
    const range = ranges.at(-1);
    if (range && each === following(range.last)) range.last = each;
    else ranges.push({ first: each, last: each });
  }
  return ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
}

function following(digits: string): string {
  const next = digits.length < 16 ? String(Number(digits) + 1) : String(BigInt(digits) + 1n);
  return digits.startsWith('0') ? next.padStart(digits.length, '0') : next;
}

/** All names where they are short, or else the first few, and how many more. */
export function someOf(names: readonly string[]): string {
  const folded = foldNames(names);
  const all = folded.join(', ');
  if (names.length <= NAMED_HOSTS || (folded.length <= NAMED_HOSTS && displayWidth(all) <= WIDEST_LIST))
    return all;
  const shown = names.slice(0, NAMED_HOSTS - 1);
  return `${shown.join(', ')} and ${names.length - shown.length} more`;
}

/** All names, in lines of a bearable length. */
export function wrapNames(all: readonly string[], columns = 100): string[] {
  const names = foldNames(all);
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

const nameInText = new Map<string, RegExp>();

const address = /\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/;
const addresses = new RegExp(address, 'g');

export const hasAddress = (text: string): boolean => address.test(text);

/** Texts about equal things on two hosts are equal without these: the name of the host, and addresses. */
export function withoutHost(text: string, host: string): string {
  const anonymous = text.includes(host) ? text.replace(patternOf(host), '<host>') : text;
  return anonymous.replace(addresses, '<address>');
}

/** A name as a word by itself. One without a letter could be any number. */
function patternOf(host: string): RegExp {
  const known = nameInText.get(host);
  if (known) return known;
  const escaped = host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = /[A-Za-z]/.test(host)
    ? new RegExp(`(?<![\\w.-])${escaped}(?![\\w-]|\\.\\w)`, 'g')
    : /(?!)/g;
  nameInText.set(host, pattern);
  return pattern;
}
