/** What is written in one turn leaves in one piece. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { lookup } from 'node:dns';
import { expect } from 'chai';
import { connectSocket } from '../../../src/transport/ssh/socket.js';

describe('the socket under ssh', () => {
  it('sends the pieces of a packet together', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = await connectSocket('here', '127.0.0.1', port, lookup, new AbortController().signal);
    const [peer] = await accepted;
    try {
      const heard: string[] = [];
      peer.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
      for (const piece of ['length ', 'packet ', 'tag;']) socket.write(piece);
      expect(socket.writableLength, 'what waits for the end of the turn').to.equal(
        'length packet tag;'.length,
      );
      await new Promise<void>((resolve) => socket.write('next;', () => resolve()));
      socket.end('last');
      await once(peer, 'end');
      expect(heard.join('')).to.equal('length packet tag;next;last');
    } finally {
      socket.destroy();
      peer.destroy();
      server.close();
    }
  });
});
