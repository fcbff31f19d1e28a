/** Questions of a run that is under way: in turn, each with the terminal to itself. */
import { expect } from 'chai';
import { createTurns } from '../../src/cli/questions.js';
import { ZrunError } from '../../src/core/errors.js';
import { failureOf } from '../modules/harness.js';

function watched(stop = new AbortController()) {
  const seen: string[] = [];
  const inTurn = createTurns({
    holdOutput: () => {
      seen.push('hold');
      return () => void seen.push('release');
    },
    onInterrupt: () => {
      seen.push('interrupt');
      stop.abort();
    },
  });
  const ask = (question: string): Promise<string> =>
    inTurn(stop.signal, async () => {
      seen.push(question);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (question === 'Ctrl-C') throw new ZrunError('interrupted', 'interrupted at a question');
      return `to ${question}`;
    });
  return { seen, ask };
}

describe('questions', () => {
  it('wait for each other, and nothing else is written meanwhile', async () => {
    const { seen, ask } = watched();
    expect(await Promise.all([ask('a'), ask('b')])).to.deep.equal(['to a', 'to b']);
    expect(seen).to.deep.equal(['hold', 'a', 'release', 'hold', 'b', 'release']);
  });

  it('Ctrl-C at one stops the run, and the others are not asked', async () => {
    const { seen, ask } = watched();
    const failures = await Promise.all([failureOf(ask('Ctrl-C')), failureOf(ask('b'))]);
    expect(failures.map(({ code }) => code)).to.deep.equal(['interrupted', 'interrupted']);
    expect(seen).to.deep.equal(['hold', 'Ctrl-C', 'interrupt', 'release']);
  });
});
