/**
 * Owns a slow wire: a TCP proxy that hands every byte on later than it came, as a long line does. Nothing is lost,
 * reordered or made narrower.
 */
import net from 'node:net';
import type { AddressInfo } from 'node:net';

interface SlowWire {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param roundTripMs what a question and its answer take longer: half of it each way */
export async function startSlowWire(target: number, roundTripMs: number): Promise<SlowWire> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (chunk) => void setTimeout(() => to.destroyed || to.write(chunk), roundTripMs / 2));
      from.on('close', () => {
        sockets.delete(from);
        setTimeout(() => to.destroy(), roundTripMs / 2);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
