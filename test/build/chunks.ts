/**
 * Owns what esbuild makes of zrun and its packages: chunks of CommonJS, cut where the sources import late, so that nothing
 * is loaded that a command does not need.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';
import { takeByName } from './chunk-imports.js';
import { options } from './options.js';
import { sourceFilesInside } from './source-files.js';

/** The chunk that the others hang on: src/cli/main.ts. */
export const firstChunk = 'main.js';

export interface Chunk {
  /** As other chunks require it, without the `./`. */
  readonly name: string;
  readonly text: string;
  /** A source map, as JSON. Its sources are relative to `outdir`. */
  readonly map: string;
}

/** @param outdir where the chunks will lie, in files of whatever name */
export async function makeChunks(outdir: string): Promise<{ chunks: readonly Chunk[]; metafile: Metafile }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-chunks-'));
  try {
    const { metafile } = await build({
      ...options,
      entryPoints: ['src/cli/main.ts'],
      // The one form that esbuild cuts.
      format: 'esm',
      splitting: true,
      outdir: folder,
      // An import a line, for what comes next.
      minifyWhitespace: false,
      plugins: [sourceFilesInside],
      // Native parts of ssh2, which nobody needs.
      external: ['*.node', 'cpu-features'],
    });
    const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
    const written = await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')] as const),
    );
    for (const [name, text] of takeByName(new Map(written))) await writeFile(path.join(folder, name), text);
    const { outputFiles } = await build({
      ...options,
      bundle: false,
      // What there is to warn of was warned of above.
      logLevel: 'error',
      entryPoints: [path.join(folder, '*.js')],
      format: 'cjs',
      // A script that vm runs has no way to import.
      supported: { 'dynamic-import': false },
      sourcemap: 'external',
      outdir,
      write: false,
    });
    const texts = new Map(outputFiles.map((file) => [path.basename(file.path), file.text]));
    const chunks = [...texts.keys()].filter((name) => name.endsWith('.js')).sort();
    return {
      chunks: chunks.map((name) => ({
        name,
        text: texts.get(name) ?? '',
        map: texts.get(`${name}.map`) ?? '',
      })),
      metafile,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
