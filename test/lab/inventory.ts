// Owns the files that zrun and ssh are pointed at: inventory.yaml and known_hosts.
import { rename, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { labPaths } from './paths.js';
import type { Release } from './recipe.js';

/** What the inventory says of a host. */
interface InventoryHost {
  readonly name: string;
  readonly release: Release;
  readonly port: number;
}

/** Replaces a file in one move: whoever reads it meanwhile sees the old one or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}

export async function writeKnownHosts(lines: readonly string[]): Promise<void> {
  await replaceFile(labPaths().knownHosts, lines.map((line) => `${line}\n`).join(''));
}

export async function writeInventory(hosts: readonly InventoryHost[]): Promise<void> {
  const { inventory, clientKey, knownHosts } = labPaths();
  const children: Record<string, { hosts: Record<string, object> }> = {};
  for (const host of hosts) {
    const group = (children[host.release] ??= { hosts: {} });
    group.hosts[host.name] = { ansible_host: '127.0.0.1', ansible_port: host.port };
  }
  const vars = {
    ansible_user: 'zrun',
    ansible_become: true,
    ansible_ssh_private_key_file: clientKey,
    zrun_known_hosts_file: knownHosts,
  };
  const comment =
    '# Written by `npm run lab`: the hosts that exist now. Edits are lost at the next `up` or `down`.\n';
  await replaceFile(inventory, comment + stringify({ all: { vars, children } }, { lineWidth: 0 }));
}
