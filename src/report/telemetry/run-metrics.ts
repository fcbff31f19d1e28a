/**
 * Owns which numbers stand for a run, for those who watch it from elsewhere: how its hosts stand, what came of its tasks,
 * how long things took. What it keeps grows with the tasks and the hosts, never with one times the other. Knows nothing
 * of files.
 */
import type { EventOf, HostOutcome, RunEvent } from '../../core/events.js';
import { readMeasure } from '../measures.js';
import { createCounter, createTally, standings, type Tally } from '../tally.js';
import type { Family, Sample } from './openmetrics.js';

/** `waiting`: not begun yet. */
type HostState = HostOutcome | 'waiting' | 'running';

const hostStates = [
  'waiting',
  'running',
  'done',
  'failed',
  'unreachable',
  'unknown',
  'halted',
  'interrupted',
  'not-tried',
] as const satisfies readonly HostState[];

/** Whoever is woken by a number of failures must know which these are. */
const whichFail =
  'A failure that is ignored counts as ignored, one that a rescue takes over as rescued from then on, neither as failed.';

/** A task of a play, on all hosts that have come to it so far. */
interface TaskNumbers {
  readonly labels: Readonly<Record<string, string>>;
  readonly hosts: Tally;
  ms: number;
  slowestMs: number;
}

interface RunMetrics {
  tell(event: RunEvent): void;
  /** `now`: milliseconds since 1970. `isOver`: the run has ended, or the user has left it. */
  families(now: number, isOver: boolean): readonly Family[];
}

export function createRunMetrics(): RunMetrics {
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  let play = '';
  let warnings = 0;
  const hosts = new Map<string, HostState>();
  const changed = new Set<string>();
  const results = createTally();
  const counter = createCounter();
  const tasks = new Map<string, TaskNumbers>();
  const downtimes = new Map<string, Sample>();

  function begin(host: string): void {
    if (hosts.get(host) === 'waiting') hosts.set(host, 'running');
  }

  function finishTask(event: EventOf<'task-finished'>): void {
    const { host, task, result } = event;
    const { status, ms, message } = result;
    begin(host);
    if (status === 'changed') changed.add(host);
    const key = JSON.stringify([play, task.at]);
    const numbers = tasks.get(key) ?? {
      labels: { play, task: task.name, at: task.at },
      hosts: createTally(),
      ms: 0,
      slowestMs: 0,
    };
    tasks.set(key, numbers);
    counter.count(event, [results, numbers.hosts]);
    numbers.ms += ms;
    numbers.slowestMs = Math.max(numbers.slowestMs, ms);
    const measure = readMeasure(message);
    if (measure?.kind === 'downtime') {
      const labels = { host, of: measure.what };
      downtimes.set(JSON.stringify(labels), { labels, value: measure.seconds });
    }
  }

  return {
    tell(event) {
      counter.tell(event);
      switch (event.type) {
        case 'run-started':
          started = event;
          for (const host of event.hosts) hosts.set(host, 'waiting');
          return;
        case 'hosts-added':
          for (const host of event.hosts) hosts.set(host, 'waiting');
          return;
        case 'play-started':
          play = event.play;
          return;
        case 'host-connected':
        case 'task-started':
          begin(event.host);
          return;
        case 'task-finished':
          finishTask(event);
          return;
        case 'host-finished':
          hosts.set(event.host, event.outcome);
          return;
        case 'warning':
          warnings++;
          return;
        case 'run-finished':
          finished = event;
          for (const { host, outcome } of event.hosts) hosts.set(host, outcome);
          return;
        case 'batch-started':
        case 'item-started':
        case 'task-progressed':
        case 'task-output':
        case 'task-said':
        case 'task-retried':
        case 'handler-finished':
        case 'rescue-started':
        case 'play-stopped':
        case 'run-stopping':
          return;
      }
    },
    families(now, isOver) {
      if (!started) return [];
      const numbers = [...tasks.values()];
      const counts = countStates(hosts);
      return [
        ...describeRun(started, finished, now),
        one('zrun_run_going', '1 while the run goes on, 0 when it has ended.', isOver ? 0 : 1),
        {
          name: 'zrun_hosts',
          help: 'Hosts of the run, by how they stand.',
          samples: hostStates.map((state) => ({ labels: { state }, value: counts.get(state) ?? 0 })),
        },
        one(
          'zrun_hosts_changed',
          'Hosts on which something was changed, or would be in check mode.',
          changed.size,
        ),
        {
          name: 'zrun_task_results',
          help: `Results of tasks on all hosts, by status. ${whichFail}`,
          samples: standings.map((status) => ({ labels: { status }, value: results[status] })),
        },
        one('zrun_warnings', 'Warnings of the run.', warnings),
        ...describeTasks(numbers),
        {
          name: 'zrun_host_downtime_seconds',
          unit: 'seconds',
          help: 'How long something was down on a host, where the playbook says so.',
          samples: [...downtimes.values()],
        },
      ];
    },
  };
}

function countStates(hosts: ReadonlyMap<string, HostState>): ReadonlyMap<HostState, number> {
  const counts = new Map<HostState, number>();
  for (const state of hosts.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

function describeRun(
  { runId, version, check, playbooks, at }: EventOf<'run-started'>,
  finished: EventOf<'run-finished'> | undefined,
  now: number,
): readonly Family[] {
  const begin = Date.parse(at);
  const labels = { run_id: runId, playbook: playbooks.join(' '), version, check: String(check) };
  const ended = finished && Date.parse(finished.at);
  return [
    { name: 'zrun_run_info', help: 'Which run it is.', samples: [{ labels, value: 1 }] },
    seconds('zrun_run_start_time_seconds', 'When it began, since 1970.', begin),
    ...(ended === undefined
      ? []
      : [seconds('zrun_run_end_time_seconds', 'When it ended, since 1970.', ended)]),
    seconds('zrun_run_update_time_seconds', 'When these numbers were written, since 1970.', now),
    seconds(
      'zrun_run_duration_seconds',
      'How long it took, or has taken so far.',
      finished?.ms ?? now - begin,
    ),
    ...(finished ? [one('zrun_run_exit_code', 'As zrun --help lists them.', finished.exitCode)] : []),
  ];
}

function describeTasks(numbers: readonly TaskNumbers[]): readonly Family[] {
  const times = (of: (task: TaskNumbers) => number): readonly Sample[] =>
    numbers.map((task) => ({ labels: task.labels, value: of(task) / 1000 }));
  return [
    {
      name: 'zrun_task_hosts',
      help: `Hosts that have done a task, by what came of it. ${whichFail}`,
      samples: numbers.flatMap(({ labels, hosts }) =>
        standings.flatMap((status) => {
          const value = hosts[status];
          return value === 0 ? [] : [{ labels: { ...labels, status }, value }];
        }),
      ),
    },
    {
      name: 'zrun_task_duration_seconds',
      unit: 'seconds',
      help: 'What a task has taken on all hosts together.',
      samples: times(({ ms }) => ms),
    },
    {
      name: 'zrun_task_slowest_seconds',
      unit: 'seconds',
      help: 'What a task took on the host where it took longest.',
      samples: times(({ slowestMs }) => slowestMs),
    },
  ];
}

function one(name: string, help: string, value: number): Family {
  return { name, help, samples: [{ value }] };
}

function seconds(name: string, help: string, ms: number): Family {
  return { name, unit: 'seconds', help, samples: [{ value: Math.max(0, ms) / 1000 }] };
}
