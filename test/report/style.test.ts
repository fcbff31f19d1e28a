import { expect } from 'chai';
import { choosePaint, colourful } from '../../src/report/style.js';

describe('choosePaint', () => {
  const cases: readonly (readonly [env: Record<string, string>, isTerminal: boolean, coloured: boolean])[] = [
    [{}, true, true],
    [{}, false, false],
    [{ TERM: 'xterm-256color' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1', TERM: 'dumb' }, true, true],
  ];
  for (const [env, isTerminal, coloured] of cases) {
    it(`${coloured ? 'uses' : 'does without'} colours on a ${isTerminal ? 'terminal' : 'pipe'} with ${JSON.stringify(env)}`, () => {
      expect(choosePaint(env, isTerminal)('red', 'x') !== 'x').to.equal(coloured);
    });
  }

  it('colours every line by itself', () => {
    expect(colourful('red', 'a\n\nb')).to.equal('\u001b[31ma\u001b[39m\n\n\u001b[31mb\u001b[39m');
  });
});
