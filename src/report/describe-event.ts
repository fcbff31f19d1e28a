/**
 * Owns the words for each event of a run: a heading, or what is said of one host. Knows nothing of columns, of groups
 * of hosts, or of where the text goes.
 */
import type { EventOf, RunEvent, StopSignal } from '../core/events.js';
import {
  describeBriefly,
  describeProblem,
  describeResult,
  outcomeColours,
  plural,
  type Described,
  type DescribeOptions,
} from './describe.js';
import { formatDuration } from './duration.js';
import { someOf } from './hosts/names.js';
import { assertNever } from './reporter.js';
import { visible, visibleLine } from './visible.js';

/** What lines after the first of one text begin with. */
export const INDENT = '    ';

type Said =
  | { readonly type: 'heading'; readonly text: string }
  | { readonly type: 'host'; readonly host: string; readonly described: Described };

/** Undefined where nothing is to be said. `hasTold`: whether a host's failure has been told with its task. */
export function describeEvent(
  event: RunEvent,
  options: DescribeOptions,
  hasTold: (host: string) => boolean,
): Said | undefined {
  const { paint, verbosity } = options;
  switch (event.type) {
    case 'run-started':
      return describeStart(event, options);
    case 'play-started':
      return heading(
        `\n${paint('bold', `PLAY [${visibleLine(event.play)}]`)} ${plural(event.hosts.length, 'host')}`,
      );
    case 'batch-started':
      if (event.of < 2) return undefined;
      return heading(
        `\n${paint('bold', `BATCH ${event.batch} of ${event.of}`)} ${someOf(event.hosts.map(visibleLine))}`,
      );
    case 'host-connected':
      if (verbosity < 3) return undefined;
      return note(event.host, 'connect', `connected in ${formatDuration(event.ms)}`);
    case 'task-started':
      return verbosity < 4 ? undefined : note(event.host, 'start', event.task.name);
    case 'task-output':
      if (verbosity < 4) return undefined;
      return note(event.host, event.stream, event.task.name, detailsOf(event.text));
    case 'task-said':
      return note(event.host, 'says', event.task.name, detailsOf(event.text));
    case 'task-retried': {
      const { host, task, attempt, of, summary } = event;
      return note(host, 'retry', `${task.name}: attempt ${attempt} of ${of}: ${summary}`);
    }
    case 'task-finished': {
      const described = describeResult(event.task, event.result, options);
      return described && { type: 'host', host: event.host, described };
    }
    case 'rescue-started':
      return describeRescue(event);
    case 'host-finished':
      return describeEnd(event, options, hasTold);
    case 'play-stopped': {
      const left = event.notTried.length;
      const rest = left === 0 ? '' : `; ${plural(left, 'host')} not tried`;
      return heading(`\n${paint('red', 'STOPPED')} ${visibleLine(event.reason)}${rest}`);
    }
    case 'warning':
      return describeWarning(event, options);
    case 'run-stopping':
      return heading(`${paint('yellow', 'stopping:')} ${stoppingText(event.signal)}`);
    case 'hosts-added':
      return undefined;
    case 'item-started':
    case 'task-progressed':
    case 'handler-finished':
      // Its task has been told.
      return undefined;
    case 'run-finished':
      // The recap has the last word.
      return undefined;
    default:
      return assertNever(event);
  }
}

/** What is done about it, while it is done. */
export function stoppingText(signal: StopSignal): string {
  return signal === 'SIGINT'
    ? 'tasks under way are ended on the hosts. Ctrl-C again leaves at once.'
    : `${signal} came; tasks under way are ended on the hosts.`;
}

function heading(text: string): Said {
  return { type: 'heading', text };
}

function note(host: string, status: string, text: string, details: readonly string[] = []): Said {
  const described: Described = {
    status,
    colour: 'dim',
    text: visibleLine(text),
    details,
    namesHosts: false,
  };
  return { type: 'host', host, described };
}

function detailsOf(text: string): readonly string[] {
  return text === '' ? [] : [visible(text).trimEnd()];
}

function describeStart(
  { runId, version }: EventOf<'run-started'>,
  { paint, verbosity, check }: DescribeOptions,
): Said | undefined {
  const lines: string[] = [];
  if (check)
    lines.push(paint('bold', 'CHECK MODE: nothing is changed, "would change" is what a run would do.'));
  if (verbosity >= 1) lines.push(paint('dim', `run ${runId}, zrun ${version}`));
  return lines.length === 0 ? undefined : heading(lines.join('\n'));
}

function describeRescue({ host, block, failed, reason }: EventOf<'rescue-started'>): Said {
  const described: Described = {
    status: 'rescue',
    colour: 'yellow',
    // A failed task has been told with its reason.
    text: visibleLine(failed ? `${block}: its rescue begins` : `${block}: ${reason}; its rescue begins`),
    details: [],
    namesHosts: false,
  };
  return { type: 'host', host, described };
}

/** A host that leaves the run. */
function describeEnd(
  { host, outcome, problem }: EventOf<'host-finished'>,
  { verbosity, isBrief = false }: DescribeOptions,
  hasTold: (host: string) => boolean,
): Said | undefined {
  if (outcome === 'done') return verbosity < 3 ? undefined : note(host, 'done', 'nothing left to do');
  if (outcome === 'not-tried') {
    const described: Described = {
      status: 'skipped',
      colour: 'cyan',
      text: 'not tried',
      details: [],
      namesHosts: false,
    };
    return { type: 'host', host, described };
  }
  if (hasTold(host)) return undefined;
  const message = visibleLine(problem?.message.split('\n')[0] ?? '');
  const described: Described = {
    status: outcome,
    colour: outcomeColours[outcome],
    text: message === '' ? 'the host is left here' : message,
    details: !problem
      ? []
      : isBrief
        ? describeBriefly(problem)
        : describeProblem(problem, undefined, verbosity),
    namesHosts: true,
  };
  return { type: 'host', host, described };
}

function describeWarning({ host, message }: EventOf<'warning'>, { paint }: DescribeOptions): Said {
  const about = host === undefined ? '' : `${visibleLine(host)}: `;
  return heading(
    `${paint('magenta', 'warning:')} ${about}${visible(message).split('\n').join(`\n${INDENT}`)}`,
  );
}
