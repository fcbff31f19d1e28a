/** Owns `async_status`: how a job stands that a task with `async` has started, in this run or in an earlier one. */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule } from '../../core/module.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { unknownState } from '../../core/probe.js';
import { commandReturns, resultOf, stripEnd } from './command-result.js';
import {
  endedError,
  fetchScript,
  isJobId,
  jobFolder,
  jobKind,
  jobProbe,
  managerProbe,
  removeScript,
} from './job.js';

const outputKind: ProbeKind<{ readonly stdout: string; readonly stderr: string }> = { kind: 'job-output' };

function outputProbe(id: string): Probe<{ readonly stdout: string; readonly stderr: string }> {
  return {
    of: outputKind,
    key: id,
    script: fetchScript(id),
    parse: ({ stdout, stderr }) => ({ stdout: stdout.toString(), stderr: stderr.toString() }),
  };
}

export const asyncStatus = defineModule({
  name: 'async_status',
  summary: 'Look at a job that a task with async has started',
  params: z.strictObject({
    jid: z
      .string()
      .refine(isJobId, 'is no job id: it is in `ansible_job_id` of what the task with `async` has registered')
      .describe('The job: `ansible_job_id` of the task with `async`.'),
    mode: z
      .enum(['status', 'cleanup'])
      .default('status')
      .describe(
        '`cleanup` removes what the host keeps of a job that has ended; without it, that goes after a week.',
      ),
  }),
  returns: commandReturns.partial().extend({
    ansible_job_id: z.string().describe('The job.'),
    started: z.int().describe('1.'),
    finished: z.int().describe('1 if it has ended. `until: job.finished == 1` waits for it.'),
    erased: z.string().optional().describe('The folder that `cleanup` has removed.'),
  }),
  examples: [
    {
      title: 'Wait for a job that was started earlier, and take what came of it',
      task: `
async_status:
  jid: 1700000000000-0123456789ab
register: seen
until: seen.finished == 1
retries: 60
delay: 10`,
      needs: 'systemd',
      before:
        'd=/var/lib/zrun/jobs/1700000000000-0123456789ab; mkdir -p $d; echo 0 >$d/rc; echo hello >$d/stdout',
      after: 'test -e /var/lib/zrun/jobs/1700000000000-0123456789ab/stdout',
    },
    {
      title: 'Remove what the host keeps of it',
      task: `
async_status:
  jid: 1700000000000-0123456789ab
  mode: cleanup`,
      needs: 'systemd',
      before: 'd=/var/lib/zrun/jobs/1700000000000-0123456789ab; mkdir -p $d; echo 0 >$d/rc',
      after: 'test ! -e /var/lib/zrun/jobs/1700000000000-0123456789ab',
    },
  ],
  async plan(read, { jid, mode }) {
    await read(managerProbe());
    const state = await read(jobProbe(jid));
    const of = { ansible_job_id: jid, started: 1 };
    if (mode === 'cleanup') {
      if (state.type === 'absent')
        return { change: 'none', reason: 'it is gone', result: { ...of, finished: 1 } };
      if (state.type === 'running')
        throw new ZrunError('task-failed', `job ${jid} still runs: there is nothing to clean up yet`, {
          hint: `To end it: systemctl stop zrun-job-${jid}.`,
        });
      return {
        change: 'some',
        summary: `remove what is kept of job ${jid}`,
        diff: [],
        effects: [unknownState(jobKind, jid)],
        detail: undefined,
        predicted: { ...of, finished: 1, erased: jobFolder(jid) },
      };
    }
    if (state.type === 'absent')
      throw new ZrunError('task-failed', `there is no job ${jid} on this host`, {
        hint: 'What comes of a job is kept until it is fetched or cleaned up, and for a week.',
      });
    if (state.type === 'ended') throw endedError(jid, state.result);
    if (state.type === 'running')
      return { change: 'none', reason: 'it still runs', result: { ...of, finished: 0 } };
    const { stdout, stderr } = await read(outputProbe(jid));
    const result = resultOf(`job ${jid}`, state.rc, stripEnd(stdout), stripEnd(stderr), state.omitted);
    return {
      change: 'none',
      reason: `it ended with exit code ${state.rc}`,
      result: { ...result, ...of, finished: 1 },
    };
  },
  async apply(write, _change, { jid }) {
    await write.run(removeScript(jid));
    return { ansible_job_id: jid, started: 1, finished: 1, erased: jobFolder(jid) };
  },
});
