/**
 * Owns a zrun as people have it, for tests of what lies around it (shells, transcripts): the bundle, with a command `zrun` to
 * put into PATH. It starts in a fraction of the time that the sources take.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundle } from '../build/bundle.js';
import { root } from '../build/options.js';

export interface Installed {
  /** The folder that has `zrun`. */
  readonly bin: string;
  remove(): void;
}

export async function installZrun(): Promise<Installed> {
  const folder = mkdtempSync(path.join(tmpdir(), 'zrun-installed-'));
  await bundle(path.join(folder, 'dist'));
  copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  for (const name of ['playbooks', 'templates']) symlinkSync(path.join(root, name), path.join(folder, name));
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    path.join(bin, 'zrun'),
    `#!/bin/sh\nexec '${process.execPath}' '${folder}/dist/main.js' "$@"\n`,
  );
  chmodSync(path.join(bin, 'zrun'), 0o755);
  return { bin, remove: () => rmSync(folder, { recursive: true }) };
}
