/**
 * Owns the protocol of the persistent shell: how a script is written to its standard input, and how the answers are
 * told apart on its two outputs. Pure; knows neither streams nor time.
 *
 * A frame is answered on each output by `NONCE+`, the script's bytes as they are, and `NONCE-`, on standard output
 * with the exit status. The nonce is new for each frame and never in a variable, so no script can say it. What comes
 * outside of a frame (a chatty .bashrc, a background child of an earlier task) belongs to nobody.
 */
import { randomBytes } from 'node:crypto';
import { printBytes, quote } from '../core/shell.js';

/** Standard inputs over this many bytes are collected in an unlinked file first, as a shell holds a whole command in memory. */
export const largeInput = 256 * 1024;

/** Bytes of a large input that are sent as one command. */
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
 * The shell text of one frame, in pieces, so that large inputs need not be in memory as text.
 * Nothing of it has an effect before its last piece is there: a connection that breaks in the middle of an upload
 * never runs a script on half of its input.
 */
export function* frameText(nonce: string, script: string, stdin: Uint8Array | undefined): Generator<string> {
  // The blank keeps a script that begins with a dash from being taken for options of eval.
  const subshell = `(eval ${quote(` ${script}${script.endsWith('\n') ? '' : '\n'}`)})`;
  const begin = `printf '${nonce}+\\n'; printf '${nonce}+\\n' >&2`;
  const status = `printf '${nonce}-%d\\n' "$?"`;
  const end = `printf '${nonce}-\\n' >&2`;
  if (stdin === undefined || stdin.length === 0) {
    yield `${begin}\n${subshell} </dev/null\n${status}; ${end}\n`;
    return;
  }
  if (stdin.length <= largeInput) {
    // A pipeline has the status of its last command. A script that does not read leaves printf with a broken pipe.
    const input = `{ ${printBytes(stdin).shellText}; } 2>/dev/null`;
    yield `${begin}\n{ ${input} | ${subshell}; }\n${status}; ${end}\n`;
    return;
  }
  yield `zrun_input=$(mktemp) && exec 7>"$zrun_input" 8<"$zrun_input" 9<"$zrun_input"; rm -f "$zrun_input"; unset zrun_input\n`;
  for (let start = 0; start < stdin.length; start += pieceLength) {
    const piece = stdin.subarray(start, start + pieceLength);
    yield `${printBytes(piece, pieceLength).shellText} 2>/dev/null >&7\n`;
  }
  yield (
    `exec 7>&-; ${begin}\n` +
    `if [ "$(($(wc -c <&9)))" -eq ${stdin.length} ]; then ${subshell} <&8 8<&- 9<&-; ${status}; ` +
    `else printf '${nonce}-${noRoom}\\n'; fi; ${end}; exec 8<&- 9<&-\n`
  );
}

/** What a scanner reports, and whom it asks. */
export interface ScannerEvents {
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
  for (let length = Math.min(data.length, nonce.length - 1); length > 0; length--) {
    if (data.toString('latin1', data.length - length) === nonce.slice(0, length)) return length;
  }
  return 0;
}
