/** Owns point 2: a second run that finds nothing to change, in round trips and beside the floor. */
import { startFleet } from '../fleet.js';
import { idempotentWork } from '../playbooks.js';
import { ratio, seconds, type Found, type Point, type Setting } from '../point.js';
import type { Measured } from '../program.js';
import { median, takeTurns } from '../statistics.js';
import { runFloor, runZrun, type ZrunMeasured } from '../subjects.js';

const [hosts, forks] = [50, 50];

export const idempotent: Point = {
  number: 2,
  title: `${hosts} hosts × 20 tasks of ten modules, nothing to change`,
  how: "The playbook has run before. The floor sends the same twenty looks as somebody would write them by hand (stat, sha256sum, cat) through one shell a host. Round trips are counted by zrun's transport.",
  measure,
};

async function measure({ bench, rounds, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  try {
    const { playbook, scripts } = await idempotentWork(bench.folder);
    say('the first run, which makes the changes');
    await runZrun(bench, fleet, playbook, { hosts: 1, forks });
    const trips: number[] = [];
    const changed: number[] = [];
    const results = await takeTurns<'floor' | 'zrun', Measured>(
      rounds,
      {
        floor: () => runFloor(bench, fleet, { hosts, forks, scripts }),
        zrun: async () => {
          const measured = await runZrun(bench, fleet, playbook, { hosts, forks });
          trips.push(mostTrips(measured));
          changed.push(changedHosts(measured));
          return measured;
        },
      },
      (name, round) => say(`${name}, ${round} of ${rounds}`),
    );
    const wall = (name: 'floor' | 'zrun'): number => median(results[name].map(({ wallMs }) => wallMs));
    const cpu = (name: 'floor' | 'zrun'): number => median(results[name].map(({ cpuMs }) => cpuMs ?? 0));
    const most = Math.max(...trips);
    return {
      columns: ['', 'wall', 'of the floor', 'round trips a host', 'own processor time'],
      rows: [
        { name: 'floor', values: [seconds(wall('floor')), ratio(1), '20', seconds(cpu('floor'))] },
        {
          name: 'zrun',
          values: [
            seconds(wall('zrun')),
            ratio(wall('zrun') / wall('floor')),
            String(most),
            seconds(cpu('zrun')),
          ],
        },
      ],
      notes: [],
      limits: [
        { what: 'hosts that changed', value: Math.max(...changed), kind: 'at most', limit: 0, unit: '' },
        { what: 'round trips a host', value: most, kind: 'at most', limit: 20, unit: '' },
        {
          what: 'zrun beside the floor',
          value: wall('zrun') / wall('floor'),
          kind: 'at most',
          limit: 1.6,
          unit: '×',
        },
      ],
    };
  } finally {
    await fleet.stop();
  }
}

export function mostTrips({ hosts: all }: ZrunMeasured): number {
  return Math.max(...all.map(({ exchanges }) => exchanges));
}

function changedHosts({ hosts: all }: ZrunMeasured): number {
  return all.filter(({ counts }) => counts.changed > 0).length;
}
