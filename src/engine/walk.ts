/**
 * Owns one host's walk through one play: tasks in order, blocks with rescue and always, handlers, and how the host
 * leaves the play. Knows nothing of other hosts.
 */
import { toProblem, type Problem } from '../core/errors.js';
import type { TaskRef, TaskResult } from '../core/events.js';
import { formatPlace } from '../core/errors.js';
import type {
  BecomeSettings,
  Block,
  Expression,
  Language,
  Play,
  Step,
  Task,
  VarsTemplate,
} from '../core/plan.js';
import type { ValueMap } from '../core/value.js';
import { regain, type HostState } from './host-state.js';
import { count, countRescued } from './results.js';
import type { RunInput } from './settings.js';
import { runTask } from './task.js';
import type { TagFilter } from './tags.js';

export interface Walk {
  readonly run: RunInput;
  readonly play: Play;
  readonly language: Language;
  readonly state: HostState;
  readonly tags: TagFilter;
  /** Shared by the walks of a run: true once this host has come to the task of `--start-at-task`. */
  started(host: string, task: Task): boolean;
}

interface Inherited {
  readonly section: TaskRef['section'];
  readonly when: readonly Expression[];
  readonly vars: readonly VarsTemplate[];
  readonly become: readonly BecomeSettings[];
  readonly extra: ValueMap;
  readonly signal: AbortSignal;
}

/** Why a host stopped walking; `done` when it did not. */
type Ending =
  | { readonly type: 'done' }
  | { readonly type: 'stopped'; readonly task: Task; readonly ref: TaskRef; readonly result: TaskResult }
  | { readonly type: 'interrupted' };

const done: Ending = { type: 'done' };

/** Walks the play and sets the host's outcome. Never throws. */
export async function walkPlay(walk: Walk): Promise<void> {
  const { run, play, state } = walk;
  const inherited: Inherited = {
    section: 'tasks',
    when: [],
    vars: [],
    become: [play.become],
    extra: {},
    signal: run.signal,
  };
  try {
    let ending = play.gatherFacts
      ? await walkSteps(walk, [play.gatherFacts], { ...inherited, section: 'facts' })
      : done;
    if (ending.type === 'done') ending = await walkSteps(walk, play.tasks, inherited);
    if (ending.type === 'done' || (run.settings.forceHandlers && canGoOn(ending))) {
      const handlers = await walkHandlers(walk, inherited);
      if (ending.type === 'done') ending = handlers;
    }
    leave(state, ending);
  } catch (error) {
    state.outcome = 'failed';
    state.problem = toProblem(error);
  }
}

function canGoOn(ending: Ending): boolean {
  return ending.type === 'stopped' && ending.result.status === 'failed';
}

function leave(state: HostState, ending: Ending): void {
  if (ending.type === 'done') return;
  if (ending.type === 'interrupted') {
    state.outcome = 'interrupted';
    return;
  }
  const { result } = ending;
  state.problem = result.problem;
  if (result.problem?.code === 'interrupted') state.outcome = 'interrupted';
  else if (result.status === 'unreachable') state.outcome = 'unreachable';
  else if (result.status === 'unknown') state.outcome = 'unknown';
  else state.outcome = 'failed';
}

async function walkSteps(walk: Walk, steps: readonly Step[], inherited: Inherited): Promise<Ending> {
  for (const step of steps) {
    const ending =
      step.type === 'task' ? await walkTask(walk, step, inherited) : await walkBlock(walk, step, inherited);
    if (ending.type !== 'done') return ending;
  }
  return done;
}

async function walkTask(walk: Walk, task: Task, inherited: Inherited): Promise<Ending> {
  const { run, play, language, state } = walk;
  if (inherited.section !== 'facts' && !walk.started(state.host.name, task)) return done;
  if (inherited.section !== 'handlers' && !walk.tags.selects(task.tags)) return done;
  if (inherited.signal.aborted) return { type: 'interrupted' };
  const ref: TaskRef = {
    id: task.id,
    name: task.name,
    module: task.module.name,
    at: formatPlace(task.at),
    section: inherited.section,
  };
  run.emit({ type: 'task-started', host: state.host.name, task: ref });
  const { when, vars, become, extra, signal } = inherited;
  const result = await runTask(task, ref, { run, play, language, state, when, vars, become, extra, signal });
  state.counts = count(state.counts, result);
  run.emit({ type: 'task-finished', host: state.host.name, task: ref, result });
  if (result.status === 'changed') task.notify.forEach((name) => state.notified.add(name));
  return stops(result, run) ? { type: 'stopped', task, ref, result } : done;
}

/** In check mode an unknown result is to be expected; in a run it means that the connection broke in mid-task. */
function stops(result: TaskResult, run: RunInput): boolean {
  if (result.ignored) return false;
  if (result.status === 'unknown') return !run.settings.check;
  return result.status === 'failed' || result.status === 'unreachable';
}

async function walkBlock(walk: Walk, block: Block, inherited: Inherited): Promise<Ending> {
  const inside: Inherited = {
    ...inherited,
    when: [...inherited.when, ...block.when],
    vars: [...inherited.vars, block.vars],
    become: [...inherited.become, block.become],
  };
  let ending = await walkSteps(walk, block.tasks, inside);
  const mustTidy = block.rescue.length > 0 || block.always.length > 0;
  // After Ctrl-C a host is not left half way: what the playbook says about failures still runs, undisturbed.
  const undisturbed = mustTidy && inherited.signal.aborted ? new AbortController().signal : inherited.signal;
  const after: Inherited = { ...inside, signal: undisturbed };
  if (mustTidy && isCutOff(ending)) await regain(walk.state, walk.run);
  if (ending.type !== 'done' && block.rescue.length > 0 && (await isRescuable(ending, walk.state))) {
    ending = await rescue(walk, block, ending, after);
  }
  if (block.always.length > 0) {
    const always = await walkSteps(walk, block.always, { ...after, section: 'always' });
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
  if (ending.type !== 'stopped' || ending.result.status !== 'unreachable') return true;
  return (await state.connection?.catch(() => undefined)) !== undefined;
}

async function rescue(walk: Walk, block: Block, failed: Ending, inherited: Inherited): Promise<Ending> {
  const { run, state } = walk;
  const ref = failed.type === 'stopped' ? failed.ref : undefined;
  const message =
    failed.type === 'stopped'
      ? (failed.result.problem?.message ?? failed.result.summary)
      : 'interrupted by the user';
  run.emit({
    type: 'rescue-started',
    host: state.host.name,
    block: block.name,
    ...(ref && { failed: ref }),
    reason: message,
  });
  const ending = await walkSteps(walk, block.rescue, {
    ...inherited,
    section: 'rescue',
    extra: {
      ...inherited.extra,
      ansible_failed_task: { name: ref?.name ?? '' },
      ansible_failed_result:
        failed.type === 'stopped' ? { msg: message, ...failed.result.result } : { msg: message },
    },
  });
  const wasInterrupted =
    failed.type === 'interrupted' || (failed.type === 'stopped' && isInterrupted(failed.result.problem));
  if (ending.type === 'done') {
    if (failed.type === 'stopped' && !wasInterrupted)
      state.counts = countRescued(state.counts, failed.result.status);
    // A stop that was asked for stays a stop, however well the rescue went.
    return wasInterrupted ? { type: 'interrupted' } : done;
  }
  return ending;
}

function isInterrupted(problem: Problem | undefined): boolean {
  return problem?.code === 'interrupted';
}

/** In the order in which they are defined, each once, however often it was notified. A handler may notify others. */
async function walkHandlers(walk: Walk, inherited: Inherited): Promise<Ending> {
  const { play, state } = walk;
  for (const handler of play.handlers) {
    const names = [handler.name, ...handler.listen];
    if (!names.some((name) => state.notified.has(name))) continue;
    const ending = await walkTask(walk, handler, { ...inherited, section: 'handlers' });
    if (ending.type !== 'done') return ending;
  }
  state.notified.clear();
  return done;
}
