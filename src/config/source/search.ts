/**
 * Owns how a name in a playbook becomes a file of the controller: the folders in their order, names that only the run
 * can complete, and what is said if there is none.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { nearest, type Place } from '../../core/errors.js';
import { withGaps } from '../../core/glob.js';
import { compileRegex, type Regex } from '../../core/regex.js';
import { errorAt } from './findings.js';
import { shownName, unreadable } from './source.js';

/**
 * Looks for a file in one folder after the other; `endings` are tried besides the name itself. Throws ZrunError
 * `file-unreadable`.
 */
export async function findFile(
  what: string,
  name: string,
  folders: readonly string[],
  cwd: string,
  at: Place | undefined,
  endings: readonly string[] = [],
): Promise<string> {
  if (path.isAbsolute(name)) {
    const candidates = ['', ...endings].map((ending) => `${name}${ending}`);
    const file = (await firstFile(candidates)) ?? (await firstFolder(candidates));
    if (file !== undefined) return file;
    throw unreadable(name, Object.assign(new Error('missing'), { code: 'ENOENT' }), at);
  }
  const distinct = [...new Set(folders.map((folder) => path.normalize(folder)))];
  const candidates = distinct.flatMap((folder) =>
    ['', ...endings].map((ending) => path.join(folder, `${name}${ending}`)),
  );
  const file = (await firstFile(candidates)) ?? (await firstFolder(candidates));
  if (file !== undefined) return file;
  const near = nearest(name, (await Promise.all(distinct.map(namesIn))).flat());
  const looked = distinct.map((folder) => shownName(folder, cwd)).join(', ');
  const hint =
    near === undefined ? `looked for it in ${looked}` : `did you mean '${near}'? (looked in ${looked})`;
  throw errorAt(at, 'file-unreadable', `there is no ${what} '${name}'`, hint);
}

/** The first of these that is there, and is no folder. */
export async function firstFile(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if ((await kindOf(file)) === 'file') return file;
  return undefined;
}

/** The first of these that is a folder. */
export async function firstFolder(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if ((await kindOf(folder)) === 'folder') return folder;
  return undefined;
}

export async function kindOf(file: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

/** What a folder holds, in alphabetical order; nothing if it is none. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

/** More files than this no template stands for. */
const mostForeseen = 100;

/** The files that a name may come to stand for whose templates (`{{…}}`) only the run can render. */
export async function foreseeFiles(name: string, folders: readonly string[]): Promise<readonly string[]> {
  const segments = name.replaceAll(/\{\{\{?[\s\S]*?\}?\}\}/g, '\0').split('/');
  let places = path.isAbsolute(name) ? ['/'] : [...new Set(folders.map((folder) => path.normalize(folder)))];
  for (const segment of segments.filter((one) => one !== '')) {
    const next: string[] = [];
    for (const place of places) {
      if (!segment.includes('\0')) next.push(path.join(place, segment));
      else {
        const form = formOf(segment);
        next.push(
          ...(await namesIn(place)).filter((one) => form.test(one)).map((one) => path.join(place, one)),
        );
      }
    }
    places = next.slice(0, mostForeseen);
  }
  const files: string[] = [];
  for (const place of places) if ((await kindOf(place)) !== undefined) files.push(place);
  return files;
}

function formOf(segment: string): Pick<Regex, 'test'> {
  return compileRegex(`(?s)^${withGaps(segment.split('\0'))}$`);
}
