/**
 * Owns what all rooms need for files of the machine that zrun runs on: folders that are made, whose files they are, and why
 * one cannot be read or written, in the user's words and never in those of a system call.
 */
import { mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { ZrunError } from './errors.js';

/**
 * Makes a folder with all that are missing above it. Node's own way (`recursive`) never ends below a folder that takes none
 * and says ENOENT, as /proc does (Node 20, 22 and 24): test/lint keeps it out. A folder that is there already is left as it
 * is. `mode`: of each that is made. Throws as mkdir does.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    make(folder, mode);
  } catch (error) {
    const parent = path.dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error;
    makeFolder(parent, mode);
    make(folder, mode);
  }
}

/** Another zrun may be faster; and some file systems refuse to make what is there with another error than EEXIST. */
function make(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

/** Undefined where the machine has no name for the user: such a one owns nothing that could be trusted by its number. */
export function ownUid(): number | undefined {
  try {
    return userInfo().uid;
  } catch {
    return undefined;
  }
}

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
  const code = codeOf(error) ?? '';
  return own[code] ?? reasons[code] ?? error.message;
}

/** What the system or Node calls an error: `ENOENT`, `ERR_…`. Undefined where it has no such name. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
