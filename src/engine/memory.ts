/**
 * Owns what a task teaches a host: registered results, variables that modules set, and unknowns in their place.
 */
import type { TaskResult } from '../core/events.js';
import type { Place } from '../core/errors.js';
import type { Task } from '../core/plan.js';
import type { Template } from '../core/template.js';
import { Unknown, UnknownValueError, type ValueMap } from '../core/value.js';
import type { HostState } from './host-state.js';
import { registered } from './results.js';

/** Kept apart from the host, so that what one host learnt for all (`run_once`) can be handed on. */
export type Memory = Pick<HostState, 'facts' | 'fileVars' | 'results'>;

export function createMemory(): Memory {
  return { facts: {}, fileVars: new Map(), results: {} };
}

export function learn(state: HostState, memory: Memory, learnt: Partial<Memory>): void {
  for (const layer of ['facts', 'results'] as const) {
    const added = learnt[layer];
    if (!added) continue;
    memory[layer] = { ...memory[layer], ...added };
    state[layer] = { ...state[layer], ...added };
  }
  const { fileVars } = learnt;
  if (!fileVars || fileVars.size === 0) return;
  memory.fileVars = new Map([...memory.fileVars, ...fileVars]);
  state.fileVars = new Map([...state.fileVars, ...fileVars]);
}

/** As in Ansible, what a task sets by its parameters goes before the play's variables, and gathered facts after them. */
export function learnVars({ setsVars }: Pick<Task, 'setsVars'>, vars: ValueMap): Partial<Memory> {
  return setsVars ? { results: vars } : { facts: vars };
}

/** What later tasks and expressions see of this one, when it is over. */
export function rememberResult(task: Task, result: TaskResult, state: HostState, memory: Memory): void {
  if (result.status === 'unknown') {
    const unknown = new Unknown(result.waitsFor ?? task.name);
    const unknowns = (names: readonly string[]): ValueMap =>
      Object.fromEntries(names.map((name) => [name, unknown]));
    const { register, setsVars } = task;
    learn(state, memory, { facts: unknowns(Object.keys(task.module.vars?.shape ?? {})) });
    if (setsVars?.by === 'set_fact') learn(state, memory, { results: unknowns(setsVars.names) });
    if (setsVars?.by === 'include_vars') {
      const template = unknownTemplate(unknown, task.at);
      learn(state, memory, { fileVars: new Map(setsVars.names.map((name) => [name, template])) });
    }
    if (register !== undefined) learn(state, memory, { results: unknowns([register]) });
    return;
  }
  if (task.register === undefined) return;
  const value = result.items ? result.result : registered(result);
  learn(state, memory, { results: { [task.register]: value } });
}

/** What gives an unknown value is, like that, something that rests on a task. */
function unknownTemplate({ waitsFor }: Unknown, at: Place): Template {
  return {
    at,
    isConstant: false,
    render: () => {
      throw new UnknownValueError(waitsFor);
    },
  };
}
