/**
 * Owns a connection as the engine sees it: one session a user, the counters, the user's interrupt, the end. Works over
 * any link.
 */
import { ZrunError } from '../core/errors.js';
import type { Become, Connection, Output } from '../core/host.js';
import { readCalls } from '../core/shell-files.js';
import { onAbort } from '../core/signals.js';
import { defaultLimits, type Limits, type Link } from './channel.js';
import { createSession, interrupted, type Session } from './session.js';
import type { Job } from './shell-answers.js';

export function createConnection(
  link: Link,
  signal: AbortSignal,
  limits: Limits = defaultLimits,
): Connection {
  const sessions = new Map<string, Session>();
  let exchanges = 0;
  let closing: Promise<void> | undefined;
  const cancels = createCancels();
  let forgetSignal = (): void => undefined;

  const sessionOf = (become: Become | undefined): Session => {
    const known = sessions.get(keyOf(become));
    if (known !== undefined) return known;
    const session = createSession(link, become, limits, { onExchange: () => exchanges++ });
    sessions.set(keyOf(become), session);
    return session;
  };

  const shutDown = async (error: ZrunError): Promise<void> => {
    await Promise.all([...sessions.values()].map((session) => session.stop(error)));
    await link.close();
  };
  const close = (error: ZrunError): Promise<void> => {
    cancels.forget();
    forgetSignal();
    closing ??= shutDown(error);
    return closing;
  };
  // At once, where it is aborted already.
  forgetSignal = onAbort(signal, () => void close(interrupted()));

  return {
    run(script, options = {}) {
      if (signal.aborted) return Promise.reject(interrupted());
      if (closing !== undefined) return Promise.reject(closed(link));
      if (options.signal?.aborted) return Promise.reject(interrupted());
      return new Promise<Output>((resolve, reject) => {
        const calling = readCalls(script);
        const session = sessionOf(options.as);
        const cancelled = options.signal && cancels.of(options.signal);
        const done = (): void => void cancelled?.delete(onCancel);
        const job: Job = {
          ...calling,
          stdin: options.stdin,
          timeoutMs: options.timeoutMs,
          keep: options.keep,
          onOutput: options.onOutput,
          isAnchored: options.isAnchored ?? false,
          isTerse: options.isTerse ?? false,
          resolve(output) {
            done();
            resolve(output);
          },
          reject(error) {
            done();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        };
        const onCancel = (): void => session.cancel(job);
        cancelled?.add(onCancel);
        session.run(job);
      });
    },
    get counters() {
      return { handshakes: link.handshakes, exchanges };
    },
    close: () => close(closed(link)),
  };
}

interface Cancels {
  /** What is called once the signal is aborted. */
  of(signal: AbortSignal): Set<() => void>;
  /** Listens to no signal any more. */
  forget(): void;
}

/**
 * What is to be cancelled with each signal: one listener a connection, since a listener a script would be looked for
 * among those of a thousand hosts each time that a script ends.
 */
function createCancels(): Cancels {
  const bySignal = new Map<AbortSignal, Set<() => void>>();
  const forgets: (() => void)[] = [];
  return {
    of(signal) {
      const known = bySignal.get(signal);
      if (known !== undefined) return known;
      const jobs = new Set<() => void>();
      bySignal.set(signal, jobs);
      forgets.push(onAbort(signal, () => jobs.forEach((cancel) => cancel())));
      return jobs;
    },
    forget() {
      for (const forget of forgets.splice(0)) forget();
    },
  };
}

/** A shell for each user, and each way to become that one. */
function keyOf(become: Become | undefined): string {
  return become === undefined ? '' : `${become.method} ${become.user}`;
}

/** Not the user's doing: what was under way when it closed is as uncertain as when it breaks. */
function closed(link: Link): ZrunError {
  return new ZrunError('connection-lost', `the connection to ${link.name} was closed`);
}
