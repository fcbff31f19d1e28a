/**
 * Owns the picture of a run under way: which host is at what, for how long, and how far the whole is. Data in, lines
 * out; knows nothing of terminals but their size.
 */
import { formatBytes, parseBytes } from '../core/bytes.js';
import type { HostOutcome, RunEvent, TaskRef } from '../core/events.js';
import type { Progress } from '../core/progress.js';
import { outcomeColours, plural, statusColours } from './describe.js';
import { formatClock } from './duration.js';
import { assertNever } from './reporter.js';
import type { Paint } from './style.js';
import { createCounter, createTally, type Tally } from './tally.js';
import { clip, displayWidth, pad, visibleLine, widthOf } from './visible.js';

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
  readonly task: Known;
  readonly since: number;
  /** The last line that it wrote. */
  said: string;
  /** Which item of how many it is at, in a loop. */
  item: string;
  /** Of how many bytes, by what it said last; and since when it says so. */
  bytes: Bytes | undefined;
}

/** `verb` is empty where they come from a text that stands beside them. */
interface Bytes extends Progress {
  readonly first: { readonly done: number; readonly at: number };
  readonly at: number;
}

/** A task, and how many hosts it has come to an end on. */
interface Known {
  /** As the first host has it. */
  readonly name: string;
  /** Its place in the play, where it has one. */
  readonly number: number | undefined;
  readonly ends: Tally;
}

/** More than this is not watched but scrolled past, however high the terminal is. */
const MOST_LINES = 16;

/** The run so far, as much of it as is drawn. */
interface Picture {
  startedAt: number | undefined;
  check: boolean;
  /** Somebody wants an end: what runs on hosts is being ended. */
  isStopping: boolean;
  readonly all: Set<string>;
  readonly connected: Set<string>;
  readonly outcomes: Map<string, HostOutcome>;
  /** In the order in which they began. */
  readonly busy: Map<string, Busy>;
  readonly changed: Set<string>;
  readonly counter: ReturnType<typeof createCounter>;
  /** Of the play, in the order in which the first host came to each, by their ids. */
  readonly tasks: Map<string, Known>;
  /** How many the play has, where that is known. */
  taskCount: number | undefined;
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
    isStopping: false,
    all: new Set(),
    connected: new Set(),
    outcomes: new Map(),
    busy: new Map(),
    changed: new Set(),
    counter: createCounter(),
    tasks: new Map(),
    taskCount: undefined,
    begun: new Map(),
    batch: undefined,
    done: { count: 0, ms: 0 },
  };
  return {
    tell: (event, now) => update(picture, event, now),
    render({ columns, rows }, now) {
      const { startedAt, busy } = picture;
      if (startedAt === undefined || rows < 1) return [];
      // A line apart from what has happened already, and more than one below, where there is room for them.
      const isHigh = rows >= 8;
      const gap = isHigh && busy.size > 0 ? [''] : [];
      const footer = formatFooter(picture, columns, now, { paint, isUtf8, isHigh });
      const room = Math.min(rows - footer.length - gap.length, MOST_LINES);
      const lines =
        busy.size <= room
          ? formatHosts(picture, columns, now, paint)
          : formatTasks(picture, room, columns, now, paint);
      const all = [...gap, ...lines, ...footer];
      return isUtf8 ? all : all.map((line) => line.replaceAll('…', '~'));
    },
    summarise(now) {
      const [slowest] = [...picture.busy].sort(([, a], [, b]) => a.since - b.since);
      if (!slowest) return '';
      const [host, at] = slowest;
      const { task, since } = at;
      const longest = `${visibleLine(host)} for ${formatClock(now - since)} at '${task.name}'`;
      const parts = summarise(picture, now, { paint, isShort: false });
      const doing = formatDoing(at, now).map((text) => clip(text, 80));
      const more = [at.item, ...doing].filter((part) => part !== '');
      return [...parts, longest, ...more].join(', ');
    },
  };
}

function update(picture: Picture, event: RunEvent, now: number): void {
  const { all, begun, busy, changed, connected, counter, outcomes, tasks } = picture;
  counter.tell(event);
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
      picture.taskCount = event.tasks;
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
      const task = knownOf(picture, event.task);
      busy.set(event.host, { task, since: now, said: '', item: '', bytes: undefined });
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
      at.said = '';
      count(at, { verb: visibleLine(verb), done, of }, now);
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
      counter.count(event, [knownOf(picture, event.task).ends]);
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
    case 'run-stopping':
      picture.isStopping = true;
      return;
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

function knownOf({ tasks }: Picture, { id, name, number }: TaskRef): Known {
  const known = tasks.get(id);
  if (known) return known;
  const fresh: Known = { name: visibleLine(name), number, ends: createTally() };
  tasks.set(id, fresh);
  return fresh;
}

/** `3/7`; empty where a task has no place. */
function placeOf({ number }: Known, { taskCount }: Pick<Picture, 'taskCount'>): string {
  return number === undefined || taskCount === undefined ? '' : `${number}/${taskCount}`;
}

const size = String.raw`\d+(?:\.\d+)? ?(?:[KMGTP]i?B?|B|bytes)`;
const bytesOf = new RegExp(`(${size}) ?(?:/|of) ?(${size})`, 'i');

/** What was said last, and what it tells of bytes: `3.1 GiB of 9.8 GiB`. */
function say(at: Busy, text: string, now: number): void {
  at.said = visibleLine(text.slice(0, 500));
  const [, done, of] = bytesOf.exec(at.said) ?? [];
  const [have, all] = [done, of].map((each) => parseBytes(each?.replace(/ ?bytes$/i, '') ?? ''));
  if (have !== undefined && all !== undefined) count(at, { verb: '', done: have, of: all }, now);
}

function count(at: Busy, { verb, done, of }: Progress, now: number): void {
  if (done > of) return;
  const isSame = at.bytes?.of === of && at.bytes.verb === verb && at.bytes.done <= done;
  const first = isSame && at.bytes ? at.bytes.first : { done, at: now };
  at.bytes = { verb, done, of, first, at: now };
}

/** What is done of how much, and how fast: `1.4 of 9.8 GiB, 55 MiB/s, 2:03 left`; or what it said last. */
function formatDoing(at: Busy, now: number): readonly string[] {
  const { bytes, said } = at;
  const rate = formatRate(at, now);
  if (!bytes || bytes.verb === '' || said !== '') return [rate, said];
  const [done, of] = [formatBytes(bytes.done), formatBytes(bytes.of)];
  const unit = of.slice(of.indexOf(' '));
  const amount = `${done.endsWith(unit) ? done.slice(0, -unit.length) : done} of ${of}`;
  return [rate === '' ? amount : `${amount}, ${rate}`];
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

interface FooterOptions extends Required<LiveOptions> {
  /** There is room for more than one line. */
  readonly isHigh: boolean;
}

/**
 * How far the batch is, and the whole. In fewer words where a terminal is too narrow for all of it, then in two lines: what
 * went wrong is never left out for the sake of one.
 */
function formatFooter(
  picture: Picture,
  columns: number,
  now: number,
  { paint, isUtf8, isHigh }: FooterOptions,
): readonly string[] {
  const { all, batch, outcomes } = picture;
  const between = isUtf8 ? ' · ' : ', ';
  const width = columns < 100 ? 10 : 20;
  const bar = (share: number): string =>
    all.size >= 4 && columns >= 40 ? `${formatBar(share, width, isUtf8)} ` : '';
  const fleetBar = bar(outcomes.size / all.size);
  const shown = isHigh ? { ...picture, batch: undefined } : picture;
  const batchLine =
    isHigh && batch
      ? [
          clip(
            `${bar(batchDone(batch, outcomes) / batch.hosts.length)}${formatBatch(picture, false).join('')}`,
            columns,
          ),
        ]
      : [];
  const [long = [], short = []] = [false, true].map((isShort) => summarise(shown, now, { paint, isShort }));
  const fitting = [`${fleetBar}${long.join(between)}`, `${fleetBar}${short.join(between)}`];
  if (!isHigh) fitting.push(long.join(between));
  const line = fitting.find((each) => widthOf(each) <= columns);
  if (line !== undefined) return [...batchLine, line];
  if (!isHigh) return [takeParts(short, between, columns).line];
  const first = takeParts(short, between, columns - widthOf(fleetBar));
  return [...batchLine, `${fleetBar}${first.line}`, takeParts(first.rest, between, columns).line];
}

/** How far the whole is. What matters less comes later, and is dropped first. */
function summarise(
  picture: Picture,
  now: number,
  { paint, isShort }: { readonly paint: Paint; readonly isShort: boolean },
): string[] {
  const { all, busy, changed, check, isStopping, outcomes, startedAt = now } = picture;
  const ends = (['failed', 'unreachable', 'unknown', 'halted', 'interrupted'] as const).flatMap((outcome) => {
    const count = [...outcomes.values()].filter((each) => each === outcome).length;
    return count > 0 ? [paint(outcomeColours[outcome], `${count} ${outcome}`)] : [];
  });
  const left = isStopping ? undefined : timeLeft(picture, now);
  const forecast = left === undefined ? '' : `, ${isShort ? '' : 'about '}${formatClock(left)} left`;
  return [
    ...(isStopping ? [paint('yellow', formatStopping(busy.size))] : []),
    isShort
      ? `${outcomes.size}/${all.size} hosts`
      : `${outcomes.size} of ${plural(all.size, 'host')} finished`,
    `${formatClock(now - startedAt)}${forecast}`,
    ...ends,
    ...formatBatch(picture, isShort),
    ...(busy.size > 0 && !isStopping ? [`${busy.size} at work`] : []),
    ...(changed.size > 0
      ? [paint(statusColours.changed, `${changed.size} ${check ? 'would change' : 'changed'}`)]
      : []),
  ];
}

function formatStopping(left: number): string {
  return left === 0 ? 'stopping' : `stopping, ${plural(left, 'host')} to go`;
}

function formatBatch({ batch, outcomes }: Picture, isShort: boolean): string[] {
  if (!batch) return [];
  const done = batchDone(batch, outcomes);
  const place = `batch ${batch.batch}${isShort ? '/' : ' of '}${batch.of}`;
  return [`${place}: ${done}${isShort ? '/' : ' of '}${batch.hosts.length}`];
}

function batchDone({ hosts }: { readonly hosts: readonly string[] }, outcomes: Picture['outcomes']): number {
  return hosts.filter((host) => outcomes.has(host)).length;
}

function formatBar(share: number, width: number, isUtf8: boolean): string {
  const filled = Math.round(share * width);
  const [full, empty] = isUtf8 ? ['█', '░'] : ['#', '-'];
  return `${full.repeat(filled)}${empty.repeat(width - filled)}`;
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
  { busy, connected, taskCount }: Pick<Picture, 'busy' | 'connected' | 'taskCount'>,
  columns: number,
  now: number,
  paint: Paint,
): string[] {
  const width = Math.min(24, Math.max(0, ...[...busy.keys()].map((host) => displayWidth(visibleLine(host)))));
  const places = [...busy.values()].map(({ task }) => placeOf(task, { taskCount }));
  const placeWidth = Math.max(0, ...places.map((place) => place.length));
  return [...busy].map(([host, at], i) => {
    const place = placeWidth === 0 ? '' : `${pad(places[i] ?? '', placeWidth)}  `;
    const name = pad(clip(visibleLine(host), width), width);
    const parts = [at.item, ...formatDoing(at, now)].filter((part) => part !== '');
    const about = parts.length === 0 && !connected.has(host) ? 'connecting' : parts.join('  ');
    const start = `${name}  ${formatClock(now - at.since)}  ${place}`;
    // What is said now tells more than the end of a long name; the time is never dropped for it.
    const least = Math.max(Math.floor(columns / 2), displayWidth(start) + 8);
    const most = about === '' ? columns : Math.max(columns - displayWidth(about) - 2, least);
    const head = clip(`${start}${at.task.name}`, Math.min(most, columns));
    const left = columns - displayWidth(head) - 2;
    return about === '' || left < 10 ? head : `${head}  ${paint('dim', clip(about, left))}`;
  });
}

interface TaskRow {
  readonly task: Known;
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
    Math.max(0, ...shown.map(({ task }) => displayWidth(task.name))),
    Math.max(10, Math.floor(columns / 2)),
  );
  const places = shown.map(({ task }) => placeOf(task, picture));
  const placeWidth = Math.max(0, ...places.map((place) => place.length));
  const lines = shown.map(({ task, count, connecting }, i) => {
    const { ok, changed, skipped, failed, unknown, unreachable, ignored, rescued } = task.ends;
    const place = placeWidth === 0 ? '' : `  ${pad(places[i] ?? '', placeWidth)}`;
    const numbers: readonly (readonly [string, number])[] = [
      ['running', count - connecting],
      ['connecting', connecting],
      ['done', ok + changed + skipped],
      ['failed', failed],
      ['unreachable', unreachable],
      ['unknown', unknown],
      ['ignored', ignored],
      ['rescued', rescued],
    ];
    const told = numbers.flatMap(([word, number]) => (number > 0 ? [`${number} ${word}`] : [])).join(', ');
    return clip(`${pad(clip(task.name, width), width)}${place}  ${told}`, columns);
  });
  if (shown.length < rows.length && room > 0)
    lines.push(clip(`and ${plural(rows.length - shown.length, 'other task')}`, columns));
  const named = Math.min(MOST_NAMED, room - lines.length - 1);
  if (named <= 0) return lines;
  const slowest = [...picture.busy].sort(([, a], [, b]) => a.since - b.since).slice(0, named);
  return [
    ...lines,
    // Their places stand above.
    ...formatHosts({ ...picture, taskCount: undefined, busy: new Map(slowest) }, columns - 2, now, paint).map(
      (line) => `  ${line}`,
    ),
  ];
}

/** In the order of the play; what has no place in it comes where it was first met. */
function taskRows({ busy, connected, tasks }: Picture): readonly TaskRow[] {
  const rows = new Map<Known, TaskRow>();
  for (const [host, { task }] of busy) {
    const row = rows.get(task) ?? { task, count: 0, connecting: 0 };
    rows.set(task, row);
    row.count++;
    if (!connected.has(host)) row.connecting++;
  }
  let last = 0;
  const order = new Map<Known, number>();
  for (const task of tasks.values()) order.set(task, (last = task.number ?? last));
  return [...tasks.values()]
    .flatMap((task) => rows.get(task) ?? [])
    .sort((a, b) => (order.get(a.task) ?? 0) - (order.get(b.task) ?? 0));
}

/** As many parts as fit; colours do not count. */
function takeParts(
  parts: readonly string[],
  between: string,
  columns: number,
): { readonly line: string; readonly rest: readonly string[] } {
  let count = parts.length;
  while (count > 0 && widthOf(parts.slice(0, count).join(between)) > columns) count--;
  return { line: parts.slice(0, count).join(between), rest: parts.slice(count) };
}
