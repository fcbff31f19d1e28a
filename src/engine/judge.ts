/**
 * Owns what an attempt's outcome means: `failed_when`, `changed_when`, exit codes, and what was thrown.
 */
import { limitOutput, toProblem, ZrunError, type Problem } from '../core/errors.js';
import type { TaskResult } from '../core/events.js';
import { UnchangedError } from '../core/module.js';
import type { Expression, Scope } from '../core/template.js';
import { shorten } from '../core/secret.js';
import { UnknownValueError, type Value, type ValueMap } from '../core/value.js';
import { isLost, isUnreachable } from './host-state.js';
import { registered } from './results.js';
import { scopeOf, type Attempt, type Settled } from './surroundings.js';

/** A result without what only the caller knows. */
export type Outcome = Omit<TaskResult, 'ms' | 'exchanges' | 'items'>;

/**
 * `changed_when`, then `failed_when`, and a command's exit code, decide over what the module said. As in Ansible, a failure
 * keeps what it has changed, and of a list of conditions all must hold.
 */
export function judge(attempt: Attempt, given: Outcome): Outcome {
  const { task, settings, count } = attempt;
  if (given.status === 'unreachable' || given.status === 'unknown') return given;
  // A command's exit code counts as a failure until `failed_when` says that it is none.
  const exit = given.status === 'failed' ? undefined : exitCodeProblem(given.result);
  const counted = count === undefined ? given.result : { ...given.result, attempts: count };
  const outcome = { ...given, result: exit ? withMessage(counted, exit) : counted };
  const isFailing = outcome.status === 'failed' || exit !== undefined;
  const marks = { changed: outcome.status === 'changed', failed: isFailing };
  if (task.changedWhen) {
    const { changedWhen } = task;
    try {
      const scope = withResult(attempt, { ...outcome, marks });
      marks.changed = changedWhen.every((condition) => isTrue(condition, scope));
    } catch (error) {
      // It may rest on what only a success returns: the failure is what the user must know.
      if (!isFailing || task.failedWhen) throw error;
    }
  }
  let { problem, result } = outcome;
  if (task.failedWhen) {
    const scope = withResult(attempt, { ...outcome, marks });
    marks.failed = task.failedWhen.every((condition) => isTrue(condition, scope));
    result = { ...result, failed_when_result: marks.failed };
    problem ??= failedBy(task.failedWhen);
  } else problem ??= exit;
  if (marks.failed) {
    return {
      ...outcome,
      status: 'failed',
      result: problem ? withMessage(result, problem) : result,
      ...(problem && { problem }),
      ignored: settings.ignoreErrors,
      ...(marks.changed && { marks: { changed: true } }),
    };
  }
  const { problem: _overruled, ...rest } = outcome;
  return { ...rest, result, status: marks.changed ? 'changed' : 'ok' };
}

function failedBy(failedWhen: readonly Expression[]): Problem {
  const texts = failedWhen.map(({ text }) => text).join(' and ');
  return {
    code: 'task-failed',
    message: `failed_when holds: ${texts}`,
    ...(failedWhen[0] && { at: failedWhen[0].at }),
  };
}

/** What was wrong, as `msg`, unless the module has said so itself. */
export function withMessage(result: ValueMap, problem: Problem): ValueMap {
  const { msg = '', ...rest } = result;
  return { msg: msg === '' ? problem.message : msg, ...rest };
}

/** In check mode, a condition over a result that does not exist yet leaves the change unknown rather than guessed. */
export function judgePredicted(attempt: Attempt, outcome: Outcome): Outcome {
  const { changedWhen } = attempt.task;
  if (!changedWhen) return outcome;
  try {
    const scope = withResult(attempt, outcome);
    const changed = changedWhen.every((condition) => isTrue(condition, scope));
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
  return limitOutput({
    code: 'command-failed' as const,
    message: endedWith(typeof cmd === 'string' ? cmd : 'the command', rc),
    ...(typeof cmd === 'string' && { command: cmd }),
    status: rc,
    ...(typeof stdout === 'string' && { stdout }),
    ...(typeof stderr === 'string' && { stderr }),
  });
}

/** A headline: which command it was, short enough for one line, and how it ended. */
export function endedWith(command: string, status: number): string {
  const line = command.trim();
  if (line.includes('\n')) return `the script ended with exit code ${status}`;
  return `\`${shorten(line, 62)}\` ended with exit code ${status}`;
}

/** What a thrown value means for the task's status. Settings are not there where they could not be rendered. */
export function judgeThrown(
  error: unknown,
  { ignoreErrors, ignoreUnreachable }: Pick<Settled, 'ignoreErrors' | 'ignoreUnreachable'>,
): Outcome {
  const none = { diff: [], result: {}, ignored: false };
  if (error instanceof UnknownValueError) {
    return { ...none, status: 'unknown', summary: error.message, waitsFor: error.waitsFor };
  }
  const problem = toProblem(error);
  if (isUnreachable(error) || isLost(error)) {
    const result = { msg: problem.message, unreachable: true };
    const summary = problem.message;
    return { ...none, status: 'unreachable', summary, problem, result, ignored: ignoreUnreachable };
  }
  return {
    ...none,
    status: 'failed',
    summary: problem.message,
    problem,
    result: {
      ...(error instanceof UnchangedError && error.result),
      msg: problem.message,
      ...(problem.status !== undefined && { rc: problem.status }),
      ...(problem.stdout !== undefined && { stdout: problem.stdout }),
      ...(problem.stderr !== undefined && { stderr: problem.stderr }),
    },
    ignored: ignoreErrors,
  };
}

/** The attempt's scope, with its own result under the name of `register`. */
export function withResult(
  { task, around, item }: Pick<Attempt, 'task' | 'around' | 'item'>,
  outcome: Outcome,
): Scope {
  if (task.register === undefined) return scopeOf(task, around, item);
  return scopeOf(task, around, { ...item, [task.register]: registered(outcome) });
}

export function isTrue(condition: Expression, scope: Scope): boolean {
  const value = condition.evaluate(scope);
  if (typeof value === 'boolean') return value;
  throw new ZrunError(
    'expression-type',
    `'${condition.text}' gives ${describeValue(value)}, not true or false`,
    {
      at: condition.at,
      hint: 'Conditions are CEL: compare explicitly, as in `x != ""` or `size(list) > 0`.',
    },
  );
}

export function describeValue(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`;
}
