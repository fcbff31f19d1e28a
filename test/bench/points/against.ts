/** Owns the comparison of this build with another one, as before and after a change: points 1, 2 and 6 in turns. */
import path from 'node:path';
import { startFleet } from '../fleet.js';
import { commandBook, idempotentWork } from '../playbooks.js';
import { megabytes, ratio, type Found, type Limit, type Point, type Row, type Setting } from '../point.js';
import { runProgram, type Measured } from '../program.js';
import { median, takeTurns } from '../statistics.js';
import { runZrun } from '../subjects.js';

const [hosts, forks, tasks] = [50, 50, 10];

/** `folder` is a working copy that has been built. */
export function against(folder: string): Point {
  const other = path.resolve(folder, 'dist/main.js');
  return {
    number: 9,
    title: `this build beside ${other}`,
    how: 'Whole programs take turns. Each pair gives a ratio, and the median of the ratios counts.',
    measure: (setting) => measure(setting, other),
  };
}

async function measure({ bench, rounds, say }: Setting, other: string): Promise<Found> {
  const builds = { other, this: bench.zrun };
  const fleet = await startFleet();
  try {
    const commands = await commandBook(bench.folder, tasks);
    const { playbook: idempotent } = await idempotentWork(bench.folder);
    await runZrun(bench, fleet, idempotent, { hosts: 1, forks });
    const overFleet =
      (playbook: string) =>
      (zrun: string): Promise<Measured> =>
        runZrun({ ...bench, zrun }, fleet, playbook, { hosts, forks });
    const inventory = await fleet.inventory(hosts);
    const works: Record<string, { rounds: number; run: (zrun: string) => Promise<Measured> }> = {
      'point 1: commands': { rounds, run: overFleet(commands) },
      'point 2: nothing to change': { rounds, run: overFleet(idempotent) },
      'point 6: --version': {
        rounds: Math.max(25, rounds),
        run: (zrun) => runProgram([process.execPath, zrun, '--version']),
      },
      '--list-hosts': {
        rounds: Math.max(25, rounds),
        run: (zrun) => runProgram([process.execPath, zrun, commands, '-i', inventory, '--list-hosts']),
      },
    };
    const rows: Row[] = [];
    const limits: Limit[] = [];
    for (const [name, work] of Object.entries(works)) {
      say(name);
      const { other: before, this: now } = await takeTurns(
        work.rounds,
        { other: () => work.run(builds.other), this: () => work.run(builds.this) },
        () => undefined,
      );
      const both = (of: (measured: Measured) => number): [number, number, number] => [
        median(before.map(of)),
        median(now.map(of)),
        median(now.map((each, i) => of(each) / of(before[i] ?? each))),
      ];
      const wall = both(({ wallMs }) => wallMs);
      const cpu = both(({ cpuMs }) => cpuMs ?? Number.NaN);
      const peak = both(({ peakBytes }) => peakBytes ?? Number.NaN);
      rows.push({
        name,
        values: [
          ...[wall, cpu].flatMap(([a, b, of]) => [`${a.toFixed(0)} → ${b.toFixed(0)} ms`, ratio(of)]),
          `${megabytes(peak[0])} → ${megabytes(peak[1])}`,
          ratio(peak[2]),
        ],
      });
      limits.push({ what: name, value: wall[2], kind: 'at most', limit: 1.02, unit: '×' });
    }
    return {
      columns: ['', 'wall', 'ratio', 'own processor time', 'ratio', 'peak memory', 'ratio'],
      rows,
      notes: [],
      limits,
    };
  } finally {
    await fleet.stop();
  }
}
