/**
 * Owns colours: which there are, and when they are used. Knows nothing of events.
 */

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'bold' | 'dim' | 'alarm';

/** Colours a text, or hands it back as it is. */
export type Paint = (colour: Colour, text: string) => string;

const codes: Record<Colour, readonly [on: string, off: string]> = {
  red: ['31', '39'],
  green: ['32', '39'],
  yellow: ['33', '39'],
  blue: ['34', '39'],
  magenta: ['35', '39'],
  cyan: ['36', '39'],
  bold: ['1', '22'],
  dim: ['2', '22'],
  alarm: ['1;31', '22;39'],
};

/** Each line is coloured by itself, so that a line that is cut off or grepped does not colour what follows. */
export const colourful: Paint = (colour, text) => {
  if (text === '') return '';
  const [on, off] = codes[colour];
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `\u001b[${on}m${line}\u001b[${off}m`))
    .join('\n');
};

export const colourless: Paint = (_colour, text) => text;

/**
 * NO_COLOR (no-color.org: any value but an empty one) wins over everything, FORCE_COLOR (0 and false: none) over what
 * the stream is. Otherwise a terminal that is not dumb gets colours.
 */
export function choosePaint(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): Paint {
  if (env['NO_COLOR']) return colourless;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force === '0' || force === 'false' ? colourless : colourful;
  return isTerminal && env['TERM'] !== 'dumb' ? colourful : colourless;
}

/** Whether a terminal shows more than ASCII, by POSIX's order of the variables for its characters. */
export function showsUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

/**
 * Whether a terminal that gets narrower wraps what stands there, and does not cut it off: most do. GNU screen, xterm, rxvt and
 * the console of Linux do not.
 */
export function wrapsOldLines(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['TMUX'] !== undefined) return true;
  return (
    env['XTERM_VERSION'] === undefined &&
    env['STY'] === undefined &&
    !/^(?:linux|rxvt)/.test(env['TERM'] ?? '')
  );
}
