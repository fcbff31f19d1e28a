/** Owns a wire that breaks: a TCP proxy on loopback for each host, whose connections end in the middle at random. */
import net, { type AddressInfo, type Socket } from 'node:net';

export interface CuttingWire {
  /** One for each host. */
  readonly ports: readonly number[];
  /** Connections that were cut so far. */
  cuts(): number;
  stop(): Promise<void>;
}

/** How a connection breaks: both ends hear of it, as an orderly end or as a reset; or nobody does, and bytes vanish. */
type Break = 'end' | 'reset' | 'silence';

interface Wire {
  readonly near: Socket;
  readonly far: Socket;
}

/**
 * Hands everything on to `target` on 127.0.0.1. `bytesToCut` is asked for each connection: after how many bytes, of
 * both directions together, it breaks; undefined leaves it whole.
 */
export async function startCuttingWire(
  target: number,
  hosts: number,
  bytesToCut: () => { readonly after: number; readonly how: Break } | undefined,
): Promise<CuttingWire> {
  const wires = new Set<Wire>();
  let cuts = 0;
  const connect = (near: Socket): void => {
    const far = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
    const wire: Wire = { near, far };
    wires.add(wire);
    const fate = bytesToCut();
    let [passed, isSilent] = [0, false];
    const cut = (how: Break): void => {
      cuts++;
      if (how === 'silence') isSilent = true;
      else
        for (const socket of [near, far])
          if (how === 'reset') socket.resetAndDestroy();
          else socket.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (isSilent || to.destroyed) return;
        const left = fate === undefined ? Infinity : fate.after - passed;
        passed += chunk.length;
        to.write(chunk.subarray(0, Math.max(0, left)));
        if (fate !== undefined && chunk.length >= left) cut(fate.how);
      });
      from.on('close', () => {
        wires.delete(wire);
        to.end();
      });
    }
  };
  const servers = await Promise.all(
    Array.from({ length: hosts }, async () => {
      const server = net.createServer({ noDelay: true }, connect);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    cuts: () => cuts,
    async stop() {
      for (const { near, far } of wires) for (const socket of [near, far]) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
