/**
 * Owns how two texts are compared line by line and written as a unified diff. The `diff` package compares them; what it
 * gives up on is shown as replaced. Knows nothing of events or colours.
 */
import { structuredPatch, type StructuredPatchHunk } from 'diff';

/** Lines of context around a change, as `diff -u` has them. */
const CONTEXT = 3;

/** Beyond this many changed lines the middle is shown as replaced as a whole: the search is quadratic in them. */
const MOST_EDITS = 500;

/**
 * The hunks of a unified diff, a line each, without the two lines that name the files. Empty where the texts are equal.
 * Undefined stands for a file that is not there.
 */
export function unifiedDiff(before = '', after = ''): string[] {
  const patch = structuredPatch('', '', before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
  });
  return (patch?.hunks ?? [replaceMiddle(splitLines(before), splitLines(after))]).flatMap(formatHunk);
}

const NO_NEWLINE = '\\ No newline at end of file';

function splitLines(text: string): string[] {
  if (text === '') return [];
  if (text.endsWith('\n')) return text.slice(0, -1).split('\n');
  const lines = text.split('\n');
  // A last line without its line feed differs from the same line with one; the marker makes it so and is shown.
  lines.push(`${lines.pop() ?? ''}\n${NO_NEWLINE}`);
  return lines;
}

/** Everything but the lines that both begin with and those that both end with. */
function replaceMiddle(before: readonly string[], after: readonly string[]): StructuredPatchHunk {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const from = Math.max(0, start - CONTEXT);
  const left = Math.max(0, end - CONTEXT);
  const signed = (sign: string, lines: readonly string[]): string[] => lines.map((line) => sign + line);
  return {
    oldStart: from + 1,
    oldLines: before.length - left - from,
    newStart: from + 1,
    newLines: after.length - left - from,
    lines: [
      ...signed(' ', before.slice(from, start)),
      ...signed('-', before.slice(start, before.length - end)),
      ...signed('+', after.slice(start, after.length - end)),
      ...signed(' ', before.slice(before.length - end, before.length - left)),
    ],
  };
}

function formatHunk({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): string[] {
  return [
    `@@ -${formatRange(oldStart, oldLines)} +${formatRange(newStart, newLines)} @@`,
    ...lines.flatMap((line) => line.split('\n')),
  ];
}

/** As GNU diff: an empty range names the line before it, a range of one line has no length. */
function formatRange(start: number, length: number): string {
  if (length === 0) return `${start - 1},0`;
  return length === 1 ? String(start) : `${start},${length}`;
}
