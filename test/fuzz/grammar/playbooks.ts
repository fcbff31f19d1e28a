/** Owns playbooks: keywords and parameters that exist, with values that fit or do not. */
import { modules } from '../../../src/modules/index.js';
import { keywords } from '../../../src/config/playbook/reading/keywords.js';
import type { Random } from '../random.js';
import { expression } from './expressions.js';
import { pattern } from './inventories.js';
import { template } from './templates.js';
import { flow, scalar } from './yaml.js';
import { text, variableNames } from './words.js';

const keywordNames = Object.keys(keywords);
const moduleNames = [...modules.keys()];

export const playbookTokens = [
  ...keywordNames.map((name) => `${name}: `),
  ...moduleNames.map((name) => `${name}: `),
];

export function playbook(random: Random): string {
  return random.many(1, 2, () => play(random)).join('');
}

function play(random: Random): string {
  if (random.chance(0.05))
    return `- import_playbook: ${random.pick(['other.yaml', 'play.yaml', 'missing.yaml', '..', '"{{a}}"'])}\n`;
  return [
    `- hosts: ${JSON.stringify(random.chance(0.8) ? 'all' : pattern(random))}\n`,
    ...random.many(0, 3, () => `  ${keyword(random)}\n`),
    random.chance(0.5) ? '  gather_facts: false\n' : '',
    random.chance(0.3)
      ? `  vars:\n${random.many(1, 3, () => `    ${random.pick(variableNames)}: ${flow(random, 2)}\n`).join('')}`
      : '',
    random.chance(0.2)
      ? `  roles: [${random.pick(['one', 'missing', '{role: one, a: 1}', '{x: y}', '"{{a}}"', '../one'])}]\n`
      : '',
    `  ${random.pick(['tasks', 'tasks', 'tasks', 'pre_tasks', 'post_tasks'])}:\n`,
    ...random.many(1, 4, () => step(random, '    ', 2)),
    random.chance(0.3) ? `  handlers:\n${random.many(1, 2, () => step(random, '    ', 0)).join('')}` : '',
  ].join('');
}

function step(random: Random, indent: string, depth: number): string {
  if (depth > 0 && random.chance(0.2)) {
    const part = (name: string): string =>
      `${indent}  ${name}:\n${random.many(1, 3, () => step(random, `${indent}    `, depth - 1)).join('')}`;
    return [
      `${indent}- name: ${scalar(random)}\n`,
      part(random.pick(['block', 'block', 'block', 'rescue'])),
      random.chance(0.5) ? part('rescue') : '',
      random.chance(0.3) ? part('always') : '',
    ].join('');
  }
  return [
    `${indent}- ${random.chance(0.2) ? include(random) : call(random)}\n`,
    ...random.many(0, 4, () => `${indent}  ${keyword(random)}\n`),
  ].join('');
}

function include(random: Random): string {
  return random.one(
    () =>
      `${random.pick(['include_tasks', 'import_tasks'])}: ${random.pick(['more.yaml', 'self.yaml', 'missing.yaml', '"{{a}}.yaml"', '{file: more.yaml}', '[a]', ''])}`,
    () =>
      `${random.pick(['include_role', 'import_role'])}: ${random.pick(['{name: one}', 'one', '{name: missing}', '{name: one, tasks_from: x}', '{}'])}`,
    () => `meta: ${random.pick(['flush_handlers', 'end_host', 'noop', 'x', '"{{a}}"', '[]'])}`,
    () => `include_vars: ${random.pick(['vars.yaml', 'missing.yaml', '{file: vars.yaml}'])}`,
  );
}

function call(random: Random): string {
  const name = random.pick(moduleNames);
  const module = modules.get(name);
  const written = random.chance(0.1) ? `ansible.builtin.${name}` : random.chance(0.03) ? `${name}x` : name;
  if (random.chance(0.2))
    return `${written}: ${JSON.stringify(random.chance(0.5) ? template(random) : text(random))}`;
  if (random.chance(0.1)) return `${written}: ${flow(random)}`;
  const parameters = Object.keys(module?.params.shape ?? {});
  const given = random.many(0, 4, () =>
    parameters.length > 0 && random.chance(0.9) ? random.pick(parameters) : random.pick(variableNames),
  );
  return `${written}: {${[...new Set(given)].map((one) => `${one}: ${parameterValue(random, one)}`).join(', ')}}`;
}

function parameterValue(random: Random, name: string): string {
  if (name === 'that' || name === 'var') return JSON.stringify(expression(random, 2));
  return random.one(
    () => flow(random, 2),
    () => JSON.stringify(template(random, 1)),
    () =>
      random.pick([
        '/srv/x',
        'present',
        'started',
        'true',
        'yes',
        '"0644"',
        '3',
        'one.hbs',
        'plain.txt',
        '[a, b]',
      ]),
  );
}

function keyword(random: Random): string {
  const name = random.chance(0.95)
    ? random.pick(keywordNames)
    : random.pick(['whn', 'with_items', 'x', '{{ a }}']);
  return `${name}: ${keywordValue(random, name)}`;
}

function keywordValue(random: Random, name: string): string {
  if (random.chance(0.15)) return flow(random);
  switch (name) {
    case 'when':
    case 'until':
    case 'changed_when':
    case 'failed_when':
      return random.chance(0.7)
        ? JSON.stringify(expression(random, 3))
        : `[${random.many(0, 3, () => JSON.stringify(expression(random, 2))).join(', ')}]`;
    case 'loop':
      return random.one(() => flow(random, 2), '[1, 2]', '"{{list}}"', '"{{facts.docker.volumes}}"');
    case 'vars':
    case 'environment':
      return `{${random.many(0, 3, () => `${random.pick(variableNames)}: ${flow(random, 2)}`).join(', ')}}`;
    case 'register':
      return random.pick(variableNames);
    case 'loop_control':
      return random.pick([
        '{loop_var: x}',
        '{label: "{{item}}"}',
        '{index_var: i, extended: true}',
        '{x: y}',
        '[]',
        '{pause: 1}',
      ]);
    case 'serial':
    case 'max_fail_percentage':
    case 'throttle':
    case 'retries':
    case 'delay':
    case 'timeout':
      return random.pick([
        '1',
        '0',
        '-1',
        '10%',
        '"10%"',
        '[1, 10%, 100%]',
        '1.5',
        'many',
        '"{{a}}"',
        '1000000',
        '[]',
        '120%',
      ]);
    case 'vars_files':
      return random.pick([
        '[vars.yaml]',
        'vars.yaml',
        '[missing.yaml]',
        '[[vars.yaml, x.yaml]]',
        '["{{a}}"]',
        '[..]',
      ]);
    case 'vars_prompt':
      return random.pick([
        '[{name: a}]',
        '[{name: a, prompt: b, private: no}]',
        '[{}]',
        'a',
        '[{name: "a b"}]',
      ]);
    case 'tags':
    case 'notify':
    case 'listen':
      return random.pick(['a', '[a, b]', '"a,b"', '[]', '"{{a}}"', '{}', 'always', 'never']);
    default:
      return random.one(() => scalar(random), 'true', 'false', 'all', '[]', '{}', '3');
  }
}
