/** Owns `debug`: text or a value shown to the user. */
import * as z from 'zod';
import { defineModule, expression } from '../../core/module.js';
import { isValue } from '../../core/is-value.js';

export const debug = defineModule({
  name: 'debug',
  summary: 'Show a text or the value of an expression',
  params: z
    .strictObject({
      msg: z.unknown().optional().describe('What to show: a text, or any value.'),
      var: expression('An expression whose value is shown; instead of `msg`.').optional(),
    })
    .refine(({ msg, var: shown }) => msg === undefined || shown === undefined, {
      error: 'give either `msg` or `var`',
    }),
  freeForm: 'msg',
  returns: z.strictObject({
    msg: z.unknown().optional().describe('What was shown with `msg`.'),
    value: z.unknown().optional().describe('What the expression in `var` gave.'),
  }),
  examples: [
    {
      title: 'A text',
      task: 'debug: the pool has room enough',
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
    {
      title: 'The value of an expression',
      task: `
debug:
  var: '[1, 2, 3].map(x, x * 2)'`,
      needs: 'nothing',
    },
  ],
  // Throws UnknownValueError where the expression rests on what was not run: async, so that it is a rejection.
  // eslint-disable-next-line @typescript-eslint/require-await
  async plan(_read, { msg, var: shown }, context) {
    if (shown !== undefined) {
      const value = context.evaluate(shown);
      return { change: 'none', reason: '', result: { value }, message: `${shown}: ${textOf(value)}` };
    }
    const value = isValue(msg) ? msg : 'Hello world!';
    return { change: 'none', reason: '', result: { msg: value }, message: textOf(value) };
  },
});

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}
