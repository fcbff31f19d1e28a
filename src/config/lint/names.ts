/**
 * Owns which names a playbook uses anywhere: in templates, expressions, files of variables and template files. Takes
 * words for names, so that it may see one too many, and never one too few.
 */
import { roleOf } from '../playbook/reading/parameters.js';
import type { YamlNode } from '../yaml/yaml.js';
import type { Book, WrittenTask } from './book.js';

/** Keywords whose values are expressions. */
const expressionKeywords: ReadonlySet<string> = new Set([
  'when',
  'until',
  'changed_when',
  'failed_when',
  'break_when',
]);

/** What the values of these say is a name, or no name of a variable at all. */
const silentKeywords: ReadonlySet<string> = new Set(['register', 'name', 'tags']);

/** Every word of a template or an expression, wherever it stands. */
export function usedNames(book: Book): ReadonlySet<string> {
  const names = new Set<string>();
  const expressions = new Set<YamlNode>(book.tasks.flatMap(expressionsOf));
  for (const { root } of book.files) collect(root, expressions, false, names);
  for (const { text } of book.others) addTemplateWords(text, names);
  return names;
}

/** The parameters of a task that are expressions: `that:` of `assert`, `var:` of `debug`. */
function expressionsOf({ call, params }: WrittenTask): readonly YamlNode[] {
  if (!call) return [];
  return [...params.values()].flatMap(({ key, value }) => {
    const role = roleOf(call.module, key);
    return role === 'expression' || role === 'expressions' ? [value] : [];
  });
}

function collect(
  node: YamlNode,
  expressions: ReadonlySet<YamlNode>,
  isExpression: boolean,
  names: Set<string>,
): void {
  const counts = isExpression || expressions.has(node);
  if (node.kind === 'scalar') {
    if (counts) addWords(node.text.text, names);
    else addTemplateWords(node.text.text, names);
  } else if (node.kind === 'list') {
    for (const item of node.items) collect(item, expressions, counts, names);
  } else {
    for (const { key, value } of node.entries.values()) {
      if (!silentKeywords.has(key)) collect(value, expressions, counts || expressionKeywords.has(key), names);
    }
  }
}

/** The names in the `{{…}}` of a text. */
export function addTemplateWords(text: string, names: Set<string>): void {
  for (const [template] of text.matchAll(/\{\{[\s\S]*?\}\}/g)) addWords(template, names);
}

/** Every word of an expression. */
export function addWords(text: string, names: Set<string>): void {
  for (const [word] of text.matchAll(/[A-Za-z_]\w*/g)) names.add(word);
}
