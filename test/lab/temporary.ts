// Owns folders that are filled out of sight and moved into place when they are whole, so that a build that is
// interrupted at any moment leaves nothing that looks finished.
import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { bornAt } from './lock.js';
import { asRoot, exec, run } from './process.js';
import { killQemuIn } from './qemu.js';

const prefix = '.tmp-';

/** Removes a folder and what is in it, files of root too; stops at other file systems. */
export async function removeFolder(folder: string): Promise<void> {
  await killQemuIn(folder);
  const remove = ['rm', '-rf', '--one-file-system', '--', folder];
  // Only what an image's build leaves belongs to root: nobody is asked for a password to take a host down.
  if ((await exec(remove)).code !== 0) await run(asRoot(remove));
}

/** What builds left behind whose process is gone. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(name.slice(prefix.length));
    if (!name.startsWith(prefix) || (pid !== process.pid && (await bornAt(pid)) !== undefined)) continue;
    await removeFolder(path.join(parent, name));
  }
}

/** Has `fill` make the contents in a temporary folder, then moves it to `target`. Call it under the lab's lock. */
export async function buildFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(target);
  await mkdir(parent, { recursive: true });
  await removeLeftovers(parent);
  const folder = path.join(parent, `${prefix}${process.pid}`);
  await mkdir(folder);
  try {
    await fill(folder);
    await rename(folder, target);
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}
