/**
 * Owns how ssh's own files on this machine (configuration, keys, known_hosts) are read: with a limit to their size, and
 * never waiting for somebody who writes into a pipe; and whose they are.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { codeOf } from '../../core/local-files.js';

interface OwnFile {
  readonly text: string;
  /** User id of the owner. */
  readonly owner: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isRegular: boolean;
}

/** Far more than any of these files holds. Bytes. */
const maxBytes = 64 * 1024 * 1024;

/** Undefined where there is no such file. Rejects where it cannot be read, or is too large. */
export async function readOwnFile(file: string): Promise<OwnFile | undefined> {
  let handle: FileHandle;
  try {
    // A pipe that nobody writes to is empty then, where opening it would hang for good.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const about = await handle.stat();
    const text = await readText(handle, file);
    return { text, owner: about.uid, mode: about.mode & 0o7777, isRegular: about.isFile() };
  } finally {
    await handle.close();
  }
}

async function readText(handle: FileHandle, file: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, null);
    if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
    length += bytesRead;
    if (length > maxBytes) throw new Error(`${file} is larger than ${maxBytes / 1024 / 1024} MiB`);
    pieces.push(buffer.subarray(0, bytesRead));
  }
}

/** As chmod writes it: `0664`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
