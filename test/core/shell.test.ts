import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { lines, printBytes, quote, quoteArgv, sh } from '../../src/core/shell.js';

/** What a real shell makes of it. */
function run(script: string): Buffer {
  return execFileSync('sh', [], { input: script, maxBuffer: 64 << 20 });
}

describe('a quoted word comes out of a real sh as it went in', () => {
  const words: readonly string[] = [
    'plain',
    '',
    'two words',
    "it's",
    "'''",
    '"double"',
    '$HOME `id` $(id)',
    'back\\slash',
    'new\nline\n',
    'tab\there',
    '*?[a-z]{a,b}~',
    '-n',
    '!history',
    '#comment',
    'ünï→😀',
    ';|&<>()',
    '=x',
  ];
  for (const word of words) {
    it(JSON.stringify(word), () => expect(run(`printf %s ${quote(word)}`).toString()).to.equal(word));
  }
  it('all of them as one command line', () => {
    expect(
      run(`printf '%s\\0' ${quoteArgv(words)}`)
        .toString()
        .split('\0')
        .slice(0, -1),
    ).to.deep.equal(words);
  });
  it('a NUL is refused', () => expect(() => quote('a\0b')).to.throw('NUL'));
});

describe('sh`…`', () => {
  it('quotes values, spreads arrays, leaves numbers and pieces', () => {
    const inner = sh`echo ${'a b'}`;
    expect(sh`${inner} ${['x', 'y z']} ${7}`.shellText).to.equal("echo 'a b' x 'y z' 7");
  });
  it('lines leaves out what is not wanted', () => {
    expect(lines(sh`a`, false, undefined, sh`b`).shellText).to.equal('a\nb');
  });
});

describe('printBytes', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const cases: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['every byte', all],
    ['a leading dash', Buffer.from('-n x')],
    ['percent signs and quotes', Buffer.from(`100% 'of' "it" \\n`)],
    ['no final newline', Buffer.from('a\nb')],
    ['more than a piece', Buffer.concat(Array.from({ length: 300 }, () => all))],
  ];
  for (const [title, bytes] of cases) {
    it(title, () => expect(run(printBytes(bytes).shellText).equals(bytes)).to.equal(true));
  }
});
