/** Owns servers that are no sshd, or that stand before one: what rows about connections need of the other side. */
import { spawn } from 'node:child_process';
import net, { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Bench } from './attack.js';

interface Listener {
  readonly port: number;
  /** Connections that it has accepted so far. */
  accepted(): number;
}

/** A TCP server on loopback that does this with each connection, until the row ends. */
export async function listen(bench: Bench, behave: (socket: Socket) => void): Promise<Listener> {
  const { server, accepted } = serve(bench, behave);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, accepted };
}

/** The same on a socket of this machine, such as an ssh agent's. */
export async function listenAt(bench: Bench, file: string, behave: (socket: Socket) => void): Promise<void> {
  const { server } = serve(bench, behave);
  await new Promise<void>((resolve) => server.listen(file, resolve));
}

function serve(
  bench: Bench,
  behave: (socket: Socket) => void,
): { readonly server: Server; readonly accepted: () => number } {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  bench.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, accepted: () => accepted };
}

/** Does something again and again with a connection for as long as it stands. */
export function every(ms: number, socket: Socket, act: () => void): void {
  const timer = setInterval(act, ms);
  socket.once('close', () => clearInterval(timer));
}

export interface Wire extends Listener {
  /** From now on not a byte comes through, in neither direction; the connections stay. */
  cut(): void;
  /** Lets connections through that were held. */
  open(): void;
  /** Connections that the server has seen. */
  joined(): number;
}

/** A wire to a server on loopback. One that is `held` accepts, and passes nothing on before it is opened. */
export async function wireTo(bench: Bench, port: number, held = false): Promise<Wire> {
  let isCut = false;
  let joined = 0;
  const waiting: (() => void)[] = [];
  const join = (near: Socket): void => {
    if (near.destroyed) return;
    joined++;
    const far = net.connect(port, '127.0.0.1');
    far.on('error', () => undefined);
    near.on('data', (chunk) => isCut || far.write(chunk));
    far.on('data', (chunk) => isCut || near.write(chunk));
    near.on('close', () => far.destroy());
    far.on('close', () => isCut || near.destroy());
  };
  let isHeld = held;
  const listener = await listen(bench, (near) => {
    near.pause();
    const start = (): void => {
      join(near);
      near.resume();
    };
    if (isHeld) waiting.push(start);
    else start();
  });
  return {
    ...listener,
    joined: () => joined,
    cut() {
      isCut = true;
    },
    open() {
      isHeld = false;
      for (const start of waiting.splice(0)) start();
    },
  };
}

/**
 * A port on which a process listens that never accepts, with its backlog full: to whoever connects it is as if a
 * firewall took every packet.
 */
export async function blackHole(bench: Bench): Promise<number> {
  const program =
    "const server = require('net').createServer();" +
    "server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  bench.defer(() => child.kill('SIGKILL'));
  const port = Number(
    await new Promise<string>((resolve) =>
      child.stdout.once('data', (text: Buffer) => resolve(String(text))),
    ),
  );
  child.kill('SIGSTOP');
  for (;;) {
    const filler = net.connect(port, '127.0.0.1');
    filler.on('error', () => undefined);
    bench.defer(() => filler.destroy());
    const isIn = await Promise.race([
      new Promise<boolean>((resolve) => filler.once('connect', () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
    ]);
    if (!isIn) return port;
  }
}
