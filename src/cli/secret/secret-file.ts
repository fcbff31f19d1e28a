/**
 * Owns how `zrun secret` reads and writes files: whole or not at all, with the mode that they have.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, fstatSync } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError, type Place } from '../../core/errors.js';
import { unwritable, whyUnreadable } from '../../core/local-files.js';
import { ageMagic, armorBytes } from '../../secrets/age.js';

export interface ReadFile {
  /** Absolute, links followed. */
  readonly file: string;
  /** As the user wrote it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Of a binary file of age, the armored text that says the same. */
  readonly text: string;
  readonly mode: number;
}

/** The first line. */
export function beginningOf({ name, text }: ReadFile): Place {
  return { source: { name, text }, start: 0, end: Math.max(1, text.indexOf('\n')) };
}

export function notSealed({ name, text }: ReadFile): ZrunError {
  if (/^\s*"?sops"?:/m.test(text))
    return new ZrunError('usage', `${name} is a file of SOPS`, {
      hint: `sops ${name} edits it; runs read it as it is`,
    });
  const hint = /!(?:vault|age)\b/.test(text)
    ? 'it holds single values that are: zrun secret rekey takes those, and runs open them'
    : undefined;
  return new ZrunError('usage', `${name} is not encrypted`, { hint });
}

/** Files are small: what is larger is hardly meant. */
const mostBytes = 256 * 1024 * 1024;

/** `-` is standard input. Throws ZrunError `file-unreadable`. */
export async function readSecretFile(name: string, cwd: string): Promise<ReadFile> {
  try {
    const file = name === '-' ? '/dev/stdin' : await realpath(path.resolve(cwd, name));
    const seen = name === '-' ? fstatSync(0) : await stat(file);
    if (name !== '-' && !seen.isFile())
      throw new Error(seen.isDirectory() ? 'it is a folder' : 'it is not a file');
    if (seen.size > mostBytes) throw new Error('it is larger than 256 MiB');
    // By its number: a socket cannot be opened by a name.
    const bytes = await (name === '-' ? readInput() : readFile(file));
    const isBinaryAge = bytes.subarray(0, ageMagic.length).toString('latin1') === ageMagic;
    const text = isBinaryAge ? armorBytes(bytes) : bytes.toString('utf8');
    return { file, name, bytes, text, mode: name === '-' ? 0o600 : seen.mode & 0o777 };
  } catch (error) {
    const shown = name === '-' ? 'standard input' : name;
    const why = whyUnreadable(error, name === '-' ? { EBADF: 'it is closed' } : {});
    throw new ZrunError('file-unreadable', `cannot read ${shown}: ${why}`, { cause: error });
  }
}

async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const input = createReadStream('/dev/stdin', { fd: 0, autoClose: false });
  for await (const piece of input as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > mostBytes) throw new Error('it is larger than 256 MiB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Another file of the folder takes its place once all of it is on the disk. Throws ZrunError `file-unreadable`. */
export async function replaceFile(
  file: string,
  name: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = path.join(path.dirname(file), `.zrun-${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(name, error);
  }
}
