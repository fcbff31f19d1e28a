/**
 * Owns `npm run bundle`: everything that an installed zrun is made of, but for its playbooks and templates. `--outdir`:
 * dist when left out.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, root } from './bundle.js';
import { compile } from './compile.js';
import { writeCompletions } from './completions.js';
import { writeLicenses } from './licenses.js';
import { writeManPage } from './man-page.js';

const { values } = parseArgs({ options: { outdir: { type: 'string', default: 'dist' } } });
const outdir = path.resolve(root, values.outdir);
await writeLicenses(await bundle(outdir), path.join(outdir, 'LICENSES'));
try {
  await compile(outdir, process.execPath);
} catch (error) {
  // It starts more slowly without, and is the same otherwise.
  process.stderr.write(
    `not compiled beforehand: ${error instanceof Error ? error.message : String(error)}\n`,
  );
}
await writeManPage(outdir);
await writeCompletions(path.join(outdir, 'completions'));
