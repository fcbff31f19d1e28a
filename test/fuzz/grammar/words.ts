/** Owns the small pieces of which all grammars are made: names, numbers, texts. */
import type { Random } from '../random.js';

export const variableNames = [
  'a',
  'size',
  'item',
  'facts',
  'out',
  'nothing',
  'list',
  'deep',
  'word',
  'inventory_hostname',
  'group_names',
  'groups',
  'misspelt',
  'constructor',
  '__proto__',
] as const;

export const hostNames = [
  'web1',
  'web2',
  'db1',
  'localhost',
  'web',
  'all',
  '10.0.0.1',
  '::1',
  'a.b',
  'x',
] as const;

export function number(random: Random): string {
  return random.one(
    () => String(random.int(10)),
    () => String(random.int(100_000)),
    '-1',
    '0',
    '007',
    '0644',
    '1.5',
    '1e3',
    '9007199254740993',
    '1e999',
    '0x1F',
    '0o17',
  );
}

export function text(random: Random): string {
  return random.one(
    'a',
    '',
    ' ',
    'a b',
    "it's",
    'say "x"',
    'zfs',
    '/var/lib/docker',
    'ünï',
    '😀',
    'a\\nb',
    '#x',
    'x: y',
    '%',
    '$HOME',
    '../..',
    'true',
    'null',
  );
}

export function quoted(random: Random): string {
  return random.chance(0.5) ? JSON.stringify(text(random)) : `'${text(random).replaceAll("'", '')}'`;
}
