/**
 * Owns how Jinja is told from plain text, and what to write in its place: the translation itself where it is plain, a
 * direction where it is not.
 */
import type { ZrunError } from '../../core/errors.js';
import { errorAt } from '../source/findings.js';
import { hintForAnsibleFact } from './ansible-facts.js';
import { hintForLookup } from './ansible-words.js';
import { hintForFilter, translateFilters } from './jinja-filters.js';
import type { PositionedText } from '../source/source.js';

/** Only what begins with a word of Jinja's is a statement: awk's `{%s}` and `{%Y-%m}` are nobody's. */
const statementWords =
  'autoescape|block|break|call|continue|do|elif|else|extends|filter|for|from|if|import|include|macro|raw|set|trans|with';

/** A statement, or a comment: but neither a shell's `${#list}` nor a block of Handlebars. */
const foreign = new RegExp(
  [
    String.raw`\{%[-+]?\s*(?:end)?(?:${statementWords})\b(?:(?!\{%|%\})[\s\S])*%\}`,
    String.raw`(?<![{$])\{#[-+]?\s(?:(?!\{#)[\s\S])*?\s[-+]?#\}`,
    String.raw`(?<=^|\s)\{#\w[^#{}]*#\}`,
  ].join('|'),
  'g',
);

/** As many as a person reads of one text. */
const mostStatements = 20;

/** The first of `findJinja`. */
export function refuseJinja(text: PositionedText, where: 'yaml' | 'file'): ZrunError | undefined {
  return findJinja(text, where, 1)[0];
}

/** An error for each place where a text has what only Jinja would read; it would reach a host as it stands. */
export function findJinja(
  text: PositionedText,
  where: 'yaml' | 'file',
  most = mostStatements,
): readonly ZrunError[] {
  if (!text.text.includes('{%') && !text.text.includes('{#')) return [];
  const errors: ZrunError[] = [];
  // The beginning of a statement says what to write for its end.
  for (const match of text.text.matchAll(foreign)) {
    const [written] = match;
    if (errors.length > 0 && /^\{%[-+]?\s*end/.test(written)) continue;
    errors.push(jinjaError(text, where, match.index, written));
    if (errors.length === most) break;
  }
  return errors;
}

function jinjaError(text: PositionedText, where: 'yaml' | 'file', index: number, written: string): ZrunError {
  const at = text.inside(index, index + written.length);
  const isComment = written.startsWith('{#');
  const kind = isComment ? 'a comment' : 'a statement';
  const braces = isComment ? '{#' : '{%';
  const plain = {
    yaml: 'put !raw before a text that means these braces as they stand',
    file: `where the braces are meant as they stand, write {{"${braces}"}} for them`,
  }[where];
  const [shown = ''] = written.split('\n');
  return errorAt(
    at,
    'template-syntax',
    `${kind} of Jinja stands here, but zrun's templates are Handlebars: ${shown === written ? shown : `${shown} …`}`,
    `${hintForJinja(written) ?? ''}; ${plain}`,
  );
}

/** A hint for one `{{ … }}` or `{% … %}`; undefined where it looks like no Jinja that is known. */
export function hintForJinja(written: string): string | undefined {
  const inner = /^\{[{%#][-+]?([\s\S]*?)[-+]?[}%#]\}$/.exec(written.trim())?.[1]?.trim() ?? '';
  if (written.startsWith('{#')) return 'write {{!-- … --}}';
  if (written.startsWith('{%')) return statementHint(inner);
  return translate(inner) ?? hintForFilter(inner) ?? directions.find(([form]) => form.test(inner))?.[1];
}

function statementHint(inner: string): string {
  const [word = ''] = inner.replace(/^end/, '').split(/\s/);
  const hints: Readonly<Record<string, string>> = {
    if: 'write {{#if x}}…{{else}}…{{/if}}; to compute the condition, {{#if (cel "a == b")}}',
    for: 'write {{#each list}}{{this}}{{/each}}',
    else: 'write {{else}}',
    elif: 'write {{else if (cel "a == b")}}',
    set: 'make it a variable of its own, or write {{cel "…"}}',
    include: 'there are no includes in templates: put the text here, or into a variable',
    raw: 'write \\{{ for each {{ that is meant as it stands',
  };
  return hints[word] ?? 'write it with {{#if}}, {{#each}} or {{cel "…"}}';
}

const name = String.raw`[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*`;
const literal = String.raw`'[^'"]*'|"[^'"]*"|-?\d+(?:\.\d+)?|true|false|True|False`;

/** Forms that have one plain counterpart. */
function translate(inner: string): string | undefined {
  const made = translateFilters(inner);
  if (made) return `write {{${made.helper ?? `cel "${made.cel.replaceAll('"', "'")}"`}}}`;
  if (new RegExp(String.raw`^${name}\.\w+\([^()]*\)[^|]*$`).test(inner))
    return `write {{cel "${celMethods(inner).replaceAll('"', "'")}"}}`;
  const lookup = /^(?:lookup|query|q)\(\s*['"]([\w.]+)['"]\s*(?:,\s*['"]([^'"]*)['"])?/.exec(inner);
  if (lookup) return hintForLookup(lookup[1]?.replace(/^ansible\.builtin\./, ''), lookup[2]);
  const choice = new RegExp(
    String.raw`^(${literal}|${name})\s+if\s+(${name})\s+else\s+(${literal}|${name})$`,
  ).exec(inner);
  if (choice) {
    const [, yes = '', condition = '', no = ''] = choice;
    return `write {{#if ${condition}}}${asText(yes)}{{else}}${asText(no)}{{/if}}`;
  }
  const part = new RegExp(
    String.raw`^([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[(?:'[\w-]+'|"[\w-]+"|\d+)\])*\[(?:'[\w-]+'|"[\w-]+"|\d+)\](?:\.[A-Za-z_]\w*)*)$`,
  ).exec(inner);
  const fact = part ? hintForAnsibleFact(part[1] ?? '', part[2]?.match(/\w+/g) ?? []) : undefined;
  if (fact !== undefined) return fact;
  if (part) {
    const keys = (part[2] ?? '')
      .replaceAll(/\[['"](\w+)['"]\]/g, '.$1')
      .replaceAll(/\[['"]?([\w-]+)['"]?\]/g, '.[$1]');
    return `write {{${part[1] ?? ''}${keys}}}`;
  }
  return undefined;
}

/** Python's methods of texts, by CEL's names. */
const methods: Readonly<Record<string, string>> = {
  upper: 'upperAscii',
  lower: 'lowerAscii',
  strip: 'trim',
  startswith: 'startsWith',
  endswith: 'endsWith',
  find: 'indexOf',
};

/** What CEL calls a method of Python's. */
export function celMethod(name: string): string | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function celMethods(inner: string): string {
  return inner.replace(/\.(\w+)\(/g, (_, method: string) => `.${celMethod(method) ?? method}(`);
}

/** As it stands in a text: a name in braces, anything else as it is. */
function asText(written: string): string {
  if (/^['"]/.test(written)) return written.slice(1, -1);
  return /^[-\d]/.test(written) ? written : `{{${written}}}`;
}

const directions: readonly (readonly [RegExp, string])[] = [
  [/\b(?:lookup|query|q)\s*\(/, hintForLookup()],
  [/\|\s*(?:default|d)\b/, 'write {{default x "y"}}'],
  [/\bis\s+(?:not\s+)?defined\b/, 'write {{#if x}}…{{/if}}, or {{default x "y"}}; in a condition, has(x.y)'],
  [/\bif\b[\s\S]*\belse\b/, 'write {{#if x}}…{{else}}…{{/if}}; to compute, {{cel "a ? b : c"}}'],
  [/\|\s*(?:int|float|string)\b/, 'a single {{x}} keeps its type; to compute, write {{cel "…"}}'],
  [/\|\s*join\b/, 'write {{join list ", "}}'],
  [/\|/, 'there are no filters; a helper comes first, as in {{upper x}}, or compute with {{cel "…"}}'],
  [
    /\bhostvars\b/,
    'write {{hostvars.NAME.variable}}, or {{cel "hostvars[x].y"}} for a name that is computed',
  ],
  [/\[\s*['"]/, 'write a dot: x.name, or x.[odd name]'],
  [/\w\[\d+\]|\.\d/, 'write the index in brackets, after a dot: x.[0]'],
  [/~/, 'texts are put together by writing them side by side: {{a}}{{b}}'],
  [/[-+*/<>=!&?(]|\band\b|\bor\b|\bnot\b|\bin\b/, 'to compute, write {{cel "…"}} with a CEL expression'],
];
