/** Owns point 1: fifty hosts, ten commands, beside the floor and the other runners. */
import { startFleet } from '../fleet.js';
import { peers } from '../peers.js';
import { commandBook } from '../playbooks.js';
import { ratio, seconds, type Found, type Point, type Row, type Setting } from '../point.js';
import type { Measured } from '../program.js';
import { median, takeTurns } from '../statistics.js';
import { runFloor, runZrun } from '../subjects.js';

const [hosts, forks, tasks] = [50, 50, 10];

export const commands: Point = {
  number: 1,
  title: `${hosts} hosts × ${tasks} command tasks, ${forks} forks`,
  how: 'Each task runs /bin/true. Whole programs are timed, from start to exit: zrun with its journal, logs and report; the floor is ssh2 alone, one shell a host, no host key checked.',
  measure,
};

async function measure({ bench, rounds, quick, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  try {
    const playbook = await commandBook(bench.folder, tasks);
    const scripts = Array.from({ length: tasks }, () => '/bin/true');
    const results = await takeTurns<string, Measured>(
      rounds,
      {
        'floor: ssh2, one sh a host': () => runFloor(bench, fleet, { hosts, forks, scripts }),
        'ssh2, one exec a task': () => runFloor(bench, fleet, { hosts, forks, scripts, way: 'exec' }),
        zrun: () => runZrun(bench, fleet, playbook, { hosts, forks }),
      },
      (name, round) => say(`${name}, ${round} of ${rounds}`),
    );
    const wall = Object.fromEntries(
      Object.entries(results).map(([name, all]) => [name, median(all.map(({ wallMs }) => wallMs))]),
    );
    const cpu = Object.fromEntries(
      Object.entries(results).map(([name, all]) => [name, median(all.map(({ cpuMs }) => cpuMs ?? 0))]),
    );
    const floor = wall['floor: ssh2, one sh a host'] ?? Number.NaN;
    const zrun = wall['zrun'] ?? Number.NaN;
    const rows: Row[] = Object.entries(wall).map(([name, ms]) => ({
      name,
      values: [seconds(ms), ratio(ms / floor), ratio(ms / zrun), seconds(cpu[name] ?? 0)],
    }));
    const notes: string[] = [];
    let pipelined: number | undefined;
    for (const peer of quick ? [] : peers) {
      const missing = await peer.missing();
      if (missing !== undefined) {
        notes.push(`${peer.name}: ${missing}`);
        continue;
      }
      const times: number[] = [];
      for (let round = 1; round <= Math.min(rounds, peer.rounds); round++) {
        say(`${peer.name}, ${round} of ${Math.min(rounds, peer.rounds)}`);
        times.push(await peer.run({ bench, fleet, hosts, forks, tasks }));
      }
      const ms = median(times);
      if (peer.isPipelinedAnsible) pipelined = ms;
      rows.push({ name: peer.name, values: [seconds(ms), ratio(ms / floor), ratio(ms / zrun), '-'] });
    }
    return {
      columns: ['', 'wall', 'of the floor', 'of zrun', 'own processor time'],
      rows,
      notes,
      limits: [
        { what: 'zrun beside the floor', value: zrun / floor, kind: 'at most', limit: 1.3, unit: '×' },
        ...(pipelined === undefined
          ? []
          : [
              {
                what: 'ansible-core with pipelining beside zrun',
                value: pipelined / zrun,
                kind: 'at least' as const,
                limit: 40,
                unit: '×',
              },
            ]),
      ],
    };
  } finally {
    await fleet.stop();
  }
}
