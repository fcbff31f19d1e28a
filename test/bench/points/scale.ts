/** Owns point 4: what a host costs when there are many, in time and in memory. */
import path from 'node:path';
import { startFleet } from '../fleet.js';
import { commandBook } from '../playbooks.js';
import { megabytes, ratio, seconds, type Found, type Point, type Row, type Setting } from '../point.js';
import { runProgram } from '../program.js';
import { median } from '../statistics.js';
import { runZrun } from '../subjects.js';

const [forks, tasks] = [50, 20];
const sizes = [50, 200, 1000];
const simulatedHosts = 5000;

export const scale: Point = {
  number: 4,
  title: `${sizes.join(', ')} hosts × ${tasks} command tasks, ${forks} forks; ${simulatedHosts} simulated`,
  how: `Peak resident memory is getrusage's, of zrun's process. The simulated hosts answer at once from within the process, through the same engine, shell protocol and reporters: what is left is zrun's own work.`,
  measure,
};

async function measure({ bench, rounds, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  const rows: Row[] = [];
  const costs = new Map<number, number>();
  const peaks = new Map<number, number>();
  try {
    const playbook = await commandBook(bench.folder, tasks);
    // Round by round over all sizes, so that they meet the same machine.
    const measured = new Map<number, { wallMs: number; peakBytes: number }[]>(
      sizes.map((size) => [size, []]),
    );
    for (let round = 1; round <= rounds; round++) {
      for (const size of sizes) {
        say(`${size} hosts, ${round} of ${rounds}`);
        const { wallMs, peakBytes = 0 } = await runZrun(bench, fleet, playbook, { hosts: size, forks });
        measured.get(size)?.push({ wallMs, peakBytes });
      }
    }
    for (const [size, all] of measured) {
      const wallMs = median(all.map((each) => each.wallMs));
      const peak = Math.max(...all.map((each) => each.peakBytes));
      costs.set(size, wallMs / size / tasks);
      peaks.set(size, peak);
      rows.push({
        name: `${size} hosts`,
        values: [seconds(wallMs), `${(wallMs / size / tasks).toFixed(2)} ms`, megabytes(peak)],
      });
    }
  } finally {
    await fleet.stop();
  }
  say(`${simulatedHosts} hosts, simulated`);
  const simulated = await runSimulated(simulatedHosts, tasks, forks);
  rows.push({
    name: `${simulatedHosts} simulated`,
    values: [
      seconds(simulated.wallMs),
      `${(simulated.wallMs / simulatedHosts / tasks).toFixed(2)} ms`,
      megabytes(simulated.peakBytes ?? 0),
    ],
  });
  const growth = (costs.get(1000) ?? Number.NaN) / (costs.get(50) ?? Number.NaN);
  return {
    columns: ['', 'wall', 'a host and task', 'peak memory'],
    rows,
    notes: [`a host and task of 1,000 beside those of 50: ${ratio(growth)}`],
    limits: [
      {
        what: 'peak memory with 1,000 hosts',
        value: (peaks.get(1000) ?? 0) / 1e6,
        kind: 'at most',
        limit: 300,
        unit: 'MB',
      },
      {
        what: 'cost of a host and task, 1,000 beside 50',
        value: growth,
        kind: 'at most',
        limit: 1.3,
        unit: '×',
      },
      {
        what: `${simulatedHosts} simulated hosts that finished`,
        value: Number(simulated.stdout),
        kind: 'at least',
        limit: simulatedHosts,
        unit: '',
      },
    ],
  };
}

/** In a process of its own, for its memory. tsx compiles it, which is part of that. */
function runSimulated(hosts: number, count: number, atATime: number): ReturnType<typeof runProgram> {
  const program = path.join(import.meta.dirname, '../simulate.ts');
  return runProgram([
    process.execPath,
    '--import',
    'tsx',
    program,
    String(hosts),
    String(count),
    String(atATime),
  ]);
}
