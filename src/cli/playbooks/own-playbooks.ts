/**
 * Owns the playbooks that zrun brings: their names, what each is for, and the files that it needs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { whyUnwritable } from '../../core/local-files.js';
import type { Environment } from '../environment.js';

export interface OwnPlaybook {
  readonly name: string;
  readonly file: string;
  /** The first sentence of the file's comment. */
  readonly summary: string;
}

/** Folders beside each other: of the playbooks, and of what they name. */
const playbooksFolder = 'playbooks';
const partFolders = ['playbooks/tasks', 'playbooks/vars', 'templates'] as const;

/** In alphabetical order. Throws ZrunError `file-unreadable`. */
export function listOwnPlaybooks(environment: Environment): readonly OwnPlaybook[] {
  const folder = path.join(ownFolder(environment), playbooksFolder);
  return namesIn(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({
      name: file.replace(/\.yaml$/, ''),
      file: path.join(folder, file),
      summary: summarize(readFileSync(path.join(folder, file), 'utf8')),
    }));
}

/**
 * The playbook and all that it and its parts name, by their paths below the folder that `ownFolder` gives, with their
 * texts. Comments do not count.
 */
export function partsOf(playbook: OwnPlaybook, environment: Environment): ReadonlyMap<string, string> {
  const root = ownFolder(environment);
  const candidates = partFolders.flatMap((folder) =>
    namesIn(path.join(root, folder)).map((name) => ({ name, file: `${folder}/${name}` })),
  );
  const found = new Map<string, string>();
  const take = (file: string): void => {
    if (found.has(file)) return;
    const text = readFileSync(path.join(root, file), 'utf8');
    found.set(file, text);
    const words = new Set(text.replaceAll(/^\s*#.*$/gm, '').match(/[\w.-]+/g));
    for (const part of candidates) if (words.has(part.name)) take(part.file);
  };
  take(`${playbooksFolder}/${playbook.name}.yaml`);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ownFolder(environment: Environment): string {
  try {
    return environment.ownFolder();
  } catch (error) {
    const why = whyUnwritable(error);
    throw new ZrunError('file-unreadable', `zrun's own playbooks cannot be unpacked: ${why}`, {
      hint: 'Set XDG_CACHE_HOME to a folder that can be written.',
      cause: error,
    });
  }
}

/** Nothing where there is no such folder: the bundle works by itself, and then brings no playbook. */
function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/** `# Moves a host (or two): with all that it has. Nothing is lost.` → `Moves a host.` */
function summarize(text: string): string {
  const comment = /^(?:#.*\n)*/.exec(text)?.[0] ?? '';
  const [paragraph = ''] = comment.replace(/^# ?/gm, '').split(/\n\s*\n/);
  const words = paragraph.replaceAll('\n', ' ').replaceAll(/ \([^)]*\)/g, '');
  return `${/^.*?(?=[.:](?: |$))/.exec(words)?.[0] ?? words}.`;
}
