/**
 * Owns the TCP socket under an SSH connection, and why there is none. Knows nothing of SSH but how ssh2 writes.
 */
import net from 'node:net';
import type { LookupFunction } from 'node:net';
import { ZrunError } from '../../core/errors.js';
import { onAbort } from '../../core/signals.js';
import { interrupted } from '../session.js';
import { DroppedError } from './handshake.js';

type Done = (error?: Error | null) => void;

/**
 * ssh2 writes each packet in three pieces. Without Nagle's delay each of them would be a segment and a system call of
 * its own, so what is written in one turn of the event loop leaves together. For a socket that is connected: connect()
 * sets its own write().
 */
function gatherWrites(socket: net.Socket): net.Socket {
  const writeBytes = socket.write.bind(socket);
  socket.write = (chunk: Uint8Array | string, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      setImmediate(() => socket.uncork());
    }
    return typeof encoding === 'string'
      ? writeBytes(chunk, encoding, done)
      : writeBytes(chunk, encoding ?? done);
  };
  return socket;
}

/**
 * Connects a TCP socket without Nagle's delay. Rejects with ZrunError `name-unresolved` or `connect-failed`; with
 * `interrupted`, and nothing is left open, where the signal is aborted.
 */
export function connectSocket(
  name: string,
  host: string,
  port: number,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(interrupted());
      return;
    }
    const socket = net.connect({ host, port, lookup, noDelay: true });
    const forget = onAbort(signal, () => {
      socket.destroy();
      reject(interrupted());
    });
    socket.once('close', forget);
    socket.once('connect', () => {
      forget();
      socket.off('close', forget);
      socket.removeAllListeners('error');
      // The client listens on its own; this one is for the moments before and after it does.
      socket.on('error', () => undefined);
      resolve(gatherWrites(socket));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => reject(socketError(name, host, error)));
  });
}

function socketError(name: string, host: string, error: NodeJS.ErrnoException): Error {
  const code = error.code ?? '';
  if (code === 'ECONNRESET') return new DroppedError(`${name} reset the connection`);
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'].includes(code))
    return new ZrunError('name-unresolved', `the name ${host} does not resolve (${code})`, {
      hint: 'Check the address in the inventory, HostName in the ssh configuration, and the name server.',
      cause: error,
    });
  const reasons: Readonly<Record<string, readonly [string, string]>> = {
    ECONNREFUSED: ['connection refused', 'Is sshd running there, and is this the right port?'],
    EHOSTUNREACH: ['no route to host', 'Is the host up, and is this the right address?'],
    ENETUNREACH: ['network is unreachable', 'Is this machine in the right network, or a VPN missing?'],
    ETIMEDOUT: ['no answer', 'Is the host up, and does a firewall let port 22 through?'],
  };
  const [why, hint] = reasons[code] ?? [error.message || code, undefined];
  return new ZrunError('connect-failed', `cannot connect to ${name}: ${why}`, { hint, cause: error });
}
