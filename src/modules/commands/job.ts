/**
 * Owns jobs: commands that systemd runs on a host as units of their own (`zrun-job-ID`), so that they outlive connections.
 * What comes of one is kept in a folder that only root may enter, until it is fetched, or for a week. To start one again
 * never starts it twice.
 */
import { randomBytes } from 'node:crypto';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { shellFile } from '../../core/shell-files.js';

/** Bytes of the head, and as many of the tail, that a host keeps of each output of a job. */
const mostKept = 512 * 1024;

export type JobState =
  | { readonly type: 'absent' }
  | { readonly type: 'running' }
  /** Without an exit code: it was ended from outside. `result`: what systemd says of why. */
  | { readonly type: 'ended'; readonly result: string }
  /** `omitted`: bytes in the middle of its outputs that the host has not kept. */
  | {
      readonly type: 'finished';
      readonly rc: number;
      readonly omitted: { readonly stdout: number; readonly stderr: number };
    };

export const jobKind: ProbeKind<JobState> = { kind: 'job' };
const managerKind: ProbeKind<string> = { kind: 'job-manager' };

/** Names no other job, on any host, and sorts by time. */
export function createJobId(): string {
  return `${Date.now()}-${randomBytes(6).toString('hex')}`;
}

export function isJobId(text: string): boolean {
  return /^\d{10,16}-[0-9a-f]{12}$/.test(text);
}

export function jobFolder(id: string): string {
  return `/var/lib/zrun/jobs/${id}`;
}

/** Throws ZrunError `task-failed` where the host cannot run jobs. */
export function managerProbe(): Probe<string> {
  return {
    of: managerKind,
    key: '',
    script: lines(
      sh`[ -d /run/systemd/system ] && command -v systemd-run >/dev/null || { echo no-systemd; exit 0; }`,
      sh`[ "$(id -u)" = 0 ] && echo ready || echo no-root`,
    ),
    parse({ stdout }) {
      const said = stdout.toString().trim();
      if (said === 'ready') return said;
      if (said === 'no-root')
        throw new ZrunError('task-failed', "a task with 'async' runs as root: systemd starts it", {
          hint: "Say 'become: true'. For another user, the command can be: runuser -u NAME -- COMMAND.",
        });
      throw new ZrunError('task-failed', "this host does not run systemd, which a task with 'async' needs", {
        hint: "Take 'async' out; 'timeout' says how long the task may take.",
      });
    },
  };
}

export function jobProbe(id: string): Probe<JobState> {
  return { of: jobKind, key: id, script: lookScript(id), parse: parseJob };
}

export function lookScript(id: string): ShellText {
  return lines(sh`id=${id}`, shellFile('modules/commands/look-at-job.sh'));
}

export function startScript(id: string, command: ShellText, limitSeconds: number): ShellText {
  const runner = shellFile('modules/commands/run-job.sh').shellText;
  return lines(
    sh`id=${id} limit=${limitSeconds} most=${mostKept}`,
    sh`command=${command.shellText}`,
    sh`runner=${runner}`,
    shellFile('modules/commands/start-job.sh'),
  );
}

/** Gives a finished job's outputs as its own. */
export function fetchScript(id: string): ShellText {
  return lines(
    sh`cd ${jobFolder(id)} || exit`,
    sh`for each in stdout stdout.tail; do if [ -e $each ]; then cat $each; fi; done`,
    sh`for each in stderr stderr.tail; do if [ -e $each ]; then cat $each >&2; fi; done`,
  );
}

export function removeScript(id: string): ShellText {
  return sh`rm -rf ${jobFolder(id)}; systemctl reset-failed ${`zrun-job-${id}`} 2>/dev/null; :`;
}

export function parseJob({ stdout, stderr, status }: Output): JobState {
  const [word = '', ...values] = stdout.toString().trim().split(' ');
  const [first = '0', out = 0, err = 0] = values;
  if (status === 0 && (word === 'absent' || word === 'running')) return { type: word };
  if (status === 0 && word === 'ended') return { type: 'ended', result: values.join(' ') };
  if (status === 0 && word === 'finished') {
    const omittedOf = (rest: string | number): number => Math.max(0, Number(rest) - mostKept);
    return {
      type: 'finished',
      rc: Number(first),
      omitted: { stdout: omittedOf(out), stderr: omittedOf(err) },
    };
  }
  throw new ZrunError('output-unexpected', 'the host does not say how the job stands', {
    status,
    stdout: stdout.toString(),
    stderr: stderr.toString(),
  });
}

/** Why a job has no exit code. `result`: of systemd.service(5). */
export function endedError(id: string, result: string): ZrunError {
  const why =
    result === 'timeout'
      ? "its time is over: 'async' says how many seconds it has"
      : result === 'oom-kill'
        ? 'the kernel has ended it for want of memory'
        : `it was stopped, or the host was restarted (systemd says: ${result === '' ? 'nothing' : result})`;
  return new ZrunError(result === 'timeout' ? 'task-timeout' : 'task-failed', `job ${id} was ended: ${why}`, {
    hint: `What it wrote until then is in ${jobFolder(id)} on the host.`,
  });
}
