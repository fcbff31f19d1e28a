import { expect } from 'chai';
import { clip, displayWidth, visible, visibleLine } from '../../src/report/visible.js';

describe('visible', () => {
  const cases: readonly (readonly [what: string, text: string, shown: string])[] = [
    ['plain text', 'Größe 8 GiB, 日本', 'Größe 8 GiB, 日本'],
    ['line feeds and tabs', 'a\n\tb', 'a\n\tb'],
    ['an escape sequence', '\u001b[2J', '\\x1b[2J'],
    ['a window title (OSC)', '\u001b]0;x\u0007', '\\x1b]0;x\\x07'],
    ['8-bit CSI', '\u009b31m', '\\x9b31m'],
    ['a carriage return that would overwrite', 'bad\rgood', 'bad\\rgood'],
    ['backspaces', 'rm\b\bls', 'rm\\x08\\x08ls'],
    ['text turned round', 'a\u202egnp.exe', 'a\\u202egnp.exe'],
    ['half a surrogate pair', 'a\ud800b', 'a\\ud800b'],
    ['a whole one', '🚀', '🚀'],
    ['NUL and DEL', '\u0000\u007f', '\\x00\\x7f'],
  ];
  for (const [what, text, shown] of cases) it(`shows ${what}`, () => expect(visible(text)).to.equal(shown));

  it('keeps one line one line', () => expect(visibleLine(' a\nb\tc \n')).to.equal('a\\nb c'));

  it('clips by columns, not by characters', () => {
    expect(displayWidth('日本a')).to.equal(5);
    expect(clip('日本語', 5)).to.equal('日本…');
    expect(clip('abc', 3)).to.equal('abc');
    expect(clip('abcd', 3)).to.equal('ab…');
    expect(clip('abcd', 0)).to.equal('');
  });
});
