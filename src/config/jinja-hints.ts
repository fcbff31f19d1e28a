/**
 * Owns what to write in place of Jinja, where an inventory that was made for Ansible has some: the translation itself
 * where it is plain, a direction where it is not.
 */

/** A hint for one `{{ … }}` or `{% … %}`; undefined where it looks like no Jinja that is known. */
export function hintForJinja(written: string): string | undefined {
  const inner = /^\{[{%#][-+]?([\s\S]*?)[-+]?[}%#]\}$/.exec(written.trim())?.[1]?.trim() ?? '';
  if (written.startsWith('{#')) return 'write {{! … }}';
  if (written.startsWith('{%')) return statementHint(inner);
  return translate(inner) ?? directions.find(([form]) => form.test(inner))?.[1];
}

function statementHint(inner: string): string {
  const [word = ''] = inner.split(/\s/);
  const hints: Readonly<Record<string, string>> = {
    if: 'write {{#if x}}…{{else}}…{{/if}}; to compute the condition, {{#if (cel "a == b")}}',
    for: 'write {{#each list}}{{this}}{{/each}}',
    set: 'make it a variable of its own, or write {{cel "…"}}',
  };
  return hints[word] ?? 'write it with {{#if}}, {{#each}} or {{cel "…"}}';
}

const name = String.raw`[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*`;
const literal = String.raw`'[^'"]*'|"[^'"]*"|-?\d+(?:\.\d+)?|true|false|True|False`;

/** Forms that have one plain counterpart. */
function translate(inner: string): string | undefined {
  const fallback = new RegExp(
    String.raw`^(${name})\s*\|\s*(?:default|d)\(\s*(${literal}|${name})\s*(?:,\s*(?:true|True)\s*)?\)$`,
  ).exec(inner);
  if (fallback) return `write {{default ${fallback[1] ?? ''} ${toHandlebars(fallback[2] ?? '')}}}`;
  const filter = new RegExp(
    String.raw`^(${name})\s*\|\s*(upper|lower|basename|dirname|to_json|tojson|quote)(?:\(\))?$`,
  ).exec(inner);
  if (filter) {
    const [, value = '', called = ''] = filter;
    const helper = { to_json: 'json', tojson: 'json', quote: 'sh' }[called] ?? called;
    return `write {{${helper} ${value}}}`;
  }
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
  if (part) {
    const keys = (part[2] ?? '')
      .replaceAll(/\[['"](\w+)['"]\]/g, '.$1')
      .replaceAll(/\[['"]?([\w-]+)['"]?\]/g, '.[$1]');
    return `write {{${part[1] ?? ''}${keys}}}`;
  }
  return undefined;
}

function toHandlebars(written: string): string {
  if (written.startsWith("'")) return `"${written.slice(1, -1)}"`;
  return /^(?:true|false)$/i.test(written) ? written.toLowerCase() : written;
}

/** As it stands in a text: a name in braces, anything else as it is. */
function asText(written: string): string {
  if (/^['"]/.test(written)) return written.slice(1, -1);
  return /^[-\d]/.test(written) ? written : `{{${written}}}`;
}

const directions: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:lookup|query|q)\s*\(/,
    'there are no lookups: give the value on the command line (-e name=value, -e @file) or as a variable',
  ],
  [/\|\s*(?:default|d)\b/, 'write {{default x "y"}}'],
  [/\bif\b[\s\S]*\belse\b/, 'write {{#if x}}…{{else}}…{{/if}}; to compute, {{cel "a ? b : c"}}'],
  [/\|\s*(?:int|float|bool|string)\b/, 'a single {{x}} keeps its type; to compute, write {{cel "…"}}'],
  [/\|\s*join\b/, 'write {{join list ", "}}'],
  [/\|/, 'there are no filters; a helper comes first, as in {{upper x}}, or compute with {{cel "…"}}'],
  [
    /\bhostvars\b/,
    'write {{hostvars.NAME.variable}}, or {{cel "hostvars[x].y"}} for a name that is computed',
  ],
  [/~/, 'texts are put together by writing them side by side: {{a}}{{b}}'],
  [/[-+*/<>=!&(]|\band\b|\bor\b|\bnot\b|\bin\b/, 'to compute, write {{cel "…"}} with a CEL expression'],
];
