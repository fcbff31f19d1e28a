/**
 * Owns what all rooms need of the machine that zrun runs on: folders that are made, and which user it is.
 */
import { mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';

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
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || parent === folder) throw error;
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
