/** `--metrics`: the numbers of a run made of events by hand, as text that collectors read, and how the file is written. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { RunEvent } from '../../../src/core/events.js';
import { createMetrics, tryMetrics } from '../../../src/report/telemetry/metrics.js';
import { formatMetrics } from '../../../src/report/telemetry/openmetrics.js';
import { createRunMetrics } from '../../../src/report/telemetry/run-metrics.js';
import { skipFor } from '../../integration/skip.js';
import { finish, finished, fleet, mixed, result, started, task } from '../events.js';
import { readMetrics } from './openmetrics.js';

const begin = Date.parse('2026-07-22T15:30:12.000Z');

function textOf(events: readonly (RunEvent | null)[], isOver = true): string {
  const metrics = createRunMetrics();
  for (const event of events) if (event) metrics.tell(event);
  return formatMetrics(metrics.families(begin + 90_000, isOver));
}

const numbersOf = (events: readonly (RunEvent | null)[], isOver = true): ReadonlyMap<string, number> =>
  readMetrics(textOf(events, isOver));

const nasty = 'a "quoted" \\ back\nslash ✓ {x="y"} \u202e # EOF';

/** Everything that is there to be read, with names that have to be escaped. */
const nastyRun: readonly RunEvent[] = [
  ...started([nasty]),
  { type: 'play-started', play: nasty, hosts: [nasty], batches: 1 },
  finish(
    nasty,
    { ...task(nasty, 3), at: nasty },
    result('ok', '', { message: 'Docker was down for 12 seconds' }),
  ),
  ...finished([[nasty, 'done', { ok: 1 }]]),
];

describe('metrics of a run', () => {
  it('say how hosts stand, what came of tasks, and how long it took', () => {
    const numbers = numbersOf(mixed);
    expect(Object.fromEntries([...numbers].filter(([name]) => !name.includes('{')))).to.deep.equal({
      zrun_run_going: 0,
      zrun_run_start_time_seconds: begin / 1000,
      zrun_run_end_time_seconds: Date.parse('2026-07-22T15:30:24.500Z') / 1000,
      zrun_run_update_time_seconds: begin / 1000 + 90,
      zrun_run_duration_seconds: 12.5,
      zrun_run_exit_code: 2,
      zrun_hosts_changed: 1,
      zrun_warnings: 1,
    });
    expect(numbers.get('zrun_hosts{state="done"}')).to.equal(1);
    expect(numbers.get('zrun_hosts{state="failed"}')).to.equal(1);
    expect(numbers.get('zrun_hosts{state="not-tried"}')).to.equal(0);
    expect(numbers.get('zrun_task_results{status="changed"}')).to.equal(4);
    const volume = 'play="Move Docker to overlay2",task="Create the volume",at="play.yaml:10:7"';
    expect(numbers.get(`zrun_task_hosts{${volume},status="changed"}`)).to.equal(1);
    expect(numbers.get(`zrun_task_hosts{${volume},status="ok"}`)).to.equal(1);
    expect(numbers.get(`zrun_task_slowest_seconds{${volume}}`)).to.equal(0.012);
    expect(numbers.get(`zrun_task_duration_seconds{${volume}}`)).to.equal(0.024);
  });

  it('say where a run stands that goes on', () => {
    const numbers = numbersOf(
      [...started(['a', 'b', 'c']), { type: 'task-started', host: 'a', task: task('One', 3) }],
      false,
    );
    expect(numbers.get('zrun_run_going')).to.equal(1);
    expect(numbers.get('zrun_run_duration_seconds')).to.equal(90);
    expect(numbers.get('zrun_hosts{state="running"}')).to.equal(1);
    expect(numbers.get('zrun_hosts{state="waiting"}')).to.equal(2);
    expect(numbers.has('zrun_run_exit_code')).to.equal(false);
  });

  it('say how long something was down, where the playbook does', () => {
    const down = task('Say how long Docker was down', 40);
    const numbers = numbersOf([
      ...started(['a', 'b']),
      finish('a', down, result('ok', '', { message: 'Docker was down for 12 seconds' })),
      finish('a', down, result('ok', '', { message: 'Containers were down for 1.5 seconds' })),
      finish('b', down, result('ok', '', { message: 'It was down for a while' })),
    ]);
    expect(numbers.get('zrun_host_downtime_seconds{host="a",of="Docker"}')).to.equal(12);
    expect(numbers.get('zrun_host_downtime_seconds{host="a",of="Containers"}')).to.equal(1.5);
    expect([...numbers.keys()].filter((name) => name.includes('host="b"'))).to.deep.equal([]);
  });

  it('count what is ignored or rescued by itself, as the recap does: nobody is woken for it', () => {
    const wait = task('Wait for it', 3);
    const no = result('failed', 'no');
    const numbers = numbersOf([
      ...started(['a', 'b', 'c', 'd']),
      finish('a', wait, { ...no, ignored: true }),
      finish('b', wait, no),
      finish('c', wait, no),
      { type: 'rescue-started', host: 'c', block: 'Try it', failed: wait, reason: 'no' },
      finish('c', task('Clean up', 9), no),
      finish('d', wait, result('ok', '')),
    ]);
    const counted = (family: string): Record<string, number> =>
      Object.fromEntries([...numbers].filter(([name, value]) => name.startsWith(family) && value > 0));
    expect(counted('zrun_task_results')).to.deep.equal({
      'zrun_task_results{status="ok"}': 1,
      'zrun_task_results{status="failed"}': 2,
      'zrun_task_results{status="ignored"}': 1,
      'zrun_task_results{status="rescued"}': 1,
    });
    const labels = `play="Move Docker to overlay2",task="Wait for it",at="${wait.at}"`;
    expect(counted(`zrun_task_hosts{${labels}`)).to.deep.equal({
      [`zrun_task_hosts{${labels},status="ok"}`]: 1,
      [`zrun_task_hosts{${labels},status="failed"}`]: 1,
      [`zrun_task_hosts{${labels},status="ignored"}`]: 1,
      [`zrun_task_hosts{${labels},status="rescued"}`]: 1,
    });
  });

  it('have names that cannot be mistaken for anything else', () => {
    const escaped = 'a \\"quoted\\" \\\\ back\\nslash ✓ {x=\\"y\\"} \\\\u202e # EOF';
    const name = `zrun_host_downtime_seconds{host="${escaped}",of="Docker"}`;
    expect(numbersOf(nastyRun).get(name)).to.equal(12);
  });

  it('do not grow with hosts times tasks', () => {
    const hosts = Array.from({ length: 1000 }, (_, i) => `web${i}`);
    const tasks = Array.from({ length: 20 }, (_, i) => task(`Task ${i}`, i + 1));
    const events = [
      ...started(hosts),
      ...tasks.flatMap((each) => hosts.map((host) => finish(host, each, result('ok', '')))),
    ];
    expect(numbersOf(events).size).to.be.lessThan(100);
  });

  for (const [name, events] of [
    ['two hosts', mixed],
    ['a fleet', fleet],
    ['names to escape', nastyRun],
    ['no event', []],
  ] as const) {
    it(`are read by a parser of OpenMetrics: ${name}`, function () {
      const python = '/usr/bin/python3';
      const hasParser = spawnSync(python, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0;
      skipFor(this, hasParser ? undefined : 'needs python3-prometheus-client');
      const script =
        'import sys;from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n' +
        'print(sum(len(f.samples) for f in read(sys.stdin.read())))';
      const text = textOf(events);
      const count = execFileSync(python, ['-c', script], { input: text, encoding: 'utf8' });
      expect(Number(count)).to.equal(readMetrics(text).size);
    });

    it(`are read by Prometheus, and its checks find nothing: ${name}`, function () {
      const isThere = spawnSync('promtool', ['--version']).status === 0;
      skipFor(this, isThere ? undefined : 'needs promtool, of the package prometheus');
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: textOf(events),
        encoding: 'utf8',
      });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    });
  }
});

describe('the file of metrics', () => {
  let folder = '';
  let file = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zrun-metrics-'));
    file = path.join(folder, 'zrun.prom');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (): ReadonlyMap<string, number> => readMetrics(readFileSync(file, 'utf8'));

  it('is there from the start, is written now and then, and says at the end that it is over', async () => {
    let tick = (): void => undefined;
    let isStopped = false;
    const every = (write: () => void) => {
      tick = write;
      return () => void (isStopped = true);
    };
    const fail = (error: unknown): never => {
      throw error;
    };
    const reporter = createMetrics({ file, onTrouble: fail, now: () => begin + 1000, every });
    const [first, ...rest] = mixed.filter((event) => event !== null);
    if (first) reporter.tell(first);
    expect(read().get('zrun_hosts{state="waiting"}')).to.equal(2);
    rest.slice(0, 5).forEach((event) => reporter.tell(event));
    expect(read().get('zrun_hosts{state="running"}')).to.equal(0);
    tick();
    expect(read().get('zrun_hosts{state="running"}')).to.equal(2);
    expect(read().get('zrun_run_going')).to.equal(1);
    rest.slice(5).forEach((event) => reporter.tell(event));
    await reporter.close();
    expect(isStopped).to.equal(true);
    expect(read().get('zrun_run_going')).to.equal(0);
    expect(readdirSync(folder)).to.deep.equal(['zrun.prom']);
  });

  it('that cannot be written any more is told once, and tried again', () => {
    const told: unknown[] = [];
    let tick = (): void => undefined;
    const gone = path.join(folder, 'gone');
    createMetrics({
      file: path.join(gone, 'zrun.prom'),
      onTrouble: (error) => told.push(error),
      every: (write) => {
        tick = write;
        return () => undefined;
      },
    });
    tick();
    tick();
    expect(told).to.have.length(1);
    expect(existsSync(gone)).to.equal(false);
  });

  it('can be read by whom the umask lets', () => {
    const before = process.umask(0o022);
    try {
      tryMetrics(file);
      expect(execFileSync('stat', ['-c', '%a', file], { encoding: 'utf8' })).to.equal('644\n');
    } finally {
      process.umask(before);
      chmodSync(file, 0o600);
    }
  });
});
