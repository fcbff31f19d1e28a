/**
 * Turns of phrase that read like a translation, and what to write instead. They came up hundreds of times, so they are kept
 * out of everything that a person reads: code, playbooks, papers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const root = path.resolve(import.meta.dirname, '../..');

const turns: readonly (readonly [turn: RegExp, better: string])[] = [
  [/\bg(?:one|o|oing|oes) on with (?:a|the|this|that|which|run)\b/i, 'resume, continue'],
  [/\bwhere (?:that|there|it) is none\b/i, 'if there is none'],
  [/\b(?:is|are|was) told of\b/i, 'hears of, is reported'],
  [/\bbroken off\b/i, 'interrupted, ended early'],
  [/\bin mid-task\b/i, 'during a task'],
  [/\bshall\b/, 'should, must, is to'],
  [/\bmakes? (?:it|them|its [\w-]+|their [\w-]+) anew\b/i, 'recreate'],
];

const papers = [
  'README.md',
  'CHANGELOG.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  'test/README.md',
];

function files(): readonly string[] {
  const inFolders = ['src', 'playbooks', 'templates'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|yaml|md|hbs|sh)$/.test(file))
      .map((file) => `${folder}/${file}`),
  );
  return [...papers, ...inFolders];
}

describe('the English of code, playbooks and papers', () => {
  for (const [turn, better] of turns) {
    it(`has no ${String(turn)}: ${better}`, () => {
      const found = files().flatMap((file) =>
        readFileSync(path.join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, i) => (turn.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
      );
      expect(found).to.deep.equal([]);
    });
  }
});
