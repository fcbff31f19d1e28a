/**
 * Owns the folder that each run has on the controller: where it is, what it is called, what lies in it, and which old
 * ones are taken away. Knows nothing of how its files are written.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { codeOf, makeFolder } from '../core/local-files.js';
import { isGoing, keepClaim, writeClaim, type Claim } from './run-claim.js';

export interface RunFolder {
  readonly id: string;
  readonly path: string;
  /** Everything, for people. */
  readonly log: string;
  /** A folder with a log for each host. */
  readonly hostLogs: string;
  /** Everything, for machines. */
  readonly journal: string;
  readonly result: string;
  /** The hosts that were not done, as `--limit @…` takes them. */
  readonly retry: string;
  /** A page on the run, where somebody had one made. */
  readonly report: string;
  /** There as long as the run goes on. */
  readonly claim: string;
}

/** Finished runs that are kept, unless the user says otherwise. */
export const defaultKept = 100;

/** A run id, as `createRunId` makes it. */
const idShape = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

/** The folder of all runs: below XDG_STATE_HOME, which only counts when it is absolute (XDG base directory spec.). */
export function findRunsFolder(
  env: Readonly<Record<string, string | undefined>>,
  homeFolder: string,
): string {
  const state = env['XDG_STATE_HOME'];
  const base = state !== undefined && path.isAbsolute(state) ? state : path.join(homeFolder, '.local/state');
  return path.join(base, 'zrun/runs');
}

export function runFolderOf(runsFolder: string, id: string): RunFolder {
  const folder = path.join(runsFolder, id);
  return {
    id,
    path: folder,
    log: path.join(folder, 'run.log'),
    hostLogs: path.join(folder, 'hosts'),
    journal: path.join(folder, 'journal.jsonl'),
    result: path.join(folder, 'result.json'),
    retry: path.join(folder, 'retry'),
    report: path.join(folder, 'report.html'),
    claim: path.join(folder, 'process.json'),
  };
}

/**
 * A name that sorts by time: `20260722T153012Z-159a`, where 159 are the milliseconds in hex. `digit`: a hex digit by
 * chance, since two runs may begin in one millisecond.
 */
export function createRunId(now: Date, digit: string): string {
  const seconds = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${seconds}-${now.getUTCMilliseconds().toString(16).padStart(3, '0')}${digit}`;
}

/**
 * Makes a run's folder, readable by the user alone: results can hold what others need not know. However many runs begin
 * at once, each has a folder of its own, and none is seen without its claim. `digit`: see createRunId, another one at
 * each call. Throws as mkdir does.
 */
export function createRunFolder(
  runsFolder: string,
  now: () => Date,
  digit: () => string,
): { readonly folder: RunFolder; readonly claim: Claim } {
  makeFolder(runsFolder, 0o700);
  for (let attempt = 1; ; attempt++) {
    const folder = runFolderOf(runsFolder, createRunId(now(), digit()));
    const made = path.join(runsFolder, `.${folder.id}.new`);
    try {
      mkdirSync(made, { mode: 0o700 });
    } catch (error) {
      // Another run is at it.
      if (isTaken(error) && attempt < 20) continue;
      throw error;
    }
    try {
      writeClaim(path.join(made, path.basename(folder.claim)));
      // A folder with something in it is not replaced (rename(2): ENOTEMPTY or EEXIST).
      renameSync(made, folder.path);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      if (isTaken(error) && attempt < 20) continue;
      throw error;
    }
    return { folder, claim: keepClaim(folder.claim) };
  }
}

function isTaken(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EEXIST' || code === 'ENOTEMPTY';
}

/** Every run that is still there, the newest first. None where there is no such folder; throws as readdir does else. */
export function listRuns(runsFolder: string): readonly RunFolder[] {
  let names: readonly string[];
  try {
    names = readdirSync(runsFolder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => idShape.test(name))
    .sort()
    .reverse()
    .map((id) => runFolderOf(runsFolder, id));
}

/**
 * Takes away all runs but the newest, and those that are still going. What is no run's folder is left alone. Another
 * zrun may do the same at the same time. Throws as rm does.
 */
export function pruneRuns(runsFolder: string, kept: number): void {
  for (const old of listRuns(runsFolder).slice(kept)) {
    if (!isGoing(old.claim)) rmSync(old.path, { recursive: true, force: true });
  }
}
