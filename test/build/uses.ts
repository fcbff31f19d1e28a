/**
 * Owns what is found out of the bundle by running it: which of its chunks a start needs, and which a run.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Chunk } from './chunks.js';
import { exercise } from './exercise.js';
import { writeParts, type PartOf } from './parts.js';

/** In a terminal and elsewhere, and with a look at what would change: runs that are not rare. */
const runs = [
  ['--output', 'plain'],
  ['--output', 'tty', '--check', '--diff'],
] as const;

/**
 * The part that each chunk belongs to.
 * @param outdir has main.js. Parts are written there, to be replaced.
 */
export async function learnUses(outdir: string, chunks: readonly Chunk[]): Promise<PartOf> {
  const file = path.join(outdir, 'loaded');
  const note = (chunk: string): string =>
    `require("node:fs").appendFileSync(${JSON.stringify(file)},${JSON.stringify(`${chunk}\n`)});`;
  await writeParts(outdir, chunks, () => 'start', note);
  const loadedBy = async (...commands: readonly (readonly string[])[]): Promise<ReadonlySet<string>> => {
    await rm(file, { force: true });
    await exercise(outdir, process.execPath, commands);
    const loaded = new Set((await readFile(file, 'utf8')).split('\n'));
    await rm(file);
    return loaded;
  };
  const start = await loadedBy(['--list-hosts']);
  const run = await loadedBy(...runs);
  return (chunk) => (start.has(chunk) ? 'start' : run.has(chunk) ? 'run' : 'rest');
}
