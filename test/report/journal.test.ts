import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { writeJsonReport } from '../../src/report/document/json-report.js';
import { writeJunitReport } from '../../src/report/document/junit-report.js';
import { writeMarkdownReport } from '../../src/report/document/markdown-report.js';
import { writePageData } from '../../src/report/document/page-data.js';
import { createReportReader } from '../../src/report/document/read-report.js';
import { createJournal, readJournal } from '../../src/report/journal.js';
import { createLog } from '../../src/report/log.js';
import { createNarrator } from '../../src/report/narrate.js';
import { createRecap } from '../../src/report/recap/recap.js';
import { createResultFile } from '../../src/report/result.js';
import { createRunFolder, createRunId, findRunsFolder } from '../../src/report/run-folder.js';
import { colourless } from '../../src/report/style.js';
import { formatEvent, readEvent } from '../../src/report/written.js';
import { finish, finished, fleet, mixed, result, started, task } from './events.js';

describe('what a run leaves on the controller', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-journal-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const failOnTrouble = (error: unknown): void => expect.fail(String(error));

  describe('the journal', () => {
    it('gives back every event, places as text', async () => {
      const file = path.join(folder, 'journal.jsonl');
      const journal = createJournal(file, failOnTrouble);
      const text = 'tasks:\n  - command: false\n';
      const at = { source: { name: 'play.yaml', text }, start: 11, end: 18 };
      const problem = { code: 'task-failed', message: 'no', at } as const;
      const events = [
        ...started(['web1']),
        finish('web1', task('Try', 2), result('failed', 'no', { problem })),
        ...finished([['web1', 'failed', { failed: 1 }, problem]], 2),
      ];
      for (const event of events) journal.tell(event);
      await journal.close();
      const read = readJournal(readFileSync(file, 'utf8'));
      expect(read.damaged).to.deep.equal([]);
      expect(read.events.map(({ type }) => type)).to.deep.equal(events.map(({ type }) => type));
      const failed = read.events.find((event) => event.type === 'task-finished');
      expect(failed?.result.problem).to.deep.equal({
        code: 'task-failed',
        message: 'no',
        at: 'play.yaml:2:5',
      });
      expect(readFileSync(file, 'utf8')).not.to.contain('command: false');
      expect(statSync(file).mode & 0o777).to.equal(0o600);
    });

    it('is on disk by the next turn, before it is closed', async () => {
      const file = path.join(folder, 'journal.jsonl');
      const journal = createJournal(file, failOnTrouble);
      journal.tell({ type: 'warning', message: 'soon' });
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(readFileSync(file, 'utf8')).to.equal('{"type":"warning","message":"soon"}\n');
      await journal.close();
    });

    it('has long lines whole, whatever characters they are of', async () => {
      for (const character of ['a', 'ä', '大', '🚀', 'a🚀']) {
        const file = path.join(folder, `journal-${character}`);
        const journal = createJournal(file, failOnTrouble);
        const message = character.repeat(70_000);
        journal.tell({ type: 'warning', message });
        await journal.close();
        expect(readFileSync(file, 'utf8')).to.equal(`{"type":"warning","message":"${message}"}\n`);
      }
    });

    it('says what came of a task that returned more than a line may have', async () => {
      const file = path.join(folder, 'journal.jsonl');
      const journal = createJournal(file, failOnTrouble);
      const item = 'x'.repeat(1024 * 1024);
      const results = Array.from({ length: 600 }, () => item);
      journal.tell(finish('web1', task('Loop', 2), result('changed', 'done', { result: { results } })));
      await journal.close();
      const { events } = readJournal(readFileSync(file, 'utf8'));
      const [event] = events;
      expect(event?.type === 'task-finished' && event.result).to.deep.include({
        status: 'changed',
        summary: 'done',
        result: { omitted: 'more than 64 MiB' },
      });
    });

    it('is read however it was cut off', () => {
      const lines = mixed.flatMap((event) => (event ? [JSON.stringify(event)] : [])).slice(0, 4);
      const text = `${lines.join('\n')}\n`;
      for (let length = 0; length <= text.length; length++) {
        const { events, damaged } = readJournal(text.slice(0, length));
        const cut = text.slice(0, length);
        const isCutInLine =
          cut !== '' && !cut.endsWith('\n') && !lines.includes(cut.split('\n').at(-1) ?? '');
        expect(damaged, `cut at ${length}`).to.have.length(isCutInLine ? 1 : 0);
        expect(events.length + damaged.length).to.equal(cut.split('\n').filter((line) => line !== '').length);
      }
    });

    it('reads no line that lacks what readers count on, and breaks none of them', () => {
      const lines = [...mixed, ...fleet].flatMap((event) => (event ? [formatEvent(event)] : []));
      const kinds = new Map(lines.map((line) => [/"type":"([^"]*)"/.exec(line)?.[1], line]));
      const begin = lines[0] ?? '';
      for (const line of kinds.values())
        for (const broken of withoutParts(JSON.parse(line))) {
          const text = `${begin}\n${JSON.stringify(broken)}\n`;
          const reader = createReportReader();
          const recap = createRecap({ paint: colourless, verbosity: 4 });
          const narrator = createNarrator({ paint: colourless, verbosity: 4, diff: true });
          const { events, damaged } = readJournal(text);
          expect(events.length + damaged.length).to.equal(2);
          for (const event of events) {
            reader.tell(event);
            recap.tell(readEvent(event));
            narrator.tell(readEvent(event));
          }
          narrator.drain();
          recap.format();
          const report = reader.read(false);
          if (report)
            for (const write of [writeMarkdownReport, writeJunitReport, writeJsonReport, writePageData])
              expect([...write(report)]).not.to.deep.equal([]);
        }
    });

    it('says which lines are damaged, and reads what follows', () => {
      const warning = '{"type":"warning","message":"x"}';
      const { events, damaged } = readJournal(`${warning}\n{"type":"war${warning}\n${warning}\n42\n`);
      expect(damaged).to.deep.equal([2, 4]);
      expect(events).to.have.length(2);
    });
  });

  it('the log has every line when it is closed', async () => {
    const file = path.join(folder, 'run.log');
    const log = createLog(file, failOnTrouble);
    for (const event of started(['web1'])) log.tell(event);
    for (let i = 0; i < 5000; i++) log.tell(finish('web1', task(`Task ${i}`, i), result('ok', 'fine')));
    for (const event of finished([['web1', 'done', { ok: 5000 }]])) log.tell(event);
    await log.close();
    const text = readFileSync(file, 'utf8');
    expect(text.match(/\| ok {6}\| Task \d+: fine/g)).to.have.length(5000);
    expect(text).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}/m);
    expect(text.trimEnd().endsWith('1 host: 1 done (nothing changed); 12.5 s')).to.equal(true);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it('a log that cannot be written says so once and ends nothing', async () => {
    const troubles: unknown[] = [];
    const log = createLog(path.join(folder, 'missing/run.log'), (error) => troubles.push(error));
    for (const event of mixed) if (event) log.tell(event);
    await log.close();
    expect(troubles).to.have.length(1);
  });

  it('the result is written whole when the run has finished, and not otherwise', async () => {
    const file = path.join(folder, 'result.json');
    const unfinished = createResultFile(file, failOnTrouble);
    for (const event of started(['web1'])) unfinished.tell(event);
    await unfinished.close();
    expect(() => statSync(file)).to.throw();

    const reporter = createResultFile(file, failOnTrouble);
    for (const event of mixed) if (event) reporter.tell(event);
    await reporter.close();
    const written = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(written).to.include({ runId: '20260722T153012Z-4f9a', exitCode: 2, ms: 12_500, check: false });
    expect(written['hosts']).to.have.length(2);
  });

  it('has a folder for the user alone, where XDG says', () => {
    expect(findRunsFolder({}, '/home/me')).to.equal('/home/me/.local/state/zrun/runs');
    expect(findRunsFolder({ XDG_STATE_HOME: '/var/me' }, '/home/me')).to.equal('/var/me/zrun/runs');
    // "If an implementation encounters a relative path […] it should consider the path invalid and ignore it."
    expect(findRunsFolder({ XDG_STATE_HOME: 'me' }, '/home/me')).to.equal('/home/me/.local/state/zrun/runs');
    const made = createRunFolder(
      path.join(folder, 'runs'),
      () => new Date(),
      () => 'a',
    );
    expect(statSync(made.folder.path).mode & 0o777).to.equal(0o700);
    writeFileSync(made.folder.journal, '');
    made.claim.release();
  });

  it('has an id that sorts by time', () => {
    expect(createRunId(new Date('2026-07-22T15:30:12.345Z'), 'a')).to.equal('20260722T153012Z-159a');
  });
});

/** The value with each of its parts left out, and with each as null, at every depth. */
function* withoutParts(value: unknown): Generator {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const having = (other: unknown): unknown =>
      Array.isArray(value)
        ? value.map((each: unknown, i) => (String(i) === key ? other : each))
        : { ...value, [key]: other };
    yield having(undefined);
    yield having(null);
    for (const other of withoutParts(part)) yield having(other);
  }
}
