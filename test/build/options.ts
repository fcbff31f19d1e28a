/**
 * Owns what all of zrun is bundled with.
 */
import path from 'node:path';
import type { BuildOptions } from 'esbuild';

export const root = path.resolve(import.meta.dirname, '../..');

export const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  // Packages that come as both: of modules, only what is used is taken along.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;
