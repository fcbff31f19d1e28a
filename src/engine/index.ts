/**
 * Owns a run: plays one after another, what hosts keep from one to the next, and the summary. Knows neither files nor
 * ssh nor how anything is shown: all of that is handed in.
 */
import pLimit from 'p-limit';
import type { HostSummary } from '../core/events.js';
import type { Play } from '../core/plan.js';
import type { Batch, Stepping } from './batch.js';
import { createHostState, disconnectAll, exchangesOf, handshakesOf, type HostState } from './host-state.js';
import { exitCodeOf } from './results.js';
import { rollThrough } from './rolling.js';
import type { RunInput } from './settings.js';
import { createStartGate, startOf } from './start.js';
import { createTagFilter } from './tags.js';
import { createHandlers } from './handlers.js';
import { walkBetweenBatches, walkPlay, type Walk } from './walk.js';

export type { PlaybookRun, RunInput, RunSettings, StepAnswer } from './settings.js';
export { createTagFilter, type TagFilter } from './tags.js';
export { exitCodes } from './results.js';

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
  const states = new Map<string, HostState>();
  for (const { hosts } of plays) {
    for (const host of hosts) if (!states.has(host.name)) states.set(host.name, createHostState(host));
  }
  const participants = [...states.values()];
  for (const state of participants) state.pendingHandlers = input.pendingHandlers?.get(state.host.name) ?? [];
  emit({
    type: 'run-started',
    runId: settings.runId,
    at: new Date(startedAt).toISOString(),
    version: settings.version,
    check: settings.check,
    playbooks: playbooks.map(({ playbook }) => playbook.path),
    hosts: participants.map((state) => state.host.name),
    ...(input.request && { request: input.request }),
    ...(input.resumes !== undefined && { resumes: input.resumes }),
    ...(input.pendingHandlers && { pendingHandlers: Object.fromEntries(input.pendingHandlers) }),
  });

  const forks = pLimit(Math.max(1, settings.forks));
  const gate = start && createStartGate(start);
  const stepping: Stepping = { isOn: settings.step };
  const finished = new Set<HostState>();
  const finish = async (state: HostState): Promise<void> => {
    if (finished.has(state)) return;
    finished.add(state);
    await finishHost(state, input);
  };
  for (const [index, { play, each, hosts }] of plays.entries()) {
    const neededLater = new Set(
      plays.slice(index + 1).flatMap((later) => later.hosts.map((host) => host.name)),
    );
    const walkOf = (state: HostState, batch: Batch): Walk => ({
      source: {
        run: input,
        play,
        inventory: each.inventoryOf(play),
        language: each.playbook.language,
        answers: each.answersOf(play),
        states,
        batchVars: batch.vars,
      },
      batch,
      state,
      tags,
      handlers: createHandlers(play, state),
      rolesDone: new Set(),
      gate: index === 0 ? gate : undefined,
    });
    const allHosts = hosts.flatMap((host) => states.get(host.name) ?? []);
    const goesOn = await rollThrough({
      run: input,
      each,
      play,
      hosts: allHosts.filter(isUpright),
      allHosts,
      forks,
      stepping,
      walk: (state, batch) => walkPlay(walkOf(state, batch)),
      walkBetween: (state, batch) => walkBetweenBatches(walkOf(state, batch)),
      reopen: (state) => void finished.delete(state),
      async finish(state) {
        if (!neededLater.has(state.host.name) || !isUpright(state)) await finish(state);
      },
    });
    if (goesOn) continue;
    // Those that a later play would have had: they are well, but not done.
    const begun = new Set(
      plays.slice(0, index + 1).flatMap((earlier) => earlier.hosts.map(({ name }) => name)),
    );
    for (const state of participants) {
      if (finished.has(state) || !isUpright(state)) continue;
      stopBefore(state, begun.has(state.host.name) ? play : undefined, input.signal);
    }
    break;
  }
  for (const state of participants) await finish(state);
  for (const state of states.values()) await disconnectAll(state);

  const summaries = participants.map(summarise);
  const exitCode = exitCodeOf(summaries);
  emit({
    type: 'run-finished',
    at: new Date(input.now()).toISOString(),
    ms: input.now() - startedAt,
    exitCode,
    hosts: summaries,
  });
  return { exitCode, hosts: summaries };
}

function isUpright(state: HostState): boolean {
  return state.outcome === 'done';
}

/** A host whose next play is not run any more. `after`: the play that stopped the run, unless it was in none before. */
function stopBefore(state: HostState, after: Play | undefined, signal: AbortSignal): void {
  if (signal.aborted) state.outcome = 'interrupted';
  else if (after === undefined) state.outcome = 'not-tried';
  else {
    state.outcome = 'halted';
    state.problem = { code: 'halted', message: `the run was stopped after play '${after.name}'` };
  }
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
