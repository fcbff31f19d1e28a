/**
 * Owns the one stream of events that a run is made of. Reporters, the journal and tests know nothing else of a run.
 * An event is data: it can be written as a line of JSON and read back.
 */
import type { Problem } from './errors.js';
import type { Diff } from './module.js';
import type { Progress } from './progress.js';
import type { Value, ValueMap } from './value.js';

export interface TaskRef {
  readonly id: string;
  readonly name: string;
  readonly module: string;
  /** `file:line:column` */
  readonly at: string;
  /** Which part of a play it stands in. */
  readonly section: 'tasks' | 'rescue' | 'always' | 'handlers' | 'facts' | 'between-batches';
  /** From 1, among those of its play that are known before it. Others have none. */
  readonly number?: number;
}

/**
 * ok: nothing to change. changed: changed, or in check mode would change. skipped: a condition said no. failed: the
 * host said no. unknown: in check mode, rests on what was not run; in a run, the connection broke during a task and
 * nobody can say. unreachable: never begun, since there was no connection, or it was lost twice during a look.
 */
export const taskStatuses = ['ok', 'changed', 'skipped', 'failed', 'unknown', 'unreachable'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** Undefined: as the status says. */
interface Marks {
  readonly changed?: boolean;
  readonly failed?: boolean;
}

export interface TaskResult {
  readonly status: TaskStatus;
  /** One line: what was (or would be) changed, or why nothing was, or why it was skipped. */
  readonly summary: string;
  readonly diff: readonly Diff[];
  /** The task's own `diff`: shown, or not, whatever `--diff` says. */
  readonly showsDiff?: boolean;
  readonly destroys?: string;
  readonly message?: string;
  readonly problem?: Problem;
  /** Failed, but `ignore_errors` lets the host go on. */
  readonly ignored: boolean;
  /** How often it was tried, where that was more than once. */
  readonly attempts?: number;
  /** How often a looped include counts as ok: once for each item that it takes in. */
  readonly times?: number;
  /** Where what `register` says differs from the status: a failed command may have changed something. */
  readonly marks?: Marks;
  /** The task that an unknown result rests on. */
  readonly waitsFor?: string;
  /** What `register` got. `no_log` leaves it empty, and every other text of the task too. */
  readonly result: ValueMap;
  readonly items?: readonly ItemResult[];
  readonly ms: number;
  readonly exchanges: number;
}

export interface ItemResult extends Omit<TaskResult, 'items'> {
  readonly label: string;
  readonly item: Value;
}

/** A line of the recap. */
export interface Counts {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
  readonly unknown: number;
}

/**
 * How a host left the run. `halted`: nothing is wrong with it, but it was stopped before its next task because others
 * failed. `not-tried`: it was never begun.
 */
export type HostOutcome =
  'done' | 'failed' | 'unreachable' | 'unknown' | 'halted' | 'interrupted' | 'not-tried';

/**
 * What a run was asked to do: enough to ask for the same again. It is written down, so nothing is in it that may be
 * secret: of extra variables given by value only the names, of passwords only where they come from.
 */
export interface RunRequest {
  /** The folder that relative paths are taken from. */
  readonly cwd: string;
  /** The command line's options, as the command line's reader names them. */
  readonly options: ValueMap;
  /** Files of extra variables (`-e @file`), in order. */
  readonly extraVarsFiles: readonly string[];
  /** Names of extra variables that were given by value. */
  readonly extraVarsNames: readonly string[];
  /** SHA-256, in hex, of each file of tasks that is known before the run, by the name that the user calls it. */
  readonly texts: Readonly<Record<string, string>>;
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

type Happening =
  | {
      readonly type: 'run-started';
      readonly runId: string;
      /** ISO 8601, UTC */
      readonly at: string;
      readonly version: string;
      readonly check: boolean;
      readonly playbooks: readonly string[];
      readonly hosts: readonly string[];
      readonly request?: RunRequest;
      /** The id of the run that this one goes on with. */
      readonly resumes?: string;
      /** Handlers that it left to this one, by host. */
      readonly pendingHandlers?: Readonly<Record<string, readonly string[]>>;
    }
  /** Hosts that came during the run, told before the play that takes them first. */
  | { readonly type: 'hosts-added'; readonly hosts: readonly string[] }
  | {
      readonly type: 'play-started';
      readonly play: string;
      readonly hosts: readonly string[];
      readonly batches: number;
      /** How many of its tasks are known before it. Older runs did not write it. */
      readonly tasks?: number;
    }
  | {
      readonly type: 'batch-started';
      readonly play: string;
      /** From 1. */
      readonly batch: number;
      readonly of: number;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'host-connected'; readonly host: string; readonly ms: number }
  | {
      readonly type: 'task-started';
      readonly host: string;
      readonly task: TaskRef;
      /** Handlers that are to run where it changes something: who reads of no end must reckon with them. */
      readonly notifies?: readonly string[];
    }
  /** A loop comes to an item. For those who watch: no journal has it, since the result has all items. */
  | {
      readonly type: 'item-started';
      readonly host: string;
      readonly task: TaskRef;
      /** Its label; empty where the task hides it. */
      readonly item: string;
      /** From 1. */
      readonly index: number;
      readonly of: number;
    }
  | {
      readonly type: 'task-output';
      readonly host: string;
      readonly task: TaskRef;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  /** The progress of a long step, at most about once a second. As `item-started`, it is not kept in the journal. */
  | ({
      readonly type: 'task-progressed';
      readonly host: string;
      readonly task: TaskRef;
    } & Progress)
  /** What the user is to read while the task is still under way. */
  | { readonly type: 'task-said'; readonly host: string; readonly task: TaskRef; readonly text: string }
  | {
      readonly type: 'task-retried';
      readonly host: string;
      readonly task: TaskRef;
      readonly attempt: number;
      readonly of: number;
      readonly summary: string;
    }
  | {
      readonly type: 'task-finished';
      readonly host: string;
      readonly task: TaskRef;
      readonly result: TaskResult;
    }
  /** A handler that was notified has done its work. */
  | { readonly type: 'handler-finished'; readonly host: string; readonly handler: string }
  | {
      /** A block's rescue begins: what failed before is being handled. */
      readonly type: 'rescue-started';
      readonly host: string;
      readonly block: string;
      /** Left out where the user interrupted between two tasks. */
      readonly failed?: TaskRef;
      readonly reason: string;
    }
  | {
      readonly type: 'host-finished';
      readonly host: string;
      readonly outcome: HostOutcome;
      readonly counts: Counts;
      readonly problem?: Problem;
      /** Handlers that were notified and have not run. */
      readonly pendingHandlers?: readonly string[];
    }
  | {
      /** A play begins no other host: its budget is spent, or its gate is shut. What follows it is not run either. */
      readonly type: 'play-stopped';
      readonly play: string;
      readonly reason: string;
      readonly notTried: readonly string[];
    }
  | { readonly type: 'warning'; readonly message: string; readonly host?: string }
  /** Somebody wants an end: no other task begins, those under way are ended, and what tidies up after them still runs. */
  | { readonly type: 'run-stopping'; readonly signal: StopSignal }
  | {
      readonly type: 'run-finished';
      readonly at: string;
      readonly ms: number;
      readonly exitCode: number;
      readonly hosts: readonly HostSummary[];
    };

/**
 * `time`: milliseconds since the run began, by a clock that nobody sets. Runs before 0.2.0 did not write it, and an event
 * has none before it is handed to the reporters.
 */
export type RunEvent = Happening & { readonly time?: number };

export interface HostSummary {
  readonly host: string;
  readonly outcome: HostOutcome;
  readonly counts: Counts;
  readonly problem?: Problem;
  /** Handlers that were notified and have not run. */
  readonly pendingHandlers?: readonly string[];
  readonly handshakes: number;
  readonly exchanges: number;
}

/** Where events go. Never throws, never blocks. */
export type Emit = (event: RunEvent) => void;

export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;
