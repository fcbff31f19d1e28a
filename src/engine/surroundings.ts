/**
 * Owns where a task stands when a host comes to it: everything that it inherits, and what is made of that for one item.
 */
import { isDeepStrictEqual } from 'node:util';
import { ZrunError } from '../core/errors.js';
import type { Become, Host, Route, Target } from '../core/host.js';
import type { Background } from '../core/module.js';
import type { BecomeSettings, Step, Task } from '../core/plan.js';
import { settle, type Expression, type Scope, type VarsTemplate } from '../core/template.js';
import { findUnknown, isMap, UnknownValueError, type Value, type ValueMap } from '../core/value.js';
import { defaultLimit, outputLimitRule, outputLimits } from '../core/kept-output.js';
import { lines, sh, type ShellText } from '../core/shell.js';
import { bytesOf } from '../core/bytes.js';
import { becomeFor } from './become.js';
import { createHostState, type HostState } from './host-state.js';
import type { Memory } from './memory.js';
import { scopeFor, type Params, type ScopeSource } from './scope.js';

export interface Around {
  readonly source: ScopeSource;
  /** The host that walks. */
  readonly state: HostState;
  /** From the outermost block to the innermost. */
  readonly when: readonly Expression[];
  readonly defaults: readonly VarsTemplate[];
  readonly vars: readonly VarsTemplate[];
  readonly params: Params;
  readonly become: readonly BecomeSettings[];
  /** `ansible_failed_task` and its like inside a rescue, the item of an include. */
  readonly extra: ValueMap;
  /** Aborts what is under way; a rescue after an interrupt has a fresh one. */
  readonly signal: AbortSignal;
}

/** The same for a task that is under way. */
export interface Surroundings extends Around {
  /** What the task taught the host so far. */
  readonly memory: Memory;
  /** Bytes of output that the task's items have kept so far. */
  readonly kept: { bytes: number };
  /** What its items notify if it changes something. */
  readonly notified: Set<string>;
}

/** One item's turn, or the whole task's where it does not loop. */
export interface Attempt {
  readonly task: Task;
  readonly around: Surroundings;
  /** The loop's variables. */
  readonly item: ValueMap;
  readonly scope: Scope;
  readonly settings: Settled;
  /** Which try it is, from 1, where there may be several. */
  readonly count?: number;
}

/** The task's keywords, as they are for this item on this host. */
export interface Settled {
  /** Plan only. */
  readonly check: boolean;
  readonly checkMode: boolean | undefined;
  readonly diff: boolean | undefined;
  readonly ignoreErrors: boolean;
  readonly ignoreUnreachable: boolean;
  /** How often it is tried again. */
  readonly retries: number;
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly background: Background | undefined;
}

export function scopeOf(step: Step, around: Around, item: ValueMap): Scope {
  const { source, state, vars, extra } = around;
  const isTask = step.type === 'task';
  return scopeFor(source, state, {
    defaults: isTask ? [...around.defaults, step.defaults] : around.defaults,
    vars: [...vars, step.vars],
    params: paramsInside(step, around.params),
    extra: isTask ? { ansible_search_path: step.files.searchPath, ...extra, ...item } : { ...extra, ...item },
  });
}

/** The parameters that hold inside a step, its own among them. */
export function paramsInside(step: Step, { ofRoles, ofIncludes }: Params): Params {
  switch (step.type) {
    case 'task':
    case 'block':
      return { ofRoles: [...ofRoles, step.params], ofIncludes };
    case 'include':
      return { ofRoles, ofIncludes: [...ofIncludes, step.params] };
    case 'meta':
      return { ofRoles, ofIncludes };
  }
}

export function settleTask(task: Task, scope: Scope, { source }: Surroundings): Settled {
  const { settings } = source.run;
  const checkMode = settle(task.checkMode, scope);
  const timeout = settle(task.timeout, scope);
  const limitSeconds = settle(task.async, scope);
  return {
    check: checkMode ?? settings.check,
    checkMode,
    diff: settle(task.diff, scope),
    ignoreErrors: settle(task.ignoreErrors, scope),
    ignoreUnreachable: settle(task.ignoreUnreachable, scope),
    retries: settle(task.retries, scope),
    delayMs: settle(task.delay, scope) * 1000,
    background: limitSeconds > 0 ? { limitSeconds, pollSeconds: settle(task.poll, scope) } : undefined,
    timeoutMs: (timeout ?? commandTimeoutIn(scope) ?? settings.taskTimeoutMs / 1000) * 1000,
  };
}

/** Seconds that a host's commands may take (`ansible_command_timeout`). */
function commandTimeoutIn(scope: Scope): number | undefined {
  const seconds = Number(scope.get('ansible_command_timeout') ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/**
 * Bytes that are kept of each output of a user's command (`zrun_output_limit`). Throws ZrunError `parameter-invalid`
 * where that is no size.
 */
export function outputLimitIn(scope: Scope, task: Task): number {
  const given = scope.get('zrun_output_limit');
  if (given === undefined || given === null) return defaultLimit;
  const bytes = bytesOf(given);
  if (bytes !== undefined && bytes >= outputLimits.least && bytes <= outputLimits.most) return bytes;
  throw new ZrunError('parameter-invalid', `'zrun_output_limit' ${outputLimitRule}`, { at: task.args.at });
}

/** Who does the work, and as whom. */
export interface Worker {
  readonly state: HostState;
  readonly as: Become | undefined;
  /** Commands that set the task's environment; undefined if there is none. */
  readonly environment: ShellText | undefined;
}

export function workerFor({ task, around, scope }: Attempt): Worker {
  const { source, state: walking, become } = around;
  const main = task.delegateTo ? delegateOf(task, scope, walking, source) : walking;
  // What variables say about the way to a host, and about becoming somebody, is about the host that does the work.
  const there = source.inventory.get(main.host.name) ?? main.host;
  const about = main === walking ? scope : source.language.scope([there.vars, source.run.settings.extraVars]);
  return {
    state: wayTo(main, there, routeOf(task, scope, about), source),
    as: becomeFor(scope, about, [...become, task.become], source.run),
    environment: environmentOf(task, scope),
  };
}

/**
 * The state of the host that works in the place of another. Each host that walks has connections of its own to its
 * delegates, so that fifty hosts that wait for the same one do not wait for each other. What check mode predicts of the
 * delegate, all share.
 */
function delegateOf(task: Task, scope: Scope, walking: HostState, source: ScopeSource): HostState {
  const rendered = task.delegateTo?.render(scope);
  const at = task.delegateTo?.at;
  if (typeof rendered !== 'string' || rendered === '')
    throw new ZrunError('parameter-invalid', 'delegate_to must be the name of a host', { at });
  if (rendered === walking.host.name) return walking;
  const known = walking.delegates.get(rendered);
  if (known) return known;
  const main = mainState(rendered, source);
  if (main === walking) return walking;
  const made = createHostState(main.host, main.overlay);
  walking.delegates.set(rendered, made);
  return made;
}

/** As in Ansible, variables go before the keywords. */
function routeOf(task: Task, scope: Scope, about: Scope): Route {
  return {
    connection: textOf(about.get('ansible_connection')) ?? settle(task.connection, scope),
    user: textOf(about.get('ansible_user')) ?? settle(task.remoteUser, scope),
  };
}

function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Ways that were found before, for each task asks: of a host as a folder's variables have it, by what is asked for. */
const knownWays = new WeakMap<HostState, WeakMap<Host, Map<string, HostState>>>();

/**
 * The host by the way that is asked for, which mostly is the inventory's. `there`: the host as the play's folder has it;
 * its variables may say another way than those of the folder in which the run met it first.
 */
function wayTo(main: HostState, there: Host, route: Route, source: ScopeSource): HostState {
  if (there === main.host && route.connection === undefined && route.user === undefined) return main;
  const byHost = knownWays.get(main) ?? new WeakMap<Host, Map<string, HostState>>();
  knownWays.set(main, byHost);
  const known = byHost.get(there) ?? new Map<string, HostState>();
  byHost.set(there, known);
  const key = JSON.stringify([route.connection, route.user]);
  const found = known.get(key) ?? findWay(main, there.targetBy(route), source);
  known.set(key, found);
  return found;
}

function findWay(main: HostState, target: Target, source: ScopeSource): HostState {
  if (isDeepStrictEqual(target, main.host.target)) return main;
  const key = JSON.stringify(target);
  const known = main.ways.get(key);
  if (known) return known;
  // On the controller, what check mode predicts is the controller's.
  const { overlay } = target.transport === 'local' ? mainState('localhost', source) : main;
  const made = createHostState({ ...main.host, target }, overlay);
  main.ways.set(key, made);
  return made;
}

/** What the run knows of a host, whether it walks through plays or only works for others, in the inventory or not. */
export function mainState(name: string, source: ScopeSource): HostState {
  const known = source.states.get(name);
  if (known) return known;
  const host = source.inventory.get(name) ?? source.stranger(name);
  if (host.name !== name) return mainState(host.name, source);
  const made = createHostState(host);
  source.states.set(name, made);
  return made;
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

function environmentOf(task: Task, scope: Scope): ShellText | undefined {
  if (task.environment.length === 0) return undefined;
  const exports: ShellText[] = [];
  for (const template of task.environment) {
    const rendered = template.render(scope);
    const unknown = findUnknown(rendered);
    if (unknown) throw new UnknownValueError(unknown.waitsFor);
    if (!isMap(rendered))
      throw new ZrunError('parameter-invalid', 'environment must be a map of names and values', {
        at: template.at,
      });
    for (const [name, value] of Object.entries(rendered)) {
      if (!variableName.test(name))
        throw new ZrunError('parameter-invalid', `'${name}' is no name for an environment variable`, {
          at: template.at,
          hint: 'letters, digits and underscores, not beginning with a digit',
        });
      if (typeof value === 'object' && value !== null)
        throw new ZrunError('parameter-invalid', `the environment variable '${name}' must be text`, {
          at: template.at,
        });
      const text = value === null ? '' : String(value);
      exports.push(sh`export ${{ shellText: name }}=${text}`);
    }
  }
  return lines(...exports);
}
