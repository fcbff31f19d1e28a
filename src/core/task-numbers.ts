/**
 * Owns the place of a task in its play, counted over the tasks that are known before the play runs. Live views show it.
 */
import type { Include, Play, Step, Task } from './plan.js';

const numbers = new WeakMap<object, number>();

/** From 1. Undefined for what only a run names, and for what runs only if something fails or changes. */
export function numberOf(step: object): number | undefined {
  return numbers.get(step);
}

/** Numbers the tasks of a play, the gathering of facts first. Returns how many there are. */
export function numberTasks(play: Play, selects: (tags: readonly string[]) => boolean): number {
  const all = [...(play.gatherFacts ? [play.gatherFacts] : []), ...play.tasks.flatMap(tasksOf)];
  const selected = all.filter(({ tags }) => selects(tags));
  selected.forEach((task, i) => numbers.set(task, i + 1));
  return selected.length;
}

function tasksOf(step: Step): readonly (Task | Include)[] {
  if (step.type === 'block') return [...step.tasks, ...step.always].flatMap(tasksOf);
  return step.type === 'meta' ? [] : [step];
}
