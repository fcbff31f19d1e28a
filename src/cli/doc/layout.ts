/**
 * Owns how documentation is laid out in a terminal: lines of 80 columns, lists with a margin.
 */

export const COLUMNS = 80;

export function indent(text: string, margin: string): string {
  return text.replace(/^(?=.)/gm, margin);
}

export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A line for each, the names in a column; names that are too wide for it have a line of their own. */
export function formatList(entries: readonly (readonly [name: string, text: string])[]): string {
  const widest = Math.max(0, ...entries.map(([name]) => name.length).filter((width) => width <= WIDEST_NAME));
  const margin = widest + 2;
  return entries
    .map(([name, text]) => {
      const lines = wrap(text, COLUMNS - margin);
      const rest = name.length > widest ? lines : lines.slice(1);
      const first = name.length > widest ? name : name.padEnd(margin) + (lines[0] ?? '');
      return [first.trimEnd(), ...rest.map((line) => ' '.repeat(margin) + line)].join('\n') + '\n';
    })
    .join('');
}

/** A name of more columns leaves too few for what is said of it. */
const WIDEST_NAME = 32;

/** A text in a table: no bar ends a cell, and no word in angle brackets passes for HTML, but for what stands in backticks. */
export function markdownCell(text: string): string {
  const safe = text.split('`').map((part, i) => (i % 2 === 0 ? part.replaceAll('<', '&lt;') : part));
  return safe.join('`').replaceAll('|', '\\|').replaceAll('\n', ' ');
}
