/**
 * What `--output oneline`, `ndjson`, `json`, `junit` and `tap` write, each read by a parser that is not ours where there is
 * one, or compared with files that a person has read and found good (`UPDATE_GOLDEN=1` writes those anew).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import type { RunEvent } from '../../../src/core/events.js';
import { writeJsonReport } from '../../../src/report/document/json-report.js';
import { makeJsonSchema } from '../../../src/report/document/json-schema.js';
import { writeJunitReport } from '../../../src/report/document/junit-report.js';
import type { Reporter, Sink } from '../../../src/report/reporter.js';
import { makeEventsSchema } from '../../../src/report/stream/events-schema.js';
import { createNdjsonReporter } from '../../../src/report/stream/ndjson.js';
import { createOnelineReporter } from '../../../src/report/stream/oneline.js';
import { createTapReporter } from '../../../src/report/stream/tap.js';
import { createWholeReporter } from '../../../src/report/stream/whole.js';
import { colourless } from '../../../src/report/style.js';
import { skipFor } from '../../integration/skip.js';
import { parseJunit } from '../document/parse-junit.js';
import { checked, finish, fleet, hostile, mixed, result, started, task } from '../events.js';

type Events = readonly (RunEvent | null)[];

const golden = path.join(import.meta.dirname, '../golden/stream');
const runs = { mixed, checked, fleet, hostile };
const oneline = (out: Sink): Reporter => createOnelineReporter({ out, paint: colourless, verbosity: 0 });

/** What is written after each event. */
function follow(create: (out: Sink) => Reporter, events: Events): string[] {
  const pieces: string[] = [];
  let text = '';
  const reporter = create({ write: (more) => void (text += more) });
  for (const event of events) {
    if (!event) continue;
    text = '';
    reporter.tell(event);
    pieces.push(text);
  }
  text = '';
  void reporter.close();
  return [...pieces, text];
}

function write(create: (out: Sink) => Reporter, events: Events): string {
  return follow(create, events).join('');
}

function expectGolden(name: string, text: string): void {
  const file = path.join(golden, name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(golden, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).to.equal(readFileSync(file, 'utf8'));
}

describe('output oneline', () => {
  for (const [name, events] of Object.entries(runs))
    it(name, () => expectGolden(`${name}.oneline.txt`, write(oneline, events)));

  it('is a line for each result, at once, and a host in its first column', () => {
    const told = fleet.filter((event) => event !== null);
    const pieces = follow(oneline, told);
    const results = pieces.filter((_, i) => told[i]?.type === 'task-finished');
    expect(results).to.have.length(28);
    for (const piece of results) expect(piece).to.match(/^web\d+\.example\.org \| \w+ \| .*\n$/);
  });
});

describe('output ndjson', () => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(makeEventsSchema());

  for (const [name, events] of Object.entries(runs))
    it(`is as its schema says, line by line: ${name}`, () => {
      const lines = write(createNdjsonReporter, events).trimEnd().split('\n');
      expect(lines).to.have.length(events.filter((event) => event).length);
      for (const line of lines) {
        validate(JSON.parse(line));
        expect(validate.errors, line).to.equal(null);
      }
      expect(JSON.parse(lines[0] ?? '')).to.include({ schema: 'zrun-events/1' });
    });

  it('has a schema that takes a run that is stopped', () => {
    expect(validate({ type: 'run-stopping', signal: 'SIGHUP', time: 5 })).to.equal(true);
  });

  it('has a schema that refuses what zrun does not write', () => {
    for (const wrong of [{ type: 'task-done' }, { type: 'warning' }, { type: 'warning', message: 'x', y: 1 }])
      expect(validate(wrong), JSON.stringify(wrong)).to.equal(false);
  });
});

describe('output json', () => {
  const json = (out: Sink): Reporter => createWholeReporter(out, writeJsonReport);

  it('is one document, as its schema says, also of a run that broke off', () => {
    const validate = new Ajv({ allErrors: true }).compile(makeJsonSchema());
    for (const events of [...Object.values(runs), mixed.slice(0, 9)]) {
      validate(JSON.parse(write(json, events)));
      expect(validate.errors).to.equal(null);
    }
  });

  it('is nothing where there was no run', () => expect(write(json, [])).to.equal(''));
});

describe('output junit', () => {
  const junit = (out: Sink): Reporter => createWholeReporter(out, writeJunitReport);

  it('is read by a parser of XML', function () {
    skipFor(this, parseJunit('<a/>') ? undefined : 'skipped: no python3, whose parser reads the XML');
    const suites = parseJunit(write(junit, mixed)) ?? [];
    expect(suites.map(({ name, tests, failures }) => [name, tests, failures])).to.deep.equal([
      ['web1', '7', '0'],
      ['web2', '4', '1'],
    ]);
    expect(parseJunit(write(junit, hostile))).to.have.length(1);
  });
});

interface TapSeen {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
  readonly errors: readonly string[];
}

/** By Perl's parser; undefined where there is none on this machine. */
function parseTap(tap: string): TapSeen | undefined {
  const script = `
use TAP::Parser; use JSON::PP;
my $parser = TAP::Parser->new({tap => do { local $/; <STDIN> }});
while ($parser->next) {}
print encode_json({passed => 0 + $parser->actual_passed, failed => 0 + $parser->actual_failed,
  skipped => 0 + $parser->skipped, todo => 0 + $parser->todo, errors => [$parser->parse_errors]});
`;
  try {
    return JSON.parse(execFileSync('perl', ['-e', script], { input: tap, encoding: 'utf8' })) as TapSeen;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

describe('output tap', () => {
  for (const [name, events] of Object.entries(runs))
    it(name, () => expectGolden(`${name}.tap`, write(createTapReporter, events)));

  it('is read by a parser of TAP', function () {
    skipFor(this, parseTap('1..0\n') ? undefined : 'skipped: no perl, whose parser reads TAP');
    const seen = (events: Events): TapSeen | undefined => parseTap(write(createTapReporter, events));
    expect(seen(mixed)).to.deep.equal({ passed: 10, failed: 1, skipped: 1, todo: 0, errors: [] });
    // Two that a rescue has dealt with, and three hosts that were not tried.
    expect(seen(fleet)).to.deep.equal({ passed: 22, failed: 9, skipped: 3, todo: 2, errors: [] });
    expect(seen(checked)?.skipped).to.equal(1);
    expect(seen(hostile)?.errors).to.deep.equal([]);
    expect(seen(started([]))?.errors).to.have.length(1);
  });

  it('says of a failure at once what it is, but where a rescue may follow', () => {
    const stop = task('Stop', 1);
    const failed = finish('a', stop, result('failed', 'stop'));
    const rescue: RunEvent = { type: 'rescue-started', host: 'a', block: 'B', failed: stop, reason: 'x' };
    const text = write(createTapReporter, [...started(['a']), failed, rescue]);
    expect(text).to.contain('not ok 1 - a: Stop # TODO rescued\n');
  });

  it('says how often was tried', () => {
    const events = [...started(['a']), finish('a', task('Wait', 1), result('ok', 'up', { attempts: 3 }))];
    expect(write(createTapReporter, events)).to.contain('\nok 1 - a: Wait\n  ---\n  attempts: 3\n  ...\n');
  });

  it('bails out of a run that broke off', () => {
    expect(write(createTapReporter, mixed.slice(0, 5))).to.match(/^TAP version 13\nok 1 [^]*\nBail out! /);
  });
});
