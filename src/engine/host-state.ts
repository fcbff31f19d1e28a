/**
 * Owns what is known of one host during a run: its variables, its connection, its counts, its predicted state. Knows
 * nothing of plays or of the order of tasks.
 */
import { ZrunError, type ErrorCode, type Problem } from '../core/errors.js';
import { noCounts } from '../core/counts.js';
import type { Counts, HostOutcome } from '../core/events.js';
import type { Connection, Host, Output, RunOptions } from '../core/host.js';
import type { VarsTemplate } from '../core/template.js';
import type { ShellText } from '../core/shell.js';
import { linkSignals } from '../core/signals.js';
import type { ValueMap } from '../core/value.js';
import { createOverlay, type Overlay } from './overlay.js';
import type { RunInput } from './settings.js';

export interface HostState {
  readonly host: Host;
  readonly overlay: Overlay;
  counts: Counts;
  /** Tasks that it has begun in this run. None: it is as it was before. */
  tasksBegun: number;
  outcome: HostOutcome;
  problem: Problem | undefined;
  /** Set by modules that give the host variables (`setup`). */
  facts: ValueMap;
  /** Of `include_vars`: rendered where they are used. */
  fileVars: VarsTemplate;
  /** Registered results and `set_fact`. */
  results: ValueMap;
  /** Handlers that an earlier play, or an earlier run, notified and did not come to, by their names. */
  pendingHandlers: readonly string[];
  /** Hosts that work in this one's place (`delegate_to`), each over a connection of this host's own. */
  readonly delegates: Map<string, HostState>;
  /** The same host by other ways (`connection`, `remote_user`), each with a connection of its own. */
  readonly ways: Map<string, HostState>;
  connection: Promise<Connection> | undefined;
  /** The same, once it is made. */
  open: Connection | undefined;
  /** Of connections that are closed already. */
  handshakesBefore: number;
  exchangesBefore: number;
}

export function createHostState(host: Host, overlay: Overlay = createOverlay()): HostState {
  return {
    host,
    overlay,
    counts: noCounts,
    tasksBegun: 0,
    outcome: 'done',
    problem: undefined,
    facts: {},
    fileVars: new Map(),
    results: {},
    pendingHandlers: [],
    delegates: new Map(),
    ways: new Map(),
    connection: undefined,
    open: undefined,
    handshakesBefore: 0,
    exchangesBefore: 0,
  };
}

/** The user stops the run where the host is between two tasks, or has not come to its first: then it is untouched. */
export function leaveInterrupted(state: HostState): void {
  if (state.tasksBegun > 0) {
    state.outcome = 'interrupted';
    return;
  }
  state.outcome = 'not-tried';
  state.problem = { code: 'interrupted', message: 'the run was stopped before it came to this host' };
}

/** Others have failed, and the run does not come to the host's next play. */
export function leaveHalted(state: HostState, reason: string): void {
  state.outcome = state.tasksBegun > 0 ? 'halted' : 'not-tried';
  state.problem = { code: 'halted', message: reason };
}

/**
 * The host's connection, made when it is first needed. A failed attempt is not kept: the next call tries again. One that
 * is made already outlives the signal, since a rescue after an interrupt still needs it; scripts are aborted one by one.
 */
async function connectionOf(
  state: HostState,
  run: RunInput,
  signal?: AbortSignal,
  connectTimeoutMs = connectTimeoutOf(state, run),
): Promise<Connection> {
  if (state.connection === undefined) {
    const started = run.now();
    const attempt = linkSignals(...(signal === undefined ? [] : [signal]));
    const made = run.connect(state.host, { connectTimeoutMs, signal: attempt.signal });
    state.connection = made;
    try {
      const open = await made;
      // It has closed itself.
      if (attempt.signal.aborted) throw new ZrunError('interrupted', 'the run was stopped');
      // Somebody may have ended it meanwhile.
      if (state.connection === made) state.open = open;
      run.emit({ type: 'host-connected', host: state.host.name, ms: run.now() - started });
    } catch (error) {
      state.connection = undefined;
      throw error;
    } finally {
      attempt.release();
    }
  }
  return state.connection;
}

/** Milliseconds for one attempt. */
export function connectTimeoutOf({ host: { target } }: HostState, run: RunInput): number {
  const own = target.transport === 'ssh' ? target.connectTimeoutMs : undefined;
  return own ?? run.settings.connectTimeoutMs;
}

/**
 * Connects again to a host that was lost on its way, so that its rescue can run: a network that is away for a minute or
 * two must not leave it half done. Gives up after some three minutes; a host that never answered is not waited for.
 */
export async function regain(state: HostState, run: RunInput): Promise<void> {
  const answered = waysTo(state).filter((way) => way.handshakesBefore > 0 || way.connection !== undefined);
  if (answered.length === 0) return;
  for (const pauseMs of [0, 1000, 2000, 5000, 10_000, 20_000, 30_000, 45_000, 60_000]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    for (const way of answered) {
      try {
        await connectionOf(way, run);
        return;
      } catch (error) {
        if (!mayPass(error)) return;
      }
    }
  }
}

/** Not so with another key than the host's: whoever shows it is not asked until the right one comes along. */
function mayPass(error: unknown): boolean {
  const isForGood = error instanceof ZrunError && keyCodes.has(error.code);
  return (isUnreachable(error) || isLost(error)) && !isForGood;
}

const keyCodes: ReadonlySet<ErrorCode> = new Set(['host-key-unknown', 'host-key-changed', 'key-unreadable']);

/** A connection to the host stands, or is being made and will. */
export async function isConnected(state: HostState): Promise<boolean> {
  for (const { connection } of waysTo(state)) {
    if ((await connection?.catch(() => undefined)) !== undefined) return true;
  }
  return false;
}

/** The ways to the host itself: where the controller works in its place, that says nothing of the host. */
function waysTo(state: HostState): readonly HostState[] {
  const ways = [...state.ways.values()].filter(({ host }) => host.target.transport !== 'local');
  return [state, ...ways];
}

/** Ends the connection, if there is one, and keeps what it counted. */
export async function disconnect(state: HostState): Promise<void> {
  const { connection } = state;
  const open = state.open ?? (await connection?.catch(() => undefined));
  // Another call may have been here meanwhile.
  if (state.connection !== connection) return;
  state.connection = undefined;
  state.open = undefined;
  if (!open) return;
  state.handshakesBefore += open.counters.handshakes;
  state.exchangesBefore += open.counters.exchanges;
  await open.close();
}

/** Ends every connection to the host; those of the hosts that worked in its place stay. */
export async function disconnectWays(state: HostState): Promise<void> {
  await Promise.all([state, ...state.ways.values()].map(disconnect));
}

/** Ends the host's connections and those of the hosts that worked in its place. */
export async function disconnectAll(state: HostState): Promise<void> {
  await Promise.all([...connectionsOf(state)].map(disconnect));
}

/** Of all its connections, those of delegates among them. */
export function exchangesOf(state: HostState): number {
  let exchanges = 0;
  for (const { exchangesBefore, open } of connectionsOf(state))
    exchanges += exchangesBefore + (open?.counters.exchanges ?? 0);
  return exchanges;
}

/** Of connections that are closed; those of delegates among them. */
export function handshakesOf(state: HostState): number {
  let handshakes = 0;
  for (const { handshakesBefore } of connectionsOf(state)) handshakes += handshakesBefore;
  return handshakes;
}

/** Whatever may have a connection for this host's sake. */
function* connectionsOf(state: HostState): Generator<HostState, void> {
  yield state;
  for (const way of state.ways.values()) yield* connectionsOf(way);
  for (const delegate of state.delegates.values()) yield* connectionsOf(delegate);
}

/** Runs a script over the host's connection; a connection found broken is forgotten, so that the next call reconnects. */
export async function runOn(
  state: HostState,
  run: RunInput,
  script: ShellText,
  { connectTimeoutMs, ...options }: RunOptions & { readonly connectTimeoutMs?: number },
): Promise<Output> {
  const connection = await connectionOf(state, run, options.signal, connectTimeoutMs);
  try {
    return await connection.run(script, options);
  } catch (error) {
    // Not waited for: what else was asked over it must find this error first, not that it was closed.
    if (isLost(error)) void disconnect(state);
    throw error;
  }
}

export function isLost(error: unknown): boolean {
  return error instanceof ZrunError && error.code === 'connection-lost';
}

/** Errors of the host's connection rather than of what a task asked for. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ZrunError && unreachableCodes.has(error.code);
}

export const unreachableCodes: ReadonlySet<ErrorCode> = new Set([
  'name-unresolved',
  'connect-failed',
  'connect-timeout',
  'host-key-unknown',
  'host-key-changed',
  'auth-failed',
  'key-unreadable',
]);
