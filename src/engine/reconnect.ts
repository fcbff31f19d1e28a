/**
 * Owns the way back to a host that goes away on purpose: new connections, one after another, until it answers as
 * wanted. Knows nothing of why it went.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ZrunError } from '../core/errors.js';
import type { Become, Output } from '../core/host.js';
import type { ReconnectOptions } from '../core/module.js';
import { connectTimeoutOf, disconnect, runOn, type HostState } from './host-state.js';
import type { RunInput } from './settings.js';

/** Milliseconds between two attempts; the last one again and again. */
const pauses = [1000, 1000, 2000, 3000, 5000];

/** No later attempt can mend these. A refused login can mend itself: nobody but root may log in early in a boot. */
const finalCodes: readonly string[] = [
  'interrupted',
  'host-key-changed',
  'host-key-unknown',
  'key-unreadable',
  'internal',
];

/** See Write.reconnect. */
export async function reconnect(
  state: HostState,
  run: RunInput,
  options: ReconnectOptions & { readonly as: Become | undefined; readonly signal: AbortSignal },
): Promise<Output> {
  const { timeoutMs, script, as, signal } = options;
  const connectTimeoutMs = options.connectTimeoutMs ?? connectTimeoutOf(state, run);
  const deadline = run.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    await disconnect(state);
    const failure = await askOnce();
    if ('output' in failure) return failure.output;
    const left = deadline - run.now();
    if (left <= 0) throw timedOut(timeoutMs, failure.error);
    await waitFor(Math.min(left, pauses[attempt] ?? pauses.at(-1) ?? 0), signal);
  }

  /** An answer as wanted, or why there is none; no error means that it answers, but not as wanted. */
  async function askOnce(): Promise<{ output: Output } | { error: ZrunError | undefined }> {
    try {
      const output = await runOn(state, run, script, {
        as,
        signal,
        timeoutMs: connectTimeoutMs,
        connectTimeoutMs,
      });
      return options.isReady(output) ? { output } : { error: undefined };
    } catch (error) {
      if (!(error instanceof ZrunError) || finalCodes.includes(error.code)) throw error;
      return { error };
    }
  }
}

function timedOut(timeoutMs: number, error: ZrunError | undefined): ZrunError {
  const state = error === undefined ? 'it answers, but not as wanted' : error.message;
  return new ZrunError('task-timeout', `the host is not back after ${timeoutMs / 1000} seconds: ${state}`, {
    hint: error?.hint ?? 'Look at its console, or log in to it by hand.',
    cause: error,
  });
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw new ZrunError('interrupted', 'the run was stopped', { cause: error });
  }
}
