/**
 * Owns where new lines are put in among those that a file has. Knows nothing of files.
 */
import { compileRegex } from './line-regex.js';
import type { Line, TextLines } from './text-lines.js';

interface PlaceWanted {
  /** A regular expression, or `EOF`. */
  readonly insertafter?: string | undefined;
  /** A regular expression, or `BOF`; goes before `insertafter`. */
  readonly insertbefore?: string | undefined;
  /** The first line that fits, instead of the last. */
  readonly isFirst?: boolean;
}

/** The index at which they are put in; the end of the file where no line fits. */
export function placeFor(
  file: TextLines,
  { insertafter = 'EOF', insertbefore, isFirst = false }: PlaceWanted,
): number {
  const { lines } = file;
  if (insertbefore === 'BOF') return 0;
  if (insertbefore === undefined && insertafter === 'EOF') return lines.length;
  const regex = compileRegex(file.say(insertbefore ?? insertafter));
  const found = findLine(lines, (text) => regex.test(text), isFirst);
  if (found === -1) return lines.length;
  return insertbefore === undefined ? found + 1 : found;
}

export function findLine(
  lines: readonly Line[],
  matches: (text: string) => boolean,
  isFirst: boolean,
): number {
  const matchesLine = (line: Line): boolean => matches(line.text);
  return isFirst ? lines.findIndex(matchesLine) : lines.findLastIndex(matchesLine);
}
