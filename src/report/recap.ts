/**
 * Owns the end of a run's account: Ansible's PLAY RECAP, then what a fleet's operator asks next: what failed where, on
 * which hosts alike, what was not tried, and how to go on. Knows nothing of where it is written.
 */
import type { EventOf, HostOutcome, HostSummary, RunEvent, TaskRef, TaskResult } from '../core/events.js';
import { formatCounts } from './counts.js';
import { describeProblem, outcomeColours, outcomeWords, plural } from './describe.js';
import { formatDuration } from './duration.js';
import { endOf, groupFailures, isFailure, type Failure, type FailureGroup } from './failures.js';
import { foldNames, someOf, wrapNames } from './host-names.js';
import { assertNever, type Verbosity } from './reporter.js';
import type { Paint } from './style.js';
import { displayWidth, pad, visibleLine } from './visible.js';

interface RecapOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  readonly logFile?: string | undefined;
  /** Lists the hosts that are left, where the run has a folder: then it can also be resumed. */
  readonly retryFile?: string | undefined;
}

interface Recap {
  tell(event: RunEvent): void;
  /** Empty before the run has finished. */
  format(): string;
}

export function createRecap({ paint, verbosity, logFile, retryFile }: RecapOptions): Recap {
  let check = false;
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  /** Failures of each host that no rescue has dealt with, in order. */
  const failuresOf = new Map<string, Failure[]>();
  const rescued: Failure[] = [];
  const stopped: EventOf<'play-stopped'>[] = [];

  function addFailure(host: string, task: TaskRef, result: TaskResult): void {
    const problem = result.problem ?? { code: 'task-failed', message: result.summary };
    failuresOf.set(host, [...(failuresOf.get(host) ?? []), { host, task, problem }]);
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
        case 'warning':
          return;
        default:
          assertNever(event);
      }
    },

    format() {
      if (!finished) return '';
      const { hosts, ms } = finished;
      const lines = [
        '',
        paint('bold', `PLAY RECAP ${'*'.repeat(68)}`),
        ...formatHostLines(hosts, paint),
        ...formatUnhappyEnds(hosts, failuresOf, paint, verbosity),
        ...formatRescued(hosts, rescued, paint),
        ...formatPending(hosts, paint),
        ...stopped.map((event) => formatStop(event, paint)),
        ...formatGoingOn(hosts, retryFile === undefined ? undefined : started, retryFile, paint),
        '',
        formatSummary(hosts, ms, check),
        ...(logFile === undefined ? [] : [paint('dim', `log: ${logFile}`)]),
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

/** Columns that the hosts' names take at most before they get lines of their own. */
const WIDEST_LABEL = 40;

/** Ansible's words, once for all hosts that ended alike. */
function formatHostLines(hosts: readonly HostSummary[], paint: Paint): string[] {
  const rows = new Map<string, { readonly like: HostSummary; readonly names: string[] }>();
  for (const summary of hosts) {
    const key = JSON.stringify([summary.outcome, summary.counts]);
    const row = rows.get(key);
    if (row) row.names.push(visibleLine(summary.host));
    else rows.set(key, { like: summary, names: [visibleLine(summary.host)] });
  }
  const labelled = [...rows.values()].map(({ like, names }) => {
    const label = foldNames(names).join(', ');
    const isShort = names.length === 1 || displayWidth(label) <= WIDEST_LABEL;
    return { like, label: isShort ? label : plural(names.length, 'host'), below: isShort ? [] : names };
  });
  const width = Math.max(...labelled.map(({ label }) => displayWidth(label)), 0);
  return labelled.flatMap(({ like: { outcome, counts }, label, below }) => {
    const colour = outcome === 'done' ? (counts.changed > 0 ? 'yellow' : 'green') : outcomeColours[outcome];
    const said = outcome === 'not-tried' ? paint(colour, outcomeWords[outcome]) : formatCounts(counts, paint);
    return [
      `${paint(colour, pad(label, width))} : ${said}`.trimEnd(),
      ...wrapNames(below, 76).map((line) => `    ${line}`),
    ];
  });
}

/** Equal failures once, with all their hosts: the most frequent first. */
function formatUnhappyEnds(
  hosts: readonly HostSummary[],
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
  paint: Paint,
  verbosity: Verbosity,
): string[] {
  const lines: string[] = [];
  for (const outcome of ['failed', 'unknown', 'unreachable', 'halted', 'interrupted'] as const) {
    const ends = hosts.filter((host) => host.outcome === outcome);
    const groups = groupFailures(ends.map((host) => endOf(host, failuresOf)));
    for (const group of groups) {
      lines.push('', ...formatGroup(outcome, group, failuresOf, paint, verbosity));
    }
  }
  const notTried = hosts.filter((host) => host.outcome === 'not-tried').map(({ host }) => visibleLine(host));
  if (notTried.length > 0) {
    const names = wrapNames(notTried);
    lines.push('', `${paint('cyan', 'not tried')}: ${plural(notTried.length, 'host')}`);
    lines.push(...names.map((line) => `  ${line}`));
  }
  return lines;
}

function formatGroup(
  outcome: HostOutcome,
  { first, hosts }: FailureGroup,
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
  paint: Paint,
  verbosity: Verbosity,
): string[] {
  const { task, problem } = first;
  const message = visibleLine(problem?.message.split('\n')[0] ?? '');
  const names = hosts.map(visibleLine);
  const where = names.length === 1 ? (names[0] ?? '') : plural(names.length, 'host');
  const word = paint(outcomeColours[outcome], outcomeWords[outcome]);
  const lines = [
    `${word} on ${where}${task ? `, in task '${visibleLine(task.name)}'` : ''}${message === '' ? '' : `: ${message}`}`,
  ];
  if (names.length > 1) lines.push(...wrapNames(names).map((line) => `  ${line}`));
  if (problem) {
    const details = describeProblem(problem, task?.at, verbosity);
    if (names.length > 1 && (problem.stderr ?? problem.stdout) !== undefined)
      lines.push(`  on ${names[0] ?? ''}:`);
    lines.push(...details.map((line) => `  ${line}`));
  }
  const cause = failuresOf.get(first.host)?.[0];
  if (cause && cause.task?.id !== task?.id) {
    lines.push(
      `  it began with task '${visibleLine(cause.task?.name ?? '')}': ${visibleLine(cause.problem?.message.split('\n')[0] ?? '')}`,
    );
    if (cause.problem)
      lines.push(...describeProblem(cause.problem, cause.task?.at, verbosity).map((line) => `    ${line}`));
  }
  return lines;
}

/** Hosts that are well in the end although a task failed: worth a look, not an alarm. */
function formatRescued(hosts: readonly HostSummary[], rescued: readonly Failure[], paint: Paint): string[] {
  const done = new Set(hosts.filter(({ outcome }) => outcome === 'done').map(({ host }) => host));
  return groupFailures(rescued.filter(({ host }) => done.has(host))).map(({ first, hosts: names }) => {
    const message = visibleLine(first.problem?.message.split('\n')[0] ?? '');
    const on = names.length === 1 ? (names[0] ?? '') : `${plural(names.length, 'host')} (${someOf(names)})`;
    return `\n${paint('yellow', 'rescued')} on ${visibleLine(on)}, after task '${visibleLine(first.task?.name ?? '')}' failed: ${message}`;
  });
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

/** A limit with more names than this is nothing to copy. */
const NAMED_IN_LIMIT = 4;

/** `started`: of a run that can be resumed. */
function formatGoingOn(
  hosts: readonly HostSummary[],
  started: EventOf<'run-started'> | undefined,
  retryFile: string | undefined,
  paint: Paint,
): string[] {
  const left = hosts.filter(({ outcome }) => outcome !== 'done').map(({ host }) => visibleLine(host));
  if (left.length === 0) return [];
  const listed =
    left.length > NAMED_IN_LIMIT && retryFile !== undefined ? `@${shellWord(retryFile)}` : left.join(',');
  // Where nothing is done, a limit leaves nothing out.
  const limit = left.length === hosts.length ? undefined : paint('bold', `--limit ${listed}`);
  const which = left.length === 1 ? 'this host' : 'these hosts';
  if (!started) return limit === undefined ? [] : ['', `to run again on ${which} only: ${limit}`];
  const resume = paint('bold', `zrun --resume ${formatResumeWords(started)}`);
  return [
    '',
    `to resume ${which}: ${resume}`,
    ...(limit === undefined ? [] : [`or, as a run of its own: ${limit}`]),
  ];
}

/** What has to follow `--resume`: the run, and the variables whose values nobody has written down. */
export function formatResumeWords({
  runId,
  request,
}: Pick<EventOf<'run-started'>, 'runId' | 'request'>): string {
  return [runId, ...(request?.extraVarsNames ?? []).map((name) => `-e ${name}=…`)].join(' ');
}

/** Quoted where a shell would take it apart. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `50 hosts: 46 done (12 changed), 3 failed, 1 unreachable; 2 min 05 s` */
function formatSummary(hosts: readonly HostSummary[], ms: number, check: boolean): string {
  const count = (outcome: HostOutcome): number => hosts.filter((host) => host.outcome === outcome).length;
  const changed = hosts.filter((host) => host.outcome === 'done' && host.counts.changed > 0).length;
  const parts = (Object.keys(outcomeWords) as HostOutcome[]).flatMap((outcome) => {
    const number = count(outcome);
    if (number === 0) return [];
    if (outcome !== 'done') return [`${number} ${outcomeWords[outcome]}`];
    const change = changed === 0 ? 'nothing changed' : `${changed} ${check ? 'would change' : 'changed'}`;
    return [`${number} done (${change})`];
  });
  return `${plural(hosts.length, 'host')}: ${parts.join(', ')}; ${formatDuration(ms)}`;
}
