/**
 * Owns what `-i` may name: a file in one of the formats, a program, a folder of them, or names with commas. Which it is,
 * is found out as Ansible does it, but what cannot be read is an error and not passed over.
 */
import { constants } from 'node:fs';
import { access, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Source, ZrunError } from '../../core/errors.js';
import type { InventoryBuilder } from './builder.js';
import { readHostList } from './host-list.js';
import { readIniInventory } from './ini.js';
import { readProgramInventory } from './script.js';
import { byCodePoint } from './vars-files.js';
import { readYamlInventory } from './yaml.js';
import { errorAt } from '../source/findings.js';
import { readSource, unreadable } from '../source/source.js';
import { ageMagic } from '../../secrets/age.js';
import type { Keyring } from '../../secrets/keyring.js';
import { openSource, readSealedYaml } from '../yaml/sealed.js';
import type { YamlNode } from '../yaml/yaml.js';
import { codeOf } from '../../core/local-files.js';

interface SourceOptions {
  readonly cwd: string;
  readonly programTimeoutMs: number;
  readonly keys: Keyring;
  /** Ends programs when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The folder whose `group_vars/` and `host_vars/` belong to the source; undefined for names with commas. */
export async function readInventorySource(
  name: string,
  options: SourceOptions,
  builder: InventoryBuilder,
): Promise<string | undefined> {
  const file = path.resolve(options.cwd, name);
  const found = await stat(file).catch((error: unknown) => {
    if (name.includes(',')) return undefined;
    throw missingSource(name, error);
  });
  if (!found) {
    builder.beginSource(undefined);
    readHostList(name, builder);
    return undefined;
  }
  if (!found.isDirectory()) {
    await readInventoryFile(name, file, options, builder);
    return path.dirname(file);
  }
  await readFolder(name, file, options, builder);
  return file;
}

function missingSource(name: string, error: unknown): Error {
  const isName = /^[\w.-]+$/.test(name) && !/\.(?:ya?ml|json|ini|sh|py)$/.test(name);
  if (!isName || codeOf(error) !== 'ENOENT') return unreadable(name, error);
  return errorAt(
    undefined,
    'file-unreadable',
    `cannot read ${name}: there is no such file`,
    `check the path; to name a host, add a comma: -i ${name},`,
    { cause: error },
  );
}

/** Source: INVENTORY_IGNORE_EXTS of Ansible 2.19, which reads .ini, and the names that its inventory manager always passes over. */
const ignored =
  /^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)|~)$/;

async function readFolder(
  name: string,
  folder: string,
  options: SourceOptions,
  builder: InventoryBuilder,
): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  for (const entry of entries.sort(byCodePoint)) {
    const shown = path.join(name, entry);
    if (ignored.test(entry)) continue;
    const inner = path.join(folder, entry);
    const found = await stat(inner).catch((error: unknown) => {
      throw unreadable(shown, error);
    });
    if (found.isDirectory()) await readFolder(shown, inner, options, builder);
    else await readInventoryFile(shown, inner, options, builder);
  }
}

async function readInventoryFile(
  name: string,
  file: string,
  { cwd, programTimeoutMs, signal, keys }: SourceOptions,
  builder: InventoryBuilder,
): Promise<void> {
  builder.beginSource(file);
  const beginning = await readBeginning(name, file);
  if (beginning.startsWith('#!') || (beginning.includes('\0') && !beginning.startsWith(ageMagic))) {
    if (!(await isExecutable(file))) {
      throw errorAt(
        undefined,
        'inventory-invalid',
        `${name} is a program, but may not be executed`,
        `chmod +x ${name}`,
      );
    }
    await readProgramInventory(file, name, { cwd, timeoutMs: programTimeoutMs, signal, keys }, builder);
    return;
  }
  const source = await openSource(await readSource(cwd, name, signal), keys, builder.report);
  if (!source) return;
  const extension = path.extname(name);
  if (extension === '.toml') {
    throw errorAt(
      undefined,
      'inventory-invalid',
      `${name} is TOML, which zrun does not read`,
      `'ansible-inventory -i ${name} --list --yaml --export' writes it as YAML`,
    );
  }
  if (['.yml', '.yaml', '.json'].includes(extension)) await readYamlOrIni(source, keys, builder, 'yaml');
  else if (extension === '')
    await readYamlOrIni(source, keys, builder, looksLikeYaml(source) ? 'yaml' : 'ini');
  else readIniInventory(source, builder);
}

/**
 * As Ansible tries it: YAML first, then INI; if both fail, reports `meant`'s errors.
 */
async function readYamlOrIni(
  source: Source,
  keys: Keyring,
  builder: InventoryBuilder,
  meant: 'yaml' | 'ini',
): Promise<void> {
  const errors: ZrunError[] = [];
  const warnings: ZrunError[] = [];
  const root = await readSealedYaml(source, (error) => errors.push(error), {
    keys,
    inventory: { warn: (warning) => warnings.push(warning) },
  });
  const isYaml = errors.length === 0 && root !== undefined && (root.kind === 'map' || isNothing(root));
  if (!isYaml && (meant === 'ini' || looksLikeIni(source))) {
    readIniInventory(source, builder);
    return;
  }
  errors.forEach(builder.report);
  warnings.forEach(builder.warn);
  if (root && errors.length === 0) readYamlInventory(root, builder);
}

function isNothing(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function firstLine({ text }: Source): string {
  return /^(?!\s*(?:[#;]|$)).*$/m.exec(text)?.[0].trim() ?? '';
}

function looksLikeYaml(source: Source): boolean {
  const line = firstLine(source);
  return line === '---' || line.startsWith('{') || /^["']?[\w .-]+["']?:(?:\s|$)/.test(line);
}

function looksLikeIni(source: Source): boolean {
  return /^\[[^\]\s]+\]$/.test(firstLine(source));
}

/** Enough to tell a program from a text. Nothing of what can be read only once, such as a pipe. */
async function readBeginning(name: string, file: string): Promise<string> {
  if (!(await stat(file)).isFile()) return '';
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await handle.close();
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
