/** Owns `set_fact`: variables of a host that last for the rest of the run. */
import * as z from 'zod';
import { defineModule } from '../../core/module.js';
import type { Value, ValueMap } from '../../core/value.js';
import { isValue, problemOfName } from '../../core/is-value.js';

const notKept = 'facts that outlast the run are not kept; leave `cacheable` out';

export const setFact = defineModule({
  name: 'set_fact',
  summary: 'Set variables of the host for the rest of the run',
  params: z
    .object({})
    .catchall(z.unknown().describe('The value of the variable that the key names.'))
    .superRefine((variables, context) => {
      const names = Object.keys(variables);
      if (names.length === 0) context.addIssue({ code: 'custom', message: 'name at least one variable' });
      for (const name of names) {
        const problem = name === 'cacheable' ? notKept : problemOfName(name);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    }),
  paramsAreVars: true,
  returns: z.strictObject({
    ansible_facts: z.record(z.string(), z.unknown()).describe('The variables that were set.'),
  }),
  examples: [
    {
      title: 'Two variables; a template that is one expression keeps its type',
      task: `
set_fact:
  pool: tank
  sizes: [8, 16]`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  plan(_read, variables) {
    const vars: ValueMap = Object.fromEntries(
      Object.entries(variables).filter((entry): entry is [string, Value] => isValue(entry[1])),
    );
    return Promise.resolve({
      change: 'none',
      reason: `set ${Object.keys(vars).join(', ')}`,
      result: { ansible_facts: vars },
      vars,
    });
  },
});
