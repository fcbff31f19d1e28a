/**
 * Owns what is said to those who write another language's conditions: Jinja's, Python's or a shell's, and what CEL
 * says instead. Consulted only where an expression does not parse.
 */

interface ExpressionHint {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint: string;
}

interface ForeignForm {
  readonly form: RegExp;
  readonly message: string;
  /** `$1` and so on stand for the form's groups. */
  readonly hint: string;
}

/** YAML takes a leading `!` for a tag. */
const inQuotes = 'a condition that begins with ! must be in quotes';

const foreignForms: readonly ForeignForm[] = [
  {
    form: /\{\{\s*(.*?)\s*\}\}/,
    message: 'a condition is an expression already; {{ }} has no place in it',
    hint: 'write $1',
  },
  { form: /\{%.*?%\}/, message: 'there are no {% %} statements', hint: 'write a CEL expression' },
  {
    form: /(?<![\w.])(\w+)\s+is\s+(?:not\s+)?defined\b/,
    message: "CEL has no 'is defined'",
    hint: 'give $1 a value in vars:, null if there is none, and compare: $1 != null',
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
    form: /([\w.]+)\s+is\s+(?:not\s+)?(?:changed|failed|skipped|succeeded|success|none|sameas|match|search|version)\b/i,
    message: "CEL has no 'is' tests",
    hint: 'write $1.changed, $1.failed or $1.skipped; x.matches("…"); versionAtLeast(x, "…")',
  },
  {
    form: /([\w.'"[\]]+)\s+not\s+in\s+(\[[^\]]*\]|[\w.'"[\]]+)/,
    message: "CEL has no 'not in'",
    hint: `write !($1 in $2); ${inQuotes}`,
  },
  { form: /\bnot\s+in\b/, message: "CEL has no 'not in'", hint: `write !(x in y); ${inQuotes}` },
  {
    form: /(?<=^|[\s(])not\s+([\w.'"[\]]+\s+in\s+(?:\[[^\]]*\]|[\w.'"[\]]+))/,
    message: "CEL has no 'not'",
    hint: `write !($1); ${inQuotes}`,
  },
  {
    form: /(?<=^|[\s(])not\s+([\w.]+|(?=\())/,
    message: "CEL has no 'not'",
    hint: `write !$1; ${inQuotes}`,
  },
  { form: /(?<=[\s)])and(?=[\s(])/, message: "CEL has no 'and'", hint: "write '&&'" },
  { form: /(?<=[\s)])or(?=[\s(])/, message: "CEL has no 'or'", hint: "write '||'" },
  {
    form: /([\w.]*\w)\.(\w+)\s*\|\s*(?:default|d)\(\s*([^(),]+?)\s*(?:,[^()]*)?\)/,
    message: 'CEL has no filters',
    hint: 'write $1.?$2.orValue($3)',
  },
  {
    form: /(?<![\w.])(\w+)\s*\|\s*(?:default|d)\(\s*([^(),]+?)\s*(?:,[^()]*)?\)/,
    message: 'CEL has no filters',
    hint: 'make it a variable, in vars: {it: "{{default $1 $2}}"}, and compare that',
  },
  {
    form: /([\w.]*\w)\s*\|\s*(?:length|count)\b/,
    message: 'CEL has no filters',
    hint: 'write size($1)',
  },
  {
    form: /([\w.]*\w)\s*\|\s*(int|bool|string)\b(?!\()/,
    message: 'CEL has no filters',
    hint: 'write $2($1)',
  },
  {
    form: /([\w.]*\w)\s*\|\s*(lower|upper)\b/,
    message: 'CEL has no filters',
    hint: 'write $1.$2Ascii()',
  },
  {
    form: /(?<![|])\|\s*(default|length|count|int|bool|string|float|lower|upper)\b(?:\([^)]*\))?/,
    message: 'CEL has no filters',
    hint: 'write a function around the value: size(x), int(x), string(x); for a default, x.?part.orValue("…")',
  },
  {
    form: /(?<![|])\|(?![|])/,
    message: "CEL has no filters, and 'or' is '||'",
    hint: 'write a function around the value, as in size(x)',
  },
  { form: /\bin\s+\(([^()]*,[^()]*)\)/, message: 'a list stands in square brackets', hint: 'write in [$1]' },
  { form: /(?<![=!<>])=(?![=~])/, message: "'=' does not compare", hint: "write '=='" },
  { form: /=~/, message: "CEL has no '=~'", hint: 'write x.matches("…")' },
  { form: /===|!==/, message: 'CEL compares by == and !=', hint: 'leave out one =' },
  { form: /\bif\b.*\belse\b/, message: "CEL has no 'if … else'", hint: 'write condition ? a : b' },
];

/** The first foreign form in a text, as written outside quoted strings. */
export function expressionHint(text: string): ExpressionHint | undefined {
  // Strings are blanked, so that nothing in them is taken for syntax.
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (quoted) => '_'.repeat(quoted.length));
  for (const { form, message, hint } of foreignForms) {
    const match = form.exec(bare);
    if (!match) continue;
    const start = match.index;
    const end = start + match[0].length;
    const original = form.exec(text) ?? match;
    return {
      start,
      end,
      message,
      hint: hint.replace(/\$(\d)/g, (_, group: string) => original[Number(group)] ?? ''),
    };
  }
  return undefined;
}
