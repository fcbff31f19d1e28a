/** Owns `assert`: conditions that must hold, or the host's run ends. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, expression, parameterRoles, type TaskContext } from '../../core/module.js';
import { UnknownValueError, type Value } from '../../core/value.js';

export const assert = defineModule({
  name: 'assert',
  summary: 'Fail unless conditions hold',
  aliases: { fail_msg: ['msg'] },
  params: z.strictObject({
    that: z
      .union([expression('A condition.'), z.array(expression('A condition.')).min(1)])
      .describe('Conditions in CEL: one, or a list that is gone through in order until one does not hold.')
      .register(parameterRoles, { role: 'expressions' }),
    fail_msg: z.string().optional().describe('What is said when one does not hold.'),
    success_msg: z.string().optional().describe('What is said when all hold.'),
    quiet: z.boolean().default(false).describe('Says nothing when all hold.'),
  }),
  returns: z.strictObject({
    msg: z.string().describe('`success_msg`, or that all hold.'),
  }),
  examples: [
    {
      title: 'Several conditions, with a reason for people',
      task: `
assert:
  that:
    - 1 + 1 == 2
    - '"zfs" in ["zfs", "ext4"]'
  fail_msg: arithmetic is broken on this controller`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
  ],
  plan(_read, { that, fail_msg, success_msg, quiet }, context) {
    const conditions = typeof that === 'string' ? [that] : that;
    const broken = firstBroken(conditions, context);
    if (broken !== undefined) {
      const which = `this does not hold: ${broken}`;
      const error = new ZrunError('assertion-failed', fail_msg ?? which, {
        hint: fail_msg === undefined ? undefined : which,
      });
      return Promise.reject(error);
    }
    const count =
      conditions.length === 1 ? 'the condition holds' : `all ${conditions.length} conditions hold`;
    const msg = success_msg ?? count;
    return Promise.resolve({
      change: 'none',
      reason: msg,
      result: { msg },
      ...(success_msg !== undefined && !quiet && { message: success_msg }),
    });
  },
});

/**
 * The first condition that is false. One that check mode cannot know yet is passed over as long as another may be false
 * for certain; then it is thrown.
 */
function firstBroken(conditions: readonly string[], context: TaskContext): string | undefined {
  let unknown: UnknownValueError | undefined;
  for (const condition of conditions) {
    try {
      if (!isTrue(condition, context.evaluate(condition))) return condition;
    } catch (error) {
      if (error instanceof UnknownValueError) unknown ??= error;
      // After an unknown one, an error may be what the unknown one was there to prevent.
      else throw unknown ?? error;
    }
  }
  if (unknown) throw unknown;
  return undefined;
}

function isTrue(condition: string, value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new ZrunError('expression-type', `'${condition}' gives ${JSON.stringify(value)}, not true or false`, {
    hint: 'Conditions are CEL: compare explicitly, as in `x != ""` or `size(list) > 0`.',
  });
}
