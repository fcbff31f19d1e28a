/**
 * What reporters write for streams of events, compared with files that a person has read and found good.
 * After a change that is meant: `UPDATE_GOLDEN=1 npx mocha --no-config --import=tsx test/report/golden.test.ts`,
 * and read what git shows.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { RunEvent } from '../../src/core/events.js';
import { createNdjsonReporter } from '../../src/report/stream/ndjson.js';
import { createNarrator } from '../../src/report/narrate.js';
import { createRecap } from '../../src/report/recap/recap.js';
import { colourful, colourless } from '../../src/report/style.js';
import { checked, fleet, hostile, mixed } from './events.js';

/** The fleet's run, asked for with a value that is not written down. */
const request = { cwd: '/srv', options: {}, extraVarsFiles: [], extraVarsNames: ['zvol_size'], texts: {} };
const resumable = fleet.map((event) => (event?.type === 'run-started' ? { ...event, request } : event));

interface Case {
  readonly file: string;
  readonly events: readonly (RunEvent | null)[];
  readonly verbosity?: number;
  readonly diff?: boolean;
  readonly colours?: boolean;
  readonly retryFile?: string;
}

const cases: readonly Case[] = [
  { file: 'mixed.txt', events: mixed },
  { file: 'mixed-diff.txt', events: mixed, diff: true },
  { file: 'mixed-v.txt', events: mixed, verbosity: 1 },
  { file: 'mixed-vvvv.txt', events: mixed, verbosity: 4 },
  { file: 'mixed-colours.txt', events: mixed, diff: true, colours: true },
  { file: 'check.txt', events: checked, diff: true },
  { file: 'fleet.txt', events: fleet },
  {
    file: 'fleet-resumable.txt',
    events: resumable,
    retryFile: "/home/o'hara/.local/state/zrun/runs/x/retry",
  },
  { file: 'hostile.txt', events: hostile, verbosity: 2, diff: true },
];

describe('what is written for a stream of events', () => {
  for (const each of cases) {
    it(each.file, () => {
      const { events, verbosity = 0, diff = false, colours = false, retryFile } = each;
      const paint = colours ? colourful : colourless;
      const narrator = createNarrator({ paint, verbosity, diff });
      const recap = createRecap({
        paint,
        verbosity,
        logFile: '~/.local/state/zrun/runs/x/run.log',
        retryFile,
      });
      let text = '';
      for (const event of events) {
        if (event === null) text += narrator.drain();
        else {
          narrator.tell(event);
          recap.tell(event);
        }
      }
      expectGolden(each.file, text + narrator.drain() + recap.format());
    });
  }

  it('mixed.jsonl', () => {
    let text = '';
    const reporter = createNdjsonReporter({ write: (piece) => (text += piece) });
    for (const event of mixed) if (event) reporter.tell(event);
    expectGolden('mixed.jsonl', text);
  });

  it('lets nothing through that a terminal would act on', () => {
    const text = readGolden('hostile.txt');
    expect(text).not.to.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

function goldenPath(file: string): string {
  return path.join(import.meta.dirname, 'golden', file);
}

function readGolden(file: string): string {
  return readFileSync(goldenPath(file), 'utf8');
}

function expectGolden(file: string, text: string): void {
  if (process.env['UPDATE_GOLDEN']) writeFileSync(goldenPath(file), text);
  expect(text).to.equal(readGolden(file));
}
