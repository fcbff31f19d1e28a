/** Owns point 3: one host behind a slow wire. */
import { startFleet } from '../fleet.js';
import { idempotentWork } from '../playbooks.js';
import { seconds, type Found, type Limit, type Point, type Row, type Setting } from '../point.js';
import { startSlowWire } from '../proxy.js';
import { median, takeTurns } from '../statistics.js';
import { runFloor, runZrun } from '../subjects.js';

const delays = [1, 20, 100];
const judged = 100;

export const latency: Point = {
  number: 3,
  title: 'One host × 20 idempotent tasks over a slow wire',
  how: 'A TCP proxy makes every round trip longer by the delay: half of it each way. The handshake is what ssh2 alone takes over the same wire until a shell has answered. Whole programs are timed, so that the start of Node is part of the 15 %.',
  measure,
};

async function measure({ bench, rounds, say }: Setting): Promise<Found> {
  const fleet = await startFleet();
  const rows: Row[] = [];
  const limits: Limit[] = [];
  try {
    const { playbook, scripts } = await idempotentWork(bench.folder);
    await runZrun(bench, fleet, playbook, { hosts: 1, forks: 1 });
    for (const delay of delays) {
      const wire = await startSlowWire(fleet.server.port, delay);
      try {
        const { port } = wire;
        const handshakes: number[] = [];
        const results = await takeTurns(
          rounds,
          {
            floor: async () => {
              const measured = await runFloor(bench, fleet, { hosts: 1, forks: 1, scripts, port });
              handshakes.push(measured.readyMs[0] ?? 0);
              return measured.wallMs;
            },
            zrun: async () =>
              (await runZrun(bench, fleet, playbook, { hosts: 1, forks: 1, inventory: { port } })).wallMs,
          },
          (name, round) => say(`${delay} ms: ${name}, ${round} of ${rounds}`),
        );
        const handshake = median(handshakes);
        const allowed = 1.15 * (20 * delay + handshake);
        const zrun = median(results.zrun);
        rows.push({
          name: `${delay} ms`,
          values: [seconds(handshake), seconds(median(results.floor)), seconds(zrun), seconds(allowed)],
        });
        if (delay === judged)
          limits.push({
            what: `zrun at ${delay} ms`,
            value: zrun / 1000,
            kind: 'at most',
            limit: allowed / 1000,
            unit: 's',
          });
      } finally {
        await wire.stop();
      }
    }
    return {
      columns: ['delay', 'handshake', 'floor', 'zrun', '1.15 × (20 delays + handshake)'],
      rows,
      limits,
      notes: [],
    };
  } finally {
    await fleet.stop();
  }
}
