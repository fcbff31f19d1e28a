/**
 * Owns a command with `async`: it is started as a job, and looked at until it has ended, over as many connections as that
 * takes. Knows nothing of how a host runs jobs.
 */
import { ZrunError } from '../../core/errors.js';
import type { Background, TaskContext, Write } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { sh, type ShellText } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { everyStatus } from '../host/status.js';
import { resultOf, stripEnd } from './command-result.js';
import {
  createJobId,
  endedError,
  fetchScript,
  jobFolder,
  lookScript,
  managerProbe,
  parseJob,
  removeScript,
  startScript,
  type JobState,
} from './job.js';

interface Command {
  readonly script: ShellText;
  readonly stdin: Uint8Array | undefined;
  readonly shown: string;
  readonly stripsEnds: boolean;
}

/** Beyond a job's own time: systemd takes its time to end it, and a host that is gone may come back. */
const graceMs = 120_000;

/** What a plan says of it, and that the host can do it. Throws ZrunError `task-failed`. */
export async function planBackground(
  read: Read,
  { background, task }: Pick<TaskContext, 'background' | 'task'>,
): Promise<{ readonly summary: string; readonly predicted: ValueMap }> {
  if (!background) return { summary: '', predicted: {} };
  await read(managerProbe());
  const { limitSeconds, pollSeconds } = background;
  const waits = pollSeconds === 0 ? ', which is not waited for' : '';
  const [id, finished] = [new Unknown(task), pollSeconds === 0 ? 0 : 1];
  return {
    summary: ` as a job of at most ${limitSeconds} s${waits}`,
    predicted: { ansible_job_id: id, results_file: id, started: 1, finished },
  };
}

/** Rejects with `task-timeout` where its time is over, and with `task-failed` where it was ended from outside. */
export async function runInBackground(
  write: Write,
  command: Command,
  { limitSeconds, pollSeconds }: Background,
  context: Pick<TaskContext, 'controller' | 'signal' | 'say'>,
): Promise<ValueMap> {
  const id = createJobId();
  const deadline = Date.now() + limitSeconds * 1000 + graceMs;
  const held = <T>(work: () => Promise<T>): Promise<T> => overConnections(write, deadline, context, work);
  const start = startScript(id, command.script, limitSeconds);
  const { shown, stdin } = command;
  await held(() => write.run(start, { stdin: stdin ?? new Uint8Array(), shownAs: `systemd-run ${shown}` }));
  context.say(`job ${id} (systemd's zrun-job-${id})`);
  const of = { ansible_job_id: id, started: 1, results_file: jobFolder(id) };
  if (pollSeconds === 0) return { ...of, finished: 0 };
  for (let count = 0; ; count++) {
    // A short command is not waited for as long as a long one.
    await context.controller.wait(Math.min(pollSeconds, 2 ** count) * 1000, context.signal);
    const state = await held(async () => parseJob(await write.run(lookScript(id), { accept: everyStatus })));
    if (state.type === 'ended') throw endedError(id, state.result);
    if (state.type === 'absent')
      throw new ZrunError('task-failed', `job ${id} is gone from the host: ${jobFolder(id)}`);
    if (state.type === 'finished') {
      const result = await held(() => fetchJob(write, id, state, command));
      await held(() => write.run(removeScript(id)));
      return { ...result, ...of, finished: 1 };
    }
    if (Date.now() > deadline)
      throw new ZrunError(
        'task-timeout',
        `job ${id} still runs, ${graceMs / 1000} s after its time is over`,
        {
          hint: `systemctl status zrun-job-${id} on the host tells why.`,
        },
      );
  }
}

async function fetchJob(
  write: Write,
  id: string,
  { rc, omitted }: Extract<JobState, { readonly type: 'finished' }>,
  { shown, stripsEnds }: Pick<Command, 'shown' | 'stripsEnds'>,
): Promise<ValueMap> {
  const output = await write.run(fetchScript(id), { keepsEnds: true });
  const strip = stripsEnds ? stripEnd : (text: string) => text;
  return resultOf(shown, rc, strip(output.stdout.toString()), strip(output.stderr.toString()), {
    stdout: omitted.stdout + (output.omitted?.stdout ?? 0),
    stderr: omitted.stderr + (output.omitted?.stderr ?? 0),
  });
}

/** All that is done for a job may be done again: a connection that breaks costs a new one, and nothing else. */
async function overConnections<T>(
  write: Write,
  deadline: number,
  { signal, say }: Pick<TaskContext, 'signal' | 'say'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ZrunError) || error.code !== 'connection-lost' || signal.aborted) throw error;
      say('the connection broke; the job goes on without it');
      const timeoutMs = Math.max(graceMs, deadline - Date.now());
      await write.reconnect({ timeoutMs, script: sh`true`, isReady: ({ status }) => status === 0 });
    }
  }
}
