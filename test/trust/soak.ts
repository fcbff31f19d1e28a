/**
 * Owns `npm run test:soak`: a playbook of counters runs on many hosts, again and again, while their connections break at
 * random. Each task adds its name to its host's counter. What the journal says of a task must be what the counter says:
 *
 * | journal                          | counter     |
 * | -------------------------------- | ----------- |
 * | changed                          | once        |
 * | unknown (the connection broke)   | never, once |
 * | unreachable, skipped, not begun  | never       |
 *
 * Ends with 1 where anything else was seen.
 */
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { TaskStatus } from '../../src/core/events.js';
import { readJournal } from '../../src/report/journal.js';
import { endsInTime, withBench, type Bench } from './attack.js';
import { isAnyWith, until } from './look.js';
import { startCuttingWire, type CuttingWire } from './cutting-wire.js';

const tasksOfHost = 12;

/** In the environment of everything that these hosts run. */
const mark = `ZRUN_SOAK=${process.pid}`;

interface Tally {
  runs: number;
  tasks: number;
  readonly statuses: Partial<Record<TaskStatus | 'not begun' | 'not finished', number>>;
  readonly wrong: string[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      minutes: { type: 'string', default: '30' },
      hosts: { type: 'string', default: '50' },
    },
  });
  if (values.help) {
    console.log(`npm run test:soak [-- --minutes N] [--hosts N]
  --minutes N  how long (30)
  --hosts N    how many hosts (50), all of them one sshd on loopback`);
    return;
  }
  const [minutes, hosts] = [Number(values.minutes), Number(values.hosts)];
  const tally: Tally = { runs: 0, tasks: 0, statuses: {}, wrong: [] };
  const cuts = await withBench(async (bench) => {
    const server = await bench.sshd({ config: [`SetEnv ${mark}`] });
    const wire = await startCuttingWire(server.port, hosts, chooseCut);
    bench.defer(() => wire.stop());
    const inventory = writeInventory(bench, wire, server);
    const end = Date.now() + minutes * 60_000;
    while (Date.now() < end && tally.wrong.length === 0) {
      await runOnce(bench, inventory, hosts, tally);
      console.log(
        `run ${tally.runs}: ${tally.tasks} tasks so far, ${wire.cuts()} connections cut; ${formatCounts(tally)}`,
      );
    }
    return wire.cuts();
  });
  for (const line of tally.wrong.slice(0, 50)) console.log(`WRONG: ${line}`);
  console.log(
    `${tally.runs} runs on ${hosts} hosts, ${tally.tasks} tasks, ${cuts} connections cut: ${tally.wrong.length} wrong`,
  );
  if (tally.wrong.length > 0) process.exitCode = 1;
}

/** Most connections break before a host is done; a handshake takes about 4 kB, a task about 500 bytes. */
function chooseCut(): { after: number; how: 'end' | 'reset' | 'silence' } | undefined {
  if (Math.random() < 0.25) return undefined;
  const lot = Math.random();
  const how = lot < 0.02 ? 'silence' : lot < 0.5 ? 'end' : 'reset';
  return { after: Math.ceil(Math.random() * 14_000), how };
}

function writeInventory(
  bench: Bench,
  { ports }: CuttingWire,
  server: { readonly user: string; readonly privateKeyFile: string; readonly hostKeys: readonly string[] },
): string {
  const [key = ''] = server.hostKeys;
  const known = bench.write('known_hosts', ports.map((port) => `[127.0.0.1]:${port} ${key}\n`).join(''));
  const hosts = ports.map((port, i) => [`host${i}`, { ansible_port: port }] as const);
  return bench.write(
    'hosts.yaml',
    JSON.stringify({
      all: {
        hosts: Object.fromEntries(hosts),
        vars: {
          ansible_host: '127.0.0.1',
          ansible_user: server.user,
          ansible_ssh_private_key_file: server.privateKeyFile,
          ansible_ssh_common_args: `-o UserKnownHostsFile=${known}`,
        },
      },
    }),
  );
}

/** One run with a new folder of counters, and what its journal and they have to say of each other. */
async function runOnce(bench: Bench, inventory: string, hosts: number, tally: Tally): Promise<void> {
  tally.runs++;
  const counters = path.join(bench.folder, `counters-${tally.runs}`);
  mkdirSync(counters);
  const names = Array.from({ length: tasksOfHost }, (_, i) => `task${i}`);
  // Half of the work is done before the moment in which the connection may break, half after it.
  const blocks = names.map(
    (name) => `
- block:
    - name: ${name}
      shell: sleep 0.0${Math.floor(Math.random() * 10)}; echo ${name} >>${counters}/{{inventory_hostname}}; sleep 0.02
      ignore_unreachable: true
  rescue:
    - debug: {msg: rescued}`,
  );
  const play = bench.playbook(blocks.join('\n'));
  const zrun = bench.start([play, '-i', inventory, '-f', String(hosts), '-T', '20']);
  await endsInTime(zrun);
  // What a connection has left behind when it broke may still be at work.
  await until(() => !isAnyWith(mark));

  const said = new Map<string, TaskStatus | 'not finished'>();
  const runs = path.join(bench.home, '.local/state/zrun/runs');
  const newest = readdirSync(runs).sort().at(-1) ?? '';
  const { events, damaged } = readJournal(readFileSync(path.join(runs, newest, 'journal.jsonl'), 'utf8'));
  if (damaged.length > 0)
    tally.wrong.push(`run ${newest}: lines ${damaged.join(', ')} of the journal are damaged`);
  for (const event of events) {
    if (event.type === 'task-started') said.set(`${event.host} ${event.task.name}`, 'not finished');
    if (event.type === 'task-finished') said.set(`${event.host} ${event.task.name}`, event.result.status);
  }
  for (let i = 0; i < hosts; i++) {
    const counted = readCounter(path.join(counters, `host${i}`));
    for (const name of names) {
      const status = said.get(`host${i} ${name}`) ?? 'not begun';
      const times = counted.filter((line) => line === name).length;
      tally.tasks++;
      tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
      if (!isRight(status, times))
        tally.wrong.push(
          `run ${newest}: host${i}: ${name} is ${status} in the journal and was done ${times} times`,
        );
    }
  }
}

function readCounter(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // Nothing was ever counted.
    return [];
  }
}

function isRight(status: TaskStatus | 'not begun' | 'not finished', times: number): boolean {
  switch (status) {
    case 'changed':
      return times === 1;
    case 'unknown':
    case 'not finished':
      return times <= 1;
    case 'unreachable':
    case 'skipped':
    case 'not begun':
      return times === 0;
    // No task of this playbook can end so.
    case 'ok':
    case 'failed':
      return false;
  }
}

function formatCounts({ statuses }: Tally): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

await main();
