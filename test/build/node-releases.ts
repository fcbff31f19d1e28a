/**
 * Owns the releases of Node that zrun promises to run on, and how one is had: its npm package is fetched once, into the
 * user's cache. No test may need the net: where it cannot be had, the reason is what comes back.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The oldest that package.json lets in, and the later lines with long support. */
export const nodeReleases = ['20.19', '22', '24'] as const;

type NodeRelease = (typeof nodeReleases)[number];

/** What an executable has inside. */
export const executableRelease = '24' satisfies NodeRelease;

type FoundNode =
  | { readonly program: string; /** Of its license. */ readonly license: string }
  /** Why it cannot be had. */
  | { readonly missing: string };

export async function findNode(release: NodeRelease): Promise<FoundNode> {
  const name = `node-${process.platform}-${process.arch}`;
  const cache = path.join(cacheFolder(), 'zrun', 'node');
  const kept = path.join(cache, `${release}-${process.platform}-${process.arch}`);
  const found = { program: path.join(kept, 'bin/node'), license: path.join(kept, 'LICENSE') };
  if (existsSync(found.program)) return found;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'fetch-'));
  try {
    const words = [
      'install',
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ];
    await execute('npm', [...words, '--prefix', folder, `${name}@~${release}`], { timeout: 300_000 });
    await rename(path.join(folder, 'node_modules', name), kept);
    return found;
  } catch (error) {
    // Another process may have been faster.
    if (existsSync(found.program)) return found;
    const reason = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    return { missing: `Node ${release} cannot be fetched as ${name}: ${reason}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return cache !== undefined && path.isAbsolute(cache) ? cache : path.join(os.homedir(), '.cache');
}
