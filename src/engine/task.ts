/**
 * Owns the protocol of one task on one host: condition, loop, plan, the decision whether to apply, apply, judge. The
 * only caller of `apply`.
 */
import { z } from 'zod';
import { toProblem, ZrunError, type Problem } from '../core/errors.js';
import type { ItemResult, TaskRef, TaskResult } from '../core/events.js';
import type { Become } from '../core/host.js';
import type { BoundChange, BoundPlan, BoundTask, Nothing, TaskContext, Write } from '../core/module.js';
import type { BecomeSettings, Expression, Language, Play, Scope, Task, VarsTemplate } from '../core/plan.js';
import type { Read } from '../core/probe.js';
import {
  findUnknown,
  isList,
  isMap,
  Unknown,
  UnknownValueError,
  type Value,
  type ValueMap,
} from '../core/value.js';
import {
  becomeFor,
  disconnect,
  exchangesOf,
  isLost,
  isUnreachable,
  runOn,
  scopeFor,
  type HostState,
} from './host-state.js';
import { mergeItems, registered } from './results.js';
import type { RunInput } from './settings.js';

/** Where a task stands: everything that it inherits. */
export interface Surroundings {
  readonly run: RunInput;
  readonly play: Play;
  readonly language: Language;
  readonly state: HostState;
  /** From the outermost block to the innermost. */
  readonly when: readonly Expression[];
  readonly vars: readonly VarsTemplate[];
  readonly become: readonly BecomeSettings[];
  /** `ansible_failed_task` and its like inside a rescue. */
  readonly extra: ValueMap;
  /** Aborts what is under way; a rescue after an interrupt has a fresh one. */
  readonly signal: AbortSignal;
}

/** A result without what only the caller knows. */
type Outcome = Omit<TaskResult, 'ms' | 'exchanges' | 'items'>;

/** Runs a task with all its items. Never throws: whatever happens is the result. */
export async function runTask(task: Task, ref: TaskRef, around: Surroundings): Promise<TaskResult> {
  const measured = await measure(around, async () => {
    try {
      return await runItems(task, ref, around);
    } catch (error) {
      return judgeThrown(error, task);
    }
  });
  const result = task.noLog ? withoutTexts(measured) : measured;
  remember(task, measured, around.state);
  return result;
}

async function runItems(
  task: Task,
  ref: TaskRef,
  around: Surroundings,
): Promise<Outcome & { items?: readonly ItemResult[] }> {
  if (task.loop === undefined) return runOnce(task, ref, around, {});
  const scope = scopeOf(task, around, {});
  const items = task.loop.render(scope);
  if (!isList(items)) {
    throw new ZrunError('parameter-invalid', `loop must be a list, not ${describe(items)}`, {
      at: task.loop.at,
    });
  }
  const results: ItemResult[] = [];
  for (const item of items) {
    const extra = { [task.loopVar]: item };
    const label = labelOf(task, around, item, extra);
    const result = await measure(around, async () => {
      try {
        return await runOnce(task, ref, around, extra);
      } catch (error) {
        return judgeThrown(error, task);
      }
    });
    results.push({ ...result, label, item });
    if (result.status === 'unreachable' || around.signal.aborted) break;
  }
  return mergeItems(results);
}

function labelOf(task: Task, around: Surroundings, item: Value, extra: ValueMap): string {
  if (task.loopLabel) return text(task.loopLabel.render(scopeOf(task, around, extra)));
  return text(item);
}

function text(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function scopeOf(task: Task, around: Surroundings, item: ValueMap): Scope {
  const { state, run, play, language, extra } = around;
  return scopeFor(state, run, play, language, {
    vars: [...around.vars, task.vars],
    extra: { ...extra, ...item },
  });
}

/** One item, or the whole task where it does not loop: condition, then attempts until `until` holds. */
async function runOnce(task: Task, ref: TaskRef, around: Surroundings, item: ValueMap): Promise<Outcome> {
  const scope = scopeOf(task, around, item);
  for (const condition of [...around.when, ...task.when]) {
    if (!isTrue(condition, scope)) return skipped(`when: ${condition.text}`);
  }
  const attempts = task.until ? Math.max(1, task.retries) : 1;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(task, ref, around, scope, item);
    if (task.until === undefined || outcome.status === 'unreachable' || outcome.status === 'unknown')
      return outcome;
    if (findUnknown(outcome.result)) return outcome;
    const after = withResult(task, around, item, outcome);
    if (task.until.every((condition) => isTrue(condition, after))) return { ...outcome, ...settle(outcome) };
    if (attempt >= attempts || around.signal.aborted) return exhausted(task, outcome, attempt);
    around.run.emit({
      type: 'task-retried',
      host: around.state.host.name,
      task: ref,
      attempt,
      of: attempts,
      summary: outcome.summary,
    });
    await pause(task.delay * 1000, around.signal);
  }
}

/** An attempt that `until` is content with is no failure, whatever the module said. */
function settle(outcome: Outcome): Partial<Outcome> {
  return outcome.status === 'failed' ? { status: 'ok' } : {};
}

function exhausted(task: Task, outcome: Outcome, attempts: number): Outcome {
  const conditions = (task.until ?? []).map((each) => each.text).join(' and ');
  const message = `still not so after ${attempts} attempts: ${conditions}`;
  const problem: Problem = outcome.problem ?? {
    code: 'task-failed',
    message,
    ...(task.until?.[0] && { at: task.until[0].at }),
  };
  return { ...outcome, status: 'failed', summary: message, problem, ignored: task.ignoreErrors };
}

async function attemptOnce(
  task: Task,
  ref: TaskRef,
  around: Surroundings,
  scope: Scope,
  item: ValueMap,
): Promise<Outcome> {
  const { run, state, language } = around;
  const become = becomeFor(scope, [...around.become, task.become], run);
  const check = task.checkMode ?? run.settings.check;
  const context: TaskContext = {
    host: state.host.name,
    runId: run.settings.runId,
    check,
    task: task.name,
    checkMode: task.checkMode,
    evaluate: (expression) => language.evaluate(expression, scope),
    renderTemplate: (path) => language.renderTemplateFile(path, scope),
    readControllerFile: (path) => language.readControllerFile(path),
  };
  const bound = bind(task, renderArgs(task, scope), language);
  const handles = createHandles(task, ref, around, become);
  // In check mode every look goes through what earlier tasks would have left.
  const read = run.settings.check ? state.overlay.over(handles.read) : handles.read;

  let plan: BoundPlan;
  try {
    plan = await retryLost(around, () => bound.plan(read, context));
  } catch (error) {
    return judge(task, around, item, judgeThrown(error, task));
  }
  if (plan.change === 'none') return judge(task, around, item, nothing(task, plan, state));
  if (check) {
    if (run.settings.check) state.overlay.record(task.name, plan);
    return judgePredicted(task, around, item, predicted(plan, task));
  }
  return judge(
    task,
    around,
    item,
    await applyChange(task, around, handles, plan, () => bound.plan(read, context)),
  );
}

function renderArgs(task: Task, scope: Scope): ValueMap {
  const args = task.args.render(scope);
  const unknown = findUnknown(args);
  if (unknown) throw new UnknownValueError(unknown.waitsFor);
  if (isMap(args)) return args;
  throw new ZrunError('parameter-invalid', `${task.module.name} takes a map of parameters`, {
    at: task.args.at,
  });
}

/** Parameters can come out wrong only now that their templates are rendered for this host. */
function bind(task: Task, params: ValueMap, language: Language): BoundTask {
  try {
    return task.module.bind(params);
  } catch (error) {
    throw error instanceof z.ZodError ? language.explainParameters(task, error, params) : error;
  }
}

interface Handles {
  readonly read: Read;
  readonly write: Write;
}

function createHandles(task: Task, ref: TaskRef, around: Surroundings, as: Become | undefined): Handles {
  const { run, state, signal } = around;
  const timeoutMs = task.timeout === undefined ? run.settings.taskTimeoutMs : task.timeout * 1000;
  return {
    async read(probe) {
      return probe.parse(
        await runOn(state, run, probe.script, { as, stdin: probe.stdin, timeoutMs, signal }),
      );
    },
    write: {
      async run(script, { stdin, accept = [], shownAs } = {}) {
        const output = await runOn(state, run, script, {
          as,
          stdin,
          timeoutMs,
          signal,
          onOutput: task.noLog
            ? undefined
            : (stream, chunk) =>
                run.emit({
                  type: 'task-output',
                  host: state.host.name,
                  task: ref,
                  stream,
                  text: chunk.toString('utf8'),
                }),
        });
        if (output.status === 0 || accept.includes(output.status)) return output;
        const command = shownAs ?? script.shellText;
        throw new ZrunError('command-failed', endedWith(command, output.status), {
          command,
          status: output.status,
          stdout: output.stdout.toString('utf8'),
          stderr: output.stderr.toString('utf8'),
        });
      },
    },
  };
}

/** A look that the connection broke under is taken once more over a new one: looking twice does no harm. */
async function retryLost<T>(around: Surroundings, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isLost(error) || around.signal.aborted) throw error;
    await disconnect(around.state);
    return look();
  }
}

async function applyChange(
  task: Task,
  around: Surroundings,
  handles: Handles,
  plan: BoundChange,
  planAgain: () => Promise<BoundPlan>,
): Promise<Outcome> {
  const changed = {
    summary: plan.summary,
    diff: plan.diff,
    ...(plan.destroys !== undefined && { destroys: plan.destroys }),
  };
  let result: ValueMap;
  try {
    result = await plan.apply(handles.write);
  } catch (error) {
    if (isLost(error))
      return { ...changed, ...(await lookAfterLoss(error, around, plan, planAgain)), ignored: false };
    return { ...judgeThrown(error, task), ...changed };
  }
  if (around.run.settings.verify && plan.repeats !== true) {
    const left = await planAgain();
    if (left.change === 'some') {
      const problem: Problem = {
        code: 'not-idempotent',
        message: `${task.module.name} made its change and still wants to ${left.summary}`,
        hint: 'Something else may be changing the host at the same time; if not, this is a bug in the module.',
      };
      return { ...changed, status: 'failed', problem, result, ignored: task.ignoreErrors };
    }
  }
  return { ...changed, status: 'changed', result, ignored: false };
}

/**
 * The connection broke while a change was being made: neither success nor failure. A new connection is made and the
 * host looked at: where nothing is left to do, the change was made; otherwise nobody can say, since it may still be
 * going on.
 */
async function lookAfterLoss(
  error: unknown,
  around: Surroundings,
  plan: BoundChange,
  planAgain: () => Promise<BoundPlan>,
): Promise<Pick<Outcome, 'status' | 'result' | 'problem' | 'summary'>> {
  const lost = toProblem(error);
  if (plan.repeats !== true && !around.signal.aborted) {
    try {
      await disconnect(around.state);
      const left = await planAgain();
      if (left.change === 'none') {
        return {
          status: 'changed',
          result: left.result,
          summary: `${plan.summary} (the connection broke meanwhile; seen done over a new one)`,
        };
      }
    } catch {
      // Still out of reach, or the look itself failed: the first loss is what the user must know.
    }
  }
  const problem: Problem = {
    ...lost,
    message: `${lost.message}, while this was under way: ${plan.summary}`,
    hint: 'It may or may not have happened, and may still be going on. Run the playbook again: it looks before it acts.',
  };
  return { status: 'unknown', result: {}, problem, summary: plan.summary };
}

function nothing(task: Task, plan: Nothing, state: HostState): Outcome {
  // As in Ansible, `set_fact` goes before the play's variables and gathered facts after them.
  if (task.module.paramsAreVars) state.results = { ...state.results, ...plan.vars };
  else state.facts = { ...state.facts, ...plan.vars };
  return {
    status: 'ok',
    summary: plan.reason,
    diff: [],
    ...(plan.message !== undefined && { message: plan.message }),
    result: plan.result,
    ignored: false,
  };
}

function predicted(plan: BoundChange, task: Task): Outcome {
  return {
    status: 'changed',
    summary: plan.summary,
    diff: plan.diff,
    ...(plan.destroys !== undefined && { destroys: plan.destroys }),
    result: stamp(plan.predicted, task.name),
    ignored: false,
  };
}

/** Modules need not know their task's name: an unknown without one waits for this task. */
function stamp(result: ValueMap, waitsFor: string): ValueMap {
  return Object.fromEntries(
    Object.entries(result).map(([key, value]) => [
      key,
      value instanceof Unknown && value.waitsFor === '' ? new Unknown(waitsFor) : value,
    ]),
  );
}

/** `failed_when` and `changed_when`, and a command's exit code, decide over what the module said. */
function judge(task: Task, around: Surroundings, item: ValueMap, outcome: Outcome): Outcome {
  if (outcome.status === 'unreachable' || outcome.status === 'unknown') return outcome;
  let judged = outcome;
  const scope = withResult(task, around, item, outcome);
  if (task.failedWhen) {
    const failing = task.failedWhen.find((condition) => isTrue(condition, scope));
    if (failing) {
      const problem: Problem = outcome.problem ?? {
        code: 'task-failed',
        message: `failed_when holds: ${failing.text}`,
        at: failing.at,
      };
      judged = { ...outcome, status: 'failed', problem };
    } else if (outcome.status === 'failed') {
      const { problem, ...rest } = outcome;
      judged = { ...rest, status: 'ok' };
    }
  } else if (judged.status !== 'failed') {
    const problem = exitCodeProblem(outcome.result);
    if (problem) judged = { ...outcome, status: 'failed', problem };
  }
  if (judged.status === 'failed') return { ...judged, ignored: task.ignoreErrors };
  if (task.changedWhen) {
    const changed = task.changedWhen.every((condition) => isTrue(condition, scope));
    judged = { ...judged, status: changed ? 'changed' : 'ok' };
  }
  return judged;
}

/** In check mode, a condition over a result that does not exist yet leaves the change unknown rather than guessed. */
function judgePredicted(task: Task, around: Surroundings, item: ValueMap, outcome: Outcome): Outcome {
  if (!task.changedWhen) return outcome;
  try {
    const scope = withResult(task, around, item, outcome);
    const changed = task.changedWhen.every((condition) => isTrue(condition, scope));
    return { ...outcome, status: changed ? 'changed' : 'ok' };
  } catch (error) {
    if (!(error instanceof UnknownValueError)) throw error;
    return { ...outcome, status: 'unknown', waitsFor: error.waitsFor };
  }
}

/** Modules that run the user's command return `rc`; anything but 0 is a failure unless `failed_when` says otherwise. */
function exitCodeProblem(result: ValueMap): Problem | undefined {
  const { rc, cmd, stdout, stderr } = result;
  if (typeof rc !== 'number' || rc === 0) return undefined;
  return {
    code: 'command-failed',
    message: endedWith(typeof cmd === 'string' ? cmd : 'the command', rc),
    ...(typeof cmd === 'string' && { command: cmd }),
    status: rc,
    ...(typeof stdout === 'string' && { stdout }),
    ...(typeof stderr === 'string' && { stderr }),
  };
}

/** A headline: which command it was, short enough for one line, and how it ended. */
function endedWith(command: string, status: number): string {
  const line = command.trim();
  if (line.includes('\n')) return `the script ended with exit code ${status}`;
  return `\`${line.length <= 60 ? line : `${line.slice(0, 60).trimEnd()} …`}\` ended with exit code ${status}`;
}

/** What a thrown value means for the task's status. */
function judgeThrown(error: unknown, task: Task): Outcome {
  const none = { diff: [], result: {}, ignored: false };
  if (error instanceof UnknownValueError) {
    return { ...none, status: 'unknown', summary: error.message, waitsFor: error.waitsFor };
  }
  const problem = toProblem(error);
  if (isUnreachable(error)) return { ...none, status: 'unreachable', summary: problem.message, problem };
  if (isLost(error)) return { ...none, status: 'unreachable', summary: problem.message, problem };
  return {
    ...none,
    status: 'failed',
    summary: problem.message,
    problem,
    result: {
      msg: problem.message,
      ...(problem.status !== undefined && { rc: problem.status }),
      ...(problem.stdout !== undefined && { stdout: problem.stdout }),
      ...(problem.stderr !== undefined && { stderr: problem.stderr }),
    },
    ignored: task.ignoreErrors,
  };
}

function withResult(task: Task, around: Surroundings, item: ValueMap, outcome: Outcome): Scope {
  if (task.register === undefined) return scopeOf(task, around, item);
  return scopeOf(task, around, { ...item, [task.register]: registered(outcome.result, outcome.status) });
}

function isTrue(condition: Expression, scope: Scope): boolean {
  const value = condition.evaluate(scope);
  if (typeof value === 'boolean') return value;
  throw new ZrunError('expression-type', `'${condition.text}' gives ${describe(value)}, not true or false`, {
    at: condition.at,
    hint: 'Conditions are CEL: compare explicitly, as in `x != ""` or `size(list) > 0`.',
  });
}

function describe(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`;
}

function skipped(why: string): Outcome {
  return { status: 'skipped', summary: why, diff: [], result: {}, ignored: false };
}

/** What later tasks and expressions see of this one. */
function remember(task: Task, result: TaskResult, state: HostState): void {
  if (result.status === 'unknown') {
    const unknown = new Unknown(result.waitsFor ?? task.name);
    const unknowns = (names: readonly string[]): ValueMap =>
      Object.fromEntries(names.map((name) => [name, unknown]));
    state.facts = { ...state.facts, ...unknowns(Object.keys(task.module.vars?.shape ?? {})) };
    const { register, setsVars } = task;
    state.results = {
      ...state.results,
      ...unknowns(register === undefined ? setsVars : [...setsVars, register]),
    };
    return;
  }
  if (task.register === undefined) return;
  const value = result.items ? result.result : registered(result.result, result.status);
  state.results = { ...state.results, [task.register]: value };
}

function withoutTexts(result: TaskResult): TaskResult {
  const hidden = 'hidden by no_log';
  const { problem, message, destroys, items, ...rest } = result;
  return {
    ...rest,
    summary: hidden,
    diff: [],
    result: { censored: hidden },
    ...(problem && {
      problem: { code: problem.code, message: hidden, ...(problem.at && { at: problem.at }) },
    }),
  };
}

async function measure<T extends object>(
  { run, state }: Surroundings,
  work: () => Promise<T>,
): Promise<T & { ms: number; exchanges: number }> {
  const [startedAt, exchangesBefore] = [run.now(), await exchangesOf(state)];
  const result = await work();
  return { ...result, ms: run.now() - startedAt, exchanges: (await exchangesOf(state)) - exchangesBefore };
}

/** Waits, or returns at once when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}
