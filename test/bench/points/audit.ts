/** Owns point 7: the audit of a fleet, in round trips. */
import path from 'node:path';
import { startFleet } from '../fleet.js';
import { seconds, type Found, type Point, type Setting } from '../point.js';
import { runZrun } from '../subjects.js';
import { mostTrips } from './idempotent.js';

const [hosts, forks] = [50, 50];

/** Sends every host down the audit's longest way, whatever it is: it then looks closer, which may fail, but is counted. */
const longestWay = JSON.stringify({
  is_there: false,
  blockers: [],
  parent: 'pool',
  volume: 'pool/v',
  backup: 'pool/b',
});

export const audit: Point = {
  number: 7,
  title: `playbooks/audit.yaml on ${hosts} hosts`,
  how: "Handshakes and round trips are counted by zrun's transport; sudo's is among them. The second row makes every host look as if it could be moved, so that the closer look is taken too.",
  measure,
};

async function measure({ bench, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  const playbook = path.resolve(import.meta.dirname, '../../../playbooks/audit.yaml');
  try {
    const ways = { 'as they are': [], 'as if they could be moved': ['-e', longestWay] };
    const found = [];
    for (const [name, args] of Object.entries(ways)) {
      say(name);
      const measured = await runZrun(bench, fleet, playbook, { hosts, forks, args, accept: [2] });
      // Sudo's trip and that of the facts: with less, nothing has been audited.
      if (Math.min(...measured.hosts.map(({ exchanges }) => exchanges)) < 2)
        throw new Error(`the audit did not begin; is sudo installed here?\n${measured.stdout.slice(-2000)}`);
      found.push({ name, measured, shakes: Math.max(...measured.hosts.map((host) => host.handshakes)) });
    }
    return {
      columns: ['hosts', 'wall', 'handshakes', 'round trips, at most'],
      rows: found.map(({ name, measured, shakes }) => ({
        name,
        values: [seconds(measured.wallMs), String(shakes), String(mostTrips(measured))],
      })),
      notes: [],
      limits: found.flatMap(({ name, measured, shakes }) => [
        { what: `handshakes, ${name}`, value: shakes, kind: 'at most' as const, limit: 1, unit: '' },
        {
          what: `round trips, ${name}`,
          value: mostTrips(measured),
          kind: 'at most' as const,
          limit: 3,
          unit: '',
        },
      ]),
    };
  } finally {
    await fleet.stop();
  }
}
