/**
 * Owns streams of events made by hand, for the reporters' tests. Knows no reporter.
 */
import { noCounts } from '../../src/core/counts.js';
import type { Problem } from '../../src/core/errors.js';
import type { Counts, HostOutcome, RunEvent, TaskRef, TaskResult } from '../../src/core/events.js';

export function task(name: string, line: number, section: TaskRef['section'] = 'tasks'): TaskRef {
  return { id: `play.yaml#${name}`, name, module: 'command', at: `play.yaml:${line}:7`, section };
}

export function result(
  status: TaskResult['status'],
  summary: string,
  more: Partial<TaskResult> = {},
): TaskResult {
  return { status, summary, diff: [], ignored: false, result: {}, ms: 12, exchanges: 1, ...more };
}

export function started(hosts: readonly string[], check = false): RunEvent[] {
  return [
    {
      type: 'run-started',
      runId: '20260722T153012Z-4f9a',
      at: '2026-07-22T15:30:12.000Z',
      version: '0.1.0',
      check,
      playbooks: ['play.yaml'],
      hosts,
    },
    { type: 'play-started', play: 'Move Docker to overlay2', hosts, batches: 1 },
  ];
}

export function finished(
  hosts: readonly (readonly [string, HostOutcome, Partial<Counts>, Problem?])[],
  exitCode = 0,
): RunEvent[] {
  return [
    ...hosts.map(([host, outcome, counts, problem]): RunEvent => ({
      type: 'host-finished',
      host,
      outcome,
      counts: { ...noCounts, ...counts },
      ...(problem && { problem }),
    })),
    {
      type: 'run-finished',
      at: '2026-07-22T15:30:24.500Z',
      ms: 12_500,
      exitCode,
      hosts: hosts.map(([host, outcome, counts, problem]) => ({
        host,
        outcome,
        counts: { ...noCounts, ...counts },
        ...(problem && { problem }),
        handshakes: 1,
        exchanges: 9,
      })),
    },
  ];
}

export function finish(host: string, ref: TaskRef, of: TaskResult): RunEvent {
  return { type: 'task-finished', host, task: ref, result: of };
}

const facts = task('Gathering Facts', 2, 'facts');
const volume: TaskRef = { ...task('Create the volume', 10), number: 2 };
const format = task('Format it', 14);
const fstab = task('Mount it at boot', 18);
const stop = task('Stop Docker', 22);
const show = task('Show the verdict', 26);
const loop = task('Make the folders', 30);

const stopFailed: Problem = {
  code: 'command-failed',
  message: 'systemd_service: the command failed',
  command: 'systemctl stop docker.service',
  status: 1,
  stderr: 'Job for docker.service canceled.\nSee "journalctl -xe".\n',
  hint: 'Look at: systemctl status docker.service',
};

const fstabDiff = {
  type: 'text',
  path: '/etc/fstab',
  before: '# static\nUUID=1 / ext4 defaults 0 1\n',
  after: '# static\nUUID=1 / ext4 defaults 0 1\n/dev/zvol/tank/docker /var/lib/docker ext4 defaults 0 2\n',
} as const;

const volumeDiff = {
  type: 'fields',
  subject: 'volume tank/docker',
  fields: [
    { name: 'volsize', before: undefined, after: '8 GiB' },
    { name: 'compression', before: 'off', after: 'lz4' },
    { name: 'quota', before: '5 GiB', after: undefined },
  ],
} as const;

/** Two hosts, all kinds of results. `null` is a pause in which nothing happens. */
export const mixed: readonly (RunEvent | null)[] = [
  ...started(['web1', 'web2']),
  { type: 'host-connected', host: 'web1', ms: 120 },
  { type: 'task-started', host: 'web1', task: facts },
  finish('web1', facts, result('ok', 'facts of the host')),
  finish('web2', facts, result('ok', 'facts of the host')),
  null,
  finish('web1', volume, result('changed', 'create volume tank/docker (8 GiB)', { diff: [volumeDiff] })),
  finish('web2', volume, result('ok', 'volume tank/docker is there')),
  finish('web2', format, result('skipped', 'volume.changed is false')),
  finish(
    'web1',
    format,
    result('changed', 'make an ext4 file system on /dev/zvol/tank/docker', {
      destroys: 'whatever is on /dev/zvol/tank/docker',
    }),
  ),
  finish('web1', fstab, result('changed', 'add a line to /etc/fstab', { diff: [fstabDiff] })),
  { type: 'task-output', host: 'web1', task: stop, stream: 'stdout', text: 'stopping\n' },
  { type: 'task-said', host: 'web1', task: stop, text: 'this takes a while' },
  { type: 'task-progressed', host: 'web1', task: stop, verb: 'copied', done: 1024, of: 4096 },
  { type: 'task-retried', host: 'web1', task: stop, attempt: 1, of: 3, summary: 'still active' },
  null,
  finish('web2', stop, result('failed', 'stop docker.service', { problem: stopFailed })),
  { type: 'warning', host: 'web2', message: 'its clock is 90 s ahead' },
  finish('web1', stop, result('ok', 'already stopped', { result: { stdout: 'inactive\n', rc: 0 } })),
  finish(
    'web1',
    loop,
    result('changed', '1 of 3 items: create folder /srv/b', {
      items: [
        { ...result('ok', 'folder /srv/a is there'), label: 'a', item: 'a' },
        { ...result('changed', 'create folder /srv/b'), label: 'b', item: 'b' },
        {
          ...result('failed', 'create folder /srv/c', {
            ignored: true,
            problem: { code: 'task-failed', message: '/srv/c is a file' },
          }),
          label: 'c',
          item: 'c',
        },
      ],
    }),
  ),
  finish('web1', show, result('ok', '', { message: 'ready\nnothing is in the way' })),
  ...finished(
    [
      ['web1', 'done', { ok: 7, changed: 4 }],
      ['web2', 'failed', { ok: 2, failed: 1, skipped: 1 }, stopFailed],
    ],
    2,
  ),
];

/** The same tasks in check mode. */
export const checked: readonly (RunEvent | null)[] = [
  ...started(['web1'], true),
  finish('web1', facts, result('ok', 'facts of the host')),
  finish('web1', volume, result('changed', 'create volume tank/docker (8 GiB)', { diff: [volumeDiff] })),
  finish(
    'web1',
    format,
    result('changed', 'make an ext4 file system on /dev/zvol/tank/docker', {
      destroys: 'whatever is on /dev/zvol/tank/docker',
    }),
  ),
  finish('web1', show, result('unknown', 'rests on what was not done', { waitsFor: 'Format it' })),
  ...finished([['web1', 'done', { ok: 3, changed: 2, unknown: 1 }]]),
];

const fleetHosts = Array.from({ length: 12 }, (_, i) => `web${i + 1}.example.org`);

/** A dozen hosts whose equal results arrive together; some fail alike, some cannot be reached, some are not tried. */
export const fleet: readonly (RunEvent | null)[] = [
  ...started(fleetHosts),
  { type: 'batch-started', play: 'Move Docker to overlay2', batch: 1, of: 2, hosts: fleetHosts.slice(0, 9) },
  ...fleetHosts.slice(0, 9).map((host) => finish(host, facts, result('ok', 'facts of the host'))),
  ...fleetHosts
    .slice(0, 7)
    .map((host) => finish(host, volume, result('changed', 'create volume tank/docker (8 GiB)'))),
  ...fleetHosts.slice(7, 9).map((host) => finish(host, volume, result('ok', 'volume tank/docker is there'))),
  null,
  ...fleetHosts
    .slice(0, 3)
    .map((host) => finish(host, stop, result('failed', 'stop docker.service', { problem: stopFailed }))),
  ...fleetHosts.slice(3, 5).map((host) => {
    const problem: Problem = { code: 'connect-timeout', message: `no connection to ${host} within 10 s` };
    return finish(host, stop, result('unreachable', problem.message, { problem }));
  }),
  finish(
    'web6.example.org',
    stop,
    result('unknown', 'stop docker.service', {
      problem: {
        code: 'connection-lost',
        message: 'the connection broke, while this was under way: stop docker.service',
        hint: 'The next run looks first: systemd_service does only what is still left to do.',
      },
    }),
  ),
  finish('web7.example.org', stop, result('failed', 'stop docker.service', { problem: stopFailed })),
  {
    type: 'rescue-started',
    host: 'web7.example.org',
    block: 'Move',
    failed: stop,
    reason: 'systemd_service: the command failed',
  },
  finish(
    'web7.example.org',
    task('Start Docker again', 50, 'rescue'),
    result('changed', 'start docker.service'),
  ),
  finish('web8.example.org', stop, result('failed', 'stop docker.service', { problem: stopFailed })),
  {
    type: 'rescue-started',
    host: 'web8.example.org',
    block: 'Move',
    failed: stop,
    reason: 'systemd_service: the command failed',
  },
  finish(
    'web8.example.org',
    task('Say that it was put back', 54, 'rescue'),
    result('failed', '', { problem: { code: 'task-failed', message: 'the host is as it was before' } }),
  ),
  ...finished(
    fleetHosts.map((host, i) => {
      const counts = { ok: 2, changed: 1 };
      if (i < 3) return [host, 'failed', { ...counts, failed: 1 }, stopFailed] as const;
      if (i < 5) return [host, 'unreachable', { ...counts, unreachable: 1 }] as const;
      if (i === 5) return [host, 'unknown', { ...counts, unknown: 1 }] as const;
      if (i === 6) return [host, 'done', { ok: 3, changed: 2, rescued: 1 }] as const;
      if (i === 7) return [host, 'failed', { ok: 2, failed: 1, rescued: 1 }] as const;
      if (i === 8) return [host, 'done', { ok: 2 }] as const;
      return [host, 'not-tried', {}] as const;
    }),
    2,
  ),
];

/** What a hostile or merely odd host sends: a clearing of the screen, a title, a carriage return, reversed text. */
export const hostile: readonly (RunEvent | null)[] = [
  ...started(['web1']),
  finish(
    'web1',
    task('Read \u001b[2Jthe file', 3),
    result('changed', 'run \u001b]0;owned\u0007 cat', {
      message: 'first\rsecond\u202etxt.exe\u009b31m',
      result: { stdout: '\u001b[31mred\u001b[0m\r\n\u001bP+q\u001b\\\n' },
      diff: [{ type: 'text', path: '/etc/\u001bmotd', before: 'a\r\n', after: 'a\u001b[2J\n' }],
    }),
  ),
  finish(
    'web1',
    task('Stop', 5),
    result('failed', 'stop', {
      problem: {
        code: 'command-failed',
        message: 'the \u001b[1mcommand failed',
        command: 'cat \u001b[5m',
        status: 1,
        stderr: '\u001b[8mhidden\u001b[0m\u0008\u0008',
      },
    }),
  ),
  { type: 'warning', message: 'odd \u001bc' },
  ...finished([['web1', 'failed', { ok: 1, changed: 1, failed: 1 }]], 2),
];
