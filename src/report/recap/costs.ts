/**
 * Owns what a recap tells of time: which tasks took longest, and how long what stood on the hosts was down.
 */
import type { EventOf } from '../../core/events.js';
import { plural } from '../describe.js';
import { readDowntime } from '../downtime.js';
import { formatDuration } from '../duration.js';
import { someOf } from '../hosts/names.js';
import type { Paint } from '../style.js';
import { pad, visibleLine } from '../visible.js';

interface Costs {
  tell(event: EventOf<'task-finished'>): void;
  /** Empty where nothing took long, and nothing was down. */
  format(): string[];
}

interface TaskCost {
  readonly task: string;
  /** How often, and how long altogether. */
  count: number;
  ms: number;
  slowestMs: number;
  slowestHost: string;
}

/** Milliseconds on the slowest host from which on a task is worth a line. */
const LONG = 10_000;
const MOST_TASKS = 3;
/** Rows of one kind of downtime that name all their hosts. */
const MOST_ROWS = 6;

export function createCosts(paint: Paint): Costs {
  const tasks = new Map<string, TaskCost>();
  /** Seconds of each host, by what was down. */
  const downtimes = new Map<string, Map<string, number>>();

  function formatSlowest(): string[] {
    const slow = [...tasks.values()]
      .filter(({ slowestMs }) => slowestMs >= LONG)
      .sort((a, b) => b.slowestMs - a.slowestMs)
      .slice(0, MOST_TASKS);
    if (slow.length === 0) return [];
    const times = slow.map(({ slowestMs }) => formatDuration(slowestMs));
    const width = Math.max(...times.map((time) => time.length));
    return [
      '',
      paint('bold', 'slowest tasks'),
      ...slow.map(({ task, count, ms, slowestHost }, i) => {
        const mean = count > 1 ? `, on average ${formatDuration(ms / count)}` : '';
        return `  ${pad(times[i] ?? '', width)}  ${visibleLine(task)} (${visibleLine(slowestHost)}${mean})`;
      }),
    ];
  }

  return {
    tell({ host, task, result }) {
      // Who skips a task says nothing of how long it takes.
      if (result.status === 'skipped') return;
      const known = tasks.get(task.id);
      const cost = known ?? { task: task.name, count: 0, ms: 0, slowestMs: 0, slowestHost: host };
      if (!known) tasks.set(task.id, cost);
      cost.count++;
      cost.ms += result.ms;
      if (result.ms > cost.slowestMs) [cost.slowestMs, cost.slowestHost] = [result.ms, host];
      const down = readDowntime(result.message);
      if (!down) return;
      const hosts = downtimes.get(down.what) ?? new Map<string, number>();
      hosts.set(host, down.seconds);
      downtimes.set(down.what, hosts);
    },
    format: () => [
      ...[...downtimes].flatMap(([what, hosts]) => ['', ...formatDowntime(what, hosts, paint)]),
      ...formatSlowest(),
    ],
  };
}

/** The longest first. Of many different ones, the longest by name and the rest together. */
function formatDowntime(what: string, hosts: ReadonlyMap<string, number>, paint: Paint): string[] {
  const namesOf = new Map<number, string[]>();
  for (const [host, seconds] of hosts) namesOf.set(seconds, [...(namesOf.get(seconds) ?? []), host]);
  const rows = [...namesOf].sort(([a], [b]) => b - a);
  const shown = rows.length <= MOST_ROWS ? rows : rows.slice(0, MOST_ROWS - 1);
  const rest = rows.slice(shown.length);
  const sorted = [...hosts.values()].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const middle = hosts.size > 2 ? `, half of ${plural(hosts.size, 'host')} at most ${duration(median)}` : '';
  const width = Math.max(...rows.map(([seconds]) => duration(seconds).length));
  return [
    `${paint('bold', `${visibleLine(what)} down`)}${middle}`,
    ...shown.map(
      ([seconds, names]) => `  ${pad(duration(seconds), width)}  ${someOf(names.map(visibleLine))}`,
    ),
    ...(rest.length > 0
      ? [
          `  ${pad(`${duration(rest.at(-1)?.[0] ?? 0)} – ${duration(rest[0]?.[0] ?? 0)}`, width)}  ${someOf(
            rest.flatMap(([, names]) => names.map(visibleLine)),
          )}`,
        ]
      : []),
  ];
}

function duration(seconds: number): string {
  return formatDuration(seconds * 1000);
}
