/**
 * Owns the running account of a run, a line for each thing that happens: `web1 | changed | task: what`. Results that
 * are equal and arrive together become one line for all their hosts. Knows nothing of terminals, files or time: who
 * asks for the text decides when.
 */
import type { EventOf, RunEvent, TaskRef } from '../core/events.js';
import {
  describeProblem,
  describeResult,
  indentLines,
  outcomeColours,
  plural,
  type Described,
} from './describe.js';
import { formatDuration } from './duration.js';
import { assertNever, type Verbosity } from './reporter.js';
import type { Paint } from './style.js';
import { displayWidth, pad, visible, visibleLine } from './visible.js';

export interface NarrateOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  readonly diff: boolean;
  /** False where each event is drained by itself, so that looking for equal lines is no use. True when left out. */
  readonly isGrouped?: boolean;
}

export interface Narrator {
  tell(event: RunEvent): void;
  /** What was told since the last call: whole lines, or nothing. */
  drain(): string;
  /** True where nothing could ever be grouped, so that waiting is no use. */
  readonly isSingle: boolean;
  /** True where so much was told that it should not be kept any longer. */
  readonly isFull: boolean;
}

/** A column of hosts wider than this is not aligned. */
const WIDEST_HOST = 30;
/** Hosts that a grouped line names when it does not matter much which they are. */
const NAMED_HOSTS = 4;
export const INDENT = '    ';
/** Characters of hosts' output that wait for `drain`. */
const MOST_WAITING = 1 << 20;

type Entry =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'hosts';
      readonly hosts: string[];
      readonly described: Described;
    };

export function createNarrator({ paint, verbosity, diff, isGrouped = true }: NarrateOptions): Narrator {
  let entries: Entry[] = [];
  /** Where each host's last line stands: it may join an equal line only below that. */
  let lastEntryOf = new Map<string, number>();
  /** Where equal lines stand, in order. */
  let placesOf = new Map<string, number[]>();
  let check = false;
  let hostCount = 0;
  let hostWidth = 0;
  /** Columns of the widest name. */
  let widest = 0;
  let waiting = 0;
  /** Hosts whose failure has been told with its task, so that leaving the run adds nothing. */
  const told = new Set<string>();

  function addText(text: string): void {
    entries.push({ type: 'text', text });
    // Nothing moves over a heading.
    lastEntryOf = new Map();
    placesOf = new Map();
    barrier = entries.length;
  }
  let barrier = 0;

  function addHost(host: string, described: Described): void {
    if (!isGrouped || hostCount < 2) {
      entries.push({ type: 'hosts', hosts: [host], described });
      return;
    }
    const key = JSON.stringify(described);
    const after = lastEntryOf.get(host) ?? barrier - 1;
    const places = placesOf.get(key) ?? [];
    const index = places.find((place) => place > after);
    const found = index === undefined ? undefined : entries[index];
    if (index !== undefined && found?.type === 'hosts') {
      found.hosts.push(host);
      lastEntryOf.set(host, index);
      return;
    }
    lastEntryOf.set(host, entries.length);
    places.push(entries.length);
    placesOf.set(key, places);
    entries.push({ type: 'hosts', hosts: [host], described });
  }

  function note(host: string, status: string, text: string, details: readonly string[] = []): void {
    addHost(host, { status, colour: 'dim', text: visibleLine(text), details, namesHosts: false });
  }

  function formatEntry(entry: Entry): string {
    if (entry.type === 'text') return entry.text;
    const { described, hosts } = entry;
    const names = hosts.map(visibleLine);
    const joined = names.join(', ');
    const label =
      names.length === 1 || displayWidth(joined) <= hostWidth ? joined : plural(names.length, 'host');
    const isNamed = label === joined;
    const statusWidth = check ? 'would change'.length : 'changed'.length;
    const status = paint(described.colour, pad(described.status, statusWidth));
    const some =
      isNamed || described.namesHosts || names.length === hostCount
        ? ''
        : paint('dim', ` (${someOf(names)})`);
    const lines = [`${pad(label, hostWidth)} | ${status} | ${described.text}${some}`];
    if (!isNamed && described.namesHosts) lines.push(...wrapNames(names).map((line) => INDENT + line));
    for (const detail of described.details) lines.push(indentLines(detail, INDENT));
    return lines.join('\n');
  }

  function finishTask({ host, task, result }: EventOf<'task-finished'>): void {
    const described = describeResult(task, result, { paint, verbosity, diff, check });
    if (described?.namesHosts) told.add(host);
    if (described) addHost(host, described);
  }

  function finishHost({ host, outcome, problem }: EventOf<'host-finished'>): void {
    if (outcome === 'done') {
      if (verbosity >= 3) note(host, 'done', 'nothing left to do');
      return;
    }
    if (outcome === 'not-tried') {
      addHost(host, { status: 'skipped', colour: 'cyan', text: 'not tried', details: [], namesHosts: false });
      return;
    }
    if (told.has(host)) return;
    const message = visibleLine(problem?.message.split('\n')[0] ?? '');
    addHost(host, {
      status: outcome,
      colour: outcomeColours[outcome],
      text: message === '' ? `the host is left here` : message,
      details: problem ? describeProblem(problem, undefined, verbosity) : [],
      namesHosts: true,
    });
  }

  function startRun(event: EventOf<'run-started'>): void {
    check = event.check;
    addHosts(event.hosts);
    if (check)
      addText(paint('bold', 'CHECK MODE: nothing is changed, "would change" is what a run would do.'));
    if (verbosity >= 1) addText(paint('dim', `run ${event.runId}, zrun ${event.version}`));
  }

  /** That are in the run, or come to it later. */
  function addHosts(hosts: readonly string[]): void {
    hostCount += hosts.length;
    widest = Math.max(widest, ...hosts.map((host) => displayWidth(visibleLine(host))));
    const counted = Math.max(widest, plural(hostCount, 'host').length);
    hostWidth = hostCount < 2 ? widest : Math.min(counted, WIDEST_HOST);
  }

  return {
    get isSingle() {
      return hostCount < 2;
    },
    get isFull() {
      return waiting > MOST_WAITING;
    },
    tell(event) {
      switch (event.type) {
        case 'run-started':
          startRun(event);
          return;
        case 'hosts-added':
          addHosts(event.hosts);
          return;
        case 'play-started':
          addText(
            `\n${paint('bold', `PLAY [${visibleLine(event.play)}]`)} ${plural(event.hosts.length, 'host')}`,
          );
          return;
        case 'batch-started':
          if (event.of > 1)
            addText(
              `\n${paint('bold', `BATCH ${event.batch} of ${event.of}`)} ${someOf(event.hosts.map(visibleLine))}`,
            );
          return;
        case 'host-connected':
          if (verbosity >= 3) note(event.host, 'connect', `connected in ${formatDuration(event.ms)}`);
          return;
        case 'task-started':
          if (verbosity >= 4) note(event.host, 'start', nameOf(event.task));
          return;
        case 'task-output':
          if (verbosity < 4) return;
          note(event.host, event.stream, nameOf(event.task), detailsOf(event.text));
          waiting += event.text.length;
          return;
        case 'task-said':
          note(event.host, 'says', nameOf(event.task), detailsOf(event.text));
          return;
        case 'task-retried':
          note(
            event.host,
            'retry',
            `${nameOf(event.task)}: attempt ${event.attempt} of ${event.of}: ${event.summary}`,
          );
          return;
        case 'task-finished':
          finishTask(event);
          return;
        case 'handler-finished':
          // Its task has been told.
          return;
        case 'rescue-started':
          addHost(event.host, {
            status: 'rescue',
            colour: 'yellow',
            text: visibleLine(`${event.block}: ${event.reason}; its rescue begins`),
            details: [],
            namesHosts: false,
          });
          // What is rescued is no failure of the host: a later one is told again.
          told.delete(event.host);
          return;
        case 'host-finished':
          finishHost(event);
          return;
        case 'play-stopped':
          addText(
            `\n${paint('red', 'STOPPED')} ${visibleLine(event.reason)}; ${plural(event.notTried.length, 'host')} not tried`,
          );
          return;
        case 'warning': {
          const about = event.host === undefined ? '' : `${visibleLine(event.host)}: `;
          addText(
            `${paint('magenta', 'warning:')} ${about}${visible(event.message).split('\n').join(`\n${INDENT}`)}`,
          );
          return;
        }
        case 'run-finished':
          // The recap has the last word.
          return;
        default:
          assertNever(event);
      }
    },
    drain() {
      const text = entries.map((entry) => `${formatEntry(entry)}\n`).join('');
      entries = [];
      lastEntryOf = new Map();
      placesOf = new Map();
      barrier = 0;
      waiting = 0;
      return text;
    },
  };
}

function detailsOf(text: string): readonly string[] {
  return text === '' ? [] : [visible(text).trimEnd()];
}

function nameOf(task: TaskRef): string {
  return task.name;
}

/** The first few names, and how many more. */
export function someOf(names: readonly string[]): string {
  if (names.length <= NAMED_HOSTS) return names.join(', ');
  return `${names.slice(0, NAMED_HOSTS - 1).join(', ')} and ${names.length - NAMED_HOSTS + 1} more`;
}

/** All names, in lines of a bearable length. */
export function wrapNames(names: readonly string[], columns = 100): string[] {
  const lines: string[] = [];
  let line = '';
  names.forEach((name, i) => {
    const piece = i === names.length - 1 ? name : `${name},`;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(piece) > columns) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  });
  return line === '' ? lines : [...lines, line];
}
