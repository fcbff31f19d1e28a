/**
 * Owns how a line of an INI inventory is split into words: quotes, backslashes and comments as Python's shlex has them,
 * with the place of each word.
 */

export interface Word {
  /** Without its quotes. */
  readonly text: string;
  /** Half-open range in the line, quotes included. */
  readonly start: number;
  readonly end: number;
}

interface UnclosedQuote {
  readonly quote: string;
  readonly start: number;
}

/**
 * The words of a line, up to a `#` outside quotes. Or the quote that is never closed; a backslash with nothing behind it
 * counts as one. Source: Python's shlex.split(line, comments=True), posix.
 */
export function wordsOf(line: string): readonly Word[] | UnclosedQuote {
  const words: Word[] = [];
  let text = '';
  let start = -1;
  const end = (at: number): void => {
    if (start >= 0) words.push({ text, start, end: at });
    text = '';
    start = -1;
  };
  let i = 0;
  while (i < line.length) {
    const character = line[i] ?? '';
    if (character === '#') break;
    if (/[ \t\r\n]/.test(character)) {
      end(i);
      i += 1;
      continue;
    }
    if (start < 0) start = i;
    if (character === '"' || character === "'") {
      const quoted = readQuoted(line, i, character);
      if (!quoted) return { quote: character, start: i };
      text += quoted.text;
      i = quoted.end;
      continue;
    }
    if (character === '\\') {
      if (i + 1 >= line.length) return { quote: character, start: i };
      i += 1;
    }
    text += line[i] ?? '';
    i += 1;
  }
  end(i);
  return words;
}

/** In double quotes a backslash keeps its meaning before a quote and a backslash alone; in single quotes never. */
function readQuoted(
  line: string,
  open: number,
  quote: string,
): { readonly text: string; readonly end: number } | undefined {
  let text = '';
  for (let i = open + 1; i < line.length; i += 1) {
    const character = line[i] ?? '';
    if (character === quote) return { text, end: i + 1 };
    const next = line[i + 1];
    if (character === '\\' && quote === '"' && (next === '"' || next === '\\')) {
      text += next;
      i += 1;
    } else text += character;
  }
  return undefined;
}
