/**
 * Owns that text from a host cannot act on a terminal: escape sequences, carriage returns and text that turns the
 * reading direction are shown, not sent (CVE-2023-5764 and CVE-2024-11079 are what happens elsewhere).
 * Knows nothing of events.
 */

// C0 without tab and line feed, DEL, C1 (8-bit CSI and OSC), bidirectional controls (CVE-2021-42574), line and
// paragraph separators, the byte order mark, lone surrogates.
const dangerous =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** What most text is, and far quicker to tell. */
const isPlain = /^[\t\n\x20-\x7e]*$/;
const isPlainLine = /^[\x20-\x7e]*$/;

/** Text that may have several lines; line feeds and tabs are kept, everything that could act is written as `\x1b`. */
export function visible(text: string): string {
  return isPlain.test(text) ? text : text.replace(dangerous, escapeCharacter);
}

/** Text for one line: a line feed is shown as `\n` too, and a tab as a space. */
export function visibleLine(text: string): string {
  const line = text.trim();
  return isPlainLine.test(line) ? line : visible(line).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}

function escapeCharacter(character: string): string {
  if (character === '\r') return '\\r';
  const code = character.charCodeAt(0);
  return code <= 0xff
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * Columns that a terminal needs for text of one line that is already visible. Wide East Asian characters and emoji
 * take two, combining marks none; what a terminal does otherwise costs a line some cells, nothing more.
 */
export function displayWidth(text: string): number {
  if (isPlain.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text, cut at a number of columns, with an ellipsis where something was left out. */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let clipped = '';
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    clipped += character;
  }
  return columns < 1 ? '' : `${clipped}…`;
}

/** The text, filled with spaces up to a number of columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

function characterWidth(character: string): number {
  if (character <= '~') return 1;
  if (/\p{Mark}|\u200b|\u200d|\ufe0f/u.test(character)) return 0;
  return /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303f\uff01-\uff60]/u.test(
    character,
  )
    ? 2
    : 1;
}

/** Columns of what is painted already: colours have none. */
export function widthOf(painted: string): number {
  return displayWidth(painted.replace(/\u001b\[[\d;]*m/g, ''));
}
