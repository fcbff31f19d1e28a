/**
 * Owns how a host walks through a block: its tasks, its rescue where they fail, its `always`, and when a role is done.
 */
import type { Block } from '../core/plan.js';
import type { ValueMap } from '../core/value.js';
import { isConnected, regain, type HostState } from './host-state.js';
import type { Position } from './lockstep.js';
import { countRescued } from './results.js';
import { paramsInside } from './surroundings.js';
import { done, type Ending, type Inherited, type Walk, type WalkSteps } from './step.js';

export async function walkBlock(
  walk: Walk,
  block: Block,
  inherited: Inherited,
  walkSteps: WalkSteps,
): Promise<Ending> {
  if (!block.role) return walkParts(walk, block, inherited, walkSteps);
  // As in Ansible, this is known when the host comes to it: an equal one before may have been skipped.
  const { key, mayRepeat } = block.role;
  if (!mayRepeat && walk.rolesDone.has(key)) return done;
  const role = { isBegun: false };
  const ending = await walkParts(walk, block, { ...inherited, role }, walkSteps);
  const isOver = ending.type === 'done' || (ending.type === 'ended' && ending.what === 'role');
  if (isOver && role.isBegun) walk.rolesDone.add(key);
  return isOver ? done : ending;
}

async function walkParts(
  walk: Walk,
  block: Block,
  inherited: Inherited,
  walkSteps: WalkSteps,
): Promise<Ending> {
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
  const { tasksBegun } = walk.state;
  let ending = await walkSteps(walk, block.tasks, {
    ...inside,
    position: at(0),
    rescuers: [...inherited.rescuers, ...own],
    heeds: [...inherited.heeds, ...own],
  });
  // What another failed at last in this block, with any_errors_fatal, is rescued here as well.
  if (own.length > 0 && ending.type === 'done') {
    await walk.batch.turn(walk.state, [...at(0), block.tasks.length]);
    const halt = walk.batch.haltIn(own);
    if (halt) ending = { type: 'halted', ...halt };
  }
  // The user has stopped the run before its first task: there is nothing to tidy up after, least of all on an untouched host.
  if (ending.type === 'interrupted' && walk.state.tasksBegun === tasksBegun) return ending;
  const mustTidy = block.rescue.length > 0 || block.always.length > 0;
  // After Ctrl-C a host is not left half way: what the playbook says about failures still runs, undisturbed.
  const undisturbed = mustTidy && inherited.signal.aborted ? new AbortController().signal : inherited.signal;
  const after: Inherited = { ...inside, signal: undisturbed, heeds: [] };
  const failure = failureOf(ending);
  if (mustTidy && isCutOff(ending)) await regain(walk.state, walk.source.run);
  if (block.rescue.length > 0 && (await isRescuable(ending, walk.state))) {
    const inRescue: Inherited = {
      ...after,
      extra: { ...after.extra, ...failure },
      section: 'rescue',
      position: at(1),
    };
    ending = await rescue(walk, block, own[0], ending, () => walkSteps(walk, block.rescue, inRescue));
  }
  const isLeaving = ending.type === 'stopped' || ending.type === 'halted';
  if (isLeaving && inherited.rescuers.length === 0) walk.batch.strike(walk.state);
  // As in Ansible, what is ended on purpose, the host's part or the role around, does nothing more.
  if (block.always.length > 0 && ending.type !== 'ended') {
    const always = await walkSteps(walk, block.always, {
      ...after,
      // Where the rescue failed, it is about that.
      extra: { ...noFailure, ...after.extra, ...(failureOf(ending) ?? failure) },
      section: 'always',
      position: at(2),
    });
    ending = afterAlways(ending, always);
  }
  return ending;
}

/** As in Ansible, of two failures the last one is what blocks around are about; both are theirs to rescue. */
function afterAlways(ending: Ending, always: Ending): Ending {
  if (ending.type === 'done') return always;
  if (ending.type !== 'stopped' || always.type !== 'stopped') return ending;
  return { ...always, before: [...(ending.before ?? []), ending.result.status, ...(always.before ?? [])] };
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

/** `key`: the block's own. `walkRescue` walks through the steps of its rescue. */
async function rescue(
  walk: Walk,
  block: Block,
  key: string | undefined,
  failed: Ending,
  walkRescue: () => Promise<Ending>,
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
  if (isStopped)
    for (const status of [...(failed.before ?? []), failed.result.status])
      state.counts = countRescued(state.counts, status);
  const ending = await walkRescue();
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
  const failed = ending.type === 'stopped' ? ending : ending.type === 'halted' ? ending.failed : undefined;
  return {
    ansible_failed_task: { name: failed ? plainName(failed) : '', action: failed?.ref.module ?? '' },
    ansible_failed_result: { msg: reasonOf(ending), ...failed?.result.result },
  };
}

/** As in Ansible, without the role's name before it; empty where the step has no name of its own. */
function plainName({ step, ref }: Pick<Ending & { readonly type: 'stopped' }, 'step' | 'ref'>): string {
  if (step.type === 'meta' || step.type === 'block' || step.ownName === undefined) return '';
  const prefix = step.name.slice(0, step.name.length - step.ownName.length);
  return ref.name.startsWith(prefix) ? ref.name.slice(prefix.length) : ref.name;
}

function reasonOf(ending: Ending): string {
  if (ending.type === 'stopped') return ending.result.problem?.message ?? ending.result.summary;
  return ending.type === 'halted' ? ending.reason : 'interrupted by the user';
}
