/**
 * What stands on a terminal while a fleet is at work, for few and many hosts and narrow and wide terminals, compared with
 * screens that a person has read and found good. `UPDATE_GOLDEN=1` writes them anew: read what git shows.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { noCounts } from '../../src/core/counts.js';
import type { HostOutcome } from '../../src/core/events.js';
import { createLiveView } from '../../src/report/live.js';
import { colourless } from '../../src/report/style.js';
import { finish, result, started, task } from './events.js';

const golden = path.join(import.meta.dirname, 'golden', 'live');

const steps = [
  task('Gathering Facts', 1, 'facts'),
  task('Refuse a host that cannot be moved safely', 10),
  task('Copy what Docker holds, while it still runs', 20),
  task('Load every image into a second Docker on the new file system', 30),
  task('Stop Docker and everything that runs in it', 40),
].map((each, i) => ({ ...each, number: [1, 3, 24, 25, 31][i] ?? 0 }));

/** A tenth of the hosts is through, some of them badly; most are at their second to last step; the last ones wait. */
function screen(count: number, columns: number, rows: number, isUtf8 = true): string {
  const hosts = Array.from({ length: count }, (_, i) => `web${String(i + 1).padStart(4, '0')}.example.org`);
  const view = createLiveView({ paint: colourless, isUtf8 });
  for (const event of started(hosts))
    view.tell(event.type === 'play-started' ? { ...event, tasks: 97 } : event, 0);
  const half = hosts.slice(0, Math.ceil(count / 2));
  view.tell({ type: 'batch-started', play: 'Move', batch: 1, of: 2, hosts: half }, 0);
  for (const [i, host] of hosts.entries()) {
    const place = i / count;
    const last = place < 0.1 ? steps.length : place < 0.2 ? 4 : place < 0.7 ? 3 : place < 0.8 ? 2 : 0;
    if (place >= 0.9) continue;
    // Those that connect began late.
    if (place < 0.8) view.tell({ type: 'host-connected', host, ms: 20 }, i);
    for (const [j, step] of steps.entries()) {
      if (j > last) break;
      view.tell({ type: 'task-started', host, task: step }, last === 0 ? 90_000 : j * 20_000 + i);
      if (j < last)
        view.tell(finish(host, step, result(j === 2 ? 'changed' : 'ok', '')), (j + 1) * 20_000 + i);
      else if (j === 2 && i % 2 === 0)
        for (const [at, done] of [
          [60_000, 20],
          [100_000, 1500],
        ] as const)
          view.tell(
            { type: 'task-progressed', host, task: step, verb: 'copied', done: done * 1e6, of: 9.8e9 },
            at,
          );
      else if (j === 3 && i % 3 === 0)
        for (const [at, done] of [
          [60_000, '1.1'],
          [100_000, '3.1'],
        ] as const)
          view.tell(
            { type: 'task-said', host, task: step, text: `image 12 of 40, ${done} GiB of 9.8 GiB` },
            at,
          );
      else if (j === 3 && i % 3 === 1)
        view.tell({ type: 'item-started', host, task: step, item: 'registry/app', index: 3, of: 17 }, 60_000);
    }
    // Of few hosts only one has ended, and badly.
    const lot = count < 10 ? i + 1 : i;
    const outcome: HostOutcome = (['done', 'failed', 'unreachable', 'unknown'] as const)[lot % 7] ?? 'done';
    if (place < 0.1) view.tell({ type: 'host-finished', host, outcome, counts: noCounts }, 95_000 + i);
  }
  return `${view.render({ columns, rows }, 100_000).join('\n')}\n`;
}

const sizes = [
  [60, 24],
  [80, 24],
  [200, 50],
] as const;

describe('the screen while hosts are at work', () => {
  for (const count of [3, 50, 1000])
    for (const [columns, rows] of sizes)
      it(`${count} hosts, ${columns} columns`, () =>
        expectGolden(`${count}-${columns}`, screen(count, columns, rows)));

  it('1000 hosts, a terminal without UTF-8', () => expectGolden('1000-ascii', screen(1000, 80, 24, false)));
});

function expectGolden(name: string, text: string): void {
  const file = path.join(golden, `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(golden, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).to.equal(readFileSync(file, 'utf8'));
}
