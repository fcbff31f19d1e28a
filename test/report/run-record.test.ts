/** What a journal says of hosts and of the handlers that they need, wherever it ends. */
import { expect } from 'chai';
import { noCounts } from '../../src/core/counts.js';
import type { RunEvent, TaskResult } from '../../src/core/events.js';
import {
  createRunReader,
  summariseCutOff,
  summariseGoing,
  type HostRecord,
} from '../../src/report/run-record.js';
import { writeEvent } from '../../src/report/written.js';
import { finish, result, started, task } from './events.js';

const copy = task('Copy', 3);
const begin = (notifies: readonly string[] = ['restart']): RunEvent => ({
  type: 'task-started',
  host: 'web1',
  task: copy,
  notifies,
});
const end = (status: TaskResult['status'], more: Partial<TaskResult> = {}): RunEvent =>
  finish('web1', copy, result(status, '', more));
const item = (status: TaskResult['status']): NonNullable<TaskResult['items']>[number] => ({
  ...result(status, ''),
  label: 'x',
  item: 'x',
});
const handled: RunEvent = { type: 'handler-finished', host: 'web1', handler: 'restart' };
const hostEnd = (more: { readonly pendingHandlers?: readonly string[] } = {}): RunEvent => ({
  type: 'host-finished',
  host: 'web1',
  outcome: 'failed',
  counts: noCounts,
  ...more,
});

function recordOf(events: readonly RunEvent[], check = false): HostRecord {
  const reader = createRunReader();
  for (const event of [...started(['web1', 'web2'], check), ...events]) reader.tell(writeEvent(event));
  return reader.read()?.hosts.get('web1') ?? expect.fail('there is no such host');
}

describe('the record of a run', () => {
  const cases: readonly (readonly [what: string, events: readonly RunEvent[], pending: readonly string[]])[] =
    [
      ['a task that changed something', [begin(), end('changed')], ['restart']],
      ['a task that changed nothing', [begin(), end('ok')], []],
      ['a task that was skipped', [begin(), end('skipped')], []],
      ['a task that could not begin', [begin(), end('unreachable')], []],
      ['a task that was interrupted', [begin()], ['restart']],
      ['a task whose connection broke', [begin(), end('unknown')], ['restart']],
      [
        'a loop that failed after a change',
        [begin(), end('failed', { items: [item('changed'), item('failed')] })],
        ['restart'],
      ],
      [
        'a loop that failed before one',
        [begin(), end('failed', { items: [item('ok'), item('failed')] })],
        [],
      ],
      ['a handler that has run', [begin(), end('changed'), handled], []],
      [
        'one that was notified again since',
        [begin(), end('changed'), handled, begin(), end('changed')],
        ['restart'],
      ],
      ['what the host left with', [hostEnd({ pendingHandlers: ['reload'] })], ['reload']],
      ['both', [begin(), end('unknown'), hostEnd({ pendingHandlers: ['reload'] })], ['restart', 'reload']],
    ];
  for (const [what, events, pending] of cases) {
    it(`pending handlers: ${what}: ${pending.join(', ') || 'none'}`, () => {
      expect(recordOf(events).pendingHandlers).to.deep.equal(pending);
    });
  }

  it('pending handlers: in check mode nothing is open because it is unknown', () => {
    expect(recordOf([begin(), end('unknown')], true).pendingHandlers).to.deep.equal([]);
  });

  it('pending handlers: what an earlier run left is still there until it has run', () => {
    const reader = createRunReader();
    const [first, ...rest] = started(['web1']);
    if (first?.type !== 'run-started') return expect.fail();
    for (const event of [{ ...first, pendingHandlers: { web1: ['restart', 'sweep'] } }, ...rest, handled])
      reader.tell(writeEvent(event));
    expect(reader.read()?.hosts.get('web1')?.pendingHandlers).to.deep.equal(['sweep']);
  });

  it('a host is done only where the journal says so', () => {
    expect(recordOf([begin(), end('ok')])).to.include({
      outcome: undefined,
      isBegun: true,
      doing: undefined,
    });
    expect(recordOf([begin()])).to.deep.include({ outcome: undefined, doing: copy });
    expect(recordOf([])).to.include({ outcome: undefined, isBegun: false });
    expect(recordOf([hostEnd()])).to.include({ outcome: 'failed' });
  });

  it('tells hosts of a run that was interrupted as a recap tells them', () => {
    const reader = createRunReader();
    for (const event of [...started(['web1', 'web2']), begin(), end('changed'), begin()])
      reader.tell(writeEvent(event));
    const record = reader.read() ?? expect.fail();
    expect(summariseCutOff(record)).to.deep.equal([
      {
        host: 'web1',
        outcome: 'interrupted',
        counts: { ...noCounts, ok: 1, changed: 1 },
        problem: { code: 'interrupted', message: "the run was interrupted, in the middle of 'Copy'" },
        pendingHandlers: ['restart'],
        handshakes: 0,
        exchanges: 0,
      },
      {
        host: 'web2',
        outcome: 'not-tried',
        counts: noCounts,
        problem: { code: 'interrupted', message: 'the run was interrupted before it came to this host' },
        handshakes: 0,
        exchanges: 0,
      },
    ]);
    expect(summariseGoing(record).map(({ outcome, problem }) => [outcome, problem])).to.deep.equal([
      ['running', undefined],
      ['waiting', undefined],
    ]);
  });

  it('knows nothing of a run whose start is not there', () => {
    expect(createRunReader().read()).to.equal(undefined);
  });

  it('has hosts that came during the run', () => {
    const reader = createRunReader();
    const added: RunEvent = { type: 'hosts-added', hosts: ['web1'] };
    for (const event of [...started(['web9']), added, begin(), end('changed')])
      reader.tell(writeEvent(event));
    const record = reader.read() ?? expect.fail('there is no record');
    expect([...record.hosts.keys()]).to.deep.equal(['web9', 'web1']);
    expect(record.hosts.get('web1')?.pendingHandlers).to.deep.equal(['restart']);
  });
});
