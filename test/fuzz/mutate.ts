/**
 * Owns how a text is damaged: as a hurried editor, a bad copy and paste, a broken disk or an enemy would do it.
 */
import type { Random } from './random.js';

/** What parsers stumble over. */
const oddities: readonly string[] = [
  '\0',
  '\t',
  '\r',
  '\r\n',
  '\v',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\u202e',
  '\ud800',
  '\udc00',
  '😀',
  'e\u0301',
  '\u001b[31m',
  '\\',
  '"',
  "'",
  '`',
  '{{',
  '}}',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  ': ',
  '- ',
  '# ',
  '&a ',
  '*a',
  '!raw ',
  '!!str ',
  '<<: ',
  '|\n',
  '>-\n',
  '---\n',
  '...\n',
  '%',
  '~',
  '=',
  ',',
  ':',
  '!',
  '&',
  '0x',
  '1e999',
  '-0',
  '99999999999999999999',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
];

/** Between one and a handful of damages. */
export function mutate(random: Random, text: string, tokens: readonly string[] = []): string {
  const dictionary = [...oddities, ...tokens];
  return random.many(1, 6, () => 0).reduce((damaged) => damage(random, damaged, dictionary), text);
}

function damage(random: Random, text: string, dictionary: readonly string[]): string {
  const at = random.int(text.length + 1);
  const length = random.chance(0.8) ? random.int(12) : random.int(text.length + 1);
  const piece = text.slice(at, at + length);
  const put = (inserted: string, removed = 0): string =>
    text.slice(0, at) + inserted + text.slice(at + removed);
  switch (random.int(10)) {
    case 0:
      return put('', length);
    case 1:
      return put(piece);
    case 2:
      return put(random.pick(dictionary));
    case 3:
      return put(random.pick(dictionary), length);
    case 4:
      return text.slice(0, at);
    case 5:
      return put(String.fromCharCode(random.int(random.chance(0.7) ? 128 : 65_536)), 1);
    case 6:
      return moveLine(random, text);
    case 7:
      return indentLine(random, text);
    case 8: {
      // Deep enough for a parser without a limit to run out of stack, not so deep that only reading it takes long.
      const opening = random.pick(['[', '{', '(', '- ', '!', '{a: ', '"', '{{#if x}}', ' ', 'a.', '-']);
      return put(opening.repeat(random.chance(0.1) ? 3000 : random.int(60)));
    }
    default:
      return put(text.slice(random.int(text.length + 1)).slice(0, 40));
  }
}

function moveLine(random: Random, text: string): string {
  const lines = text.split('\n');
  const [line = ''] = lines.splice(random.int(lines.length), 1);
  lines.splice(random.int(lines.length + 1), 0, line);
  return lines.join('\n');
}

function indentLine(random: Random, text: string): string {
  const lines = text.split('\n');
  const i = random.int(lines.length);
  const line = lines[i] ?? '';
  lines[i] = random.chance(0.5) ? `${random.pick([' ', '  ', '\t'])}${line}` : line.replace(/^\s{1,2}/, '');
  return lines.join('\n');
}
