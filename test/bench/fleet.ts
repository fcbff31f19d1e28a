/**
 * Owns the hosts of the benchmark: one real sshd that listens on every loopback address, so that 127.0.1.1, 127.0.1.2, …
 * are hosts of their own, and the inventories that name them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startSshd, type Sshd, type SshdOptions } from '../integration/sshd.js';

interface FleetHost {
  readonly name: string;
  readonly address: string;
}

export interface Fleet {
  readonly server: Sshd;
  /** The first so many hosts. */
  hosts(count: number): readonly FleetHost[];
  /** An inventory of the first so many hosts, in YAML that zrun and Ansible both read. */
  inventory(count: number, more?: InventoryOptions): Promise<string>;
  stop(): Promise<void>;
}

export interface InventoryOptions {
  /** Another port than the server's: a proxy's. */
  readonly port?: number;
  /** As `user@host:port`. */
  readonly proxyJump?: string;
  /** zrun's own variables are left out, as others complain of them. */
  readonly forPeers?: boolean;
}

/** sshd counts all of its loopback addresses as one server, so its limits are lifted: each host would have its own. */
const unlimited = ['MaxStartups 10000', 'MaxSessions 100'];

/**
 * Each session sees its own processes alone, as on a host of its own. Otherwise fifty hosts would share one table of
 * processes, and whoever looks at it (zrun does, once a task, for what a task has left running) would pay for all fifty.
 * It costs every subject some milliseconds a session, and takes root.
 */
const ownProcesses = [
  'ForceCommand exec unshare --pid --fork --mount-proc --kill-child /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
];

export async function startFleet(options: SshdOptions = {}): Promise<Fleet> {
  // bash reads ~/.bashrc for commands over ssh: what the user of this machine has there is no part of any measurement.
  const home = await mkdtemp(path.join(os.tmpdir(), 'zrun-bench-home-'));
  const server = await startSshd({
    listenAddress: '0.0.0.0',
    ...options,
    config: [
      ...(options.config ?? unlimited),
      ...(process.getuid?.() === 0 ? ownProcesses : []),
      `SetEnv HOME=${home}`,
    ],
  });
  return {
    server,
    hosts: hostsOf,
    async inventory(count, more = {}) {
      const { port = server.port, proxyJump, forPeers = false } = more;
      const hosts = hostsOf(count);
      const [key = ''] = server.hostKeys;
      const knownHosts = path.join(server.folder, `known-${count}-${port}`);
      const jumpLines = proxyJump === undefined ? [] : [`    zrun_proxy_jump: ${proxyJump}`];
      await writeFile(
        knownHosts,
        hosts.map(({ address }) => `[${address}]:${port} ${key}\n`).join('') +
          `[127.0.0.1]:${server.port} ${key}\n`,
      );
      const text = [
        'all:',
        '  vars:',
        `    ansible_port: ${port}`,
        `    ansible_user: ${server.user}`,
        `    ansible_ssh_private_key_file: ${server.privateKeyFile}`,
        ...(forPeers ? [] : [`    zrun_known_hosts_file: ${knownHosts}`]),
        ...jumpLines,
        '  hosts:',
        ...hosts.map(({ name, address }) => `    ${name}: {ansible_host: ${address}}`),
        '',
      ].join('\n');
      const file = path.join(server.folder, `hosts-${count}-${port}${forPeers ? '-peers' : ''}.yaml`);
      await writeFile(file, text);
      return file;
    },
    async stop() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function hostsOf(count: number): readonly FleetHost[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `host${String(i + 1).padStart(4, '0')}`,
    address: `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`,
  }));
}
