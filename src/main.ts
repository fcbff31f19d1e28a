#!/usr/bin/env node
/**
 * Owns the process: argv in, exit code out. The only file that touches process.*, and it loads nothing that the command
 * does not need: `--version` answers before anything else is read.
 */
import { readFileSync } from 'node:fs';
import type { Environment, StopSignal } from './cli/environment.js';

const argv = process.argv.slice(2);
if (argv.length === 1 && argv[0] === '--version') process.stdout.write(`zrun ${readVersion()}\n`);
else {
  const { loadBundle } = await import('./cli/bundle.js');
  const bundle = loadBundle(new URL('zrun.cjs', import.meta.url));
  const { main } = bundle ?? (await import('./cli/main.js'));
  process.exitCode = await main(createEnvironment(await findHome()));
  // For `npm run build`, which runs zrun once to know what a run needs.
  if (process.env['ZRUN_COMPILE'] === '1') bundle?.keepCompiled();
}

function createEnvironment(homeFolder: string): Environment {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', outliveReader);
  return {
    argv,
    env: process.env,
    version: readVersion(),
    cwd: process.cwd(),
    homeFolder,
    stdout: process.stdout,
    stderr: process.stderr,
    onStopSignal(listener) {
      const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    exitNow: (code) => process.exit(code),
  };
}

/**
 * As the rest of a login has it: HOME, or what the user database says. Never the current folder: `.ssh/config` may name
 * commands, and what somebody left in a folder is not to be run by whoever stands there. `/` where nobody knows.
 */
async function findHome(): Promise<string> {
  const home = process.env['HOME'];
  if (home?.startsWith('/')) return home;
  const { userInfo } = await import('node:os');
  try {
    return userInfo().homedir;
  } catch {
    return '/';
  }
}

/**
 * Whoever read the output is gone (`zrun … | head`, a closed terminal). Work on hosts is not broken off for that: the
 * run goes on to its end, and its log has the rest.
 */
function outliveReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO' || error.code === 'ERR_STREAM_DESTROYED') return;
  throw error;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
}
