/**
 * Owns `--profile`: what each task and each host cost, in round trips and in time. What it keeps grows with the tasks
 * and the hosts, never with one times the other. Knows nothing of terminals.
 */
import type { EventOf, HostSummary, RunEvent, TaskRef } from '../core/events.js';
import { plural } from './describe.js';
import { formatDuration } from './duration.js';
import type { Reporter, Sink } from './reporter.js';
import type { Paint } from './style.js';
import { clip, pad, visibleLine } from './visible.js';

/** What a task cost on all hosts that came to it. Times are in milliseconds. */
interface TaskCost {
  readonly ref: TaskRef;
  hosts: number;
  trips: number;
  fewestTrips: number;
  mostTrips: number;
  ms: number;
  slowestMs: number;
  slowestHost: string;
}

interface HostCost {
  connectMs: number;
  tasksMs: number;
}

/** Hosts that are named: those that took longest. */
const NAMED_HOSTS = 10;
/** Columns for a task's name. */
const NAME_WIDTH = 44;

/** Writes its tables when the run has ended, below whatever has been said by then. */
export function createProfile({ out, paint }: { readonly out: Sink; readonly paint: Paint }): Reporter {
  const tasks = new Map<string, TaskCost>();
  const hosts = new Map<string, HostCost>();

  function hostOf(name: string): HostCost {
    const known = hosts.get(name);
    if (known) return known;
    const made = { connectMs: 0, tasksMs: 0 };
    hosts.set(name, made);
    return made;
  }

  function add({ host, task, result: { status, ms, exchanges } }: EventOf<'task-finished'>): void {
    // Who skips a task says nothing of what it costs.
    if (status === 'skipped') return;
    hostOf(host).tasksMs += ms;
    const key = `${task.section} ${task.id}`;
    const known = tasks.get(key);
    if (!known) {
      tasks.set(key, {
        ref: task,
        hosts: 1,
        trips: exchanges,
        fewestTrips: exchanges,
        mostTrips: exchanges,
        ms,
        slowestMs: ms,
        slowestHost: host,
      });
      return;
    }
    known.hosts++;
    known.trips += exchanges;
    known.fewestTrips = Math.min(known.fewestTrips, exchanges);
    known.mostTrips = Math.max(known.mostTrips, exchanges);
    known.ms += ms;
    if (ms > known.slowestMs) [known.slowestMs, known.slowestHost] = [ms, host];
  }

  return {
    tell(event: RunEvent) {
      if (event.type === 'host-connected') hostOf(event.host).connectMs += event.ms;
      if (event.type === 'task-finished') add(event);
      if (event.type === 'run-finished')
        out.write(`${formatTasks([...tasks.values()], paint)}\n${formatHosts(event.hosts, hosts, paint)}\n`);
    },
    close: () => Promise.resolve(),
  };
}

/** The one that took most of all first. A task's time has its connection in it, where it was the first to need one. */
function formatTasks(costs: readonly TaskCost[], paint: Paint): string {
  const rows = [...costs]
    .sort((a, b) => b.ms - a.ms)
    .map((cost) => [
      clip(visibleLine(cost.ref.name), NAME_WIDTH),
      String(cost.hosts),
      tripsOf(cost),
      formatDuration(cost.ms / cost.hosts),
      `${formatDuration(cost.slowestMs)}, ${visibleLine(cost.slowestHost)}`,
    ]);
  return `\n${paint('bold', 'PROFILE')} of tasks\n${formatTable(['task', 'hosts', 'round trips', 'mean', 'slowest'], rows)}`;
}

function tripsOf({ fewestTrips, mostTrips }: TaskCost): string {
  return fewestTrips === mostTrips ? `${mostTrips} each` : `${fewestTrips} to ${mostTrips} each`;
}

function formatHosts(
  summaries: readonly HostSummary[],
  costs: ReadonlyMap<string, HostCost>,
  paint: Paint,
): string {
  const all = summaries.map(({ host, handshakes, exchanges }) => {
    const { connectMs, tasksMs } = costs.get(host) ?? { connectMs: 0, tasksMs: 0 };
    return { host, handshakes, exchanges, connectMs, tasksMs };
  });
  const slowest = all.sort((a, b) => b.tasksMs - a.tasksMs).slice(0, NAMED_HOSTS);
  const rows = slowest.map(({ host, handshakes, exchanges, connectMs, tasksMs }) => [
    visibleLine(host),
    String(handshakes),
    String(exchanges),
    formatDuration(connectMs),
    formatDuration(tasksMs),
  ]);
  const sum = (of: (each: (typeof all)[number]) => number): number =>
    all.reduce((so, each) => so + of(each), 0);
  const shown = all.length > slowest.length ? `, the slowest ${slowest.length} of ${all.length}` : '';
  return [
    `\n${paint('bold', 'PROFILE')} of hosts${shown}`,
    formatTable(['host', 'handshakes', 'round trips', 'connecting', 'all tasks'], rows),
    `  in all: ${plural(all.length, 'host')}, ${plural(
      sum((each) => each.handshakes),
      'handshake',
    )}, ${plural(
      sum((each) => each.exchanges),
      'round trip',
    )}`,
  ].join('\n');
}

/** The first column to the left, numbers to the right, and the last one, which may be long, to the left again. */
function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => {
      const cells = row.map((cell, i) => {
        const width = widths[i] ?? 0;
        if (i === 0) return pad(cell, width);
        return i === row.length - 1 ? cell : cell.padStart(width);
      });
      return `  ${cells.join('   ')}`.trimEnd();
    })
    .join('\n');
}
