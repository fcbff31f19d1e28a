/**
 * Owns a report as one JSON document, for programs. What is undefined is left out; times are milliseconds since the run
 * began.
 */
import {
  countOutcomes,
  reportSchema,
  type ReportedFailure,
  type ReportedHost,
  type RunReport,
} from './report.js';

/** In pieces, a host at a time: no string need hold it all. */
export function* writeJsonReport(report: RunReport): Generator<string> {
  const { run, plays, tasks, hosts, failures, rescued, warnings } = report;
  const head = {
    schema: reportSchema,
    run,
    summary: { hosts: hosts.length, outcomes: Object.fromEntries(countOutcomes(report)) },
    plays,
    tasks: tasks.map(({ index: _index, ...task }) => task),
    failures: failures.map(withTaskIndex),
    rescued: rescued.map(withTaskIndex),
    warnings,
  };
  yield `${JSON.stringify(head, undefined, 1).slice(0, -2)},\n "hosts": [`;
  for (const [i, host] of hosts.entries())
    yield `${i === 0 ? '' : ','}\n  ${JSON.stringify(withTaskIndexes(host))}`;
  yield '\n ]\n}\n';
}

/** A task stands once in the list of tasks; elsewhere are its place there and its name. */
function withTaskIndex({ task, ...failure }: ReportedFailure): object {
  return { ...(task && { task: task.index, name: task.name }), ...failure };
}

function withTaskIndexes({ results, ...host }: ReportedHost): object {
  return {
    ...host,
    tasks: results.map(({ task, ...result }) => ({ task: task.index, name: task.name, ...result })),
  };
}
