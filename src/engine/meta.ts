/**
 * Owns `meta`: what a playbook asks of the engine itself in the midst of tasks.
 */
import { formatPlace } from '../core/errors.js';
import type { Meta } from '../core/plan.js';
import { UnknownValueError } from '../core/value.js';
import { disconnectWays } from './host-state.js';
import { isTrue, judgeThrown, type Outcome } from './judge.js';
import { createMemory } from './memory.js';
import { scopeOf } from './surroundings.js';
import type { TaskRun } from './task.js';
import {
  adopt,
  aroundOf,
  done,
  nothingDone,
  refOf,
  reportStep,
  untimed,
  type Ending,
  type Inherited,
  type Walk,
} from './step.js';

/** `flushHandlers` runs the handlers that wait. */
export async function walkMeta(
  walk: Walk,
  meta: Meta,
  inherited: Inherited,
  flushHandlers: () => Promise<Ending>,
): Promise<Ending> {
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
      const ending = await flushHandlers();
      return ending.type === 'stopped' ? { ...ending, isMidway: meta.endsSection !== true } : ending;
    }
    case 'clear_facts':
      state.facts = {};
      return done;
    case 'clear_host_errors':
      batch.forgive(inherited.position);
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
  if (!isMine) return adopt(walk, meta, ref, value, inherited);
  return value.result.status === 'failed' ? { type: 'stopped', step: meta, ref, result: value.result } : done;
}
