/**
 * Owns that no reporter gets a secret: each event is masked before any of them sees it, and what `--diff` does not ask
 * for does not reach a log. Knows no reporter.
 */
import { lineOf, type Place, type Problem } from '../core/errors.js';
import type { EventOf, HostSummary, ItemResult, RunEvent, TaskRef, TaskResult } from '../core/events.js';
import type { Diff } from '../core/module.js';
import { dots, hasSecrets, isMarkedSecret, mask, maskPiece } from '../core/secret.js';
import { isList, isMap, type Value, type ValueMap } from '../core/value.js';

interface EventMask {
  /** The events to tell in place of this one, in order. */
  apply(event: RunEvent): readonly RunEvent[];
}

/** `diff`: contents are shown, unless a task says otherwise. */
export function createEventMask({ diff }: { readonly diff: boolean }): EventMask {
  /** Ends of outputs that may be the beginning of a secret. */
  const held = new Map<string, EventOf<'task-output'>>();

  function maskOutput(event: EventOf<'task-output'>): readonly RunEvent[] {
    const key = `${event.host}\0${event.stream}`;
    const before = held.get(key);
    held.delete(key);
    const { masked, held: rest } = maskPiece((before?.text ?? '') + event.text);
    const task = maskRef(event.task);
    if (rest !== '') held.set(key, { ...event, task, text: rest });
    return masked === '' ? [] : [{ ...event, task, text: masked }];
  }

  /** No more comes of what is over. */
  function release(host: string): readonly RunEvent[] {
    if (held.size === 0) return [];
    return (['stdout', 'stderr'] as const).flatMap((stream) => {
      const key = `${host}\0${stream}`;
      const left = held.get(key);
      held.delete(key);
      return left ?? [];
    });
  }

  return {
    apply(event) {
      if (event.type === 'task-output') return hasSecrets() || held.size > 0 ? maskOutput(event) : [event];
      const masked = maskEvent(event, diff);
      return 'host' in event ? [...release(event.host), masked] : [masked];
    },
  };
}

/** Names that others go by (of hosts, plays, handlers) stay as they are: a run is resumed by them. */
function maskEvent(event: Exclude<RunEvent, { type: 'task-output' }>, diff: boolean): RunEvent {
  if (event.type === 'task-finished') {
    const result = withItems(withoutContents(event.result, diff), (item) => withoutContents(item, diff));
    if (!hasSecrets()) return result === event.result ? event : { ...event, result };
    return { ...event, task: maskRef(event.task), result: withItems(maskResult(result), maskItem) };
  }
  if (!hasSecrets()) return event;
  switch (event.type) {
    case 'task-started':
      return { ...event, task: maskRef(event.task) };
    case 'task-progressed':
      return { ...event, task: maskRef(event.task) };
    case 'item-started':
      return { ...event, task: maskRef(event.task), item: mask(event.item) };
    case 'task-said':
      return { ...event, task: maskRef(event.task), text: mask(event.text) };
    case 'task-retried':
      return { ...event, task: maskRef(event.task), summary: mask(event.summary) };
    case 'rescue-started':
      return {
        ...event,
        ...(event.failed && { failed: maskRef(event.failed) }),
        reason: mask(event.reason),
      };
    case 'host-finished':
      return maskSummary(event);
    case 'run-finished':
      return { ...event, hosts: event.hosts.map((host): HostSummary => maskSummary(host)) };
    case 'play-stopped':
      return { ...event, reason: mask(event.reason) };
    case 'warning':
      return { ...event, message: mask(event.message) };
    case 'run-started':
    case 'hosts-added':
    case 'play-started':
    case 'batch-started':
    case 'host-connected':
    case 'handler-finished':
    case 'run-stopping':
      return event;
  }
}

/** One for each task, so that what reporters know by it stays known. */
const refs = new WeakMap<TaskRef, TaskRef>();

function maskRef(ref: TaskRef): TaskRef {
  const name = mask(ref.name);
  if (name === ref.name) return ref;
  const known = refs.get(ref);
  if (known?.name === name) return known;
  const masked = { ...ref, name };
  refs.set(ref, masked);
  return masked;
}

/** The same object where no item is another one. */
function withItems(result: TaskResult, change: (item: ItemResult) => ItemResult): TaskResult {
  const items = result.items?.map(change);
  return items?.some((item, i) => item !== result.items?.[i]) ? { ...result, items } : result;
}

/** What nobody asked to see is not kept either: contents of files without --diff, and all of it with `diff: false`. */
function withoutContents<T extends Omit<TaskResult, 'items'>>(result: T, diff: boolean): T {
  const { showsDiff } = result;
  if (result.diff.length === 0) return result;
  const isKept = (one: Diff): boolean => {
    if (showsDiff === false) return false;
    if (one.type === 'fields') return true;
    if (!(showsDiff ?? diff)) return false;
    return !isMarkedSecret(one.before ?? '') && !isMarkedSecret(one.after ?? '');
  };
  const kept = result.diff.filter(isKept);
  return kept.length === result.diff.length ? result : { ...result, diff: kept };
}

function maskResult<T extends Omit<TaskResult, 'items'>>(result: T): T {
  const { summary, destroys, message, problem, waitsFor, diff, result: value } = result;
  return {
    ...result,
    summary: mask(summary),
    diff: diff.map(maskDiff),
    ...(destroys !== undefined && { destroys: mask(destroys) }),
    ...(message !== undefined && { message: mask(message) }),
    ...(problem && { problem: maskProblem(problem) }),
    ...(waitsFor !== undefined && { waitsFor: mask(waitsFor) }),
    result: maskMap(value),
  };
}

function maskItem(item: ItemResult): ItemResult {
  return { ...maskResult(item), label: mask(item.label), item: maskValue(item.item) };
}

function maskSummary<T extends { readonly problem?: Problem }>(summary: T): T {
  return summary.problem ? { ...summary, problem: maskProblem(summary.problem) } : summary;
}

function maskProblem(problem: Problem): Problem {
  const { message, hint, at, command, stdout, stderr, tried } = problem;
  return {
    ...problem,
    message: mask(message),
    ...(hint !== undefined && { hint: mask(hint) }),
    ...(at && { at: maskPlace(at) }),
    ...(command !== undefined && { command: mask(command) }),
    ...(stdout !== undefined && { stdout: mask(stdout) }),
    ...(stderr !== undefined && { stderr: mask(stderr) }),
    ...(tried !== undefined && { tried: mask(tried) }),
  };
}

/** A line that holds a secret is not shown at all: a caret below dots would point at nothing. */
function maskPlace(at: Place): Place {
  const line = lineOf(at);
  return mask(line) === line ? at : { ...at, hidesText: true };
}

function maskDiff(diff: Diff): Diff {
  const maybe = (text: string | undefined): string | undefined => text && mask(text);
  if (diff.type === 'text')
    return { ...diff, path: mask(diff.path), before: maybe(diff.before), after: maybe(diff.after) };
  return {
    ...diff,
    subject: mask(diff.subject),
    fields: diff.fields.map(({ name, before, after }) => ({
      name: mask(name),
      before: maybe(before),
      after: maybe(after),
    })),
  };
}

/** Keys too. Unknowns are as they were. */
function maskMap(map: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [mask(key), maskValue(value)]));
}

function maskValue(value: Value): Value {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return mask(String(value)) === String(value) ? value : dots;
  if (isList(value)) return value.map(maskValue);
  return isMap(value) ? maskMap(value) : value;
}
