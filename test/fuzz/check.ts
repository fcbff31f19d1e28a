/**
 * Owns what must hold for every input: there is a value, or there are ZrunErrors that a person can read, each with a
 * place inside the text where it stands in one.
 */
import { formatProblem, ZrunError, ZrunErrors } from '../../src/core/errors.js';
import type { Report } from '../../src/config/source/findings.js';

/** What was thrown or reported and must not be. */
class Violation extends Error {
  override readonly name = 'Violation';
}

interface Findings {
  readonly report: Report;
  readonly errors: readonly ZrunError[];
}

/** A report that looks at each error as a user would. `placed`: every one must have a place. */
export function checkingReport({ placed = true }: { readonly placed?: boolean } = {}): Findings {
  const errors: ZrunError[] = [];
  return {
    errors,
    report(error) {
      checkError(error, placed);
      errors.push(error);
    },
  };
}

/** Runs what may throw ZrunErrors; undefined where it did. */
export function allowErrors<T>(work: () => T, placed = true): T | undefined {
  try {
    return work();
  } catch (error) {
    checkThrown(error, placed);
    return undefined;
  }
}

export async function allowErrorsLater<T>(work: () => Promise<T>, placed = true): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    checkThrown(error, placed);
    return undefined;
  }
}

export function demand(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message);
}

function checkThrown(error: unknown, placed: boolean): void {
  if (error instanceof ZrunErrors) for (const one of error.errors) checkError(one, placed);
  else if (error instanceof ZrunError) checkError(error, placed);
  else throw error;
}

function checkError(error: ZrunError, placed: boolean): void {
  const { code, message, at, hint } = error;
  if (code === 'internal') throw new Violation(`an internal error: ${message}`);
  if (message.trim() === '') throw new Violation('an error without a message');
  if (hint?.trim() === '') throw new Violation(`an error with an empty hint: ${message}`);
  if (
    /undefined|\[object |NaN|function \(/.test(message) &&
    !/undefined|\[object |NaN|function \(/.test(at?.source.text ?? '')
  )
    throw new Violation(`an error that shows the program's inside: ${message}`);
  if (!at) {
    if (placed) throw new Violation(`an error without a place: ${message}`);
    return;
  }
  const { start, end, source } = at;
  // What is missing at the end is missing just behind it.
  if (!(start >= 0 && start <= end && end <= source.text.length + 1 && start <= source.text.length))
    throw new Violation(
      `a place outside of the text (${start} to ${end} of ${source.text.length}): ${message}`,
    );
  const [first = ''] = formatProblem(error.problem).split('\n');
  if (!/^.*:\d+:\d+: /s.test(first)) throw new Violation(`no line and column: ${first}`);
}
