/**
 * Owns what a report of a run holds: the one account that every kind of report file is written from. Knows nothing of
 * journals, and nothing of how a file looks.
 */
import type { ErrorCode } from '../../core/errors.js';
import type { Counts, TaskRef, TaskStatus } from '../../core/events.js';
import type { FieldDiff } from '../../core/module.js';
import type { Measure } from '../measures.js';
import type { HostStanding } from '../run-record.js';

/** The first number changes where a reader of JSON reports would have to. */
export const reportSchema = 'zrun-report/1';

/** What to look at first comes first. */
export const outcomeOrder = [
  'failed',
  'unreachable',
  'unknown',
  'interrupted',
  'halted',
  'not-tried',
  'running',
  'waiting',
  'done',
] as const satisfies readonly HostStanding[];

export interface RunReport {
  readonly run: ReportedRun;
  readonly plays: readonly ReportedPlay[];
  /** Every task that a host came to, in the order of the first. */
  readonly tasks: readonly ReportedTask[];
  readonly hosts: readonly ReportedHost[];
  /** Why hosts are not done: equal causes once, with all their hosts; in the recap's order. */
  readonly failures: readonly ReportedFailure[];
  /** Failures that a rescue has dealt with, on hosts that are done. */
  readonly rescued: readonly ReportedFailure[];
  readonly warnings: readonly ReportedWarning[];
}

/** `interrupted`: zrun was killed, or the machine went down. */
export type RunState = 'finished' | 'going' | 'interrupted';

interface ReportedRun {
  readonly id: string;
  readonly state: RunState;
  /** zrun's. */
  readonly version: string;
  readonly check: boolean;
  readonly playbooks: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Undefined where it has not finished. */
  readonly finishedAt: string | undefined;
  /** Of a run that goes on, until now; of one that was interrupted, until its last sign of life. */
  readonly ms: number;
  readonly exitCode: number | undefined;
  /** The id of the run that it resumes. */
  readonly resumes: string | undefined;
  /** False of a journal without times: when a task began is then reckoned from how long those before it took. */
  readonly hasTimes: boolean;
  /** False where there was more output than a report holds: some of it is only in the hosts' logs. */
  readonly isWhole: boolean;
}

interface ReportedPlay {
  readonly play: string;
  /** As all times here: milliseconds since the run began. */
  readonly start: number;
  readonly hosts: number;
  readonly batches: number;
  /** Why it began no other host. */
  readonly stopped: string | undefined;
  readonly notTried: readonly string[];
}

/** A task of a play, and what it cost on all hosts that did not skip it. */
export interface ReportedTask extends TaskRef {
  /** Its place in the report's list, from 0. */
  readonly index: number;
  readonly play: string;
  readonly hosts: number;
  readonly ms: number;
  readonly slowestMs: number;
  readonly slowestHost: string;
}

export interface ReportedHost {
  readonly host: string;
  readonly outcome: HostStanding;
  readonly counts: Counts;
  readonly problem: ReportedProblem | undefined;
  readonly pendingHandlers: readonly string[];
  readonly connectMs: number | undefined;
  /** Undefined where it was not tried. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** What its tasks said that they had measured. */
  readonly measures: readonly Measure[];
  /** In the order in which they finished. */
  readonly results: readonly ReportedResult[];
}

/** `unfinished`: it was under way when the journal ended, or still is. */
export type ReportedStatus = TaskStatus | 'unfinished';

/** What there is to say of one result, beside its one line. */
export interface ReportedDetail {
  readonly message?: string;
  readonly destroys?: string;
  /** How often it was tried, where that was more than once. */
  readonly attempts?: number;
  readonly waitsFor?: string;
  readonly problem?: ReportedProblem;
  readonly diffs?: readonly ReportedDiff[];
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface ReportedResult extends ReportedDetail {
  readonly task: ReportedTask;
  readonly status: ReportedStatus;
  readonly summary: string;
  /** Failed, but the host was let go on. */
  readonly ignored: boolean;
  /** A rescue has dealt with its failure. */
  readonly rescued: boolean;
  readonly start: number;
  readonly ms: number;
  readonly items?: readonly ReportedItem[];
}

export interface ReportedItem extends ReportedDetail {
  readonly label: string;
  readonly status: TaskStatus;
  readonly summary: string;
  readonly ignored: boolean;
  readonly ms: number;
}

export interface ReportedProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** `file:line:column` */
  readonly at?: string;
  readonly command?: string;
  readonly status?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export type ReportedDiff =
  | {
      readonly type: 'text';
      readonly path: string;
      /** It was not there before; it is not there afterwards. */
      readonly isNew: boolean;
      readonly isGone: boolean;
      /** As `diff -u` writes it, from the first `@@` on. */
      readonly unified: string;
    }
  | { readonly type: 'fields'; readonly subject: string; readonly fields: readonly FieldDiff[] };

export interface ReportedFailure {
  readonly outcome: HostStanding;
  readonly hosts: readonly string[];
  readonly task: ReportedTask | undefined;
  /** Of the first of the hosts; of several, its message without what is only that host's. */
  readonly problem: ReportedProblem | undefined;
  /** What was printed last is the first host's, and differs in its numbers on others. */
  readonly areNumbersOther: boolean;
  /** What failed before, where the last failure is that of a rescue. */
  readonly cause: { readonly task: string; readonly message: string } | undefined;
}

interface ReportedWarning {
  readonly host: string | undefined;
  readonly message: string;
}

/** How many hosts ended in which way; the ways that none ended in are left out. */
export function countOutcomes({ hosts }: RunReport): ReadonlyMap<HostStanding, number> {
  const counts = new Map<HostStanding, number>();
  for (const outcome of outcomeOrder) {
    const count = hosts.filter((host) => host.outcome === outcome).length;
    if (count > 0) counts.set(outcome, count);
  }
  return counts;
}

/** Plays that were stopped for a reason that no host of `failures` names. */
export function untoldStops({ plays, failures }: RunReport): readonly ReportedPlay[] {
  const told = new Set(failures.map(({ problem }) => problem?.message));
  return plays.filter(({ stopped }) => stopped !== undefined && !told.has(stopped));
}

/** The task that took most of all first. */
export function slowestTasks({ tasks }: RunReport, most: number): readonly ReportedTask[] {
  return [...tasks].sort((a, b) => b.ms - a.ms).slice(0, most);
}
