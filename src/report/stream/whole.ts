/**
 * Owns `--output json` and `--output junit`: the whole run as one document, once it has ended. Knows nothing of how the
 * document is written.
 */
import { createReportReader } from '../document/read-report.js';
import type { RunReport } from '../document/report.js';
import type { Reporter, Sink } from '../reporter.js';
import { writeEvent } from '../written.js';

export function createWholeReporter(
  out: Sink,
  writeDocument: (report: RunReport) => Iterable<string>,
): Reporter {
  const reader = createReportReader();
  let isWritten = false;

  /** Of a run that broke off, as far as it went. */
  function write(): void {
    if (isWritten) return;
    isWritten = true;
    const report = reader.read(false);
    if (!report) return;
    for (const piece of writeDocument(report)) out.write(piece);
  }

  return {
    tell(event) {
      // What comes after the end, such as a warning about a file, has no place any more.
      if (isWritten) return;
      reader.tell(writeEvent(event));
      if (event.type === 'run-finished') write();
    },
    close() {
      write();
      return Promise.resolve();
    },
  };
}
