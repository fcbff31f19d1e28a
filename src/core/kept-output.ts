/**
 * Owns how much of what a host writes is kept: all of it up to a bound, and beyond that its head and its tail, or
 * nothing. No I/O.
 */

/**
 * `cut`: of more than `bytes`, the head and the tail are kept, with a line between them that says how much is missing.
 * `refuse`: of more than that nothing is kept, for what is only of use when it is whole.
 */
export interface OutputBound {
  readonly bytes: number;
  readonly over: 'cut' | 'refuse';
}

/** Bytes that are kept of each output of a user's command where `zrun_output_limit` says nothing. */
export const defaultLimit = 1024 * 1024;

/** What `zrun_output_limit` may be: a result is held in memory, and written to the journal in one line. */
export const outputLimits = { least: 1024, most: 64 * 1024 * 1024 } as const;

export const outputLimitRule = 'must be a size from 1 KiB to 64 MiB, as in 8 MiB';

/** What a script may answer that is not the user's: a listing of every container of a large host has some 10 MB. */
export const defaultBound: OutputBound = { bytes: 64 * 1024 * 1024, over: 'refuse' };

/** Collects a stream. Never holds more than the bound and one chunk, however small the chunks are. */
export interface Kept {
  add(chunk: Buffer): void;
  /** Whether there was more than the bound allows. */
  readonly isOver: boolean;
  /** What was kept, and how many bytes were left out of it. Called once, at the end. */
  finish(): { readonly bytes: Buffer; readonly omitted: number };
}

/** A program that writes single bytes would otherwise leave a buffer for each. */
const mostPieces = 1024;

/** Bytes of an output that an error shows; the result has more. */
export const shownBytes = 64 * 1024;

export function createKept({ bytes: limit, over }: OutputBound): Kept {
  let pieces: Buffer[] = [];
  let small = 0;
  let length = 0;
  let ring: { readonly head: Buffer; readonly tail: Buffer; at: number } | undefined;

  /** The oldest bytes of the tail make room. */
  const addToTail = (into: { readonly tail: Buffer; at: number }, chunk: Buffer): void => {
    const { tail } = into;
    const rest = chunk.length > tail.length ? chunk.subarray(chunk.length - tail.length) : chunk;
    const first = rest.copy(tail, into.at);
    rest.copy(tail, 0, first);
    into.at = (into.at + rest.length) % tail.length;
  };

  return {
    add(chunk) {
      length += chunk.length;
      if (ring) {
        addToTail(ring, chunk);
        return;
      }
      if (length <= limit) {
        pieces.push(chunk);
        small += 1;
        if (small < mostPieces) return;
        pieces.push(Buffer.concat(pieces.splice(-small)));
        small = 0;
        return;
      }
      const all = over === 'cut' ? Buffer.concat([...pieces, chunk]) : undefined;
      pieces = [];
      if (!all) return;
      const headLength = Math.floor(limit / 2);
      ring = {
        head: Buffer.from(all.subarray(0, headLength)),
        tail: Buffer.alloc(limit - headLength),
        at: 0,
      };
      addToTail(ring, all.subarray(headLength));
    },
    get isOver() {
      return length > limit;
    },
    finish() {
      const [only] = pieces;
      if (!ring) return { bytes: pieces.length === 1 && only ? only : Buffer.concat(pieces), omitted: 0 };
      const { head, tail, at } = ring;
      return joinEnds(head, Buffer.concat([tail.subarray(at), tail.subarray(0, at)]), length);
    },
  };
}

/** `length`: how many bytes there were in all. */
function joinEnds(
  head: Buffer,
  tail: Buffer,
  length: number,
): { readonly bytes: Buffer; readonly omitted: number } {
  const kept = [head.subarray(0, lastWhole(head)), tail.subarray(firstWhole(tail))] as const;
  const omitted = length - kept[0].length - kept[1].length;
  const lineBreak = kept[0].at(-1) === 0x0a ? '' : '\n';
  return {
    bytes: Buffer.concat([kept[0], Buffer.from(`${lineBreak}${omittedLine(omitted)}\n`), kept[1]]),
    omitted,
  };
}

function omittedLine(bytes: number): string {
  return `[zrun left out ${bytes} bytes here]`;
}

/** Where the last character ends that is not cut off. What is no UTF-8 is cut anywhere. */
function lastWhole(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return width > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function firstWhole(bytes: Buffer): number {
  for (let start = 0; start < Math.min(4, bytes.length); start++)
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start;
  return 0;
}

/** The same for a text that is at hand already: an error's, which is shown and written in several places. */
export function cutText(text: string, bytes: number): string {
  // No character has more than three bytes for each of its UTF-16 units.
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const kept = createKept({ bytes, over: 'cut' });
  kept.add(Buffer.from(text));
  return kept.finish().bytes.toString('utf8');
}
