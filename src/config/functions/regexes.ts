/** Owns the functions of CEL's extension `regex`. Expressions are RE2's, whose time has a bound. */
import { compileRegex, quoteRegex, RegexError, type Regex } from '../../core/regex.js';
import type { Value } from '../../core/value.js';
import { checkCount, checkLength, FunctionError, toInt, toText, type FunctionEntry } from './function.js';

const topic = 'regular expressions';

export const regexFunctions: readonly FunctionEntry[] = [
  {
    name: 'matches',
    topic,
    summary: 'whether a regular expression matches anywhere in a text',
    signatures: ['string.matches(regex: string): bool'],
    examples: [
      { text: '"web12".matches("^web[0-9]+$")', gives: true },
      { text: '{{matches "web12" "^db"}}', gives: false },
    ],
    filters: ['match', 'search'],
    isBuiltIn: true,
    precheck: (_text, regex) => tryRegex(regex),
    apply: (text, regex) => using(regex, (compiled) => compiled.test(toText(text))),
  },
  {
    name: 'regex.replace',
    topic,
    summary:
      'a text in which each match of a regular expression is replaced, or the first few; \\1 stands for its first group',
    signatures: [
      'regex.replace(text: string, regex: string, new: string): string',
      'regex.replace(text: string, regex: string, new: string, most: int): string',
    ],
    examples: [
      { text: String.raw`regex.replace("web12", r"([a-z]+)([0-9]+)", r"\2-\1")`, gives: '12-web' },
      { text: 'regex.replace("a1b2", "[0-9]", "", 1)', gives: 'ab2' },
      { text: '{{regex.replace "a1b2" "[0-9]" "_"}}', gives: 'a_b_' },
    ],
    filters: ['regex_replace'],
    precheck: (_text, regex, by) =>
      tryRegex(regex, (compiled) => {
        if (by !== undefined) readReplacement(toText(by), compiled);
      }),
    apply: (text, regex, by, most) =>
      using(regex, (compiled) => replaceMatches(toText(text), compiled, toText(by), most)),
  },
  {
    name: 'regex.extract',
    topic,
    summary:
      'the first match of a regular expression, if there is one, or what its only group has matched; else null in a template',
    signatures: ['regex.extract(text: string, regex: string): optional<string>'],
    examples: [
      { text: 'regex.extract("port=80", "port=([0-9]+)").orValue("")', gives: '80' },
      { text: 'regex.extract("x", "[0-9]").orValue("none")', gives: 'none' },
      { text: '{{regex.extract "port=80" "[0-9]+"}}', gives: '80' },
    ],
    filters: ['regex_search'],
    precheck: (_text, regex) => tryRegex(regex, checkGroups),
    apply: (text, regex) =>
      using(regex, (compiled) => {
        checkGroups(compiled);
        const found = compiled.exec(toText(text));
        return found ? (found.groups[compiled.groupCount] ?? null) : null;
      }),
  },
  {
    name: 'regex.extractAll',
    topic,
    summary: 'all matches of a regular expression, or what its only group has matched in each',
    signatures: ['regex.extractAll(text: string, regex: string): list<string>'],
    examples: [{ text: 'regex.extractAll("a1b22", "[0-9]+")', gives: ['1', '22'] }],
    filters: ['regex_findall'],
    precheck: (_text, regex) => tryRegex(regex, checkGroups),
    apply: (text, regex) =>
      using(regex, (compiled) => {
        checkGroups(compiled);
        const found: Value[] = [];
        for (const { groups } of compiled.matches(toText(text))) {
          const group = groups[compiled.groupCount];
          if (group !== undefined) found.push(group);
          checkCount(found.length);
        }
        return found;
      }),
  },
  {
    name: 'regex.quote',
    topic,
    summary: 'a regular expression that matches a text as it is',
    signatures: ['regex.quote(text: string): string'],
    examples: [{ text: '"a.b".matches("^" + regex.quote("a.b") + "$")', gives: true }],
    filters: ['regex_escape'],
    apply: (text) => quoteRegex(toText(text)),
  },
];

/** Before the run, where the expression may be known and the text is not. */
function tryRegex(regex: Value | undefined, check: (compiled: Regex) => void = () => undefined): void {
  if (regex === undefined) return;
  using(regex, (compiled) => {
    check(compiled);
    return null;
  });
}

function using(regex: Value | undefined, work: (compiled: Regex) => Value): Value {
  try {
    return work(compileRegex(toText(regex)));
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new FunctionError(`this regular expression does not work: ${error.reason}`, error.hint);
  }
}

/** As CEL's extension has it: of more than one group, nobody knows which is meant. */
function checkGroups({ groupCount }: Regex): void {
  if (groupCount > 1)
    throw new FunctionError(
      `this regular expression has ${groupCount} groups, and may have one`,
      'write (?:…) where a group only holds things together',
    );
}

function replaceMatches(text: string, regex: Regex, by: string, most: Value | undefined): string {
  const limit = most === undefined ? -1 : toInt(most);
  if (limit === 0) return text;
  const pieces = readReplacement(by, regex);
  let made = '';
  let end = 0;
  let count = 0;
  for (const { groups, named, start } of regex.matches(text)) {
    const [whole = ''] = groups;
    made += text.slice(end, start);
    for (const piece of pieces)
      made +=
        'text' in piece
          ? piece.text
          : ((typeof piece.group === 'number' ? groups[piece.group] : named[piece.group]) ?? '');
    checkLength(made.length);
    end = start + whole.length;
    count += 1;
    if (count === limit) break;
  }
  return made + text.slice(end);
}

type Piece = { readonly text: string } | { readonly group: number | string };

/** `\1` and `\g<name>` are groups, `\\` is a backslash. */
function readReplacement(by: string, { groupCount, groupNames }: Regex): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of by.matchAll(/\\(?:(\d)|g<(\w+)>|([\s\S]?))/g)) {
    const [written, digit, name, other] = match;
    pieces.push({ text: by.slice(end, match.index) });
    end = match.index + written.length;
    const group = digit ?? name;
    if (group === undefined) {
      if (other !== '\\')
        throw new FunctionError(
          `the new text has '${written}', which stands for nothing`,
          'write \\\\ for a backslash',
        );
      pieces.push({ text: '\\' });
      continue;
    }
    const isNumber = /^\d+$/.test(group);
    if (isNumber ? Number(group) > groupCount : !groupNames.includes(group))
      throw new FunctionError(`the new text has '${written}', and the regular expression has no such group`);
    pieces.push({ group: isNumber ? Number(group) : group });
  }
  pieces.push({ text: by.slice(end) });
  return pieces;
}
