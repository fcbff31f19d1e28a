/**
 * Owns the fleet on one screen after a check: how many hosts would change, what, what nobody can know yet, and what a
 * playbook says of room and of the downtime that it expects.
 */
import { formatBytes } from '../../core/bytes.js';
import type { EventOf, HostSummary } from '../../core/events.js';
import { plural } from '../describe.js';
import { formatDuration } from '../duration.js';
import { readExpected } from '../expected.js';
import { someOf } from '../hosts/names.js';
import type { Paint } from '../style.js';
import { clip, pad, visibleLine } from '../visible.js';

interface Forecast {
  tell(event: EventOf<'task-finished'>): void;
  /** Empty of a single host: all that it would say has just been said. */
  format(hosts: readonly HostSummary[]): string[];
}

interface Work {
  readonly name: string;
  readonly hosts: Set<string>;
  /** What it would do; empty where that is not the same on all hosts. */
  summary: string;
}

interface Amount {
  readonly host: string;
  readonly value: number;
  /** Of room: what is left. */
  readonly left: number;
}

/** Tasks that are listed: the rest stands above. */
const MOST_TASKS = 10;
const WIDEST = 96;

export function createForecast(paint: Paint): Forecast {
  const changes = new Map<string, Work>();
  const unknowns = new Map<string, Work>();
  const destroyed = new Map<string, string[]>();
  const rooms = new Map<string, Amount[]>();
  const downtimes = new Map<string, Amount[]>();

  function hear(host: string, message: string | undefined): void {
    for (const expected of readExpected(message))
      if (expected.type === 'room') {
        const { what, needed, free } = expected;
        push(rooms, what, { host, value: needed, left: free - needed });
      } else push(downtimes, expected.what, { host, value: expected.seconds, left: 0 });
  }

  function formatChanges(): string[] {
    const works = [...changes.values()];
    const shown = works.slice(0, works.length > MOST_TASKS + 2 ? MOST_TASKS : MOST_TASKS + 2);
    const labels = shown.map(({ hosts }) => plural(hosts.size, 'host'));
    const width = Math.max(0, ...labels.map((label) => label.length));
    return [
      ...shown.map(({ name, summary }, i) => {
        const what = summary === '' ? name : `${name}: ${summary}`;
        return `  ${paint('yellow', pad(labels[i] ?? '', width))}  ${clip(visibleLine(what), WIDEST)}`;
      }),
      ...(works.length > shown.length ? [`  and ${works.length - shown.length} other tasks, above`] : []),
    ];
  }

  return {
    tell({ host, task, result }) {
      hear(host, result.message);
      if (result.destroys !== undefined) push(destroyed, result.destroys, host);
      const works =
        result.status === 'changed' ? changes : result.status === 'unknown' ? unknowns : undefined;
      if (!works) return;
      const work = works.get(task.id);
      if (!work) works.set(task.id, { name: task.name, hosts: new Set([host]), summary: result.summary });
      else {
        work.hosts.add(host);
        if (work.summary !== result.summary) work.summary = '';
      }
    },
    format(hosts) {
      if (hosts.length < 2) return [];
      const done = hosts.filter(({ outcome }) => outcome === 'done');
      const changing = done.filter(({ counts }) => counts.changed > 0).length;
      const blocked = hosts.filter(({ outcome }) => outcome === 'failed').length;
      const others = hosts.length - done.length - blocked;
      const counts = [
        `${changing} of ${plural(hosts.length, 'host')} would change`,
        ...(done.length > changing ? [stayingOf(done.length - changing)] : []),
        ...(blocked > 0 ? [paint('red', `${blocked} blocked, for the reasons below`)] : []),
        ...(others > 0 ? [`${others} could not be looked at to the end`] : []),
      ];
      const waiting = new Set([...unknowns.values()].flatMap((work) => [...work.hosts]));
      return [
        '',
        `${paint('bold', 'A run:')} ${counts.join(', ')}`,
        ...formatChanges(),
        ...[...destroyed].map(
          ([what, names]) =>
            `  ${paint('alarm', `WOULD DESTROY: ${visibleLine(what)}`)} (${someOf(names.map(visibleLine))})`,
        ),
        ...(unknowns.size > 0
          ? [
              `  ${plural(unknowns.size, 'task')} on ${plural(waiting.size, 'host')} cannot be known before others have run`,
            ]
          : []),
        ...[...rooms].map(([what, amounts]) => formatRoom(what, amounts, paint)),
        ...[...downtimes].map(([what, amounts]) => formatExpected(what, amounts, paint)),
      ];
    },
  };
}

function stayingOf(count: number): string {
  return count === 1 ? '1 would stay as it is' : `${count} would stay as they are`;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function formatRoom(what: string, amounts: readonly Amount[], paint: Paint): string {
  const sum = amounts.reduce((all, { value }) => all + value, 0);
  const most = amounts.reduce((a, b) => (b.value > a.value ? b : a));
  const least = amounts.reduce((a, b) => (b.left < a.left ? b : a));
  const left = paint(
    least.left < 0 ? 'red' : 'bold',
    formatBytes(Math.max(0, least.left)).replace(/^0 B$/, 'nothing'),
  );
  return `  room: ${visibleLine(what)}: ${formatBytes(sum)} on ${plural(amounts.length, 'host')}, at most ${formatBytes(most.value)}; least is left on ${visibleLine(least.host)}: ${left}`;
}

function formatExpected(what: string, amounts: readonly Amount[], paint: Paint): string {
  const values = amounts.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const longest = amounts.find(({ value }) => value === high)?.host ?? '';
  const range = low === high ? roughly(low) : `${roughly(low)} to ${roughly(high)}`;
  return `  expected downtime: ${visibleLine(what)}: ${paint('bold', range)}${low === high ? '' : `, longest on ${visibleLine(longest)}`}`;
}

/** No tenths of a second: it is a guess. */
function roughly(seconds: number): string {
  return formatDuration(seconds * 1000).replace('.0 s', ' s');
}
