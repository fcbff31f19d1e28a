/**
 * Owns how a run's events, read back from its journal, become a report: of any run, however far it went. Knows nothing
 * of files.
 */
import type { EventOf, TaskRef } from '../../core/events.js';
import { endOf, groupFailures, isFailure, type Failure, type FailureGroup } from '../failures.js';
import { withoutHost } from '../hosts/likeness.js';
import { readMeasure, type Measure } from '../measures.js';
import {
  createRunReader,
  summariseCutOff,
  summariseGoing,
  type HostStanding,
  type RunRecord,
  type StandingSummary,
} from '../run-record.js';
import { readEvent, type WrittenEvent } from '../written.js';
import { createDetails } from './details.js';
import {
  type ReportedFailure,
  type ReportedHost,
  type ReportedProblem,
  type ReportedResult,
  type ReportedTask,
  type RunReport,
} from './report.js';

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** What is known of a host so far. */
interface HostStory {
  readonly results: Growing<ReportedResult>[];
  readonly measures: Measure[];
  problem: ReportedProblem | undefined;
  connectMs: number | undefined;
  start: number | undefined;
  /** When the last thing happened. */
  end: number;
  doing: { readonly task: TaskRef; readonly start: number } | undefined;
}

interface ReportReader {
  tell(event: WrittenEvent): void;
  /**
   * Undefined where not even the run's start is there. `isGoing`: what has no end yet may still get one. `until`: now, or a
   * later sign of life than the last event; milliseconds since the epoch.
   */
  read(isGoing: boolean, until?: number): RunReport | undefined;
}

export function createReportReader(): ReportReader {
  const record = createRunReader();
  const details = createDetails();
  const plays: Growing<RunReport['plays'][number]>[] = [];
  const tasks = new Map<string, Growing<ReportedTask>>();
  const stories = new Map<string, HostStory>();
  const warnings: RunReport['warnings'][number][] = [];
  /** Failures of each host, in order, as the recap keeps them. */
  const failuresOf = new Map<string, Failure[]>();
  const rescued: Failure[] = [];
  let check = false;
  let hasTimes = false;
  let last = 0;

  function storyOf(host: string): HostStory {
    const known = stories.get(host);
    if (known) return known;
    const made = {
      results: [],
      measures: [],
      problem: undefined,
      connectMs: undefined,
      start: undefined,
      end: 0,
    };
    const story: HostStory = { ...made, doing: undefined };
    stories.set(host, story);
    return story;
  }

  function taskOf(ref: TaskRef): Growing<ReportedTask> {
    const play = plays.at(-1)?.play ?? '';
    const key = JSON.stringify([plays.length, ref.section, ref.id]);
    const known = tasks.get(key);
    if (known) return known;
    const made = { ...ref, index: tasks.size, play, hosts: 0, ms: 0, slowestMs: 0, slowestHost: '' };
    tasks.set(key, made);
    return made;
  }

  function finishTask(event: Extract<WrittenEvent, { type: 'task-finished' }>): void {
    const { host, task: ref, result, time } = event;
    const story = storyOf(host);
    const { status, summary, ignored, ms, items } = result;
    const task = taskOf(ref);
    // Who skips a task says nothing of how long it takes.
    if (status !== 'skipped') {
      task.hosts++;
      task.ms += ms;
      if (ms >= task.slowestMs) [task.slowestMs, task.slowestHost] = [ms, host];
    }
    const start = time === undefined ? story.end : Math.max(0, time - ms);
    // It began before the connection that it waited for. Clocks are read twice: no task is longer than its host.
    story.start = Math.min(story.start ?? start, start);
    story.end = Math.max(time ?? 0, start + ms);
    story.doing = undefined;
    const measure = readMeasure(result.message);
    if (measure) story.measures.push(measure);
    story.results.push({
      task,
      status,
      summary: details.share(summary),
      ignored,
      rescued: false,
      start,
      ms,
      ...details.read(result),
      ...(items && { items: items.map((item) => details.readItem(item)) }),
    });
    if (isFailure(result, check)) {
      const read = readEvent(event);
      const problem = (read.type === 'task-finished' ? read.result.problem : undefined) ?? {
        code: 'task-failed' as const,
        message: summary,
      };
      failuresOf.set(host, [...(failuresOf.get(host) ?? []), { host, task: ref, problem }]);
    }
  }

  function startRescue({ host, failed }: EventOf<'rescue-started'>): void {
    const failure = failuresOf.get(host)?.find(({ task }) => task?.id === failed?.id);
    if (!failure) return;
    rescued.push(failure);
    const result = storyOf(host).results.findLast(({ task }) => task.id === failed?.id);
    if (result) result.rescued = true;
  }

  function tell(event: WrittenEvent): void {
    record.tell(event);
    if (event.time !== undefined) [hasTimes, last] = [true, event.time];
    const now = event.time ?? last;
    switch (event.type) {
      case 'run-started':
        check = event.check;
        return;
      case 'play-started': {
        const { play, hosts, batches } = event;
        plays.push({ play, start: now, hosts: hosts.length, batches, stopped: undefined, notTried: [] });
        return;
      }
      case 'play-stopped': {
        const play = plays.findLast((each) => each.play === event.play);
        if (play) Object.assign(play, { stopped: event.reason, notTried: event.notTried });
        return;
      }
      case 'host-connected': {
        const story = storyOf(event.host);
        story.connectMs = (story.connectMs ?? 0) + event.ms;
        story.start ??= Math.max(0, now - event.ms);
        return;
      }
      case 'task-started':
        storyOf(event.host).doing = { task: event.task, start: event.time ?? storyOf(event.host).end };
        return;
      case 'task-finished':
        finishTask(event);
        return;
      case 'rescue-started':
        startRescue(event);
        return;
      case 'host-finished': {
        const story = storyOf(event.host);
        if (event.problem) story.problem = details.readProblem(event.problem);
        story.doing = undefined;
        return;
      }
      case 'warning':
        warnings.push({ host: event.host, message: event.message });
        return;
      case 'run-stopping': {
        const by = event.signal === 'SIGINT' ? 'Ctrl-C' : event.signal;
        warnings.push({ host: undefined, message: `the run was stopped by ${by}` });
        return;
      }
      case 'run-finished':
      case 'hosts-added':
      case 'batch-started':
      case 'item-started':
      case 'task-progressed':
      case 'task-output':
      case 'task-said':
      case 'task-retried':
      case 'handler-finished':
        return;
    }
  }

  function readHost(
    { host, outcome, counts, problem, pendingHandlers = [] }: StandingSummary,
    until: number,
  ): ReportedHost {
    const story = storyOf(host);
    const { doing } = story;
    const results: readonly ReportedResult[] = doing
      ? [...story.results, readUnfinished(doing, until)]
      : story.results;
    return {
      host,
      outcome,
      counts,
      problem: story.problem ?? (problem && details.readProblem(withoutPlace(problem))),
      pendingHandlers,
      connectMs: story.connectMs,
      start: story.start ?? doing?.start,
      end: doing ? until : story.start === undefined ? undefined : story.end,
      measures: story.measures,
      results,
    };
  }

  function readUnfinished({ task, start }: NonNullable<HostStory['doing']>, until: number): ReportedResult {
    const ms = Math.max(0, until - start);
    const rest = { summary: '', ignored: false, rescued: false, start, ms };
    return { task: taskOf(task), status: 'unfinished', ...rest };
  }

  function readFailure(
    outcome: HostStanding,
    { first, hosts, message, areNumbersOther }: FailureGroup,
  ): ReportedFailure {
    const { host, task, problem } = first;
    const cause = failuresOf.get(host)?.[0];
    // The places of problems stay behind where events are read back; the results have them.
    const result = stories.get(host)?.results.findLast((each) => each.task.id === task?.id);
    const told = result?.problem ?? (problem && details.readProblem(withoutPlace(problem)));
    return {
      outcome,
      hosts,
      task: result?.task,
      problem: told && nameNoHost(told, message, host),
      areNumbersOther,
      cause:
        cause?.task && cause.task.id !== task?.id
          ? { task: cause.task.name, message: cause.problem?.message ?? '' }
          : undefined,
    };
  }

  /** Of several hosts: `message` has none of them in it. */
  function nameNoHost(problem: ReportedProblem, message: string, host: string): ReportedProblem {
    const [first, ...rest] = problem.message.split('\n');
    if (first === message) return problem;
    const { command } = problem;
    return {
      ...problem,
      message: details.share([message, ...rest].join('\n')),
      ...(command !== undefined && { command: details.share(withoutHost(command, host)) }),
    };
  }

  function readFailures(hosts: readonly StandingSummary[]): readonly ReportedFailure[] {
    const outcomes = ['failed', 'unknown', 'unreachable', 'halted', 'interrupted', 'not-tried'] as const;
    return outcomes.flatMap((outcome) => {
      const ends = hosts.filter((host) => host.outcome === outcome).map((host) => endOf(host, failuresOf));
      return groupFailures(ends).map((group) => readFailure(outcome, group));
    });
  }

  /** Older journals do not say it of each host. */
  function withReason(summary: StandingSummary): StandingSummary {
    if (summary.outcome !== 'not-tried' || summary.problem) return summary;
    const reason = plays.find(({ notTried }) => notTried.includes(summary.host))?.stopped;
    return reason === undefined ? summary : { ...summary, problem: { code: 'halted', message: reason } };
  }

  return {
    tell,
    read(isGoing, until) {
      const run = record.read();
      if (!run) return undefined;
      const { started, finished } = run;
      const summaries = (finished?.hosts ?? (isGoing ? summariseGoing(run) : summariseCutOff(run))).map(
        withReason,
      );
      const ends = [...stories.values()].map(({ end }) => end);
      const lived = until === undefined ? 0 : until - Date.parse(started.at);
      const ms = finished?.ms ?? ends.reduce((most, end) => Math.max(most, end), Math.max(last, lived || 0));
      const done = new Set(summaries.filter(({ outcome }) => outcome === 'done').map(({ host }) => host));
      // Before isWhole is asked for.
      const hosts = summaries.map((summary) => readHost(summary, ms));
      const failures = readFailures(summaries);
      return {
        run: {
          ...describeRun(run),
          state: finished ? 'finished' : isGoing ? 'going' : 'interrupted',
          ms,
          resumes: started.resumes,
          hasTimes,
          isWhole: details.isWhole,
        },
        plays,
        tasks: [...tasks.values()],
        hosts,
        failures,
        rescued: groupFailures(rescued.filter(({ host }) => done.has(host))).map((group) =>
          readFailure('done', group),
        ),
        warnings,
      };
    },
  };
}

function describeRun({
  started,
  finished,
}: RunRecord): Pick<
  RunReport['run'],
  'id' | 'version' | 'check' | 'playbooks' | 'startedAt' | 'finishedAt' | 'exitCode'
> {
  const { runId: id, version, check, playbooks, at: startedAt } = started;
  return { id, version, check, playbooks, startedAt, finishedAt: finished?.at, exitCode: finished?.exitCode };
}

function withoutPlace<T extends { readonly at?: unknown }>(problem: T): Omit<T, 'at'> {
  const { at: _at, ...rest } = problem;
  return rest;
}
