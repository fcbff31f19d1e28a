/**
 * Owns the protocol of the persistent shell: how a script is written to its standard input, and how the answers are
 * told apart on its two outputs. Pure; knows neither streams nor time.
 *
 * A frame is answered on each output by `NONCE+`, the script's bytes as they are, and `NONCE-`, on standard output
 * with the exit status. The nonce is new for each frame and never in a variable, so no script can say it. What comes
 * outside of a frame (a chatty .bashrc) belongs to nobody. A frame is one compound command: the shell has read all of
 * it, its last mark too, before the script runs. On Linux, sshd gives a shell one socket for its input and its output,
 * which a script could read what comes next from.
 *
 * What a script leaves running may go on writing while later scripts run. So a shell looks, at a frame's end, whether
 * anything that was started since the frame's beginning still has one of the shell's outputs for its own. If so, the
 * child has these outputs for itself from there on, and the next script runs in a fresh shell. The old one runs nothing
 * more, but its process stays until its input ends: something may count on that (host_lock).
 *
 * Each mark is a write on the host, a packet, and two processes that wake up for it. A frame that is written to a shell
 * which has answered everything has no mark at its beginning, and one whose script is terse (see Probe) none on standard
 * error either where it goes well.
 */
import { randomBytes } from 'node:crypto';
import { shellFile } from '../core/shell-files.js';
import { printBytes, quote } from '../core/shell.js';

/** Standard inputs over this many bytes are sent by themselves, as a shell holds a whole command in memory. */
export const largeInput = 256 * 1024;

/** Bytes of a large input that are sent as one command, where they have to be. */
const pieceLength = 16 * 1024;

/** Random bytes that no nonce has used yet: asking the system for each nonce anew costs more than the nonce. */
let pool: Buffer = Buffer.alloc(0);

/** 128 random bits in hexadecimal. */
export function makeNonce(): string {
  if (pool.length === 0) pool = randomBytes(16 * 256);
  const nonce = pool.toString('hex', 0, 16);
  pool = pool.subarray(16);
  return nonce;
}

/** The status word of a frame whose input found no room on the host. */
export const noRoom = 'no-room';

/**
 * Which marks a frame has. `all`: both at its beginning, both at its end. `bare`: none on standard error at the beginning,
 * where nothing can be on its way there any more. `alone`: none at the beginning, where nothing can be on its way on
 * either output, and no other frame: there is no question which one is running. `end`: of a terse script, the one on
 * standard output that ends it, and the one on standard error where it fails.
 */
export type Marks = 'all' | 'bare' | 'alone' | 'end';

/** What the mark that ends a frame says after the status where a child holds the shell's outputs: frame.sh says so. */
export const isHeld = ' held';

/** Functions that a shell needs before its first frame whose marks are not `end` alone. */
export function helpers(): string {
  return `${shellFile('transport/frame.sh').shellText}\n`;
}

/** The shell text of one frame whose input, if there is one, has no more than `largeInput` bytes. */
export function frameText(
  nonce: string,
  script: string,
  stdin: Uint8Array | undefined,
  marks: Marks = 'all',
): string {
  const { begin, subshell, end } = partsOf(nonce, script, marks);
  if (stdin === undefined || stdin.length === 0) return `{ ${begin}${subshell} </dev/null\n${end}; }\n`;
  // A pipeline has the status of its last command. A script that does not read leaves printf with a broken pipe.
  const input = `{ ${printBytes(stdin).shellText}; } 2>/dev/null`;
  return `{ ${begin}{ ${input} | ${subshell}; }\n${end}; }\n`;
}

/**
 * The shell text of a frame whose input is large: it asks for the input once it is parsed, by a mark. `takesBytes`: the
 * next `length` bytes are the input as it is. `takesText`: the host has no head(1), and gets `inputText` instead.
 * Nothing else may be sent before the frame is answered: a shell or a head(1) that reads ahead would take it for input,
 * or input for commands. Where head fails, the shell that would read the rest as commands is killed.
 * Nothing of it has an effect before the last byte is there: a connection that breaks in the middle of an upload never
 * runs a script on half of its input.
 */
export function largeFrameText(nonce: string, script: string, length: number): string {
  return (
    `{ ${openInput}\nif command -v head >/dev/null 2>&1; then printf '${nonce}${takesBytes}\\n'\n` +
    `{ head -c ${length} || kill -9 $$; } | { cat >&7 || cat >/dev/null; } 2>/dev/null\n` +
    `${closeInput(nonce, script, length)}\nelse printf '${nonce}${takesText}\\n'; fi; }\n`
  );
}

/** What a large frame's first mark says. */
export const takesBytes = '!';
export const takesText = '?';

/** A piece of an input as commands that collect it. */
export function* inputText(bytes: Uint8Array): Generator<string> {
  for (let start = 0; start < bytes.length; start += pieceLength) {
    const piece = bytes.subarray(start, start + pieceLength);
    yield `${printBytes(piece, pieceLength).shellText} 2>/dev/null >&7\n`;
  }
}

/** What runs the script on what was collected. */
export function collectedText(nonce: string, script: string, length: number): string {
  return `${closeInput(nonce, script, length)}\n`;
}

interface Parts {
  /** Ends with a line break, if it is anything. */
  readonly begin: string;
  readonly subshell: string;
  readonly end: string;
}

function partsOf(nonce: string, script: string, marks: Marks): Parts {
  // The blank keeps a script that begins with a dash from being taken for options of eval.
  const subshell = `(eval ${quote(` ${script}${script.endsWith('\n') ? '' : '\n'}`)})`;
  if (marks === 'end') {
    // The status is kept where no script can find it, and half of this line does nothing.
    const end = `set -- $?; printf '${nonce}-%d\\n' $1; [ $1 = 0 ] || printf '${nonce}-\\n' >&2; set --`;
    return { begin: '', subshell, end };
  }
  const onError = marks === 'all' ? `; printf '${nonce}+\\n' >&2` : '';
  return {
    begin: marks === 'alone' ? '' : `printf '${nonce}+\\n'${onError}\n`,
    subshell,
    end: `zrun_end $? ${nonce}`,
  };
}

/** Into a file that is gone from its folder at once: a shell holds a whole command in memory. */
const openInput = `zrun_input=$(mktemp) && exec 7>"$zrun_input" 8<"$zrun_input" 9<"$zrun_input"; rm -f "$zrun_input"; unset zrun_input`;

function closeInput(nonce: string, script: string, length: number): string {
  const { begin, subshell, end } = partsOf(nonce, script, 'all');
  return (
    `exec 7>&-; ${begin}` +
    `if [ "$(($(wc -c <&9)))" -eq ${length} ]; then ${subshell} <&8 8<&- 9<&-; ${end}; ` +
    `else printf '${nonce}-${noRoom}\\n'; printf '${nonce}-\\n' >&2; fi; exec 8<&- 9<&-`
  );
}

/** What a scanner reports, and whom it asks. */
interface ScannerEvents {
  /** The nonce of the next mark; undefined while none can come. */
  expected(): string | undefined;
  /** Bytes that are no mark. */
  text(chunk: Buffer): void;
  /** A mark: what stood between the nonce and the line's end. */
  mark(word: string): void;
}

const nothing: Buffer = Buffer.alloc(0);

/**
 * Finds marks in a stream whose chunks may be cut anywhere. Holds back no more than what may be the beginning of a
 * mark, so that output is live, and looks at every byte once.
 */
export function createScanner(events: ScannerEvents): (chunk: Buffer) => void {
  let held = nothing;
  return (chunk) => {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = nothing;
    while (data.length > 0) {
      const nonce = events.expected();
      if (nonce === undefined) {
        events.text(data);
        return;
      }
      const at = data.indexOf(nonce, 0, 'latin1');
      const textEnd = at === -1 ? data.length - beginningAtEnd(data, nonce) : at;
      if (textEnd > 0) events.text(data.subarray(0, textEnd));
      const lineEnd = at === -1 ? -1 : data.indexOf(0x0a, at + nonce.length);
      if (lineEnd === -1) {
        held = data.subarray(textEnd);
        return;
      }
      const word = data.toString('latin1', at + nonce.length, lineEnd);
      data = data.subarray(lineEnd + 1);
      events.mark(word);
    }
  };
}

/** How many of the last bytes could be the beginning of the nonce. */
function beginningAtEnd(data: Buffer, nonce: string): number {
  const longest = Math.min(data.length, nonce.length - 1);
  const end = data.toString('latin1', data.length - longest);
  for (let length = longest; length > 0; length--) {
    if (nonce.startsWith(end.slice(longest - length))) return length;
  }
  return 0;
}
