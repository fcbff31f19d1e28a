/** Reports of runs, made of events by hand: what they hold, and their files for programs and tickets. */
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { skipFor } from '../../integration/skip.js';
import { noCounts } from '../../../src/core/counts.js';
import type { Problem } from '../../../src/core/errors.js';
import type { RunEvent } from '../../../src/core/events.js';
import { writeJsonReport } from '../../../src/report/document/json-report.js';
import { makeJsonSchema } from '../../../src/report/document/json-schema.js';
import { writeJunitReport } from '../../../src/report/document/junit-report.js';
import { writeMarkdownReport } from '../../../src/report/document/markdown-report.js';
import { createReportReader } from '../../../src/report/document/read-report.js';
import { reportSchema } from '../../../src/report/document/report.js';
import { checked, finish, finished, fleet, hostile, mixed, result, started, task } from '../events.js';
import { parseJunit, type Suite } from './parse-junit.js';
import { reportOf } from './report-of.js';

const stop = task('Stop Docker', 22);

describe('a report of a run', () => {
  it('has hosts with what was done on each', () => {
    const { run, hosts, tasks, warnings } = reportOf(mixed);
    expect(run).to.include({ id: '20260722T153012Z-4f9a', state: 'finished', exitCode: 2, ms: 12_500 });
    expect(hosts.map(({ host, outcome }) => [host, outcome])).to.deep.equal([
      ['web1', 'done'],
      ['web2', 'failed'],
    ]);
    const [web1, web2] = hosts;
    expect(web1?.results.map(({ task: { name }, status }) => `${name}: ${status}`)).to.deep.equal([
      'Gathering Facts: ok',
      'Create the volume: changed',
      'Format it: changed',
      'Mount it at boot: changed',
      'Stop Docker: ok',
      'Make the folders: changed',
      'Show the verdict: ok',
    ]);
    expect(web1?.results[3]?.diffs?.[0]).to.deep.include({ type: 'text', path: '/etc/fstab', isNew: false });
    expect(web1?.results[4]).to.include({ stdout: 'inactive\n' });
    expect(web1?.results[5]?.items?.map(({ label, ignored }) => [label, ignored])).to.deep.equal([
      ['a', false],
      ['b', false],
      ['c', true],
    ]);
    expect(web2?.results.at(-1)?.problem).to.include({ command: 'systemctl stop docker.service', status: 1 });
    expect(tasks[0]).to.include({
      name: 'Gathering Facts',
      play: 'Move Docker to overlay2',
      hosts: 2,
      ms: 24,
    });
    expect(warnings).to.deep.equal([{ host: 'web2', message: 'its clock is 90 s ahead' }]);
  });

  it('groups failures as the recap does', () => {
    const { failures, rescued } = reportOf(fleet);
    expect(failures.map(({ outcome, hosts, task: of }) => [outcome, hosts.length, of?.name])).to.deep.equal([
      ['failed', 3, 'Stop Docker'],
      ['failed', 1, 'Say that it was put back'],
      ['unknown', 1, 'Stop Docker'],
      ['unreachable', 2, 'Stop Docker'],
      ['not-tried', 3, undefined],
    ]);
    expect(failures[1]?.cause?.task).to.equal('Stop Docker');
    expect(rescued.map(({ hosts }) => hosts)).to.deep.equal([['web7.example.org']]);
  });

  it('says when each task began, from the times of events', () => {
    const events: RunEvent[] = [
      ...started(['a']),
      { ...finish('a', stop, result('ok', '', { ms: 300 })), time: 1000 },
      ...finished([['a', 'done', { ok: 1 }]]),
    ];
    const { run, hosts } = reportOf(events);
    expect(run.hasTimes).to.equal(true);
    expect(hosts[0]).to.include({ start: 700, end: 1000 });
    expect(hosts[0]?.results[0]).to.include({ start: 700, ms: 300 });
  });

  it('reckons them from durations where a journal has no times', () => {
    const { run, hosts } = reportOf(mixed);
    expect(run.hasTimes).to.equal(false);
    expect(hosts[0]?.results.map(({ start }) => start)).to.deep.equal([0, 12, 24, 36, 48, 60, 72]);
  });

  it('tells an interrupted run as far as its journal goes', () => {
    const events: RunEvent[] = [
      ...started(['a', 'b', 'c']),
      { ...finish('a', stop, result('ok', '')), time: 100 },
      { type: 'host-finished', host: 'a', outcome: 'done', counts: noCounts, time: 101 },
      { type: 'task-started', host: 'b', task: stop, time: 200 },
      { ...finish('a', stop, result('ok', '')), time: 900 },
    ];
    const { run, hosts } = reportOf(events);
    expect(run).to.include({ state: 'interrupted', ms: 900, exitCode: undefined });
    expect(reportOf(events, true).run.state).to.equal('going');
    expect(hosts.map(({ outcome }) => outcome)).to.deep.equal(['done', 'interrupted', 'not-tried']);
    expect(hosts[1]?.results).to.have.length(1);
    expect(hosts[1]?.results[0]).to.include({ status: 'unfinished', start: 200, ms: 700 });
  });

  it('tells a run that goes on as it stands now', () => {
    const begun: RunEvent[] = [
      ...started(['a', 'b']),
      { type: 'task-started', host: 'a', task: stop, time: 200 },
    ];
    const [start] = begun;
    const at = Date.parse(start?.type === 'run-started' ? start.at : '');
    const report = reportOf(begun, true, at + 3000);
    expect(report.run).to.include({ state: 'going', ms: 3000 });
    expect(report.hosts.map(({ outcome }) => outcome)).to.deep.equal(['running', 'waiting']);
    expect(report.hosts[0]?.results[0]).to.include({ status: 'unfinished', ms: 2800 });
    expect(report.failures).to.deep.equal([]);
    const text = [...writeMarkdownReport(report)].join('');
    expect(text).to.match(/^## ⏳ .*\n\n2 hosts: 1 running, 1 waiting; 3\.0 s\./);
    expect(text).not.to.contain('interrupted');
    expect([...writeJunitReport(report)].join('')).not.to.match(/interrupted|<error|<failure/);
    const killed = reportOf(begun, false, at + 3000);
    expect([...writeMarkdownReport(killed)].join('')).to.contain('Its last sign of life came after 3.0 s.');
  });

  it('takes a host to be as long at work as each of its tasks', () => {
    const { hosts } = reportOf([
      ...started(['a']),
      { type: 'host-connected', host: 'a', ms: 10, time: 30 },
      { ...finish('a', stop, result('ok', '', { ms: 302 })), time: 300 },
      ...finished([['a', 'done', { ok: 1 }]]),
    ]);
    expect(hosts[0]).to.include({ start: 0, end: 302 });
  });

  it('is none of a journal without a start', () => {
    expect(createReportReader().read(false)).to.equal(undefined);
  });

  it('keeps the ends of long outputs, and says so', () => {
    const loud = 'x'.repeat(100_000);
    const report = reportOf([
      ...started(['a']),
      finish('a', stop, result('ok', '', { result: { stdout: loud } })),
      ...finished([['a', 'done', { ok: 1 }]]),
    ]);
    expect(report.run.isWhole).to.equal(false);
    expect(report.hosts[0]?.results[0]?.stdout?.length).to.be.lessThan(20_000);
  });

  it('never grows beyond what a file may be, and keeps failures', () => {
    const hosts = Array.from({ length: 1200 }, (_, i) => `web${i}`);
    const loud = (host: string): string => `${host} ${'x'.repeat(16_000)}`;
    const report = reportOf([
      ...started(hosts),
      ...hosts.map((host) => finish(host, stop, result('ok', '', { result: { stdout: loud(host) } }))),
      finish(
        'web7',
        task('After', 5),
        result('failed', '', { problem: { code: 'command-failed', message: 'no', stderr: 'why' } }),
      ),
      ...finished(hosts.map((host) => [host, 'done', { ok: 1 }] as const)),
    ]);
    const length = [...writeJsonReport(report)].join('').length;
    expect(length).to.be.lessThan(14 * 1024 * 1024);
    expect(report.hosts[7]?.results[1]?.problem).to.include({ stderr: 'why' });
  });
});

describe('a report as JSON', () => {
  it('is one document with its schema and version', () => {
    const read = JSON.parse([...writeJsonReport(reportOf(mixed))].join('')) as Record<string, unknown>;
    expect(read['schema']).to.equal(reportSchema);
    expect(Object.keys(read)).to.deep.equal([
      'schema',
      'run',
      'summary',
      'plays',
      'tasks',
      'failures',
      'rescued',
      'warnings',
      'hosts',
    ]);
    expect(read['summary']).to.deep.equal({ hosts: 2, outcomes: { failed: 1, done: 1 } });
    expect(read).to.have.nested.property('hosts[1].tasks[3].name', 'Stop Docker');
    expect(read).to.have.nested.property('hosts[1].tasks[3].problem.status', 1);
    expect(read).to.have.nested.property('failures[0].task', 2 + 2);
  });

  it('is as its schema says, whatever the run', () => {
    const validate = new Ajv({ allErrors: true }).compile(makeJsonSchema());
    const cut = [...started(['a', 'b']), { type: 'task-started', host: 'a', task: stop, time: 5 } as const];
    for (const events of [mixed, checked, fleet, hostile, cut, started([])]) {
      validate(JSON.parse([...writeJsonReport(reportOf(events))].join('')));
      expect(validate.errors).to.equal(null);
    }
  });

  it('is one of a run without hosts too', () => {
    const read = JSON.parse([...writeJsonReport(reportOf(started([])))].join('')) as { hosts: unknown };
    expect(read.hosts).to.deep.equal([]);
  });
});

describe('a report as JUnit', () => {
  function junit(events: readonly (RunEvent | null)[]): readonly Suite[] {
    return parseJunit([...writeJunitReport(reportOf(events))].join('')) ?? [];
  }
  before(function () {
    skipFor(this, parseJunit('<a/>') ? undefined : 'skipped: no python3, whose parser reads the XML');
  });

  it('has a suite for each host, a test for each task', () => {
    const [web1, web2] = junit(mixed);
    expect(web1).to.include({ name: 'web1', tests: '7', failures: '0', skipped: '0' });
    expect(web2).to.include({ name: 'web2', tests: '4', failures: '1', skipped: '1' });
    expect(web2?.cases[2]).to.deep.equal(['Format it', 'skipped', 'volume.changed is false']);
    expect(web2?.cases[3]).to.deep.equal(['Stop Docker', 'failure', 'systemd_service: the command failed']);
  });

  it('tells how often was tried what went well in the end', () => {
    const events = [
      ...started(['web1']),
      finish('web1', task('Wait', 1), result('ok', 'it is up', { attempts: 3 })),
      ...finished([['web1', 'done', { ok: 1 }]]),
    ];
    const text = [...writeJunitReport(reportOf(events))].join('');
    expect(text).to.contain('<system-out>took 3 attempts</system-out>');
  });

  it('tells failures, errors, and what a rescue has dealt with', () => {
    const suites = junit(fleet);
    const told = suites.map(({ failures, errors, skipped }) => `${failures}${errors}${skipped}`);
    expect(told).to.deep.equal([
      ...['100', '100', '100', '010', '010', '010', '001', '101', '000', '001', '001', '001'],
    ]);
    expect(suites[11]?.cases).to.deep.equal([['the host', 'skipped', 'not tried']]);
  });

  it('takes a task that was ended with its run for an error, whether the run was stopped or killed', () => {
    const problem = { code: 'interrupted', message: 'the run was stopped' } as const;
    const begin: RunEvent = { type: 'task-started', host: 'a', task: stop };
    const stopped = [
      ...started(['a', 'b']),
      begin,
      finish('a', stop, result('failed', '', { problem })),
      ...finished(
        [
          ['a', 'interrupted', {}],
          ['b', 'not-tried', {}, { ...problem, message: 'the run was stopped before it came to this host' }],
        ],
        130,
      ),
    ];
    const killed = [...started(['a', 'b']), begin];
    for (const [events, why] of [
      [stopped, 'the run was stopped before it came to this host'],
      [killed, 'the run was interrupted before it came to this host'],
    ] as const) {
      const [a, b] = junit(events);
      expect(a).to.include({ failures: '0', errors: '1' });
      expect(b?.cases).to.deep.equal([['the host', 'skipped', `not tried: ${why}`]]);
    }
  });

  it('takes what cannot be known in check mode for no error', () => {
    expect(junit(checked)[0]).to.include({ tests: '4', failures: '0', errors: '0', skipped: '1' });
  });

  it('is XML whatever hosts say', () => {
    expect(junit(hostile)[0]).to.include({ tests: '2', failures: '1' });
    const nasty = '"><x>&]]>\u0000\ud800\ufffe</testsuite><!--';
    const [suite] = junit([
      ...started([nasty]),
      finish(
        nasty,
        task(nasty, 1),
        result('failed', nasty, { problem: { code: 'task-failed', message: nasty } }),
      ),
      ...finished([[nasty, 'failed', { failed: 1 }]], 2),
    ]);
    expect(suite?.name).to.equal('"><x>&]]>\\x00\\ud800\ufffd</testsuite><!--');
    expect(suite?.cases[0]?.[0]).to.equal(suite?.name);
  });
});

describe('a report as Markdown', () => {
  const markdown = (events: readonly (RunEvent | null)[]): string =>
    [...writeMarkdownReport(reportOf(events))].join('');

  it('says what matters', () => {
    const text = markdown(fleet);
    expect(text).to.match(/^## ❌ zrun `play\.yaml`\n\n12 hosts: 4 failed, 2 unreachable, /);
    expect(text).to.contain('\n**failed** on 3 hosts, in task `Stop Docker`: `web[1-3].example.org`\n');
    expect(text).to.contain('\ncommand: systemctl stop docker.service\nexit code: 1\nstderr:\n');
    expect(text).to.contain('\nIt began with task `Stop Docker`: `systemd_service: the command failed`\n');
    expect(text).to.contain('\n### Failed and rescued\n');
    expect(text).to.contain('\n| `Create the volume` | 9 | 12 ms | 12 ms, `web9.example.org` |\n');
  });

  it("says a command once, and what of a cause is one host's alone", () => {
    const hosts = ['web1', 'web2', 'web3'];
    const problem = (host: string, free: number): Problem => ({
      code: 'command-failed',
      message: `\`check ${host}\` ended with exit code 3 (after 2 attempts)`,
      command: `check ${host}`,
      status: 3,
      stderr: `only ${free} GB free\n`,
    });
    const text = markdown([
      ...started(hosts),
      ...hosts.map((host, i) =>
        finish(host, task('Check', 1), result('failed', 'check', { problem: problem(host, i + 1) })),
      ),
      ...finished(
        hosts.map((host) => [host, 'failed', { failed: 1 }]),
        2,
      ),
    ]);
    expect(text).to.contain(
      [
        '**failed** on 3 hosts, in task `Check`: `web[1-3]`',
        '',
        'On `web1`; numbers differ from host to host:',
        '',
        '```',
        '`check <host>` ended with exit code 3 (after 2 attempts)',
        'stderr:',
        'only 1 GB free',
        'at: play.yaml:1:7',
        '```',
      ].join('\n'),
    );
  });

  it('keeps all that comes from hosts in code', () => {
    const nasty = 'a`b``|<img src=x onerror=alert(1)> @everyone [x](javascript:1)\n# head';
    const text = markdown([
      ...started([nasty]),
      finish(
        nasty,
        task(nasty, 1),
        result('failed', '', { problem: { code: 'task-failed', message: `${nasty}\n\`\`\`\n<script>` } }),
      ),
      ...finished([[nasty, 'failed', { failed: 1 }]], 2),
    ]);
    const span = '```a`b``|<img src=x onerror=alert(1)> @everyone [x](javascript:1)\\n# head```';
    expect(text).to.contain(`**failed** on ${span}, in task ${span}\n`);
    expect(text).to.contain('\n````\na`b``|<img');
    expect(text).to.contain(`| ${span.replace('|', '\\|')} | 1 | `);
    expect(text).to.not.match(/\u001b/);
  });
});
