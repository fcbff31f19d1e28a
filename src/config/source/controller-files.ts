/**
 * Owns how files of the controller are read for tasks: once for all hosts that get them. A file is read anew where it has
 * changed meanwhile (a task may have made it); a folder is walked once a run. What is large is hashed once, not held in
 * memory, and read again where it is sent.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { contentOf, type Content } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import { refuseEndless } from './source.js';
import type { ControllerEntry, ControllerFolder } from '../../core/module.js';

interface ControllerFiles {
  /** Throws what node:fs throws. */
  read(file: string): Promise<Buffer>;
  /** As `read`, for a file of any size. */
  open(file: string): Promise<Content>;
  /** Undefined where it is no folder. Throws ZrunError `file-unreadable`, and what node:fs throws. */
  readFolder(folder: string): Promise<ControllerFolder | undefined>;
}

/** Bytes of a file that is held in memory. */
const largestHeld = 1024 * 1024;

/** Of a folder, files of up to so many bytes are held, and up to so many bytes of it in all. */
const [largestHeldInFolder, mostHeldOfFolder] = [64 * 1024, 16 * 1024 * 1024];

/** What is known of a file, as long as it does not change. */
interface Known<T extends object> {
  /** What changes when the file does. */
  readonly version: string;
  /** Stays in memory only as long as some host still needs it. */
  readonly value: WeakRef<Promise<T>>;
}

export function createControllerFiles(): ControllerFiles {
  const bytes = new Map<string, Known<Buffer>>();
  const held = new Map<string, Known<Content>>();
  const streamed = new Map<string, { readonly version: string; readonly content: Promise<Content> }>();
  const folders = new Map<string, Promise<ControllerFolder>>();

  async function versionOf(file: string): Promise<{ readonly version: string; readonly size: number }> {
    const seen = await stat(file, { bigint: true });
    refuseEndless(seen);
    const { ino, dev, size, mtimeNs } = seen;
    return { version: [dev, ino, size, mtimeNs].join(' '), size: Number(size) };
  }

  function once<T extends object>(
    known: Map<string, Known<T>>,
    file: string,
    version: string,
    make: () => Promise<T>,
  ): Promise<T> {
    const before = known.get(file);
    const value = before?.version === version ? before.value.deref() : undefined;
    if (value) return value;
    const fresh = make();
    known.set(file, { version, value: new WeakRef(fresh) });
    return fresh;
  }

  return {
    async read(file) {
      const { version } = await versionOf(file);
      return once(bytes, file, version, () => readFile(file));
    },
    async open(file) {
      const { version, size } = await versionOf(file);
      if (size <= largestHeld) return once(held, file, version, async () => contentOf(await readFile(file)));
      const before = streamed.get(file);
      if (before?.version === version) return before.content;
      const content = hashFile(file).then((found) => streamedContent(file, found));
      streamed.set(file, { version, content });
      content.catch(() => streamed.delete(file));
      return content;
    },
    async readFolder(folder) {
      if (!(await stat(folder)).isDirectory()) return undefined;
      const known = folders.get(folder) ?? walk(folder);
      folders.set(folder, known);
      return known;
    },
  };
}

interface Hashed {
  readonly size: number;
  readonly sha256: string;
}

function streamedContent(file: string, hashed: Hashed): Content {
  const input = { length: hashed.size, read: () => readAgain(file, hashed) };
  return { ...hashed, bytes: undefined, input };
}

async function hashFile(file: string): Promise<Hashed> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of piecesOf(file)) {
    hash.update(piece);
    size += piece.length;
  }
  return { size, sha256: hash.digest('hex') };
}

/** The same bytes as before, or ZrunError `file-unreadable` before the last of them. */
async function* readAgain(file: string, { size, sha256 }: Hashed): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let left = size;
  let last: Uint8Array | undefined;
  for await (const piece of piecesOf(file)) {
    left -= piece.length;
    if (left < 0) throw changed(file);
    hash.update(piece);
    if (last) yield last;
    last = piece;
  }
  if (left > 0 || hash.digest('hex') !== sha256) throw changed(file);
  if (last) yield last;
}

function piecesOf(file: string): AsyncIterable<Buffer> {
  return createReadStream(file, { highWaterMark: 256 * 1024 });
}

function changed(file: string): ZrunError {
  return new ZrunError('file-unreadable', `${file} has changed while it was being copied`, {
    hint: 'Nothing of it was put in its place. Let whatever writes it finish, and run this again.',
  });
}

/** As Ansible's copy: links are followed, and empty folders count. */
async function walk(root: string): Promise<ControllerFolder> {
  const entries: ControllerEntry[] = [];
  let held = 0;
  const contentOfFile = async (file: string, size: number): Promise<Content> => {
    if (size > largestHeldInFolder || held + size > mostHeldOfFolder)
      return streamedContent(file, await hashFile(file));
    held += size;
    return contentOf(await readFile(file));
  };
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
      } else if (found.isFile())
        entries.push({ type: 'file', path: below, content: await contentOfFile(file, found.size) });
      else
        throw new ZrunError('file-unreadable', `${file} is neither a file nor a folder`, {
          hint: 'Sockets, pipes and devices cannot be copied. Take it out of the folder.',
        });
    }
  };
  await visit(root, '', []);
  return { entries };
}
