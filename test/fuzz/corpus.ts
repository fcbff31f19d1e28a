/** Owns the real texts that are damaged: the repository's own files. */
import { functionTable } from '../../src/config/functions/table.js';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(root, folder, name))
    .filter((file) => ending.test(file) && statSync(file).isFile())
    .sort()
    .map((file) => readFileSync(file, 'utf8'));
}

/** Long files are taken in pieces as well, which are read faster. */
function pieces(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const parts = text.split(/\n(?=\S|\s*\n\s*- name:)/).filter((part) => part.trim() !== '');
    return [text, ...parts];
  });
}

export const corpus = {
  playbooks: filesBelow('playbooks', /\.yaml$/),
  yaml: pieces([
    ...filesBelow('playbooks', /\.yaml$/),
    readFileSync(path.join(root, 'inventory.example.yaml'), 'utf8'),
  ]),
  variables: filesBelow('playbooks/vars', /\.yaml$/),
  inventories: [readFileSync(path.join(root, 'inventory.example.yaml'), 'utf8')],
  templates: filesBelow('templates', /\.hbs$/),
  expressions: [
    ...filesBelow('playbooks', /\.yaml$/).flatMap((text) =>
      [...text.matchAll(/^\s*when: (\S.*)$/gm)].map(([, condition = '']) => condition),
    ),
    ...functionTable
      .flatMap(({ examples }) => examples.map(({ text }) => text))
      .filter((text) => !text.includes('{{')),
  ],
} as const;
