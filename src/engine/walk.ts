/**
 * Owns one host's walk through one play: steps in order, tasks, handlers, and how the host leaves the play. Blocks,
 * includes and `meta` have files of their own, which are handed what walks through the steps inside them. Of other hosts it knows only what their batch says.
 */
import { limitOutput, toProblem, ZrunError } from '../core/errors.js';
import type { TaskRef } from '../core/events.js';
import type { Step, Task } from '../core/plan.js';
import { walkBlock } from './block.js';
import { mayNotify, type Handler } from './handlers.js';
import { leaveInterrupted } from './host-state.js';
import { walkInclude } from './include.js';
import { createMemory } from './memory.js';
import { walkMeta } from './meta.js';
import {
  adopt,
  aroundOf,
  beginRole,
  done,
  finishTask,
  fromPlay,
  nothingDone,
  refOf,
  startTask,
  stepEnding,
  untimed,
  type Ending,
  type Inherited,
  type Walk,
} from './step.js';
import { scopeOf, type Around } from './surroundings.js';
import { runTask, type TaskRun } from './task.js';

/** Walks the play and sets the host's outcome. Never throws. */
export async function walkPlay(walk: Walk): Promise<void> {
  const { source, state } = walk;
  const { play, run } = source;
  await walkThrough(walk, async (inherited) => {
    let ending = play.gatherFacts
      ? await walkSteps(walk, [play.gatherFacts], { ...inherited, section: 'facts', position: [0] })
      : done;
    if (ending.type === 'done') ending = await walkSteps(walk, play.tasks, { ...inherited, position: [1] });
    const isForced = play.forceHandlers ?? run.settings.forceHandlers;
    if (isForced && canGoOn(ending)) await walkHandlers(walk, { position: [2], isForced });
    return ending;
  });
  const isLost = state.outcome !== 'done';
  walk.handlers.wake();
  const left = walk.handlers.all
    .filter(({ isWaiting, hasFailed }) => isWaiting || (isLost && hasFailed))
    .map(({ step }) => step.name);
  if (state.outcome !== 'done') state.pendingHandlers = [...new Set([...state.pendingHandlers, ...left])];
  else if (left.length > 0)
    run.emit({
      type: 'warning',
      host: state.host.name,
      message: `the play was ended before these handlers, which were notified: ${left.join(', ')}`,
    });
}

/** The tasks between two batches, on a host that came through the first. */
export async function walkBetweenBatches(walk: Walk): Promise<void> {
  await walkThrough(walk, (inherited) =>
    walkSteps(walk, walk.source.play.betweenBatches, {
      ...inherited,
      section: 'between-batches',
      position: [3],
    }),
  );
}

async function walkThrough(walk: Walk, through: (inherited: Inherited) => Promise<Ending>): Promise<void> {
  const { state } = walk;
  try {
    leave(walk, await through(fromPlay(walk)));
  } catch (error) {
    const problem = toProblem(error);
    state.problem = problem;
    // At a question of --step, Ctrl-C is a key.
    if (problem.code === 'interrupted') leaveInterrupted(state);
    else state.outcome = 'failed';
  }
  walk.batch.leave(state);
}

/**
 * A failed task leaves a host on which handlers can run; a lost host does not. As in Ansible 2.19, a handler that failed
 * in the midst of tasks is such a task, and one that failed at their end is the last.
 */
function canGoOn(ending: Ending): boolean {
  if (ending.type === 'halted') return true;
  if (ending.type !== 'stopped' || ending.result.status !== 'failed') return false;
  return ending.ref.section !== 'handlers' || ending.isMidway === true;
}

/** Bytes of a failed command's outputs in the summary, which has every host in one line of the journal. */
const summaryBytes = 4096;

function leave({ state }: Walk, ending: Ending): void {
  switch (ending.type) {
    case 'done':
    case 'ended':
      return;
    case 'interrupted':
      leaveInterrupted(state);
      return;
    case 'halted':
      state.outcome = 'halted';
      state.problem = { code: 'halted', message: ending.reason };
      return;
    case 'stopped': {
      const { result } = ending;
      state.problem = result.problem && limitOutput(result.problem, summaryBytes);
      if (result.problem?.code === 'interrupted') state.outcome = 'interrupted';
      else if (result.status === 'unreachable')
        // What it was cut off from before, it may still be at.
        state.outcome = state.counts.unknown > 0 ? 'unknown' : 'unreachable';
      else if (result.status === 'unknown') state.outcome = 'unknown';
      else state.outcome = 'failed';
    }
  }
}

async function walkSteps(walk: Walk, steps: readonly Step[], inherited: Inherited): Promise<Ending> {
  for (const [index, step] of steps.entries()) {
    const ending = await walkStep(walk, step, { ...inherited, position: [...inherited.position, index] });
    if (ending.type !== 'done') return ending;
  }
  return done;
}

async function walkStep(walk: Walk, step: Step, inherited: Inherited): Promise<Ending> {
  if (step.type === 'block') return walkBlock(walk, step, inherited, walkSteps);
  const { batch, state } = walk;
  const isSelected = inherited.section === 'handlers' || walk.tags.selects(step.tags);
  if (!isSelected) return done;
  if (inherited.section !== 'facts' && walk.gate?.passesOver(state.host.name, step)) return done;
  await batch.turn(state, inherited.position);
  if (inherited.signal.aborted) return { type: 'interrupted' };
  // What a host does to tidy up after others have failed is not stopped by their failure.
  const isTidying = tidies(inherited);
  if (batch.halted !== undefined && !isTidying) return { type: 'halted', reason: batch.halted };
  const halt = batch.haltIn(inherited.heeds);
  if (halt) return { type: 'halted', ...halt };
  if (batch.ended && !isTidying) return { type: 'ended' };
  switch (step.type) {
    case 'task':
      return walkTask(walk, step, inherited);
    case 'include': {
      const ending = await walkInclude(walk, step, inherited, walkSteps);
      walk.gate?.leave(state.host.name, step);
      return ending;
    }
    case 'meta':
      return walkMeta(walk, step, inherited, () =>
        walkHandlers(walk, { ...inherited, isForced: tidies(inherited) }),
      );
  }
}

function tidies({ section, isForced }: Inherited): boolean {
  return isForced || section === 'rescue' || section === 'always';
}

async function walkTask(walk: Walk, task: Task, inherited: Inherited): Promise<Ending> {
  const { batch } = walk;
  if (!(await batch.mayBegin(task, inherited.position))) return done;
  const around = aroundOf(walk, inherited);
  const ref = taskRefOf(task, inherited, around);

  const notifies = walk.handlers.wokenBy(mayNotify(task, around)).map((handler) => handler.step.name);
  const perform = (): Promise<TaskRun> =>
    batch.limited(task, async () => {
      // The run was stopped while it waited for a place among those that work.
      if (inherited.signal.aborted) return notBegun;
      startTask(walk, ref, notifies);
      const made = await runTask(task, ref, around);
      finishTask(walk, ref, made.result);
      return made;
    });
  if (task.runOnce || task.module.once) {
    const { value, isMine } = await batch.once(`${task.id} ${inherited.position.join('.')}`, perform);
    if (value === notBegun) return { type: 'interrupted' };
    if (!isMine) return adopt(walk, task, ref, value, inherited);
    return conclude(walk, task, ref, value, inherited);
  }
  const made = await perform();
  return made === notBegun ? { type: 'interrupted' } : conclude(walk, task, ref, made, inherited);
}

/** In place of what came of a task: nothing did. */
const notBegun: TaskRun = { result: untimed(nothingDone), memory: createMemory() };

function conclude(
  walk: Walk,
  task: Task,
  ref: TaskRef,
  { result, notified }: TaskRun,
  inherited: Inherited,
): Ending {
  beginRole(inherited, result);
  if (result.status === 'changed') notifyHandlers(walk, task, [...(notified ?? [])], inherited);
  return stepEnding(walk, task, ref, result, inherited);
}

/** Of tasks whose names hold no template: the same for all hosts. */
const knownRefs = new WeakMap<Task, Map<TaskRef['section'], TaskRef>>();

function taskRefOf(task: Task, inherited: Inherited, around: Around): TaskRef {
  if (task.title) return refOf(task, task.module.name, inherited, titleOf(task, around));
  const refs = knownRefs.get(task) ?? new Map<TaskRef['section'], TaskRef>();
  knownRefs.set(task, refs);
  const known = refs.get(inherited.section) ?? refOf(task, task.module.name, inherited, task.name);
  refs.set(inherited.section, known);
  return known;
}

/** A name that is a template is rendered for the host; where it cannot be, its text has to do. */
function titleOf(task: Task, around: Around): string {
  if (!task.title) return task.name;
  try {
    const title = task.title.render(scopeOf(task, around, {}));
    return typeof title === 'object' ? task.name : String(title);
  } catch {
    return task.name;
  }
}

// --- handlers -------------------------------------------------------------------------------------------------------

/** Throws where a name is that of a role's handler which the host has not come to. */
function notifyHandlers(
  { handlers, source }: Walk,
  { at }: Task,
  names: readonly string[],
  { section }: Inherited,
): void {
  handlers.notify(names);
  // As in Ansible, those that come after the handler that notifies them run in the same flush.
  if (section === 'handlers') handlers.wake();
  // In check mode, whether a role is included may rest on what was not run.
  const missing = source.run.settings.check
    ? undefined
    : names.find((name) => handlers.wokenBy([name]).length === 0);
  if (missing === undefined) return;
  throw new ZrunError('playbook-invalid', `the host has no handler called '${missing}' yet`, {
    at,
    hint: 'an included role brings its handlers when the host comes to it: include it before, or import it',
  });
}

/** Asked anew: it may have notified itself. */
function waits({ isWaiting }: Handler): boolean {
  return isWaiting;
}

/**
 * In the order in which they are defined, each once, however often it was notified. A handler may notify others: those
 * after it run at once, itself and those before it where handlers are flushed next. They are the play's, or an included
 * role's: nothing of the place from which they are flushed is handed on to them, but that a block there rescues them.
 */
async function walkHandlers(
  walk: Walk,
  {
    position,
    isForced,
    rescuers = [],
    heeds = [],
  }: Pick<Inherited, 'position' | 'isForced'> & Partial<Inherited>,
): Promise<Ending> {
  const { source, state } = walk;
  walk.handlers.wake();
  for (const [index, handler] of walk.handlers.all.entries()) {
    if (!handler.isWaiting) continue;
    const { step, place } = handler;
    handler.isWaiting = false;
    const ending = await walkStep(walk, step, {
      ...fromPlay(walk),
      ...place,
      section: 'handlers',
      position: [...position, index],
      isForced,
      rescuers,
      heeds,
    });
    if (ending.type !== 'done') {
      // One that failed is not run again by a run whose rescue has dealt with it; any other is still to be done.
      handler.hasFailed = ending.type === 'stopped';
      handler.isWaiting = !handler.hasFailed;
      return ending;
    }
    if (!waits(handler))
      source.run.emit({ type: 'handler-finished', host: state.host.name, handler: step.name });
  }
  return done;
}
