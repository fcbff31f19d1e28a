/**
 * Owns how reports are made of a run's journal and become files: for `zrun report`, and at the end of a run that was asked
 * for some. Loaded when there is one to write.
 */
import path from 'node:path';
import { throwAll, ZrunError } from '../../core/errors.js';
import { mask } from '../../core/secret.js';
import { unwritable } from '../../core/local-files.js';
import { createReportReader } from '../../report/document/read-report.js';
import type { RunReport } from '../../report/document/report.js';
import { writeReport, type ReportKind } from '../../report/document/write-report.js';
import type { RunFolder } from '../../report/run-folder.js';
import { visible } from '../../report/visible.js';
import { tryWholeFile } from '../../core/whole-file.js';
import type { Environment } from '../environment.js';
import { reportKindOf } from './report-kind.js';
import { createDamage, readEvents } from '../runs.js';

interface ReadReport {
  /** Undefined where not even the run's start was written down. */
  readonly report: RunReport | undefined;
  /** What is missing of the journal, which is one of the report's warnings, too. */
  readonly damage: string | undefined;
}

/** `until`: see ReportReader. Throws ZrunError `file-unreadable`, also where the run's start was written down, and cannot be read. */
export async function readReport(run: RunFolder, isGoing: boolean, until?: number): Promise<ReadReport> {
  const reader = createReportReader();
  const damages = createDamage(run, isGoing);
  for await (const event of readEvents(run, damages.note)) reader.tell(event);
  const damage = damages.describe();
  if (damage !== undefined) reader.tell({ type: 'warning', message: damage });
  const report = reader.read(isGoing, until);
  if (!report && damage !== undefined) throw new ZrunError('file-unreadable', damage);
  return { report, damage };
}

/** Finds out before the work whether the files can be written. Throws ZrunErrors `usage` for those that cannot. */
export function tryReportFiles(files: readonly string[], { cwd }: Environment): void {
  const errors: ZrunError[] = [];
  for (const file of files) {
    try {
      tryWholeFile(path.resolve(cwd, file));
    } catch (error) {
      errors.push(unwritable(file, error));
    }
  }
  throwAll(errors);
}

/** Throws ZrunError `usage`. */
export async function writeReportFile(
  file: string,
  kind: ReportKind,
  report: RunReport,
  { cwd }: Environment,
): Promise<void> {
  try {
    await writeReport(path.resolve(cwd, file), kind, report);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * Of a run that has just ended, with its journal closed. What cannot be written any more is one warning each: the run is
 * what counts. Never rejects.
 */
export async function writeReports(
  files: readonly string[],
  run: RunFolder,
  environment: Environment,
): Promise<void> {
  const warn = (message: string): void =>
    void environment.stderr.write(`warning: ${visible(mask(message))}\n`);
  let report: RunReport | undefined;
  try {
    ({ report } = await readReport(run, false));
  } catch (error) {
    files.forEach((file) => warn(`cannot write ${file}: ${reasonOf(error)}`));
    return;
  }
  for (const file of files) {
    if (!report) {
      warn(`cannot write ${file}: the run has no journal to make it from`);
      continue;
    }
    try {
      await writeReportFile(file, reportKindOf('--report', file), report, environment);
    } catch (error) {
      warn(`${reasonOf(error)}; zrun report ${run.id} -o FILE writes it elsewhere`);
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
