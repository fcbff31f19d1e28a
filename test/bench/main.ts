/**
 * Owns the command line of the benchmark: which points are measured, how often, and how it is told. `npm run bench`
 * builds zrun first. Ends with status 1 where a limit does not hold.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { sshdMissing } from '../integration/sshd.js';
import { holds, type Found, type Limit, type Point, type Setting } from './point.js';
import { against } from './points/against.js';
import { audit } from './points/audit.js';
import { commands } from './points/commands.js';
import { idempotent } from './points/idempotent.js';
import { jump } from './points/jump.js';
import { latency } from './points/latency.js';
import { reporters } from './points/reporters.js';
import { scale } from './points/scale.js';
import { start } from './points/start.js';
import { prepare } from './subjects.js';

const points: readonly Point[] = [commands, idempotent, latency, scale, jump, start, audit, reporters];

const HELP = `Usage: npm run bench -- [options]

Measures zrun over a real sshd on loopback, where each loopback address is a host,
beside the floor: ssh2 alone with one shell a host, in the same run, in turns.
Ratios of medians count; a busy machine changes both sides alike.

${points.map(({ number, title }) => `  ${number}  ${title}`).join('\n')}

Options:
  --only <numbers>   these points, as 1,3
  --rounds <number>  runs of each subject (default: 5)
  --against <folder> this build beside that of another working copy, and no other point
  --quick            without the other runners
  --json <file>      write what was found there too
  -h, --help         show this
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      against: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const numbers = values.only?.split(',').map(Number) ?? points.map(({ number }) => number);
  const chosen =
    values.against === undefined
      ? points.filter(({ number }) => numbers.includes(number))
      : [against(values.against)];
  const rounds = Number(values.rounds);
  if (
    (values.against === undefined && chosen.length < numbers.length) ||
    !Number.isInteger(rounds) ||
    rounds < 1
  ) {
    process.stderr.write(`no such point, or no such number of rounds\n\n${HELP}`);
    return 4;
  }
  const missing = sshdMissing();
  if (missing !== undefined && chosen.some((point) => point !== start)) {
    process.stderr.write(`${missing}\n`);
    return 1;
  }
  const bench = await prepare();
  const setting: Setting = {
    bench,
    rounds,
    quick: values.quick,
    say: (line) => void process.stderr.write(`  … ${line}\n`),
  };
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'processor'}, Node ${process.version}`;
  process.stdout.write(`${machine}; load ${os.loadavg()[0]?.toFixed(1) ?? '?'}\n`);
  const record: {
    readonly number: number;
    readonly title: string;
    readonly found: Found;
    readonly holds: boolean;
  }[] = [];
  try {
    for (const point of chosen) {
      process.stdout.write(`\n${point.number}. ${point.title}\n${wrap(point.how)}\n`);
      const found = await point.measure(setting);
      process.stdout.write(format(found));
      record.push({ number: point.number, title: point.title, found, holds: found.limits.every(holds) });
    }
  } finally {
    await bench.remove();
  }
  const failed = record.filter((each) => !each.holds).map(({ number }) => number);
  process.stdout.write(
    failed.length === 0 ? '\nall limits hold\n' : `\nlimits that do not hold: points ${failed.join(', ')}\n`,
  );
  if (values.json !== undefined)
    await writeFile(
      values.json,
      `${JSON.stringify({ at: new Date().toISOString(), machine, load: os.loadavg(), rounds, points: record }, undefined, 2)}\n`,
    );
  return failed.length === 0 ? 0 : 1;
}

function format({ columns, rows, limits, notes }: Found): string {
  const table = [columns, ...rows.map(({ name, values }) => [name, ...values])];
  const widths = columns.map((_, i) => Math.max(...table.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ')}`.trimEnd();
  return [...table.map(line), ...notes.map((note) => `  ${note}`), ...limits.map(formatLimit), ''].join('\n');
}

function formatLimit(limit: Limit): string {
  const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  const unit = limit.unit === '' ? '' : ` ${limit.unit}`;
  return `  ${holds(limit) ? 'holds' : 'FAILS'}: ${limit.what}: ${number(limit.value)}${unit} (${limit.kind} ${number(limit.limit)}${unit})`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 98) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}

process.exitCode = await main();
