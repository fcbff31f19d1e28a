/**
 * Owns `npm run test:faults`: every fault at every task of the migration, on real hosts, as a table of step, fault and
 * outcome. What was tried is kept beside this file, in tables/, with the code that it was tried with: a run of hours can be
 * interrupted and resumed, on another machine too, and a reader finds what was proved. Ends with a failure where any
 * cell is not whole.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  cuts,
  defects,
  FaultyHost,
  nameOf,
  stories,
  type Fault,
  type Moment,
  type Verdict,
} from './faults.js';
import { ensureHosts } from './index.js';
import { projectRoot } from './zrun.js';

const tables = path.join(import.meta.dirname, 'tables');

interface Row {
  readonly fault: string;
  readonly verdict: Verdict;
  /** What it was tried with: `codeHash`. */
  readonly code: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      hosts: { type: 'string', default: '1' },
      on: { type: 'string' },
      only: { type: 'string' },
      story: { type: 'string', default: 'forward' },
      limit: { type: 'string' },
      'any-code': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(`npm run test:faults [-- --hosts N] [--on NAME] [--only REGEX] [--story STORY] [--limit N]
  --hosts N     how many hosts work side by side (1)
  --on NAME     only this host of the lab
  --only REGEX  only faults whose name matches, as in 'power cut.*Start Docker'
  --story STORY forward: the move is struck, and run again (the default); back: the move is struck, and rolled back;
                rollback: the way back after a finished move is struck, and run again
  --limit N     no more than N faults in this run
  --any-code    counts what went well with other playbooks or modules, too
What was tried already with the same code is not tried again.`);
    return;
  }
  const code = await codeHash();
  const story = stories.find((each) => each === values.story);
  if (story === undefined) throw new Error(`--story is ${values.story}: say one of ${stories.join(', ')}`);
  const file = path.join(tables, story === 'forward' ? 'faults.json' : `faults-${story}.json`);
  const rows = await readRows(file);
  const ensured = async () =>
    (await ensureHosts({ bookworm: Number(values.hosts) }))
      .slice(0, Number(values.hosts))
      .map(({ name }) => name);
  const hosts: FaultyHost[] = [];
  for (const name of values.on === undefined ? await ensured() : [values.on]) {
    hosts.push(await FaultyHost.prepare(name, story));
  }
  if (hosts.length === 0) throw new Error('the lab has no host');
  const wanted = new RegExp(values.only ?? '');
  const isOpen = (fault: Fault): boolean => {
    const row = rows.get(nameOf(fault));
    // What failed with other code may do better with this one.
    const isTried =
      row !== undefined && (row.code === code || (values['any-code'] && row.verdict.wrong.length === 0));
    return wanted.test(nameOf(fault)) && !isTried;
  };
  // Hosts work side by side, and write one file.
  let written: Promise<void> = Promise.resolve();
  const keep = (row: Row): Promise<void> => {
    rows.set(row.fault, row);
    written = written.then(() => writeRows(file, [...rows.values()]));
    return written;
  };
  let left = values.limit === undefined ? Infinity : Number(values.limit);
  // Each host records its share of the moments and tries the faults at them.
  const work = async (host: FaultyHost, share: number): Promise<void> => {
    const isMine = (index: number): boolean => index % hosts.length === share;
    const moments = await host.record(
      (moment, index) => isMine(index) && cuts.some((cut) => isOpen({ ...moment, cut })),
    );
    const mine = faultsOf(moments.filter((_, index) => isMine(index)));
    const open = [
      ...(story === 'rollback' ? [] : defects)
        .filter((_, i) => isMine(i))
        .map((defect): Fault => ({ defect })),
      ...mine,
    ].filter(isOpen);
    console.log(`${host.name}: ${open.length} to try`);
    for (const fault of open) {
      if (left-- <= 0) return;
      const verdict = await host.try(fault);
      const row: Row = { fault: nameOf(fault), verdict, code };
      console.log(line(row));
      for (const each of verdict.wrong) console.log(`    ${each}`);
      await keep(row);
    }
  };
  console.log(`${rows.size} tried before`);
  await Promise.all(hosts.map(work));
  const all = [...rows.values()];
  console.log(`\n| fault | task | when | the run | the next run | outcome |\n|---|---|---|---|---|---|`);
  for (const row of all) console.log(`${line(row)}${row.code === code ? '' : ' (with earlier code)'}`);
  const bad = all.filter(({ verdict }) => verdict.wrong.length > 0).length;
  console.log(`\n${all.length - bad} passed, ${bad} failed`);
  process.exitCode = bad > 0 ? 1 : 0;
}

function line({ fault, verdict: { first, second, wrong } }: Row): string {
  return `| ${fault} | ${first} | ${second} | ${wrong.length === 0 ? 'whole' : `NOT WHOLE: ${wrong.length}`} |`;
}

/** The worst first: a table that is broken off still says something. */
function faultsOf(moments: readonly Moment[]): Fault[] {
  const inside = moments.filter(({ when }) => when === 'inside');
  const after = moments.filter(({ when }) => when === 'after it');
  return [inside, after].flatMap((group) =>
    cuts.flatMap((cut) => group.map((moment): Fault => ({ ...moment, cut }))),
  );
}

/** By the fault's name. */
async function readRows(file: string): Promise<Map<string, Row>> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  return new Map((JSON.parse(text) as Row[]).map((row) => [row.fault, row]));
}

async function writeRows(file: string, rows: readonly Row[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  // A row a line, so that a commit shows which were tried.
  await writeFile(`${file}.new`, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
  await rename(`${file}.new`, file);
}

/** Names what decides the outcome: playbooks, templates, modules. What carries them does not touch a host by itself. */
async function codeHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['playbooks', 'src/modules', 'templates']) {
    const entries = await readdir(path.join(projectRoot, folder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
    for (const file of files.sort())
      hash.update(path.relative(projectRoot, file)).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}

await main();
