/**
 * Owns zrun as one executable, for controllers without Node: Node itself with zrun inside (single executable application).
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleStart } from './bundle.js';
import { compile } from './compile.js';
import { root } from './options.js';

const execute = promisify(execFile);

/** What Node looks for in itself, by Node's documentation of single executable applications. */
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Folders and files that `own-files-inside.ts` unpacks. */
const inside = ['playbooks', 'templates', 'inventory.example.yaml', 'LICENSE'] as const;

interface Given {
  /** Where `npm run bundle` has put the bundle. */
  readonly dist: string;
  /** The Node that it is made of. */
  readonly node: string;
  readonly version: string;
}

/** Throws what a program that fails throws. */
export async function writeExecutable(file: string, { dist, node, version }: Given): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-executable-'));
  try {
    const below = (name: string): string => path.join(folder, 'dist', name);
    await mkdir(below('.'));
    const parts = readdirSync(dist).filter((name) => /^zrun-\w+\.cjs$/.test(name));
    const starts = readdirSync(dist).filter((name) => /^(?:main|bundle-\w+)\.js$/.test(name));
    for (const name of [...starts, ...parts, ...parts.map((part) => `${part}.map`)])
      await copyFile(path.join(dist, name), below(name));
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
    // What V8 has compiled holds for one release of Node alone.
    await compile(below('.'), node);
    for (const part of parts) {
      const compiled = await readFile(below(`${part}.compiled`));
      await writeFile(below(`${part}.compiled`), compiled.subarray(0, compiled.lastIndexOf('\n')));
    }
    await bundleStart(below('start.cjs'));
    await writeFile(below('version'), version);
    await writeFile(below('own-files.json'), JSON.stringify(readTexts()));
    const assets = [
      ...parts.flatMap((part) => [part, `${part}.map`, `${part}.compiled`]),
      'version',
      'own-files.json',
    ];
    const config = {
      main: below('start.cjs'),
      output: below('blob'),
      disableExperimentalSEAWarning: true,
      assets: Object.fromEntries(assets.map((name) => [name, below(name)])),
    };
    await writeFile(below('sea.json'), JSON.stringify(config));
    await execute(node, ['--experimental-sea-config', below('sea.json')]);
    await copyFile(node, file);
    // A process of its own: it warns of notes in Node's own program, which are as they are to be.
    const postject = path.join(root, 'node_modules/postject/dist/cli.js');
    const words = [file, 'NODE_SEA_BLOB', below('blob'), '--sentinel-fuse', sentinelFuse];
    await execute(process.execPath, [postject, ...words]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of each file that goes along, its text by its path below the root. */
function readTexts(): Readonly<Record<string, string>> {
  const files = inside.flatMap((name) =>
    name.includes('.') || name === 'LICENSE'
      ? [name]
      : readdirSync(path.join(root, name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(path.join(root, name), 'utf8')]));
}
