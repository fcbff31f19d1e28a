// Owns the choice of the port on this machine through which a host is reached.
import net from 'node:net';
import { LabError } from './error.js';

const FIRST_PORT = 2201;
const LAST_PORT = 2399;

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** What this process has chosen: between that and QEMU's listening, another machine may ask for a port. */
const chosen = new Set<number>();

/** The first port that nobody listens on and no host, running or not, was given. */
export async function freePort(given: readonly number[]): Promise<number> {
  for (let port = FIRST_PORT; port <= LAST_PORT; port += 1) {
    if (given.includes(port) || chosen.has(port)) continue;
    chosen.add(port);
    if (await isFree(port)) return port;
  }
  throw new LabError(
    `no free port from ${FIRST_PORT} to ${LAST_PORT} on 127.0.0.1`,
    'take hosts down: npm run lab -- down',
  );
}
