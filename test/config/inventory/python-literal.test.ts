import { expect } from 'chai';
import { readPythonLiteral } from '../../../src/config/inventory/python-literal.js';

describe('Python literals', () => {
  /** What Python's ast.literal_eval gives, as JSON has it; a text that is no literal is itself. */
  const read: readonly (readonly [written: string, value: unknown])[] = [
    ['1', 1],
    [' 1', 1],
    ['-1', -1],
    ['- 1', -1],
    ['--1', '--1'],
    ['1_000', 1000],
    ['1__0', '1__0'],
    ['007', '007'],
    ['0x1F', 31],
    ['0o17', 15],
    ['0b11', 3],
    ['1.', 1],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1.2.3', '1.2.3'],
    ['12abc', '12abc'],
    ['1j', '1j'],
    ['9007199254740993', '9007199254740993'],
    ['True', true],
    ['true', 'true'],
    ['Truest', 'Truest'],
    ['None', null],
    ['', ''],
    ["'a'", 'a'],
    ['\'a\' "b"', 'ab'],
    ["r'\\n'", '\\n'],
    ["b'x'", 'x'],
    ["'\\x41\\u00e9\\t\\q'", 'Aé\t\\q'],
    ["'never closed", "'never closed"],
    ["'bad \\x4'", "'bad \\x4'"],
    ["f'{x}'", "f'{x}'"],
    ['[1, [2, "x"], (), (3,)]', [1, [2, 'x'], [], [3]]],
    ['[1,]', [1]],
    ['[1', '[1'],
    ['[,]', '[,]'],
    ['[1] x', '[1] x'],
    ['(1)', 1],
    ['1, 2', [1, 2]],
    ['1,', [1]],
    ["{'a': 1, 2: None}", { a: 1, 2: null }],
    ['{}', {}],
    ['{1, 2}', [1, 2]],
    ["{'a': 1, 2}", "{'a': 1, 2}"],
    ['{[1]: 2}', '{[1]: 2}'],
    ['1 # one', 1],
    ['x # one', 'x # one'],
    ['foo()', 'foo()'],
    ['1 + 1', '1 + 1'],
    ['{{ x }}', '{{ x }}'],
    ['['.repeat(5000), '['.repeat(5000)],
  ];
  for (const [written, value] of read) {
    it(`${written.slice(0, 40)} is ${JSON.stringify(value).slice(0, 40)}`, () => {
      expect(readPythonLiteral(written)).to.deep.equal(value);
    });
  }
});
