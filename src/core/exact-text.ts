/**
 * Owns text that keeps every byte: what is no UTF-8 becomes a lone surrogate for each byte, which no UTF-8 ever gives, and
 * is that byte again where it is written (Python's surrogateescape).
 */
import { isUtf8 } from 'node:buffer';

interface ExactDecoder {
  /** Text of a piece that may be cut anywhere, in the middle of a character too. */
  write(chunk: Buffer): string;
  /** What is left of a character that was never finished. */
  end(): string;
}

export function createExactDecoder(): ExactDecoder {
  let left = Buffer.alloc(0);
  return {
    write(chunk) {
      const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
      const end = bytes.length - unfinishedAtEnd(bytes);
      left = Buffer.from(bytes.subarray(end));
      return decode(bytes.subarray(0, end));
    },
    end() {
      const text = decode(left);
      left = Buffer.alloc(0);
      return text;
    },
  };
}

/** The bytes that a text was made of. */
export function exactBytes(text: string): Buffer {
  const pieces = text.split(/([\udc80-\udcff]+)/u);
  return Buffer.concat(pieces.map((piece, i) => (i % 2 === 0 ? Buffer.from(piece) : bytesOf(piece))));
}

/** The text with what was no UTF-8 as `\xff`. */
export function showBytes(text: string): string {
  return text.replace(/[\udc80-\udcff]/gu, (one) => `\\x${(one.charCodeAt(0) & 0xff).toString(16)}`);
}

function bytesOf(escaped: string): Buffer {
  return Buffer.from(Array.from({ length: escaped.length }, (_, i) => escaped.charCodeAt(i) & 0xff));
}

function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let from = 0;
  for (let i = 0; i < bytes.length;) {
    const length = characterAt(bytes, i);
    if (length > 0) {
      i += length;
      continue;
    }
    text += bytes.toString('utf8', from, i) + String.fromCharCode(0xdc00 | (bytes[i] ?? 0));
    i += 1;
    from = i;
  }
  return text + bytes.toString('utf8', from);
}

/** Bytes of the character that begins here; 0 if none does. */
function characterAt(bytes: Buffer, at: number): number {
  const length = lengthOf(bytes[at] ?? 0);
  if (length < 2) return length;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** Of a character, by its first byte; 0 if no character begins so. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** How many bytes at the end may be the beginning of a character. */
function unfinishedAtEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}
