/**
 * Owns texts with wildcards: as Ansible has them for hosts and tasks, as OpenSSH has them, and with gaps alone.
 */
import { ZrunError } from './errors.js';
import { compileRegex, quoteRegex, RegexError, type Regex } from './regex.js';
import { shorten } from './secret.js';

/** As Python's fnmatch: `*`, `?`, `[a-c]`, `[!a-c]`; a bracket that is never closed is a plain one. Throws ZrunError `usage`. */
export function globToRegex(glob: string): Pick<Regex, 'test'> {
  const pieces = glob.matchAll(/\*|\?|\[(!?)(\]?[^\]]*)\]|[\s\S]/g);
  const source = [...pieces].map(([piece, sign, body]) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    return body === undefined ? quoteRegex(piece) : classOf(sign === '!', body);
  });
  try {
    return compileRegex(`(?s)^${source.join('')}$`);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    const shown = shorten(glob, 61);
    throw new ZrunError('usage', `the name '${shown}' cannot be matched: ${error.reason}`);
  }
}

/** OpenSSH passes over longer ones (match.c, match_pattern_list). */
const longestPattern = 1023;

/** As OpenSSH's patterns: only `*` and `?` stand for anything else. To be kept where it is asked often. */
export function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  if (pattern.length > longestPattern) return () => false;
  const pieces = pattern.split(/([*?])/);
  const source = pieces.map((piece) => (piece === '*' ? '.*' : piece === '?' ? '.' : quoteRegex(piece)));
  const regex = compileRegex(`(?s)^${source.join('')}$`);
  return (text) => regex.test(text);
}

/** The source of an expression: these texts in their order, with anything between them. */
export function withGaps(texts: readonly string[]): string {
  return texts.map(quoteRegex).join('.*');
}

/** No character is outside of all. */
const nothing = String.raw`[^\x00-\x{10FFFF}]`;

/** A range whose end stands before its beginning holds nothing. */
function classOf(isNegated: boolean, body: string): string {
  const members = [...body.matchAll(/([\s\S])-([\s\S])|[\s\S]/g)].flatMap(([piece, first, last]) => {
    if (first === undefined || last === undefined) return quoteRegex(piece);
    return first <= last ? `${quoteRegex(first)}-${quoteRegex(last)}` : [];
  });
  if (members.length === 0) return isNegated ? '.' : nothing;
  return `[${isNegated ? '^' : ''}${members.join('')}]`;
}
