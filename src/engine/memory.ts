/**
 * Owns what a task teaches a host: registered results, variables that modules set, and unknowns in their place.
 */
import type { TaskResult } from '../core/events.js';
import type { Task } from '../core/plan.js';
import { Unknown, type ValueMap } from '../core/value.js';
import type { HostState } from './host-state.js';
import { registered } from './results.js';

/** Kept apart from the host, so that what one host learnt for all (`run_once`) can be handed on. */
export type Memory = Pick<HostState, 'facts' | 'fileVars' | 'results'>;

export function createMemory(): Memory {
  return { facts: {}, fileVars: {}, results: {} };
}

export function learn(state: HostState, memory: Memory, learnt: Partial<Memory>): void {
  for (const layer of ['facts', 'fileVars', 'results'] as const) {
    const added = learnt[layer];
    if (!added) continue;
    memory[layer] = { ...memory[layer], ...added };
    state[layer] = { ...state[layer], ...added };
  }
}

/** As in Ansible, what a task sets by its parameters goes before the play's variables, and gathered facts after them. */
export function learnVars({ setsVars }: Pick<Task, 'setsVars'>, vars: ValueMap): Partial<Memory> {
  if (!setsVars) return { facts: vars };
  return setsVars.by === 'set_fact' ? { results: vars } : { fileVars: vars };
}

/** What later tasks and expressions see of this one, when it is over. */
export function rememberResult(task: Task, result: TaskResult, state: HostState, memory: Memory): void {
  if (result.status === 'unknown') {
    const unknown = new Unknown(result.waitsFor ?? task.name);
    const unknowns = (names: readonly string[]): ValueMap =>
      Object.fromEntries(names.map((name) => [name, unknown]));
    const { register, setsVars } = task;
    learn(state, memory, { facts: unknowns(Object.keys(task.module.vars?.shape ?? {})) });
    if (setsVars) learn(state, memory, learnVars(task, unknowns(setsVars.names)));
    if (register !== undefined) learn(state, memory, { results: unknowns([register]) });
    return;
  }
  if (task.register === undefined) return;
  const value = result.items ? result.result : registered(result);
  learn(state, memory, { results: { [task.register]: value } });
}
