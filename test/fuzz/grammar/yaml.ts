/** Owns YAML of any shape, and the few ways to write a value of a given one. */
import type { Random } from '../random.js';
import { template } from './templates.js';
import { number, quoted, text, variableNames } from './words.js';

export const yamlTokens = [
  '- ',
  ': ',
  '? ',
  '&a ',
  '*a',
  '<<: *a',
  '!raw ',
  '!vault ',
  '!!binary ',
  '|2\n',
  '>\n',
  '{a: b}',
  '[a, b]',
  '"',
  "'",
  '# c\n',
  '---\n',
  '%YAML 1.1\n',
];

export function yaml(random: Random, depth = 4, indent = ''): string {
  if (depth <= 0 || random.chance(0.3)) return scalar(random);
  return random.one(
    () => blockMap(random, depth, indent),
    () => blockMap(random, depth, indent),
    () => blockList(random, depth, indent),
    () => flow(random, depth),
    () => blockText(random, indent),
    () => `&${random.pick(['a', 'b'])} ${scalar(random)}`,
    () => `*${random.pick(['a', 'b'])}`,
    () => `${random.pick(['!raw', '!unsafe', '!vault', '!!str', '!!int', '!x'])} ${scalar(random)}`,
  );
}

function blockMap(random: Random, depth: number, indent: string): string {
  const next = `${indent}  `;
  const entries = random.many(1, 4, () => `\n${next}${key(random)}: ${yaml(random, depth - 1, next)}`);
  const anchor = random.chance(0.1) ? `&${random.pick(['a', 'b'])}` : '';
  return anchor + entries.join('');
}

function blockList(random: Random, depth: number, indent: string): string {
  const next = `${indent}  `;
  return random.many(1, 4, () => `\n${next}- ${yaml(random, depth - 1, `${next}  `)}`).join('');
}

function blockText(random: Random, indent: string): string {
  const next = `${indent}  `;
  const header = random.pick(['|', '>', '|-', '>-', '|+', '>2', '| # c']);
  return (
    header +
    random.many(1, 4, () => `\n${next}${random.chance(0.3) ? template(random, 1) : text(random)}`).join('')
  );
}

/** A value on one line. */
export function flow(random: Random, depth = 3): string {
  if (depth <= 0) return scalar(random);
  return random.one(
    () => scalar(random),
    () => `[${random.many(0, 4, () => flow(random, depth - 1)).join(', ')}]`,
    () => `{${random.many(0, 3, () => `${key(random)}: ${flow(random, depth - 1)}`).join(', ')}}`,
  );
}

function key(random: Random): string {
  return random.one(
    () => random.pick(variableNames),
    () => random.pick(['name', 'hosts', 'vars', 'children', 'tasks', 'when', 'command', 'copy']),
    () => random.pick(['<<', '"a b"', '1', 'true', 'null', '{{ a }}', '? x', '[a]', '~', 'a.b', '"{{a}}"']),
  );
}

export function scalar(random: Random): string {
  return random.one(
    () => number(random),
    () => quoted(random),
    () => JSON.stringify(template(random, 1)),
    () => `'${template(random, 1).replaceAll("'", "''")}'`,
    () =>
      random.pick([
        'yes',
        'no',
        'true',
        'False',
        'null',
        '~',
        'on',
        '.inf',
        '2001-12-14',
        '',
        'a b',
        '{{ a }}',
        "a 'b'",
        '=',
        '@x',
        '1_000',
        '0b1',
        '12:30',
      ]),
  );
}
