import { expect } from 'chai';
import { noCounts } from '../../src/core/counts.js';
import type { RunEvent } from '../../src/core/events.js';
import { createLiveView } from '../../src/report/live.js';
import { colourless } from '../../src/report/style.js';
import { displayWidth } from '../../src/report/visible.js';
import { finish, finished, result, started, task } from './events.js';

const copy = task('Copy the volumes', 10);
const facts = task('Gathering Facts', 2, 'facts');
const begin = (host: string, ref: typeof copy): RunEvent => ({ type: 'task-started', host, task: ref });
const hosts = (count: number): string[] => Array.from({ length: count }, (_, i) => `web${i + 1}`);

describe('the live view', () => {
  it('shows what each host is at, for how long, and what it said last', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(['web1', 'web2', 'web3'])) view.tell(event, 0);
    view.tell({ type: 'host-connected', host: 'web1', ms: 10 }, 1000);
    view.tell(begin('web1', copy), 1000);
    view.tell(begin('web2', facts), 60_000);
    const text = 'a\r 10%\r 42% \u001b[K\n';
    view.tell({ type: 'task-output', host: 'web1', task: copy, stream: 'stdout', text }, 61_000);
    view.tell(begin('web3', facts), 61_000);
    view.tell(finish('web3', facts, result('changed', 'x')), 61_000);
    view.tell({ type: 'host-finished', host: 'web3', outcome: 'failed', counts: noCounts }, 61_000);
    expect(view.render({ columns: 80, rows: 20 }, 63_500)).to.deep.equal([
      '',
      'web1  1:02  Copy the volumes  42% \\x1b[K',
      'web2  0:03  Gathering Facts  connecting',
      '1 of 3 hosts finished · 1:03 · 1 failed · 2 at work · 1 changed',
    ]);
  });

  it('says that it is stopping, and how many hosts are still to go', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(hosts(3))) view.tell(event, 0);
    for (const host of hosts(2)) view.tell(begin(host, copy), 0);
    const status = (): string | undefined => view.render({ columns: 80, rows: 20 }, 1000).at(-1);
    view.tell({ type: 'run-stopping', signal: 'SIGINT' }, 1000);
    expect(status()).to.equal('stopping, 2 hosts to go · 0 of 3 hosts finished · 0:01');
    view.tell(finish('web1', copy, result('failed', 'x')), 1000);
    expect(status()).to.match(/^stopping, 1 host to go · /);
    view.tell(finish('web2', copy, result('failed', 'x')), 1000);
    expect(status()).to.match(/^stopping · /);
  });

  it('counts hosts that come during the run', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(['web1'])) view.tell(event, 0);
    view.tell({ type: 'hosts-added', hosts: ['web2', 'web3'] }, 0);
    view.tell(begin('web2', facts), 0);
    expect(view.render({ columns: 80, rows: 20 }, 0)).to.deep.equal([
      '',
      'web2  0:00  Gathering Facts  connecting',
      '0 of 3 hosts finished · 0:00 · 1 at work',
    ]);
  });

  it('counts what is ignored or rescued by itself', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(hosts(50))) view.tell(event, 0);
    for (const host of hosts(40)) {
      view.tell({ type: 'host-connected', host, ms: 10 }, 0);
      view.tell(begin(host, copy), 0);
    }
    const failed = result('failed', 'no');
    view.tell(finish('web1', copy, { ...failed, ignored: true }), 1000);
    view.tell(finish('web2', copy, failed), 1000);
    view.tell(finish('web3', copy, failed), 1000);
    view.tell({ type: 'rescue-started', host: 'web3', block: 'Try', failed: copy, reason: 'no' }, 1000);
    expect(view.render({ columns: 80, rows: 10 }, 9000)[1]).to.equal(
      'Copy the volumes  37 running, 1 failed, 1 ignored, 1 rescued',
    );
  });

  it('groups by task where hosts are more than lines', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(hosts(50))) view.tell(event, 0);
    for (const host of hosts(47)) view.tell(begin(host, facts), 2000);
    view.tell({ type: 'host-connected', host: 'web48', ms: 10 }, 1000);
    view.tell(begin('web48', copy), 1000);
    expect(view.render({ columns: 80, rows: 10 }, 9000)).to.deep.equal([
      '',
      'Gathering Facts   47 connecting',
      'Copy the volumes  1 running',
      '  web48  0:08  Copy the volumes',
      '  web1   0:07  Gathering Facts  connecting',
      '  web2   0:07  Gathering Facts  connecting',
      '  web3   0:07  Gathering Facts  connecting',
      '░░░░░░░░░░ 0 of 50 hosts finished · 0:09 · 48 at work',
    ]);
  });

  it('reckons a rate from what a step says of bytes, and says which item of a loop it is at', () => {
    const view = createLiveView({ paint: colourless });
    const said = (host: string, text: string): RunEvent => ({ type: 'task-said', host, task: copy, text });
    const at = (host: string, index: number): RunEvent => ({
      type: 'item-started',
      host,
      task: copy,
      item: 'data',
      index,
      of: 12,
    });
    const progress = (host: string, done: number): RunEvent => ({
      type: 'task-progressed',
      host,
      task: copy,
      verb: 'copied',
      done: done * 1024 ** 2,
      of: 1024 ** 3,
    });
    for (const event of started(['web1', 'web2', 'web3', 'web4'])) view.tell(event, 0);
    for (const host of ['web1', 'web2', 'web3', 'web4']) view.tell(begin(host, copy), 0);
    view.tell(progress('web4', 10), 1000);
    view.tell(progress('web4', 100), 10_000);
    view.tell(said('web1', '1 GiB of 9 GiB'), 0);
    view.tell(said('web1', '2 GiB of 9 GiB'), 10_000);
    view.tell(at('web2', 3), 0);
    view.tell(said('web3', '1 GiB / 9 GiB, 3 MB/s'), 0);
    expect(view.render({ columns: 80, rows: 20 }, 20_000).slice(1, -1)).to.deep.equal([
      'web1  0:20  Copy the volumes  51.2 MiB/s, 2:20 left  2 GiB of 9 GiB',
      'web2  0:20  Copy the volumes  3/12 data',
      'web3  0:20  Copy the volumes  1 GiB / 9 GiB, 3 MB/s',
      'web4  0:20  Copy the volumes  100 MiB of 1 GiB, 4.7 MiB/s, 3:15 left',
    ]);
  });

  it('shows the batch under way beside the fleet', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(hosts(40))) view.tell(event, 0);
    view.tell({ type: 'batch-started', play: 'P', batch: 2, of: 5, hosts: hosts(10) }, 0);
    view.tell({ type: 'host-finished', host: 'web3', outcome: 'unknown', counts: noCounts }, 0);
    expect(view.render({ columns: 100, rows: 9 }, 0)).to.deep.equal([
      '██░░░░░░░░░░░░░░░░░░ batch 2 of 5: 1 of 10',
      '█░░░░░░░░░░░░░░░░░░░ 1 of 40 hosts finished · 0:00 · 1 unknown',
    ]);
    expect(view.render({ columns: 50, rows: 7 }, 0)).to.deep.equal([
      '1/40 hosts · 0:00 · 1 unknown · batch 2/5: 1/10',
    ]);
  });

  it('says which task of how many it is, in the order of the play', () => {
    const view = createLiveView({ paint: colourless });
    const first = { ...copy, number: 3 };
    const second = { ...task('Start it', 9), number: 12 };
    const rescue = task('Put it back', 20);
    for (const event of started(hosts(40)))
      view.tell(event.type === 'play-started' ? { ...event, tasks: 14 } : event, 0);
    // Who comes first has skipped what the others are at.
    view.tell(begin('web1', second), 0);
    view.tell(begin('web2', rescue), 0);
    for (const host of hosts(40).slice(2)) view.tell(begin(host, first), 0);
    expect(view.render({ columns: 80, rows: 9 }, 0).slice(1, 4)).to.deep.equal([
      'Copy the volumes  3/14   38 connecting',
      'Start it          12/14  1 connecting',
      'Put it back              1 connecting',
    ]);
  });

  it('says would change in check mode', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(['web1'], true)) view.tell(event, 0);
    view.tell(finish('web1', copy, result('changed', 'x')), 0);
    expect(view.render({ columns: 80, rows: 10 }, 0)).to.deep.equal([
      '0 of 1 host finished · 0:00 · 1 would change',
    ]);
  });

  it('never needs more than it is given', () => {
    const view = createLiveView({ paint: colourless });
    for (const event of started(hosts(300))) view.tell(event, 0);
    hosts(300).forEach((host, i) => {
      view.tell(begin(host, task(`${'名'.repeat(i % 40)} task ${i % 30}`, i)), 0);
    });
    for (const event of finished([['web299', 'failed', {}]]))
      if (event.type !== 'run-finished') view.tell(event, 0);
    for (const rows of [0, 1, 2, 3, 5, 24, 100]) {
      for (const columns of [0, 1, 5, 20, 80, 200]) {
        const lines = view.render({ columns, rows }, 1000);
        expect(lines.length, `${rows} rows`).to.be.at.most(rows);
        for (const line of lines) expect(displayWidth(line), line).to.be.at.most(columns);
      }
    }
  });
});
