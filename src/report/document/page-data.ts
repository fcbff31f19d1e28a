/**
 * Owns the data inside a report's page, and how it is written so that a page of a thousand hosts opens at once: every
 * text once, everywhere else its number; results as plain numbers in a row. The page's script reads it
 * (page/model.js), and everything in it is only ever shown as text.
 */
import { taskStatuses } from '../../core/events.js';
import { withoutNamedCommand } from '../describe.js';
import { visible, visibleLine } from '../visible.js';
import {
  outcomeOrder,
  untoldStops,
  type ReportedDetail,
  type ReportedFailure,
  type ReportedHost,
  type ReportedItem,
  type ReportedProblem,
  type ReportedResult,
  type ReportedStatus,
  type RunReport,
} from './report.js';
import { describeAttempts, describeState, formatDiff, summarise } from './words.js';

/** A number of one of the strings. */
type TextId = number;

const statuses = [...taskStatuses, 'unfinished'] as const satisfies readonly ReportedStatus[];

/** Added to a status's number. */
const IGNORED = 8;
const RESCUED = 16;

interface PageProblem {
  readonly code: string;
  readonly status?: number;
  readonly texts: Readonly<Record<string, TextId>>;
}

/** What is shown when somebody asks. Equal ones are in the page once. */
interface PageDetail {
  readonly texts: Readonly<Record<string, TextId>>;
  readonly problem?: PageProblem;
  readonly diffs?: readonly TextId[];
  readonly items?: readonly PageItem[];
}

interface PageItem {
  readonly label: TextId;
  readonly status: number;
  readonly summary: TextId;
  readonly ms: number;
  /** -1: none. */
  readonly detail: number;
}

/** The JSON, in pieces. No piece can end the element that it stands in. */
export function* writePageData(report: RunReport): Generator<string> {
  const strings = new Map<string, TextId>();
  const details = new Map<string, number>();

  function text(of: string): TextId {
    const known = strings.get(of);
    if (known !== undefined) return known;
    strings.set(of, strings.size);
    return strings.size - 1;
  }

  function textsOf(named: Readonly<Record<string, string | undefined>>): Record<string, TextId> {
    return Object.fromEntries(
      Object.entries(named).flatMap(([name, of]) => (of === undefined ? [] : [[name, text(of)] as const])),
    );
  }

  function problemOf(problem: ReportedProblem): PageProblem {
    const { code, status, message, command, stdout, stderr, hint, at } = withoutNamedCommand(problem);
    const texts = textsOf({ message, command, stdout, stderr, hint, at });
    return { code, ...(status !== undefined && { status }), texts };
  }

  /** -1: there is nothing to say. */
  function detailOf(of: ReportedDetail & { readonly items?: readonly ReportedItem[] }): number {
    const { destroys, message, waitsFor, stdout, stderr, problem, diffs, items } = of;
    const texts = textsOf({ attempts: describeAttempts(of), destroys, message, waitsFor, stdout, stderr });
    if (Object.keys(texts).length === 0 && !problem && !diffs && !items) return -1;
    const made: PageDetail = {
      texts,
      ...(problem && { problem: problemOf(problem) }),
      ...(diffs && { diffs: diffs.map((diff) => text(formatDiff(diff).join('\n'))) }),
      ...(items && { items: items.map(itemOf) }),
    };
    const key = JSON.stringify(made);
    const known = details.get(key);
    if (known !== undefined) return known;
    details.set(key, details.size);
    return details.size - 1;
  }

  function itemOf(item: ReportedItem): PageItem {
    const { label, status, summary, ignored, ms } = item;
    return {
      label: text(label),
      status: statuses.indexOf(status) + (ignored ? IGNORED : 0),
      summary: text(summary),
      ms,
      detail: detailOf(item),
    };
  }

  function resultOf(result: ReportedResult): readonly number[] {
    const { task, status, summary, ignored, rescued, start, ms } = result;
    const marks = (ignored ? IGNORED : 0) + (rescued ? RESCUED : 0);
    return [task.index, statuses.indexOf(status) + marks, start, ms, text(summary), detailOf(result)];
  }

  function hostOf({ host, outcome, counts, problem, ...rest }: ReportedHost): object {
    const { pendingHandlers, connectMs, start, end, measures, results } = rest;
    return {
      name: visibleLine(host),
      outcome: outcomeOrder.indexOf(outcome),
      counts: Object.values(counts),
      pending: pendingHandlers.map(visibleLine),
      connectMs,
      start,
      end,
      ...(measures.length > 0 && {
        measures: measures.map((measure) => ({ ...measure, what: visibleLine(measure.what) })),
      }),
      problem: problem ? detailOf({ problem }) : -1,
      results: results.flatMap(resultOf),
    };
  }

  const places = new Map(report.hosts.map(({ host }, i) => [host, i]));

  function failureOf({ outcome, hosts, task, problem, areNumbersOther, cause }: ReportedFailure): object {
    return {
      outcome: outcomeOrder.indexOf(outcome),
      hosts: hosts.flatMap((host) => places.get(host) ?? []),
      task: task?.index ?? -1,
      detail: problem ? detailOf({ problem }) : -1,
      areNumbersOther,
      cause: cause && { task: visibleLine(cause.task), message: visible(cause.message) },
    };
  }

  const { run, tasks, hosts, failures, rescued, warnings } = report;
  const head = {
    run: { ...run, playbooks: run.playbooks.map(visibleLine), version: visibleLine(run.version) },
    said: { summary: summarise(report), state: describeState(report) },
    outcomes: outcomeOrder,
    statuses,
    counted: Object.keys(hosts[0]?.counts ?? {}),
    stops: untoldStops(report).map(({ play, stopped = '' }) => ({
      play: visibleLine(play),
      reason: visible(stopped),
    })),
    tasks: tasks.map((task) => ({
      name: visibleLine(task.name),
      module: visibleLine(task.module),
      at: visibleLine(task.at),
      play: visibleLine(task.play),
      section: task.section,
      hosts: task.hosts,
      ms: task.ms,
      slowestMs: task.slowestMs,
      slowestHost: visibleLine(task.slowestHost),
    })),
    failures: failures.map(failureOf),
    rescued: rescued.map(failureOf),
    warnings: warnings.map(({ host, message }) => ({
      host: host === undefined ? undefined : visibleLine(host),
      message: visible(message),
    })),
  };
  yield `${embed(head).slice(0, -1)},"hosts":[`;
  for (const [i, host] of hosts.entries()) yield `${i === 0 ? '' : ',\n'}${embed(hostOf(host))}`;
  yield '],\n"details":[';
  for (const [i, detail] of [...details.keys()].entries()) yield `${i === 0 ? '' : ',\n'}${escape(detail)}`;
  yield '],\n"strings":[';
  let isFirst = true;
  for (const of of strings.keys()) {
    yield `${isFirst ? '' : ',\n'}${embed(visible(of))}`;
    isFirst = false;
  }
  yield ']}';
}

function embed(value: unknown): string {
  return escape(JSON.stringify(value));
}

/** JSON for a script element, which `</script` and `<!--` would end or turn into something else. */
function escape(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
