/**
 * Owns patterns of hosts: `all`, names, groups, globs, `~regex`, `a:b` and `a,b` (either), `a:&b` (both), `a:!b` (not),
 * `group[0]`, `group[0:2]`. As Ansible has them, but a name that does not exist is an error, and `web[1-3,5]` are names.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { nearest, type Place } from '../../core/errors.js';
import { globToRegex } from '../../core/glob.js';
import type { Host } from '../../core/host.js';
import { compileRegex, RegexError, type Regex } from '../../core/regex.js';
import type { Inventory } from './inventory.js';
import { hasRangeInGlob, namesInRanges } from './number-ranges.js';
import { errorAt } from '../source/findings.js';
import { unreadable } from '../source/source.js';

interface SelectOptions {
  /** Where a playbook names the pattern. */
  readonly at?: Place | undefined;
  /**
   * A host or a group of this name may come while the playbook runs: that it is not there is no error. Left out: nothing
   * may come.
   */
  readonly mayCome?: ((name: string) => boolean) | undefined;
  /** The same of what a limit names. */
  readonly limitMayCome?: ((name: string) => boolean) | undefined;
}

/** What `--limit` says, with the files that it names read. */
export interface Limit {
  readonly written: string;
  readonly terms: readonly Term[];
}

interface Term {
  readonly text: string;
  readonly at: Place | undefined;
}

/** What a pattern is part of, for errors. */
interface Asking {
  readonly inventory: Inventory;
  readonly said: 'the pattern' | 'the limit';
  readonly mayCome: SelectOptions['mayCome'];
}

/**
 * Reads the files that a limit names with `@`: one pattern a line, `#` begins a comment. Throws ZrunError
 * `file-unreadable`, or `no-hosts` where nothing is left.
 */
export async function readLimit(
  written: string | undefined,
  { cwd }: { readonly cwd: string },
): Promise<Limit | undefined> {
  if (written === undefined) return undefined;
  const terms: Term[] = [];
  for (const text of splitTerms(written)) {
    if (text.startsWith('@')) terms.push(...(await readTerms(cwd, text.slice(1))));
    else terms.push({ text, at: undefined });
  }
  if (terms.length > 0) return { written, terms };
  throw errorAt(
    undefined,
    'no-hosts',
    written.trim() === ''
      ? 'the limit is empty, and so names no host'
      : `the limit '${written}' is empty, and so names no host`,
    'leave out --limit to work on all hosts',
  );
}

async function readTerms(cwd: string, name: string): Promise<readonly Term[]> {
  const text = await readFile(path.resolve(cwd, name), 'utf8').catch((error: unknown) => {
    throw unreadable(name, error);
  });
  const source = { name, text };
  return [...text.matchAll(/[^\r\n]+/g)].flatMap((line) => {
    const written = line[0].trim();
    if (written === '' || written.startsWith('#')) return [];
    const start = line.index + line[0].indexOf(written);
    const at = { source, start, end: start + written.length };
    return splitTerms(written).map((term) => ({ text: term, at }));
  });
}

/**
 * The hosts of a pattern that are also in the limit, in the pattern's order: `canary:web` has the canaries first. Empty
 * where both match hosts, but none in common, and where the pattern's groups have no host. Throws ZrunError `no-hosts`
 * where the pattern or the limit names what the inventory does not have, and where the limit matches nothing by itself.
 */
export function selectHosts(
  inventory: Inventory,
  pattern: string,
  limit?: Limit,
  { at, mayCome, limitMayCome }: SelectOptions = {},
): readonly Host[] {
  const terms = splitTerms(pattern).map((text) => ({ text, at }));
  const hosts = matchTerms({ inventory, said: 'the pattern', mayCome }, pattern, terms, at);
  if (limit === undefined) return hosts;
  const asking: Asking = { inventory, said: 'the limit', mayCome: limitMayCome };
  const within = matchTerms(asking, limit.written, limit.terms, undefined);
  const names = new Set(within.map((host) => host.name));
  return hosts.filter((host) => names.has(host.name));
}

function matchTerms(
  asking: Asking,
  written: string,
  terms: readonly Term[],
  at: Place | undefined,
): readonly Host[] {
  const { inventory, said } = asking;
  if (terms.length === 0)
    throw errorAt(at, 'no-hosts', `${said} is empty, and so names no host`, 'write all for every host');
  const matched = new Set<string>();
  const either = terms.filter(({ text }) => !/^[!&]/.test(text));
  if (either.length === 0) for (const name of inventory.hosts.keys()) matched.add(name);
  const found = either.map((term) => matchTerm(asking, term));
  for (const name of found.flatMap((names) => names ?? [])) matched.add(name);
  for (const sign of ['&', '!']) {
    for (const { text, at: place } of terms.filter((one) => one.text.startsWith(sign))) {
      const names = new Set(matchTerm(asking, { text: text.slice(1).trim(), at: place }) ?? []);
      for (const name of matched) if (names.has(name) === (sign === '!')) matched.delete(name);
    }
  }
  // A group may have no host today; a limit without a host, and wildcards that stand for nothing, are mistakes.
  const isKnown = either.length === 0 || found.some((names) => names !== undefined);
  if (matched.size === 0 && !asking.mayCome && (said === 'the limit' || !isKnown))
    throw nothingMatched(asking, written, terms.length > either.length, at);
  return [...matched].flatMap((name) => {
    const host =
      inventory.hosts.get(name) ?? (name === 'localhost' ? inventory.implicitLocalhost : undefined);
    return host ?? [];
  });
}

function nothingMatched(
  { inventory, said }: Asking,
  written: string,
  isReduced: boolean,
  at: Place | undefined,
): Error {
  if (inventory.hosts.size === 0) {
    return errorAt(
      at,
      'no-hosts',
      `${said} '${written}' matches no host: the inventory is empty`,
      'zrun inventory --graph shows what is made of it',
    );
  }
  const hint = isReduced
    ? 'what is left after & and ! is nothing'
    : 'zrun inventory --graph shows all groups and hosts';
  return errorAt(at, 'no-hosts', `${said} '${written}' matches no host`, hint);
}

/**
 * As Ansible, splits at commas if there is one, else at colons; but not in brackets (ranges, classes of characters), nor in
 * a regular expression's parentheses and braces. An IPv6 address is one name.
 */
export function splitTerms(pattern: string): readonly string[] {
  const parts = splitOutside(pattern, ',');
  const isOne = parts.length === 1 && !isIpv6(pattern.trim().replace(/^[!&]/, ''));
  return (isOne ? splitOutside(pattern, ':') : parts).map((one) => one.trim()).filter((term) => term !== '');
}

function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? '';
    const isRegex = /^\s*[!&]?~/.test(part);
    if (character === '\\' && isRegex) {
      part += character + (text[i + 1] ?? '');
      i += 1;
      continue;
    }
    if (character === '[' || (isRegex && /[({]/.test(character))) depth += 1;
    else if (character === ']' || (isRegex && /[)}]/.test(character))) depth = Math.max(0, depth - 1);
    if (character === separator && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

/** Of several, `2001:db8::[1-3]`, too. */
function isIpv6(text: string): boolean {
  const one = text.replace(/\[\d[\d,-]*\]/, '0');
  return /^[0-9a-f:.]*$/i.test(one) && (one.match(/:/g) ?? []).length > 1;
}

/** Counts hosts by their place, from 0, in what stands before it. A dash between the places is Ansible's of old. */
const subscript = /^(?!~)(.+)\[(?:(-?\d+)|(\d+)([:-])(\d*))\]$/;

/** Who writes `web[1:3]` may mean the names web1 to web3. */
export function countsPlaces({ terms }: Limit): boolean {
  return terms.some(({ text }) => {
    const term = text.replace(/^[!&]\s*/, '');
    return namesInRanges(term) === undefined && subscript.test(term);
  });
}

/** Undefined: its wildcards stand for no host and no group. */
function matchTerm(asking: Asking, term: Term): readonly string[] | undefined {
  const { inventory } = asking;
  const { text, at } = term;
  if (text === '') throw errorAt(at, 'no-hosts', `${asking.said} has a ! or & with nothing behind it`);
  if (inventory.hosts.has(text)) return [text];
  if (text.startsWith('~')) return matchNames(inventory, readRegex(text.slice(1), asking, at));
  const numbered = namesInRanges(text);
  if (typeof numbered === 'string') throw wrongRange(term, numbered);
  if (numbered) return matchNumbered(asking, term, numbered);
  const range = subscript.exec(text);
  if (range) {
    const [, base = '', index, first = '', separator, last = ''] = range;
    if (separator === '-') throw dashedRange(term, base, first, last);
    const names = matchTerm(asking, { text: base, at });
    if (names === undefined || names.length === 0) return names;
    return index === undefined ? slice(names, first, last) : pick(names, Number(index), term, asking);
  }
  if (splitOutside(text, ':').length > 1 && !isIpv6(text)) throw mixedSeparators(asking, term);
  if (/[*?[]/.test(text)) {
    if (hasRangeInGlob(text)) throw rangeInGlob(term);
    return matchNames(inventory, globToRegex(text));
  }
  const group = inventory.groups.get(text);
  if (group) return group.hosts;
  if (/^(?:localhost|127\.0\.0\.1|::1)$/.test(text)) return ['localhost'];
  if (asking.mayCome?.(text) === true) return undefined;
  throw unknownName(asking, term);
}

/** Each is a host or a group. */
function matchNumbered(asking: Asking, term: Term, names: readonly string[]): readonly string[] | undefined {
  const { hosts, groups } = asking.inventory;
  const found: string[] = [];
  const missing: string[] = [];
  let mayCome = false;
  for (const name of names) {
    const members = hosts.has(name) ? [name] : groups.get(name)?.hosts;
    if (members) found.push(...members);
    else if (asking.mayCome?.(name) === true) mayCome = true;
    else missing.push(name);
  }
  if (missing.length > 0) throw missingNames(asking, term, missing, names.length);
  return mayCome && found.length === 0 ? undefined : found;
}

/** Groups by their own names, then hosts by theirs. */
function matchNames(inventory: Inventory, regex: Pick<Regex, 'test'>): readonly string[] | undefined {
  const groups = [...inventory.groups.values()].filter(({ name }) => regex.test(name));
  const hosts = [...inventory.hosts.keys()].filter((name) => regex.test(name));
  if (groups.length === 0 && hosts.length === 0) return undefined;
  return [...new Set([...groups.flatMap((group) => group.hosts), ...hosts])];
}

/** Ansible's `group[0:2]` has both ends; without the last, it goes to the end. */
function slice(names: readonly string[], first: string, last: string): readonly string[] {
  return names.slice(Number(first), last === '' ? undefined : Number(last) + 1);
}

function pick(
  names: readonly string[],
  index: number,
  { text, at }: Term,
  { said, mayCome }: Asking,
): readonly string[] {
  const name = names.at(index);
  if (name !== undefined) return [name];
  if (mayCome) return [];
  const many = names.length === 1 ? 'is 1 host' : `are ${names.length} hosts`;
  throw errorAt(
    at,
    'no-hosts',
    `${said} asks for '${text}', but there ${many}`,
    'the first is [0], the last is [-1]',
  );
}

function mixedSeparators({ said }: Asking, { text, at }: Term): Error {
  return errorAt(
    at,
    'no-hosts',
    `${said} has a comma, and so '${text}' would be one name`,
    `where there is a comma, a colon separates nothing, as in Ansible: write ${splitOutside(text, ':').join(',')}`,
  );
}

/** Behind a wildcard. */
function dashedRange({ text, at }: Term, base: string, first: string, last: string): Error {
  return errorAt(
    at,
    'no-hosts',
    `the range in '${text}' cannot be read`,
    `${base}[${first}:${last}] takes hosts by their place, from 0; numbers in names, as in web[001-006], have no wildcard beside them`,
  );
}

function rangeInGlob({ text, at }: Term): Error {
  return errorAt(
    at,
    'no-hosts',
    `the range in '${text}' cannot be read: beside another wildcard, brackets hold single characters`,
    'write names as web[001-006,009], with one pair of brackets and no * or ?; others with a comma between them',
  );
}

function wrongRange({ text, at }: Term, reason: string): Error {
  const [, base = '', first = ''] = /^(.+)\[(\d+)-\]$/.exec(text) ?? [];
  const hint =
    base === ''
      ? 'write names as web[001-006,009]'
      : `${base}[${first}:] takes hosts by their place, from 0; names are written as web[001-006,009]`;
  return errorAt(at, 'no-hosts', `the range in '${text}' ${reason}`, hint);
}

function withoutZeros(name: string): string {
  return name.replace(/(?<!\d)0+(?=\d)/g, '');
}

/** Names that an error tells. */
const namedMissing = 8;

function missingNames(asking: Asking, term: Term, missing: readonly string[], of: number): Error {
  const { text, at } = term;
  const { hosts, groups } = asking.inventory;
  const [first = ''] = missing;
  const areAll = missing.length === of;
  // Numbers with zeros in front are those of names, and no places.
  const [, base = '', from = '', to = ''] = /^([^[]+)\[(0|[1-9]\d*)-(\d+)\]$/.exec(text) ?? [];
  const others = [...hosts.keys(), ...groups.keys()].filter((name) => name !== base);
  const alike = others.find((name) => withoutZeros(name) === withoutZeros(first));
  const near = areAll ? (alike ?? nearest(first, others)) : undefined;
  const hint =
    near !== undefined
      ? `did you mean '${near}'?`
      : areAll && groups.has(base)
        ? `${base}[${from}:${to}] takes hosts of the group ${base} by their place, from 0`
        : 'each name of a range must be there; a regular expression takes those that are, as in ~web0[1-3]';
  const shown =
    missing.length > namedMissing
      ? `${missing.slice(0, namedMissing - 1).join(', ')} and ${missing.length - namedMissing + 1} more`
      : missing.join(', ');
  return errorAt(
    at,
    'no-hosts',
    `${asking.said} names '${text}', but ${shown} ${missing.length === 1 ? 'is' : 'are'} no host and no group of the inventory`,
    hint,
  );
}

/** From the beginning of the name, as Python's re.match. RE2 does not know Python's \Z. */
function readRegex(text: string, { said }: Asking, at: Place | undefined): Regex {
  const [, flags = '', rest = ''] = /^(\(\?[a-zA-Z]+\))?([\s\S]*)$/.exec(text) ?? [];
  try {
    return compileRegex(`${flags}^(?:${rest.replaceAll('\\Z', '\\z')})`);
  } catch (cause) {
    if (!(cause instanceof RegexError)) throw cause;
    const message = `${said} '~${text}' is not a regular expression that works: ${cause.reason}`;
    throw errorAt(at, 'no-hosts', message, cause.hint, { cause });
  }
}

function unknownName({ inventory, said }: Asking, { text: name, at }: Term): Error {
  const near = nearest(name, [...inventory.hosts.keys(), ...inventory.groups.keys()]);
  const known = [...inventory.groups.keys()]
    .filter((group) => group !== 'ungrouped')
    .slice(0, 12)
    .join(', ');
  const hint =
    near === undefined
      ? known === 'all' && inventory.hosts.size === 0
        ? 'the inventory is empty: zrun inventory --graph shows what is made of it'
        : `there are the groups ${known}`
      : `did you mean '${near}'?`;
  return errorAt(
    at,
    'no-hosts',
    `${said} names '${name}', which is no host and no group of the inventory`,
    hint,
  );
}
