/**
 * Owns how zrun and the floor are run over the fleet: as programs of their own, as a user starts them, from a build of
 * this working copy.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import type { FloorJob, FloorSaid } from './floor.js';
import type { Fleet, InventoryOptions } from './fleet.js';
import { runProgram, type Measured } from './program.js';

const root = path.resolve(import.meta.dirname, '../..');

/** A folder for one run of the benchmark, and what is run from it. */
export interface Bench {
  readonly folder: string;
  /** dist/main.js */
  readonly zrun: string;
  readonly floor: string;
  remove(): Promise<void>;
}

/** The floor is compiled beforehand, as zrun is: neither pays for TypeScript. */
export async function prepare(): Promise<Bench> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-bench-'));
  // Below node_modules, so that ssh2 is found.
  const cache = path.join(root, 'node_modules/.cache/zrun-bench');
  await mkdir(cache, { recursive: true });
  const floor = path.join(cache, `floor-${process.pid}.mjs`);
  const source = await readFile(path.join(import.meta.dirname, 'floor.ts'), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  await writeFile(floor, outputText);
  return {
    folder,
    zrun: path.join(root, 'dist/main.js'),
    floor,
    async remove() {
      await rm(folder, { recursive: true, force: true });
      await rm(floor, { force: true });
    },
  };
}

interface ZrunOptions {
  readonly hosts: number;
  readonly forks: number;
  readonly inventory?: InventoryOptions;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly accept?: readonly number[];
}

export interface ZrunMeasured extends Measured {
  /** Of each host. */
  readonly hosts: readonly HostCounts[];
}

interface HostCounts {
  readonly host: string;
  readonly outcome: string;
  readonly counts: { readonly ok: number; readonly changed: number };
  readonly handshakes: number;
  readonly exchanges: number;
}

/** Runs a playbook as a user does: output for people, journal and log in a state folder. */
export async function runZrun(
  bench: Bench,
  fleet: Fleet,
  playbook: string,
  options: ZrunOptions,
): Promise<ZrunMeasured> {
  const state = await mkdtemp(path.join(bench.folder, 'state-'));
  const inventory = await fleet.inventory(options.hosts, options.inventory);
  const argv = [process.execPath, bench.zrun, playbook, '-i', inventory, '-f', String(options.forks)];
  const measured = await runProgram([...argv, '--output', 'plain', ...(options.args ?? [])], {
    env: { XDG_STATE_HOME: state, NO_COLOR: '1', ...options.env },
    ...(options.accept && { accept: options.accept }),
  });
  const result = await readResult(state);
  await rm(state, { recursive: true });
  return { ...measured, hosts: result };
}

/** The counters, from the journal that the run itself has written. */
async function readResult(state: string): Promise<readonly HostCounts[]> {
  const names = await readdir(state, { recursive: true });
  const journal = names.find((name) => name.endsWith('journal.jsonl'));
  if (journal === undefined) throw new Error(`zrun left no journal in ${state}: ${names.join(' ')}`);
  const lines = (await readFile(path.join(state, journal), 'utf8')).trim().split('\n');
  const last = JSON.parse(lines.at(-1) ?? '{}') as { type?: string; hosts?: readonly HostCounts[] };
  if (last.type !== 'run-finished' || !last.hosts) throw new Error('the journal does not end with the run');
  return last.hosts;
}

interface FloorMeasured extends Measured {
  readonly readyMs: readonly number[];
}

export async function runFloor(
  bench: Bench,
  fleet: Fleet,
  job: Pick<FloorJob, 'forks' | 'scripts'> & { hosts: number; way?: FloorJob['way']; port?: number },
): Promise<FloorMeasured> {
  const { hosts, port = fleet.server.port, way = 'shell' } = job;
  const whole: FloorJob = {
    forks: job.forks,
    scripts: job.scripts,
    way,
    user: fleet.server.user,
    privateKeyFile: fleet.server.privateKeyFile,
    hosts: fleet.hosts(hosts).map(({ address }) => ({ address, port })),
  };
  const file = path.join(bench.folder, 'floor.json');
  await writeFile(file, JSON.stringify(whole));
  const measured = await runProgram([process.execPath, bench.floor, file]);
  const said = JSON.parse(measured.stdout) as FloorSaid;
  return { ...measured, readyMs: said.readyMs };
}
