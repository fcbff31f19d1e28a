/** Owns how tests make a report of events: by way of a journal, as every report is made. */
import type { RunEvent } from '../../../src/core/events.js';
import { createReportReader } from '../../../src/report/document/read-report.js';
import type { RunReport } from '../../../src/report/document/report.js';
import { readJournal } from '../../../src/report/journal.js';
import { formatEvent } from '../../../src/report/written.js';

export function reportOf(events: readonly (RunEvent | null)[], isGoing = false, until?: number): RunReport {
  const lines = events.flatMap((event) => (event ? [formatEvent(event)] : []));
  const reader = createReportReader();
  for (const event of readJournal(lines.join('\n')).events) reader.tell(event);
  const report = reader.read(isGoing, until);
  if (!report) throw new Error('no report');
  return report;
}
