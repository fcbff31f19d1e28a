/** Owns `fail`: a task that ends the host's run with a reason. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';

export const fail = defineModule({
  name: 'fail',
  summary: 'Fail with a message, if a condition says that it would be wrong to continue',
  params: z.strictObject({
    msg: z.unknown().default('Failed as the playbook asked for').describe('Why: a text, or any value.'),
  }),
  freeForm: 'msg',
  returns: z.strictObject({}),
  examples: [
    {
      title: 'Refuse what is not safe, with the reason',
      task: `
name: refuse hosts that are not Linux
fail:
  msg: this playbook knows Linux only
when: false`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  // Nothing is looked at: what is wrong with the host was found out by the tasks before.
  plan(_read, { msg }) {
    return Promise.reject(new ZrunError('task-failed', typeof msg === 'string' ? msg : JSON.stringify(msg)));
  },
});
