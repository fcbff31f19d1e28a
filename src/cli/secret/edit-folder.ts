/**
 * Owns the folder that a text in clear is in while an editor has it: of this user alone, in memory where possible, and gone
 * afterwards. What a zrun that was killed has left is taken away by the next one.
 */
import { lstat, mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ownUid, whyUnwritable } from '../../core/local-files.js';
import { isGoing, keepClaim, writeClaim } from '../../report/run-claim.js';
import { visibleLine } from '../../report/visible.js';
import type { Environment } from '../environment.js';

interface EditFolder {
  /** Where the text belongs. */
  readonly path: string;
  /** False: it is on a disk. */
  readonly isInMemory: boolean;
  remove(): Promise<void>;
}

const namePattern = /^zrun-edit-[A-Za-z0-9]{6}$/;
const claimName = 'process.json';
const textName = 'text';

/** Throws as making a folder does. */
export async function makeEditFolder(env: Environment['env']): Promise<EditFolder> {
  for (const folder of await memoryFolders(env)) {
    // One that may not be written is none.
    const made = await claimIn(folder).catch(() => undefined);
    if (made) return { ...made, isInMemory: true };
  }
  return { ...(await claimIn(os.tmpdir())), isInMemory: false };
}

/** Seen by its name only once it says whose it is. */
async function claimIn(parent: string): Promise<Omit<EditFolder, 'isInMemory'>> {
  const fresh = await mkdtemp(path.join(parent, '.zrun-edit-'));
  const folder = path.join(parent, path.basename(fresh).slice(1));
  try {
    writeClaim(path.join(fresh, claimName));
    await mkdir(path.join(fresh, textName), { mode: 0o700 });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  const claim = keepClaim(path.join(folder, claimName));
  return {
    path: path.join(folder, textName),
    async remove() {
      // The text first: the claim says whose it is for as long as it is there.
      await rm(path.join(folder, textName), { recursive: true, force: true });
      claim.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Linux's magic number of tmpfs and ramfs: statfs(2). */
const memoryTypes: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

async function memoryFolders(env: Environment['env']): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of ['/dev/shm', env['XDG_RUNTIME_DIR']]) {
    const seen = folder ? await statfs(folder).catch(() => undefined) : undefined;
    if (folder && seen && memoryTypes.has(seen.type)) found.push(folder);
  }
  return found;
}

/** Takes away, and names, what edits have left whose zrun is not there any more. Never rejects. */
export async function removeLeftEdits({ env, stderr }: Environment): Promise<void> {
  for (const parent of new Set(['/dev/shm', env['XDG_RUNTIME_DIR'], os.tmpdir()])) {
    for (const folder of parent ? await leftIn(parent) : []) {
      const names = await readdir(path.join(folder, textName)).catch(() => []);
      const what = visibleLine(names.filter((name) => !name.startsWith('.')).join(', ')) || 'a text';
      const whose = `a zrun secret edit that was killed left ${what} in clear in ${folder}`;
      try {
        await rm(folder, { recursive: true, force: true });
        stderr.write(`note: ${whose}; it is removed now, with what was not saved encrypted\n`);
      } catch (error) {
        stderr.write(`warning: ${whose}, and it cannot be removed: ${whyUnwritable(error)}\n`);
      }
    }
  }
}

/** Folders of our own that nobody else can have put there, or put another in the place of. */
async function leftIn(parent: string): Promise<readonly string[]> {
  const self = ownUid();
  const seen = await stat(parent).catch(() => undefined);
  if (self === undefined || !seen) return [];
  const isSafe = (seen.mode & 0o022) === 0 || (seen.mode & 0o1000) !== 0;
  if (!isSafe || (seen.uid !== 0 && seen.uid !== self)) return [];
  const left: string[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    if (!namePattern.test(name)) continue;
    const folder = path.join(parent, name);
    const found = await lstat(folder).catch(() => undefined);
    const isOurs = found?.isDirectory() === true && found.uid === self && (found.mode & 0o777) === 0o700;
    if (isOurs && !isGoing(path.join(folder, claimName))) left.push(folder);
  }
  return left;
}
