/**
 * Owns the module `setup`: everything that is known of a host, in one exchange.
 */
import * as z from 'zod';
import { defineModule } from '../../core/module.js';
import { factsSchema } from './schema.js';
import { factsProbe } from './facts.js';

export const setup = defineModule({
  name: 'setup',
  summary: 'Gather facts about the host, ZFS, Docker and what its data lies on',
  params: z.strictObject({}),
  returns: z.object({ facts: factsSchema.describe('what was found; also the variable `facts`') }),
  vars: z.object({ facts: factsSchema.describe('what `setup` has found') }),
  examples: [
    {
      title: 'Gather facts once more, after something has changed',
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
      task: 'setup: {}',
    },
  ],
  async plan(read) {
    const facts = await read(factsProbe());
    const vars = { facts };
    return { change: 'none', reason: 'only looks', result: vars, vars };
  },
});
