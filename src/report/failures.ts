/**
 * Owns what counts as a failure of a host, and which failures are alike. Knows nothing of how they are told.
 */
import type { Problem } from '../core/errors.js';
import type { HostSummary, TaskRef, TaskResult } from '../core/events.js';
import { createLikeness, withoutHost } from './hosts/likeness.js';

/** What went wrong on one host. */
export interface Failure {
  readonly host: string;
  readonly task: TaskRef | undefined;
  readonly problem: Problem | undefined;
  /** Of a loop: the item that it failed at. */
  readonly item?: string | undefined;
}

export interface FailureGroup {
  readonly first: Failure;
  readonly hosts: string[];
  /** The first line of what is wrong, without the hosts' own names and addresses where these differ. */
  message: string;
  /** What they printed last is shown as the first of them did, and differs in its numbers on others. */
  areNumbersOther: boolean;
}

/** What is shown is one host's, and stands for others. */
export const otherNumbers = 'numbers differ from host to host';

/** In check mode, `unknown` says only that something rests on what was not run. */
export function isFailure(
  result: Pick<TaskResult, 'ignored'> & { readonly status: string },
  check: boolean,
): boolean {
  if (result.ignored) return false;
  return (
    result.status === 'failed' || result.status === 'unreachable' || (result.status === 'unknown' && !check)
  );
}

/** The item that decided how a loop ended, and how many more did. */
export function failedItem({ status, items = [] }: TaskResult): string | undefined {
  const [first, ...others] = items.filter((item) => item.status === status && !item.ignored);
  return first && others.length > 0 ? `${first.label} and ${others.length} more` : first?.label;
}

/** The last failure of a host, or else why it ended as it did. */
export function endOf(
  { host, problem }: Pick<HostSummary, 'host' | 'problem'>,
  failuresOf: ReadonlyMap<string, readonly Failure[]>,
): Failure {
  const last = failuresOf.get(host)?.at(-1);
  return { host, task: last?.task, problem: last?.problem ?? problem, item: last?.item };
}

interface Texts {
  /** The first line of what is wrong. */
  readonly message: string;
  /** The last line of what a command printed. */
  readonly printed: string;
}

/** By their cause: the most frequent first. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups: FailureGroup[] = [];
  const known = createLikeness<{
    readonly group: FailureGroup;
    readonly whole: Texts;
    readonly bare: Texts;
  }>();
  for (const failure of failures) {
    const { host, problem } = failure;
    const whole: Texts = { message: problem?.message ?? '', printed: lastPrinted(problem) };
    const bare: Texts = {
      message: withoutHost(whole.message, host),
      printed: withoutHost(whole.printed, host),
    };
    const [wholeCause, bareCause] = [causeOf(failure, whole), causeOf(failure, bare)];
    const alike = known.join(wholeCause, bareCause)?.of;
    const message = firstLine(whole.message);
    if (!alike) {
      const group = { first: failure, hosts: [host], message, areNumbersOther: false };
      groups.push(group);
      known.add(wholeCause, bareCause, { group, whole, bare });
      continue;
    }
    const { group } = alike;
    group.hosts.push(host);
    if (group.message !== message) group.message = firstLine(alike.bare.message);
    if (alike.whole.printed !== whole.printed && alike.bare.printed !== bare.printed)
      group.areNumbersOther = true;
  }
  return groups.sort((a, b) => b.hosts.length - a.hosts.length);
}

/**
 * Failures with the same cause have the same text. Names and addresses of the hosts themselves do not make them
 * different, nor do numbers in what a command printed last, such as those of processes.
 */
function causeOf({ task, item, problem }: Failure, { message, printed }: Texts): string {
  const likened = printed.replace(/\b[\da-f]{8,}\b|\d+/gi, '#');
  return JSON.stringify([task?.id, item, problem?.code, message, likened]);
}

function lastPrinted(problem: Problem | undefined): string {
  return lastLine(problem?.stderr) ?? lastLine(problem?.stdout) ?? '';
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export function lastLine(text = ''): string | undefined {
  return text
    .slice(-2000)
    .split('\n')
    .findLast((line) => line.trim() !== '');
}
