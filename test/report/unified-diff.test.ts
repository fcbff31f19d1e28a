import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { unifiedDiff } from '../../src/report/unified-diff.js';

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join('');

const pairs: readonly (readonly [name: string, before: string, after: string])[] = [
  ['equal texts', 'a\nb\n', 'a\nb\n'],
  ['an empty text that gets lines', '', 'a\nb\n'],
  ['a text that loses all lines', 'a\nb\n', ''],
  ['a line at the end', 'a\nb\n', 'a\nb\nc\n'],
  ['a line at the start', 'b\nc\n', 'a\nb\nc\n'],
  ['a line in the middle', numbers(1, 20), numbers(1, 9) + 'x\n' + numbers(11, 20)],
  ['two changes six lines apart', numbers(1, 20), `x\n${numbers(2, 7)}y\n${numbers(9, 20)}`],
  ['two changes seven lines apart', numbers(1, 20), `x\n${numbers(2, 8)}y\n${numbers(10, 20)}`],
  ['two changes far apart', numbers(1, 40), `x\n${numbers(2, 39)}y\n`],
  ['a last line that loses its line feed', 'a\nb\n', 'a\nb'],
  ['a last line that gets its line feed', 'a\nb', 'a\nb\n'],
  ['no line feed in both', 'a\nb', 'x\nb'],
  ['everything else', 'a\nb\nc\n', 'x\ny\n'],
];

describe('unifiedDiff', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(path.join(tmpdir(), 'zrun-diff-'))));
  after(() => rmSync(folder, { recursive: true }));

  /** The hunks that diff(1) writes; its exit status is 1 where files differ. */
  function realDiff(before: string, after: string): string {
    writeFileSync(path.join(folder, 'a'), before);
    writeFileSync(path.join(folder, 'b'), after);
    try {
      return execFileSync('diff', ['-u', 'a', 'b'], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      const { stdout } = error as { stdout: string };
      return stdout.split('\n').slice(2).join('\n');
    }
  }

  for (const [name, before, after] of pairs) {
    it(`says of ${name} what diff -u says`, () => {
      const lines = unifiedDiff(before, after);
      expect(lines.map((line) => `${line}\n`).join('')).to.equal(realDiff(before, after));
    });
  }

  it('makes patches that patch back to the text, for texts of many small edits', () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round++) {
      const before = Array.from({ length: Math.floor(random() * 30) }, () => `${Math.floor(random() * 4)}`);
      const after = before.flatMap((line) => {
        const dice = random();
        if (dice < 0.15) return [];
        return dice < 0.3 ? [line, 'new'] : [line];
      });
      const [a, b] = [before, after].map((lines) => lines.map((line) => `${line}\n`).join('')) as [
        string,
        string,
      ];
      const lines = unifiedDiff(a, b);
      expect(applyHunks(before, lines), `round ${round}`).to.deep.equal(after);
    }
  });

  it('says of a file that is made that all its lines are new', () => {
    expect(unifiedDiff(undefined, 'a\n')).to.deep.equal(['@@ -0,0 +1 @@', '+a']);
  });

  it('ends soon on large texts that have nothing in common', () => {
    const large = (word: string): string =>
      Array.from({ length: 20_000 }, (_, i) => `${word} ${i}\n`).join('');
    expect(unifiedDiff(large('a'), large('b'))).to.have.length(40_001);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** A small patch(1): what stands between hunks is kept, context and removed lines must be as they are said to be. */
function applyHunks(before: readonly string[], lines: readonly string[]): string[] {
  const after: string[] = [];
  let position = 0;
  for (const line of lines) {
    const start = /^@@ -(\d+)(,0)?/.exec(line);
    if (start) {
      const until = Number(start[1]) - (start[2] ? 0 : 1);
      after.push(...before.slice(position, until));
      position = until;
      continue;
    }
    const text = line.slice(1);
    if (line.startsWith('+')) after.push(text);
    else {
      expect(before[position]).to.equal(text);
      position++;
      if (line.startsWith(' ')) after.push(text);
    }
  }
  return [...after, ...before.slice(position)];
}
