/**
 * Owns the running account of a run, a line for each thing that happens: `web1 | changed | task: what`. Results that
 * are equal and arrive together become one line for all their hosts. Knows nothing of terminals, files or time: who
 * asks for the text decides when.
 */
import { createHash } from 'node:crypto';
import type { EventOf, RunEvent } from '../core/events.js';
import { describeEvent, INDENT } from './describe-event.js';
import { indentLines, plural, type DescribeOptions } from './describe.js';
import { isExpected } from './expected.js';
import { foldNames, someOf, wrapNames } from './hosts/names.js';
import { createLineGroups, type Line } from './hosts/line-groups.js';
import type { Verbosity } from './reporter.js';
import type { Paint } from './style.js';
import { displayWidth, pad, visibleLine } from './visible.js';

export interface NarrateOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  readonly diff: boolean;
  /** False where each event is drained by itself, so that looking for equal lines is no use. True when left out. */
  readonly isGrouped?: boolean;
  /** Of several hosts, only what changes something, says something or goes wrong is told. False when left out. */
  readonly isTerse?: boolean;
}

interface Narrator {
  tell(event: RunEvent): void;
  /** What was told since the last call: whole lines, or nothing. */
  drain(): string;
  /** True where nothing could ever be grouped, so that waiting is no use. */
  readonly isSingle: boolean;
  /** Hosts of the run so far. */
  readonly hostCount: number;
  /** A fleet's check: nothing is being done that could not wait for equal lines until the play is over. */
  readonly isPatient: boolean;
  /** What has gone wrong in a fleet since then, and what followed on the same hosts. All of it is in `drain`, too. */
  drainUrgent(): string;
  /** True where nothing but that waits for `drain`. */
  readonly isEmpty: boolean;
  /** True where `drainUrgent` has something to tell. */
  readonly isUrgent: boolean;
  /** True where so much was told that it should not be kept any longer. */
  readonly isFull: boolean;
}

/** A column of hosts wider than this is not aligned. */
const WIDEST_HOST = 30;
/** From so many hosts on, what has gone wrong is told before what others have done. */
const FLEET = 10;
/** Characters that wait for `drain`. */
const MOST_WAITING = 1 << 20;

/** The hosts that are in the run, or come to it later, and the column of their names. */
interface HostColumn {
  readonly count: number;
  /** Columns of the widest name. */
  readonly widest: number;
  readonly width: number;
}

export function createNarrator(given: NarrateOptions): Narrator {
  const { paint, verbosity, diff, isGrouped = true } = given;
  const isTerse = given.isTerse === true && verbosity < 1;
  const lines = createLineGroups();
  /** What has gone wrong in a fleet, and what follows for the same hosts: it need not wait for the rest. */
  const urgent = createLineGroups();
  let urgentHosts = new Set<string>();
  let options: DescribeOptions = { paint, verbosity, diff, check: false };
  let column: HostColumn = { count: 0, widest: 0, width: 0 };
  let waiting = 0;
  const shownDetails = createShown();
  /** Hosts whose failure has been told with its task, so that leaving the run adds nothing. */
  const told = new Set<string>();
  const hasTold = (host: string): boolean => told.has(host);

  function remember(event: RunEvent): void {
    if (event.type === 'run-started') options = { ...options, check: event.check };
    if (event.type === 'run-started' || event.type === 'hosts-added') {
      column = widen(column, event.hosts);
      // Of one host, the recap leaves out what has just been told.
      options = { ...options, isBrief: isGrouped && column.count >= 2 && verbosity < 1 };
    }
    if (event.type === 'task-output' && verbosity >= 4) waiting += event.text.length;
    // What is rescued is no failure of the host: a later one is told again.
    if (event.type === 'rescue-started') told.delete(event.host);
  }

  /** Hosts differ in it, and the summary of a check has it of all of them. */
  function isSummedUp({ result: { message } }: EventOf<'task-finished'>): boolean {
    return options.check && message !== undefined && isExpected(message);
  }

  function format(taken: readonly Line[]): string {
    return taken
      .map((line) => (isGrouped ? shownDetails.shorten(line, options) : line))
      .map((line) => `${formatLine(line, column, options)}\n`)
      .join('');
  }

  return {
    get isSingle() {
      return column.count < 2;
    },
    get hostCount() {
      return column.count;
    },
    get isPatient() {
      return options.check && column.count >= FLEET && verbosity < 4;
    },
    get isEmpty() {
      return lines.isEmpty;
    },
    get isUrgent() {
      return !urgent.isEmpty;
    },
    get isFull() {
      return waiting > MOST_WAITING;
    },
    tell(event) {
      remember(event);
      const said = describeEvent(event, options, hasTold);
      if (!said) return;
      if (said.type === 'heading') {
        lines.addHeading(said.text);
        return;
      }
      const { host, described } = said;
      const isOk = event.type === 'task-finished' && event.result.status === 'ok';
      const isLeftOut = isTerse || (options.check && verbosity < 1);
      if (isLeftOut && isOk && column.count >= 2 && (described.details.length === 0 || isSummedUp(event)))
        return;
      if (event.type === 'task-finished' && described.namesHosts) told.add(host);
      if (described.namesHosts && column.count >= FLEET) urgentHosts.add(host);
      if (!isGrouped || column.count < 2) lines.addAlone(host, described);
      else waiting += (urgentHosts.has(host) ? urgent : lines).addHost(host, described);
    },
    drain() {
      waiting = 0;
      if (lines.isEmpty && urgent.isEmpty) return '';
      urgentHosts = new Set();
      return format([...lines.take(), ...urgent.take()]);
    },
    drainUrgent() {
      urgentHosts = new Set();
      return format(urgent.take());
    },
  };
}

/** Details that are remembered. A fleet whose hosts all differ has no equal ones anyway. */
const MOST_SHOWN = 10_000;

/**
 * What many lines below a result said once, such as a diff, is not said again for the next hosts that come to the same.
 * What went wrong is always said.
 */
function createShown(): { shorten(line: Line, options: DescribeOptions): Line } {
  /** Which hosts each was said of. */
  const shown = new Map<string, string>();
  return {
    shorten(line, { paint }) {
      if (line.type === 'text' || line.described.namesHosts) return line;
      const { described } = line;
      const text = described.details.join('\n');
      if (!text.includes('\n') && text.length < 200) return line;
      const key = `${described.text}\n${text}`;
      const known = createHash('sha256').update(key).digest('base64');
      const before = shown.get(known);
      if (before !== undefined) {
        const { brief = [] } = described;
        const where = paint(
          'dim',
          `(${brief.length > 0 ? 'the rest as' : 'the same as'} for ${before} above)`,
        );
        return { ...line, described: { ...described, details: [...brief, where] } };
      }
      if (shown.size < MOST_SHOWN) shown.set(known, someOf(line.hosts.map(visibleLine)));
      return line;
    },
  };
}

function widen(column: HostColumn, hosts: readonly string[]): HostColumn {
  const count = column.count + hosts.length;
  const widest = Math.max(column.widest, ...hosts.map((host) => displayWidth(visibleLine(host))));
  const counted = Math.max(widest, plural(count, 'host').length);
  return { count, widest, width: count < 2 ? widest : Math.min(counted, WIDEST_HOST) };
}

/** A line for all its hosts, with their names where these fit, and the details below it. */
function formatLine(line: Line, { count, width }: HostColumn, { paint, check }: DescribeOptions): string {
  if (line.type === 'text') return line.text;
  const { described, hosts } = line;
  const names = hosts.map(visibleLine);
  const joined = foldNames(names).join(', ');
  const label = names.length === 1 || displayWidth(joined) <= width ? joined : plural(names.length, 'host');
  const isNamed = label === joined;
  const statusWidth = check ? 'would change'.length : 'changed'.length;
  const status = paint(described.colour, pad(described.status, statusWidth));
  const some =
    isNamed || described.namesHosts || names.length === count ? '' : paint('dim', ` (${someOf(names)})`);
  const lines = [`${pad(label, width)} | ${status} | ${described.text}${some}`];
  if (!isNamed && described.namesHosts) lines.push(...wrapNames(names).map((each) => INDENT + each));
  for (const detail of described.details) lines.push(indentLines(detail, INDENT));
  return lines.join('\n');
}
