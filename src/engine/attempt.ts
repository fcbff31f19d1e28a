/**
 * Owns the protocol of one attempt: plan, the decision whether to apply, apply, look again. The only caller of `apply`.
 */
import { StringDecoder } from 'node:string_decoder';
import * as z from 'zod';
import { toProblem, ZrunError, type Problem } from '../core/errors.js';
import type { TaskRef } from '../core/events.js';
import type { InventoryChange } from '../core/host.js';
import { createExactDecoder } from '../core/exact-text.js';
import { outputLimits, type OutputBound } from '../core/kept-output.js';
import type { BoundChange, BoundPlan, BoundTask, Nothing, TaskContext, Write } from '../core/module.js';
import type { Task } from '../core/plan.js';
import type { Scope } from '../core/template.js';
import type { Read } from '../core/probe.js';
import { readLines, thinOut, watchInput } from '../core/progress.js';
import { readCalls } from '../core/shell-files.js';
import { lines, type ShellText } from '../core/shell.js';
import { findUnknown, isMap, Unknown, UnknownValueError, type ValueMap } from '../core/value.js';
import { disconnect, isLost, runOn } from './host-state.js';
import { joinLooks } from './join.js';
import { endedWith, judge, judgePredicted, judgeThrown, type Outcome } from './judge.js';
import { createMemory, learn, learnVars } from './memory.js';
import { reconnect } from './reconnect.js';
import { mainState, outputLimitIn, workerFor, type Attempt, type Worker } from './surroundings.js';

/** Throws what the task's own templates throw; whatever happens on the host is the outcome. */
export async function attemptOnce(attempt: Attempt, ref: TaskRef): Promise<Outcome> {
  const { task, around, scope, settings } = attempt;
  const { run, language } = around.source;
  const worker = workerFor(attempt);
  // What a template hides from some hosts only is hidden while it runs from all.
  const isTold = task.noLog === false;
  const progress = thinOut((bytes) => {
    if (isTold) run.emit({ type: 'task-progressed', host: around.state.host.name, task: ref, ...bytes });
  });
  const context = contextOf(attempt);
  const bound = boundOf(attempt);
  const handles = createHandles(attempt, ref, { worker, isTold, progress });
  // In check mode every look goes through what earlier tasks would have left.
  const { read, hasLooked } = watch(
    run.settings.check ? worker.state.overlay.over(handles.read) : handles.read,
  );
  const plan = (): Promise<BoundPlan> => bound.plan(read, context);

  let planned: BoundPlan;
  try {
    planned = await retryLost(worker, around.signal, plan);
  } catch (error) {
    const outcome = judgeThrown(error, settings);
    const opener = run.settings.check && hasLooked() ? worker.state.overlay.openedBy : undefined;
    return opener === undefined ? judge(attempt, outcome) : doubt(attempt, outcome, opener);
  }
  if (planned.change === 'none') {
    const outcome = judge(attempt, nothing(attempt, worker, planned));
    return planned.inventory ? changeInventory(attempt, outcome, planned.inventory) : outcome;
  }
  if (settings.check) {
    if (run.settings.check) worker.state.overlay.record(task.name, planned);
    return judgePredicted(attempt, predicted(planned, task));
  }
  return judge(attempt, await applyChange(attempt, worker, handles, planned, plan));

  function contextOf({ around: { state, source, signal } }: Attempt): TaskContext {
    return {
      host: state.host.name,
      isController: worker.state.host.target.transport === 'local',
      runId: run.settings.runId,
      check: settings.check,
      task: task.name,
      checkMode: settings.checkMode,
      background: settings.background,
      evaluate: (expression) => language.evaluate(expression, scope),
      renderTemplate: (path) => task.files.renderTemplate(path, scope),
      readControllerFile: (path) => task.files.read(path),
      openControllerFile: (path) => task.files.open(path),
      readControllerFolder: (path) => task.files.readFolder(path),
      playbook: source.play.at.source.name,
      controller: run.controller,
      say(text) {
        if (isTold) run.emit({ type: 'task-said', host: state.host.name, task: ref, text });
      },
      progress,
      signal,
    };
  }
}

/** Tasks whose parameters hold no template, bound once for all hosts. */
const boundOnce = new WeakMap<Task, BoundTask>();

function boundOf(attempt: Attempt): BoundTask {
  const { task, scope } = attempt;
  const known = boundOnce.get(task);
  if (known) return known;
  const bound = bind(task, renderArgs(task, scope), attempt);
  if (task.args.isConstant) boundOnce.set(task, bound);
  return bound;
}

function renderArgs(task: Task, scope: Scope): ValueMap {
  const args = task.args.render(scope);
  const unknown = findUnknown(args);
  if (unknown) throw new UnknownValueError(unknown.waitsFor);
  if (isMap(args)) return args;
  throw new ZrunError('parameter-invalid', `${task.module.name} takes a map of parameters`, {
    at: task.args.at,
  });
}

/** Parameters can come out wrong only now that their templates are rendered for this host. */
function bind(task: Task, params: ValueMap, { around }: Attempt): BoundTask {
  try {
    return task.module.bind(params);
  } catch (error) {
    throw error instanceof z.ZodError ? around.source.language.explainParameters(task, error, params) : error;
  }
}

/** Knows whether anything was asked of the host. */
function watch(read: Read): { readonly read: Read; readonly hasLooked: () => boolean } {
  let looked = false;
  return {
    read(probe) {
      looked = true;
      return read(probe);
    },
    hasLooked: () => looked,
  };
}

/**
 * What a host does not have in check mode may come with what an earlier task installs: that the look failed is then no
 * failure yet. What it said is told all the same.
 */
function doubt(attempt: Attempt, outcome: Outcome, opener: string): Outcome {
  const { problem } = outcome;
  if (!problem || !saidByHost.includes(problem.code)) return judge(attempt, outcome);
  const { code, message } = problem;
  return { ...outcome, status: 'unknown', waitsFor: opener, problem: { code, message } };
}

const saidByHost: readonly Problem['code'][] = ['task-failed', 'command-failed', 'output-unexpected'];

interface Handles {
  readonly read: Read;
  readonly write: Write;
}

interface Listening {
  readonly worker: Worker;
  /** What the task's scripts write is told as it comes. */
  readonly isTold: boolean;
  readonly progress: TaskContext['progress'];
}

function createHandles(
  { task, around, scope, settings }: Attempt,
  ref: TaskRef,
  { worker, isTold, progress }: Listening,
): Handles {
  const { source, state: walking, signal } = around;
  const { run } = source;
  const { state, as, environment } = worker;
  const { timeoutMs } = settings;
  const inEnvironment = (script: ShellText): ShellText => (environment ? lines(environment, script) : script);
  return {
    read: joinLooks((script, stdin, isTerse) =>
      runOn(state, run, inEnvironment(script), { as, stdin, timeoutMs, signal, isTerse }),
    ),
    write: {
      async run(script, { stdin, accept = [], shownAs, isAnchored, keepsEnds = false, onLine } = {}) {
        const tell = (stream: 'stdout' | 'stderr', text: string): void =>
          run.emit({ type: 'task-output', host: walking.host.name, task: ref, stream, text });
        const listener = isTold ? decodeOutput(tell, run.settings.exactOutput === true) : undefined;
        const told = listener?.hear;
        const output = await runOn(state, run, inEnvironment(script), {
          as,
          stdin: watchInput(stdin, progress),
          timeoutMs,
          signal,
          isAnchored,
          keep: keepsEnds ? keepInItem(outputLimitIn(scope, task), around.kept.bytes) : undefined,
          onOutput: onLine === undefined ? told : hearLines(onLine, told),
        }).finally(() => listener?.end());
        if (keepsEnds) around.kept.bytes += output.stdout.length + output.stderr.length;
        if (output.status === 0 || accept.includes(output.status)) return output;
        const command = shownAs ?? readCalls(script).script;
        throw new ZrunError('command-failed', endedWith(command, output.status), {
          command,
          status: output.status,
          stdout: output.stdout.toString('utf8'),
          stderr: output.stderr.toString('utf8'),
        });
      },
      reconnect: (options) =>
        reconnect(state, run, { ...options, script: inEnvironment(options.script), as, signal }),
    },
  };
}

/** A loop may have thousands of items, and its result all of them: together they keep what 32 loud ones may. */
function keepInItem(limit: number, before: number): OutputBound {
  return { bytes: Math.max(outputLimits.least, Math.min(limit, 32 * limit - before)), over: 'cut' };
}

/** Makes text of bytes that may be cut anywhere, in the middle of a character too. */
function decodeOutput(
  tell: (stream: 'stdout' | 'stderr', text: string) => void,
  isExact: boolean,
): { readonly hear: OnOutput; readonly end: () => void } {
  const make = (): Pick<StringDecoder, 'end'> & { write(chunk: Buffer): string } =>
    isExact ? createExactDecoder() : new StringDecoder('utf8');
  const decoders = { stdout: make(), stderr: make() };
  const tellText = (stream: 'stdout' | 'stderr', text: string): void => {
    if (text !== '') tell(stream, text);
  };
  return {
    hear: (stream, chunk) => tellText(stream, decoders[stream].write(chunk)),
    end() {
      tellText('stdout', decoders.stdout.end());
      tellText('stderr', decoders.stderr.end());
    },
  };
}

type OnOutput = (stream: 'stdout' | 'stderr', chunk: Buffer) => void;

function hearLines(onLine: (line: string) => void, told: OnOutput | undefined): OnOutput {
  const hear = readLines(onLine);
  return (stream, chunk) => (stream === 'stdout' ? hear(chunk) : told?.(stream, chunk));
}

/** A look that the connection broke under is taken once more over a new one: looking twice does no harm. */
async function retryLost<T>(worker: Worker, signal: AbortSignal, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isLost(error) || signal.aborted) throw error;
    await disconnect(worker.state);
    return look();
  }
}

async function applyChange(
  { around, settings, task }: Attempt,
  worker: Worker,
  handles: Handles,
  plan: BoundChange,
  planAgain: () => Promise<BoundPlan>,
): Promise<Outcome> {
  const changed = {
    summary: plan.summary,
    diff: plan.diff,
    ...(plan.destroys !== undefined && { destroys: plan.destroys }),
  };
  let result: ValueMap;
  try {
    result = await plan.apply(handles.write);
  } catch (error) {
    if (isLost(error)) {
      const seen = await lookAfterLoss(error, worker, { around, task }, plan, planAgain);
      return { ...changed, ...seen, ignored: false };
    }
    return { ...judgeThrown(error, settings), ...changed };
  }
  if (around.source.run.settings.verify && plan.repeats !== true) {
    let left: BoundPlan;
    try {
      left = await retryLost(worker, around.signal, planAgain);
    } catch (error) {
      if (!isLost(error)) return { ...judgeThrown(error, settings), ...changed };
      const lost = toProblem(error);
      const problem: Problem = {
        ...lost,
        message: `${lost.message}, after this was done: ${plan.summary}`,
        hint: `It was done, but --verify could not look whether it is complete. ${describeNextRun(task, plan)}`,
      };
      return { ...changed, status: 'unknown', problem, result, ignored: false };
    }
    if (left.change === 'some') {
      const problem: Problem = {
        code: 'not-idempotent',
        message: `${task.module.name} made its change and still wants to ${left.summary}`,
        hint: 'Something else may be changing the host at the same time; if not, this is a bug in the module.',
      };
      return { ...changed, status: 'failed', problem, result, ignored: settings.ignoreErrors };
    }
  }
  return { ...changed, status: 'changed', result, ignored: false };
}

/**
 * The connection broke while a change was being made: neither success nor failure. A new connection is made and the
 * host looked at: where nothing is left to do, the change was made; otherwise nobody can say, since it may still be
 * going on.
 */
async function lookAfterLoss(
  error: unknown,
  worker: Worker,
  { around: { signal }, task }: Pick<Attempt, 'around' | 'task'>,
  plan: BoundChange,
  planAgain: () => Promise<BoundPlan>,
): Promise<Pick<Outcome, 'status' | 'result' | 'problem' | 'summary'>> {
  const lost = toProblem(error);
  if (plan.repeats !== true && !signal.aborted) {
    try {
      await disconnect(worker.state);
      const left = await planAgain();
      if (left.change === 'none') {
        return {
          status: 'changed',
          result: left.result,
          summary: `${plan.summary} (the connection broke meanwhile; seen done over a new one)`,
        };
      }
    } catch {
      // Still out of reach, or the look itself failed: the first loss is what the user must know.
    }
  }
  const problem: Problem = {
    ...lost,
    message: `${lost.message}, while this was under way: ${plan.summary}`,
    hint: `Whether it happened is not known, and it may still be going on. ${describeNextRun(task, plan)}`,
  };
  return { status: 'unknown', result: {}, problem, summary: plan.summary };
}

/** Whoever is to decide whether the playbook may run again must know whether that repeats what nobody saw the end of. */
function describeNextRun({ module: { name } }: Task, { repeats }: BoundChange): string {
  return repeats === true
    ? `The next run does not look first: ${name} does the same again.`
    : `The next run looks first: ${name} does only what is still left to do.`;
}

function nothing({ task, around }: Attempt, worker: Worker, plan: Nothing): Outcome {
  if (plan.vars ?? plan.fileVars) {
    const { state, memory, source } = around;
    const learnt = {
      ...(plan.vars && learnVars(task, plan.vars)),
      ...(plan.fileVars && { fileVars: plan.fileVars }),
    };
    if (task.delegateFacts && worker.state !== state)
      learn(mainState(worker.state.host.name, source), createMemory(), learnt);
    else learn(state, memory, learnt);
  }
  return {
    status: 'ok',
    summary: plan.reason,
    diff: [],
    ...(plan.message !== undefined && { message: plan.message }),
    result: plan.result,
    ignored: false,
  };
}

/**
 * In check mode too: no host is touched. As in Ansible, what failed already changes nothing, and conditions are asked again
 * when it is known whether anything was new.
 */
async function changeInventory(
  attempt: Attempt,
  outcome: Outcome,
  change: InventoryChange,
): Promise<Outcome> {
  const { task, around, settings } = attempt;
  const { run } = around.source;
  if (outcome.status === 'failed') return outcome;
  try {
    const isNew = (await run.inventory?.change(change, around.state.host.name, task.args.at)) ?? false;
    if (isNew && change.type === 'host') around.source.added.add(change.name);
    return judge(attempt, { ...outcome, status: isNew ? 'changed' : 'ok' });
  } catch (error) {
    return judge(attempt, judgeThrown(error, settings));
  }
}

function predicted(plan: BoundChange, task: Task): Outcome {
  return {
    status: 'changed',
    summary: plan.summary,
    diff: plan.diff,
    ...(plan.destroys !== undefined && { destroys: plan.destroys }),
    result: stamp(plan.predicted, task.name),
    ignored: false,
  };
}

/** Modules need not know their task's name: an unknown without one waits for this task. */
function stamp(result: ValueMap, waitsFor: string): ValueMap {
  return Object.fromEntries(
    Object.entries(result).map(([key, value]) => [
      key,
      value instanceof Unknown && value.waitsFor === '' ? new Unknown(waitsFor) : value,
    ]),
  );
}
