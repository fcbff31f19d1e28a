/**
 * Owns where an executable's own files are: inside of it, as assets (Node's single executable applications). Playbooks and
 * templates are unpacked into the user's cache when one is asked for, since a run reads them as it reads everybody's, and
 * the user may want to read them too. What lies there is compared with what is inside, each time: it is never trusted.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { getAsset, getRawAsset } from 'node:sea';
import path from 'node:path';
import { makeFolder } from '../../core/local-files.js';
import type { OwnFiles } from './own-files.js';
import { openParts, type BundlePart } from './parts.js';

export function openOwnFiles(): OwnFiles {
  return {
    version: () => textOf('version'),
    bundle: () => openParts(openPart),
    folder: unpack,
  };
}

function openPart(name: string): BundlePart {
  return {
    // As if it lay in a folder of its own: nothing is read from there.
    file: `/zrun/${name}`,
    source: () => textOf(name),
    // By the Node that it is inside of.
    compiled: () => bytesOf(`${name}.compiled`),
    keepCompiled: () => undefined,
    readMap: () => textOf(`${name}.map`),
  };
}

function textOf(name: string): string {
  return getAsset(name, 'utf8');
}

function bytesOf(name: string): Buffer {
  const raw = getRawAsset(name);
  return typeof raw === 'string' ? Buffer.from(raw, 'latin1') : Buffer.from(raw);
}

/** Written beside its place and then renamed, so that a run at the same time finds all of it or nothing. */
function unpack(cache: string): string {
  const archive = textOf('own-files.json');
  const files = Object.entries(JSON.parse(archive) as Readonly<Record<string, string>>);
  const hash = createHash('sha256').update(archive).digest('hex').slice(0, 12);
  const folder = path.join(cache, 'zrun', `own-${textOf('version')}-${hash}`);
  const isWhole = files.every(([name, text]) => isSame(path.join(folder, name), text));
  if (isWhole) return folder;
  try {
    makeFolder(path.dirname(folder));
    const fresh = mkdtempSync(`${folder}.`);
    for (const [name, text] of files) {
      const file = path.join(fresh, name);
      makeFolder(path.dirname(file));
      writeFileSync(file, text);
    }
    // What is there is not what was unpacked.
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    return folder;
  } catch (error) {
    // Another run may have been faster.
    if (files.every(([name, text]) => isSame(path.join(folder, name), text))) return folder;
    throw error;
  }
}

function isSame(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}
