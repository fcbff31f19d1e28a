/**
 * Owns the one command that goes on after a run: with which hosts, and what has to follow `--resume`.
 */
import type { EventOf, HostSummary } from '../../core/events.js';
import type { Paint } from '../style.js';
import { visibleLine } from '../visible.js';

/** A limit with more names than this is nothing to copy. */
const NAMED_IN_LIMIT = 4;

/** `started`: of a run that can be resumed. */
export function formatGoingOn(
  hosts: readonly HostSummary[],
  started: EventOf<'run-started'> | undefined,
  retryFile: string | undefined,
  paint: Paint,
): string[] {
  const left = hosts.filter(({ outcome }) => outcome !== 'done').map(({ host }) => visibleLine(host));
  if (left.length === 0) return [];
  const which = left.length === 1 ? 'this host' : 'these hosts';
  if (started)
    return ['', `to resume ${which}: ${paint('bold', `zrun --resume ${formatResumeWords(started)}`)}`];
  // Where nothing is done, a limit leaves nothing out.
  if (left.length === hosts.length) return [];
  const listed =
    left.length > NAMED_IN_LIMIT && retryFile !== undefined ? `@${shellWord(retryFile)}` : left.join(',');
  return ['', `to run again on ${which} only: ${paint('bold', `--limit ${listed}`)}`];
}

/** What has to follow `--resume`: the run, and the variables whose values nobody has written down. */
export function formatResumeWords({
  runId,
  request,
}: Pick<EventOf<'run-started'>, 'runId' | 'request'>): string {
  return [runId, ...(request?.extraVarsNames ?? []).map((name) => `-e ${name}=…`)].join(' ');
}

/** Quoted where a shell would take it apart. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
