/**
 * Owns how the parts of a report's page get into the bundle: the module that reads them from the sources
 * (src/report/document/page-files.ts) gives way to one that has their texts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';

const folder = path.resolve(import.meta.dirname, '../../src/report/document/page');

export const pageFilesInside: Plugin = {
  name: 'the files of a report are inside',
  setup(steps) {
    steps.onLoad({ filter: /[\\/]src[\\/]report[\\/]document[\\/]page-files\.ts$/ }, () => ({
      contents: moduleText(),
      loader: 'js',
    }));
  },
};

function moduleText(): string {
  const texts = readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]);
  return `const texts = ${JSON.stringify(Object.fromEntries(texts))};
export function pageFile(name) {
  const text = texts[name];
  if (text === undefined) throw new Error('a report has no file ' + name);
  return text;
}
`;
}
