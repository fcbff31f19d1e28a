/**
 * Owns the way to a folder of the controller that files of hosts are put into: by the same rule as on hosts (see
 * `trusted-folder.ts` of the modules). A link is followed only where nobody but root and zrun's own user could have put it
 * there, or where it leads to what belongs to the one other user who could. Knows nothing of what is written there.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readlink, type FileHandle } from 'node:fs/promises';
import { platform } from 'node:os';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import { codeOf, ownUid } from '../core/local-files.js';

/** A folder that is held open, so that nobody can put another in its place. */
export interface OpenFolder {
  /** A path of a name in it. */
  at(name: string): string;
  close(): Promise<void>;
}

/** Linux only; open(2): holds a folder open that may be searched, though perhaps not read. */
const holdOnly = platform() === 'linux' ? 0o10000000 : 0;

interface Step {
  readonly handle: FileHandle;
  /** Where there is no /proc, names are as good as can be had. */
  readonly place: string;
}

/**
 * Goes to a folder, and makes those that are missing. Rejects with `task-failed` where the way leads through a link that
 * must not be followed, and as fs does.
 * @param folder absolute
 */
export async function openFolder(folder: string): Promise<OpenFolder> {
  let here = await enter('/', '/');
  try {
    const rest = folder.split('/').filter((part) => part !== '');
    for (let links = 0, name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '.') continue;
      const state = await here.handle.stat();
      const isOpen = (state.mode & 0o022) !== 0;
      const isTrusted = isOurs(state.uid) && !isOpen;
      const entry = name === '..' ? state : await entryOf(here, name);
      if (!entry.isSymbolicLink()) {
        here = await replace(here, name, constants.O_NOFOLLOW);
        continue;
      }
      if (++links > 40) throw refused(folder, name);
      const isSticky = (state.mode & 0o1000) !== 0 && isOurs(state.uid) && isOurs(entry.uid);
      if (isTrusted || isSticky) {
        const target = await readlink(at(here, name));
        rest.unshift(...target.split('/').filter((part) => part !== ''));
        if (target.startsWith('/')) here = await replace(here, '/', 0);
      } else {
        if (isOpen) throw refused(folder, name);
        here = await replace(here, name, 0);
        if ((await here.handle.stat()).uid !== state.uid) throw refused(folder, name);
      }
    }
  } catch (error) {
    await here.handle.close();
    throw error;
  }
  return { at: (name) => at(here, name), close: () => here.handle.close() };
}

const ours: ReadonlySet<number> = new Set([0, ownUid() ?? 0]);

function isOurs(uid: number): boolean {
  return ours.has(uid);
}

function at({ handle, place }: Step, name: string): string {
  return path.join(platform() === 'linux' ? `/proc/self/fd/${handle.fd}` : place, name);
}

async function entryOf(here: Step, name: string): Promise<Stats> {
  const file = at(here, name);
  try {
    return await lstat(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(file).catch((cause: unknown) => {
      // Another host of the same run makes the same folders.
      if (codeOf(cause) !== 'EEXIST') throw cause;
    });
    return lstat(file);
  }
}

async function enter(file: string, place: string, flags = 0): Promise<Step> {
  return { handle: await open(file, constants.O_RDONLY | constants.O_DIRECTORY | holdOnly | flags), place };
}

async function replace(here: Step, name: string, flags: number): Promise<Step> {
  const [file, place] = name === '/' ? ['/', '/'] : [at(here, name), path.join(here.place, name)];
  // `..` as the kernel has it: path.join would take the last part of a path that is a link to the folder.
  const next = await enter(name === '..' ? `${at(here, '.')}/..` : file, place, flags);
  await here.handle.close();
  return next;
}

function refused(folder: string, name: string): ZrunError {
  return new ZrunError(
    'task-failed',
    `${folder} on this machine passes through the link ${name}, which another user may have put there`,
    { hint: 'Nothing was written. Give the path without links, or one in a folder of your own.' },
  );
}
