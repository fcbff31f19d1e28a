/**
 * Owns the module `setup`: everything that is known of a host, in one exchange.
 */
import * as z from 'zod';
import { defineModule, type TaskContext } from '../../core/module.js';
import { isMap, UnknownValueError, type ValueMap } from '../../core/value.js';
import { factParts, factsSchema, type FactPart } from './schema.js';
import { factsProbe } from './facts.js';

export const setup = defineModule({
  name: 'setup',
  summary: 'Gather facts about the host, ZFS, Docker and what its data lies on',
  params: z.strictObject({
    gather_subset: z
      .array(z.enum(['all', ...factParts]))
      .default(['all'])
      .describe(
        'which parts; a play that gathers facts by itself gathers those that any template or condition uses',
      ),
  }),
  returns: z.object({ facts: factsSchema.partial().describe('what was found; also the variable `facts`') }),
  vars: z.object({ facts: factsSchema.describe('what `setup` has found') }),
  examples: [
    {
      title: 'Gather facts once more, after something has changed',
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
      task: 'setup: {}',
    },
  ],
  async plan(read, { gather_subset: wanted }, context) {
    const parts = wanted.flatMap((part): readonly FactPart[] => (part === 'all' ? factParts : [part]));
    const facts = await read(factsProbe(new Set(parts)));
    const known = parts.length < factParts.length ? gatheredBefore(context) : {};
    return {
      change: 'none',
      reason: 'only looks',
      result: { facts },
      vars: { facts: { ...known, ...facts } },
    };
  },
});

/** Facts that are not gathered again stay. */
function gatheredBefore(context: TaskContext): ValueMap {
  try {
    const known = context.evaluate('default(facts, null)');
    return isMap(known) ? known : {};
  } catch (error) {
    // In check mode, those of a host that is to be changed may not be known.
    if (error instanceof UnknownValueError) return {};
    throw error;
  }
}
