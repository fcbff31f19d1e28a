/**
 * Owns the files that the bundle consists of, its parts. One read is quicker than a hundred, and what V8 has compiled is
 * read as a whole: so chunks that are needed together lie in one part. See src/cli/bundle.ts, which loads them.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileOf, partNames, type PartName } from '../../src/cli/own/parts.js';
import type { Chunk } from './chunks.js';

export type PartOf = (chunk: string) => PartName;

/**
 * @param prologue what each chunk begins with, in one line: to learn which are loaded
 */
export async function writeParts(
  outdir: string,
  chunks: readonly Chunk[],
  partOf: PartOf,
  prologue: (chunk: string) => string = () => '',
): Promise<void> {
  for (const part of partNames) {
    const own = chunks.filter(({ name }) => partOf(name) === part);
    const lines = ['({'];
    const sections = [];
    // The first part says where all others are.
    if (part === partNames[0])
      for (const { name } of chunks)
        if (partOf(name) !== part) lines.push(`${JSON.stringify(name)}:${JSON.stringify(partOf(name))},`);
    for (const { name, text, map } of own) {
      // What a file of CommonJS is to Node, so that chunks find all the names that their packages may use.
      const names = 'exports,require,module,__filename,__dirname';
      lines.push(`${JSON.stringify(name)}:function(${names}){${prologue(name)}`);
      sections.push({ offset: { line: lines.length, column: 0 }, map: JSON.parse(map) as unknown });
      lines.push(...text.split('\n'), '},');
    }
    lines.push('})\n');
    const text = lines.join('\n');
    const file = path.join(outdir, fileOf(part));
    // What V8 has compiled is known by it: see src/cli/own/own-files.ts.
    await writeFile(file, `${text}//${createHash('sha256').update(text).digest('hex').slice(0, 16)}\n`);
    await writeFile(`${file}.map`, JSON.stringify({ version: 3, sections }));
  }
}
