/**
 * Owns the simulation of hosts that cost nothing: `simulate.ts HOSTS TASKS FORKS` runs a playbook over them, with the
 * real engine, the real shell protocol and the reporters that every run has, and prints how many hosts finished. What it
 * costs is zrun's own work, and what grows faster than the number of hosts shows here first.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { createController } from '../../src/cli/controller.js';
import { loadInventory, loadPlaybook, selectHosts } from '../../src/config/index.js';
import type { Connect } from '../../src/core/host.js';
import { run } from '../../src/engine/index.js';
import { modules } from '../../src/modules/index.js';
import { createHostLogs } from '../../src/report/host-log.js';
import { createJournal } from '../../src/report/journal.js';
import { createLog } from '../../src/report/log.js';
import { createPlainReporter } from '../../src/report/plain.js';
import { createResultFile } from '../../src/report/result.js';
import { createRetryFile } from '../../src/report/retry.js';
import { colourless } from '../../src/report/style.js';
import type { Channel, Ended, Link } from '../../src/transport/channel.js';
import { createConnection } from '../../src/transport/connection.js';
import { usualSettings } from '../engine/settings.js';
import { commandBook } from './playbooks.js';

/** A shell that says of each script that it went well. It knows scripts by their marks alone. */
function simulatedLink(name: string): Link {
  return {
    name,
    handshakes: 1,
    lost: () => undefined,
    open(command) {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
      let end = (_: Ended): void => undefined;
      const ended = new Promise<Ended>((resolve) => (end = resolve));
      const [, nonce = ''] = /echo ([0-9a-f]{32})/.exec(command) ?? [];
      setImmediate(() => stdout.write(`${nonce}1\n`));
      stdin.on('data', (chunk: Buffer) => {
        // A frame of a terse script has a mark at its end alone; others end by a function that writes on both outputs.
        const marks = chunk
          .toString('latin1')
          .matchAll(/printf '([0-9a-f]{32})(\+|-%d)\\n'(;|\n| )|zrun_end \$\? ([0-9a-f]{32})/g);
        for (const [, frame = '', kind, next, ending] of marks) {
          setImmediate(() => {
            if (ending !== undefined) {
              stdout.write(`${ending}-0\n`);
              stderr.write(`${ending}-\n`);
            } else if (kind === '+') {
              stdout.write(`${frame}+\n`);
              if (next === ';') stderr.write(`${frame}+\n`);
            } else stdout.write(`${frame}-0\n`);
          });
        }
      });
      stdin.on('end', () => end({ status: 0 }));
      const channel: Channel = { stdin, stdout, stderr, ended, destroy: () => end({}) };
      return Promise.resolve(channel);
    },
    close: () => Promise.resolve(),
  };
}

const connect: Connect = (host, { signal }) =>
  Promise.resolve(createConnection(simulatedLink(host.name), signal));

async function simulate(hosts: number, tasks: number, forks: number): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-simulate-'));
  try {
    const playbookFile = await commandBook(folder, tasks);
    const names = Array.from({ length: hosts }, (_, i) => `    host${i + 1}:\n`);
    await writeFile(path.join(folder, 'hosts.yaml'), `all:\n  hosts:\n${names.join('')}`);
    const inventory = await loadInventory(['hosts.yaml'], { cwd: folder });
    const playbook = await loadPlaybook(playbookFile, { modules, cwd: folder, inventory });
    const groups = Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts]));
    const fail = (error: unknown): never => {
      throw error;
    };
    const reporters = [
      createPlainReporter({ out: { write: () => true }, paint: colourless, verbosity: 0, diff: false }),
      createJournal(path.join(folder, 'journal.jsonl'), fail),
      createRetryFile(path.join(folder, 'retry'), fail),
      createHostLogs({ folder: path.join(folder, 'hosts'), onTrouble: fail }),
      createLog(path.join(folder, 'run.log'), fail),
      createResultFile(path.join(folder, 'result.json'), fail),
    ];
    const outcome = await run({
      playbooks: [
        {
          playbook,
          hostsOf: (play) => selectHosts(inventory, play.hosts, undefined, { at: play.at }),
          inventoryOf: () => inventory.hosts,
          strangerOf: (_play, name) => inventory.stranger(name),
          answersOf: () => ({}),
        },
      ],
      groups: () => groups,
      settings: { ...usualSettings, runId: 'simulated', forks },
      connect,
      controller: createController({
        cwd: folder,
        homeFolder: folder,
        inTurn: (_, asking) => asking(),
      }),
      emit: (event) => reporters.forEach((reporter) => reporter.tell(event)),
      signal: new AbortController().signal,
      now: () => Date.now(),
    });
    await Promise.all(reporters.map((reporter) => reporter.close()));
    return outcome.hosts.filter((host) => host.outcome === 'done' && host.counts.ok === tasks).length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [hosts = 5000, tasks = 20, forks = 50] = process.argv.slice(2).map(Number);
process.stdout.write(String(await simulate(hosts, tasks, forks)));
