/**
 * Owns the plain words of a report's details, for files that are text. Nothing in them is made safe for where it goes.
 */
import { plural, withoutNamedCommand } from '../describe.js';
import { formatDuration } from '../duration.js';
import {
  outcomeOrder,
  countOutcomes,
  type ReportedDetail,
  type ReportedDiff,
  type ReportedItem,
  type ReportedProblem,
  type RunReport,
} from './report.js';

/** A line or a few for each thing that there is to say. */
export function formatDetail(
  detail: ReportedDetail & { readonly items?: readonly ReportedItem[] },
): string[] {
  const { destroys, message, waitsFor, problem, diffs = [], stdout, stderr, items = [] } = detail;
  const tried = describeAttempts(detail);
  return [
    ...(destroys === undefined ? [] : [`destroys: ${destroys}`]),
    ...(tried === undefined ? [] : [tried]),
    ...(message === undefined ? [] : [message]),
    ...(waitsFor === undefined ? [] : [`waits for: ${waitsFor}`]),
    ...(problem ? formatProblemLines(problem) : []),
    ...diffs.flatMap(formatDiff),
    ...(stdout === undefined ? [] : ['stdout:', stdout.trimEnd()]),
    ...(stderr === undefined ? [] : ['stderr:', stderr.trimEnd()]),
    ...items.flatMap((item) => [
      `${item.ignored ? 'ignored' : item.status} (item ${item.label})${item.summary === '' ? '' : `: ${item.summary}`}`,
      ...formatDetail(item),
    ]),
  ];
}

/** Of what went well in the end. A problem's message says it by itself. */
export function describeAttempts({
  attempts,
  problem,
}: Pick<ReportedDetail, 'attempts' | 'problem'>): string | undefined {
  return attempts === undefined || problem ? undefined : `took ${attempts} attempts`;
}

/** The message, then what else is known. */
export function formatProblemLines(problem: ReportedProblem): string[] {
  const { message, command, status, stdout, stderr, hint, at } = withoutNamedCommand(problem);
  return [
    message,
    ...(command === undefined ? [] : [`command: ${command}`]),
    ...(status === undefined ? [] : [`exit code: ${status}`]),
    ...(stdout === undefined ? [] : ['stdout:', stdout.trimEnd()]),
    ...(stderr === undefined ? [] : ['stderr:', stderr.trimEnd()]),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(at === undefined ? [] : [`at: ${at}`]),
  ];
}

export function formatDiff(diff: ReportedDiff): string[] {
  if (diff.type === 'text') {
    const { path, isNew, isGone, unified } = diff;
    return [
      `--- before: ${isNew ? '(no such file)' : path}`,
      `+++ after: ${isGone ? '(no such file)' : path}`,
      ...(unified === '' ? [] : [unified]),
    ];
  }
  return [
    diff.subject,
    ...diff.fields.map(({ name, before, after }) => {
      if (before === undefined) return `+ ${name}: ${after ?? ''}`;
      return after === undefined ? `- ${name}: ${before}` : `~ ${name}: ${before} → ${after}`;
    }),
  ];
}

/** `3 hosts: 2 failed, 1 done (1 changed); 12.5 s` */
export function summarise(report: RunReport): string {
  const counts = countOutcomes(report);
  const changed = report.hosts.filter((host) => host.outcome === 'done' && host.counts.changed > 0).length;
  const change =
    changed === 0 ? 'nothing changed' : `${changed} ${report.run.check ? 'would change' : 'changed'}`;
  const parts = outcomeOrder.flatMap((outcome) => {
    const count = counts.get(outcome);
    if (count === undefined) return [];
    return [outcome === 'done' ? `${count} done (${change})` : `${count} ${outcome.replace('-', ' ')}`];
  });
  return `${plural(report.hosts.length, 'host')}: ${parts.join(', ')}; ${formatDuration(report.run.ms)}`;
}

/** How the run stands, where it has not simply finished. */
export function describeState({ run }: RunReport): string | undefined {
  if (run.state === 'going') return 'It is still going: this is how it stood.';
  if (run.state === 'interrupted')
    return `It was interrupted: zrun was killed, or its machine went down. Its last sign of life came after ${formatDuration(run.ms)}. What was under way on a host may have gone on there.`;
  return undefined;
}
