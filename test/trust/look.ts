/** Owns how rows look at this machine: files, processes, and states that are waited for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Sshd } from '../integration/sshd.js';
import type { Bench } from './attack.js';

/** Waits until it is so, for a minute at most. */
export async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not so within a minute: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether the process lives whose number is in a file. */
export function isAlive(pidFile: string): boolean {
  const pid = readFileSync(pidFile, 'utf8').trim();
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Whether any process has this in its environment. */
export function isAnyWith(variable: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable);
      } catch {
        // It is over.
        return false;
      }
    });
}

/** Gives zrun's home folder the key and the known hosts of these servers. */
export function useKeysOf(bench: Bench, ...servers: readonly Sshd[]): void {
  const [first] = servers;
  if (first === undefined) return;
  bench.write('home/.ssh/id_ed25519', readFileSync(first.privateKeyFile), 0o600);
  bench.write(
    path.join('home', '.ssh', 'known_hosts'),
    servers.map(({ knownHostsFile }) => readFileSync(knownHostsFile, 'utf8')).join(''),
  );
}
