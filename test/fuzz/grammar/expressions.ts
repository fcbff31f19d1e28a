/** Owns CEL expressions, most of them of the right form, some in the manner of other languages. */
import type { Random } from '../random.js';
import { number, quoted, variableNames } from './words.js';

export const expressionTokens = [
  '&&',
  '||',
  '==',
  '!=',
  '?',
  ':',
  ' in ',
  ' and ',
  ' not ',
  '.?',
  '[?',
  'has(',
  'size(',
  '.map(x, ',
  '|',
];

const functions = [
  'size',
  'int',
  'string',
  'double',
  'bool',
  'has',
  'type',
  'dyn',
  'toBytes',
  'humanBytes',
  'versionAtLeast',
  'basename',
  'timestamp',
  'duration',
  'sizze',
] as const;

const methods = [
  'startsWith',
  'endsWith',
  'contains',
  'matches',
  'size',
  'split',
  'join',
  'replace',
  'orValue',
  'substring',
  'trim',
  'getHours',
] as const;

const macros = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;

export function expression(random: Random, depth = 4): string {
  const inner = (): string => expression(random, depth - 1);
  if (depth <= 0) return atom(random);
  return random.one(
    () => atom(random),
    () => `${inner()} ${random.pick(['==', '!=', '<', '<=', '>', '>=', 'in'])} ${inner()}`,
    () => `${inner()} ${random.pick(['&&', '||'])} ${inner()}`,
    () => `${inner()} ${random.pick(['+', '-', '*', '/', '%'])} ${inner()}`,
    () => `!${inner()}`,
    () => `-${inner()}`,
    () => `(${inner()})`,
    () => `${inner()} ? ${inner()} : ${inner()}`,
    () => `${inner()}.${random.pick([...variableNames, 'stdout', 'rc', 'docker', 'length'])}`,
    () => `${inner()}[${inner()}]`,
    () => `${inner()}.?${random.pick(variableNames)}.orValue(${inner()})`,
    () => `${random.pick(functions)}(${random.many(0, 3, inner).join(', ')})`,
    () => `${inner()}.${random.pick(methods)}(${random.many(0, 2, inner).join(', ')})`,
    () => `${inner()}.${random.pick(macros)}(${random.pick(['x', 'a', 'item'])}, ${inner()})`,
    () => `cel.bind(${random.pick(['x', 'a'])}, ${inner()}, ${inner()})`,
    () => `[${random.many(0, 3, inner).join(', ')}]`,
    () => `{${random.many(0, 2, () => `${inner()}: ${inner()}`).join(', ')}}`,
    () => foreign(random, inner),
  );
}

function atom(random: Random): string {
  return random.one(
    () => random.pick(variableNames),
    () => random.pick(variableNames),
    () => number(random),
    () => quoted(random),
    'true',
    'false',
    'null',
    'x',
    'string',
    "r'\\d+'",
    'b"x"',
    '1u',
  );
}

function foreign(random: Random, inner: () => string): string {
  return random.one(
    () => `${inner()} and ${inner()}`,
    () => `${inner()} or ${inner()}`,
    () => `not ${inner()}`,
    () => `${inner()} is defined`,
    () => `${inner()} | default(${inner()})`,
    () => `${inner()} = ${inner()}`,
    () => `{{ ${inner()} }}`,
    () => `${inner()} not in ${inner()}`,
    () => `"${inner()}`,
    () => `${inner()} === ${inner()}`,
  );
}
