/**
 * Owns how a file that the user named and that cannot be written is told.
 */
import { ZrunError } from './errors.js';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of its path is a file',
  // Of mkdir(2), where folders are made on the way.
  EEXIST: 'a part of its path is a file',
  EACCES: 'permission denied',
  EPERM: 'it may not be changed',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
};

/** @param own what a code of an error means here, where that is something of its own */
export function unwritable(
  file: string,
  error: unknown,
  own: Readonly<Record<string, string>> = {},
): ZrunError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = own[code] ?? reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new ZrunError('usage', `cannot write ${file}: ${reason}`, { cause: error });
}
