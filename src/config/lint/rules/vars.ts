/** Owns the rules about variables and their values. */
import { compiledOf } from '../../template/template.js';
import type { Place } from '../../../core/errors.js';
import { bareAction } from '../book.js';
import type { Rule } from '../rule.js';

export const varsHidden: Rule = {
  id: 'vars-hidden',
  summary: "a variable of a play whose value never counts, since a file of 'vars_files' has one",
  check({ plays, playbook, files }, report) {
    const read = new Set(files.map(({ source }) => source.name));
    for (const node of plays) {
      const vars = node.entries.get('vars')?.value;
      if (vars?.kind !== 'map') continue;
      const play = playbook.plays.find(
        ({ at }) =>
          at.source.name === node.at.source.name && at.start >= node.at.start && at.end <= node.at.end,
      );
      const taken = compiledOf(play?.vars ?? new Map());
      for (const { key, keyAt } of vars.entries.values()) {
        const at = taken.get(key)?.at;
        // What an import says of its plays stands in a playbook, and is meant to go before theirs.
        if (!at || read.has(at.source.name)) continue;
        report({
          at: keyAt,
          message: `'${key}' never has this value: ${at.source.name} has one, and vars_files go before a play's vars`,
          hint: 'give one of them another name, or take this one away',
        });
      }
    }
  },
};

/** What includes and roles say is a parameter, which goes before what a host has registered. */
const parameters: readonly string[] = ['include_tasks', 'include_role', 'import_role'];

export const varsOverridden: Rule = {
  id: 'vars-overridden',
  summary: "a variable of a task or a block that another task's 'register' overrides",
  check({ tasks, blocks }, report) {
    const registers = new Map<string, Place>();
    for (const { node } of tasks) {
      const value = node.entries.get('register')?.value;
      if (value?.kind === 'scalar' && typeof value.value === 'string') registers.set(value.value, value.at);
    }
    for (const node of [...blocks, ...tasks.map((task) => task.node)]) {
      const vars = node.entries.get('vars')?.value;
      if (vars?.kind !== 'map') continue;
      if ([...node.entries.keys()].some((key) => parameters.includes(bareAction(key)))) continue;
      for (const { key, keyAt } of vars.entries.values()) {
        const at = registers.get(key);
        if (!at) continue;
        report({
          at: keyAt,
          message: `'${key}' has another value once a host has run the task that registers it, in ${at.source.name}`,
          hint: "what is registered goes before a task's own vars, as in Ansible: give one of them another name",
        });
      }
    }
  },
};
