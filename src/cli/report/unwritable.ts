/**
 * Owns how a file that the user named and that cannot be written is told.
 */
import { ZrunError } from '../../core/errors.js';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'its folder is not there',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

export function unwritable(file: string, error: unknown): ZrunError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason = reasons[String(code)] ?? (error instanceof Error ? error.message : String(error));
  return new ZrunError('usage', `cannot write ${file}: ${reason}`, { cause: error });
}
