/**
 * Owns patterns of hosts: `all`, names, groups, globs, `~regex`, `a:b` and `a,b` (either), `a:&b` (both), `a:!b` (not),
 * `group[0]`, `group[0:2]`. As Ansible has them.
 */
import { nearest, type Place } from '../core/errors.js';
import type { Host } from '../core/host.js';
import type { Inventory } from './inventory.js';
import { errorAt } from './report.js';

export interface SelectOptions {
  /** Where a playbook names the pattern. */
  readonly at?: Place | undefined;
}

/**
 * The hosts of a pattern that are also in the limit, in the inventory's order. Empty where both match hosts, but none
 * in common. Throws ZrunError `no-hosts` where the pattern or the limit matches nothing by itself, or names what the
 * inventory does not have.
 */
export function selectHosts(
  inventory: Inventory,
  pattern: string,
  limit?: string,
  { at }: SelectOptions = {},
): readonly Host[] {
  const hosts = matchHosts(inventory, pattern, 'the pattern', at);
  if (limit === undefined) return hosts;
  if (limit.trim() === '') {
    throw errorAt(
      undefined,
      'no-hosts',
      'the limit is empty, and so names no host',
      'leave out --limit to work on all hosts',
    );
  }
  const within = new Set(matchHosts(inventory, limit, 'the limit', undefined).map((host) => host.name));
  return hosts.filter((host) => within.has(host.name));
}

function matchHosts(
  inventory: Inventory,
  pattern: string,
  said: string,
  at: Place | undefined,
): readonly Host[] {
  const terms = splitTerms(pattern);
  if (terms.length === 0)
    throw errorAt(at, 'no-hosts', `${said} names no host`, "write 'all' for every host");
  const matched = new Set<string>();
  let isFirst = true;
  const either = terms.filter((term) => !/^[!&]/.test(term));
  if (either.length === 0) for (const name of inventory.hosts.keys()) matched.add(name);
  for (const term of either) for (const name of matchTerm(inventory, term, said, at)) matched.add(name);
  for (const sign of ['&', '!']) {
    for (const term of terms.filter((one) => one.startsWith(sign))) {
      const names = new Set(matchTerm(inventory, term.slice(1), said, at));
      for (const name of matched) if (names.has(name) === (sign === '!')) matched.delete(name);
      isFirst = false;
    }
  }
  if (matched.size === 0) {
    const quoted = `${said} '${pattern}'`;
    if (inventory.hosts.size === 0) {
      throw errorAt(
        at,
        'no-hosts',
        `${quoted} matches no host: the inventory is empty`,
        'give an inventory with -i',
      );
    }
    const hint = isFirst
      ? 'zrun … --list-hosts shows what a pattern matches'
      : 'what is left after & and ! is nothing';
    throw errorAt(at, 'no-hosts', `${quoted} matches no host`, hint);
  }
  const local =
    matched.has('localhost') && !inventory.hosts.has('localhost') ? [inventory.implicitLocalhost] : [];
  return [...[...inventory.hosts.values()].filter((host) => matched.has(host.name)), ...local];
}

/** Splits at colons and commas, but not inside the brackets of a range, a regular expression's colons included. */
function splitTerms(pattern: string): string[] {
  if (pattern.trimStart().startsWith('~')) return [pattern.trim()];
  return pattern
    .split(/[,:](?![^[]*\])/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function matchTerm(
  inventory: Inventory,
  term: string,
  said: string,
  at: Place | undefined,
): readonly string[] {
  if (term.startsWith('~')) return matchNames(inventory, compileRegex(term.slice(1), said, at));
  const range = /^(.*)\[(-?\d+)(?:(:)(-?\d+)?)?\]$/.exec(term);
  if (range) {
    const [, base = '', first = '0', colon, last] = range;
    return slice(matchTerm(inventory, base, said, at), Number(first), colon !== undefined, last);
  }
  if (/[*?[]/.test(term)) return matchNames(inventory, globToRegex(term));
  const group = inventory.groups.get(term);
  if (group) return group.hosts;
  if (term === 'all') return [...inventory.hosts.keys()];
  if (inventory.hosts.has(term)) return [term];
  if (/^(?:localhost|127\.0\.0\.1|::1)$/.test(term)) return ['localhost'];
  throw unknownName(inventory, term, said, at);
}

/** Groups by their own names, hosts by theirs. */
function matchNames(inventory: Inventory, regex: RegExp): readonly string[] {
  const names = new Set<string>();
  for (const group of inventory.groups.values()) {
    if (regex.test(group.name)) for (const host of group.hosts) names.add(host);
  }
  for (const host of inventory.hosts.keys()) if (regex.test(host)) names.add(host);
  return [...names];
}

/** Ansible's `group[0:2]` has both ends. */
function slice(
  names: readonly string[],
  first: number,
  isRange: boolean,
  last: string | undefined,
): readonly string[] {
  if (!isRange) return names.slice(first, first === -1 ? undefined : first + 1);
  const end = last === undefined || last === '-1' ? undefined : Number(last) + 1;
  return names.slice(first, end);
}

function globToRegex(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text.replaceAll('[!', '[^')}$`);
}

function compileRegex(text: string, said: string, at: Place | undefined): RegExp {
  try {
    return new RegExp(`^(?:${text})`);
  } catch (cause) {
    throw errorAt(at, 'no-hosts', `${said} '~${text}' is not a regular expression`, undefined, { cause });
  }
}

function unknownName(inventory: Inventory, name: string, said: string, at: Place | undefined): Error {
  const near = nearest(name, [...inventory.hosts.keys(), ...inventory.groups.keys()]);
  const known = [...inventory.groups.keys()]
    .filter((group) => group !== 'ungrouped')
    .slice(0, 12)
    .join(', ');
  const hint =
    near === undefined
      ? known === ''
        ? 'give an inventory with -i'
        : `there are the groups ${known}`
      : `did you mean '${near}'?`;
  return errorAt(
    at,
    'no-hosts',
    `${said} names '${name}', which is no host and no group of the inventory`,
    hint,
  );
}
