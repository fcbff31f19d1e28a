/**
 * Owns how a play rolls over its hosts: batch after batch, each a barrier and a gate, and the point at which no other
 * host is begun.
 */
import type { LimitFunction } from 'p-limit';
import type { Play } from '../core/plan.js';
import { createBatch, isLockstep, type Batch, type Stepping } from './batch.js';
import { addTo, createTally, inBatches, inOrder, overspent, type Tally } from './budget.js';
import { leaveHalted, leaveInterrupted, type HostState } from './host-state.js';
import type { PlaybookRun, RunInput } from './settings.js';

interface PlayRun {
  readonly run: RunInput;
  readonly each: PlaybookRun;
  readonly play: Play;
  /** How many of its tasks are known. */
  readonly tasks: number;
  /** Those that are well when the play begins, in the inventory's order. */
  readonly hosts: readonly HostState[];
  /** The same with those that were lost in earlier plays. */
  readonly allHosts: readonly HostState[];
  readonly forks: LimitFunction;
  readonly stepping: Stepping;
  walk(state: HostState, batch: Batch): Promise<void>;
  /** Walks through the tasks between two batches. */
  walkBetween(state: HostState, batch: Batch): Promise<void>;
  /** See BatchOptions. */
  readonly added: ReadonlySet<string>;
  /** See Batch.forgive. */
  reopen(state: HostState): void;
  /** The host has left the play for good. */
  finish(state: HostState): Promise<void>;
}

/** Says whether the run may go on to the next play. */
export async function rollThrough(playRun: PlayRun): Promise<boolean> {
  const { run, each, play } = playRun;
  const { emit } = run;
  // Asked anew each time: it changes while hosts are walked.
  const isInterrupted = (): boolean => run.signal.aborted;
  const hosts = inOrder(playRun.hosts, play.order);
  const batches = inBatches(hosts, play.serial);
  emit({
    type: 'play-started',
    play: play.name,
    hosts: hosts.map(nameOf),
    batches: batches.length,
    tasks: playRun.tasks,
  });
  if (hosts.length === 0) {
    const why = each.hostsOf(play).length === 0 ? 'no hosts matched' : 'no host is left to work on';
    emit({ type: 'warning', message: `${each.playbook.path}: play '${play.name}' is passed over: ${why}` });
  }

  const inAll = createTally(hosts.length);
  const forgiven = new Set<HostState>();
  for (const [index, members] of batches.entries()) {
    if (isInterrupted()) {
      await leaveOut(playRun, batches.slice(index).flat(), leaveInterrupted);
      return false;
    }
    if (batches.length > 1)
      emit({
        type: 'batch-started',
        play: play.name,
        batch: index + 1,
        of: batches.length,
        hosts: members.map(nameOf),
      });
    const isLast = index === batches.length - 1;
    const batch = createBatch({ ...playRun, hosts: members, forgiven });
    const tallies: Tallies = { batch: createTally(members.length), play: inAll };
    const untried = await walkBatch(playRun, batch, tallies, isLast);
    let reason = whyStop(play, batch, tallies);
    const rest = [...untried, ...batches.slice(index + 1).flat()];
    if (reason === undefined && !isLast && batch.ended !== 'play' && !isInterrupted())
      reason = await passGate(playRun, members);
    await Promise.all(
      members.filter((state) => !untried.includes(state)).map((state) => playRun.finish(state)),
    );
    if (reason !== undefined) {
      if (!isInterrupted())
        emit({ type: 'play-stopped', play: play.name, reason, notTried: rest.map(nameOf) });
      const why = reason;
      await leaveOut(playRun, rest, isInterrupted() ? leaveInterrupted : (state) => leaveHalted(state, why));
      return false;
    }
    if (batch.ended === 'play') {
      // Ended on purpose: nothing is wrong with those that come no more.
      await Promise.all(rest.map((state) => playRun.finish(state)));
      return true;
    }
  }
  return true;
}

/** Returns the hosts that were not begun, since the budget was spent while others of the batch still walked. */
async function walkBatch(
  playRun: PlayRun,
  batch: Batch,
  tallies: Tallies,
  isLast: boolean,
): Promise<readonly HostState[]> {
  const { run, play } = playRun;
  const untried: HostState[] = [];
  const inStep = isLockstep(run, play);
  const walkOne = async (state: HostState): Promise<void> => {
    // Hosts that are under way go on to their end: half done is worse than done. Others are not begun.
    if (!inStep && (batch.ended !== undefined || whyStop(play, batch, tallies) !== undefined)) {
      untried.push(state);
      batch.leave(state);
      return;
    }
    await playRun.walk(state, batch);
    addTo(tallies.batch, state.outcome);
    addTo(tallies.play, state.outcome);
    batch.settle(state);
    const reason = inStep ? whyStop(play, batch, tallies) : undefined;
    if (reason !== undefined) batch.halt(reason);
    // With a gate to pass, a host is not done with the play yet.
    if (isLast || play.betweenBatches.length === 0 || state.outcome !== 'done') await playRun.finish(state);
  };
  await walkAll(playRun, batch.hosts, walkOne);
  return batch.ended === undefined ? untried : [];
}

interface Tallies {
  readonly batch: Tally;
  readonly play: Tally;
}

/** Why no other host may be begun. */
function whyStop(play: Play, batch: Batch, tallies: Tallies): string | undefined {
  if (batch.halted !== undefined) return batch.halted;
  const { failed, unreachable, halted, of } = tallies.batch;
  return (
    overspent(play.budget.batch, tallies.batch, {
      failed: 'max_fail_percentage',
      unreachable: 'max_unreachable_percentage',
      among: 'of this batch',
    }) ??
    overspent(play.budget.play, tallies.play, {
      failed: 'max_fail_total',
      unreachable: 'max_unreachable_total',
      among: 'of this play',
    }) ??
    // As in Ansible, whatever the budget says: where every host of a batch fails, or one fails for all, the next would too.
    (failed + unreachable + halted === of ? 'every host of the batch failed' : undefined)
  );
}

/** Runs the tasks between batches. Returns why there is no next batch. */
async function passGate(playRun: PlayRun, members: readonly HostState[]): Promise<string | undefined> {
  const { play } = playRun;
  const through = members.filter((state) => state.outcome === 'done');
  if (play.betweenBatches.length === 0 || through.length === 0) return undefined;
  const gate = createBatch({ ...playRun, hosts: through, forgiven: new Set() });
  await walkAll(playRun, through, (state) => playRun.walkBetween(state, gate));
  const shut = through.filter((state) => state.outcome !== 'done');
  if (shut.length === 0) return undefined;
  return `the tasks between batches failed on ${shut.map(nameOf).join(', ')}`;
}

/** Hosts that walk freely are counted when they begin; those in step all walk, and are counted at each task. */
async function walkAll(
  { run, play, forks }: PlayRun,
  hosts: readonly HostState[],
  walkOne: (state: HostState) => Promise<void>,
): Promise<void> {
  const inStep = isLockstep(run, play);
  await Promise.all(hosts.map((state) => (inStep ? walkOne(state) : forks(() => walkOne(state)))));
}

async function leaveOut(
  playRun: PlayRun,
  states: readonly HostState[],
  leave: (state: HostState) => void,
): Promise<void> {
  states.forEach(leave);
  await Promise.all(states.map((state) => playRun.finish(state)));
}

function nameOf(state: HostState): string {
  return state.host.name;
}
