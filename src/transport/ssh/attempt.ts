/**
 * Owns one attempt to log in to an endpoint: its one limit, and its tries while the server is full.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import { ZrunError } from '../../core/errors.js';
import { abort, linkSignals } from '../../core/signals.js';
import { within } from '../limit.js';
import { interrupted } from '../session.js';
import { DroppedError, type LoggedIn } from './handshake.js';

export interface Attempt {
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly onHandshake: () => void;
}

/** One try. `onStage` hears what is waited for. Everything that was begun ends with the signal. */
export type Try = (onStage: (stage: string) => void, signal: AbortSignal) => Promise<LoggedIn>;

/** Tries again, with some randomness, while the server drops us before we could log in, within the one limit. */
export async function withRetries(
  once: Try,
  gate: LimitFunction,
  name: string,
  { connectTimeoutMs, signal }: Attempt,
): Promise<LoggedIn> {
  // What is under way ends with the user's interrupt, with the limit, and with any other end of this attempt.
  const over = new AbortController();
  const { signal: stop, release } = linkSignals(signal, over.signal);
  const seen: { stage: string; dropped: Error | undefined } = {
    stage: 'it has not answered',
    dropped: undefined,
  };

  const tries = async (): Promise<LoggedIn> => {
    for (let round = 0; ; round++) {
      throwIfAborted(stop);
      try {
        return await once((next) => (seen.stage = next), stop);
      } catch (error) {
        throwIfAborted(stop);
        if (!(error instanceof DroppedError)) throw error;
        seen.dropped = error;
      }
      // The server is full: fewer at a time, and later.
      gate.concurrency = Math.max(1, Math.ceil(gate.concurrency / 2));
      seen.stage = 'it drops connections before a handshake';
      const base = Math.min(2_000, 100 * 1.5 ** round);
      // The next round says why, where it was woken early.
      await sleep(base * (0.5 + Math.random()), undefined, { signal: stop }).catch(() => undefined);
    }
  };
  const late = (): never => {
    const seconds = connectTimeoutMs / 1000;
    throw new ZrunError(
      'connect-timeout',
      `no connection to ${name} within ${seconds} seconds: ${seen.stage}`,
      {
        hint:
          seen.dropped === undefined
            ? 'Is the host up and the address right? -T (--timeout) gives it more time.'
            : `${seen.dropped.message}. Its MaxStartups may be low, or a firewall may block us. -T gives it more time.`,
      },
    );
  };
  try {
    return await within(connectTimeoutMs, tries(), late);
  } finally {
    abort(over);
    release();
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}
