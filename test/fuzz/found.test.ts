/** What the fuzzer found once, so that it stays found: inputs that crashed, hung, or were answered without a place. */
import { expect } from 'chai';
import { tryInput } from './inputs.js';
import { targets } from './targets.js';

const found: readonly (readonly [target: string, what: string, text: string])[] = [
  [
    'daemon-json',
    'a byte order mark was taken for the indentation, and written between the keys',
    '\ufeff{ }',
  ],
  [
    'host-list',
    'counting beyond what a number holds never ended',
    'web[99999999999999999999:99999999999999999999],',
  ],
  ['pattern', 'a bracket that is never closed was no regular expression', 'b[-1*'],
  ['pattern', 'a range whose end stands before its beginning was none either', '[z-a]*'],
  ['yaml', 'lists in lists ran out of stack', '- '.repeat(3000)],
  ['yaml', 'and so did maps in maps', `${'{a: '.repeat(3000)}1${'}'.repeat(3000)}`],
  ['yaml', 'a tag was told by its long name, which reached beyond the text', '!!b'],
  ['expression', 'one minus after the other ran out of stack', `${'-'.repeat(5000)}1`],
  ['expression', 'a part of a part of a part, too', `a${'.a'.repeat(5000)}`],
  ['expression', 'the type of what is not there was told as undefined', '-{}.rc'],
  ['expression', 'as a condition', '({}[a]) ? 1 : 2'],
  ['expression', 'as a list', '{}.x.exists(y, true)'],
  ['expression', 'a name of the language itself came out as an object', ' cel'],
  ['expression', 'an optional value, too', 'facts.?nothing'],
  ['expression', 'a key that is no text was told as an object', '{}[{}]'],
  ['facts', 'a number of fstab that is none', '\n\u001efstab\nx / e b 9007199254740993'],
  ['facts', 'a number of daemon.json that is none', '\n\u001ejson\n{"a": 1e999}'],
  ['template', 'a lone carriage return moved all places behind it', 'a\rb\r\n\r{{ misspelt }}'],
  ['template', 'a NUL character was told as a {{ that is never closed, in front of the text', 'a\0b'],
  ['template', 'blocks in blocks took minutes', `${'{{#if a}}'.repeat(3000)}x {{.`],
  ['facts', 'an answer that is cut off', '\n\u001emounts\n1 2 0:3 / /'],
];

describe('what the fuzzer found', () => {
  for (const [name, what, text] of found) {
    it(`${name}: ${what}`, async () => {
      const target = targets.find((one) => one.name === name);
      if (!target) throw new Error(`no target ${name}`);
      expect(await tryInput({ target, text })).to.equal(undefined);
    });
  }
});
