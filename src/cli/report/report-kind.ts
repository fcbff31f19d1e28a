/**
 * Owns which kind of report a file's name means, so that a wrong name is found before anything else is done.
 */
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import type { ReportKind } from '../../report/document/write-report.js';

const kinds = ['html', 'json', 'xml', 'md'] as const satisfies readonly ReportKind[];

/** By its suffix. Throws ZrunError `usage`. */
export function reportKindOf(option: string, file: string): ReportKind {
  const suffix = path.extname(file).toLowerCase();
  const kind = kinds.find((each) => suffix === `.${each}`);
  if (kind) return kind;
  throw new ZrunError(
    'usage',
    `${option} needs a file that ends in .html, .json, .xml or .md, not '${file}'`,
    {
      hint: 'the suffix says which kind of report it is; .xml is JUnit',
    },
  );
}
