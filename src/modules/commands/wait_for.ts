/**
 * Owns `wait_for`: a wait on the host for a file, a text in a file, or a port. A wait changes nothing, so it is all
 * plan: the loop runs on the host, in one exchange. Check mode looks once and never waits.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { fileProbe } from '../host/file.js';
import { hostPath } from '../host/path.js';
import { describeWait, waitProbe, type Wait, type Waited } from './wait.js';

const params = z
  .strictObject({
    path: hostPath('A path that is waited for.').optional(),
    search_regex: z
      .string()
      .min(1)
      .optional()
      .describe('With path: a line of the file must match it (POSIX extended, as grep -E has it).'),
    port: z.int().min(1).max(65535).optional().describe('A TCP port that is waited for.'),
    host: z
      .string()
      .regex(/^[^-\s][^\s]*$/, 'must be a name or an address')
      .default('127.0.0.1')
      .describe('Where the port is, as the managed host sees it.'),
    state: z
      .enum(['started', 'present', 'stopped', 'absent'])
      .default('started')
      .describe('started, present: the port answers, the path is there. stopped, absent: no longer.'),
    timeout: z.int().min(0).default(300).describe('Seconds after which the task fails.'),
    delay: z.int().min(0).default(0).describe('Seconds to wait before the first look.'),
    sleep: z.int().min(1).default(1).describe('Seconds between two looks.'),
    msg: z.string().optional().describe('What is said when the time is over.'),
  })
  .refine(({ path, port }) => (path === undefined) !== (port === undefined), {
    error: 'give either `path` or `port`',
  })
  .refine(({ path, search_regex }) => search_regex === undefined || path !== undefined, {
    error: '`search_regex` needs `path`',
  });

export const waitFor = defineModule({
  name: 'wait_for',
  summary: 'Wait on the host until a file is there, holds a text, or a port answers',
  params,
  returns: z.strictObject({
    elapsed: z.int().describe('Seconds that were waited; 0 in check mode.'),
    state: z.string().describe('What was waited for: started, present, stopped or absent.'),
  }),
  examples: [
    {
      title: 'A file that another program makes',
      task: `
wait_for:
  path: '{{tmp}}/ready'
  timeout: 10`,
      needs: 'nothing',
      before: 'echo yes >"$tmp/ready"',
      after: 'test -e "$tmp/ready"',
    },
    {
      title: 'A line in a log',
      task: `
wait_for:
  path: '{{tmp}}/log'
  search_regex: '^ready( at .*)?$'
  timeout: 10`,
      needs: 'nothing',
      before: `printf 'starting\\nready at noon\\n' >"$tmp/log"`,
    },
    {
      title: 'Until nothing listens on a port any more',
      task: `
wait_for:
  port: 1
  state: stopped
  timeout: 10`,
      needs: 'nothing',
    },
  ],
  async plan(read, params, context) {
    const { timeout, delay, state } = params;
    const wait: Wait = { ...params, isWanted: state === 'started' || state === 'present' };
    if (context.check) {
      const isSo = await looksSo(read, wait);
      const reason = isSo ? describeWait(wait) : `not yet; a run waits until ${describeWait(wait)}`;
      return { change: 'none', reason, result: { elapsed: 0, state } };
    }
    const waited = await read(waitProbe(wait, { timeout, delay }));
    if (!waited.isSo) throw timedOut(wait, waited, params.msg);
    const took = waited.elapsed === 0 ? '' : ` after ${waited.elapsed} s`;
    return {
      change: 'none',
      reason: `${describeWait(wait)}${took}`,
      result: { elapsed: waited.elapsed, state },
    };
  },
});

/** One look; a mere path also through what earlier tasks of a check would have left. */
async function looksSo(read: Read, wait: Wait): Promise<boolean> {
  if (wait.path === undefined || wait.search_regex !== undefined) {
    return (await read(waitProbe(wait, { timeout: 0, delay: 0 }))).isSo;
  }
  const file = await read(fileProbe(wait.path));
  return (file.type !== 'absent') === wait.isWanted;
}

function timedOut(wait: Wait, { elapsed }: Waited, msg: string | undefined): ZrunError {
  const opposite = describeWait({ ...wait, isWanted: !wait.isWanted });
  const said = `waited ${elapsed} s until ${describeWait(wait)}, but still ${opposite}`;
  return new ZrunError('task-failed', msg ?? said, {
    hint: msg === undefined ? 'A longer wait is `timeout`, in seconds.' : said,
  });
}
