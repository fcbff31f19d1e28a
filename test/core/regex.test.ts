/** RE2's expressions: what they match, what they cost, and what is said where one is refused. */
import { expect } from 'chai';
import { globToRegex } from '../../src/core/glob.js';
import { compileRegex, quoteRegex, RegexError } from '../../src/core/regex.js';

function refusalOf(pattern: string, text = ''): RegexError {
  try {
    compileRegex(pattern).test(text);
  } catch (error) {
    if (error instanceof RegexError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('regular expressions', () => {
  it('give groups by number and by name', () => {
    const regex = compileRegex('^(?P<key>\\w+)(=)?(x)?');
    expect([regex.groupCount, regex.groupNames]).to.deep.equal([3, ['key']]);
    expect(regex.exec('ab=c')).to.deep.equal({
      start: 0,
      groups: ['ab=', 'ab', '=', undefined],
      named: { key: 'ab' },
    });
    expect(regex.exec('-')).to.equal(undefined);
  });

  it('match a text that is quoted', () => {
    const text = String.raw`a.b*c(d)[e]{f}\g^$|?+/-`;
    expect(compileRegex(`^${quoteRegex(text)}$`).test(text)).to.equal(true);
  });

  // Each of these takes JavaScript's own engine longer than anybody waits.
  for (const [pattern, text] of [
    ['^(a+)+$', `${'a'.repeat(50_000)}!`],
    ['^(a|a)*$', `${'a'.repeat(50_000)}!`],
    ['(x+x+)+y', 'x'.repeat(50_000)],
    ['^(.*?,){11}P', '1,'.repeat(5_000)],
  ] as const)
    it(`end: ${pattern}`, () => expect(compileRegex(pattern).test(text)).to.equal(false));

  it('with wildcards end', () =>
    expect(globToRegex(`${'*a'.repeat(30)}b`).test('a'.repeat(5_000))).to.equal(false));

  for (const [pattern, reason, hint] of [
    ['(?!x)a', /no lookahead/, /condition of its own/],
    ['(?<=x)a', /no lookahead/, /condition of its own/],
    ['(a)\\1', /no references/, /alternatives/],
    ['(?P<a>x)(?P=a)', /no references/, /alternatives/],
    ['(?>a)', /no atomic groups/, /never backtracks/],
    ['a++', /nothing possessive/, /write a\* or a\+/],
    ['(?x)a', /flags i, m, s and U/, /leave the others out/],
    ['\\u20ac', /no \\u/, /\\x\{20AC\}/],
    ['(a{40}){40}', /at most 1000 times/, /write \*/],
    ['(?:a?){1000}'.repeat(20), /too large/, /repeat less/],
    ['a'.repeat(10_001), /10001 characters long/, undefined],
  ] as const)
    it(`refuse ${pattern.slice(0, 40)}`, () => {
      const error = refusalOf(pattern);
      expect(error.reason).to.match(reason);
      if (hint === undefined) expect(error.hint).to.equal(undefined);
      else expect(error.hint).to.match(hint);
    });

  it('refuse a text that is too long for a large one', () =>
    expect(refusalOf('[ab]*a[ab]{900}[cd]', 'a'.repeat(1_000_000)).reason).to.match(
      /a text of 1000000 characters is too long/,
    ));
});
