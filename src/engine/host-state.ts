/**
 * Owns what is known of one host during a run: its variables, its connection, its counts, its predicted state. Knows
 * nothing of plays or of the order of tasks.
 */
import { ZrunError } from '../core/errors.js';
import type { Counts, HostOutcome } from '../core/events.js';
import type { Become, Connection, Host, Output, RunOptions } from '../core/host.js';
import type { BecomeSettings, Language, Play, Scope, VarsTemplate } from '../core/plan.js';
import type { Problem } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { ShellText } from '../core/shell.js';
import type { Value, ValueMap } from '../core/value.js';
import { createOverlay, type Overlay } from './overlay.js';
import { noCounts } from './results.js';
import type { RunInput } from './settings.js';

export interface HostState {
  readonly host: Host;
  readonly overlay: Overlay;
  counts: Counts;
  outcome: HostOutcome;
  problem: Problem | undefined;
  /** Set by modules that give the host variables (`setup`). */
  facts: ValueMap;
  /** Registered results and `set_fact`. */
  results: ValueMap;
  readonly notified: Set<string>;
  connection: Promise<Connection> | undefined;
  /** Of connections that are closed already. */
  handshakesBefore: number;
  exchangesBefore: number;
}

export function createHostState(host: Host): HostState {
  return {
    host,
    overlay: createOverlay(),
    counts: noCounts,
    outcome: 'done',
    problem: undefined,
    facts: {},
    results: {},
    notified: new Set(),
    connection: undefined,
    handshakesBefore: 0,
    exchangesBefore: 0,
  };
}

/** The scope of one task on one host, weakest first: Ansible's order of precedence. */
export function scopeFor(
  state: HostState,
  run: RunInput,
  play: Play,
  language: Language,
  layers: { readonly vars: readonly VarsTemplate[]; readonly extra?: ValueMap },
): Scope {
  return language.scope([
    state.host.vars,
    state.facts,
    play.vars,
    ...layers.vars,
    state.results,
    layers.extra ?? {},
    run.settings.extraVars,
    magicVars(state, run),
  ]);
}

function magicVars({ host }: HostState, { groups, settings }: RunInput): ValueMap {
  return {
    inventory_hostname: host.name,
    inventory_hostname_short: host.name.split('.')[0] ?? host.name,
    group_names: host.groups.filter((group) => group !== 'all'),
    groups,
    ansible_check_mode: settings.check,
    zrun_run_id: settings.runId,
  };
}

/**
 * Whom a task runs as. As in Ansible: keywords from the task outwards to the play, then the command line; the
 * inventory's `ansible_become…` variables go before all of them.
 */
export function becomeFor(
  scope: Scope,
  keywords: readonly BecomeSettings[],
  run: RunInput,
): Become | undefined {
  const merged = [run.settings.become, ...keywords].reduce((outer, inner) => ({ ...outer, ...inner }), {});
  const become = asBoolean(scope.get('ansible_become')) ?? merged.become ?? false;
  if (!become) return undefined;
  const user = asText(scope.get('ansible_become_user')) ?? merged.becomeUser ?? 'root';
  const fromInventory = asText(scope.get('ansible_become_password') ?? scope.get('ansible_become_pass'));
  const password = fromInventory === undefined ? run.settings.becomePassword : new Secret(fromInventory);
  return { user, method: 'sudo', ...(password && { password }) };
}

function asBoolean(value: Value | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  return ['yes', 'true', 'on', '1'].includes(value.toLowerCase());
}

function asText(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** The host's connection, made when it is first needed. A failed attempt is not kept: the next call tries again. */
export async function connectionOf(state: HostState, run: RunInput): Promise<Connection> {
  if (state.connection === undefined) {
    const started = run.now();
    // Never aborted: a rescue after an interrupt still needs the connection. Scripts are aborted one by one.
    const signal = new AbortController().signal;
    state.connection = run.connect(state.host, { connectTimeoutMs: run.settings.connectTimeoutMs, signal });
    try {
      await state.connection;
      run.emit({ type: 'host-connected', host: state.host.name, ms: run.now() - started });
    } catch (error) {
      state.connection = undefined;
      throw error;
    }
  }
  return state.connection;
}

/**
 * Connects again to a host that was lost on its way, so that its rescue can run: a network that is away for a minute or
 * two must not leave it half done. Gives up after some three minutes; a host that never answered is not waited for.
 */
export async function regain(state: HostState, run: RunInput): Promise<void> {
  if (state.handshakesBefore === 0 && state.connection === undefined) return;
  for (const pauseMs of [0, 1000, 2000, 5000, 10_000, 20_000, 30_000, 45_000, 60_000]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      await connectionOf(state, run);
      return;
    } catch (error) {
      if (!isUnreachable(error) && !isLost(error)) return;
    }
  }
}

/** Ends the connection, if there is one, and keeps what it counted. */
export async function disconnect(state: HostState): Promise<void> {
  const { connection } = state;
  state.connection = undefined;
  const open = await connection?.catch(() => undefined);
  if (!open) return;
  state.handshakesBefore += open.counters.handshakes;
  state.exchangesBefore += open.counters.exchanges;
  await open.close();
}

export async function exchangesOf(state: HostState): Promise<number> {
  const open = await state.connection?.catch(() => undefined);
  return state.exchangesBefore + (open?.counters.exchanges ?? 0);
}

/** Runs a script over the host's connection; a connection found broken is forgotten, so that the next call reconnects. */
export async function runOn(
  state: HostState,
  run: RunInput,
  script: ShellText,
  options: RunOptions,
): Promise<Output> {
  const connection = await connectionOf(state, run);
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
  return (
    error instanceof ZrunError &&
    [
      'name-unresolved',
      'connect-failed',
      'connect-timeout',
      'host-key-unknown',
      'host-key-changed',
      'auth-failed',
      'key-unreadable',
    ].includes(error.code)
  );
}
