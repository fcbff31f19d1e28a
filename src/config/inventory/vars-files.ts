/**
 * Owns `group_vars/` and `host_vars/`: which files in them belong to a group or a host, in what order they count, and
 * what they hold. Where two folders count after each other is for the inventory to know.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorAt, type Report } from '../source/findings.js';
import { readNamedSource, unreadable } from '../source/source.js';
import type { Keyring } from '../../secrets/keyring.js';
import { variablesOf, type InventoryVariable, type InventoryVariables } from './variable.js';
import { readSealedYaml } from '../yaml/sealed.js';
import { describeNode } from '../yaml/yaml.js';
import { codeOf } from '../../core/local-files.js';

/** In the order in which they are looked for. Source: Ansible's YAML_FILENAME_EXTENSIONS. */
const extensions = ['', '.yml', '.yaml', '.json'];

export interface VarsFolders {
  /** What a folder's `group_vars/` or `host_vars/` says of one name; empty where it says nothing. */
  read(folder: string, kind: 'group_vars' | 'host_vars', name: string): Promise<InventoryVariables>;
  /** The names that a folder's `group_vars/` or `host_vars/` may say something of. */
  names(folder: string, kind: 'group_vars' | 'host_vars'): Promise<readonly string[]>;
}

const none: InventoryVariables = new Map();

/** Reads each folder and file once. Errors in files are reported; `cwd` is for how files are called. */
export function createVarsFolders(cwd: string, keys: Keyring, report: Report, warn: Report): VarsFolders {
  const listings = new Map<string, Promise<ReadonlySet<string>>>();
  const contents = new Map<string, Promise<InventoryVariables>>();
  const shownName = (file: string): string => {
    const relative = path.relative(cwd, file);
    return relative.startsWith('..') ? file : relative;
  };

  const list = (folder: string): Promise<ReadonlySet<string>> =>
    remember(listings, folder, async () => {
      try {
        return new Set(await readdir(folder));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return new Set();
        if (codeOf(error) === 'ENOTDIR') {
          const message = `${shownName(folder)} is not a folder, and is not read`;
          warn(errorAt(undefined, 'file-unreadable', message));
          return new Set();
        }
        throw unreadable(shownName(folder), error);
      }
    });

  const readFiles = async (files: readonly string[]): Promise<InventoryVariables> => {
    const merged = new Map<string, InventoryVariable>();
    for (const file of files) {
      const vars = await remember(contents, file, () =>
        readVarsFile(shownName(file), cwd, keys, report, warn),
      );
      for (const [name, variable] of vars) merged.set(name, variable);
    }
    return merged;
  };

  return {
    async read(folder, kind, name) {
      const base = path.join(folder, kind);
      const listing = await list(base);
      const extension = extensions.find((one) => listing.has(name + one));
      if (extension === undefined) return none;
      const found = path.join(base, name + extension);
      return await remember(contents, `${found}/`, async () => readFiles(await filesOf(found)));
    },
    async names(folder, kind) {
      const listing = await list(path.join(folder, kind));
      return [...new Set([...listing].map((name) => name.replace(/\.(?:ya?ml|json)$/, '')))];
    },
  };
}

async function remember<T>(known: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const running = known.get(key) ?? work();
  known.set(key, running);
  return await running;
}

/** The file itself, or all files below a folder, by name: no hidden ones, no backups, only YAML and JSON. */
async function filesOf(found: string): Promise<readonly string[]> {
  const status = await stat(found).catch((error: unknown) => {
    throw unreadable(found, error);
  });
  if (!status.isDirectory()) return [found];
  const files: string[] = [];
  for (const name of (await readdir(found)).sort(byCodePoint)) {
    if (name.startsWith('.') || name.endsWith('~')) continue;
    const extension = path.extname(name);
    const inner = path.join(found, name);
    const isFolder = (await stat(inner).catch(() => undefined))?.isDirectory();
    if (isFolder === undefined) continue;
    if (isFolder ? extension === '' : extensions.includes(extension)) {
      files.push(...(isFolder ? await filesOf(inner) : [inner]));
    }
  }
  return files;
}

export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function readVarsFile(
  name: string,
  cwd: string,
  keys: Keyring,
  report: Report,
  warn: Report,
): Promise<InventoryVariables> {
  const source = await readNamedSource(cwd, name);
  const root = await readSealedYaml(source, report, { inventory: { warn }, keys });
  if (root?.kind === 'map') return variablesOf(root);
  if (root && !(root.kind === 'scalar' && root.value === null)) {
    report(
      errorAt(
        { ...root.at, end: root.at.start + 1 },
        'inventory-invalid',
        `a file of variables must be a map, but is ${describeNode(root)}`,
        "write 'name: value'",
      ),
    );
  }
  return none;
}
