#!/usr/bin/env node
/**
 * Owns the process: argv in, exit code out. The only file that touches process.*, and it loads nothing that the command
 * does not need: `--version` answers before anything else is read.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Environment, StopSignal } from './cli/environment.js';
import { openOwnFiles } from './cli/own/own-files.js';

const argv = process.argv.slice(2);
const own = openOwnFiles(import.meta.url, describeBuild);
void start();

async function start(): Promise<void> {
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`zrun ${own.version()}\n`);
    return;
  }
  const { loadBundle } = await import('./cli/bundle.js');
  const file = own.bundle();
  const bundle = file && loadBundle(file);
  const { main } = bundle ?? (await import('./cli/main.js'));
  process.exitCode = await main(createEnvironment(await findHome()));
  // For `npm run build`, which runs zrun once to know what a run needs.
  if (process.env['ZRUN_COMPILE'] === '1') bundle?.keepCompiled();
}

function createEnvironment(homeFolder: string): Environment {
  const output = watchOutput();
  return {
    argv,
    env: process.env,
    version: own.version(),
    ownFolder: () => own.folder(findCache(homeFolder)),
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
    outliveOutput: output.outlive,
    exitNow: (code) => process.exit(code),
  };
}

/**
 * Outputs that cannot be written any more. Whoever read them may be gone (`zrun … | head`, a closed terminal), or the disk
 * that they go to is full: work on hosts is not interrupted for that. What is written after the first error is lost, and
 * one line says so where that is not plain. Without a run, output is all that there is, and its loss a failure.
 */
function watchOutput(): { readonly outlive: () => void } {
  let isOutlived = false;
  let isLost = false;
  process.stdout.on('error', ({ code = '', message }: NodeJS.ErrnoException) => {
    // Not for a reader that has seen enough.
    if (isLost || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return;
    isLost = true;
    const rest = isOutlived ? '; the run goes on, and its log has the rest' : '';
    process.stderr.write(`zrun: standard output cannot be written (${message})${rest}\n`);
  });
  // There is nowhere left to say it.
  process.stderr.on('error', () => undefined);
  process.once('exit', (code) => {
    if (code === 0 && isLost && !isOutlived) process.exitCode = 1;
  });
  return { outlive: () => (isOutlived = true) };
}

/**
 * As the rest of a login has it: HOME, or what the user database says; `/` where nobody knows. Never a folder that
 * somebody else may have laid out, such as the current one: programs are run from what lies there (`.ssh/config`).
 */
async function findHome(): Promise<string> {
  const { HOME } = process.env;
  if (HOME?.startsWith('/')) return HOME;
  const { userInfo } = await import('node:os');
  try {
    return userInfo().homedir;
  } catch {
    return '/';
  }
}

/** Of Node: two builds of one version may differ in what V8 compiles. */
function describeBuild(): string {
  const { size } = statSync(process.execPath);
  return [process.version, process.versions.v8, process.platform, process.arch, size].join(' ');
}

/** As the XDG specification has it: a relative path is ignored. */
function findCache(homeFolder: string): string {
  const { XDG_CACHE_HOME } = process.env;
  return XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : path.join(homeFolder, '.cache');
}
