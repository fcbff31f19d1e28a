/**
 * Owns how a host walks through an include: whether it takes it in, for which items, and what comes of that as a result.
 */
import { ZrunError } from '../core/errors.js';
import type { TaskResult } from '../core/events.js';
import type { Include } from '../core/plan.js';
import { settle, type Expression } from '../core/template.js';
import { Unknown, type Value, type ValueMap } from '../core/value.js';
import { isTrue, judgeThrown, type Outcome } from './judge.js';
import { itemsUnless } from './loop.js';
import { createMemory, learn, type Memory } from './memory.js';
import { mergeItems, registered, type Turn } from './results.js';
import { paramsInside, scopeOf, type Around } from './surroundings.js';
import type { TakenIn, TaskRun } from './task.js';
import {
  adopt,
  aroundOf,
  beginRole,
  done,
  nothingDone,
  refOf,
  reportStep,
  stepEnding,
  untimed,
  type Ending,
  type Inherited,
  type Walk,
  type WalkSteps,
} from './step.js';

/** One turn of an include, and what it takes in. */
type IncludeTurn = Turn & TakenIn;

interface Decision {
  readonly result: TaskResult;
  readonly turns: readonly IncludeTurn[];
}

export async function walkInclude(
  walk: Walk,
  include: Include,
  inherited: Inherited,
  walkSteps: WalkSteps,
): Promise<Ending> {
  const { batch, state } = walk;
  const ref = refOf(include, 'include_tasks', inherited, include.name);
  const perform = async (): Promise<TaskRun> => {
    const { result, turns } = await decide(include, aroundOf(walk, inherited));
    reportStep(walk, ref, result);
    const inside = turns.filter(({ steps }) => steps.length > 0);
    return { result, memory: registerInclude(walk, include, result), inside };
  };
  const { value, isMine } = include.runOnce
    ? await batch.once(`${include.id} ${inherited.position.join('.')}`, perform)
    : { value: await perform(), isMine: true };
  const { result, inside = [] } = value;
  if (isMine) beginRole(inherited, result);
  const failed = isMine
    ? stepEnding(walk, include, ref, result, inherited)
    : adopt(walk, include, ref, value, inherited);
  if (failed.type !== 'done') return failed;
  // As in Ansible, only the host that has come first does what is inside, unless a block around says so of each task.
  if (inside.length === 0 || (!isMine && !include.runsEachOnce)) return done;
  for (const { vars, steps, position } of await batch.arrange(state, inherited.position, inside)) {
    const ending = await walkSteps(walk, steps, {
      ...inherited,
      // An include's own conditions have been decided about; those of the blocks around it have, too.
      when: [],
      vars: [...inherited.vars, include.vars],
      params: paramsInside(include, inherited.params),
      become: [...inherited.become, include.become],
      extra: { ...inherited.extra, ...vars },
      position,
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
