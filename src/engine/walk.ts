/**
 * Owns one host's walk through one play: tasks in order, blocks with rescue and always, includes, handlers, and how the
 * host leaves the play. Of other hosts it knows only what their batch says.
 */
import { count } from '../core/counts.js';
import { formatPlace, limitOutput, toProblem, ZrunError, type Place } from '../core/errors.js';
import type { TaskRef, TaskResult } from '../core/events.js';
import type { Block, Include, Meta, Step, Task } from '../core/plan.js';
import { settle, type Expression } from '../core/template.js';
import { Unknown, UnknownValueError, type Value, type ValueMap } from '../core/value.js';
import type { Batch } from './batch.js';
import type { Handler, Handlers } from './handlers.js';
import { disconnectWays, isConnected, regain, type HostState } from './host-state.js';
import { isTrue, judgeThrown, type Outcome } from './judge.js';
import type { Position } from './lockstep.js';
import { itemsUnless } from './loop.js';
import { createMemory, learn, type Memory } from './memory.js';
import { countRescued, mergeItems, registered, type Turn } from './results.js';
import { noParams, type ScopeSource } from './scope.js';
import { paramsInside, scopeOf, type Around } from './surroundings.js';
import type { StartGate } from './start.js';
import { runTask, type TaskRun } from './task.js';
import type { TagFilter } from './tags.js';

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

interface Inherited extends Omit<Around, 'source' | 'state'> {
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

/** Why a host stopped walking; `done` when it did not. */
type Ending =
  | { readonly type: 'done' }
  | {
      readonly type: 'stopped';
      readonly step: Step;
      readonly ref: TaskRef;
      readonly result: TaskResult;
      /** A handler failed where handlers are flushed before the end of a section. */
      readonly isMidway?: boolean;
    }
  | { readonly type: 'interrupted' }
  /** Others failed. `inside`: the block that has a rescue for it. */
  | { readonly type: 'halted'; readonly reason: string; readonly inside?: string }
  /** The playbook says that it is over: for the host, or with the role around. */
  | { readonly type: 'ended'; readonly what?: 'role' };

const done: Ending = { type: 'done' };

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

/** What the play itself gives to its steps. */
function fromPlay({ source }: Walk): Inherited {
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

async function walkThrough(walk: Walk, through: (inherited: Inherited) => Promise<Ending>): Promise<void> {
  const { state } = walk;
  try {
    leave(walk, await through(fromPlay(walk)));
  } catch (error) {
    const problem = toProblem(error);
    // At a question of --step, Ctrl-C is a key.
    state.outcome = problem.code === 'interrupted' ? 'interrupted' : 'failed';
    state.problem = problem;
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
      state.outcome = 'interrupted';
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
  if (step.type === 'block') return walkBlock(walk, step, inherited);
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
      const ending = await walkInclude(walk, step, inherited);
      walk.gate?.leave(state.host.name, step);
      return ending;
    }
    case 'meta':
      return walkMeta(walk, step, inherited);
  }
}

function tidies({ section, isForced }: Inherited): boolean {
  return isForced || section === 'rescue' || section === 'always';
}

async function walkTask(walk: Walk, task: Task, inherited: Inherited): Promise<Ending> {
  const { source, state, batch } = walk;
  const { run } = source;
  if (!(await batch.mayBegin(task, inherited.position))) return done;
  const around = aroundOf(walk, inherited);
  const ref = taskRefOf(task, inherited, around);

  const notifies = walk.handlers.wokenBy(task.notify).map((handler) => handler.step.name);
  const perform = (): Promise<TaskRun> =>
    batch.limited(task, async () => {
      run.emit({
        type: 'task-started',
        host: state.host.name,
        task: ref,
        ...(notifies.length > 0 && { notifies }),
      });
      const made = await runTask(task, ref, around);
      finishTask(walk, ref, made.result);
      return made;
    });
  if (task.runOnce || task.module.once) {
    const { value, isMine } = await batch.once(`${task.id} ${inherited.position.join('.')}`, perform);
    if (!isMine) return adopt(walk, ref, value, inherited);
    return conclude(walk, task, ref, value.result, inherited);
  }
  return conclude(walk, task, ref, (await perform()).result, inherited);
}

function finishTask({ source, state }: Walk, ref: TaskRef, result: TaskResult): void {
  state.counts = count(state.counts, result);
  source.run.emit({ type: 'task-finished', host: state.host.name, task: ref, result });
}

function conclude(walk: Walk, task: Task, ref: TaskRef, result: TaskResult, inherited: Inherited): Ending {
  beginRole(inherited, result);
  if (result.status === 'changed') notifyHandlers(walk, task, inherited);
  return stepEnding(walk, task, ref, result, inherited);
}

function beginRole({ role }: Inherited, { status }: TaskResult): void {
  if (role && status !== 'skipped') role.isBegun = true;
}

function stepEnding(
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
function adopt(
  { source, state }: Walk,
  ref: TaskRef,
  { result, memory }: TaskRun,
  { rescuers }: Inherited,
): Ending {
  learn(state, createMemory(), memory);
  if (!stops(result, source)) return done;
  if (result.problem?.code === 'interrupted') return { type: 'interrupted' };
  const inside = rescuers.at(-1);
  const reason = `'${ref.name}', which one host runs for all, failed`;
  return { type: 'halted', reason, ...(inside !== undefined && { inside }) };
}

/** In check mode an unknown result is to be expected; in a run it means that the connection broke during a task. */
function stops(result: TaskResult, { run }: ScopeSource): boolean {
  if (result.ignored) return false;
  if (result.status === 'unknown') return !run.settings.check;
  return result.status === 'failed' || result.status === 'unreachable';
}

function aroundOf({ source, state }: Walk, inherited: Inherited): Around {
  const { when, defaults, vars, params, become, extra, signal } = inherited;
  return { source, state, when, defaults, vars, params, become, extra, signal };
}

function refOf(
  step: { readonly id: string; readonly at: Place },
  module: string,
  { section }: Inherited,
  name: string,
): TaskRef {
  return { id: step.id, name, module, at: formatPlace(step.at), section };
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

// --- blocks -------------------------------------------------------------------------------------------------------

async function walkBlock(walk: Walk, block: Block, inherited: Inherited): Promise<Ending> {
  if (!block.role) return walkParts(walk, block, inherited);
  // As in Ansible, this is known when the host comes to it: an equal one before may have been skipped.
  const { key, mayRepeat } = block.role;
  if (!mayRepeat && walk.rolesDone.has(key)) return done;
  const role = { isBegun: false };
  const ending = await walkParts(walk, block, { ...inherited, role });
  const isOver = ending.type === 'done' || (ending.type === 'ended' && ending.what === 'role');
  if (isOver && role.isBegun) walk.rolesDone.add(key);
  return isOver ? done : ending;
}

async function walkParts(walk: Walk, block: Block, inherited: Inherited): Promise<Ending> {
  const inside: Inherited = {
    ...inherited,
    when: [...inherited.when, ...block.when],
    defaults: [...inherited.defaults, block.defaults],
    vars: [...inherited.vars, block.vars],
    params: paramsInside(block, inherited.params),
    become: [...inherited.become, block.become],
  };
  walk.handlers.add(block.handlers, inside);
  const { exported } = walk.source;
  if (block.exports && !exported.vars.includes(block.exports.vars)) {
    exported.defaults.push(block.exports.defaults);
    exported.vars.push(block.exports.vars);
  }
  const at = (part: number): Position => [...inherited.position, part];
  const own = block.rescue.length > 0 ? [inherited.position.join('.')] : [];
  let ending = await walkSteps(walk, block.tasks, {
    ...inside,
    position: at(0),
    rescuers: [...inherited.rescuers, ...own],
    heeds: [...inherited.heeds, ...own],
  });
  const mustTidy = block.rescue.length > 0 || block.always.length > 0;
  // After Ctrl-C a host is not left half way: what the playbook says about failures still runs, undisturbed.
  const undisturbed = mustTidy && inherited.signal.aborted ? new AbortController().signal : inherited.signal;
  const after: Inherited = { ...inside, signal: undisturbed, heeds: [] };
  const failure = failureOf(ending);
  if (mustTidy && isCutOff(ending)) await regain(walk.state, walk.source.run);
  if (block.rescue.length > 0 && (await isRescuable(ending, walk.state))) {
    ending = await rescue(walk, block, own[0], ending, {
      ...after,
      extra: { ...after.extra, ...failure },
      section: 'rescue',
      position: at(1),
    });
  }
  // As in Ansible, what is ended on purpose, the host's part or the role around, does nothing more.
  if (block.always.length > 0 && ending.type !== 'ended') {
    const always = await walkSteps(walk, block.always, {
      ...after,
      // Where the rescue failed, it is about that.
      extra: { ...noFailure, ...after.extra, ...(failureOf(ending) ?? failure) },
      section: 'always',
      position: at(2),
    });
    if (ending.type === 'done') ending = always;
  }
  return ending;
}

/** The connection is gone, and with it the knowledge of what the host is doing. */
function isCutOff(ending: Ending): boolean {
  return ending.type === 'stopped' && ['unreachable', 'unknown'].includes(ending.result.status);
}

/** A host that cannot be reached cannot be rescued; one that can be again is. */
async function isRescuable(ending: Ending, state: HostState): Promise<boolean> {
  if (ending.type === 'done' || ending.type === 'ended') return false;
  if (ending.type !== 'stopped' || ending.result.status !== 'unreachable') return true;
  return isConnected(state);
}

/** `key`: the block's own. */
async function rescue(
  walk: Walk,
  block: Block,
  key: string | undefined,
  failed: Ending,
  inherited: Inherited,
): Promise<Ending> {
  const { source, state } = walk;
  const { run } = source;
  const ref = failed.type === 'stopped' ? failed.ref : undefined;
  const reason = reasonOf(failed);
  run.emit({
    type: 'rescue-started',
    host: state.host.name,
    block: block.name,
    ...(ref && { failed: ref }),
    reason,
  });
  const isStopped = failed.type === 'stopped' && failed.result.problem?.code !== 'interrupted';
  // As in Ansible, whatever comes of the rescue: what it fails by itself is counted by itself.
  if (isStopped) state.counts = countRescued(state.counts, failed.result.status);
  const ending = await walkSteps(walk, block.rescue, inherited);
  if (ending.type !== 'done') return ending;
  // A stop that was asked for stays a stop, however well the rescue went.
  if (failed.type === 'interrupted') return failed;
  if (failed.type === 'halted') return failed.inside === key ? done : failed;
  if (failed.type === 'stopped' && !isStopped) return { type: 'interrupted' };
  // Handlers that failed are rescued, too.
  for (const handler of walk.handlers.all) handler.hasFailed = false;
  return done;
}

/** Where a block's `always` is in nobody's rescue and nothing failed. */
const noFailure: ValueMap = { ansible_failed_task: null, ansible_failed_result: null };

/** What a rescue and an `always` know of the failure before them; undefined if there is none. */
function failureOf(ending: Ending): ValueMap | undefined {
  if (ending.type === 'done' || ending.type === 'ended') return undefined;
  const stopped = ending.type === 'stopped' ? ending : undefined;
  return {
    ansible_failed_task: { name: stopped ? plainName(stopped) : '', action: stopped?.ref.module ?? '' },
    ansible_failed_result: { msg: reasonOf(ending), ...stopped?.result.result },
  };
}

/** As in Ansible, without the role's name before it; empty where the step has no name of its own. */
function plainName({ step, ref }: Ending & { readonly type: 'stopped' }): string {
  if (step.type === 'meta' || step.type === 'block' || step.ownName === undefined) return '';
  const prefix = step.name.slice(0, step.name.length - step.ownName.length);
  return ref.name.startsWith(prefix) ? ref.name.slice(prefix.length) : ref.name;
}

function reasonOf(ending: Ending): string {
  if (ending.type === 'stopped') return ending.result.problem?.message ?? ending.result.summary;
  return ending.type === 'halted' ? ending.reason : 'interrupted by the user';
}

// --- steps that are the engine's own --------------------------------------------------------------------------------

/** Tells of a step that is no task, in a task's words. */
function reportStep(walk: Walk, ref: TaskRef, result: TaskResult): TaskResult {
  walk.source.run.emit({ type: 'task-started', host: walk.state.host.name, task: ref });
  finishTask(walk, ref, result);
  return result;
}

/** One turn of an include, and what it takes in. */
interface IncludeTurn extends Turn {
  readonly steps: readonly Step[];
}

interface Decision {
  readonly result: TaskResult;
  readonly turns: readonly IncludeTurn[];
}

async function walkInclude(walk: Walk, include: Include, inherited: Inherited): Promise<Ending> {
  const { batch } = walk;
  const ref = refOf(include, 'include_tasks', inherited, include.name);
  let turns: readonly IncludeTurn[] = [];
  const perform = async (): Promise<TaskRun> => {
    const decided = await decide(include, aroundOf(walk, inherited));
    ({ turns } = decided);
    reportStep(walk, ref, decided.result);
    return { result: decided.result, memory: registerInclude(walk, include, decided.result) };
  };
  let result: TaskResult;
  if (include.runOnce) {
    const { value, isMine } = await batch.once(`${include.id} ${inherited.position.join('.')}`, perform);
    // As in Ansible, only the host that has come first does what is inside.
    if (!isMine) return adopt(walk, ref, value, inherited);
    ({ result } = value);
  } else ({ result } = await perform());
  beginRole(inherited, result);
  const failed = stepEnding(walk, include, ref, result, inherited);
  if (failed.type !== 'done') return failed;
  for (const [index, { vars, steps }] of turns.entries()) {
    const ending = await walkSteps(walk, steps, {
      ...inherited,
      // An include's own conditions have been decided about; those of the blocks around it have, too.
      when: [],
      vars: [...inherited.vars, include.vars],
      params: paramsInside(include, inherited.params),
      become: [...inherited.become, include.become],
      extra: { ...inherited.extra, ...vars },
      position: [...inherited.position, index],
    });
    if (ending.type !== 'done') return ending;
  }
  return done;
}

/** Whether a host takes in what an include names, and for which items. Never throws. */
async function decide(include: Include, around: Around): Promise<Decision> {
  const { loop } = include;
  const conditions = [...around.when, ...include.when];
  const turns: IncludeTurn[] = [];
  try {
    const outside = scopeOf(include, around, {});
    if (!loop) {
      const turn = await takeIn(include, around, conditions, {});
      return { result: turn.result, turns: [turn] };
    }
    const items = itemsUnless(loop, outside, conditions);
    if ('skippedBy' in items)
      return { result: untimed({ ...nothingDone, summary: `when: ${items.skippedBy.text}` }), turns };
    for (const { item, vars } of items) {
      const turn = await takeIn(include, around, conditions, vars);
      const label = loop.label ? loop.label.render(scopeOf(include, around, vars)) : item;
      turns.push({ ...turn, result: { ...turn.result, item, label: textOf(label) } });
    }
  } catch (error) {
    return { result: untimed(judgeInclude(error, include, around)), turns: [] };
  }
  const merged = mergeItems(turns);
  const times = turns.filter(({ result }) => result.status === 'ok').length;
  // As in Ansible, it counts once for each item that is taken in.
  const result = merged.status === 'ok' ? { ...merged, summary: 'included', times } : merged;
  return { result, turns };
}

/** One turn. */
async function takeIn(
  include: Include,
  around: Around,
  conditions: readonly Expression[],
  vars: ValueMap,
): Promise<IncludeTurn> {
  const none = { label: '', item: null };
  try {
    const scope = scopeOf(include, around, vars);
    const no = conditions.find((condition) => !isTrue(condition, scope));
    if (no)
      return {
        result: { ...untimed({ ...nothingDone, summary: `when: ${no.text}` }), ...none },
        vars,
        steps: [],
      };
    const steps = await include.load(scope);
    return {
      result: { ...untimed({ ...nothingDone, status: 'ok', summary: 'included' }), ...none },
      vars,
      steps,
    };
  } catch (error) {
    return { result: { ...untimed(judgeInclude(error, include, around)), ...none }, vars, steps: [] };
  }
}

const nothingDone: Outcome = { status: 'skipped', summary: '', diff: [], result: {}, ignored: false };

function untimed(outcome: Outcome): TaskResult {
  return { ...outcome, ms: 0, exchanges: 0 };
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** As in Ansible, `ignore_errors` is about what it says itself, not about a file that is missing or wrong. */
function judgeInclude(error: unknown, include: Include, around: Around): Outcome {
  const isOwn = error instanceof ZrunError && /^(?:expression|variable|template)-/.test(error.code);
  let ignoreErrors = false;
  try {
    ignoreErrors = isOwn && settle(include.ignoreErrors, scopeOf(include, around, {}));
  } catch {
    // Where it cannot be said, the failure counts.
  }
  return judgeThrown(error, { ignoreErrors, ignoreUnreachable: false });
}

function registerInclude({ state }: Walk, { register, name }: Include, result: TaskResult): Memory {
  const memory = createMemory();
  if (register === undefined) return memory;
  const isUnknown = result.status === 'unknown';
  const known = result.items ? result.result : registered(result);
  learn(state, memory, {
    results: { [register]: isUnknown ? new Unknown(result.waitsFor ?? name) : known },
  });
  return memory;
}

async function walkMeta(walk: Walk, meta: Meta, inherited: Inherited): Promise<Ending> {
  const { source, state, batch } = walk;
  try {
    const conditions = [...inherited.when, ...meta.when];
    if (conditions.length > 0) {
      const scope = scopeOf(meta, aroundOf(walk, inherited), {});
      if (!conditions.every((condition) => isTrue(condition, scope))) return done;
    }
  } catch (error) {
    // In check mode, what rests on what was not run is not done.
    if (error instanceof UnknownValueError && source.run.settings.check) return done;
    const ref = refOf({ id: formatPlace(meta.at), at: meta.at }, 'meta', inherited, meta.name);
    const outcome = judgeThrown(error, { ignoreErrors: false, ignoreUnreachable: false });
    return { type: 'stopped', step: meta, ref, result: reportStep(walk, ref, untimed(outcome)) };
  }
  switch (meta.action) {
    case 'noop':
      return done;
    case 'flush_handlers': {
      const ending = await walkHandlers(walk, { ...inherited, isForced: tidies(inherited) });
      return ending.type === 'stopped' ? { ...ending, isMidway: meta.endsSection !== true } : ending;
    }
    case 'clear_facts':
      state.facts = {};
      return done;
    case 'clear_host_errors':
      batch.forgive();
      return done;
    case 'refresh_inventory':
      return refreshInventory(walk, meta, inherited);
    case 'reset_connection':
      await disconnectWays(state);
      return done;
    case 'end_role':
      return { type: 'ended', what: 'role' };
    case 'end_host':
      return { type: 'ended' };
    case 'end_batch':
    case 'end_play':
      batch.end(meta.action === 'end_play' ? 'play' : 'batch');
      return { type: 'ended' };
  }
}

/** Once for all hosts of the batch. Those that walk stay what they are; the plays that follow have the new ones. */
async function refreshInventory(walk: Walk, meta: Meta, inherited: Inherited): Promise<Ending> {
  const { source, batch } = walk;
  const ref = refOf({ id: formatPlace(meta.at), at: meta.at }, 'meta', inherited, meta.name);
  const perform = async (): Promise<TaskRun> => {
    let outcome: Outcome = { ...nothingDone, status: 'ok' };
    try {
      await source.run.inventory?.refresh(inherited.signal);
      // As in Ansible, which asks anew for the play's hosts.
      source.added.clear();
    } catch (error) {
      outcome = judgeThrown(error, { ignoreErrors: false, ignoreUnreachable: false });
      reportStep(walk, ref, untimed(outcome));
    }
    return { result: untimed(outcome), memory: createMemory() };
  };
  const { value, isMine } = await batch.once(`${ref.id} ${inherited.position.join('.')}`, perform);
  if (!isMine) return adopt(walk, ref, value, inherited);
  return value.result.status === 'failed' ? { type: 'stopped', step: meta, ref, result: value.result } : done;
}

// --- handlers -------------------------------------------------------------------------------------------------------

/** Throws where a name is that of a role's handler which the host has not come to. */
function notifyHandlers({ handlers, source }: Walk, { notify, at }: Task, { section }: Inherited): void {
  handlers.notify(notify);
  // As in Ansible, those that come after the handler that notifies them run in the same flush.
  if (section === 'handlers') handlers.wake();
  // In check mode, whether a role is included may rest on what was not run.
  const missing = source.run.settings.check
    ? undefined
    : notify.find((name) => handlers.wokenBy([name]).length === 0);
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
