/**
 * Owns pictures of a terminal for the papers: a command runs in a real terminal (tmux), and what is on the screen, with
 * its colours, becomes an SVG of text, which is small and can be read by machines, too.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';

const run = promisify(execFile);

export interface Shot {
  readonly columns: number;
  readonly rows: number;
  readonly command: string;
  /** The screen is taken once it says this; at the command's end when left out. */
  readonly at?: RegExp;
}

/** The lines of the screen with their colours, as tmux tells them. Throws where `at` never comes. */
export async function shoot({ columns, rows, command, at }: Shot): Promise<readonly string[]> {
  const server = ['-L', `zrun-picture-${process.pid}`, '-f', '/dev/null'];
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run('tmux', [...server, ...args])).stdout;
  const size = ['-x', String(columns), '-y', String(rows)];
  await tmux('new-session', '-d', ...size, `${command}; printf '\\033]2;done\\007'; exec cat`);
  try {
    for (;;) {
      await wait(300);
      const isOver = (await tmux('display-message', '-p', '#{pane_title}')).trim() === 'done';
      const plain = await tmux('capture-pane', '-p');
      const isReached = at === undefined ? isOver : at.test(plain);
      if (isReached) return (await tmux('capture-pane', '-e', '-p')).split('\n');
      if (isOver) throw new Error(`the screen never said ${String(at)}:\n${plain}`);
    }
  } finally {
    await tmux('kill-server');
  }
}

const colours: Readonly<Record<string, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};

/** Pixels of a character and a line. */
const cell = { width: 8.4, height: 18 };

/** A picture with the title in its frame. Empty lines at the end are left out. */
export function toSvg(lines: readonly string[], columns: number, title: string): string {
  const shown = lines.slice(0, lines.findLastIndex((line) => line.trim() !== '') + 1);
  const width = Math.ceil(columns * cell.width + 32);
  const height = shown.length * cell.height + 56;
  const texts = shown.map((line, i) => {
    const spans = spansOf(line).map(({ text, style }) => `<tspan${style}>${escape(text)}</tspan>`);
    return `<text x="16" y="${52 + i * cell.height}">${spans.join('')}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<text x="16" y="24" font-family="sans-serif" font-size="12" fill="#8b949e">${escape(title)}</text>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="#e6edf3">
${texts.join('\n')}
</g>
</svg>
`;
}

interface Span {
  readonly text: string;
  readonly style: string;
}

/** Pieces of a line with one look each, from the sequences that set graphic rendition (ECMA-48). */
function spansOf(line: string): readonly Span[] {
  const spans: Span[] = [];
  let codes: readonly string[] = [];
  for (const [, set, text = ''] of line.matchAll(/(?:\u001b\[([\d;]*)m)|([^\u001b]+)/g)) {
    if (set !== undefined) codes = set === '' || set === '0' ? [] : [...codes, ...set.split(';')];
    else spans.push({ text, style: styleOf(codes) });
  }
  return spans;
}

function styleOf(codes: readonly string[]): string {
  const code = codes.findLast((each) => each in colours || each === '39');
  const colour = code === undefined ? undefined : colours[code];
  const isDim = codes.includes('2') && codes.lastIndexOf('2') > codes.lastIndexOf('22');
  const isBold = codes.includes('1') && codes.lastIndexOf('1') > codes.lastIndexOf('22');
  return [
    colour === undefined ? '' : ` fill="${colour}"`,
    isDim && colour === undefined ? ' fill="#8b949e"' : '',
    isBold ? ' font-weight="bold"' : '',
  ].join('');
}

/** A viewer would make one space of several: each is one that stays. */
function escape(text: string): string {
  return text.replaceAll(' ', '\u00a0').replace(/[&<>"\u00a0]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
