/** How far a long step is, as it is told to those who watch. */
import { expect } from 'chai';
import { gatherInput } from '../../src/core/host.js';
import { readLines, thinOut, watchInput, type Progress } from '../../src/core/progress.js';

const at = (done: number): Progress => ({ verb: 'copied', done, of: 1000 });

describe('how far a long step is', () => {
  it('is told once a second at most, and not before the first', () => {
    const told: number[] = [];
    let now = 5000;
    const progress = thinOut(
      ({ done }) => told.push(done),
      () => now,
    );
    for (now of [5000, 5999, 6000, 6500, 6999, 7100, 9000]) progress(at(now));
    expect(told).to.deep.equal([6000, 7100, 9000]);
  });

  it('is read off an input on its way, which comes as it is', async () => {
    const told: Progress[] = [];
    const pieces = ['one', 'two', 'three'].map((text) => Buffer.from(text));
    const input = watchInput(
      {
        length: 11,
        async *read() {
          yield* await Promise.resolve(pieces);
        },
      },
      (progress) => told.push(progress),
    );
    expect(Buffer.from(await gatherInput(input ?? Buffer.alloc(0))).toString()).to.equal('onetwothree');
    expect(told.map(({ done }) => done)).to.deep.equal([0, 3, 6]);
    expect(told[0]).to.deep.equal({ verb: 'sent', done: 0, of: 11 });
  });

  it('is read line by line, wherever the bytes are cut', () => {
    const lines: string[] = [];
    const hear = readLines((line) => lines.push(line));
    const bytes = Buffer.from('copied 1\nkopiert: ä\n\nrest');
    for (const byte of bytes) hear(Buffer.from([byte]));
    hear(Buffer.from('x'.repeat(100_000)));
    hear(Buffer.from('\n'));
    expect(lines.slice(0, 3)).to.deep.equal(['copied 1', 'kopiert: ä', '']);
    expect(lines[3]).to.have.length(4096);
  });
});
