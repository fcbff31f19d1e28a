/** Output without a terminal: how many lines a fleet makes. Time is the test's own. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { RunEvent } from '../../src/core/events.js';
import { createPlainReporter } from '../../src/report/plain.js';
import { colourless } from '../../src/report/style.js';
import { finish, finished, result, started, task } from './events.js';
import { checkOfTheMove } from './recorded.js';

/** A clock that stands still until it is moved. */
function createClock(): {
  now(): number;
  after(ms: number, work: () => void): () => void;
  pass(ms: number): void;
} {
  let time = 0;
  let waiting: { readonly at: number; readonly work: () => void }[] = [];
  return {
    now: () => time,
    after(ms, work) {
      const one = { at: time + ms, work };
      waiting.push(one);
      return () => (waiting = waiting.filter((each) => each !== one));
    },
    pass(ms) {
      time += ms;
      const due = waiting.filter(({ at }) => at <= time);
      waiting = waiting.filter(({ at }) => at > time);
      for (const { work } of due) work();
    },
  };
}

const tasks = Array.from({ length: 7 }, (_, i) => task(`Step ${i + 1}`, i + 1));

/** Hosts that run through all tasks, so many at a time, ten tasks a second; `ends` are told of two of them. */
function runOf(
  count: number,
  forks: number,
  odd: ReadonlySet<number>,
): { events: (RunEvent | number)[]; hosts: string[] } {
  const hosts = Array.from({ length: count }, (_, i) => `web${String(i + 1).padStart(4, '0')}`);
  const events: (RunEvent | number)[] = [...started(hosts)];
  for (let first = 0; first < count; first += forks)
    for (const [i, each] of tasks.entries())
      for (const [j, host] of hosts.slice(first, first + forks).entries()) {
        if (odd.has(first + j) && i > 3) continue;
        const isFailure = odd.has(first + j) && i === 3;
        const problem = { code: 'command-failed', message: 'the command failed' } as const;
        const said = isFailure
          ? result('failed', 'the command failed', { problem })
          : result('changed', 'run it');
        // They end a task one after the other.
        events.push(100 / forks, { type: 'task-finished', host, task: each, result: said });
      }
  events.push(
    ...finished(
      hosts.map((host, i) => [
        host,
        odd.has(i) ? 'failed' : 'done',
        { ok: 7, changed: 7, failed: odd.has(i) ? 1 : 0 },
      ]),
    ),
  );
  return { events, hosts };
}

function expectGolden(name: string, text: string): void {
  const file = path.join(import.meta.dirname, 'golden', name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).to.equal(readFileSync(file, 'utf8'));
}

function write(events: readonly (RunEvent | number)[], diff = false): string {
  const clock = createClock();
  let text = '';
  const reporter = createPlainReporter({
    paint: colourless,
    verbosity: 0,
    diff,
    clock,
    out: { write: (more) => void (text += more) },
  });
  for (const event of events)
    if (typeof event === 'number') clock.pass(event);
    else reporter.tell(event);
  return text;
}

describe('output without a terminal', () => {
  it('tells 200 hosts × 7 tasks, all alike but two, in at most 40 lines', () => {
    const text = write(runOf(200, 50, new Set([17, 120])).events);
    expect(text.split('\n').length, text).to.be.at.most(40);
    expect(text).to.contain('web0018');
    expect(text).to.match(/^web\[0001-0017,0019-0120,0122-0200\] : ok=7/m);
  });

  it('says at once that it is stopping, before any host is stopped, whatever waits for equal lines', () => {
    const hosts = Array.from({ length: 47 }, (_, i) => `web${i + 1}`);
    const text = write([
      ...started(hosts),
      600_000,
      finish('web1', task('Step 1', 1), result('changed', 'run it')),
      { type: 'run-stopping', signal: 'SIGINT' },
    ]);
    expect(text).to.match(
      /web1 +\| changed \| Step 1: run it\nstopping: tasks under way are ended on the hosts\. Ctrl-C again leaves at once\.\n$/,
    );
  });

  it('grows with the logarithm of the time, and not with the hosts', () => {
    const [some, many] = [100, 1000].map(
      (count) => write(runOf(count, 50, new Set()).events).split('\n').length,
    );
    expect(many).to.be.below(3 * (some ?? 0));
  });

  it('tells --check --diff of the move on 50 like hosts in at most 200 lines, each diff once', () => {
    const text = write(checkOfTheMove(50), true);
    expect(text.split('\n').length, text).to.be.at.most(200);
    expect(text.match(/\+# Written by zrun when it moved Docker to overlay2/g)).to.have.length(1);
    expectGolden('overlay2-check.txt', text);
  });

  it('says what is under way after a minute without a line, and then less and less often', () => {
    const copy = task('Copy the volumes', 1);
    const text = write([
      ...started(['web1', 'web2']),
      { type: 'host-connected', host: 'web1', ms: 1 },
      { type: 'task-started', host: 'web1', task: copy },
      60_000,
      60_000,
      60_000,
      { type: 'task-output', host: 'web1', task: copy, stream: 'stdout', text: '3 GiB of 9 GiB\n' },
      240_000,
    ]);
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('PLAY'))).to.deep.equal([
      "still at work: 0 of 2 hosts finished, 1:00, 1 at work, web1 for 1:00 at 'Copy the volumes'",
      "still at work: 0 of 2 hosts finished, 3:00, 1 at work, web1 for 3:00 at 'Copy the volumes'",
      "still at work: 0 of 2 hosts finished, 7:00, 1 at work, web1 for 7:00 at 'Copy the volumes', 3 GiB of 9 GiB",
    ]);
  });

  it('tells what has gone wrong within two seconds', () => {
    const { events } = runOf(200, 10, new Set([150]));
    const failure = events.findIndex(
      (event) => typeof event !== 'number' && 'result' in event && event.result.status === 'failed',
    );
    expect(write([...events.slice(0, failure + 1), 2000])).to.contain('failed');
  });
});
