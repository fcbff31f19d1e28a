/**
 * Owns how a file that the user named becomes a source that places can point into, and how text inside a source is
 * addressed. Knows no file format.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { nearest, type Place, type Source, type ZrunError } from '../core/errors.js';
import { errorAt } from './report.js';

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
 * Reads a text file. `name` is what the user calls it (relative as given), `at` where it is named, if in a file.
 * Throws ZrunError `file-unreadable`.
 */
export async function readSource(cwd: string, name: string, at?: Place): Promise<Source> {
  try {
    const text = await readFile(path.resolve(cwd, name), 'utf8');
    return { name, text: text.replace(/^\uFEFF/, '') };
  } catch (error) {
    throw unreadable(name, error, at, await nearestFile(cwd, name));
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
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reasons: Readonly<Record<string, readonly [string, string | undefined]>> = {
    ENOENT: ['there is no such file', 'check the path; it is taken from the current directory'],
    EACCES: ['permission denied', undefined],
    EISDIR: ['it is a folder', 'name a file in it'],
    ENOTDIR: ['a part of its path is not a folder', undefined],
  };
  const [reason, hint] = reasons[code] ?? [cause instanceof Error ? cause.message : String(cause), undefined];
  const meant = code === 'ENOENT' && near !== undefined ? `did you mean '${near}'?` : undefined;
  const said = meant ?? (at ? undefined : hint);
  return errorAt(at, 'file-unreadable', `cannot read ${name}: ${reason}`, said, { cause });
}

/** A path as the user would write it from where they are. */
export function shownName(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  if (relative === '') return '.';
  return relative.startsWith(`..${path.sep}..`) ? file : relative;
}
