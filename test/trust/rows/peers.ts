/** Peers that are no sshd, or a bad one: whatever they do, the host is unreachable, the recap comes, and the run ends. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Attack, Bench } from '../attack.js';

const expected = 'unreachable, the recap comes, and nothing is left of the run';

export const peers: readonly Attack[] = [
  {
    attack: 'a peer accepts and says nothing',
    expected,
    isFast: true,
    observe: (bench) => observePeer(bench, () => undefined),
  },
];

/** A TCP server on loopback that does this with each connection. */
async function observePeer(bench: Bench, behave: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const hosts = bench.write(
    'hosts.yaml',
    `all: {hosts: {box: {ansible_host: 127.0.0.1, ansible_port: ${port}, ansible_user: nobody}}}\n`,
  );
  const play = bench.playbook('- command: "true"');
  const { code, stdout } = await bench.zrun([play, '-i', hosts, '-T', '2']);
  return code === 3 ? expected : `ended with ${code}:\n${stdout}`;
}
