/**
 * Owns what all steps of a host's walk share: what is around them, how they are reported, and how a walk ends before its
 * last step. Knows no kind of step.
 */
import { count } from '../core/counts.js';
import { formatPlace, type Place } from '../core/errors.js';
import type { TaskRef, TaskResult, TaskStatus } from '../core/events.js';
import type { Include, Step, Task } from '../core/plan.js';
import { numberOf } from '../core/task-numbers.js';
import type { Batch } from './batch.js';
import type { Handlers } from './handlers.js';
import type { HostState } from './host-state.js';
import type { Outcome } from './judge.js';
import type { Position } from './lockstep.js';
import { createMemory, learn } from './memory.js';
import { noParams, type ScopeSource } from './scope.js';
import type { StartGate } from './start.js';
import type { Around } from './surroundings.js';
import type { TagFilter } from './tags.js';
import type { TaskRun } from './task.js';

/** One host on its way through one play. */
export interface Walk {
  readonly source: ScopeSource;
  readonly batch: Batch;
  readonly state: HostState;
  readonly tags: TagFilter;
  readonly handlers: Handlers;
  /** In the play that `--start-at-task` begins in. */
  readonly gate: StartGate | undefined;
  /** Roles that the host has done in this play, by their keys. */
  readonly rolesDone: Set<string>;
}

/** What a step has from the play and from the blocks and includes around it. */
export interface Inherited extends Omit<Around, 'source' | 'state'> {
  readonly section: TaskRef['section'];
  /** Of what is around; a step's own index is put behind it. */
  readonly position: Position;
  /** Blocks around that have a rescue for what fails here, from the outermost, by their positions. */
  readonly rescuers: readonly string[];
  /** Those of them whose own tasks the host is in: where one of its hosts failed for all, this one fails too. */
  readonly heeds: readonly string[];
  /** Handlers that are run although the host failed (`force_handlers`). */
  readonly isForced: boolean;
  /** The role whose task it is; it is done where one of its tasks was not skipped. */
  readonly role: { isBegun: boolean } | undefined;
}

/** What went wrong, and where. */
interface Failure {
  readonly step: Step;
  readonly ref: TaskRef;
  readonly result: TaskResult;
}

/** Why a host stopped walking; `done` when it did not. */
export type Ending =
  | { readonly type: 'done' }
  | (Failure & {
      readonly type: 'stopped';
      /** What failed before it in the parts of a block, and was not rescued. */
      readonly before?: readonly TaskStatus[];
      /** A handler failed where handlers are flushed before the end of a section. */
      readonly isMidway?: boolean;
    })
  | { readonly type: 'interrupted' }
  /** Others failed. `inside`: the block that has a rescue for it. */
  | {
      readonly type: 'halted';
      readonly reason: string;
      readonly inside?: string;
      /** What one host failed at for all. */
      readonly failed?: Failure;
    }
  /** The playbook says that it is over: for the host, or with the role around. */
  | { readonly type: 'ended'; readonly what?: 'role' };

export const done: Ending = { type: 'done' };

/**
 * Walks through steps, one after another, until one ends the walk. What walks through a kind of step that holds others is
 * handed it, since that in turn walks through steps of all kinds.
 */
export type WalkSteps = (walk: Walk, steps: readonly Step[], inherited: Inherited) => Promise<Ending>;

/** What the play itself gives to its steps. */
export function fromPlay({ source }: Walk): Inherited {
  return {
    section: 'tasks',
    position: [],
    rescuers: [],
    heeds: [],
    isForced: false,
    role: undefined,
    when: [],
    defaults: [],
    vars: [],
    params: noParams,
    become: [source.play.become],
    extra: {},
    signal: source.run.signal,
  };
}

export function aroundOf({ source, state }: Walk, inherited: Inherited): Around {
  const { when, defaults, vars, params, become, extra, signal } = inherited;
  return { source, state, when, defaults, vars, params, become, extra, signal };
}

export function refOf(
  step: { readonly id: string; readonly at: Place },
  module: string,
  { section }: Inherited,
  name: string,
): TaskRef {
  const number = numberOf(step);
  const ref = { id: step.id, name, module, at: formatPlace(step.at), section };
  return number === undefined ? ref : { ...ref, number };
}

// --- reporting ------------------------------------------------------------------------------------------------------

/** `notifies`: handlers that are to run where it changes something. */
export function startTask({ source, state }: Walk, task: TaskRef, notifies: readonly string[] = []): void {
  state.tasksBegun++;
  source.run.emit({
    type: 'task-started',
    host: state.host.name,
    task,
    ...(notifies.length > 0 && { notifies }),
  });
}

/** Tells of a step that is no task, in a task's words. */
export function reportStep(walk: Walk, ref: TaskRef, result: TaskResult): TaskResult {
  startTask(walk, ref);
  finishTask(walk, ref, result);
  return result;
}

export function finishTask({ source, state }: Walk, ref: TaskRef, result: TaskResult): void {
  state.counts = count(state.counts, result);
  source.run.emit({ type: 'task-finished', host: state.host.name, task: ref, result });
}

export function beginRole({ role }: Inherited, { status }: TaskResult): void {
  // As in Ansible, a role that did not come to a host was not done there.
  if (role && status !== 'skipped' && status !== 'unreachable') role.isBegun = true;
}

export const nothingDone: Outcome = { status: 'skipped', summary: '', diff: [], result: {}, ignored: false };

export function untimed(outcome: Outcome): TaskResult {
  return { ...outcome, ms: 0, exchanges: 0 };
}

// --- ending ---------------------------------------------------------------------------------------------------------

export function stepEnding(
  walk: Walk,
  step: Task | Include,
  ref: TaskRef,
  result: TaskResult,
  inherited: Inherited,
): Ending {
  if (!stops(result, walk.source)) return done;
  // At once, so that nobody begins another task while this host is still tidying up.
  if (step.anyErrorsFatal && result.problem?.code !== 'interrupted') haltOthers(walk, step, inherited);
  return { type: 'stopped', step, ref, result };
}

/** As in Ansible, where a block rescues the host, it rescues the others too, and all go on. */
function haltOthers({ batch, state }: Walk, { name }: Task | Include, { rescuers }: Inherited): void {
  const reason = `'${name}' failed on ${state.host.name}, and any_errors_fatal stops the others`;
  batch.halt(reason, rescuers.at(-1));
}

/** What another host of the batch has done for this one too. */
export function adopt(
  { source, state }: Walk,
  step: Step,
  ref: TaskRef,
  { result, memory }: TaskRun,
  { rescuers }: Inherited,
): Ending {
  learn(state, createMemory(), memory);
  if (!stops(result, source)) return done;
  if (result.problem?.code === 'interrupted') return { type: 'interrupted' };
  const inside = rescuers.at(-1);
  const reason = `'${ref.name}', which one host runs for all, failed`;
  return { type: 'halted', reason, failed: { step, ref, result }, ...(inside !== undefined && { inside }) };
}

/** In check mode an unknown result is to be expected; in a run it means that the connection broke during a task. */
function stops(result: TaskResult, { run }: ScopeSource): boolean {
  if (result.ignored) return false;
  if (result.status === 'unknown') return !run.settings.check;
  return result.status === 'failed' || result.status === 'unreachable';
}
