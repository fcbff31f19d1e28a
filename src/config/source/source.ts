/**
 * Owns how a file that the user named becomes a source that places can point into, and how text inside a source is
 * addressed. Knows no file format.
 */
import { constants, openSync, type BigIntStats, type Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import path from 'node:path';
import { nearest, ZrunError, type Place, type Source } from '../../core/errors.js';
import { codeOf, whyUnreadable } from '../../core/local-files.js';
import { onAbort } from '../../core/signals.js';
import { ageMagic, armorBytes } from '../../secrets/age.js';
import { errorAt } from './findings.js';

/** A piece of a source whose own offsets can be mapped to places: a scalar's value, or a whole file. */
export interface PositionedText {
  readonly text: string;
  readonly at: Place;
  /** The place of a half-open range of offsets in `text`. */
  inside(start: number, end: number): Place;
}

/** A source's whole text. */
export function wholeText(source: Source): PositionedText {
  return {
    text: source.text,
    at: { source, start: 0, end: source.text.length },
    inside: (start, end) => ({ source, start, end }),
  };
}

/** Text that stands in no file: its place is itself. */
export function looseText(name: string, text: string): PositionedText {
  return wholeText({ name, text });
}

/**
 * Reads a text file of the command line, which may be a pipe. `name` is what the user calls it (relative as given).
 * Throws ZrunError `file-unreadable`; `interrupted` where the signal ends the wait for a pipe's writer.
 */
export async function readSource(cwd: string, name: string, signal?: AbortSignal): Promise<Source> {
  return sourceOf(cwd, name, async (file) =>
    (await stat(file)).isFIFO() ? readPipe(file, signal) : readWhole(file),
  );
}

/** Reads a text file that a folder or another file names. Throws ZrunError `file-unreadable`. */
export async function readNamedSource(cwd: string, name: string): Promise<Source> {
  return sourceOf(cwd, name, readNamedFile);
}

async function sourceOf(cwd: string, name: string, read: (file: string) => Promise<string>): Promise<Source> {
  try {
    return { name, text: (await read(path.resolve(cwd, name))).replace(/^\uFEFF/, '') };
  } catch (error) {
    if (error instanceof ZrunError) throw error;
    throw unreadable(name, error, undefined, await nearestFile(cwd, name));
  }
}

/** Throws as stat() and readFile() do, and for what may never end. */
export async function readNamedFile(file: string): Promise<string> {
  refuseEndless(await stat(file));
  return (await readWhole(file)).replace(/^\uFEFF/, '');
}

async function readWhole(file: string): Promise<string> {
  return textOf(await readFile(file));
}

/** What age encrypted may not be text; there is one that says the same. */
function textOf(bytes: Buffer): string {
  const isAge = bytes.subarray(0, ageMagic.length).toString('latin1') === ageMagic;
  return isAge ? armorBytes(bytes) : bytes.toString('utf8');
}

/** Throws an Error for a pipe or a device. Those on the command line are made for one run; others may never end. */
export function refuseEndless(seen: Pick<Stats | BigIntStats, 'isFile' | 'isDirectory'>): void {
  if (!seen.isFile() && !seen.isDirectory()) throw new Error('it is a pipe or a device, not a file');
}

/** Bytes. Far more than a playbook or an inventory holds. */
const mostOfPipe = 64 * 1024 * 1024;

/** `-i <(program)`. Opened so that a writer who never comes, or never ends, can be waited for and left. */
async function readPipe(file: string, signal: AbortSignal | undefined): Promise<string> {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: true, writable: false });
  const cut = (): void => void pipe.destroy(new ZrunError('interrupted', 'the run was stopped'));
  const forget = signal && onAbort(signal, cut);
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of pipe as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > mostOfPipe) throw new Error('it does not end');
      pieces.push(piece);
    }
    return textOf(Buffer.concat(pieces));
  } finally {
    forget?.();
    pipe.destroy();
  }
}

/** What the user may have meant: a file of the same folder. */
async function nearestFile(cwd: string, name: string): Promise<string | undefined> {
  const names = await readdir(path.dirname(path.resolve(cwd, name))).catch(() => []);
  const near = nearest(path.basename(name), names);
  return near === undefined ? undefined : path.join(path.dirname(name), near);
}

/** Says why a file cannot be read in the user's words. */
export function unreadable(name: string, cause: unknown, at?: Place, near?: string): ZrunError {
  const code = codeOf(cause) ?? '';
  const hints: Readonly<Record<string, string>> = {
    ENOENT: 'check the path; it is taken from the current directory',
    EISDIR: 'name a file in it',
  };
  const meant = code === 'ENOENT' && near !== undefined ? `did you mean '${near}'?` : undefined;
  const said = meant ?? (at ? undefined : hints[code]);
  return errorAt(at, 'file-unreadable', `cannot read ${name}: ${whyUnreadable(cause)}`, said, { cause });
}

/** A path as the user would write it from where they are. */
export function shownName(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  if (relative === '') return '.';
  return relative.startsWith(`..${path.sep}..`) ? file : relative;
}
