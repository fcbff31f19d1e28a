/**
 * Owns a report as Markdown, to be pasted into a pull request or a ticket: counts, why hosts are not done, which tasks
 * took long. What comes from a run stands in code, where no mark-up, mention or link can be made of it.
 */
import { formatDuration } from '../duration.js';
import { otherNumbers } from '../failures.js';
import { foldNames } from '../hosts/names.js';
import { clip, visible, visibleLine } from '../visible.js';
import { slowestTasks, untoldStops, type ReportedFailure, type RunReport } from './report.js';
import { describeState, formatProblemLines, summarise } from './words.js';

/** A ticket is read by people: what is more stands in the other kinds of report. */
const MOST_FAILURES = 20;
const MOST_TASKS = 5;
const MOST_LINES = 20;
const MOST_NAMES = 40;
const WIDEST = 200;

export function* writeMarkdownReport(report: RunReport): Generator<string> {
  const { run, failures, rescued, warnings } = report;
  const state = describeState(report);
  const lines = [
    `## ${markOf(report)} zrun ${run.playbooks.map(code).join(' ')}${run.check ? ' (check mode)' : ''}`,
    '',
    `${summarise(report)}.`,
    ...(state === undefined ? [] : ['', `**${state}**`]),
    '',
    ...formatCounts(report),
    ...formatFailures('Why hosts are not done', failures),
    ...formatFailures('Failed and rescued', rescued),
    ...untoldStops(report).map(
      ({ play, stopped = '' }) => `\nPlay ${code(play)} was stopped: ${code(stopped)}`,
    ),
    ...formatSlowest(report),
    ...(warnings.length === 0 ? [] : ['', '### Warnings', '']),
    ...warnings
      .slice(0, MOST_FAILURES)
      .map(({ host, message }) => `- ${host === undefined ? '' : `${code(host)}: `}${code(message)}`),
    '',
    `Run ${code(run.id)}, started ${code(run.startedAt)}, zrun ${code(run.version)}.`,
  ];
  yield `${lines.join('\n')}\n`;
}

function markOf({ run, hosts }: RunReport): string {
  if (run.state === 'going') return '⏳';
  return hosts.every(({ outcome }) => outcome === 'done') ? '✅' : '❌';
}

/** How many hosts, not how many tasks: that is what a reader asks. */
function formatCounts({ hosts, run }: RunReport): string[] {
  const words = [
    'ok',
    'changed',
    'failed',
    'unreachable',
    'unknown',
    'skipped',
    'rescued',
    'ignored',
  ] as const;
  const rows = words.flatMap((word) => {
    const having = hosts.filter(({ counts }) => counts[word] > 0);
    if (having.length === 0) return [];
    const tasks = having.reduce((sum, { counts }) => sum + counts[word], 0);
    return [`| ${word === 'changed' && run.check ? 'would change' : word} | ${tasks} | ${having.length} |`];
  });
  return rows.length === 0 ? [] : ['| tasks that were | tasks | on hosts |', '|---|--:|--:|', ...rows];
}

function formatFailures(title: string, failures: readonly ReportedFailure[]): string[] {
  if (failures.length === 0) return [];
  const left = failures.length - MOST_FAILURES;
  return [
    '',
    `### ${title}`,
    ...failures.slice(0, MOST_FAILURES).flatMap(formatFailure),
    ...(left > 0 ? ['', `… and ${left} more causes.`] : []),
  ];
}

function formatFailure({ outcome, hosts, task, problem, areNumbersOther, cause }: ReportedFailure): string[] {
  const names = foldNames(hosts.map(visibleLine));
  const more = names.length > MOST_NAMES ? ', …' : '';
  const on = hosts.length === 1 ? code(hosts[0] ?? '') : `${hosts.length} hosts`;
  const which = `${names.slice(0, MOST_NAMES).map(code).join(', ')}${more}`;
  const word = outcome === 'done' ? 'rescued' : outcome.replace('-', ' ');
  return [
    '',
    `**${word}** on ${on}${task ? `, in task ${code(task.name)}` : ''}${hosts.length === 1 ? '' : `: ${which}`}`,
    ...(areNumbersOther ? ['', `On ${code(hosts[0] ?? '')}; ${otherNumbers}:`] : []),
    ...(problem
      ? ['', ...block(formatProblemLines({ ...(task && { at: task.at }), ...problem }).join('\n'))]
      : []),
    ...(cause ? ['', `It began with task ${code(cause.task)}: ${code(cause.message)}`] : []),
  ];
}

function formatSlowest(report: RunReport): string[] {
  const tasks = slowestTasks(report, MOST_TASKS).filter(({ ms }) => ms > 0);
  if (tasks.length === 0) return [];
  return [
    '',
    '### Slowest tasks',
    '',
    '| task | hosts | mean | slowest |',
    '|---|--:|--:|---|',
    ...tasks.map(({ name, hosts, ms, slowestMs, slowestHost }) => {
      const mean = formatDuration(ms / Math.max(1, hosts));
      return `| ${cell(name)} | ${hosts} | ${mean} | ${formatDuration(slowestMs)}, ${cell(slowestHost)} |`;
    }),
  ];
}

/** In a table, a bar ends the cell, even in code. */
function cell(text: string): string {
  return code(text).replaceAll('|', '\\|');
}

/** A code span, whatever is in it. */
function code(text: string): string {
  const shown = clip(visibleLine(text), WIDEST);
  if (shown.trim() === '') return '` `';
  const fence = '`'.repeat(longestRun(shown) + 1);
  const isEdged = /^[`\s]|[`\s]$/.test(shown);
  return isEdged ? `${fence} ${shown} ${fence}` : `${fence}${shown}${fence}`;
}

function block(text: string): string[] {
  const lines = visible(text)
    .split('\n')
    .map((line) => clip(line, WIDEST));
  const left = lines.length - MOST_LINES;
  const shown =
    left > 2 ? [...lines.slice(0, 5), `(${left} lines left out)`, ...lines.slice(left + 5)] : lines;
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return [fence, ...shown, fence];
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
