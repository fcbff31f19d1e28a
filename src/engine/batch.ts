/**
 * Owns what the hosts of one batch have in common while they walk: whose turn it is, what one of them does for all, how
 * many work on a task at a time, and whether they are to stop. Knows no task's inside.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { TaskStatus } from '../core/events.js';
import type { Play, Task } from '../core/plan.js';
import type { ValueMap } from '../core/value.js';
import type { HostState } from './host-state.js';
import { comparePositions, createLockstep, type Position } from './lockstep.js';
import { createOnce, type Once } from './once.js';
import type { RunInput, StepAnswer } from './settings.js';
import type { TakenIn, TaskRun } from './task.js';

export interface Batch {
  readonly hosts: readonly HostState[];
  /** `ansible_play_batch` and its like. */
  readonly vars: ValueMap;
  /** Why nobody may begin another task. */
  readonly halted: string | undefined;
  /** `inside`: only in the tasks of that block, by its key, since it rescues those who are in it. */
  halt(reason: string, inside?: string): void;
  /** The first of these blocks in which nobody may begin another task. */
  haltIn(blocks: readonly string[]): { readonly reason: string; readonly inside: string } | undefined;
  /** Set by `meta: end_batch` and `end_play`: nobody begins another task, and nothing is wrong. */
  readonly ended: 'batch' | 'play' | undefined;
  end(what: 'batch' | 'play'): void;
  /**
   * The play's hosts that fail before this place, whether they have left already or leave later, are well again: the plays
   * that follow have them, and the run's exit code is not about them. This play goes on without them.
   */
  forgive(before: Position): void;
  /** The host has failed for good, though its `always` is still to run: it is not among the play's hosts any more. */
  strike(state: HostState): void;
  /** A host has left, and its failure is counted. */
  settle(state: HostState): void;
  /** Waits until this host may begin the step. */
  turn(state: HostState, position: Position): Promise<void>;
  /**
   * What the host takes in at a step, in the order in which it does that, each with the position of its steps. Hosts that
   * walk in lockstep do the same thing together, as in Ansible, even where that changes the order of a host's loop.
   */
  arrange(state: HostState, position: Position, taken: readonly TakenIn[]): Promise<readonly Arranged[]>;
  leave(state: HostState): void;
  /** Does a task's work, with the limits on how many hosts do it at a time. */
  limited<T>(task: Task, work: () => Promise<T>): Promise<T>;
  /**
   * `run_once`: the first host that comes to it does it for all. One that cannot be reached leaves it to the next, and so
   * does one whose condition does not hold, unless hosts walk in lockstep.
   */
  once(key: string, work: () => Promise<TaskRun>): Promise<Once<TaskRun>>;
  /** With `--step`: asks once for all hosts. */
  mayBegin(task: Task, position: Position): Promise<boolean>;
}

interface Arranged extends TakenIn {
  readonly position: Position;
}

interface BatchOptions {
  readonly run: RunInput;
  readonly play: Play;
  readonly hosts: readonly HostState[];
  /** Every host of the play, whatever its batch, those that were lost before among them. In the inventory's order. */
  readonly allHosts: readonly HostState[];
  /** Hosts worked on at a time, over the whole run. */
  readonly forks: LimitFunction;
  /** Shared by the batches of a run. */
  readonly stepping: Stepping;
  /** Hosts that tasks of the play have brought (`add_host`): as in Ansible, they are named among its hosts from then on. */
  readonly added: ReadonlySet<string>;
  /** Hosts of the play that `forgive` was about: they are not among its hosts any more. Shared by its batches. */
  readonly forgiven: Set<HostState>;
  /** A host that was finished may come again. */
  reopen(state: HostState): void;
}

/** `--step`, until the user says that it is enough. */
export interface Stepping {
  isOn: boolean;
}

export function isLockstep(run: RunInput, play: Play): boolean {
  return play.strategy === 'linear' || run.settings.step;
}

export function createBatch(options: BatchOptions): Batch {
  const { run, play, hosts, allHosts, forks, stepping, forgiven } = options;
  const lockstep = isLockstep(run, play) ? createLockstep(hosts.map(nameOf)) : undefined;
  const throttles = new Map<string, LimitFunction>();
  const askOnce = createOnce<StepAnswer>(() => true);
  const haltsInside = new Map<string, string>();
  const struck = new Set<HostState>();
  const upright = createUpright(options, struck);

  // In lockstep, as in Ansible, the first host's condition decides for all. Who comes first of those that walk freely is
  // chance: a condition that names one host would hold for nobody.
  const leftToNext = new Set<TaskStatus>(lockstep ? ['unreachable'] : ['unreachable', 'skipped']);
  const reached = new Map<HostState, Position>();
  let forgivenBefore: Position | undefined;
  /** Hosts walk at paces of their own: what counts is where it failed, and not when. */
  const forgiveOne = (state: HostState): void => {
    if (!forgivenBefore || !['failed', 'unreachable', 'unknown', 'halted'].includes(state.outcome)) return;
    // Those of other batches, and of earlier plays, failed before.
    const failedAt = reached.get(state);
    if (failedAt && comparePositions(failedAt, forgivenBefore) >= 0) return;
    state.outcome = 'done';
    state.problem = undefined;
    forgiven.add(state);
    options.reopen(state);
  };

  const batch: Batch & { halted: string | undefined; ended: 'batch' | 'play' | undefined } = {
    hosts,
    halted: undefined,
    ended: undefined,
    vars: batchVars(options, () => upright.hosts()),
    halt(reason, inside) {
      if (inside === undefined) batch.halted ??= reason;
      else if (!haltsInside.has(inside)) haltsInside.set(inside, reason);
    },
    haltIn(blocks) {
      if (haltsInside.size === 0) return undefined;
      const inside = blocks.find((block) => haltsInside.has(block));
      const reason = inside === undefined ? undefined : haltsInside.get(inside);
      return inside === undefined || reason === undefined ? undefined : { reason, inside };
    },
    end(what) {
      if (batch.ended !== 'play') batch.ended = what;
    },
    forgive(before) {
      if (!forgivenBefore || comparePositions(forgivenBefore, before) < 0) forgivenBefore = before;
      allHosts.forEach(forgiveOne);
      upright.forget();
    },
    strike(state) {
      struck.add(state);
      upright.forget();
    },
    settle(state) {
      forgiveOne(state);
      upright.forget();
    },
    async turn(state, position) {
      reached.set(state, position);
      await lockstep?.arrive(state.host.name, position);
    },
    async arrange(state, position, taken) {
      // Once all have decided what they take in, so that they say it in their order.
      await batch.turn(state, [...position, 0]);
      const placeOf = (each: TakenIn, i: number): number =>
        1 + (lockstep?.place(state.host.name, position, each) ?? i);
      const arranged = taken.map((each, i) => ({ ...each, position: [...position, placeOf(each, i)] }));
      return arranged.sort((a, b) => comparePositions(a.position, b.position));
    },
    leave(state) {
      upright.forget();
      lockstep?.leave(state.host.name);
    },
    async limited(task, work) {
      // Hosts that walk freely were counted when they began; those in step are counted at each task.
      const counted = lockstep ? () => forks(work) : work;
      if (task.throttle === undefined) return counted();
      const throttle = throttles.get(task.id) ?? pLimit(task.throttle);
      throttles.set(task.id, throttle);
      return throttle(counted);
    },
    once: createOnce<TaskRun>(({ result: { status } }) => !leftToNext.has(status)),
    async mayBegin(task, position) {
      if (!stepping.isOn || !run.confirmStep) return true;
      const ask = async (): Promise<StepAnswer> => (await run.confirmStep?.(task.name)) ?? 'yes';
      const { value } = await askOnce(position.join('.'), ask);
      if (value === 'continue') stepping.isOn = false;
      return value !== 'no';
    },
  };
  return batch;
}

/** Names of hosts that have not failed. */
interface UprightHosts {
  readonly ofPlay: readonly string[];
  readonly ofBatch: readonly string[];
}

/** Made when they are asked for, until one of them has left: there may be thousands. */
function createUpright(
  { hosts, allHosts, forgiven }: BatchOptions,
  struck: ReadonlySet<HostState>,
): {
  hosts(): UprightHosts;
  forget(): void;
} {
  let known: UprightHosts | undefined;
  const names = (states: readonly HostState[]): readonly string[] =>
    states
      .filter((state) => state.outcome === 'done' && !forgiven.has(state) && !struck.has(state))
      .map(nameOf);
  return {
    hosts: () => (known ??= { ofPlay: names(allHosts), ofBatch: names(hosts) }),
    forget() {
      known = undefined;
    },
  };
}

/** As in Ansible, hosts that failed are not among those of the play and of the batch. */
function batchVars({ play, allHosts, added }: BatchOptions, upright: () => UprightHosts): ValueMap {
  const all = allHosts.map(nameOf);
  const withAdded = (names: readonly string[]): readonly string[] =>
    added.size === 0 ? names : [...new Set([...names, ...added])];
  return {
    ansible_play_name: play.name,
    /** A run may come to name others. */
    get ansible_play_role_names() {
      return [...play.roleNames];
    },
    get role_names() {
      return [...play.roleNames];
    },
    get ansible_dependent_role_names() {
      return [...play.neededRoleNames];
    },
    get ansible_role_names() {
      return [...new Set([...play.neededRoleNames, ...play.roleNames])];
    },
    get ansible_play_batch() {
      return upright().ofBatch;
    },
    get play_hosts() {
      return upright().ofBatch;
    },
    get ansible_play_hosts_all() {
      return withAdded(all);
    },
    get ansible_play_hosts() {
      return withAdded(upright().ofPlay);
    },
  };
}

function nameOf(state: HostState): string {
  return state.host.name;
}
