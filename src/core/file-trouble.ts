/**
 * Owns why a file cannot be read or written, in the user's words: never in those of a system call.
 */
import { ZrunError } from './errors.js';

type Reasons = Readonly<Record<string, string>>;

const reasons: Reasons = {
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'permission denied',
  EPERM: 'it may not be changed',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the disk does not answer as it should',
};

const ofReading: Reasons = { ENOENT: 'there is no such file' };

const ofWriting: Reasons = {
  ENOENT: 'its folder is not there',
  // Of mkdir(2), where folders are made on the way.
  EEXIST: 'a part of its path is a file',
};

/** @param own what a code of an error means here, where that is something of its own */
export function whyUnreadable(error: unknown, own: Reasons = {}): string {
  return reasonOf(error, { ...ofReading, ...own });
}

/** @param own see whyUnreadable */
export function whyUnwritable(error: unknown, own: Reasons = {}): string {
  return reasonOf(error, { ...ofWriting, ...own });
}

/** Of a file that the user named. @param own see whyUnreadable */
export function unwritable(file: string, error: unknown, own: Reasons = {}): ZrunError {
  return new ZrunError('usage', `cannot write ${file}: ${whyUnwritable(error, own)}`, { cause: error });
}

function reasonOf(error: unknown, own: Reasons): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return own[code] ?? reasons[code] ?? error.message;
}
