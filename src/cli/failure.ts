/**
 * Owns how a run that could not begin, or broke, is told: the text on standard error, and the exit code.
 */
import {
  formatPlace,
  formatProblem,
  toProblem,
  ZrunError,
  ZrunErrors,
  type Problem,
} from '../core/errors.js';
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
  const groups = groupProblems(problems);
  const texts = groups.slice(0, MOST_ERRORS).map(({ problem, places }) => {
    const [first = '', ...rest] = visible(mask(formatProblem(problem))).split('\n');
    return [`${paint('alarm', 'error:')} ${first}`, ...rest, ...formatPlaces(places)].join('\n');
  });
  stderr.write(`${texts.join('\n\n')}\n`);
  if (groups.length > MOST_ERRORS) stderr.write(`\nand ${groups.length - MOST_ERRORS} more`);
  if (problems.length > 1) stderr.write(`\n${problems.length} errors; no host was touched\n`);
  if (logFile !== undefined) stderr.write(`log: ${logFile}\n`);
  return exitCodeOf(problems);
}

interface ProblemGroup {
  readonly problem: Problem;
  /** Where else the same is wrong. */
  readonly places: string[];
}

/** The same mistake at several places is one thing to mend. */
function groupProblems(problems: readonly Problem[]): readonly ProblemGroup[] {
  const groups = new Map<string, ProblemGroup>();
  for (const problem of problems) {
    const { at, ...rest } = problem;
    const key = JSON.stringify(rest);
    const known = groups.get(key);
    if (known) known.places.push(...(at ? [formatPlace(at)] : []));
    else groups.set(key, { problem, places: [] });
  }
  return [...groups.values()];
}

/** Places that are listed of one mistake. */
const MOST_PLACES = 8;

function formatPlaces(places: readonly string[]): string[] {
  if (places.length === 0) return [];
  const more = places.length > MOST_PLACES ? [`and ${places.length - MOST_PLACES} more`] : [];
  return [`  also at: ${visible(mask([...places.slice(0, MOST_PLACES), ...more].join(', ')))}`];
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
