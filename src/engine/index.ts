/**
 * Owns a run: plays one after another, what hosts keep from one to the next, and the summary. Knows neither files nor
 * ssh nor how anything is shown: all of that is handed in.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { HostSummary } from '../core/events.js';
import type { Host } from '../core/host.js';
import type { Play } from '../core/plan.js';
import { numberTasks } from '../core/task-numbers.js';
import type { Batch, Stepping } from './batch.js';
import {
  createHostState,
  disconnectAll,
  exchangesOf,
  handshakesOf,
  leaveHalted,
  leaveInterrupted,
  type HostState,
} from './host-state.js';
import { exitCodeOf } from './results.js';
import { rollThrough } from './rolling.js';
import type { PlaybookRun, RunInput } from './settings.js';
import { createStartGate, startOf, type StartGate } from './start.js';
import { createTagFilter, type TagFilter } from './tags.js';
import { createHandlers } from './handlers.js';
import type { Walk } from './step.js';
import { walkBetweenBatches, walkPlay } from './walk.js';

export type { LiveInventory, PlaybookRun, RunInput, RunSettings, StepAnswer } from './settings.js';
export { createTagFilter, type TagFilter } from './tags.js';

export interface RunOutcome {
  readonly exitCode: number;
  readonly hosts: readonly HostSummary[];
}

/**
 * Runs the playbooks. Never throws for what happens on a host; the outcome tells. Throws ZrunError `usage` where there is
 * no task to start at.
 */
export async function run(input: RunInput): Promise<RunOutcome> {
  const { playbooks, settings, emit } = input;
  const startedAt = input.now();
  const tags = createTagFilter(settings.tags, settings.skipTags);
  const allPlays = playbooks.flatMap((each) =>
    each.playbook.plays.map((play) => ({ play, each, hosts: each.hostsOf(play) })),
  );
  const start =
    settings.startAtTask === undefined ? undefined : startOf(allPlays, settings.startAtTask, tags);
  const plays = start ? allPlays.slice(start.play) : allPlays;
  const roster = createRoster(
    input,
    plays.flatMap(({ hosts }) => hosts),
  );
  emit({
    type: 'run-started',
    runId: settings.runId,
    at: new Date(startedAt).toISOString(),
    version: settings.version,
    check: settings.check,
    playbooks: playbooks.map(({ playbook }) => playbook.path),
    hosts: [...roster.participants.keys()],
    ...(input.request && { request: input.request }),
    ...(input.resumes !== undefined && { resumes: input.resumes }),
    ...(input.pendingHandlers && { pendingHandlers: Object.fromEntries(input.pendingHandlers) }),
  });
  const common: Common = {
    input,
    roster,
    tags,
    forks: pLimit(Math.max(1, settings.forks)),
    stepping: { isOn: settings.step },
  };
  const gate = start && createStartGate(start);
  for (const [index, planned] of plays.entries()) {
    const before = plays[index - 1];
    if (before && before.each !== planned.each && !mayStart(common, planned, before, plays.slice(index)))
      break;
    const goesOn = await runPlay(common, planned, plays.slice(index + 1), index === 0 ? gate : undefined);
    if (!goesOn) break;
  }
  for (const state of roster.participants.values()) await roster.finish(state);
  for (const state of roster.states.values()) await disconnectAll(state);

  const summaries = [...roster.participants.values()].map(summarise);
  const exitCode = exitCodeOf(summaries, input.signal.aborted);
  emit({
    type: 'run-finished',
    at: new Date(input.now()).toISOString(),
    ms: input.now() - startedAt,
    exitCode,
    hosts: summaries,
  });
  return { exitCode, hosts: summaries };
}

/** A play of the run, with the hosts that it had when the run began. */
interface PlannedPlay {
  readonly play: Play;
  readonly each: PlaybookRun;
  readonly hosts: readonly Host[];
}

/** What the plays of a run have in common. */
interface Common {
  readonly input: RunInput;
  readonly roster: Roster;
  readonly tags: TagFilter;
  /** Hosts worked on at a time. */
  readonly forks: LimitFunction;
  readonly stepping: Stepping;
}

/** As in Ansible, a playbook is not started where a host was lost in one before it. Says so. */
function mayStart(
  common: Common,
  { each }: PlannedPlay,
  before: PlannedPlay,
  rest: readonly PlannedPlay[],
): boolean {
  const { input, roster } = common;
  const lost = [...roster.participants.values()].filter((state) => !isUpright(state));
  if (lost.length === 0) return true;
  const names = lost.map(({ host }) => host.name);
  const shown =
    names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
  input.emit({
    type: 'warning',
    message: `${each.playbook.path} is not started: the playbook before it did not succeed on ${shown}`,
  });
  stopBefore(common, before.play, lackedBy(rest));
  return false;
}

/** Says whether the next play may begin. */
async function runPlay(
  common: Common,
  planned: PlannedPlay,
  later: readonly PlannedPlay[],
  gate: StartGate | undefined,
): Promise<boolean> {
  const { input, roster, forks, stepping } = common;
  const { states } = roster;
  const { play, each } = planned;
  const hosts = each.isOpen?.(play) === true ? each.hostsOf(play) : planned.hosts;
  if (hosts !== planned.hosts) roster.takeIn(hosts);
  const mayBeNeeded = later.some((other) => other.each.isOpen?.(other.play) === true);
  const neededLater = namesIn(later.flatMap((other) => other.hosts));
  const added = new Set<string>();
  const walkOf = (state: HostState, batch: Batch): Walk =>
    createWalk(common, planned, { state, batch, added, gate });
  const allHosts = hosts.flatMap((host) => states.get(host.name) ?? []);
  const goesOn = await rollThrough({
    run: input,
    each,
    play,
    tasks: numberTasks(play, (names) => common.tags.selects(names)),
    hosts: allHosts.filter(isUpright),
    allHosts,
    forks,
    stepping,
    added,
    walk: (state, batch) => walkPlay(walkOf(state, batch)),
    walkBetween: (state, batch) => walkBetweenBatches(walkOf(state, batch)),
    reopen: (state) => roster.reopen(state),
    async finish(state) {
      const isNeeded = mayBeNeeded || neededLater.has(state.host.name);
      if (!isNeeded || !isUpright(state)) await roster.finish(state);
    },
  });
  if (goesOn) return true;
  stopBefore(common, play, mayBeNeeded ? lackedBy(later) : neededLater);
  return false;
}

/** The hosts that plays have by now. */
function lackedBy(plays: readonly PlannedPlay[]): ReadonlySet<string> {
  return namesIn(plays.flatMap(({ each, play }) => each.hostsOf(play)));
}

/** The run ends after `play`. `lacking`: those that a later play would have had; they are well, but not done. */
function stopBefore({ input, roster }: Common, play: Play, lacking: ReadonlySet<string>): void {
  for (const [name, state] of roster.participants) {
    if (roster.isFinished(state) || !isUpright(state) || !lacking.has(name)) continue;
    if (input.signal.aborted) leaveInterrupted(state);
    else leaveHalted(state, `the run was stopped after play '${play.name}'`);
  }
}

/** `added`: hosts that tasks of the play have brought. */
function createWalk(
  { input, roster, tags }: Common,
  { play, each }: PlannedPlay,
  { state, batch, added, gate }: Pick<Walk, 'state' | 'batch' | 'gate'> & { readonly added: Set<string> },
): Walk {
  return {
    source: {
      run: input,
      play,
      get inventory() {
        return each.inventoryOf(play);
      },
      stranger: (name) => each.strangerOf(play, name),
      language: each.playbook.language,
      answers: each.answersOf(play),
      added,
      states: roster.states,
      batchVars: batch.vars,
      exported: { defaults: [], vars: [] },
    },
    batch,
    state,
    tags,
    handlers: createHandlers(play, state),
    rolesDone: new Set(),
    gate,
  };
}

/** The hosts of a run, what each keeps from one play to the next, and which of them have left. */
interface Roster {
  /** Of every host, those among them that only work for others. */
  readonly states: Map<string, HostState>;
  /** That are in plays. */
  readonly participants: ReadonlyMap<string, HostState>;
  /** Hosts that came, or joined a group, after the run began. */
  takeIn(hosts: readonly Host[]): void;
  /** The host comes to no other play. */
  finish(state: HostState): Promise<void>;
  isFinished(state: HostState): boolean;
  /** A finished host comes again. */
  reopen(state: HostState): void;
}

function createRoster(input: RunInput, hosts: readonly Host[]): Roster {
  const states = new Map<string, HostState>();
  const finished = new Set<HostState>();
  for (const host of hosts) if (!states.has(host.name)) states.set(host.name, createHostState(host));
  const participants = new Map(states);
  for (const [name, state] of participants) state.pendingHandlers = input.pendingHandlers?.get(name) ?? [];
  return {
    states,
    participants,
    takeIn(those) {
      const added = those.filter(({ name }) => !participants.has(name));
      if (added.length === 0) return;
      for (const host of added) {
        const state = states.get(host.name) ?? createHostState(host);
        states.set(host.name, state);
        participants.set(host.name, state);
        state.pendingHandlers = input.pendingHandlers?.get(host.name) ?? [];
      }
      input.emit({ type: 'hosts-added', hosts: added.map(({ name }) => name) });
    },
    async finish(state) {
      if (finished.has(state)) return;
      finished.add(state);
      await finishHost(state, input);
    },
    isFinished: (state) => finished.has(state),
    reopen: (state) => void finished.delete(state),
  };
}

function namesIn(hosts: readonly Host[]): ReadonlySet<string> {
  return new Set(hosts.map(({ name }) => name));
}

function isUpright(state: HostState): boolean {
  return state.outcome === 'done';
}

async function finishHost(state: HostState, { emit }: RunInput): Promise<void> {
  await disconnectAll(state);
  const { outcome, counts, problem, pendingHandlers } = state;
  emit({
    type: 'host-finished',
    host: state.host.name,
    outcome,
    counts,
    ...(problem && { problem }),
    ...(pendingHandlers.length > 0 && { pendingHandlers }),
  });
}

function summarise(state: HostState): HostSummary {
  const exchanges = exchangesOf(state);
  const { host, outcome, counts, problem, pendingHandlers } = state;
  return {
    host: host.name,
    outcome,
    counts,
    ...(problem && { problem }),
    ...(pendingHandlers.length > 0 && { pendingHandlers }),
    handshakes: handshakesOf(state),
    exchanges,
  };
}
