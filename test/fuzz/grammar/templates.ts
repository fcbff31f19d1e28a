/** Owns templates: texts with Handlebars in them, right and wrong. */
import type { Random } from '../random.js';
import { expression } from './expressions.js';
import { number, quoted, text, variableNames } from './words.js';

export const templateTokens = [
  '{{',
  '}}',
  '{{{',
  '{{#if ',
  '{{/if}}',
  '{{else}}',
  '{{#each ',
  '{{/each}}',
  ' as |x|',
  '../',
  '@root.',
  '@index',
  '{{!-- ',
  '~}}',
  '{{> ',
  '\\{{',
];

const helpers = [
  'sh',
  'json',
  'default',
  'join',
  'upper',
  'lower',
  'basename',
  'bytes',
  'cel',
  'uper',
] as const;

export function template(random: Random, depth = 3): string {
  return random.many(1, 4, () => piece(random, depth)).join('');
}

function piece(random: Random, depth: number): string {
  const inner = (): string => (depth <= 0 ? text(random) : template(random, depth - 1));
  return random.one(
    () => text(random),
    () => `{{${value(random)}}}`,
    () => `{{ ${value(random)} }}`,
    () => `{{~${value(random)}~}}`,
    () => `{{{${value(random)}}}}`,
    () => `{{${call(random)}}}`,
    () => `{{${call(random)}}}`,
    () => `{{cel ${JSON.stringify(expression(random, 2))}}}`,
    () => `{{#if ${value(random)}}}${inner()}{{else}}${inner()}{{/if}}`,
    () => `{{#unless (${call(random)})}}${inner()}{{/unless}}`,
    () => `{{#each ${path(random)}}}${inner()}{{/each}}`,
    () => `{{#each ${path(random)} as |x key|}}${inner()}{{x}}{{/each}}`,
    () => `{{#with ${path(random)}}}${inner()}{{/with}}`,
    () => `{{! ${text(random)} }}`,
    () => `{{#${random.pick(variableNames)}}}${inner()}{{/${random.pick(variableNames)}}}`,
    () => `\\{{${value(random)}}}`,
    () => `{{> ${random.pick(variableNames)}}}`,
    () => `{{${value(random)} | default(${quoted(random)})}}`,
    () => `{{#if ${value(random)}}}${inner()}`,
    '{{.Driver}}',
    '{{json .}}',
    '{{',
  );
}

function call(random: Random): string {
  return `${random.pick(helpers)} ${random.many(0, 3, () => value(random)).join(' ')}`;
}

function value(random: Random): string {
  return random.one(
    () => path(random),
    () => path(random),
    () => quoted(random),
    () => number(random),
    'true',
    'null',
    () => `(${random.pick(helpers)} ${path(random)})`,
    () => `x=${path(random)}`,
  );
}

function path(random: Random): string {
  return random.one(
    () => random.pick(variableNames),
    () => random.pick(variableNames),
    () => `${random.pick(variableNames)}.${random.pick(variableNames)}`,
    () => `${random.pick(variableNames)}.[${number(random)}]`,
    () => `@root.${random.pick(variableNames)}`,
    () => `../${random.pick(variableNames)}`,
    'this',
    '.',
    '@index',
    '@key',
    'x',
  );
}
