/**
 * Owns `zrun report`: a run of the past, as a file for people or for programs. Touches no host.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import { isGoing } from '../../report/run-claim.js';
import { runFolderOf, type RunFolder } from '../../report/run-folder.js';
import type { Environment } from '../environment.js';
import { openPage } from './open-page.js';
import { reportKindOf } from './report-kind.js';
import { readReport, tryReportFiles, writeReportFile } from './report-files.js';
import { visible } from '../../report/visible.js';
import { chooseRun, findRuns, lastSignOfLife } from '../runs.js';
import { readVerbWords } from '../verb-options.js';

const HELP = `Usage: zrun report [RUN] [-o FILE]...

Writes what came of a run into a file, to be read, kept or handed on: which
hosts failed and why, what was done on each and how it differs, how long
everything took. Also of a run that was interrupted or is still going. Touches
no host.

RUN is an id, the beginning of one, or 'last'; or the folder of a run, wherever
it was copied to. Without it, the newest is meant. zrun history lists the runs.

Options:
  -o, --output <file>   where to; repeatable. The suffix says what it is:
                          .html  one page for a browser, with everything in it
                          .json  everything, for programs
                          .xml   JUnit, as CI servers read it: a suite for each
                                 host, a test for each task
                          .md    a summary for a pull request or a ticket
                        (default: report.html in the run's folder)
  --open                show the page in a browser (or what BROWSER names)
  --schema              write the JSON Schema of .json instead
  -h, --help            show this

A run writes the same files when it ends: zrun PLAYBOOK --report FILE. A new
file is readable by its user alone; one that is there keeps its mode.

Secrets are masked in all of them, as they are in the run's journal. Of long
outputs, the beginning and the end are in a report; the hosts' logs in the
run's folder have everything.

Examples:
  zrun report --open                      a page on the newest run, opened
  zrun report 20260722T15 -o junit.xml    for a CI server
  zrun report last -o run.md -o run.json  two files at once
`;

/** Throws ZrunError `usage`, `file-unreadable`. */
export async function showReport(environment: Environment): Promise<number> {
  const { argv, stderr, stdout } = environment;
  const words = readVerbWords('report', argv, {
    output: { type: 'string', short: 'o', multiple: true },
    schema: { type: 'boolean' },
    open: { type: 'boolean' },
  });
  if (words.has('help')) {
    stdout.write(HELP);
    return exitCodes.ok;
  }
  if (words.has('schema')) {
    const { makeJsonSchema } = await import('../../report/document/json-schema.js');
    stdout.write(`${JSON.stringify(makeJsonSchema(), undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const [name = 'last', ...more] = words.names;
  if (more.length > 0) {
    throw new ZrunError('usage', `a report is of one run, not of ${words.names.length}`, {
      hint: 'zrun report RUN -o FILE; zrun report --help says more',
    });
  }
  const given = words.all('output').map((file) => ({ file, kind: reportKindOf('-o', file) }));
  const { run, isOwn } = findRun(name, environment);
  const files = given.length > 0 ? given : [{ file: run.report, kind: 'html' as const }];
  const page = files.find(({ kind }) => kind === 'html');
  if (words.has('open') && !page) {
    throw new ZrunError('usage', '--open shows a page, and none is written', {
      hint: 'leave -o out, or add -o FILE.html',
    });
  }
  tryReportFiles(
    files.map(({ file }) => file),
    environment,
  );
  // Asked before the journal is read: a run that ends meanwhile has ended.
  const goes = isGoing(run.claim);
  // Of files that were copied, nobody knows when they were written to.
  const until = isOwn || goes ? lastSignOfLife(run, goes) : undefined;
  const { report, damage } = await readReport(run, goes, until);
  if (!report)
    throw new ZrunError(
      'file-unreadable',
      `run ${run.id} was interrupted before it began: there is nothing to report`,
    );
  if (damage !== undefined && !goes) stderr.write(`warning: ${visible(damage)}\n`);
  for (const { file, kind } of files) {
    await writeReportFile(file, kind, report, environment);
    stdout.write(`${file}\n`);
  }
  if (words.has('open') && page) await openPage(path.resolve(environment.cwd, page.file), environment);
  return exitCodes.ok;
}

/** A name that no run of this machine has may be the folder of one from another. Throws ZrunError `usage`. */
function findRun(
  name: string,
  environment: Environment,
): { readonly run: RunFolder; readonly isOwn: boolean } {
  const isPath = name.includes('/');
  const there = folderAt(name, environment);
  if (isPath) {
    if (there) return { run: there, isOwn: false };
    throw new ZrunError('usage', `there is no run in ${name}: it has no journal.jsonl`);
  }
  const runs = findRuns(environment);
  const isKnown = name === 'last' || runs.some(({ id }) => id.startsWith(name));
  return there && !isKnown ? { run: there, isOwn: false } : { run: chooseRun(runs, name), isOwn: true };
}

/** A run's folder, or the journal in it, by its path. Undefined where there is no such folder. */
function folderAt(name: string, { cwd }: Environment): RunFolder | undefined {
  const named = path.resolve(cwd, name);
  const folder = statSync(named, { throwIfNoEntry: false })?.isFile() ? path.dirname(named) : named;
  const run = runFolderOf(path.dirname(folder), path.basename(folder));
  return statSync(run.journal, { throwIfNoEntry: false }) && run;
}
