/**
 * Owns `npm run bundle`: everything that an installed zrun is made of, but for its playbooks and templates. `--outdir`:
 * dist when left out.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.js';
import { compile } from './compile.js';
import { writeCompletions } from './completions.js';
import { writeLicenses } from './licenses.js';
import { writeManPage } from './man-page.js';
import { root } from './options.js';
import { learnUses } from './uses.js';

const { values } = parseArgs({ options: { outdir: { type: 'string', default: 'dist' } } });
const outdir = path.resolve(root, values.outdir);
/** Where zrun cannot be run here, it starts more slowly, and is the same otherwise. */
const say = (what: string) => (error: unknown) => {
  process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
};
const metafile = await bundle(outdir, async (chunks) => {
  const uses = await learnUses(outdir, chunks).catch(say('not cut by use'));
  return uses ?? (() => 'start');
});
await writeLicenses(metafile, path.join(outdir, 'LICENSES'));
await compile(outdir, process.execPath).catch(say('not compiled beforehand'));
await writeManPage(outdir);
await writeCompletions(path.join(outdir, 'completions'));
