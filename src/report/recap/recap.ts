/**
 * Owns the end of a run's account: Ansible's PLAY RECAP, then what a fleet's operator asks next, with what matters most
 * last: what it cost, what was not tried, what failed where and why, how to go on. Knows nothing of where it is written.
 */
import type { EventOf, HostSummary, RunEvent, TaskRef, TaskResult } from '../../core/events.js';
import { failedItem, isFailure, type Failure } from '../failures.js';
import { someOf } from '../hosts/names.js';
import { assertNever, type Verbosity } from '../reporter.js';
import type { Paint } from '../style.js';
import { visibleLine } from '../visible.js';
import { formatRescued, formatUnhappyEnds } from './causes.js';
import { createCosts } from './costs.js';
import { createForecast } from './forecast.js';
import { formatGoingOn } from './going-on.js';
import { formatHostRows, formatSummary } from './host-rows.js';

interface RecapOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  readonly logFile?: string | undefined;
  /** Lists the hosts that are left, where the run has a folder: then it can also be resumed. */
  readonly retryFile?: string | undefined;
  /** The account of the run stands right above: of one host, it has told what went wrong. True when left out. */
  readonly followsAccount?: boolean;
  /** Of the terminal, as it is then. */
  readonly columns?: () => number;
}

interface Recap {
  tell(event: RunEvent): void;
  /** Empty before the run has finished. */
  format(): string;
}

/** From so many hosts on, a list of them may be cut. */
const MANY = 10;
/** Columns of the line that a recap begins with. */
const WIDEST_HEADING = 79;

export function createRecap(options: RecapOptions): Recap {
  const { paint, verbosity, logFile, retryFile, followsAccount = true } = options;
  const { columns = () => WIDEST_HEADING } = options;
  let check = false;
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  /** Failures of each host that no rescue has dealt with, in order. */
  const failuresOf = new Map<string, Failure[]>();
  const rescued: Failure[] = [];
  const stopped: EventOf<'play-stopped'>[] = [];
  const costs = createCosts(paint);
  const forecast = createForecast(paint);

  function addFailure(host: string, task: TaskRef, result: TaskResult): void {
    const problem = result.problem ?? { code: 'task-failed', message: result.summary };
    const failure = { host, task, problem, item: failedItem(result) };
    failuresOf.set(host, [...(failuresOf.get(host) ?? []), failure]);
  }

  return {
    tell(event) {
      switch (event.type) {
        case 'run-started':
          check = event.check;
          started = event;
          return;
        case 'task-finished':
          if (isFailure(event.result, check)) addFailure(event.host, event.task, event.result);
          costs.tell(event);
          if (check) forecast.tell(event);
          return;
        case 'rescue-started': {
          // The cause is kept: where the rescue ends in a failure too, it is what matters.
          const failure = failuresOf.get(event.host)?.find(({ task }) => task?.id === event.failed?.id);
          if (failure) rescued.push(failure);
          return;
        }
        case 'play-stopped':
          stopped.push(event);
          return;
        case 'run-finished':
          finished = event;
          return;
        case 'item-started':
        case 'task-progressed':
        case 'hosts-added':
        case 'play-started':
        case 'batch-started':
        case 'host-connected':
        case 'task-started':
        case 'task-output':
        case 'task-said':
        case 'task-retried':
        case 'handler-finished':
        case 'host-finished':
        case 'run-stopping':
        case 'warning':
          return;
        default:
          assertNever(event);
      }
    },

    format() {
      if (!finished) return '';
      const { hosts, ms } = finished;
      const causes = { paint, verbosity, isTold: followsAccount && hosts.length === 1 };
      const lines = [
        '',
        paint('bold', 'PLAY RECAP '.padEnd(Math.min(columns(), WIDEST_HEADING), '*')),
        ...formatHostRows(hosts, paint),
        ...(check ? forecast.format(hosts) : []),
        ...costs.format(),
        ...formatRescued(hosts, rescued, causes),
        ...formatPending(hosts, paint),
        ...stopped.map((event) => formatStop(event, paint)),
        ...formatUnhappyEnds(hosts, failuresOf, causes),
        ...formatGoingOn(hosts, retryFile === undefined ? undefined : started, retryFile, paint),
        '',
        formatSummary(hosts, ms, check),
        ...(logFile === undefined ? [] : [paint('dim', `${describeLog(hosts)}: ${logFile}`)]),
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

/** Of many hosts, lines above may name some and count the others. */
function describeLog(hosts: readonly HostSummary[]): string {
  return hosts.length < MANY ? 'log' : 'log (each host by name)';
}

/** Handlers that were notified and not run: the host may still use what it had before the change. */
function formatPending(hosts: readonly HostSummary[], paint: Paint): string[] {
  const byHandlers = new Map<string, string[]>();
  for (const { host, pendingHandlers = [] } of hosts) {
    if (pendingHandlers.length === 0) continue;
    const key = pendingHandlers.map((name) => `'${visibleLine(name)}'`).join(', ');
    byHandlers.set(key, [...(byHandlers.get(key) ?? []), visibleLine(host)]);
  }
  return [...byHandlers].map(
    ([handlers, names]) =>
      `\n${paint('yellow', 'handlers not run')} on ${someOf(names)}: ${handlers}. What they were to see to is still to be done`,
  );
}

function formatStop({ play, reason }: EventOf<'play-stopped'>, paint: Paint): string {
  return `\n${paint('red', 'stopped')} play '${visibleLine(play)}': ${visibleLine(reason)}`;
}
