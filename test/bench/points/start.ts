/** Owns point 6: how long zrun takes to say its version, beside Node doing nothing. */
import { ratio, type Found, type Point, type Setting } from '../point.js';
import { runProgram } from '../program.js';
import { median, takeTurns } from '../statistics.js';

export const start: Point = {
  number: 6,
  title: 'zrun --version beside node -e 0',
  how: 'Whole programs are timed, in turns, at least 25 each.',
  measure,
};

async function measure({ bench, rounds, say }: Setting): Promise<Found> {
  const turns = Math.max(25, rounds);
  const node = process.execPath;
  say(`${turns} turns`);
  const results = await takeTurns(
    turns,
    {
      'node -e 0': () => runProgram([node, '-e', '0']),
      'zrun --version': () => runProgram([node, bench.zrun, '--version']),
      'zrun --syntax-check playbooks/overlay2.yaml': () =>
        runProgram([
          node,
          bench.zrun,
          'playbooks/overlay2.yaml',
          '-i',
          'inventory.example.yaml',
          '--syntax-check',
        ]),
    },
    () => undefined,
  );
  const wall = Object.fromEntries(
    Object.entries(results).map(([name, all]) => [name, median(all.map(({ wallMs }) => wallMs))]),
  );
  const base = wall['node -e 0'] ?? Number.NaN;
  return {
    columns: ['', 'wall', "of Node's own"],
    rows: Object.entries(wall).map(([name, ms]) => ({
      name,
      values: [`${ms.toFixed(0)} ms`, ratio(ms / base)],
    })),
    notes: [],
    limits: [
      {
        what: 'zrun --version beside node -e 0',
        value: (wall['zrun --version'] ?? Number.NaN) / base,
        kind: 'at most',
        limit: 1.5,
        unit: '×',
      },
    ],
  };
}
