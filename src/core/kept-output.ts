/**
 * Owns how much of what a host writes is kept: all of it up to a bound, and beyond that its head and its tail, or
 * nothing. No I/O.
 */

import { beginningAtEnd, endAtStart, longestSecret } from './secret.js';

/**
 * `cut`: of more than `bytes`, the head and the tail are kept, with a line between them that says how much is missing.
 * `refuse`: of more than that nothing is kept, for what is only of use when it is whole.
 */
export interface OutputBound {
  readonly bytes: number;
  readonly over: 'cut' | 'refuse';
}

/**
 * Bytes that are kept of each output of a user's command where `zrun_output_limit` says nothing. With four times as much,
 * fifty hosts that are loud at once took zrun over 300 MB (`npm run test:trust`).
 */
export const defaultLimit = 256 * 1024;

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
  let ends: Ends | undefined;

  return {
    add(chunk) {
      length += chunk.length;
      if (ends) {
        ends.add(chunk);
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
      if (over === 'cut') {
        ends = createEnds(limit);
        for (const piece of pieces) ends.add(piece);
        ends.add(chunk);
      }
      pieces = [];
    },
    get isOver() {
      return length > limit;
    },
    finish() {
      if (ends) return ends.finish(length);
      const [only] = pieces;
      return { bytes: pieces.length === 1 && only ? only : Buffer.concat(pieces), omitted: 0 };
    },
  };
}

interface Ends {
  add(chunk: Buffer): void;
  /** `length`: how many bytes there were in all. */
  finish(length: number): { readonly bytes: Buffer; readonly omitted: number };
}

/** Bytes of the longest line that says how much is missing, and of a character that is cut off at each end. */
const spare = 64;

/** One buffer, in which the result is made too: fifty hosts may be at this at the same time. */
function createEnds(limit: number): Ends {
  const headLength = Math.floor(limit / 2);
  const buffer = Buffer.alloc(limit + spare);
  const tail = buffer.subarray(headLength + spare);
  let head = 0;
  /** Where the oldest byte of the tail is, once the tail is full. */
  let at = 0;
  return {
    add(chunk) {
      const copied = chunk.copy(buffer, head, 0, Math.max(0, headLength - head));
      head += copied;
      // The oldest bytes of the tail make room.
      const rest = chunk.subarray(Math.max(copied, chunk.length - tail.length));
      const first = rest.copy(tail, at);
      rest.copy(tail, 0, first);
      at = (at + rest.length) % tail.length;
    },
    finish(length) {
      const older = Buffer.from(tail.subarray(at));
      tail.copyWithin(older.length, 0, at);
      older.copy(tail);
      const begin = withoutBeginning(buffer.subarray(0, lastWhole(buffer.subarray(0, headLength))));
      const end = withoutEnd(tail.subarray(firstWhole(tail)));
      const omitted = length - begin.length - end.length;
      const lineBreak = begin.at(-1) === 0x0a ? '' : '\n';
      const line = Buffer.from(`${lineBreak}[zrun left out ${omitted} bytes here]\n`);
      line.copy(buffer, begin.length);
      buffer.copyWithin(begin.length + line.length, buffer.length - end.length);
      return { bytes: buffer.subarray(0, begin.length + line.length + end.length), omitted };
    },
  };
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

/** Without what may be the first part of a secret, which nothing would mask. */
function withoutBeginning(bytes: Buffer): Buffer {
  if (longestSecret() === 0) return bytes;
  const near = bytes.subarray(-longestSecret() * 4);
  const text = near.subarray(firstWhole(near)).toString('utf8');
  const part = text.slice(text.length - beginningAtEnd(text));
  return bytes.subarray(0, bytes.length - Buffer.byteLength(part));
}

/** The same of the last part. */
function withoutEnd(bytes: Buffer): Buffer {
  if (longestSecret() === 0) return bytes;
  const text = bytes.subarray(0, longestSecret() * 4).toString('utf8');
  return bytes.subarray(Buffer.byteLength(text.slice(0, endAtStart(text))));
}

/** The same for a text that is at hand already: an error's, which is shown and written in several places. */
export function cutText(text: string, bytes: number): string {
  // No character has more than three bytes for each of its UTF-16 units.
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const kept = createKept({ bytes, over: 'cut' });
  kept.add(Buffer.from(text));
  return kept.finish().bytes.toString('utf8');
}
