/**
 * Owns the link over a client that is logged in: sessions on it, and its end. Knows nothing of how it came to be.
 */
import type { ClientChannel } from 'ssh2';
import { ZrunError } from '../../core/errors.js';
import { abort } from '../../core/signals.js';
import {
  connectionLost,
  createEnding,
  type Channel,
  type Ended,
  type Limits,
  type Link,
} from '../channel.js';
import { within } from '../limit.js';
import { interrupted } from '../session.js';
import type { LoggedIn } from './handshake.js';

/** The host takes no further session on a connection: sshd_config(5), MaxSessions. */
class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
}

interface LinkOptions {
  /** How messages call the host. */
  readonly name: string;
  /** SSH handshakes that were made for it. */
  readonly handshakes: () => number;
  readonly limits: Limits;
  /** Makes one more connection to the same host, for a session that the first one has no room for. */
  readonly another: (signal: AbortSignal) => Promise<LoggedIn>;
}

/**
 * Programs over one client's connection. Where the host takes no further session there (`MaxSessions 1`: no sudo beside
 * the login user's shell, and nothing to stop a task with), that session gets a connection of its own.
 */
export function sshLink(loggedIn: LoggedIn, { name, handshakes, limits, another }: LinkOptions): Link {
  const closing = new AbortController();
  const others = new Set<LoggedIn>();
  const openElsewhere = async (command: string, refusal: SessionRefusedError): Promise<Channel> => {
    let other: LoggedIn;
    try {
      other = await another(closing.signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ZrunError('connect-failed', `${name} does not open another session, and ${why}`, {
        hint: sessionsHint,
        cause: error,
      });
    }
    others.add(other);
    try {
      // The link may have been closed meanwhile, without this one.
      if (closing.signal.aborted) throw interrupted();
      const channel = await openOn(other, command, name);
      void channel.ended.then(() => endClient(other, limits)).then(() => others.delete(other));
      return channel;
    } catch (error) {
      await endClient(other, limits);
      others.delete(other);
      throw error instanceof SessionRefusedError ? noSession(name, refusal) : error;
    }
  };
  const openAnywhere = async (command: string): Promise<Channel> => {
    try {
      return await openOn(loggedIn, command, name);
    } catch (error) {
      if (!(error instanceof SessionRefusedError)) throw error;
      return openElsewhere(command, error);
    }
  };
  return {
    name,
    get handshakes() {
      return handshakes();
    },
    lost: () => loggedIn.lost(),
    open(command) {
      const opened = openAnywhere(command);
      let isLate = false;
      void opened.then(
        (channel) => {
          if (isLate) channel.destroy();
        },
        () => undefined,
      );
      return within(limits.startMs, opened, () => {
        isLate = true;
        throw new ZrunError(
          'connect-timeout',
          `${name} did not open a session within ${limits.startMs / 1000} seconds`,
          {
            hint: 'The host may be overloaded, or its login may hang (PAM, a home directory on a dead server).',
          },
        );
      });
    },
    async close() {
      abort(closing);
      await Promise.all([loggedIn, ...others].map((each) => endClient(each, limits)));
    },
  };
}

/** Rejects with SessionRefusedError where the host has no room for one more on this connection. */
function openOn(loggedIn: LoggedIn, command: string, name: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const lost = loggedIn.lost();
      if (lost !== undefined) reject(connectionLost({ name }, lost));
      else if ('reason' in error && typeof error.reason === 'number')
        reject(new SessionRefusedError(error.message));
      else reject(noSession(name, error));
    };
    try {
      loggedIn.client.exec(command, (error, channel) => {
        if (error) fail(error);
        else resolve(channelOf(channel, loggedIn));
      });
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

const sessionsHint =
  "sshd's MaxSessions limits how many one connection may have; zrun needs one for each user that tasks become, and " +
  'one more to stop a task. Raise it in sshd_config on the host.';

function noSession(name: string, cause: Error): ZrunError {
  return new ZrunError('connect-failed', `${name} does not open another session: ${cause.message}`, {
    hint: sessionsHint,
    cause,
  });
}

function channelOf(channel: ClientChannel, { closed }: LoggedIn): Channel {
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  const ending = createEnding();
  let how: Ended = {};
  const howSoFar = (): Ended => how;
  channel.once('exit', (status: number | null, signal?: string) => {
    how = { status: status ?? undefined, signal };
    // A daemon that was started without redirection keeps the channel open for good.
    ending.soon(howSoFar);
  });
  channel.once('close', () => ending.now(how));
  void closed.then(() => ending.soon(howSoFar));
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: ending.ended,
    destroy() {
      channel.close();
      ending.now(how);
    },
  };
}

/** Says goodbye, and cuts the connection where the host does not answer. Never rejects. */
export async function endClient(loggedIn: LoggedIn, limits: Limits): Promise<void> {
  loggedIn.client.end();
  await within(limits.closeMs, loggedIn.closed, () => undefined);
  loggedIn.destroy();
}
