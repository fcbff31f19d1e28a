/**
 * Owns how text becomes POSIX shell: the one place where anything is quoted. No I/O.
 */

/** A word that any POSIX shell reads back as exactly this text. NUL cannot be said in a word and is refused. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new TypeError('a shell word cannot hold a NUL byte');
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text) && !text.startsWith('-=')) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line from an argv array. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

/**
 * A piece of shell text in which every value is quoted: ``sh`mv -- ${from} ${to}` ``. An array becomes several
 * words, a number is itself, and another `sh` piece is put in as it is.
 */
export interface ShellText {
  readonly shellText: string;
}

export function sh(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | readonly string[] | ShellText)[]
): ShellText {
  let text = cookedText(strings, 0);
  values.forEach((value, i) => {
    text += shellWord(value) + cookedText(strings, i + 1);
  });
  return { shellText: text };
}

/** An escape that JavaScript does not know (`\1`) makes a piece of a tagged template undefined, not an error. */
function cookedText(strings: TemplateStringsArray, i: number): string {
  const text: string | undefined = strings[i];
  if (text !== undefined) return text;
  throw new TypeError(`sh: double the backslash of an escape in: ${strings.raw[i] ?? ''}`);
}

function shellWord(value: string | number | readonly string[] | ShellText): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return String(value);
  if ('shellText' in value) return value.shellText;
  return quoteArgv(value);
}

/** Pieces put one after another, a line each. */
export function lines(...pieces: readonly (ShellText | undefined | false)[]): ShellText {
  return {
    shellText: pieces
      .filter((piece): piece is ShellText => piece !== undefined && piece !== false)
      .map((piece) => piece.shellText)
      .join('\n'),
  };
}

/**
 * Shell commands that write these bytes to standard output with nothing but the builtin `printf`, so that any
 * bytes, NUL among them, can be sent to a host inside a script. Cut into pieces, for shells where printf is a program
 * and its argument has a limit.
 */
export function printBytes(bytes: Uint8Array, pieceLength = 16_384): ShellText {
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += pieceLength) {
    const format = printfFormat(bytes.subarray(start, start + pieceLength));
    // A format that begins with a dash would be taken for an option.
    pieces.push(`printf '${format.startsWith('-') ? `\\055${format.slice(1)}` : format}'`);
  }
  return { shellText: pieces.length === 0 ? ':' : pieces.join('; ') };
}

/** Bytes that printf's format can say as they are: line breaks, and what can be seen, unless it has a meaning there. */
const isPlain: readonly boolean[] = Array.from({ length: 256 }, (_, byte) => {
  const hasMeaning = byte === 0x25 || byte === 0x27 || byte === 0x5c;
  return (byte >= 0x20 && byte < 0x7f && !hasMeaning) || byte === 0x0a;
});

/** The others are said in octal. Files of gigabytes come through here, so no byte is a string of its own. */
function printfFormat(bytes: Uint8Array): string {
  const format = Buffer.allocUnsafe(bytes.length * 4);
  let end = 0;
  for (const byte of bytes) {
    if (isPlain[byte]) format[end++] = byte;
    else {
      format[end++] = 0x5c;
      format[end++] = 0x30 | (byte >> 6);
      format[end++] = 0x30 | ((byte >> 3) & 7);
      format[end++] = 0x30 | (byte & 7);
    }
  }
  return format.toString('latin1', 0, end);
}
