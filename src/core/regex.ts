/**
 * Owns the regular expressions that users and hosts give: RE2's, whose time grows with the text and not with what the
 * expression makes of it. JavaScript's own engine can be made to run for ever by a few bytes, deaf to every limit and
 * signal (CWE-1333). Knows nothing of where an expression stands.
 */
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { shorten } from './secret.js';

export interface Regex {
  /** Whether it matches anywhere in the text. Throws RegexError where the text is too long for it. */
  test(text: string): boolean;
  /** The first match. Throws RegexError where the text is too long for it. */
  exec(text: string): RegexMatch | undefined;
  /**
   * All matches, each behind the one before it. Throws RegexError where the text is too long for it, and where it takes too
   * long: each match alone has a bound, but looking for the next one may look at all that is left.
   */
  matches(text: string): Iterable<RegexMatch>;
  /** How many groups it has, without the whole match. */
  readonly groupCount: number;
  readonly groupNames: readonly string[];
}

export interface RegexMatch {
  /** Where the match begins in the text. */
  readonly start: number;
  /** The whole match, then what each group has matched; undefined for a group that took no part. */
  readonly groups: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
}

/** An expression that RE2 does not take, or a text that is too long for it. */
export class RegexError extends Error {
  override readonly name = 'RegexError';

  constructor(
    /** Without the expression. */
    readonly reason: string,
    readonly hint?: string,
  ) {
    super(reason);
  }
}

/** UTF-16 units: an expression is read by a parser whose time grows with its length. */
const longest = 10_000;
/** Instructions of its program. RE2 repeats at most 1000 times; what stands side by side has no bound there. */
const largest = 10_000;
/**
 * Instructions × UTF-16 units: the most that a match may cost where the engine has no better way than all states at
 * once. About five seconds, measured with re2js 2.10.
 */
const dearest = 200_000_000;

/** Milliseconds for all matches in a text. */
const longestSearch = 5000;

const compiled = new Map<string, Regex>();
const mostCompiled = 200;

/** Compiles RE2's syntax: https://github.com/google/re2/wiki/Syntax. Throws RegexError. */
export function compileRegex(text: string): Regex {
  const known = compiled.get(text);
  if (known) return known;
  const regex = compileNew(text);
  // A condition is evaluated for each host, and those that a host fills in come and go.
  if (compiled.size >= mostCompiled) compiled.clear();
  compiled.set(text, regex);
  return regex;
}

/** A text that matches itself. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function compileNew(text: string): Regex {
  if (text.length > longest)
    throw new RegexError(`it is ${text.length} characters long, and ${longest} is the most`);
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(text);
  } catch (error) {
    throw explain(text, error);
  }
  const size = regex.programSize();
  if (size > largest)
    throw new RegexError('its repetitions make it too large', 'repeat less, or use * in place of {n}');
  const names = Object.keys(regex.namedGroups());
  const matchOf = (matcher: ReturnType<RE2JS['matcher']>): RegexMatch => {
    const groupOf = (group: number | string): string | undefined => matcher.group(group) ?? undefined;
    return {
      start: matcher.start(),
      groups: Array.from({ length: regex.groupCount() + 1 }, (_, i) => groupOf(i)),
      named: Object.fromEntries(names.map((name) => [name, groupOf(name)])),
    };
  };
  const checkCost = (input: string): void => {
    if (size * input.length <= dearest) return;
    throw new RegexError(
      `a text of ${input.length} characters is too long for it`,
      'a smaller expression, or a shorter text, is matched in time',
    );
  };
  return {
    groupCount: regex.groupCount(),
    groupNames: names,
    test(input) {
      checkCost(input);
      return regex.test(input);
    },
    exec(input) {
      checkCost(input);
      const matcher = regex.matcher(input);
      return matcher.find() ? matchOf(matcher) : undefined;
    },
    *matches(input) {
      checkCost(input);
      const matcher = regex.matcher(input);
      const deadline = performance.now() + longestSearch;
      let end = 0;
      while (matcher.find()) {
        const found = matchOf(matcher);
        const [whole = ''] = found.groups;
        // As RE2 has it: no match of nothing right behind another one.
        if (whole !== '' || found.start !== end || end === 0) yield found;
        end = found.start + whole.length;
        if (performance.now() > deadline)
          throw new RegexError(
            'it takes too long to find all that it matches in this text',
            'match more at a time',
          );
      }
    },
  };
}

/** What other engines take and RE2 does not, and what to write in its place. */
const foreign: readonly (readonly [form: RegExp, reason: string, hint: string])[] = [
  [
    /\(\?<?[=!]/,
    'RE2 has no lookahead and no lookbehind ((?=…), (?!…), (?<=…), (?<!…))',
    'write what should match; ask for what should not in a condition of its own, as in !x.matches("…")',
  ],
  [/\\[1-9]|\\k<|\(\?P=/, 'RE2 has no references to what a group has matched', 'write out the alternatives'],
  [/\(\?>/, 'RE2 has no atomic groups (?>…)', 'write (?:…): RE2 never backtracks'],
  [/\(\?#/, 'RE2 has no comments (?#…)', 'leave them out'],
  [/\(\?P?</, "a group's name may have letters, digits and _", 'write (?P<name>…)'],
  [/\(\?(?!P)[a-zA-Z]/, 'RE2 has the flags i, m, s and U', 'leave the others out'],
  [/\\Z/, 'RE2 has no \\Z', 'write \\z or $'],
  [/\\u/, 'RE2 has no \\u', 'write \\x{20AC}, or the character itself'],
  [/[*+?}][*+]/, 'RE2 repeats only once, and has nothing possessive (a**, a++)', 'write a* or a+'],
];

function explain(text: string, error: unknown): RegexError {
  if (!(error instanceof RE2JSException)) throw error;
  const isSyntax = error instanceof RE2JSSyntaxException;
  const said = isSyntax ? error.getDescription() : error.message;
  const part = (isSyntax ? error.getPattern() : null) ?? '';
  if (said.includes('invalid repeat count'))
    return new RegexError(
      `RE2 repeats at most 1000 times in all, nested repetitions multiplied (${part})`,
      'repeat less often, or write * in place of {n}',
    );
  // RE2 names the part that it stumbled over, sometimes only its beginning.
  const [, reason, hint] =
    foreign.find(([form]) => form.test(part)) ?? foreign.find(([form]) => form.test(text)) ?? [];
  if (reason !== undefined) return new RegexError(reason, hint);
  const shown = shorten(part, 41);
  return new RegexError(shown === '' || shown === text ? said : `${said}: ${shown}`);
}
