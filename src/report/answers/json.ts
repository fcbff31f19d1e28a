/**
 * Owns the answers of one task on many hosts as JSON: a list with an entry for each host, in the order in which they came.
 */
import type { HostSummary, RunEvent, TaskResult } from '../../core/events.js';
import { limitOutput } from '../../core/errors.js';
import type { Reporter, Sink } from '../reporter.js';

export function createJsonAnswers(out: Sink): Reporter {
  const answered = new Set<string>();
  let isOpen = false;

  function write(entry: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(entry, undefined, 2).replaceAll('\n', '\n  ');
    out.write(`${isOpen ? ',' : '['}\n  ${text}`);
    isOpen = true;
  }

  return {
    tell(event: RunEvent) {
      if (event.type === 'task-finished') {
        answered.add(event.host);
        write({ host: event.host, ...entryOf(event.result) });
      }
      if (event.type !== 'run-finished') return;
      for (const summary of event.hosts)
        if (!answered.has(summary.host)) write({ host: summary.host, ...entryOfEnd(summary) });
      out.write(isOpen ? '\n]\n' : '[]\n');
    },
    close: () => Promise.resolve(),
  };
}

function entryOf({ status, summary, result, problem }: TaskResult): Readonly<Record<string, unknown>> {
  return { status, summary, result, ...(problem && { problem: problemOf(problem) }) };
}

function entryOfEnd({ outcome, problem }: HostSummary): Readonly<Record<string, unknown>> {
  return { status: outcome, ...(problem && { problem: problemOf(problem) }) };
}

/** Without its place, which is one of the command line. */
function problemOf(problem: NonNullable<TaskResult['problem']>): Readonly<Record<string, unknown>> {
  const { at: _at, ...rest } = limitOutput(problem);
  return rest;
}
