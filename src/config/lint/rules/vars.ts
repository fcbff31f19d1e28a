/** Owns the rules about variables and their values. */
import { compiledOf } from '../../template/template.js';
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
