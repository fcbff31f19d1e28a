/**
 * Owns the link over a client that is logged in: sessions on it, and its end. Knows nothing of how it came to be.
 */
import type { ClientChannel } from 'ssh2';
import { ZrunError } from '../core/errors.js';
import { connectionLost, createEnding, type Channel, type Ended, type Limits, type Link } from './channel.js';
import { within } from './limit.js';
import type { LoggedIn } from './ssh-handshake.js';

/** Programs over one client's connection. `handshakes` are those that were made for it. */
export function sshLink(loggedIn: LoggedIn, name: string, handshakes: () => number, limits: Limits): Link {
  const link: Link = {
    name,
    get handshakes() {
      return handshakes();
    },
    lost: () => loggedIn.lost(),
    open(command) {
      const opened = new Promise<Channel>((resolve, reject) => {
        const fail = (error: Error): void => {
          const lost = loggedIn.lost();
          reject(
            lost === undefined
              ? new ZrunError(
                  'connect-failed',
                  `${name} does not open another session, as sshd's MaxSessions may forbid: ${error.message}`,
                  {
                    hint: 'zrun needs a session for each user that tasks run as, and one more to kill what takes too long: at least 3.',
                    cause: error,
                  },
                )
              : connectionLost(link, lost),
          );
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
    close: () => endClient(loggedIn, limits),
  };
  return link;
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

/** Never rejects. */
export async function endClient(
  { client, closed, cut }: LoggedIn,
  { closeMs }: Pick<Limits, 'closeMs'>,
): Promise<void> {
  client.end();
  await within(closeMs, closed, () => undefined);
  cut();
}
