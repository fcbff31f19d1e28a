/**
 * Owns how a run that could not begin, or broke, is told: the text on standard error, and the exit code.
 */
import { formatProblem, toProblem, ZrunError, ZrunErrors, type Problem } from '../core/errors.js';
import { mask } from '../core/secret.js';
import { choosePaint } from '../report/style.js';
import { visible } from '../report/visible.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';

/** Errors that are shown: whoever has mended so many looks again. */
const MOST_ERRORS = 100;

/** Writes all that is wrong to standard error; returns the exit code. `logFile`: where more can be read, if anywhere. */
export function tellFailure(thrown: unknown, environment: Environment, logFile?: string): number {
  const { stderr, env } = environment;
  const paint = choosePaint(env, stderr.isTTY === true);
  const problems = problemsOf(thrown);
  const texts = problems.slice(0, MOST_ERRORS).map((problem) => {
    const [first = '', ...rest] = visible(mask(formatProblem(problem))).split('\n');
    return [`${paint('alarm', 'error:')} ${first}`, ...rest].join('\n');
  });
  stderr.write(`${texts.join('\n\n')}\n`);
  if (problems.length > MOST_ERRORS) stderr.write(`\nand ${problems.length - MOST_ERRORS} more`);
  if (problems.length > 1) stderr.write(`\n${problems.length} errors; no host was touched\n`);
  if (logFile !== undefined) stderr.write(`log: ${logFile}\n`);
  return exitCodeOf(problems);
}

function problemsOf(thrown: unknown): readonly Problem[] {
  if (thrown instanceof ZrunErrors) return thrown.errors.map((error) => error.problem);
  // A bug's own stack is worth more than its message.
  if (thrown instanceof ZrunError && thrown.code === 'internal')
    return [{ ...thrown.problem, message: thrown.stack ?? thrown.message }];
  return [toProblem(thrown)];
}

function exitCodeOf(problems: readonly Problem[]): number {
  if (problems.some(({ code }) => code === 'internal')) return exitCodes.internal;
  if (problems.some(({ code }) => code === 'interrupted')) return exitCodes.interrupted;
  return exitCodes.input;
}
