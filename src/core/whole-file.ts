/**
 * Owns files that the user named and that others read whenever they like: each is there whole or not at all. One that is
 * there keeps its mode and its owner, and a link its place: what it leads to is replaced.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { ownUid } from './local-files.js';

/** As Linux has it (MAXSYMLINKS). */
const mostLinks = 40;

/** `mode`: of one that is new; the umask takes from it. Throws as opening, writing and renaming do. */
export function writeWholeFile(file: string, pieces: Iterable<string>, mode: number): void {
  const { place, old } = findTarget(file);
  // A name that nobody knows before, and that must be new: in a folder of all users, none of them can have put a link there.
  const made = `${place}.${randomBytes(6).toString('hex')}.new`;
  const opened = openSync(made, 'wx', old ? 0o600 : mode);
  try {
    try {
      for (const piece of pieces) writeAll(opened, Buffer.from(piece));
      if (old) keepRights(opened, old);
    } finally {
      closeSync(opened);
    }
    renameSync(made, place);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** Throws what writing it would, as far as that can be known before; leaves it as it is. */
export function tryWholeFile(file: string): void {
  const made = `${findTarget(file).place}.${randomBytes(6).toString('hex')}.new`;
  closeSync(openSync(made, 'wx', 0o600));
  rmSync(made);
}

interface Target {
  /** Behind all links. */
  readonly place: string;
  /** Undefined where nothing is there yet, or what is there is not to be followed. */
  readonly old: Stats | undefined;
}

/** Throws where there is no file, such as a device, whose place a new file would take. */
function findTarget(file: string): Target {
  // Links of /proc lead to what has no name.
  refuseOther(statSync(file, { throwIfNoEntry: false }));
  let name = file;
  for (let links = 0; links < mostLinks; links += 1) {
    const folder = realpathSync(path.dirname(name));
    const place = path.join(folder, path.basename(name));
    const seen = lstatSync(place, { throwIfNoEntry: false });
    const isTrusted = seen === undefined || isOwn(seen, folder);
    if (!seen?.isSymbolicLink()) {
      refuseOther(seen);
      return { place, old: isTrusted ? seen : undefined };
    }
    if (!isTrusted) throw new Error("it is another user's link, in a folder of all users");
    name = path.resolve(folder, readlinkSync(place));
  }
  throw new Error('it is a link that leads nowhere');
}

function refuseOther(seen: Stats | undefined): void {
  if (seen?.isDirectory()) throw new Error('it is a folder');
  if (seen && !seen.isFile() && !seen.isSymbolicLink()) throw new Error('it is no regular file');
}

/** In a folder of all users, somebody may have put there a link to what is to be destroyed, or a file that all can read. */
function isOwn({ uid }: Stats, folder: string): boolean {
  const { mode, uid: owner } = statSync(folder);
  return (mode & 0o002) === 0 || uid === owner || uid === 0 || uid === ownUid();
}

/** Another group than before is not given what that one was allowed. */
function keepRights(opened: number, { mode, uid, gid }: Stats): void {
  let kept = mode & 0o777;
  try {
    fchownSync(opened, uid, gid);
  } catch {
    kept &= 0o707;
  }
  fchmodSync(opened, kept);
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
