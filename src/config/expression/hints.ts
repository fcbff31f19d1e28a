/**
 * Owns what is said to those who write another language's conditions: Jinja's, Python's or a shell's, and what CEL
 * says instead. Consulted only where an expression does not parse.
 */

import { compareVersion, hintForFilter, translateFilters } from '../functions/jinja-filters.js';
import { functionsByFilter } from '../functions/table.js';

interface ExpressionHint {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint: string;
  /** What can stand in its place, as long as it is, so that names are found: not the same, but CEL. */
  readonly stand: string;
}

interface ForeignForm {
  readonly form: RegExp;
  readonly message: string;
  /** `$1` and so on stand for the form's groups; or what makes it of the whole match and its groups. */
  readonly hint: string | ((groups: readonly (string | undefined)[]) => string);
  /** Left out: its first word stands for all of it. */
  readonly stand?: (written: string) => string;
}

/** YAML takes a leading `!` for a tag. */
const inQuotes = 'a condition that begins with ! must be in quotes';

const foreignForms: readonly ForeignForm[] = [
  {
    form: /\{\{\s*(.*?)\s*\}\}/,
    message: 'a condition is an expression already; {{ }} has no place in it',
    hint: 'write $1',
    stand: (written) => written.replace(/[{}]/g, ' '),
  },
  { form: /\{%.*?%\}/, message: 'there are no {% %} statements', hint: 'write a CEL expression' },
  {
    form: /(?<![\w.])(\w+)\s+is\s+(not\s+)?(?:un)?defined\b/,
    message: "CEL has no 'is defined'",
    hint: ([written = '', name = '', not]) =>
      `write default(${name}, null) ${(not === undefined) === written.endsWith('undefined') ? '==' : '!='} null`,
  },
  {
    form: /([\w.]+)\s+is\s+not\s+(?:defined|none)\b/i,
    message: "CEL has no 'is not defined'",
    hint: `write !has($1) for a part of something, or $1 == null; ${inQuotes}`,
  },
  {
    form: /([\w.]+)\s+is\s+defined\b/,
    message: "CEL has no 'is defined'",
    hint: 'write has($1) for a part of something, or $1 != null',
  },
  {
    form: /([\w.]*\w)\s+is\s+(not\s+)?version(?:_compare)?\s*\(([^()]*)\)/,
    message: "CEL has no 'is' tests",
    hint: versionHint,
  },
  {
    form: /([\w.]*\w)\s+is\s+(not\s+)?(match|search|regex)\s*\(([^()]*)\)/,
    message: "CEL has no 'is' tests",
    hint: ([, value = '', not, test, regex = '']) =>
      `write ${not === undefined ? '' : '!'}${value}.matches(${test === 'match' ? `"^" + ${regex}` : regex})`,
  },
  {
    form: /([\w.]*\w)\s+is\s+(not\s+)?(changed|failed|skipped|unreachable|succeeded|success|none|string|mapping|sequence|iterable|number|boolean|true|false|sameas)\b/i,
    message: "CEL has no 'is' tests",
    hint: testHint,
  },
  {
    form: /([\w.]+)\s+is\s+(?:not\s+)?[a-z]\w*/i,
    message: "CEL has no 'is' tests",
    hint: 'write $1.changed, $1.failed or $1.skipped; x.matches("…"); versionAtLeast(x, "…")',
  },
  {
    form: /([\w.'"[\]]+)\s+not\s+in\s+(\[[^\]]*\]|[\w.'"[\]]+)/,
    message: "CEL has no 'not in'",
    hint: `write !($1 in $2); ${inQuotes}`,
    stand: (written) => written.replace(/not(?=\s+in\b)/, '   '),
  },
  {
    form: /\bnot\s+in\b/,
    message: "CEL has no 'not in'",
    hint: `write !(x in y); ${inQuotes}`,
    stand: () => '    in',
  },
  {
    form: /(?<=^|[\s(])not\s+([\w.'"[\]]+\s+in\s+(?:\[[^\]]*\]|[\w.'"[\]]+))/,
    message: "CEL has no 'not'",
    hint: `write !($1); ${inQuotes}`,
    stand: (written) => written.replace('not', '   '),
  },
  {
    form: /(?<=^|[\s(])not\s+([\w.]+|(?=\())/,
    message: "CEL has no 'not'",
    hint: `write !$1; ${inQuotes}`,
    stand: (written) => written.replace('not', '   '),
  },
  { form: /(?<=[\s)])and(?=[\s(])/, message: "CEL has no 'and'", hint: "write '&&'", stand: () => '&&' },
  { form: /(?<=[\s)])or(?=[\s(])/, message: "CEL has no 'or'", hint: "write '||'", stand: () => '||' },
  {
    form: /(?:(?<![\w.])[A-Za-z_][\w.]*(?:\[\w+\][\w.]*)*|(?<=[^\w)]|^)[_\d.]+)(?:\s*(?<!\|)\|(?!\|)\s*[A-Za-z][\w.]*(?:\([^()]*\))?)+/,
    message: 'CEL has no filters',
    hint: filterHint,
  },
  {
    form: /(?<![|])\|(?![|])/,
    stand: () => '+',
    message: "CEL has no filters, and 'or' is '||'",
    hint: 'write a function around the value, as in size(x), or a method behind it, as in x.trim()',
  },
  {
    form: /\bin\s+\(([^()]*,[^()]*)\)/,
    message: 'a list stands in square brackets',
    hint: 'write in [$1]',
    stand: (written) => written.replace('(', '[').replace(/\)$/, ']'),
  },
  { form: /(?<![=!<>])=(?![=~])/, message: "'=' does not compare", hint: "write '=='", stand: () => '<' },
  { form: /=~/, message: "CEL has no '=~'", hint: 'write x.matches("…")', stand: () => '==' },
  { form: /===|!==/, message: 'CEL compares by == and !=', hint: 'leave out one =', stand: () => '==' },
  { form: /\bif\b.*\belse\b/, message: "CEL has no 'if … else'", hint: 'write condition ? a : b' },
];

/** What stands behind `is` in Jinja. */
const testNames: ReadonlySet<string> = new Set(
  'defined undefined none changed failed skipped unreachable succeeded success string mapping sequence iterable number boolean'.split(
    ' ',
  ),
);

export function isTestName(name: string): boolean {
  return testNames.has(name);
}

/** As many as a person reads of one expression. */
const mostHints = 20;

/** The foreign forms in a text, in their order, as written outside quoted strings. */
export function expressionHints(text: string): readonly ExpressionHint[] {
  // Strings are blanked, so that nothing in them is taken for syntax.
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (quoted) => '_'.repeat(quoted.length));
  const found: ExpressionHint[] = [];
  for (const { form, message, hint, stand } of foreignForms) {
    for (const match of bare.matchAll(new RegExp(form.source, `${form.flags}dg`))) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (found.some((other) => start < other.end && other.start < end)) continue;
      const groups = (match.indices ?? []).map((range) => range && text.slice(...range));
      const written =
        typeof hint === 'string'
          ? hint.replace(/\$(\d)/g, (_, group: string) => groups[Number(group)] ?? '')
          : hint(groups);
      const original = text.slice(start, end);
      found.push({
        start,
        end,
        message,
        hint: written,
        stand: (stand ?? keepSubject)(original).padEnd(end - start),
      });
      if (found.length === mostHints) return inOrder(found);
    }
  }
  return inOrder(found);
}

/** Of `x is defined` and `x | lower`, x. */
function keepSubject(written: string): string {
  return /^[\w.]+(?:\[[^\]]*\][\w.]*)*/.exec(written)?.[0] ?? '';
}

/** The text with what stands for each foreign form in its place. */
export function repair(text: string, hints: readonly ExpressionHint[]): string {
  let repaired = text;
  for (const { start, end, stand } of hints)
    repaired = repaired.slice(0, start) + stand + repaired.slice(end);
  return repaired;
}

function inOrder(found: readonly ExpressionHint[]): readonly ExpressionHint[] {
  return [...found].sort((a, b) => a.start - b.start);
}

/** A chain of filters, as written. */
function filterHint([chain = '']: readonly (string | undefined)[]): string {
  const translated = translateFilters(chain);
  if (translated) return `write ${translated.cel}`;
  const unknown = hintForFilter(chain);
  if (unknown !== undefined) return unknown;
  const [, name = ''] = /\|\s*(?:ansible\.\w+\.)?(\w+)/.exec(chain) ?? [];
  const entry = functionsByFilter.get(name);
  return entry
    ? `in the place of '${name}' there is ${entry.signatures.join(', or ')}`
    : 'write a function around the value, as in size(x), or a method behind it, as in x.trim()';
}

function versionHint([, value = '', not, inside = '']: readonly (string | undefined)[]): string {
  const [version = '""', operator = "'=='"] = inside.split(',').map((part) => part.trim());
  const compared = compareVersion(value, version.replaceAll("'", '"'), operator);
  return `write ${not === undefined ? compared : `!(${compared})`}`;
}

function testHint([, value = '', not, test = '']: readonly (string | undefined)[]): string {
  const types: Readonly<Record<string, string>> = {
    ...{
      string: 'string',
      mapping: 'map',
      sequence: 'list',
      iterable: 'list',
      number: 'int',
      boolean: 'bool',
    },
  };
  const isNot = not !== undefined;
  const name = test.toLowerCase();
  const type = types[name];
  if (type !== undefined) return `write type(${value}) ${isNot ? '!=' : '=='} ${type}`;
  if (name === 'none') return `write ${value} ${isNot ? '!=' : '=='} null`;
  if (name === 'true' || name === 'false') return `write ${value} ${isNot ? '!=' : '=='} ${name}`;
  if (name === 'sameas') return `write ${value} ${isNot ? '!=' : '=='} …`;
  const isSuccess = name.startsWith('succe');
  return `write ${isNot === isSuccess ? '' : '!'}${value}.${isSuccess ? 'failed' : name}${isNot === isSuccess ? '' : `; ${inQuotes}`}`;
}
