/**
 * Owns what a task teaches a host: registered results, variables that modules set, and unknowns in their place.
 */
import type { TaskResult } from '../core/events.js';
import type { Task } from '../core/plan.js';
import { Unknown, type ValueMap } from '../core/value.js';
import type { HostState } from './host-state.js';
import { registered } from './results.js';

/** Kept apart from the host, so that what one host learnt for all (`run_once`) can be handed on. */
export interface Memory {
  facts: ValueMap;
  results: ValueMap;
}

export function createMemory(): Memory {
  return { facts: {}, results: {} };
}

export function learn(state: HostState, memory: Memory, learnt: Partial<Memory>): void {
  if (learnt.facts) {
    memory.facts = { ...memory.facts, ...learnt.facts };
    state.facts = { ...state.facts, ...learnt.facts };
  }
  if (learnt.results) {
    memory.results = { ...memory.results, ...learnt.results };
    state.results = { ...state.results, ...learnt.results };
  }
}

/** What later tasks and expressions see of this one, when it is over. */
export function rememberResult(task: Task, result: TaskResult, state: HostState, memory: Memory): void {
  if (result.status === 'unknown') {
    const unknown = new Unknown(result.waitsFor ?? task.name);
    const unknowns = (names: readonly string[]): ValueMap =>
      Object.fromEntries(names.map((name) => [name, unknown]));
    const { register, setsVars } = task;
    learn(state, memory, {
      facts: unknowns(Object.keys(task.module.vars?.shape ?? {})),
      results: unknowns(register === undefined ? setsVars : [...setsVars, register]),
    });
    return;
  }
  if (task.register === undefined) return;
  const value = result.items ? result.result : registered(result.result, result.status);
  learn(state, memory, { results: { [task.register]: value } });
}
