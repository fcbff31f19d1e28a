/**
 * Owns a `docker` for tests of the scripts that speak to it: a real HTTP server, and a program that joins its socket to
 * standard input and output. What the server answers is its caller's.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { localRun, type RunScript } from '../harness.js';

export interface DockerStandIn {
  /** Where `docker` is; tests may put their files there. Removed by stop(). */
  readonly folder: string;
  /** Finds `docker` in the folder. */
  readonly run: RunScript;
  stop(): Promise<void>;
}

/** @param program of sh, what `docker` does; `relay` is the command line that joins the socket */
export async function standInForDocker(
  answer: http.RequestListener,
  program: (relay: string, folder: string) => string = (relay) => `exec ${relay}`,
): Promise<DockerStandIn> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zrun-docker-'));
  const server = http.createServer(answer);
  const socket = path.join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const relay = path.join(folder, 'relay.cjs');
  await writeFile(
    relay,
    `const socket = require('node:net').connect(${JSON.stringify(socket)}, () => {
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
});
socket.on('close', () => process.stdout.write('', () => process.exit(0)));`,
  );
  const text = program(`'${process.execPath}' '${relay}'`, folder);
  await writeFile(path.join(folder, 'docker'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  // What the tests run under is not for the program that stands in for `docker`.
  const run = localRun(['env', '-u', 'NODE_OPTIONS', 'sh']);
  return {
    folder,
    run: ({ shellText }, stdin) => run({ shellText: `PATH=${folder}:$PATH\n${shellText}` }, stdin),
    async stop() {
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
