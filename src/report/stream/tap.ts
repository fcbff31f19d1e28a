/**
 * Owns `--output tap`: the Test Anything Protocol, version 13 (testanything.org), with a test point for each task of each
 * host, as it ends. A failure that is ignored, or that a rescue deals with, is a TODO: it does not fail its host.
 */
import type { Problem } from '../../core/errors.js';
import type { EventOf, HostSummary, RunEvent } from '../../core/events.js';
import { exitCodes } from '../../core/exit-codes.js';
import { outcomeWords } from '../describe.js';
import { stoppingText } from '../describe-event.js';
import { isFailure } from '../failures.js';
import type { Reporter, Sink } from '../reporter.js';
import { visible, visibleLine } from '../visible.js';

type Finished = EventOf<'task-finished'>;

interface Point {
  readonly isOk: boolean;
  readonly about: string;
  /** `SKIP why` or `TODO why`. */
  readonly directive?: string;
  readonly details?: Readonly<Record<string, string | number | undefined>>;
}

export function createTapReporter(out: Sink): Reporter {
  let count = 0;
  let check = false;
  let isBegun = false;
  let isOver = false;
  /** The last failure of each host: whether a rescue deals with it shows later. */
  const waiting = new Map<string, Finished>();
  /** Hosts of which a point says already that they are not well. */
  const told = new Set<string>();

  function begin(): void {
    if (!isBegun) out.write('TAP version 13\n');
    isBegun = true;
  }

  function write({ isOk, about, directive, details = {} }: Point): void {
    begin();
    count++;
    const head = `${isOk ? 'ok' : 'not ok'} ${count} - ${escapeTap(about)}`;
    const lines = [directive === undefined ? head : `${head} # ${directive}`];
    const known = Object.entries(details).filter(([, value]) => value !== undefined && value !== '');
    if (known.length > 0)
      // JSON is YAML, and has no indentation to get wrong.
      lines.push('  ---', ...known.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`), '  ...');
    out.write(`${lines.join('\n')}\n`);
  }

  /** `rescued`: why it does not count. */
  function writeFailure({ host, task, result }: Finished, rescued?: string): void {
    const why = rescued ?? (result.ignored ? 'ignored' : undefined);
    if (why === undefined) told.add(host);
    write({
      isOk: false,
      about: `${host}: ${task.name}`,
      ...(why !== undefined && { directive: `TODO ${why}` }),
      details: {
        ...describeProblem(result.problem, result.summary),
        at: task.at,
        duration_ms: result.ms,
        attempts: result.attempts,
      },
    });
  }

  function finishTask(event: Finished): void {
    const { host, task, result } = event;
    if (isFailure(result, check)) {
      const before = waiting.get(host);
      if (before) writeFailure(before);
      waiting.set(host, event);
      return;
    }
    if (result.ignored) {
      writeFailure(event);
      return;
    }
    const isSkipped = result.status === 'skipped' || result.status === 'unknown';
    const why =
      result.waitsFor === undefined ? result.summary : `cannot be known before '${result.waitsFor}' has run`;
    write({
      isOk: true,
      about: `${host}: ${task.name}`,
      ...(isSkipped && { directive: `SKIP ${escapeTap(why)}`.trim() }),
      details: {
        ...(result.status === 'changed' && {
          [check ? 'would_change' : 'changed']: visibleLine(result.summary),
          duration_ms: result.ms,
        }),
        attempts: result.attempts,
      },
    });
  }

  function finishHost(host: string): void {
    const failure = waiting.get(host);
    waiting.delete(host);
    if (failure) writeFailure(failure);
  }

  /** Of a host that has no failed task of its own, and yet is not done. */
  function writeEnd({ host, outcome, problem }: HostSummary): void {
    if (outcome === 'done' || told.has(host)) return;
    const isQuiet = outcome === 'not-tried' || outcome === 'halted';
    write({
      isOk: isQuiet,
      about: `${host}: ${outcomeWords[outcome]}`,
      ...(isQuiet && { directive: `SKIP ${outcomeWords[outcome]}` }),
      ...(problem && { details: describeProblem(problem, '') }),
    });
  }

  function finish({ hosts, exitCode }: EventOf<'run-finished'>): void {
    isOver = true;
    [...waiting.keys()].forEach(finishHost);
    hosts.forEach(writeEnd);
    begin();
    out.write(exitCode === exitCodes.interrupted ? 'Bail out! the run was interrupted\n' : `1..${count}\n`);
  }

  return {
    tell(event: RunEvent) {
      if (event.type === 'run-started') check = event.check;
      if (event.type === 'task-finished') finishTask(event);
      if (event.type === 'rescue-started') {
        const failure = waiting.get(event.host);
        if (failure && failure.task.id === event.failed?.id) {
          waiting.delete(event.host);
          writeFailure(failure, 'rescued');
        }
      }
      if (event.type === 'host-finished') finishHost(event.host);
      if (event.type === 'warning') {
        begin();
        const about = event.host === undefined ? '' : `${event.host}: `;
        out.write(`# warning: ${visibleLine(about + event.message)}\n`);
      }
      if (event.type === 'run-stopping') {
        begin();
        out.write(`# stopping: ${stoppingText(event.signal)}\n`);
      }
      if (event.type === 'run-finished') finish(event);
    },
    close() {
      begin();
      if (!isOver) out.write('Bail out! zrun ended before the run did\n');
      return Promise.resolve();
    },
  };
}

/** Characters of an output that a failure shows. */
const mostOutput = 4096;

function describeProblem(
  problem: Problem | undefined,
  summary: string,
): Readonly<Record<string, string | number | undefined>> {
  if (!problem) return { message: visibleLine(summary) };
  const { code, message, hint, command, status, stdout, stderr } = problem;
  const tail = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : visible(text.trimEnd().slice(-mostOutput));
  return {
    message: visible(message),
    code,
    command: tail(command),
    exit_code: status,
    stderr: tail(stderr),
    ...(stderr === undefined || stderr.trim() === '' ? { stdout: tail(stdout) } : {}),
    hint: tail(hint),
  };
}

/** One line in which no `#` begins a directive. */
function escapeTap(text: string): string {
  return visibleLine(text).replace(/[\\#]/g, '\\$&');
}
