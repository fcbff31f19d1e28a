/**
 * Owns how tests look at an error that must come.
 */
import { expect } from 'chai';
import { ZrunError, type ErrorCode } from '../../src/core/errors.js';

/** The error that the work ends with; fails if there is none, or another one. */
export async function errorOf(work: Promise<unknown>, code: ErrorCode): Promise<ZrunError> {
  const outcome = await work.then(
    () => new Error(`no error, where ${code} must come`),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  if (!(outcome instanceof ZrunError)) throw outcome;
  expect(outcome.code, outcome.message).to.equal(code);
  return outcome;
}
