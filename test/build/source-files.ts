/**
 * Owns how files that are no TypeScript get into the bundle: the module that reads them from the sources
 * (src/core/source-files.ts) gives way to one that has their texts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { usedText } from '../../src/core/source-text.js';

const src = path.resolve(import.meta.dirname, '../../src');

/** All shell files below src, by their names there. */
export function listShellFiles(): readonly string[] {
  return listFiles().filter((file) => file.endsWith('.sh'));
}

export const sourceFilesInside: Plugin = {
  name: 'files that are no TypeScript are inside',
  setup(steps) {
    steps.onLoad({ filter: /[\\/]src[\\/]core[\\/]source-files\.ts$/ }, () => ({
      contents: moduleText(),
      loader: 'js',
    }));
  },
};

function listFiles(): readonly string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:sh|bash|zsh|fish|js|css|html)$/.test(file))
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort();
}

function moduleText(): string {
  const texts = listFiles().map((file) => [file, usedText(file, readFileSync(path.join(src, file), 'utf8'))]);
  return `const texts = ${JSON.stringify(Object.fromEntries(texts))};
export function sourceFile(file) {
  const text = texts[file];
  if (text === undefined) throw new Error('no ' + (file.endsWith('.sh') ? 'shell ' : '') + 'file ' + file);
  return text;
}
`;
}
