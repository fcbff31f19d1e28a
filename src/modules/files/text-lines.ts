/**
 * Owns a file's bytes as lines that can be edited and put together again, byte for byte where nothing was edited. Knows
 * nothing of files.
 */
import { isUtf8 } from 'node:buffer';

export interface Line {
  /** Without its line break. */
  readonly text: string;
  /** Empty only for a last line that has none. */
  readonly end: '\n' | '\r\n' | '';
}

export interface TextLines {
  readonly lines: readonly Line[];
  /** A text as it would stand in this file: lines read and texts written compare only through this. */
  say(text: string): string;
  /** The lines of a text, each with the line break that this file uses. */
  linesOf(text: string): readonly Line[];
  join(lines: readonly Line[]): Uint8Array;
}

/** What is not UTF-8 is read byte by byte, so that no byte of the user's is ever written back as another one. */
export function readLines(content: Uint8Array): TextLines {
  const encoding = isUtf8(content) ? 'utf8' : 'latin1';
  const text = Buffer.from(content).toString(encoding);
  const lines = splitLines(text);
  const end = lines[0]?.end === '\r\n' ? '\r\n' : '\n';
  const say = (given: string): string =>
    encoding === 'utf8' ? given : Buffer.from(given, 'utf8').toString('latin1');
  return {
    lines,
    say,
    linesOf: (given) => splitLines(say(given)).map((line) => ({ text: line.text, end })),
    join: (edited) => Buffer.from(edited.map((line) => line.text + line.end).join(''), encoding),
  };
}

function splitLines(text: string): readonly Line[] {
  const pieces = text.split('\n');
  const last = pieces.pop() ?? '';
  const lines = pieces.map((piece): Line => {
    return piece.endsWith('\r') ? { text: piece.slice(0, -1), end: '\r\n' } : { text: piece, end: '\n' };
  });
  return last === '' ? lines : [...lines, { text: last, end: '' }];
}

/** Lines with others put in before the one at `index`; a last line without a line break gets one if they come after it. */
export function insertLines(
  lines: readonly Line[],
  index: number,
  inserted: readonly Line[],
): readonly Line[] {
  const before = lines.slice(0, index);
  const last = before.at(-1);
  if (last?.end === '' && inserted.length > 0) {
    before[before.length - 1] = { ...last, end: inserted[0]?.end === '\r\n' ? '\r\n' : '\n' };
  }
  return [...before, ...inserted, ...lines.slice(index)];
}
