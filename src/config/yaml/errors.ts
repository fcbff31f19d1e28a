/**
 * Owns what is said of text that is no YAML: what a user most likely meant, at the character where it went wrong, not
 * where the parser noticed.
 */
import type { YAMLError } from 'yaml';
import type { Place, Source } from '../../core/errors.js';
import { errorAt } from '../source/findings.js';

/** Deeper than any person writes. */
export const deepest = 100;

export function depthError(at: Place): Error & ReturnType<typeof errorAt> {
  return errorAt(at, 'yaml-syntax', `this is nested more than ${deepest} levels deep`);
}

export function bareTemplateError(at: Place): Error & ReturnType<typeof errorAt> {
  const { text } = at.source;
  const endOfLine = text.indexOf('\n', at.start);
  const written = text
    .slice(at.start, endOfLine < 0 ? undefined : endOfLine)
    .replace(/\s+#.*$/, '')
    .trimEnd();
  const quoted = written.includes('"') ? `'${written.replaceAll("'", "''")}'` : `"${written}"`;
  return errorAt(
    { ...at, end: at.start + written.length },
    'yaml-syntax',
    'a value that begins with {{ must be quoted; YAML takes it for a map',
    `write ${quoted}`,
  );
}

export function syntaxError(source: Source, error: YAMLError): Error & ReturnType<typeof errorAt> {
  const [start, end] = error.pos;
  // The package reports so what its own stack did not hold.
  if (/maximum call stack/i.test(error.message)) return depthError({ source, start, end: start + 1 });
  const lineStart = source.text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = source.text.indexOf('\n', start);
  const line = source.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  // `path: {{ base }}/x` goes wrong after the braces.
  const braces = /(?:[:-]\s+)(?=\{\{)/.exec(line);
  if (braces) {
    const offset = lineStart + braces.index + braces[0].length;
    return bareTemplateError({ source, start: offset, end: offset });
  }
  const at = { source, start, end: Math.max(end, start + 1) };
  if (/^[ ]*\t/.test(line) && line.slice(0, start - lineStart + 1).trim() === '') {
    const tab = lineStart + line.indexOf('\t');
    return errorAt({ source, start: tab, end: tab + 1 }, 'yaml-syntax', ...tabExplanation);
  }
  const quote = /closing (["'])quote/.exec(error.message)?.[1];
  if (quote !== undefined) return unclosedQuote(source, quote, at);
  const beforeError = line.slice(0, start - lineStart);
  if (beforeError.trim() === '' && error.code !== 'MULTIPLE_DOCS' && /^\s+\S/.test(line)) {
    const indent = line.length - line.trimStart().length;
    const text = { source, start: lineStart + indent, end: lineStart + line.trimEnd().length };
    return errorAt(text, 'yaml-syntax', ...indentExplanation);
  }
  const secondColon =
    error.code === 'BLOCK_AS_IMPLICIT_KEY' ? /^[^:]*:\s.*?(:)(?:\s|$)/.exec(line) : undefined;
  if (secondColon) {
    const colon = lineStart + secondColon[0].lastIndexOf(':');
    return errorAt({ source, start: colon, end: colon + 1 }, 'yaml-syntax', ...colonExplanation);
  }
  const deeper = error.code === 'BLOCK_AS_IMPLICIT_KEY' ? deeperLine(source, line, lineEnd) : undefined;
  if (deeper) return errorAt(deeper, 'yaml-syntax', ...deeperExplanation);
  const unclosed = /^Flow (?:map|sequence).* end with a (.)/.exec(error.message)?.[1];
  if (unclosed !== undefined) {
    const opening = unclosed === '}' ? '{' : '[';
    return errorAt(
      openingOf(source, opening, unclosed, start) ?? at,
      'yaml-syntax',
      `a ${opening} is opened and not closed`,
      `add ${unclosed} where it ends`,
    );
  }
  const explained = explanations[error.code];
  if (explained) return errorAt(at, 'yaml-syntax', ...explained);
  const message = error.message.replace(/ at line \d+, column \d+:?[\s\S]*$/, '').trim();
  return errorAt(at, 'yaml-syntax', `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`);
}

/** The parser notices where it finds something else, or the end. */
function openingOf(source: Source, opening: string, closing: string, end: number): Place | undefined {
  let depth = 0;
  for (let start = end - 1; start >= 0; start--) {
    const character = source.text.charAt(start);
    if (character === closing) depth += 1;
    else if (character === opening && depth === 0) return { source, start, end: start + 1 };
    else if (character === opening) depth -= 1;
  }
  return undefined;
}

/** The line below a `key: text`, where it holds a key too, and is indented as if it belonged to the text. */
function deeperLine(source: Source, line: string, lineEnd: number): Place | undefined {
  const column = /^[ ]*(?:- +)*/.exec(line)?.[0].length ?? 0;
  const [next = '', indent = ''] = /^(?:[ ]*\n)*([ ]*)\S.*/.exec(source.text.slice(lineEnd + 1)) ?? [];
  if (lineEnd < 0 || indent.length <= column) return undefined;
  const end = lineEnd + 1 + next.length;
  const start = lineEnd + 1 + next.lastIndexOf('\n') + 1 + indent.length;
  return { source, start, end };
}

/** The parser notices at the end of the file; the last quote that could have opened a text is where it began. */
function unclosedQuote(source: Source, quote: string, end: Place): ReturnType<typeof errorAt> {
  let opening: number | undefined;
  for (const match of source.text.matchAll(/(^|[\s:,[{-])(["'])/gm)) {
    if (match[2] === quote) opening = match.index + (match[1]?.length ?? 0);
  }
  const at = opening === undefined ? end : { source, start: opening, end: opening + 1 };
  return errorAt(at, 'yaml-syntax', `this ${quote} is never closed`, `add ${quote} where the text ends`);
}

const indentExplanation = [
  'the indentation does not fit the lines above',
  'items of one list, and keys of one map, begin in one column',
] as const;

const colonExplanation = [
  "this line holds a second ': '",
  'quote the text if the colon belongs to it, or begin a new line if it does not',
] as const;

const deeperExplanation = [
  'this line is indented as if it belonged to the text above it',
  'begin it in the same column as the key above it',
] as const;

const tabExplanation = [
  'a tab stands where YAML wants spaces',
  'indent with spaces, two for each level',
] as const;

const explanations: Partial<Record<YAMLError['code'], readonly [string, string | undefined]>> = {
  TAB_AS_INDENT: ['a tab stands where YAML wants spaces', 'indent with spaces, two for each level'],
  MULTIPLE_DOCS: ['a second YAML document begins here', "one file holds one document: remove the '---'"],
  BAD_INDENT: indentExplanation,
  BLOCK_AS_IMPLICIT_KEY: colonExplanation,
  MULTILINE_IMPLICIT_KEY: ["a key's colon is missing, or its text spans several lines", "write 'key: value'"],
  BAD_SCALAR_START: ['a plain text cannot begin with this character', 'quote the text'],
  BAD_DQ_ESCAPE: [
    'this escape does not exist in double quotes',
    'double the backslash, or use single quotes',
  ],
  UNEXPECTED_TOKEN: [
    'YAML cannot read what stands here',
    'if the text holds quotes, quote it with the other kind of quotes',
  ],
  BAD_ALIAS: ["this '*' begins an alias, but none is meant", 'quote the text'],
};
