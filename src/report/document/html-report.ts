/** Owns nothing yet. */
import type { RunReport } from './report.js';
export function* writeHtmlReport({ run }: RunReport): Generator<string> {
  yield run.id;
}
