/**
 * Owns the regular expressions that playbooks give for lines: RE2's, which has most of Python's syntax. Knows nothing of
 * lines or files.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { compileRegex as compile, RegexError, type Regex, type RegexMatch } from '../../core/regex.js';
import { shorten } from '../../core/secret.js';

/** Said in the description of the first parameter of a module that takes one. */
export const regexNote =
  "RE2's syntax: Python's without lookahead, lookbehind and references to groups; it sees one line at a time, without its line break. (?i) at its start ignores case.";

/** A parameter that holds one, or a word that stands for something else (`EOF`). */
export function regexParam(description: string, words: readonly string[] = []): z.ZodString {
  return z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const problem = words.includes(text) ? undefined : problemOf(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .describe(description);
}

/**
 * Throws ZrunError `task-failed` where `regexParam` would have refused it, and where a line is too long for it: a
 * template may have filled it in on a host.
 */
export function compileRegex(text: string): Regex {
  const orFail = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof RegexError ? failure(text, error) : error;
    }
  };
  const regex = orFail(() => compile(text));
  return {
    ...regex,
    test: (line) => orFail(() => regex.test(line)),
    exec: (line) => orFail(() => regex.exec(line)),
  };
}

function failure(text: string, error: RegexError): ZrunError {
  return new ZrunError('task-failed', messageOf(text, error), { hint: error.hint });
}

function problemOf(text: string): string | undefined {
  try {
    compile(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return error.hint === undefined ? messageOf(text, error) : `${messageOf(text, error)}; ${error.hint}`;
  }
}

function messageOf(text: string, { reason }: RegexError): string {
  return `the regular expression '${shorten(text, 61)}' does not work: ${reason}`;
}

/** What a replacement refers to: groups by number or by name. */
type Reference = number | string;

/** `\1`, `\g<1>`, `\g<name>` and `\\`, as Python's expand() has them; other backslashes are themselves. */
const referencePattern = /\\(?:(\d{1,2})|g<(\w+)>|(\\))/g;

/** Groups that a replacement names and its expression does not have. */
export function unknownReferences(
  { groupCount, groupNames }: Regex,
  replacement: string,
): readonly Reference[] {
  const known = (reference: Reference): boolean =>
    typeof reference === 'number' ? reference <= groupCount : groupNames.includes(reference);
  return [...replacement.matchAll(referencePattern)].flatMap((found) => {
    const reference = referenceIn(found[1] ?? found[2]);
    return reference === undefined || known(reference) ? [] : [reference];
  });
}

/** A replacement with what the groups have matched; a group that took no part is empty. */
export function expandReferences({ groups, named }: RegexMatch, replacement: string): string {
  return replacement.replace(referencePattern, (_, digits?: string, name?: string, backslash?: string) => {
    if (backslash !== undefined) return backslash;
    const reference = referenceIn(digits ?? name);
    if (reference === undefined) return '';
    return (typeof reference === 'number' ? groups[reference] : named[reference]) ?? '';
  });
}

function referenceIn(text: string | undefined): Reference | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}
