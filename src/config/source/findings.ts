/**
 * Owns how errors are gathered while files are read: everything that is wrong is said in one go.
 * Knows no file format.
 */
import { throwAll, ZrunError } from '../../core/errors.js';
import type { ErrorCode, Place, ZrunErrorOptions } from '../../core/errors.js';

/** Where an error goes that does not stop the reading of the rest. */
export type Report = (error: ZrunError) => void;

export interface Findings {
  readonly report: Report;
  readonly errors: readonly ZrunError[];
  /** Throws what was found, if anything, in the order in which it stands in the files. */
  throwAll(): void;
}

export function collectFindings(): Findings {
  const errors: ZrunError[] = [];
  const seen = new Set<string>();
  return {
    errors,
    report(error) {
      const { at } = error;
      // The same template may be checked in more than one place: it is said once.
      const key = `${at?.source.name ?? ''}:${at?.start ?? ''}:${error.message}`;
      if (seen.has(key)) return;
      seen.add(key);
      errors.push(error);
    },
    throwAll() {
      const order = [...new Set(errors.map((error) => error.at?.source.name))];
      const sorted = [...errors].sort(
        (a, b) =>
          order.indexOf(a.at?.source.name) - order.indexOf(b.at?.source.name) ||
          (a.at?.start ?? 0) - (b.at?.start ?? 0),
      );
      throwAll(sorted);
    },
  };
}

/** For checks whose findings are nobody's business. */
export const ignoreFindings: Report = () => undefined;

/** For what is compiled while a run is under way: the first error ends it. */
export const throwFindings: Report = (error) => {
  throw error;
};

/** An error at a place, in the one form in which all of the configuration's errors are made. */
export function errorAt(
  at: Place | undefined,
  code: ErrorCode,
  message: string,
  hint?: string,
  options: Omit<ZrunErrorOptions, 'at' | 'hint'> = {},
): ZrunError {
  return new ZrunError(code, message, { ...options, at, hint });
}
