import { expect } from 'chai';
import { wildcard, withGaps } from '../../src/core/glob.js';
import { compileRegex } from '../../src/core/regex.js';

describe('wildcards', () => {
  const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ['web', 'web', true],
    ['web', 'web1', false],
    ['web?', 'web1', true],
    ['web?', 'web', false],
    ['*.example', 'web.example', true],
    ['*.example', 'webXexample', false],
    ['[1-9]*', '[1-9]x', true],
    ['[1-9]*', '1x', false],
    ['*', '', true],
    // Backtracking would not end.
    [`${'*a'.repeat(300)}b`, 'a'.repeat(250), false],
    // As OpenSSH, which passes over what is longer.
    ['*'.repeat(1024), 'web', false],
  ];
  for (const [pattern, text, matches] of cases)
    it(`${pattern.slice(0, 20)} ${matches ? 'matches' : 'does not match'} ${text.slice(0, 20) || 'nothing'}`, () =>
      expect(wildcard(pattern)(text)).to.equal(matches));

  it('gaps take anything, and the texts between them are plain', () => {
    const regex = compileRegex(`(?s)^${withGaps(['a.', '*', ''])}$`);
    expect(['a.*', 'a.x\n*y', 'ab*', 'a.x'].map((text) => regex.test(text))).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
  });
});
