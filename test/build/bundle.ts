/**
 * Owns what `npm run bundle` makes of the sources: a small file that starts zrun and the parts of the rest; and the script
 * of an executable.
 */
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { makeChunks, type Chunk } from './chunks.js';
import { options, root } from './options.js';
import { writeParts, type PartOf } from './parts.js';

const restIsElsewhere: Plugin = {
  name: 'the rest is in the parts',
  setup(steps) {
    steps.onResolve({ filter: /^\.\/cli\/main\.js$/ }, ({ path: name }) => ({ path: name, external: true }));
  },
};

/**
 * main.js, which answers `--version` by itself, and the parts with all the rest. Returns what the latter are made of.
 * @param choose where the chunks go: into one part when left out, with which a start takes longer
 */
export async function bundle(
  outdir: string,
  choose: (chunks: readonly Chunk[]) => PartOf | Promise<PartOf> = () => () => 'start',
): Promise<Metafile> {
  await build({
    ...options,
    entryPoints: ['src/main.ts'],
    format: 'esm',
    splitting: true,
    outdir,
    plugins: [restIsElsewhere],
  });
  const { chunks, metafile } = await makeChunks(outdir);
  await writeParts(outdir, chunks, await choose(chunks));
  return metafile;
}

/** What an executable runs: main.ts, with the files of zrun inside of it. */
export async function bundleStart(outfile: string): Promise<void> {
  await build({
    ...options,
    sourcemap: false,
    entryPoints: ['src/main.ts'],
    format: 'cjs',
    outfile,
    // A script inside an executable has no way to import.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '""' },
    plugins: [
      restIsElsewhere,
      {
        name: 'own files are inside',
        setup(steps) {
          steps.onResolve({ filter: /\/own-files\.js$/ }, () => ({
            path: path.join(root, 'src/cli/own/own-files-inside.ts'),
          }));
        },
      },
    ],
  });
}
