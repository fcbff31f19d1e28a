/**
 * Owns the picture of a run under way: which host is at what, for how long, and how far the whole is. Data in, lines
 * out; knows nothing of terminals but their size.
 */
import type { RunEvent } from '../core/events.js';
import { plural, statusColours } from './describe.js';
import { formatClock } from './duration.js';
import { assertNever } from './reporter.js';
import type { Paint } from './style.js';
import { clip, displayWidth, pad, visibleLine } from './visible.js';

interface LiveView {
  /** `now`: milliseconds on the same clock as `render`'s. */
  tell(event: RunEvent, now: number): void;
  /** At most `rows` lines of at most `columns` columns. */
  render(size: LiveSize, now: number): string[];
}

interface LiveSize {
  readonly columns: number;
  readonly rows: number;
}

interface Busy {
  readonly task: string;
  readonly since: number;
  /** The last line that it wrote. */
  said: string;
}

/** More than this is not watched but scrolled past, however high the terminal is. */
const MOST_LINES = 16;

/** The run so far, as much of it as is drawn. */
interface Picture {
  startedAt: number | undefined;
  check: boolean;
  readonly all: Set<string>;
  readonly finished: Set<string>;
  /** In the order in which they began. */
  readonly busy: Map<string, Busy>;
  readonly changed: Set<string>;
  readonly failed: Set<string>;
}

export function createLiveView(paint: Paint): LiveView {
  const picture: Picture = {
    startedAt: undefined,
    check: false,
    all: new Set(),
    finished: new Set(),
    busy: new Map(),
    changed: new Set(),
    failed: new Set(),
  };
  return {
    tell: (event, now) => update(picture, event, now),
    render({ columns, rows }, now) {
      const { startedAt, busy } = picture;
      if (startedAt === undefined || rows < 1) return [];
      // A line apart from what has happened already, where there is room for one.
      const gap = rows >= 8 && busy.size > 0 ? [''] : [];
      const room = Math.min(rows - 1 - gap.length, MOST_LINES);
      const lines =
        busy.size <= room
          ? formatHosts(busy, columns, now, paint)
          : formatTasks(busy, room, columns, now, paint);
      return [...gap, ...lines, clipParts(summarise(picture, now - startedAt, paint), columns)];
    },
  };
}

function update(picture: Picture, event: RunEvent, now: number): void {
  const { all, busy, changed, failed, finished } = picture;
  switch (event.type) {
    case 'run-started':
      picture.startedAt = now;
      picture.check = event.check;
      event.hosts.forEach((host) => all.add(host));
      return;
    case 'hosts-added':
      event.hosts.forEach((host) => all.add(host));
      return;
    case 'task-started':
      busy.set(event.host, { task: visibleLine(event.task.name), since: now, said: '' });
      return;
    case 'task-output': {
      const at = busy.get(event.host);
      const line = lastLine(event.text);
      if (at && line !== undefined) at.said = visibleLine(line.slice(0, 500));
      return;
    }
    case 'task-said': {
      const at = busy.get(event.host);
      if (at) at.said = visibleLine(event.text.slice(0, 500));
      return;
    }
    case 'task-retried': {
      const at = busy.get(event.host);
      if (at) at.said = `attempt ${event.attempt} of ${event.of}`;
      return;
    }
    case 'task-finished':
      busy.delete(event.host);
      if (event.result.status === 'changed') changed.add(event.host);
      return;
    case 'host-finished':
      busy.delete(event.host);
      finished.add(event.host);
      if (event.outcome !== 'done') failed.add(event.host);
      return;
    case 'play-started':
    case 'batch-started':
    case 'host-connected':
    case 'handler-finished':
    case 'rescue-started':
    case 'play-stopped':
    case 'warning':
      return;
    case 'run-finished':
      busy.clear();
      return;
    default:
      assertNever(event);
  }
}

/** Hosts may write hundreds of megabytes, and no more than a line of it is shown. */
function lastLine(output: string): string | undefined {
  return output
    .slice(-4096)
    .split(/[\r\n]+/)
    .findLast((line) => line.trim() !== '');
}

/** How far the whole is. */
function summarise(
  { all, busy, changed, check, failed, finished }: Picture,
  ms: number,
  paint: Paint,
): string[] {
  return [
    `${finished.size} of ${plural(all.size, 'host')} done`,
    ...(busy.size > 0 ? [`${busy.size} at work`] : []),
    ...(changed.size > 0
      ? [paint(statusColours.changed, `${changed.size} ${check ? 'would change' : 'changed'}`)]
      : []),
    ...(failed.size > 0 ? [paint(statusColours.failed, `${failed.size} failed`)] : []),
    formatClock(ms),
  ];
}

/** A line for each host. */
function formatHosts(busy: ReadonlyMap<string, Busy>, columns: number, now: number, paint: Paint): string[] {
  const width = Math.min(24, Math.max(0, ...[...busy.keys()].map((host) => displayWidth(visibleLine(host)))));
  return [...busy].map(([host, { task, since, said }]) => {
    const name = pad(clip(visibleLine(host), width), width);
    const head = clip(`${name}  ${formatClock(now - since)}  ${task}`, columns);
    const left = columns - displayWidth(head) - 2;
    return said === '' || left < 10 ? head : `${head}  ${paint('dim', clip(said, left))}`;
  });
}

/** More hosts than lines: a line for each task, the one with most hosts first. */
function formatTasks(
  busy: ReadonlyMap<string, Busy>,
  room: number,
  columns: number,
  now: number,
  paint: Paint,
): string[] {
  const byTask = new Map<string, { host: string; since: number; count: number }>();
  for (const [host, { task, since }] of busy) {
    const group = byTask.get(task);
    if (!group) byTask.set(task, { host, since, count: 1 });
    else {
      group.count++;
      if (since < group.since) [group.host, group.since] = [host, since];
    }
  }
  const groups = [...byTask].sort(([, a], [, b]) => b.count - a.count);
  const shown = groups.length <= room ? groups : groups.slice(0, Math.max(0, room - 1));
  const lines = shown.map(([task, { host, since, count }]) => {
    const head = clip(`${plural(count, 'host')}: ${task}`, columns);
    const oldest = `longest ${formatClock(now - since)}, ${visibleLine(host)}`;
    const left = columns - displayWidth(head) - 2;
    return left < displayWidth(oldest) ? head : `${head}  ${paint('dim', oldest)}`;
  });
  if (shown.length < groups.length && room > 0)
    lines.push(clip(`and ${plural(groups.length - shown.length, 'other task')}`, columns));
  return lines;
}

/** As many parts as fit; colours do not count. */
function clipParts(parts: readonly string[], columns: number): string {
  let line = '';
  let width = 0;
  for (const part of parts) {
    const separator = line === '' ? '' : ' · ';
    const needed = displayWidth(separator) + displayWidth(part.replace(/\u001b\[[\d;]*m/g, ''));
    if (width + needed > columns) break;
    line += separator + part;
    width += needed;
  }
  return line;
}
