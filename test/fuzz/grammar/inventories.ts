/** Owns inventories in YAML and INI, lists of hosts, and patterns over them. */
import type { Random } from '../random.js';
import { flow, scalar } from './yaml.js';
import { hostNames, number, text } from './words.js';

export const inventoryTokens = [
  'hosts:',
  'children:',
  'vars:',
  '[1:3]',
  '[a:c]',
  'ansible_host: ',
  'ansible_port: ',
  'all:',
  '[web]\n',
  ':children]',
  ':vars]',
];

const connection = [
  'ansible_host',
  'ansible_port',
  'ansible_user',
  'ansible_connection',
  'ansible_become',
  'ansible_become_method',
  'ansible_ssh_common_args',
  'ansible_ssh_private_key_file',
  'ansible_group_priority',
  'zrun_proxy_jump',
  'size',
] as const;

const groupNames = ['all', 'web', 'db', 'ungrouped', 'a', 'b', 'odd name', 'web-1'] as const;

export function yamlInventory(random: Random): string {
  return random.many(1, 3, () => `${random.pick(groupNames)}:${group(random, '  ', 3)}\n`).join('');
}

function group(random: Random, indent: string, depth: number): string {
  if (random.chance(0.1)) return ` ${flow(random)}`;
  return random
    .many(0, 3, () =>
      random.one(
        () => `\n${indent}hosts:${hosts(random, `${indent}  `)}`,
        () => `\n${indent}vars:${vars(random, `${indent}  `)}`,
        () =>
          depth <= 0
            ? ''
            : `\n${indent}children:${random.many(0, 3, () => `\n${indent}  ${random.pick(groupNames)}:${group(random, `${indent}    `, depth - 1)}`).join('')}`,
        () => `\n${indent}${random.pick(['host', 'hosts', 'plugin', 'x'])}: ${scalar(random)}`,
      ),
    )
    .join('');
}

function hosts(random: Random, indent: string): string {
  return random.many(0, 4, () => `\n${indent}${host(random)}:${vars(random, `${indent}  `)}`).join('');
}

function vars(random: Random, indent: string): string {
  return random.many(0, 3, () => `\n${indent}${random.pick(connection)}: ${flow(random, 1)}`).join('');
}

/** A host's name, often with a range. */
export function host(random: Random): string {
  return random.one(
    () => random.pick(hostNames),
    () => `${random.pick(hostNames)}:${number(random)}`,
    () => `web[${number(random)}:${number(random)}]`,
    () => `web[01:${random.pick(['9', '09', '20', '010'])}].example.org`,
    () => `db-[${random.pick(['a', 'z', 'A', '1', ''])}:${random.pick(['c', 'a', 'Z', '9', ''])}]`,
    () => `x[1:9:${number(random)}]y[a:c]`,
    () => `x[0:999999999]`,
    () => `[${number(random)}`,
    () => text(random),
  );
}

export function hostList(random: Random): string {
  return random.many(0, 5, () => host(random)).join(random.pick([',', ', ', ',,'])) + random.pick([',', '']);
}

export function iniInventory(random: Random): string {
  return random
    .many(1, 10, () =>
      random.one(
        () => `[${random.pick(groupNames)}]`,
        () => `[${random.pick(groupNames)}:${random.pick(['vars', 'children', 'hosts', 'x', ''])}]`,
        () => host(random),
        () =>
          `${host(random)} ${random.many(1, 3, () => `${random.pick(connection)}=${iniValue(random)}`).join(' ')}`,
        () => `${random.pick(connection)} ${random.pick(['=', ' = ', '', ':'])}${iniValue(random)}`,
        () => random.pick(groupNames),
        () => random.pick(['# c', '; c', '', ' ', '[', ']', '[]', '[a', '=', 'a b', '"']),
      ),
    )
    .join('\n');
}

function iniValue(random: Random): string {
  return random.one(
    () => number(random),
    () => text(random),
    () => JSON.stringify(text(random)),
    "{'a': 1, 'b': [1, 2]}",
    '[1, (2, 3)]',
    'True',
    'None',
    "u'x'",
    "'a' # c",
    '"a',
    '{{ size }}',
    () => '['.repeat(random.int(40)),
  );
}

export const patternTokens = [':&', ':!', ',', '~', '*', '[0]', '[1:]', '[-1]', '@', '?'];

export function pattern(random: Random): string {
  return random
    .many(1, 4, () => `${random.pick(['', '', '&', '!', '&!'])}${term(random)}`)
    .join(random.pick([':', ',', ':', ', ']));
}

function term(random: Random): string {
  return random.one(
    () => random.pick(hostNames),
    () => random.pick(groupNames),
    () => `${random.pick(hostNames)}*`,
    () => `~${random.pick(['web', '^w', '(a|b)', '[', '(', 'web\\d+$', '.*', '(?<n>x)', '\\'])}`,
    () =>
      `${random.pick(groupNames)}[${random.pick(['0', '-1', '1:', ':2', '0:1', '9', 'a', '0-1', '', '5:1'])}]`,
    () => `@${text(random)}`,
    '*',
    '',
    ' ',
    '!',
    '[a-c]*',
  );
}
