/**
 * Owns how files of the controller are read for tasks: once for all hosts that get them. A file is read anew where it has
 * changed meanwhile (a task may have made it); a folder is walked once a run.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import type { ControllerEntry, ControllerFolder } from '../core/module.js';

export interface ControllerFiles {
  /** Throws what node:fs throws. */
  read(file: string): Promise<Buffer>;
  /** Undefined where it is no folder. Throws ZrunError `file-unreadable`, and what node:fs throws. */
  readFolder(folder: string): Promise<ControllerFolder | undefined>;
}

interface Known {
  /** What changes when the file does. */
  readonly version: string;
  /** Large files stay in memory only as long as some host still needs them. */
  readonly content: WeakRef<Promise<Buffer>>;
}

export function createControllerFiles(): ControllerFiles {
  const files = new Map<string, Known>();
  const folders = new Map<string, Promise<ControllerFolder>>();

  async function read(file: string): Promise<Buffer> {
    const { ino, dev, size, mtimeNs } = await stat(file, { bigint: true });
    const version = [dev, ino, size, mtimeNs].join(' ');
    const known = files.get(file);
    const content = known?.version === version ? known.content.deref() : undefined;
    if (content) return content;
    const fresh = readFile(file);
    files.set(file, { version, content: new WeakRef(fresh) });
    return fresh;
  }

  return {
    read,
    async readFolder(folder) {
      if (!(await stat(folder)).isDirectory()) return undefined;
      const known = folders.get(folder) ?? walk(folder);
      folders.set(folder, known);
      return known;
    },
  };
}

/** As Ansible's copy: links are followed, and empty folders count. */
async function walk(root: string): Promise<ControllerFolder> {
  const entries: ControllerEntry[] = [];
  const visit = async (folder: string, relative: string, above: readonly string[]): Promise<void> => {
    const real = await realpath(folder);
    if (above.includes(real))
      throw new ZrunError('file-unreadable', `${folder} is a link back to a folder that holds it`, {
        hint: 'A folder is copied with what its links lead to; this one would have no end.',
      });
    for (const name of (await readdir(folder)).sort()) {
      const file = path.join(folder, name);
      const below = relative === '' ? name : `${relative}/${name}`;
      const found = await stat(file);
      if (found.isDirectory()) {
        entries.push({ type: 'directory', path: below });
        await visit(file, below, [...above, real]);
      } else if (found.isFile()) entries.push({ type: 'file', path: below, content: await readFile(file) });
      else
        throw new ZrunError('file-unreadable', `${file} is neither a file nor a folder`, {
          hint: 'Sockets, pipes and devices cannot be copied. Take it out of the folder.',
        });
    }
  };
  await visit(root, '', []);
  return { entries };
}
