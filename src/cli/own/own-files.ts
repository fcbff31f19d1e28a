/**
 * Owns where the files are that zrun brings: its version, its bundle, the folder of its playbooks and templates. They lie
 * beside its code. An executable has them inside: its build puts `own-files-inside.ts` in the place of this file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileOf, openParts, type BundlePart, type BundleParts } from './parts.js';

export interface OwnFiles {
  readonly version: () => string;
  /** Undefined where zrun is run from its sources. */
  readonly bundle: () => BundleParts | undefined;
  /**
   * The folder that holds `playbooks` and `templates`. Throws what node:fs throws.
   * @param cache the user's folder for what can be made again
   */
  readonly folder: (cache: string) => string;
}

/**
 * @param main the URL of src/main.ts, or of what the build has made of it
 * @param build what tells one build of Node from all others
 */
export function openOwnFiles(main: string, build: () => string): OwnFiles {
  const beside = (name: string): string => fileURLToPath(new URL(name, main));
  return {
    version() {
      const manifest: unknown = JSON.parse(readFileSync(beside('../package.json'), 'utf8'));
      const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
      return isManifest ? String(manifest.version) : 'unknown';
    },
    bundle() {
      if (!existsSync(beside(fileOf('start')))) return undefined;
      return openParts((name) => openPart(beside(name), build));
    },
    folder: () => beside('..').replace(/\/$/, ''),
  };
}

function openPart(file: string, build: () => string): BundlePart {
  const compiled = `${file}.compiled`;
  let text: string | undefined;
  const source = (): string => (text ??= readFileSync(file, 'utf8'));
  const origin = (): string => `${build()} ${lastLineOf(source())}`;
  return {
    file,
    source,
    compiled: () => (existsSync(compiled) ? compiledFrom(origin(), readFileSync(compiled)) : undefined),
    keepCompiled: (data) => writeFileSync(compiled, Buffer.concat([data, Buffer.from(`\n${origin()}`)])),
    readMap: () => readFileSync(`${file}.map`, 'utf8'),
  };
}

/** Names what is in a part: see test/build/parts.ts. */
function lastLineOf(source: string): string {
  return source.slice(source.lastIndexOf('\n', source.length - 2) + 1).trim();
}

/**
 * What V8 has compiled ends with a line that names the build of Node and what is in the source. V8 asks for its own version
 * and the length of the source alone, and what another build of the same version has compiled, or what was compiled of
 * another source, can end the process (Node 20.19.6 with what 20.20.2 has made).
 */
function compiledFrom(origin: string, kept: Buffer): Buffer | undefined {
  const end = kept.lastIndexOf('\n');
  return end >= 0 && kept.toString('utf8', end + 1) === origin ? kept.subarray(0, end) : undefined;
}
