/**
 * Owns what rules ask about tasks that run a command: which text or words, and what of it is filled in.
 */
import { parseText } from '../template/parse.js';
import { holdsTemplate, valuesIn, type InsertedValue } from '../template/tree.js';
import { ignoreFindings } from '../source/findings.js';
import type { MapEntry, ScalarNode } from '../yaml/yaml.js';
import type { Book, WrittenTask } from './book.js';

export interface CommandTask {
  readonly task: WrittenTask;
  /** Read by a shell, as opposed to run as words. */
  readonly isShell: boolean;
  readonly params: ReadonlyMap<string, MapEntry>;
  /** The command as one text, unless it is given as a list of words. */
  readonly text: ScalarNode | undefined;
  /** The words in which it begins, with templates left in: enough to tell which program it is. */
  readonly line: string;
}

/** Every `command` and `shell`. */
export function commandsOf({ tasks }: Book): readonly CommandTask[] {
  return tasks.flatMap((task) => {
    const name = task.call?.module.name;
    if (name !== 'command' && name !== 'shell') return [];
    const { params } = task;
    const cmd = params.get('cmd')?.value;
    const argv = params.get('argv')?.value;
    const text = cmd?.kind === 'scalar' ? cmd : undefined;
    const words = argv?.kind === 'list' ? argv.items : [];
    const line =
      text?.text.text ?? words.map((word) => (word.kind === 'scalar' ? word.text.text : '')).join(' ');
    return [{ task, isShell: name === 'shell', params, text, line: line.trim() }];
  });
}

/** The values that are filled into a text without `sh`, in order. A run's id is zrun's own: letters, digits and '-'. */
export function unquotedIn(node: ScalarNode): readonly InsertedValue[] {
  if (node.raw || typeof node.value !== 'string' || !holdsTemplate(node.value)) return [];
  const parsed = parseText(node.text, ignoreFindings);
  const values = parsed ? valuesIn(parsed) : [];
  return values.filter(({ helper, written }) => helper !== 'sh' && !/^(?:\w+ )?zrun_run_id$/.test(written));
}

/** A text with a harmless word in the place of everything that is a template's. */
export function withoutTemplates(text: string): string {
  return text.replace(/\{\{[\s\S]*?\}\}/g, 'x');
}

/** How a value is written so that it stays one word. */
export function quotedForm(helper: string | undefined, written: string): string {
  return `write {{sh ${helper === undefined ? written : `(${written})`}}}`;
}
