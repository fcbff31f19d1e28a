/**
 * Owns one task on one host: its loop, its condition, its attempts, and what is kept of the result. What an attempt is,
 * it does not know.
 */
import type { ErrorCode, Problem } from '../core/errors.js';
import type { ItemResult, TaskRef, TaskResult } from '../core/events.js';
import type { Loop, Step, Task } from '../core/plan.js';
import { settle, type Scope } from '../core/template.js';
import { findUnknown, UnknownValueError, type ValueMap } from '../core/value.js';
import { attemptOnce } from './attempt.js';
import { exchangesOf, unreachableCodes } from './host-state.js';
import { isTrue, judgeThrown, withMessage, withResult, type Outcome } from './judge.js';
import { itemsUnless } from './loop.js';
import { createMemory, rememberResult, type Memory } from './memory.js';
import { notifiedBy } from './handlers.js';
import { pause } from './pause.js';
import { mergeItems, type Turn } from './results.js';
import { scopeOf, settleTask, type Around, type Attempt, type Surroundings } from './surroundings.js';

/** What came of a task, and what the host has learnt by it. */
export interface TaskRun {
  readonly result: TaskResult;
  readonly memory: Memory;
  /** The names that it notifies if it has changed something. */
  readonly notified?: ReadonlySet<string>;
  /** What an include takes in, for hosts that do what is inside too. */
  readonly inside?: readonly TakenIn[];
}

/** One turn of an include. */
export interface TakenIn {
  readonly vars: ValueMap;
  readonly steps: readonly Step[];
}

/** Runs a task with all its items. Never throws: whatever happens is the result. */
export async function runTask(task: Task, ref: TaskRef, where: Around): Promise<TaskRun> {
  const memory = createMemory();
  const around: Surroundings = { ...where, memory, kept: { bytes: 0 }, notified: new Set() };
  const measured = await measure(around, async () => {
    try {
      return await runItems(task, ref, around);
    } catch (error) {
      return judgeThrown(error, unsettled(task));
    }
  });
  rememberResult(task, measured, around.state, memory);
  const result = isHidden(task, around) ? withoutTexts(measured) : measured;
  return { result, memory, notified: around.notified };
}

/** Where a template stands for a keyword and cannot be rendered, the task does not get away with its failure. */
function unsettled({ ignoreErrors, ignoreUnreachable }: Task): {
  readonly ignoreErrors: boolean;
  readonly ignoreUnreachable: boolean;
} {
  return { ignoreErrors: ignoreErrors === true, ignoreUnreachable: ignoreUnreachable === true };
}

/** What cannot be decided stays hidden. */
function isHidden(task: Task, around: Surroundings): boolean {
  if (typeof task.noLog === 'boolean') return task.noLog;
  try {
    return settle(task.noLog, scopeOf(task, around, {}));
  } catch {
    return true;
  }
}

async function runItems(
  task: Task,
  ref: TaskRef,
  around: Surroundings,
): Promise<Outcome & { items?: readonly ItemResult[] }> {
  const { loop } = task;
  if (loop === undefined) return runOnce(task, ref, around, {});
  const scope = scopeOf(task, around, {});
  const conditions = [...around.when, ...task.when];
  const items = itemsUnless(loop, scope, conditions);
  if ('skippedBy' in items) return skipped(`when: ${items.skippedBy.text}`);
  const turns: Turn[] = [];
  for (const [i, { item, vars, isLast }] of items.entries()) {
    if (items.length > 1)
      tellItem(ref, around, isHidden(task, around) ? '' : text(item), i + 1, items.length);
    const result = await measure(around, async () => {
      try {
        return await runOnce(task, ref, around, vars);
      } catch (error) {
        return judgeThrown(error, unsettled(task));
      }
    });
    const label = loop.label ? text(loop.label.render(scopeOf(task, around, vars))) : text(item);
    turns.push({ result: { ...result, label, item }, vars });
    // Another item may be for another host.
    const isOver = result.status === 'unreachable' && !result.ignored && task.delegateTo === undefined;
    if (isOver || around.signal.aborted) break;
    if (breaks(loop, withResult({ task, around, item: vars }, result))) break;
    if (!isLast) await pause(settle(loop.pause, scope) * 1000, around.signal);
  }
  return mergeItems(turns);
}

function tellItem(
  task: TaskRef,
  { source, state }: Surroundings,
  item: string,
  index: number,
  of: number,
): void {
  const host = state.host.name;
  source.run.emit({ type: 'item-started', host, task, item, index, of });
}

function text(value: ItemResult['item']): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** In check mode nobody knows what came of an item that was not run: all the others may be taken. */
function breaks({ breakWhen }: Loop, scope: Scope): boolean {
  try {
    return breakWhen.length > 0 && breakWhen.every((condition) => isTrue(condition, scope));
  } catch (error) {
    if (error instanceof UnknownValueError) return false;
    throw error;
  }
}

/** One item, or the whole task where it does not loop: condition, then attempts until `until` holds. */
async function runOnce(task: Task, ref: TaskRef, around: Surroundings, item: ValueMap): Promise<Outcome> {
  const scope = scopeOf(task, around, item);
  for (const condition of [...around.when, ...task.when]) {
    if (!isTrue(condition, scope)) return skipped(`when: ${condition.text}`);
  }
  for (const name of notifiedBy(task, scope)) around.notified.add(name);
  const settings = settleTask(task, scope, around);
  const attempt: Attempt = { task, around, item, scope, settings };
  const outcome = await attemptUntil(attempt, ref);
  return settings.diff === undefined ? outcome : { ...outcome, showsDiff: settings.diff };
}

async function attemptUntil(attempt: Attempt, ref: TaskRef): Promise<Outcome> {
  const { task, around, settings } = attempt;
  // As in Ansible, `until` is not looked at where nothing is tried again.
  if (settings.retries === 0) return attemptOnce(attempt, ref);
  const attempts = settings.retries + 1;
  for (let count = 1; ; count++) {
    // Later attempts see what earlier ones have taught the host.
    const outcome = await attemptOnce({ ...attempt, scope: scopeOf(task, around, attempt.item), count }, ref);
    if (outcome.status === 'unreachable' || outcome.status === 'unknown') return outcome;
    if (findUnknown(outcome.result)) return outcome;
    if (isSatisfied(attempt, outcome)) return withAttempts(outcome, count);
    if (count >= attempts || around.signal.aborted)
      return withAttempts(exhausted(attempt, outcome, count), count);
    around.source.run.emit({
      type: 'task-retried',
      host: around.state.host.name,
      task: ref,
      attempt: count,
      of: attempts,
      summary: isHidden(task, around) ? hiddenText : outcome.summary,
    });
    await pause(settings.delayMs, around.signal);
  }
}

/** Without `until`, a task is tried again until it succeeds. */
function isSatisfied(attempt: Attempt, outcome: Outcome): boolean {
  const { until } = attempt.task;
  if (!until) return outcome.status !== 'failed';
  const after = withResult(attempt, outcome);
  return until.every((condition) => isTrue(condition, after));
}

/** As in Ansible, `attempts` then says how often it was tried again, and `failed_when` still decides how the task went. */
function exhausted({ task, settings }: Attempt, given: Outcome, attempts: number): Outcome {
  const outcome = { ...given, result: { ...given.result, attempts: Math.min(attempts, settings.retries) } };
  if (task.failedWhen && given.status !== 'failed')
    return { ...outcome, marks: { ...given.marks, failed: true } };
  const conditions = task.until?.map((each) => each.text).join(' and ') ?? 'the task succeeds';
  const problem: Problem = outcome.problem ?? {
    code: 'task-failed',
    message: `until does not hold: ${conditions}`,
    ...(task.until?.[0] && { at: task.until[0].at }),
  };
  const result = withMessage(outcome.result, problem);
  const marks = given.status === 'changed' ? { changed: true } : given.marks;
  return {
    ...outcome,
    status: 'failed',
    summary: outcome.problem ? outcome.summary : problem.message,
    problem,
    result,
    ignored: settings.ignoreErrors,
    ...(marks && { marks }),
  };
}

/** Whoever is told what was wrong is told that it was no passing trouble. */
function withAttempts(outcome: Outcome, attempts: number): Outcome {
  if (attempts < 2) return outcome;
  const { problem } = outcome;
  if (!problem) return { ...outcome, attempts };
  const [first = '', ...rest] = problem.message.split('\n');
  const message = [`${first} (after ${attempts} attempts)`, ...rest].join('\n');
  return { ...outcome, attempts, problem: { ...problem, message } };
}

function skipped(why: string): Outcome {
  return { status: 'skipped', summary: why, diff: [], result: {}, ignored: false };
}

const hiddenText = 'hidden by no_log';

/**
 * Why a host could not be worked on says nothing of the task, and may be what the user must see first: a host key that
 * has changed. Not `connection-lost`, which says what was under way.
 */
const shownCodes: ReadonlySet<ErrorCode> = new Set([
  ...unreachableCodes,
  'sudo-password-missing',
  'sudo-password-wrong',
  'sudo-refused',
]);

function withoutTexts(result: TaskResult): TaskResult {
  const { problem, message, destroys, items, ...rest } = result;
  const isShown = problem !== undefined && shownCodes.has(problem.code);
  return {
    ...rest,
    summary: isShown ? problem.message : hiddenText,
    diff: [],
    result: { censored: hiddenText },
    ...(problem && { problem: isShown ? withoutOutputs(problem) : hideProblem(problem) }),
  };
}

/** A start-up file of the host's may print what it reads, and that may be the task. */
function withoutOutputs({ stdout, stderr, ...rest }: Problem): Problem {
  return rest;
}

/** Its place, without the line that stands there: it may hold what is to be hidden. */
function hideProblem({ code, at }: Problem): Problem {
  return { code, message: hiddenText, ...(at && { at: { ...at, hidesText: true } }) };
}

async function measure<T extends object>(
  { source: { run }, state }: Surroundings,
  work: () => Promise<T>,
): Promise<T & { ms: number; exchanges: number }> {
  const [startedAt, exchangesBefore] = [run.now(), exchangesOf(state)];
  const result = await work();
  return { ...result, ms: run.now() - startedAt, exchanges: exchangesOf(state) - exchangesBefore };
}
