/** Owns the rules about names: of tasks, and of results. */
import { bareAction } from '../book.js';
import type { Rule } from '../rule.js';
import { usedNames } from '../names.js';

/** What needs no name: it does nothing that a report would show. */
const silent: ReadonlySet<string> = new Set(['meta', 'import_tasks', 'import_role', 'import_playbook']);

export const taskUnnamed: Rule = {
  id: 'task-unnamed',
  summary: 'a task without a name',
  check(book, report) {
    for (const { node, at } of book.tasks) {
      const { entries } = node;
      if (entries.has('name') || [...entries.keys()].some((key) => silent.has(bareAction(key)))) continue;
      report({
        at,
        message: 'this task has no name: the report and --start-at-task can only call it by its module',
        hint: "add 'name:' and say what it is for",
      });
    }
  },
};

export const registerUnused: Rule = {
  id: 'register-unused',
  summary: 'a registered result that nobody uses',
  check(book, report) {
    if (!book.isComplete) return;
    const used = usedNames(book);
    for (const { node } of book.tasks) {
      const value = node.entries.get('register')?.value;
      if (value?.kind !== 'scalar' || typeof value.value !== 'string' || used.has(value.value)) continue;
      report({
        at: value.at,
        message: `nobody uses '${value.value}'`,
        hint: "take 'register:' away, or look at the result",
      });
    }
  },
};
