/** The output of a command on one host, handed on: bytes into a file, and on a terminal nothing that could act on it. */
import { expect } from 'chai';
import { createPassing, type Passing } from '../../src/report/answers/passing.js';
import { task } from './events.js';

interface Stage {
  readonly passing: Passing;
  readonly written: { out: string; err: string };
  readonly yields: () => number;
}

function stage(isTTY: boolean): Stage {
  const written = { out: '', err: '' };
  let yields = 0;
  const sink = (name: 'out' | 'err') => ({
    isTTY,
    write: (piece: string | Uint8Array) => void (written[name] += Buffer.from(piece).toString('latin1')),
  });
  const passing = createPassing({
    out: sink('out'),
    err: sink('err'),
    paint: (_, text) => text,
    yieldTerminal: () => void (yields += 1),
  });
  return { passing, written, yields: () => yields };
}

const tell = ({ passing }: Stage, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void =>
  passing.tell({ type: 'task-output', host: 'web1', task: task('Run', 1), stream, text });

describe('the output of one host', () => {
  it('comes into a file as it is', () => {
    const seen = stage(false);
    tell(seen, 'a\u001b[0m\r');
    tell(seen, '\udcff', 'stderr');
    seen.passing.end();
    expect(seen.written).to.deep.equal({ out: 'a\u001b[0m\r', err: '\u00ff' });
  });

  it('cannot act on a terminal, and what is shown in another way is said once', () => {
    const seen = stage(true);
    tell(seen, 'plain\n');
    tell(seen, 'a\u001b[0m\udcff');
    expect(seen.written).to.deep.equal({ out: 'plain\na\\x1b[0m\\xff', err: '' });
    seen.passing.end();
    seen.passing.end();
    expect(seen.written.out).to.equal('plain\na\\x1b[0m\\xff\n');
    expect(seen.written.err).to.match(/^warning: what could act on a terminal is shown, as .*\n$/);
    expect(seen.yields()).to.equal(1);
  });

  it('is said nothing of on a terminal where it is plain', () => {
    const seen = stage(true);
    tell(seen, 'ä\tb\n');
    seen.passing.end();
    expect(seen.written.err).to.equal('');
  });
});
