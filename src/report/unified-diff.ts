/**
 * Owns how two texts are compared line by line and written as a unified diff. Knows nothing of events or colours.
 */

/** Lines of context around a change, as `diff -u` has them. */
const CONTEXT = 3;

/** Beyond this many changed lines the middle is shown as replaced as a whole: the search is quadratic in them. */
const MOST_EDITS = 500;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * The hunks of a unified diff, a line each, without the two lines that name the files. Empty where the texts are equal.
 * Undefined stands for a file that is not there.
 */
export function unifiedDiff(before: string | undefined, after: string | undefined): string[] {
  const lines = compareLines(splitLines(before), splitLines(after));
  return [...hunksOf(lines)].flatMap(formatHunk);
}

const NO_NEWLINE = '\\ No newline at end of file';

function splitLines(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  if (text.endsWith('\n')) return text.slice(0, -1).split('\n');
  const lines = text.split('\n');
  // A last line without its line feed differs from the same line with one; the marker makes it so and is shown.
  lines.push(`${lines.pop() ?? ''}\n${NO_NEWLINE}`);
  return lines;
}

function compareLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...shortestEdit(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy form. */
function shortestEdit(before: readonly string[], after: readonly string[]): Line[] {
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(before.length + after.length, MOST_EDITS); edits++) {
    trace.push(new Map(reach));
    for (let k = -edits; k <= edits; k += 2) {
      let x = comesFromAbove(reach, k, edits) ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
      reach.set(k, x);
      if (x >= before.length && x - k >= after.length) return backtrack(before, after, trace);
    }
  }
  return [
    ...before.map((text): Line => ({ sign: '-', text })),
    ...after.map((text): Line => ({ sign: '+', text })),
  ];
}

function comesFromAbove(reach: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
}

function backtrack(
  before: readonly string[],
  after: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): Line[] {
  const lines: Line[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const fromK = comesFromAbove(reach, k, edits) ? k + 1 : k - 1;
    const fromX = edits === 0 ? 0 : (reach.get(fromK) ?? 0);
    const fromY = edits === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY) {
      lines.push({ sign: ' ', text: before[--x] ?? '' });
      y--;
    }
    if (edits === 0) break;
    if (x > fromX) lines.push({ sign: '-', text: before[--x] ?? '' });
    else lines.push({ sign: '+', text: after[--y] ?? '' });
  }
  return lines.reverse();
}

interface Hunk {
  readonly beforeStart: number;
  readonly afterStart: number;
  readonly lines: readonly Line[];
}

function* hunksOf(lines: readonly Line[]): Generator<Hunk> {
  const changed = lines.flatMap((line, i) => (line.sign === ' ' ? [] : [i]));
  let [beforeLine, afterLine, counted] = [1, 1, 0];
  for (let i = 0; i < changed.length;) {
    const from = Math.max(0, (changed[i] ?? 0) - CONTEXT);
    let last = changed[i] ?? 0;
    while (i < changed.length && (changed[i] ?? 0) - last <= 2 * CONTEXT + 1) last = changed[i++] ?? last;
    for (; counted < from; counted++) {
      if (lines[counted]?.sign !== '+') beforeLine++;
      if (lines[counted]?.sign !== '-') afterLine++;
    }
    yield { beforeStart: beforeLine, afterStart: afterLine, lines: lines.slice(from, last + CONTEXT + 1) };
  }
}

function formatHunk(hunk: Hunk): string[] {
  const before = hunk.lines.filter((line) => line.sign !== '+').length;
  const after = hunk.lines.filter((line) => line.sign !== '-').length;
  return [
    `@@ -${formatRange(hunk.beforeStart, before)} +${formatRange(hunk.afterStart, after)} @@`,
    ...hunk.lines.flatMap((line) => `${line.sign}${line.text}`.split('\n')),
  ];
}

/** As GNU diff: an empty range names the line before it, a range of one line has no length. */
function formatRange(start: number, length: number): string {
  if (length === 0) return `${start - 1},0`;
  return length === 1 ? String(start) : `${start},${length}`;
}
