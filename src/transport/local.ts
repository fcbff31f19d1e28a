/**
 * Owns the link to the machine that zrun itself runs on: programs are child processes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { ZrunError } from '../core/errors.js';
import type { Connect } from '../core/host.js';
import { drainMs, type Channel, type Ended, type Limits, type Link } from './channel.js';
import { createConnection } from './connection.js';
import { within } from './limit.js';

export interface LocalTransportOptions {
  /** The environment that scripts find; zrun's own when left out. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly limits?: Limits | undefined;
}

export function createLocalTransport(options: LocalTransportOptions = {}): {
  connect: Connect;
  close(): Promise<void>;
} {
  return {
    connect: (_host, { signal }) =>
      Promise.resolve(createConnection(localLink(options.env), signal, options.limits)),
    close: () => Promise.resolve(),
  };
}

function localLink(env: NodeJS.ProcessEnv | undefined): Link {
  const channels = new Set<Channel>();
  return {
    name: 'this machine',
    handshakes: 0,
    lost: () => undefined,
    async open(command) {
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
  let cut = (): void => undefined;
  const ended = new Promise<Ended>((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let isFinished = false;
    const finish = (how: Ended): void => {
      isFinished = true;
      // Or the process would wait for it, at its end.
      clearTimeout(timer);
      resolve(how);
    };
    cut = () => finish({});
    const end = (status: number | null, signal: string | null): void =>
      finish({ status: status ?? undefined, signal: signal ?? undefined });
    child.once('close', end);
    // A daemon that was started without redirection keeps the pipes open for good.
    child.once('exit', (status, signal) => {
      if (!isFinished) timer = setTimeout(() => end(status, signal), drainMs);
    });
  });
  return {
    stdin,
    stdout,
    stderr,
    ended,
    destroy() {
      child.kill('SIGKILL');
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      child.unref();
      cut();
    },
  };
}
