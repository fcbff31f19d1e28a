/**
 * Owns a connection as the engine sees it: one session a user, the counters, the user's interrupt, the end. Works over
 * any link.
 */
import { setMaxListeners } from 'node:events';
import { ZrunError } from '../core/errors.js';
import type { Become, Connection, Output } from '../core/host.js';
import { defaultLimits, type Limits, type Link } from './channel.js';
import { createSession, interrupted, type Session } from './session.js';
import type { Job } from './shell.js';

export function createConnection(
  link: Link,
  signal: AbortSignal,
  limits: Limits = defaultLimits,
): Connection {
  const sessions = new Map<string | undefined, Session>();
  let exchanges = 0;
  let closing: Promise<void> | undefined;

  /**
   * What is to be cancelled with each signal: one listener a connection, since a listener a script would be looked for
   * among those of a thousand hosts each time that a script ends.
   */
  const cancels = new Map<AbortSignal, { readonly jobs: Set<() => void>; readonly listener: () => void }>();

  const sessionOf = (become: Become | undefined): Session => {
    const known = sessions.get(become?.user);
    if (known !== undefined) return known;
    const session = createSession(link, become, limits, { onExchange: () => exchanges++ });
    sessions.set(become?.user, session);
    return session;
  };

  const shutDown = async (error: ZrunError): Promise<void> => {
    await Promise.all([...sessions.values()].map((session) => session.stop(error)));
    await link.close();
  };
  const close = (error: ZrunError): Promise<void> => {
    signal.removeEventListener('abort', onAbort);
    for (const [by, { listener }] of cancels) by.removeEventListener('abort', listener);
    closing ??= shutDown(error);
    return closing;
  };
  const onAbort = (): void => void close(interrupted());
  listen(signal, onAbort);
  if (signal.aborted) onAbort();

  const cancelsOf = (by: AbortSignal): Set<() => void> => {
    const known = cancels.get(by);
    if (known !== undefined) return known.jobs;
    const jobs = new Set<() => void>();
    const listener = (): void => jobs.forEach((cancel) => cancel());
    cancels.set(by, { jobs, listener });
    listen(by, listener);
    return jobs;
  };

  return {
    run(script, options = {}) {
      if (signal.aborted) return Promise.reject(interrupted());
      if (closing !== undefined) return Promise.reject(closed(link));
      if (script.shellText.includes('\0'))
        return Promise.reject(
          new ZrunError('internal', 'a script holds a NUL byte, which no shell can read'),
        );
      if (options.signal?.aborted) return Promise.reject(interrupted());
      return new Promise<Output>((resolve, reject) => {
        const session = sessionOf(options.as);
        const cancelled = options.signal && cancelsOf(options.signal);
        const done = (): void => void cancelled?.delete(onCancel);
        const job: Job = {
          script: script.shellText,
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

/** One signal ends a whole run, so hundreds of hosts listen to it. */
function listen(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener);
}

/** Not the user's doing: what was under way when it closed is as uncertain as when it breaks. */
function closed(link: Link): ZrunError {
  return new ZrunError('connection-lost', `the connection to ${link.name} was closed`);
}
