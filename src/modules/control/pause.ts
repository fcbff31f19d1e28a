/**
 * Owns `pause`: the run waits for some time, or for the user. It happens on the controller, once for all hosts of a
 * batch, and no host is touched.
 */
import * as z from 'zod';
import { defineModule, type TaskContext } from '../../core/module.js';
import type { ValueMap } from '../../core/value.js';

const params = z
  .strictObject({
    seconds: z.number().positive().optional().describe('How long to wait.'),
    minutes: z.number().positive().optional().describe('How long to wait; instead of `seconds`.'),
    prompt: z
      .string()
      .optional()
      .describe('What the user is asked. With a time nothing is asked, and this is only said.'),
    echo: z
      .boolean()
      .default(true)
      .describe('Whether the answer is shown while it is typed. For a secret, give the task `no_log` too.'),
  })
  .refine(({ seconds, minutes }) => seconds === undefined || minutes === undefined, {
    error: 'give either `seconds` or `minutes`',
  });

type Params = z.output<typeof params>;

export const pause = defineModule({
  name: 'pause',
  summary: 'Wait for some time, or until the user has answered, once for all hosts',
  params,
  once: true,
  returns: z.strictObject({
    user_input: z.string().optional().describe('What the user has typed, where no time was given.'),
    delta: z.int().describe('Whole seconds that it took; 0 in check mode, which never waits and never asks.'),
    start: z.string().describe('When it began: ISO 8601, UTC.'),
    stop: z.string().describe('When it was over.'),
    echo: z.boolean().describe('Whether the answer was shown.'),
    stdout: z.string().describe('What was waited for, as a sentence.'),
  }),
  examples: [
    {
      title: 'Let the load balancer see that the batch is back',
      task: `
pause:
  seconds: 0.1`,
      needs: 'nothing',
      after: 'test -z "$(ls -A "$tmp")"',
    },
    {
      title: 'Go on only when somebody has looked',
      task: `
pause:
  prompt: Is the first batch well? Enter goes on, Ctrl-C stops
when: false`,
      needs: 'nothing',
    },
  ],
  async plan(_read, params, context) {
    const start = new Date();
    const { text, answer } = await waitOrAsk(params, context);
    const stop = new Date();
    const result: ValueMap = {
      ...(answer !== undefined && { user_input: answer }),
      delta: Math.floor((stop.getTime() - start.getTime()) / 1000),
      start: start.toISOString(),
      stop: stop.toISOString(),
      echo: params.echo,
      stdout: text,
    };
    return { change: 'none', reason: lowerFirst(text), result };
  },
});

/** Milliseconds; undefined: the user decides. */
function timeOf({ seconds, minutes }: Params): number | undefined {
  if (seconds !== undefined) return seconds * 1000;
  return minutes === undefined ? undefined : minutes * 60_000;
}

async function waitOrAsk(
  params: Params,
  context: TaskContext,
): Promise<{ readonly text: string; readonly answer?: string }> {
  const { check, controller, signal, task } = context;
  const ms = timeOf(params);
  const [number = 0, one] =
    params.minutes === undefined ? [params.seconds, 'second'] : [params.minutes, 'minute'];
  const unit = `${number} ${one}${number === 1 ? '' : 's'}`;
  if (ms !== undefined) {
    if (params.prompt !== undefined) context.say(params.prompt);
    if (check) return { text: `A run waits ${unit} here` };
    await controller.wait(ms, signal);
    return { text: `Paused for ${unit}` };
  }
  if (check) return { text: 'A run waits for the user here', answer: '' };
  const prompt = params.prompt ?? 'Enter goes on, Ctrl-C stops the run';
  const question = `\n[${task}]\n${prompt}${/[?:]\s*$/.test(prompt) ? ' ' : ': '}`;
  const answer = await controller.ask(question, { echo: params.echo, signal });
  return { text: 'Paused for the user', answer };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
