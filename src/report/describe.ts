/**
 * Owns the words for one task's result on one host: a status, a text of one line, and details below it. Knows nothing
 * of columns, of groups of hosts, or of where the text goes. Everything that it returns is safe to print, and every
 * colour is already in it.
 */
import { formatPlace, formatProblem, type Problem } from '../core/errors.js';
import type { HostOutcome, ItemResult, TaskRef, TaskResult, TaskStatus } from '../core/events.js';
import { cutText, shownBytes } from '../core/kept-output.js';
import type { Diff } from '../core/module.js';
import { formatDuration } from './duration.js';
import { isFailure, lastLine } from './failures.js';
import type { Verbosity } from './reporter.js';
import type { Colour, Paint } from './style.js';
import { unifiedDiff } from './unified-diff.js';
import { displayWidth, visible, visibleLine } from './visible.js';

export interface DescribeOptions {
  readonly paint: Paint;
  readonly verbosity: Verbosity;
  /** Show what differs. */
  readonly diff: boolean;
  /** In check mode a change is one that would be made. */
  readonly check: boolean;
  /** Of what went wrong, its message and the last line of what was printed: the recap tells the rest. */
  readonly isBrief?: boolean;
}

export interface Described {
  readonly status: string;
  readonly colour: Colour;
  readonly text: string;
  /** Lines, not indented. One may hold several: of a host's million lines, no list is made. */
  readonly details: readonly string[];
  /** Of what went wrong and is ignored, what is told even where the details were told before. */
  readonly brief?: readonly string[];
  /** It matters which hosts: they are named in full. */
  readonly namesHosts: boolean;
}

/** Lines of a command's output that a failure shows when nobody asked for more. */
const OUTPUT_LINES = 20;

function statusWord(status: TaskStatus, ignored: boolean, check: boolean): string {
  if (ignored) return 'ignored';
  return status === 'changed' && check ? 'would change' : status;
}

export const statusColours: Record<TaskStatus, Colour> = {
  ok: 'green',
  changed: 'yellow',
  skipped: 'cyan',
  failed: 'red',
  unknown: 'magenta',
  unreachable: 'red',
};

export const outcomeColours: Record<HostOutcome, Colour> = {
  done: 'green',
  failed: 'red',
  unreachable: 'red',
  unknown: 'magenta',
  halted: 'yellow',
  interrupted: 'yellow',
  'not-tried': 'cyan',
};

export const outcomeWords: Record<HostOutcome, string> = {
  done: 'done',
  failed: 'failed',
  unreachable: 'unreachable',
  unknown: 'unknown',
  halted: 'halted',
  interrupted: 'interrupted',
  'not-tried': 'not tried',
};

/** What was described last: the logs of a run and of its host say the same of a result, one right after the other. */
let last:
  | {
      readonly task: TaskRef;
      readonly result: TaskResult;
      readonly options: DescribeOptions;
      readonly said: Described;
    }
  | undefined;

/** Undefined where nothing is to be said at this verbosity. */
export function describeResult(
  task: TaskRef,
  result: TaskResult,
  options: DescribeOptions,
): Described | undefined {
  if (result.status === 'skipped' && options.verbosity < 1) return undefined;
  if (isPlainOk(result, options)) return plainOk(task);
  if (last?.task === task && last.result === result && isAlike(last.options, options)) return last.said;
  const said = describeAnew(task, result, options);
  last = { task, result, options, said };
  return said;
}

/** Of most results of a fleet that is as it should be, nothing is told but the name of the task. */
function isPlainOk(result: TaskResult, { verbosity, diff }: DescribeOptions): boolean {
  return (
    result.status === 'ok' &&
    verbosity < 1 &&
    !result.ignored &&
    result.items === undefined &&
    result.problem === undefined &&
    result.message === undefined &&
    result.destroys === undefined &&
    (result.diff.length === 0 || !(result.showsDiff ?? diff))
  );
}

const plainOks = new WeakMap<TaskRef, Described>();

function plainOk(task: TaskRef): Described {
  let said = plainOks.get(task);
  if (said) return said;
  said = { status: 'ok', colour: 'green', text: visibleLine(task.name), details: [], namesHosts: false };
  plainOks.set(task, said);
  return said;
}

/** From 3 on, more verbosity says no more of a result. */
function isAlike(a: DescribeOptions, b: DescribeOptions): boolean {
  return (
    a.paint === b.paint &&
    a.diff === b.diff &&
    a.check === b.check &&
    a.isBrief === b.isBrief &&
    Math.min(a.verbosity, 3) === Math.min(b.verbosity, 3)
  );
}

function describeAnew(task: TaskRef, result: TaskResult, options: DescribeOptions): Described {
  const { paint, verbosity, check } = options;
  const headline = headlineOf(result, verbosity);
  const timing =
    verbosity >= 3
      ? paint('dim', ` [${formatDuration(result.ms)}, ${plural(result.exchanges, 'exchange')}]`)
      : '';
  const isStopped = result.problem?.code === 'interrupted';
  return {
    // The user's own wish is no failure of the host.
    status: isStopped ? 'stopped' : statusWord(result.status, result.ignored, check),
    colour: isStopped ? 'yellow' : result.ignored ? 'cyan' : statusColours[result.status],
    text: `${visibleLine(task.name)}${headline === '' ? '' : `: ${headline}`}${timing}`,
    details: [
      ...(verbosity >= 2 ? [paint('dim', `${task.module} at ${visibleLine(task.at)}`)] : []),
      ...(result.items
        ? result.items.flatMap((item) => describeItem(item, task, options))
        : detailsOf(result, task, options)),
    ],
    ...(result.ignored && result.problem && { brief: describeBriefly(result.problem) }),
    namesHosts: isFailure(result, check),
  };
}

/** The one line that says it: what was done, or why not. */
function headlineOf({ items, ...result }: TaskResult, verbosity: Verbosity): string {
  const summary = visibleLine(result.summary);
  switch (result.status) {
    case 'ok':
    case 'skipped':
      return verbosity >= 1 ? summary : '';
    case 'changed':
      return summary;
    case 'failed':
    case 'unreachable':
      return items ? tallyOf(items, result.status) : result.problem ? messageLine(result.problem) : summary;
    case 'unknown':
      if (result.waitsFor !== undefined) {
        const now = result.problem ? `; for now, ${messageLine(result.problem)}` : '';
        return `cannot be known before '${visibleLine(result.waitsFor)}' has run${now}`;
      }
      return result.problem ? messageLine(result.problem) : summary;
  }
}

/** Which they are, and what was wrong, is said below. */
function tallyOf(items: readonly ItemResult[], status: TaskStatus): string {
  const count = items.filter((item) => item.status === status).length;
  return `${count} of ${plural(items.length, 'item')}`;
}

function messageLine(problem: Problem): string {
  return visibleLine(problem.message.split('\n')[0] ?? '');
}

function describeItem(item: ItemResult, task: TaskRef, options: DescribeOptions): string[] {
  const { paint, verbosity, check } = options;
  const isQuiet = item.status === 'ok' || item.status === 'skipped';
  if (isQuiet && verbosity < 1 && item.message === undefined) return [];
  const word = statusWord(item.status, item.ignored, check);
  const headline = headlineOf(item, verbosity);
  const line = `${paint(item.ignored ? 'cyan' : statusColours[item.status], word)} (item ${visibleLine(item.label)})`;
  return [
    headline === '' ? line : `${line}: ${headline}`,
    ...detailsOf(item, task, options).map((detail) => indentLines(detail, '  ')),
  ];
}

function detailsOf(result: Omit<TaskResult, 'items'>, task: TaskRef, options: DescribeOptions): string[] {
  const { paint, verbosity, check } = options;
  const details: string[] = [];
  if (result.destroys !== undefined) {
    const loud = check ? 'WOULD DESTROY' : 'DESTROYS';
    details.push(paint('alarm', `${loud}: ${visibleLine(result.destroys)}`));
  }
  if (result.message !== undefined) details.push(visible(result.message).trimEnd());
  if (result.problem) {
    // What is ignored is in no recap.
    const isBrief = options.isBrief === true && !result.ignored && result.waitsFor === undefined;
    details.push(
      ...(isBrief ? describeBriefly(result.problem) : describeProblem(result.problem, task.at, verbosity)),
    );
    if (result.waitsFor === undefined && !isSaid(result.summary, result.problem))
      details.push(`wanted to: ${visibleLine(result.summary)}`);
  }
  if (result.showsDiff ?? options.diff) details.push(...describeDiffs(result.diff, paint));
  if (verbosity >= 1 && !result.problem) details.push(...describeOutput(result));
  if (verbosity >= 2) details.push(...describeValues(result, paint));
  return details;
}

/** Whether a problem says already what was wanted: of a command, both name it. */
function isSaid(summary: string, { message, command = '' }: Problem): boolean {
  const wanted = summary.replace(/^run /, '').replace(/…$/, '');
  return (
    summary === message ||
    message.includes(wanted) ||
    command.includes(wanted) ||
    /^a script of \d+ lines$/.test(wanted)
  );
}

/** A problem without its message, which stands in the headline: place, command, stderr, hint, and from -vvv what was tried. */
export function describeProblem(
  problem: Problem,
  taskAt: string | undefined,
  verbosity: Verbosity,
): string[] {
  const shown = withoutNamedCommand(verbosity >= 1 ? problem : { ...problem, ...tails(problem) });
  const [, ...rest] = visible(formatProblem(shown)).split('\n');
  const at = problem.at ? formatPlace(problem.at) : taskAt;
  return [
    ...rest.map((line) => line.replace(/^ {2}/, '')),
    ...(problem.tried === undefined || verbosity < 3 ? [] : [`tried: ${visibleLine(problem.tried)}`]),
    ...(at === undefined ? [] : [`at: ${visibleLine(at)}`]),
  ];
}

/** The last line that was printed: it often is the reason. */
export function describeBriefly({ stdout = '', stderr = '' }: Problem): string[] {
  const last = [stderr, stdout].map(lastLine).find((line) => line !== undefined);
  return last === undefined ? [] : [visibleLine(cutText(last.trim(), shownBytes))];
}

/** A message that has the whole command, and how it ended, has said both. */
export function withoutNamedCommand<P extends Pick<Problem, 'message' | 'command' | 'status'>>(
  problem: P,
): Omit<P, 'command' | 'status'> & Pick<Problem, 'command' | 'status'> {
  const { command, status, ...rest } = problem;
  const isNamed = command !== undefined && problem.message.includes(`\`${command.trim()}\` ended with`);
  return isNamed ? rest : problem;
}

function tails({ stdout, stderr }: Problem): Pick<Problem, 'stdout' | 'stderr'> {
  return {
    ...(stdout !== undefined && { stdout: tail(stdout) }),
    ...(stderr !== undefined && { stderr: tail(stderr) }),
  };
}

function tail(text: string): string {
  const lines = text.trimEnd().split('\n');
  const left = lines.length - OUTPUT_LINES;
  // Not worth leaving out a line or two.
  if (left <= 2) return text;
  return [`(${plural(left, 'line')} before these; -v shows all)`, ...lines.slice(-OUTPUT_LINES)].join('\n');
}

function describeOutput({ result }: Pick<TaskResult, 'result'>): string[] {
  return (['stdout', 'stderr'] as const).flatMap((name) => {
    const text = result[name];
    if (typeof text !== 'string' || text.trim() === '') return [];
    const shown = visible(cutText(text, shownBytes)).trimEnd();
    return shown.includes('\n') ? [`${name}:`, indentLines(shown, '  ')] : [`${name}: ${shown}`];
  });
}

/** What is shown by itself, and what says that nothing of it was left out. */
const shownElsewhere = new Set(['stdout', 'stderr', 'stdout_lines', 'stderr_lines']);
const emptyValues: Readonly<Record<string, unknown>> = { msg: '', stdout_omitted: 0, stderr_omitted: 0 };

/** Characters of values that stay in one line. */
const SHORT_VALUES = 100;

function describeValues({ result }: Pick<TaskResult, 'result'>, paint: Paint): string[] {
  const told = Object.entries(result).filter(
    ([name, value]) => !shownElsewhere.has(name) && value !== emptyValues[name],
  );
  if (told.length === 0) return [];
  const rest = Object.fromEntries(told);
  const short = JSON.stringify(rest);
  const text = short.length <= SHORT_VALUES ? short : JSON.stringify(rest, undefined, 2);
  return [paint('dim', `result: ${visible(text)}`)];
}

/** The same lines, each behind this. */
export function indentLines(text: string, by: string): string {
  return by + text.replaceAll('\n', `\n${by}`);
}

/** One text for each. */
export function describeDiffs(diffs: readonly Diff[], paint: Paint): readonly string[] {
  return diffs.map((diff) => describeDiff(diff, paint).join('\n'));
}

/** A diff as `diff -u` writes it, or a line for each field that differs. */
function describeDiff(diff: Diff, paint: Paint): string[] {
  if (diff.type === 'fields') return describeFields(diff, paint);
  const path = visibleLine(diff.path);
  return [
    paint('bold', diff.before === undefined ? '--- before: (no such file)' : `--- before: ${path}`),
    paint('bold', diff.after === undefined ? '+++ after: (no such file)' : `+++ after: ${path}`),
    ...unifiedDiff(diff.before, diff.after).map((line) => paintDiffLine(visible(line), paint)),
  ];
}

/** Columns of a subject with all its fields that stay in one line. */
const WIDEST_FIELDS = 90;

function describeFields({ subject, fields }: Extract<Diff, { type: 'fields' }>, paint: Paint): string[] {
  const told = fields.map(({ name, before, after }): readonly [Colour, string] => {
    const label = visibleLine(name);
    if (before === undefined) return ['green', `+ ${label}: ${visibleLine(after ?? '')}`];
    if (after === undefined) return ['red', `- ${label}: ${visibleLine(before)}`];
    return ['yellow', `~ ${label}: ${visibleLine(before)} → ${visibleLine(after)}`];
  });
  const head = visibleLine(subject);
  const whole = [head, ...told.map(([, text]) => text)].join('  ');
  if (displayWidth(whole) <= WIDEST_FIELDS)
    return [[head, ...told.map(([colour, text]) => paint(colour, text))].join('  ')];
  return [head, ...told.map(([colour, text]) => paint(colour, `  ${text}`))];
}

function paintDiffLine(line: string, paint: Paint): string {
  if (line.startsWith('@@')) return paint('cyan', line);
  if (line.startsWith('+')) return paint('green', line);
  if (line.startsWith('-')) return paint('red', line);
  return line;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
