/**
 * Owns the link to the machine that zrun itself runs on: programs are child processes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { ZrunError } from '../core/errors.js';
import type { Connect } from '../core/host.js';
import { createEnding, type Channel, type Ended, type Limits, type Link } from './channel.js';
import { createConnection } from './connection.js';
import { within } from './limit.js';
import { createTurns } from './turns.js';

interface LocalTransportOptions {
  /** The environment that scripts find; zrun's own when left out. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly limits?: Limits | undefined;
}

export function createLocalTransport(options: LocalTransportOptions = {}): {
  connect: Connect;
  close(): Promise<void>;
} {
  const takeTurn = createTurns();
  return {
    connect: (_host, { signal }) =>
      Promise.resolve(createConnection(localLink(options.env, takeTurn), signal, options.limits)),
    close: () => Promise.resolve(),
  };
}

function localLink(env: NodeJS.ProcessEnv | undefined, takeTurn: () => Promise<void>): Link {
  const channels = new Set<Channel>();
  return {
    name: 'this machine',
    handshakes: 0,
    lost: () => undefined,
    async open(command) {
      // To start a process takes milliseconds, in which nothing else is done.
      await takeTurn();
      // A group of its own, so that a ^C in zrun's terminal reaches zrun alone, which then ends things in order.
      const child = spawn('/bin/sh', ['-c', command], { detached: true, env, stdio: 'pipe' });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (cause) =>
          reject(
            new ZrunError('connect-failed', `cannot start a shell on this machine: ${cause.message}`, {
              cause,
            }),
          ),
        );
      });
      const channel = channelOf(child);
      channels.add(channel);
      void channel.ended.then(() => channels.delete(channel));
      return channel;
    },
    async close() {
      for (const channel of channels) channel.stdin.end();
      const ended = [...channels].map((channel) => channel.ended);
      await within(1000, Promise.all(ended), () => []);
      for (const channel of channels) channel.destroy();
    },
  };
}

function channelOf(child: ChildProcess): Channel {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new TypeError('a child without pipes');
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => undefined);
  const ending = createEnding();
  const endOf = (status: number | null, signal: string | null): Ended => ({
    status: status ?? undefined,
    signal: signal ?? undefined,
  });
  child.once('close', (status, signal) => ending.now(endOf(status, signal)));
  // A daemon that was started without redirection keeps the pipes open for good.
  child.once('exit', (status, signal) => ending.soon(() => endOf(status, signal)));
  return {
    stdin,
    stdout,
    stderr,
    ended: ending.ended,
    destroy() {
      child.kill('SIGKILL');
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      child.unref();
      ending.now({});
    },
  };
}
