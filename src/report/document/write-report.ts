/**
 * Owns how a report becomes a file: which writer a kind has.
 */
import { writeWholeFile } from '../../core/whole-file.js';
import type { RunReport } from './report.js';

export type ReportKind = 'html' | 'json' | 'xml' | 'md';

/** Loaded one by one: nobody asks for all of them. */
const writers: Readonly<Record<ReportKind, () => Promise<(report: RunReport) => Iterable<string>>>> = {
  html: async () => (await import('./html-report.js')).writeHtmlReport,
  json: async () => (await import('./json-report.js')).writeJsonReport,
  xml: async () => (await import('./junit-report.js')).writeJunitReport,
  md: async () => (await import('./markdown-report.js')).writeMarkdownReport,
};

/** Only the user can read a file that is new. Rejects as opening, writing and renaming do. */
export async function writeReport(file: string, kind: ReportKind, report: RunReport): Promise<void> {
  const write = await writers[kind]();
  writeWholeFile(file, write(report), 0o600);
}
