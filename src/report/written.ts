/**
 * Owns events in their written form: one line of JSON each, for the journal, `--output ndjson` and whoever reads them.
 * A place becomes `file:line:column`, so that no file's text travels along.
 */
import { formatPlace, type Problem } from '../core/errors.js';
import type { HostSummary, ItemResult, RunEvent, TaskResult } from '../core/events.js';

/** A problem as it is written. */
interface WrittenProblem extends Omit<Problem, 'at'> {
  /** `file:line:column` */
  readonly at?: string;
}

/** An event with every problem in its written form. */
export type WrittenEvent = Written<RunEvent>;

type Written<T> = T extends unknown
  ? {
      readonly [K in keyof T]: K extends 'result'
        ? WrittenResult
        : K extends 'problem'
          ? WrittenProblem
          : K extends 'hosts'
            ? WrittenHosts<T[K]>
            : T[K];
    }
  : never;

type WrittenHosts<T> = T extends readonly HostSummary[] ? readonly WrittenSummary[] : T;

export type WrittenResult = Omit<TaskResult, 'problem' | 'items'> & {
  readonly problem?: WrittenProblem;
  readonly items?: readonly WrittenItem[];
};

export type WrittenItem = Omit<ItemResult, 'problem'> & { readonly problem?: WrittenProblem };

type WrittenSummary = Omit<HostSummary, 'problem'> & { readonly problem?: WrittenProblem };

export function writeEvent(event: RunEvent): WrittenEvent {
  switch (event.type) {
    case 'task-finished':
      return { ...event, result: writeResult(event.result) };
    case 'host-finished':
      return withProblem(event);
    case 'run-finished':
      return { ...event, hosts: event.hosts.map((host) => writeSummary(host)) };
    case 'run-started':
    case 'hosts-added':
    case 'play-started':
    case 'batch-started':
    case 'host-connected':
    case 'task-started':
    case 'item-started':
    case 'task-progressed':
    case 'task-output':
    case 'task-said':
    case 'task-retried':
    case 'handler-finished':
    case 'rescue-started':
    case 'play-stopped':
    case 'warning':
    case 'run-stopping':
      return event;
  }
}

/** Characters of a line. Readers hold a line in memory, and no string may have more than some 500 million. */
const longestLine = 64 * 1024 * 1024;

/**
 * One line, without its line feed. Where it would be longer than `longestLine`, as of a loop over thousands of noisy
 * items, it says what came of the task, and not what the task returned.
 */
export function formatEvent(event: RunEvent): string {
  const written = writeEvent(event);
  const line = stringify(written);
  if (line !== undefined && (line.length <= longestLine || written.type !== 'task-finished')) return line;
  if (written.type !== 'task-finished') return JSON.stringify({ type: written.type, omitted: tooLong });
  const { items: _items, diff: _diff, message: _message, ...rest } = written.result;
  return JSON.stringify({ ...written, result: { ...rest, diff: [], result: { omitted: tooLong } } });
}

const tooLong = `more than ${longestLine / 1024 / 1024} MiB`;

/** Undefined where no string can hold it. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * An event that was read back, as reporters take it. The places of problems stay behind, since there is no text any more
 * that they point into; tasks have theirs.
 */
export function readEvent(event: WrittenEvent): RunEvent {
  switch (event.type) {
    case 'task-finished': {
      const { items, ...rest } = event.result;
      const result = {
        ...withoutPlace(rest),
        ...(items && { items: items.map((item) => withoutPlace(item)) }),
      };
      return { ...event, result };
    }
    case 'host-finished':
      return withoutPlace(event);
    case 'run-finished':
      return { ...event, hosts: event.hosts.map((host) => withoutPlace(host)) };
    case 'run-started':
    case 'hosts-added':
    case 'play-started':
    case 'batch-started':
    case 'host-connected':
    case 'task-started':
    case 'item-started':
    case 'task-progressed':
    case 'task-output':
    case 'task-said':
    case 'task-retried':
    case 'handler-finished':
    case 'rescue-started':
    case 'play-stopped':
    case 'warning':
    case 'run-stopping':
      return event;
  }
}

function withoutPlace<T extends { readonly problem?: WrittenProblem }>(
  value: T,
): Omit<T, 'problem'> & { readonly problem?: Problem } {
  const { problem, ...rest } = value;
  if (!problem) return rest;
  const { at: _at, ...kept } = problem;
  return { ...rest, problem: kept };
}

export function writeSummary<T extends Pick<HostSummary, 'problem'>>(
  summary: T,
): Omit<T, 'problem'> & { readonly problem?: WrittenProblem } {
  return withProblem(summary);
}

function writeResult(result: TaskResult): WrittenResult {
  const { items, ...rest } = result;
  return { ...withProblem(rest), ...(items && { items: items.map((item) => withProblem(item)) }) };
}

function withProblem<T extends { readonly problem?: Problem }>(
  value: T,
): Omit<T, 'problem'> & { readonly problem?: WrittenProblem } {
  const { problem, ...rest } = value;
  return problem ? { ...rest, problem: writeProblem(problem) } : rest;
}

function writeProblem(problem: Problem): WrittenProblem {
  const { at, ...rest } = problem;
  return at ? { ...rest, at: formatPlace(at) } : rest;
}
