/**
 * Owns the other runners: how each is asked to do the work of point 1, as its own documentation says that it is fast.
 * They are measured where they are installed and said to be missing where they are not.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Fleet } from './fleet.js';
import { commandBook } from './playbooks.js';
import { runProgram } from './program.js';
import type { Bench } from './subjects.js';

interface PeerWork {
  readonly bench: Bench;
  readonly fleet: Fleet;
  readonly hosts: number;
  readonly forks: number;
  readonly tasks: number;
}

interface Peer {
  readonly name: string;
  readonly isPipelinedAnsible?: boolean;
  /** At most so many, as it takes long. */
  readonly rounds: number;
  /** Why it cannot be measured; undefined where it can. */
  missing(): Promise<string | undefined>;
  /** Milliseconds. Throws where it fails. */
  run(work: PeerWork): Promise<number>;
}

const mitogenFolders = [
  '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy',
  '/usr/share/ansible-mitogen/plugins/strategy',
];

export const peers: readonly Peer[] = [
  {
    name: 'ansible-playbook, pipelining',
    isPipelinedAnsible: true,
    rounds: 3,
    missing: () => missingProgram('ansible-playbook', 'apt-get install ansible-core'),
    run: (work) => runAnsible(work, {}),
  },
  {
    name: 'ansible-playbook with Mitogen',
    rounds: 3,
    async missing() {
      if (!mitogenFolders.some(existsSync)) return 'not installed (apt-get install ansible-mitogen)';
      return missingProgram('ansible-playbook', 'apt-get install ansible-core');
    },
    run: (work) =>
      runAnsible(work, {
        ANSIBLE_STRATEGY: 'mitogen_linear',
        ANSIBLE_STRATEGY_PLUGINS: mitogenFolders.find(existsSync) ?? '',
      }),
  },
  {
    name: 'clush, a call a task',
    rounds: 3,
    missing: () => missingProgram('clush', 'apt-get install clustershell'),
    run: runClush,
  },
  {
    name: 'pyinfra',
    rounds: 5,
    missing: () => missingProgram('pyinfra', 'pipx install pyinfra'),
    run: runPyinfra,
  },
];

async function missingProgram(program: string, how: string): Promise<string | undefined> {
  try {
    await promisify(execFile)('sh', ['-c', 'command -v "$1"', 'sh', program]);
    return undefined;
  } catch {
    return `not installed (${how})`;
  }
}

function sshOptions({ server }: Fleet): readonly string[] {
  return [
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
    '-i',
    server.privateKeyFile,
  ];
}

async function runAnsible(
  { bench, fleet, hosts, forks, tasks }: PeerWork,
  more: Readonly<Record<string, string>>,
): Promise<number> {
  const playbook = await commandBook(bench.folder, tasks);
  const inventory = await fleet.inventory(hosts, { forPeers: true });
  const { wallMs } = await runProgram(['ansible-playbook', '-i', inventory, '-f', String(forks), playbook], {
    env: {
      ANSIBLE_PIPELINING: 'True',
      ANSIBLE_HOST_KEY_CHECKING: 'False',
      ANSIBLE_SSH_ARGS: `-o ControlMaster=auto -o ControlPersist=60s ${sshOptions(fleet).join(' ')}`,
      ANSIBLE_LOCAL_TEMP: path.join(bench.folder, 'ansible'),
      // A folder of its own each time: connections of the run before are no head start.
      ANSIBLE_SSH_CONTROL_PATH_DIR: path.join(bench.folder, `cp${Date.now() % 100_000}`),
      ...more,
    },
  });
  return wallMs;
}

async function runClush({ fleet, hosts, forks, tasks }: PeerWork): Promise<number> {
  const nodes = fleet.hosts(hosts).map(({ address }) => address);
  const options = sshOptions(fleet).join(' ');
  let sum = 0;
  for (let task = 0; task < tasks; task++) {
    const { wallMs } = await runProgram([
      'clush',
      '-q',
      '-f',
      String(forks),
      '-l',
      fleet.server.user,
      '-O',
      `ssh_options=${options} -p ${fleet.server.port}`,
      '-w',
      nodes.join(','),
      '/bin/true',
    ]);
    sum += wallMs;
  }
  return sum;
}

async function runPyinfra({ bench, fleet, hosts, tasks }: PeerWork): Promise<number> {
  const inventory = path.join(bench.folder, 'inventory.py');
  const { port, user, privateKeyFile } = fleet.server;
  const data = JSON.stringify({
    ssh_port: port,
    ssh_user: user,
    ssh_key: privateKeyFile,
    ssh_strict_host_key_checking: 'off',
  });
  const named = fleet.hosts(hosts).map(({ address }) => `(${JSON.stringify(address)}, ${data})`);
  await writeFile(inventory, `hosts = [${named.join(', ')}]\n`);
  const deploy = path.join(bench.folder, 'deploy.py');
  await writeFile(
    deploy,
    `from pyinfra.operations import server\n${Array.from(
      { length: tasks },
      (_, i) => `server.shell(name="Task ${i + 1}", commands=["/bin/true"])\n`,
    ).join('')}`,
  );
  const { wallMs } = await runProgram(['pyinfra', '-y', inventory, deploy]);
  return wallMs;
}
