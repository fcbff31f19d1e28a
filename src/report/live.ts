/**
 * Owns the picture of a run under way: which host is at what, for how long, and how far the whole is. Data in, lines
 * out; knows nothing of terminals but their size.
 */
import { formatBytes, parseBytes } from '../core/bytes.js';
import type { HostOutcome, RunEvent, TaskStatus } from '../core/events.js';
import { outcomeColours, plural, statusColours } from './describe.js';
import { formatClock } from './duration.js';
import { assertNever } from './reporter.js';
import type { Paint } from './style.js';
import { clip, displayWidth, pad, visibleLine } from './visible.js';

interface LiveView {
  /** `now`: milliseconds on the same clock as `render`'s. */
  tell(event: RunEvent, now: number): void;
  /** At most `rows` lines of at most `columns` columns. */
  render(size: LiveSize, now: number): string[];
  /** The same in a line, for where nothing can be drawn. Empty where no host is at work. */
  summarise(now: number): string;
}

interface LiveSize {
  readonly columns: number;
  readonly rows: number;
}

interface LiveOptions {
  readonly paint: Paint;
  /** False where the terminal shows no more than ASCII. */
  readonly isUtf8?: boolean;
}

interface Busy {
  readonly task: string;
  readonly since: number;
  /** The last line that it wrote. */
  said: string;
  /** Which item of how many it is at, in a loop. */
  item: string;
  /** Of how many bytes, by what it said last; and since when it says so. */
  bytes: Bytes | undefined;
}

interface Bytes {
  readonly done: number;
  readonly of: number;
  readonly first: { readonly done: number; readonly at: number };
  readonly at: number;
}

/** How many hosts a task has come to an end on. */
type Ends = Record<TaskStatus, number>;

/** More than this is not watched but scrolled past, however high the terminal is. */
const MOST_LINES = 16;

/** The run so far, as much of it as is drawn. */
interface Picture {
  startedAt: number | undefined;
  check: boolean;
  readonly all: Set<string>;
  readonly connected: Set<string>;
  readonly outcomes: Map<string, HostOutcome>;
  /** In the order in which they began. */
  readonly busy: Map<string, Busy>;
  readonly changed: Set<string>;
  /** Of the play, in the order in which the first host came to each, by name. */
  readonly tasks: Map<string, Ends>;
  /** When each host that is under way began. */
  readonly begun: Map<string, number>;
  /** The batch under way, where there are several. */
  batch: { readonly batch: number; readonly of: number; readonly hosts: readonly string[] } | undefined;
  /** Of the hosts that are done: how many, and how long they took together. */
  done: { readonly count: number; readonly ms: number };
}

export function createLiveView({ paint, isUtf8 = true }: LiveOptions): LiveView {
  const picture: Picture = {
    startedAt: undefined,
    check: false,
    all: new Set(),
    connected: new Set(),
    outcomes: new Map(),
    busy: new Map(),
    changed: new Set(),
    tasks: new Map(),
    begun: new Map(),
    batch: undefined,
    done: { count: 0, ms: 0 },
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
          ? formatHosts(picture, columns, now, paint)
          : formatTasks(picture, room, columns, now, paint);
      const all = [...gap, ...lines, formatFooter(picture, columns, now, { paint, isUtf8 })];
      return isUtf8 ? all : all.map((line) => line.replaceAll('…', '~'));
    },
    summarise(now) {
      const [slowest] = [...picture.busy].sort(([, a], [, b]) => a.since - b.since);
      if (!slowest) return '';
      const [host, at] = slowest;
      const { task, since, said } = at;
      const longest = `${visibleLine(host)} for ${formatClock(now - since)} at '${task}'`;
      const parts = summarise(picture, now, { paint, isShort: false });
      const more = [at.item, formatRate(at, now), clip(said, 80)].filter((part) => part !== '');
      return [...parts, longest, ...more].join(', ');
    },
  };
}

function update(picture: Picture, event: RunEvent, now: number): void {
  const { all, begun, busy, changed, connected, outcomes, tasks } = picture;
  switch (event.type) {
    case 'run-started':
      picture.startedAt = now;
      picture.check = event.check;
      event.hosts.forEach((host) => all.add(host));
      return;
    case 'hosts-added':
      event.hosts.forEach((host) => all.add(host));
      return;
    case 'play-started':
      tasks.clear();
      picture.batch = undefined;
      return;
    case 'batch-started':
      picture.batch = event.of > 1 ? event : undefined;
      return;
    case 'item-started': {
      const at = busy.get(event.host);
      const { index, of, item } = event;
      if (at)
        Object.assign(at, {
          item: `${index}/${of} ${visibleLine(item.slice(0, 200))}`.trim(),
          said: '',
          bytes: undefined,
        });
      return;
    }
    case 'host-connected':
      connected.add(event.host);
      return;
    case 'task-started': {
      const name = visibleLine(event.task.name);
      endsOf(picture, name);
      busy.set(event.host, { task: name, since: now, said: '', item: '', bytes: undefined });
      if (!begun.has(event.host)) begun.set(event.host, now);
      return;
    }
    case 'task-output': {
      const at = busy.get(event.host);
      const line = lastLine(event.text);
      if (at && line !== undefined) say(at, line, now);
      return;
    }
    case 'task-said': {
      const at = busy.get(event.host);
      if (at) say(at, event.text, now);
      return;
    }
    case 'task-progressed': {
      const at = busy.get(event.host);
      const { verb, done, of } = event;
      if (!at) return;
      at.said = `${visibleLine(verb)} ${formatBytes(done)} of ${formatBytes(of)}`;
      count(at, done, of, now);
      return;
    }
    case 'task-retried': {
      const at = busy.get(event.host);
      if (at) at.said = `attempt ${event.attempt} of ${event.of}`;
      return;
    }
    case 'task-finished':
      busy.delete(event.host);
      connected.add(event.host);
      endsOf(picture, visibleLine(event.task.name))[event.result.status]++;
      if (event.result.status === 'changed') changed.add(event.host);
      return;
    case 'host-finished': {
      busy.delete(event.host);
      outcomes.set(event.host, event.outcome);
      const since = begun.get(event.host);
      begun.delete(event.host);
      const { done } = picture;
      if (since !== undefined && event.outcome === 'done')
        picture.done = { count: done.count + 1, ms: done.ms + now - since };
      return;
    }
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

function endsOf({ tasks }: Picture, name: string): Ends {
  const known = tasks.get(name);
  if (known) return known;
  const fresh: Ends = { ok: 0, changed: 0, skipped: 0, failed: 0, unknown: 0, unreachable: 0 };
  tasks.set(name, fresh);
  return fresh;
}

const size = String.raw`\d+(?:\.\d+)? ?(?:[KMGTP]i?B?|B|bytes)`;
const bytesOf = new RegExp(`(${size}) ?(?:/|of) ?(${size})`, 'i');

/** What was said last, and what it tells of bytes: `3.1 GiB of 9.8 GiB`. */
function say(at: Busy, text: string, now: number): void {
  at.said = visibleLine(text.slice(0, 500));
  const [, done, of] = bytesOf.exec(at.said) ?? [];
  const [have, all] = [done, of].map((each) => parseBytes(each?.replace(/ ?bytes$/i, '') ?? ''));
  if (have !== undefined && all !== undefined) count(at, have, all, now);
}

function count(at: Busy, done: number, of: number, now: number): void {
  if (done > of) return;
  const isSame = at.bytes?.of === of && at.bytes.done <= done;
  const first = isSame && at.bytes ? at.bytes.first : { done, at: now };
  at.bytes = { done, of, first, at: now };
}

/** Milliseconds over which a rate is worth telling. */
const leastMeasured = 2000;

/** `55 MiB/s, 2:03 left`, unless it says so itself. */
function formatRate({ bytes, said }: Busy, now: number): string {
  if (!bytes || /\/s\b/.test(said)) return '';
  const { done, of, first, at } = bytes;
  if (at - first.at < leastMeasured || done <= first.done) return '';
  // Until now: a copy that stands still gets slower.
  const rate = (done - first.done) / (now - first.at);
  return `${formatBytes(Math.round(rate * 1000))}/s, ${formatClock((of - done) / rate)} left`;
}

/** Hosts may write hundreds of megabytes, and no more than a line of it is shown. */
function lastLine(output: string): string | undefined {
  return output
    .slice(-4096)
    .split(/[\r\n]+/)
    .findLast((line) => line.trim() !== '');
}

/** The last line: in fewer words, and then without its bar, where a terminal is too narrow for all of it. */
function formatFooter(
  picture: Picture,
  columns: number,
  now: number,
  { paint, isUtf8 }: Required<LiveOptions>,
): string {
  const { all, outcomes } = picture;
  const bar = all.size >= 4 ? `${formatBar(outcomes.size / all.size, isUtf8)} ` : '';
  const between = isUtf8 ? ' · ' : ', ';
  const [long, short] = [false, true].map((isShort) =>
    summarise(picture, now, { paint, isShort }).join(between),
  );
  const fitting = [`${bar}${long}`, `${bar}${short}`, long].find((line = '') => widthOf(line) <= columns);
  return fitting ?? clipParts(summarise(picture, now, { paint, isShort: true }), between, columns);
}

/** Colours do not count. */
function widthOf(text: string): number {
  return displayWidth(text.replace(/\u001b\[[\d;]*m/g, ''));
}

/** How far the whole is. What matters less comes later, and is dropped first. */
function summarise(
  picture: Picture,
  now: number,
  { paint, isShort }: { readonly paint: Paint; readonly isShort: boolean },
): string[] {
  const { all, busy, changed, check, outcomes, startedAt = now } = picture;
  const ends = (['failed', 'unreachable', 'unknown', 'halted', 'interrupted'] as const).flatMap((outcome) => {
    const count = [...outcomes.values()].filter((each) => each === outcome).length;
    return count > 0 ? [paint(outcomeColours[outcome], `${count} ${outcome}`)] : [];
  });
  const left = timeLeft(picture, now);
  const forecast = left === undefined ? '' : `, ${isShort ? '' : 'about '}${formatClock(left)} left`;
  return [
    isShort ? `${outcomes.size}/${all.size} done` : `${outcomes.size} of ${plural(all.size, 'host')} done`,
    `${formatClock(now - startedAt)}${forecast}`,
    ...ends,
    ...formatBatch(picture, isShort),
    ...(busy.size > 0 ? [`${busy.size} at work`] : []),
    ...(changed.size > 0
      ? [paint(statusColours.changed, `${changed.size} ${check ? 'would change' : 'changed'}`)]
      : []),
  ];
}

function formatBatch({ batch, outcomes }: Picture, isShort: boolean): string[] {
  if (!batch) return [];
  const done = batch.hosts.filter((host) => outcomes.has(host)).length;
  const place = `batch ${batch.batch}${isShort ? '/' : ' of '}${batch.of}`;
  return [`${place}: ${done}${isShort ? '/' : ' of '}${batch.hosts.length}`];
}

const barWidth = 20;

function formatBar(share: number, isUtf8: boolean): string {
  const filled = Math.round(share * barWidth);
  const [full, empty] = isUtf8 ? ['█', '░'] : ['#', '-'];
  return `${full.repeat(filled)}${empty.repeat(barWidth - filled)}`;
}

/** Shorter times are not worth a forecast. Milliseconds. */
const leastForecast = 10_000;

/**
 * What hosts took that are done, is what the others will take: those under way need the rest of it, and those that wait
 * come as places become free. Undefined where there is too little to tell.
 */
function timeLeft({ all, begun, done, outcomes }: Picture, now: number): number | undefined {
  if (done.count === 0 || begun.size === 0) return undefined;
  const each = done.ms / done.count;
  const waiting = all.size - outcomes.size - begun.size;
  const youngest = Math.max(...begun.values());
  const left = Math.max(0, each - (now - youngest)) + (waiting / begun.size) * each;
  return left < leastForecast ? undefined : left;
}

/** A line for each host. */
function formatHosts(
  { busy, connected }: Pick<Picture, 'busy' | 'connected'>,
  columns: number,
  now: number,
  paint: Paint,
): string[] {
  const width = Math.min(24, Math.max(0, ...[...busy.keys()].map((host) => displayWidth(visibleLine(host)))));
  return [...busy].map(([host, at]) => {
    const name = pad(clip(visibleLine(host), width), width);
    const parts = [at.item, formatRate(at, now), at.said].filter((part) => part !== '');
    const about = parts.length === 0 && !connected.has(host) ? 'connecting' : parts.join('  ');
    // What is said now tells more than the end of a long name.
    const most =
      about === '' ? columns : Math.max(columns - displayWidth(about) - 2, Math.floor(columns * 0.6));
    const head = clip(`${name}  ${formatClock(now - at.since)}  ${at.task}`, most);
    const left = columns - displayWidth(head) - 2;
    return about === '' || left < 10 ? head : `${head}  ${paint('dim', clip(about, left))}`;
  });
}

interface TaskRow {
  readonly task: string;
  count: number;
  connecting: number;
}

/** Hosts that are named below the tasks, at most: those that are at theirs longest. */
const MOST_NAMED = 4;

/** More hosts than lines: a line for each task that hosts are at, in the order of the play, and the slowest hosts. */
function formatTasks(picture: Picture, room: number, columns: number, now: number, paint: Paint): string[] {
  const rows = taskRows(picture);
  const shown = rows.length <= room ? rows : rows.slice(0, Math.max(0, room - 1));
  const width = Math.min(
    Math.max(0, ...shown.map(({ task }) => displayWidth(task))),
    Math.max(10, Math.floor(columns / 2)),
  );
  const lines = shown.map(({ task, count, connecting }) => {
    const { ok, changed, skipped, failed, unknown, unreachable } = endsOf(picture, task);
    const numbers: readonly (readonly [string, number])[] = [
      ['running', count - connecting],
      ['connecting', connecting],
      ['done', ok + changed + skipped],
      ['failed', failed],
      ['unreachable', unreachable],
      ['unknown', unknown],
    ];
    const told = numbers.flatMap(([word, number]) => (number > 0 ? [`${number} ${word}`] : [])).join(', ');
    return clip(`${pad(clip(task, width), width)}  ${told}`, columns);
  });
  if (shown.length < rows.length && room > 0)
    lines.push(clip(`and ${plural(rows.length - shown.length, 'other task')}`, columns));
  const named = Math.min(MOST_NAMED, room - lines.length - 1);
  if (named <= 0) return lines;
  const slowest = [...picture.busy].sort(([, a], [, b]) => a.since - b.since).slice(0, named);
  return [
    ...lines,
    ...formatHosts({ ...picture, busy: new Map(slowest) }, columns - 2, now, paint).map(
      (line) => `  ${line}`,
    ),
  ];
}

function taskRows({ busy, connected, tasks }: Picture): readonly TaskRow[] {
  const rows = new Map<string, TaskRow>();
  for (const [host, { task }] of busy) {
    const row = rows.get(task) ?? { task, count: 0, connecting: 0 };
    rows.set(task, row);
    row.count++;
    if (!connected.has(host)) row.connecting++;
  }
  return [...tasks.keys()].flatMap((task) => rows.get(task) ?? []);
}

/** As many parts as fit; colours do not count. */
function clipParts(parts: readonly string[], between: string, columns: number): string {
  let line = '';
  let width = 0;
  for (const part of parts) {
    const separator = line === '' ? '' : between;
    const needed = displayWidth(separator) + widthOf(part);
    if (width + needed > columns) break;
    line += separator + part;
    width += needed;
  }
  return line;
}
