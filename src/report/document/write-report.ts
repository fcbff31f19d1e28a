/**
 * Owns how a report becomes a file: which kind its suffix means, and that it is there whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { RunReport } from './report.js';

export type ReportKind = 'html' | 'json' | 'xml' | 'md';

/** Loaded one by one: nobody asks for all of them. */
const writers: Readonly<Record<ReportKind, () => Promise<(report: RunReport) => Iterable<string>>>> = {
  html: async () => (await import('./html-report.js')).writeHtmlReport,
  json: async () => (await import('./json-report.js')).writeJsonReport,
  xml: async () => (await import('./junit-report.js')).writeJunitReport,
  md: async () => (await import('./markdown-report.js')).writeMarkdownReport,
};

/** Only the user can read the file. Rejects as opening, writing and renaming do. */
export async function writeReport(file: string, kind: ReportKind, report: RunReport): Promise<void> {
  const write = await writers[kind]();
  // A name that nobody knows before, and that must be new: in a folder of all users, none of them can have put a link there.
  const made = `${file}.${randomBytes(6).toString('hex')}.new`;
  const opened = openSync(made, 'wx', 0o600);
  try {
    try {
      for (const piece of write(report)) writeAll(opened, Buffer.from(piece));
    } finally {
      closeSync(opened);
    }
    renameSync(made, file);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
