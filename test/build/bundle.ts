/**
 * Owns what esbuild makes of the sources: one file of zrun and its packages, a small one that starts it, and the script of
 * an executable.
 */
import path from 'node:path';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { sourceFilesInside } from './source-files.js';

export const root = path.resolve(import.meta.dirname, '../..');

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

const restIsElsewhere: Plugin = {
  name: 'the rest is zrun.cjs',
  setup(steps) {
    steps.onResolve({ filter: /^\.\/cli\/main\.js$/ }, ({ path: name }) => ({ path: name, external: true }));
  },
};

/** main.js, which answers `--version` by itself, and zrun.cjs with all the rest. Returns what the latter is made of. */
export async function bundle(outdir: string): Promise<Metafile> {
  await build({
    ...common,
    entryPoints: ['src/main.ts'],
    format: 'esm',
    splitting: true,
    outdir,
    plugins: [restIsElsewhere],
  });
  const { metafile } = await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    format: 'cjs',
    outfile: path.join(outdir, 'zrun.cjs'),
    plugins: [sourceFilesInside],
    // A script that vm runs has no way to import (OpenTelemetry imports http where it sends).
    supported: { 'dynamic-import': false },
    // Native parts of ssh2, which nobody needs.
    external: ['*.node', 'cpu-features'],
  });
  return metafile;
}

/** What an executable runs: main.ts, with the files of zrun inside of it. */
export async function bundleStart(outfile: string): Promise<void> {
  await build({
    ...common,
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
