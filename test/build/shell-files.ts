/**
 * Owns how shell files get into the bundle: the module that reads them from the sources (src/core/shell-files.ts) gives
 * way to one that has their texts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import type { ShellText } from '../../src/core/shell.js';
import { stripShell } from '../../src/core/shell-strip.js';

const src = path.resolve(import.meta.dirname, '../../src');

/** All shell files below src, by their names there. */
export function listShellFiles(): readonly string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sh'))
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort();
}

export const shellFilesInside: Plugin = {
  name: 'shell files are inside',
  setup(steps) {
    steps.onLoad({ filter: /[\\/]src[\\/]core[\\/]shell-files\.ts$/ }, () => ({
      contents: moduleText(),
      loader: 'js',
    }));
  },
};

function moduleText(): string {
  const texts = listShellFiles().map((file): [string, ShellText] => [
    file,
    { shellText: stripShell(readFileSync(path.join(src, file), 'utf8')) },
  ]);
  return `const texts = ${JSON.stringify(Object.fromEntries(texts))};
export function shellFile(file) {
  const text = texts[file];
  if (text === undefined) throw new Error('no shell file ' + file);
  return text;
}
`;
}
