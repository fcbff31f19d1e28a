/**
 * Owns how a recap tells what went wrong: equal causes once, with all their hosts, the gravest last, where the eye is
 * when a run has ended.
 */
import type { HostOutcome, HostSummary } from '../../core/events.js';
import { describeProblem, outcomeColours, outcomeWords, plural } from '../describe.js';
import { endOf, groupFailures, otherNumbers, type Failure, type FailureGroup } from '../failures.js';
import { someOf, wrapNames } from '../hosts/names.js';
import type { Verbosity } from '../reporter.js';
import type { Paint } from '../style.js';
import { visibleLine } from '../visible.js';

interface CauseOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  /** The account of the run has told all about it. */
  readonly isTold: boolean;
}

/** Causes of one kind that are told in full: of a fleet that fails in as many ways as it has hosts, nobody reads more. */
const MOST_CAUSES = 12;

export function formatUnhappyEnds(
  hosts: readonly HostSummary[],
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
  options: CauseOptions,
): string[] {
  const lines: string[] = [];
  const notTried = hosts.filter((host) => host.outcome === 'not-tried').map(({ host }) => visibleLine(host));
  if (notTried.length > 0) {
    const names = wrapNames(notTried);
    lines.push('', `${options.paint('cyan', 'not tried')}: ${plural(notTried.length, 'host')}`);
    lines.push(...names.map((line) => `  ${line}`));
  }
  for (const outcome of ['halted', 'interrupted', 'unreachable', 'unknown', 'failed'] as const) {
    const ends = hosts.filter((host) => host.outcome === outcome);
    const groups = groupFailures(ends.map((host) => endOf(host, failuresOf)));
    const rest = groups.slice(MOST_CAUSES).flatMap((group) => group.hosts);
    if (rest.length > 0) {
      const causes = plural(groups.length - MOST_CAUSES, 'other cause');
      lines.push('', `${headOf(outcome, rest, options.paint)}, with ${causes}: zrun report shows them`);
      lines.push(...wrapNames(rest.map(visibleLine)).map((line) => `  ${line}`));
    }
    for (const group of groups.slice(0, MOST_CAUSES).reverse())
      lines.push('', ...formatGroup(outcome, group, failuresOf, options));
  }
  return lines;
}

function headOf(outcome: HostOutcome, hosts: readonly string[], paint: Paint): string {
  const [only = ''] = hosts;
  const where = hosts.length === 1 ? visibleLine(only) : plural(hosts.length, 'host');
  return `${paint(outcomeColours[outcome], outcomeWords[outcome])} on ${where}`;
}

function formatGroup(
  outcome: HostOutcome,
  { first, hosts, message, areNumbersOther }: FailureGroup,
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
  { paint, verbosity, isTold }: CauseOptions,
): string[] {
  const { task, problem } = first;
  const names = hosts.map(visibleLine);
  const at = task ? `, in task ${nameOf(first)}` : '';
  const lines = [`${headOf(outcome, hosts, paint)}${at}${message === '' ? '' : `: ${visibleLine(message)}`}`];
  if (names.length > 1) lines.push(...wrapNames(names).map((line) => `  ${line}`));
  if (problem && !isTold) {
    const details = describeProblem(problem, task?.at, verbosity);
    if (names.length > 1 && `${problem.stderr ?? ''}${problem.stdout ?? ''}`.trim() !== '')
      lines.push(`  on ${names[0] ?? ''}${areNumbersOther ? `; ${otherNumbers}` : ''}:`);
    lines.push(...details.map((line) => `  ${line}`));
  }
  const cause = failuresOf.get(first.host)?.[0];
  if (cause && cause.task?.id !== task?.id) {
    const because = visibleLine(cause.problem?.message.split('\n')[0] ?? '');
    // A rescue that says itself what had failed has said it.
    const isSaid = because !== '' && problem?.message.includes(cause.problem?.message ?? '') === true;
    lines.push(`  it began with task ${nameOf(cause)}${isSaid ? '' : `: ${because}`}`);
    if (cause.problem && !isTold)
      lines.push(...describeProblem(cause.problem, cause.task?.at, verbosity).map((line) => `    ${line}`));
  }
  return lines;
}

function nameOf({ task, item }: Failure): string {
  return `'${visibleLine(task?.name ?? '')}'${item === undefined ? '' : ` (item ${visibleLine(item)})`}`;
}

/** Hosts that are well in the end although a task failed: worth a look, not an alarm. */
export function formatRescued(
  hosts: readonly HostSummary[],
  rescued: readonly Failure[],
  { paint, verbosity, isTold }: CauseOptions,
): string[] {
  const done = new Set(hosts.filter(({ outcome }) => outcome === 'done').map(({ host }) => host));
  const groups = groupFailures(rescued.filter(({ host }) => done.has(host)));
  return groups.flatMap(({ first, hosts: names, message, areNumbersOther }) => {
    const on = names.length === 1 ? (names[0] ?? '') : `${plural(names.length, 'host')} (${someOf(names)})`;
    const details = isTold || !first.problem ? [] : describeProblem(first.problem, first.task?.at, verbosity);
    return [
      `\n${paint('yellow', 'rescued')} on ${visibleLine(on)}, after task ${nameOf(first)} failed: ${visibleLine(message)}`,
      ...(areNumbersOther && details.length > 0 ? [`  on ${visibleLine(first.host)}; ${otherNumbers}:`] : []),
      ...details.map((line) => `  ${line}`),
    ];
  });
}
