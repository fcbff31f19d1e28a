/**
 * Owns the regular expressions that playbooks give: JavaScript's, and what is said where one was written for Python.
 * Knows nothing of lines or files.
 */
import * as z from 'zod';

/** Said in the description of the first parameter of a module that takes one. */
export const regexNote =
  "JavaScript's syntax, not Python's; it sees one line at a time, without its line break. (?i) at its start ignores case.";

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

/** Throws SyntaxError where `regexParam` would have refused it. */
export function compileRegex(text: string): RegExp {
  const ignoresCase = text.startsWith('(?i)');
  return new RegExp(ignoresCase ? text.slice(4) : text, ignoresCase ? 'i' : '');
}

/** What Python takes and JavaScript does not, or takes for something else. */
const pythonOnly: readonly (readonly [RegExp, string])[] = [
  [/\(\?P</, 'a named group is written (?<name>…) here, not (?P<name>…)'],
  [/\(\?P=/, 'a reference to a named group is written \\k<name> here, not (?P=name)'],
  [/(?<!\\)(?:\\\\)*\\[AZ]/, '\\A and \\Z are Python’s: write ^ and $'],
  [/\(\?#/, 'comments (?#…) are Python’s: leave them out'],
  [/\(\?[aiLmsux]+\)/, 'of the flags of Python only (?i) is known here, and only at the very start'],
];

function problemOf(text: string): string | undefined {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  const rest = text.startsWith('(?i)') ? text.slice(4) : text;
  const said = pythonOnly.find(([pattern]) => pattern.test(rest))?.[1];
  if (said !== undefined) return `the regular expression '${shown}' does not work here: ${said}`;
  try {
    compileRegex(text);
    return undefined;
  } catch (error) {
    // V8: "Invalid regular expression: /(/: Unterminated group"
    const reason = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, '') : String(error);
    return `the regular expression '${shown}' does not compile: ${lowerFirst(reason)}`;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** What a replacement refers to: groups by number or by name. */
export type Reference = number | string;

/** `\1`, `\g<1>`, `\g<name>` and `\\`, as Python's expand() has them; other backslashes are themselves. */
const referencePattern = /\\(?:(\d{1,2})|g<(\w+)>|(\\))/g;

/** Groups that a replacement names and its expression does not have. */
export function unknownReferences(regex: RegExp, replacement: string): readonly Reference[] {
  // An alternative that is empty always matches, and the match then shows every group.
  const match = new RegExp(`${regex.source}|`, regex.flags).exec('');
  const known = (reference: Reference): boolean =>
    typeof reference === 'number'
      ? reference < (match?.length ?? 1)
      : Object.hasOwn(match?.groups ?? {}, reference);
  return [...replacement.matchAll(referencePattern)].flatMap((found) => {
    const reference = referenceIn(found[1] ?? found[2]);
    return reference === undefined || known(reference) ? [] : [reference];
  });
}

/** A replacement with what the groups have matched; a group that took no part is empty. */
export function expandReferences(match: RegExpExecArray, replacement: string): string {
  return replacement.replace(referencePattern, (_, digits?: string, name?: string, backslash?: string) => {
    if (backslash !== undefined) return backslash;
    const reference = referenceIn(digits ?? name);
    if (reference === undefined) return '';
    return (typeof reference === 'number' ? match[reference] : match.groups?.[reference]) ?? '';
  });
}

function referenceIn(text: string | undefined): Reference | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}
