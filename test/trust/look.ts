/** Owns how rows look at this machine: files, processes, and states that are waited for. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

export function existsAt(file: string): boolean {
  return existsSync(file);
}

/** Whether the process lives whose number is in a file. */
export function isAlive(pidFile: string): boolean {
  const pid = readFileSync(pidFile, 'utf8').trim();
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** The process numbers of what a process has started, at any distance. */
export function childrenOf(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): readonly number[] =>
    rows.flatMap(([child = 0, of]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
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
