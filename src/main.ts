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
 * Whoever read the output is gone (`zrun … | head`, a closed terminal). Work on hosts is not broken off for that: the
 * run goes on to its end, and its log has the rest.
 */
function outliveReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO' || error.code === 'ERR_STREAM_DESTROYED') return;
  throw error;
}

/** Never a folder that somebody else may have laid out, such as the current one: programs are run from what lies there. */
async function findHome(): Promise<string> {
  const { HOME } = process.env;
  if (HOME?.startsWith('/')) return HOME;
  const { userInfo } = await import('node:os');
  return userInfo().homedir;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
}
