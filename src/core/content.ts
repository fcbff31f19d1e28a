/**
 * Owns what is to be in a file: its size, its sum and the way to send it. Does not know where it comes from or goes to.
 */
import { createHash } from 'node:crypto';
import type { Input } from './host.js';

/** In memory where it is small, else read where it is sent. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 in hex. */
  readonly sha256: string;
  /** Undefined where it is not held in memory. */
  readonly bytes: Uint8Array | undefined;
  /** To be sent. A file that is no longer as it was throws `file-unreadable` while it is. */
  readonly input: Input;
}

/** Of bytes that many hosts get: they are handed the same ones, which nobody changes. */
const known = new WeakMap<Uint8Array, string>();

/** In hex. */
export function sha256Of(bytes: Uint8Array): string {
  const before = known.get(bytes);
  if (before !== undefined) return before;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  known.set(bytes, sha256);
  return sha256;
}

/** Bytes that are in memory already. */
export function contentOf(bytes: Uint8Array | Content): Content {
  if (!(bytes instanceof Uint8Array)) return bytes;
  return { size: bytes.length, sha256: sha256Of(bytes), bytes, input: bytes };
}
