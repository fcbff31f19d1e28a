/**
 * Owns a run: plays one after another, batches of hosts within a play, hosts at a time within a batch, and the summary.
 * Knows neither files nor ssh nor how anything is shown: all of that is handed in.
 */
import pLimit from 'p-limit';
import type { HostSummary } from '../core/events.js';
import type { Host } from '../core/host.js';
import type { Play, Task } from '../core/plan.js';
import { createHostState, disconnect, exchangesOf, type HostState } from './host-state.js';
import { exitCodeOf } from './results.js';
import type { PlaybookRun, RunInput } from './settings.js';
import { createTagFilter } from './tags.js';
import { walkPlay } from './walk.js';

export type { PlaybookRun, RunInput, RunSettings } from './settings.js';
export { createTagFilter, type TagFilter } from './tags.js';
export { exitCodes } from './results.js';

export interface RunOutcome {
  readonly exitCode: number;
  readonly hosts: readonly HostSummary[];
}

/** Runs the playbooks. Never throws for what happens on a host; the outcome tells. */
export async function run(input: RunInput): Promise<RunOutcome> {
  const { playbooks, settings, emit } = input;
  const startedAt = input.now();
  const states = new Map<string, HostState>();
  const plays = playbooks.flatMap((each) =>
    each.playbook.plays.map((play) => ({ play, each, hosts: each.hostsOf(play) })),
  );
  for (const { hosts } of plays) {
    for (const host of hosts) if (!states.has(host.name)) states.set(host.name, createHostState(host));
  }
  emit({
    type: 'run-started',
    runId: settings.runId,
    at: new Date(startedAt).toISOString(),
    version: settings.version,
    check: settings.check,
    playbooks: playbooks.map(({ playbook }) => playbook.path),
    hosts: [...states.keys()],
  });

  const tags = createTagFilter(settings.tags, settings.skipTags);
  const started = createStartGate(settings.startAtTask);
  for (const [index, { play, each, hosts }] of plays.entries()) {
    const neededLater = new Set(
      plays.slice(index + 1).flatMap((later) => later.hosts.map((host) => host.name)),
    );
    const participants = hosts.flatMap((host) => states.get(host.name) ?? []).filter(isUpright);
    await runPlay(input, each, play, participants, async (state) => {
      await walkPlay({ run: input, play, language: each.playbook.language, state, tags, started });
      if (neededLater.has(state.host.name) && isUpright(state)) return;
      await finishHost(state, input);
    });
  }

  const hosts = await Promise.all([...states.values()].map(summarise));
  const exitCode = exitCodeOf(hosts);
  emit({
    type: 'run-finished',
    at: new Date(input.now()).toISOString(),
    ms: input.now() - startedAt,
    exitCode,
    hosts,
  });
  return { exitCode, hosts };
}

function isUpright(state: HostState): boolean {
  return state.outcome === 'done';
}

async function finishHost(state: HostState, { emit }: RunInput): Promise<void> {
  await disconnect(state);
  const { outcome, problem } = state;
  emit({ type: 'host-finished', host: state.host.name, outcome, ...(problem && { problem }) });
}

/**
 * Batches are barriers: the next begins when every host of the last has left the play. As in Ansible, a batch in which
 * every host failed ends the run for the hosts that are left.
 */
async function runPlay(
  input: RunInput,
  { playbook }: PlaybookRun,
  play: Play,
  participants: readonly HostState[],
  walk: (state: HostState) => Promise<void>,
): Promise<void> {
  const { emit, settings, signal } = input;
  const batches = inBatches(participants, play.serial);
  const limit = pLimit(Math.max(1, settings.forks));
  emit({ type: 'play-started', play: play.name, hosts: participants.map(nameOf), batches: batches.length });
  if (participants.length === 0) {
    emit({ type: 'warning', message: `${playbook.path}: play '${play.name}' has no hosts to work on` });
  }
  let stop = false;
  for (const [index, batch] of batches.entries()) {
    if (stop || signal.aborted) {
      for (const state of batch) {
        state.outcome = signal.aborted ? 'interrupted' : 'not-tried';
        await finishHost(state, input);
      }
      continue;
    }
    if (batches.length > 1) {
      emit({
        type: 'batch-started',
        play: play.name,
        batch: index + 1,
        of: batches.length,
        hosts: batch.map(nameOf),
      });
    }
    await Promise.all(batch.map((state) => limit(() => walk(state))));
    stop = batch.every((state) => !isUpright(state));
  }
}

function nameOf(state: { readonly host: Host }): string {
  return state.host.name;
}

function inBatches(
  states: readonly HostState[],
  serial: number | undefined,
): readonly (readonly HostState[])[] {
  if (serial === undefined || serial >= states.length) return states.length === 0 ? [] : [states];
  const batches: HostState[][] = [];
  for (let start = 0; start < states.length; start += serial)
    batches.push(states.slice(start, start + serial));
  return batches;
}

/** `--start-at-task`: each host passes over everything before the first task of that name. */
function createStartGate(name: string | undefined): (host: string, task: Task) => boolean {
  const open = new Set<string>();
  return (host, task) => {
    if (name === undefined || task.name === name) open.add(host);
    return open.has(host);
  };
}

async function summarise(state: HostState): Promise<HostSummary> {
  const exchanges = await exchangesOf(state);
  const { host, outcome, counts, problem, handshakesBefore: handshakes } = state;
  return { host: host.name, outcome, counts, ...(problem && { problem }), handshakes, exchanges };
}
