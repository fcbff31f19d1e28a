/**
 * Owns which files of a folder of variables are taken: all of a role's, and those that `include_vars` chooses of a `dir`.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../../../core/errors.js';
import { compileRegex, RegexError, type Regex } from '../../../core/regex.js';
import type { PlacedText } from '../reading/fields.js';
import type { Site } from '../reading/site.js';
import { errorAt } from '../../source/findings.js';
import { kindOf, namesIn } from '../../source/search.js';
import { shownName } from '../../source/source.js';
import type { MapEntry } from '../../yaml/yaml.js';

export const folderOptions = [
  'depth',
  'extensions',
  'files_matching',
  'ignore_files',
  'ignore_unknown_extensions',
] as const;

/** What `include_vars` says of the files of its `dir`. */
interface FolderChoice {
  /** How many floors of folders are looked at; 1 is the folder alone, 0 is all. */
  readonly depth: number;
  readonly extensions: readonly string[];
  readonly wanted: readonly Regex[];
  readonly ignored: readonly Regex[];
  /** Files with other extensions are passed over, and are no mistake. */
  readonly passesOthers: boolean;
}

export function readFolderChoice(options: ReadonlyMap<string, MapEntry>, site: Site): FolderChoice {
  const { read } = site;
  const texts = (name: (typeof folderOptions)[number]): readonly PlacedText[] | undefined => {
    const entry = options.get(name);
    return entry && read.texts(entry);
  };
  const depth = options.get('depth');
  const passes = options.get('ignore_unknown_extensions');
  const matching = texts('files_matching') ?? [];
  const ignored = texts('ignore_files') ?? [];
  return {
    depth: (depth && read.number(depth, { least: 0, whole: true })) ?? 0,
    extensions: texts('extensions')?.map(({ text }) => text) ?? ['yaml', 'yml', 'json'],
    wanted: matching.flatMap(({ text, at }) => readRegex(text, at, site)),
    // As in Ansible, one text may hold several, and each is about the end of a name.
    ignored: ignored.flatMap(({ text, at }) =>
      (options.get('ignore_files')?.value.kind === 'list' ? [text] : text.split(/\s+/))
        .filter((one) => one !== '')
        .flatMap((one) => readRegex(`(?:${one})$`, at, site)),
    ),
    passesOthers: (passes && read.boolean(passes)) ?? false,
  };
}

function readRegex(text: string, at: Place, { context }: Site): readonly Regex[] {
  try {
    return [compileRegex(text)];
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    context.report(
      errorAt(at, 'playbook-invalid', `'${text}' is no regular expression: ${error.reason}`, error.hint),
    );
    return [];
  }
}

/**
 * As Ansible goes: the files of each folder before those of the folders in it. Of those that it does not want, an
 * extension that says that a file holds no variables is reported.
 */
export async function chooseFiles(
  root: string,
  { depth, extensions, wanted, ignored, passesOthers }: FolderChoice,
  at: Place,
  { context }: Site,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of await foldersBelow(root, depth)) {
    for (const name of await namesIn(folder)) {
      const file = path.join(folder, name);
      if ((await kindOf(file)) !== 'file') continue;
      if (!wanted.every((one) => one.test(name)) || ignored.some((one) => one.test(name))) continue;
      if (extensions.includes(path.extname(name).slice(1))) files.push(file);
      else if (!passesOthers) {
        const shown = shownName(file, context.cwd);
        const known = extensions.map((one) => (one === '' ? 'none' : `.${one}`)).join(', ');
        const message = `${shown} has another extension than these: ${known}`;
        const hint = 'ignore_files or ignore_unknown_extensions: true passes over it';
        context.report(errorAt(at, 'file-unreadable', message, hint));
      }
    }
  }
  return files;
}

/** Itself and those in it, links followed, each before those in it. */
async function foldersBelow(
  folder: string,
  depth: number,
  above: readonly string[] = [],
): Promise<readonly string[]> {
  const real = await realpath(folder);
  if (above.includes(real)) return [];
  if (depth === above.length + 1) return [folder];
  const found = [folder];
  for (const name of await namesIn(folder)) {
    const inner = path.join(folder, name);
    if ((await kindOf(inner)) === 'folder')
      found.push(...(await foldersBelow(inner, depth, [...above, real])));
  }
  return found;
}

/** Every file of variables in a folder and the folders in it, in alphabetical order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of await namesIn(folder)) {
    const file = path.join(folder, name);
    if (/\.(?:ya?ml|json)$/.test(name)) files.push(file);
    else if (!name.startsWith('.')) files.push(...(await filesBelow(file)));
  }
  return files;
}
