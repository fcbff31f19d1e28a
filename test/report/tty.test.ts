/** The view on a terminal, seen through a terminal: what is written is interpreted as one would. */
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { RunEvent } from '../../src/core/events.js';
import { colourless } from '../../src/report/style.js';
import { createTtyReporter, type Terminal } from '../../src/report/tty.js';
import { finish, finished, hostile, mixed, result, started, task } from './events.js';

/** A stream with a size. */
function fakeTerminal(columns: number, rows: number): { out: Terminal; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return { out: Object.assign(stream, { columns, rows, isTTY: true }), text: () => text };
}

/** What stands on a terminal, with everything that scrolled away, after this was written. Knows what log-update uses. */
function screen(written: string): string[] {
  const lines: string[] = [''];
  let [row, column] = [0, 0];
  for (const token of written.match(/\u001b\[[?\d;]*[A-Za-z]|[^\u001b]/gu) ?? []) {
    const line = lines[row] ?? '';
    const amount = Number(/\d+/.exec(token)?.[0] ?? 1);
    if (token === '\n') {
      row++;
      column = 0;
      lines[row] ??= '';
    } else if (!token.startsWith('\u001b')) {
      lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length);
      column += token.length;
    } else if (token.endsWith('A')) row = Math.max(0, row - amount);
    else if (token.endsWith('B')) row += amount;
    else if (token.endsWith('G')) column = 0;
    else if (token.endsWith('K')) lines[row] = token === '\u001b[2K' ? '' : line.slice(0, column);
    else if (!/[hlm]$/.test(token))
      throw new Error(`a sequence that is not expected: ${JSON.stringify(token)}`);
  }
  return lines;
}

const asTold = { paint: colourless, verbosity: 0, diff: false, frameMs: 1 } as const;
/** Draws when it is told to, and not by itself. */
const atWill = { ...asTold, frameMs: 100_000 } as const;

describe('the view on a terminal', () => {
  it('ends as the plain account does, but for what went well, with nothing of the live region left', async () => {
    const { out, text } = fakeTerminal(100, 30);
    const reporter = createTtyReporter({ out, ...asTold, diff: true });
    for (const event of mixed) {
      if (event) reporter.tell(event);
      else await wait(10);
    }
    await reporter.close();
    const lines = screen(text());
    expect(lines.filter((line) => line.includes('hosts done'))).to.deep.equal([]);
    expect(lines.filter((line) => line.includes('| ok ') && line.includes('Gathering Facts'))).to.deep.equal(
      [],
    );
    expect(lines).to.include('web1    | ok      | Show the verdict');
    expect(lines).to.include('    +/dev/zvol/tank/docker /var/lib/docker ext4 defaults 0 2');
    expect(lines.at(-2)).to.equal('2 hosts: 1 done (1 changed), 1 failed; 12.5 s');
  });

  it('says at once that it is stopping, above and in its status', async () => {
    const { out, text } = fakeTerminal(80, 10);
    const reporter = createTtyReporter({ out, ...atWill, now: () => 0 });
    for (const event of started(['web1', 'web2'])) reporter.tell(event);
    reporter.tell({ type: 'task-started', host: 'web1', task: task('Sleep', 1) });
    reporter.tell({ type: 'run-stopping', signal: 'SIGINT' });
    await wait(0);
    expect(screen(text()).filter((line) => line !== '')).to.deep.equal([
      'PLAY [Move Docker to overlay2] 2 hosts',
      'stopping: tasks under way are ended on the hosts. Ctrl-C again leaves at once.',
      'web1  0:00  Sleep  connecting',
      'stopping, 1 host to go · 0 of 2 hosts finished · 0:00',
    ]);
    await reporter.close();
  });

  it('shows what is under way below what has happened', async () => {
    const { out, text } = fakeTerminal(60, 10);
    let clock = 0;
    const reporter = createTtyReporter({ out, ...asTold, now: () => clock });
    for (const event of started(['web1'])) reporter.tell(event);
    reporter.tell(finish('web1', task('First', 1), result('changed', 'one')));
    reporter.tell({ type: 'task-started', host: 'web1', task: task('Second', 2) });
    clock = 5000;
    await wait(10);
    const tail = (): string[] =>
      screen(text())
        .filter((line) => line !== '')
        .slice(-3);
    expect(tail()).to.deep.equal([
      'web1 | changed | First: one',
      'web1  0:05  Second',
      '0 of 1 host finished · 0:05 · 1 at work · 1 changed',
    ]);
    reporter.tell(finish('web1', task('Second', 2), result('ok', 'two')));
    await wait(10);
    expect(tail()).to.deep.equal([
      'web1 | changed | First: one',
      'web1 | ok      | Second',
      '0 of 1 host finished · 0:05 · 1 changed',
    ]);
    await reporter.close();
  });

  it('loses nothing of what is higher than the terminal', async () => {
    const { out, text } = fakeTerminal(60, 8);
    const reporter = createTtyReporter({ out, ...asTold });
    const message = Array.from({ length: 50 }, (_, i) => `line ${i + 1} of 50`).join('\n');
    const events: RunEvent[] = [
      ...started(['web1']),
      { type: 'task-started', host: 'web1', task: task('Say much', 1) },
      finish('web1', task('Say much', 1), result('ok', '', { message })),
      ...finished([['web1', 'done', { ok: 1 }]]),
    ];
    for (const event of events) {
      reporter.tell(event);
      await wait(3);
    }
    await reporter.close();
    expect(screen(text()).filter((line) => / of 50$/.test(line))).to.have.length(50);
  });

  it('loses nothing above when the terminal gets another size, and draws for that size at once', async () => {
    const { out, text } = fakeTerminal(100, 20);
    // `screen` does not wrap.
    const reporter = createTtyReporter({ out, ...atWill, isWrapping: false });
    const long = task('Load every image into a second Docker on the new file system', 2);
    for (const event of started(['web1'])) reporter.tell(event);
    reporter.tell(finish('web1', task('First', 1), result('changed', 'one')));
    reporter.tell({ type: 'task-started', host: 'web1', task: long });
    for (const columns of [100, 45, 90]) {
      Object.assign(out, { columns });
      out.emit('resize');
      const lines = screen(text()).filter((line) => line !== '');
      expect(lines).to.include('web1 | changed | First: one');
      expect(lines.at(-2), String(columns)).to.have.length.below(columns);
      expect(lines.at(-2)).to.match(/^web1 {2}0:00 {2}Load every/);
    }
    await reporter.close();
  });

  it('erases all rows that a line has become as the terminal got narrower, if it wraps them', () => {
    for (const isWrapping of [true, false]) {
      const { out, text } = fakeTerminal(100, 20);
      const reporter = createTtyReporter({ out, ...atWill, isWrapping });
      for (const event of started(['web1'])) reporter.tell(event);
      reporter.tell({ type: 'task-started', host: 'web1', task: task('名'.repeat(25), 2) });
      out.emit('resize');
      const before = text().length;
      Object.assign(out, { columns: 30 });
      out.emit('resize');
      // Of 62 columns and of 38: three rows and two instead of two.
      const extra = text().slice(before).startsWith('\u001b[2K\u001b[1A'.repeat(3));
      expect(extra).to.equal(isWrapping);
      void reporter.close();
    }
  });

  it('leaves nothing where the picture gets lower', async () => {
    const { out, text } = fakeTerminal(100, 20);
    const reporter = createTtyReporter({ out, ...atWill, now: () => 0 });
    const hosts = ['web1', 'web2', 'web3', 'web4'];
    const step = task('Step', 2);
    for (const event of started(hosts)) reporter.tell(event);
    for (const host of hosts) reporter.tell({ type: 'task-started', host, task: step });
    out.emit('resize');
    for (const host of ['web2', 'web3']) reporter.tell(finish(host, step, result('ok', '')));
    reporter.tell({ type: 'task-started', host: 'web5', task: step });
    reporter.tell({ type: 'task-started', host: 'web6', task: step });
    out.emit('resize');
    for (const host of ['web5', 'web6']) reporter.tell(finish(host, step, result('ok', '')));
    out.emit('resize');
    const left = screen(text()).filter((line) => line !== '');
    expect(left.filter((line) => line.includes('Step'))).to.have.length(2);
    expect(left.filter((line) => line.includes('at work'))).to.have.length(1);
    await reporter.close();
  });

  it('sends nothing of a host that the terminal would act on', async () => {
    const { out, text } = fakeTerminal(80, 24);
    const reporter = createTtyReporter({ out, ...asTold, verbosity: 2, diff: true });
    for (const event of hostile) if (event) reporter.tell(event);
    await wait(5);
    await reporter.close();
    expect(text()).to.contain('\\x1b]0;owned\\x07');
    // Its own sequences all begin with CSI; `screen` knows each of them.
    screen(text());
    expect(text()).not.to.match(/\u001b[^[]|\u0007|\r|\u009b|\u202e/);
  });
});
