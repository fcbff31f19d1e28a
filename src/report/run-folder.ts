/**
 * Owns the folder that each run has on the controller: where it is, and what lies in it (run.log, journal.jsonl,
 * result.json). Knows nothing of how its files are written but the last.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunEvent } from '../core/events.js';
import type { Reporter } from './reporter.js';
import { writeSummary } from './written.js';

export interface RunFolder {
  readonly path: string;
  readonly log: string;
  readonly journal: string;
  readonly result: string;
}

/** The folder of all runs: below XDG_STATE_HOME, which only counts when it is absolute (XDG base directory spec.). */
export function findRunsFolder(
  env: Readonly<Record<string, string | undefined>>,
  homeFolder: string,
): string {
  const state = env['XDG_STATE_HOME'];
  const base = state !== undefined && path.isAbsolute(state) ? state : path.join(homeFolder, '.local/state');
  return path.join(base, 'zrun/runs');
}

/** Makes the folder, readable by the user alone: results can hold what others need not know. Throws as mkdir does. */
export function createRunFolder(runsFolder: string, runId: string): RunFolder {
  const folder = path.join(runsFolder, runId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    path: folder,
    log: path.join(folder, 'run.log'),
    journal: path.join(folder, 'journal.jsonl'),
    result: path.join(folder, 'result.json'),
  };
}

/** A name that sorts by time and that two runs of one second do not share: `20260722T153012Z-4f9a`. */
export function createRunId(now: Date, randomHex: string): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomHex}`;
}

/** Writes how the run ended, whole or not at all, when it has ended. */
export function createResultFile(file: string, onTrouble: (error: unknown) => void): Reporter {
  let started: Extract<RunEvent, { type: 'run-started' }> | undefined;
  let finished: Extract<RunEvent, { type: 'run-finished' }> | undefined;
  return {
    tell(event) {
      if (event.type === 'run-started') started = event;
      if (event.type === 'run-finished') finished = event;
    },
    close() {
      if (started && finished) {
        const { runId, version, check, playbooks, at: startedAt } = started;
        const { at: finishedAt, ms, exitCode, hosts } = finished;
        const result = {
          runId,
          version,
          check,
          playbooks,
          startedAt,
          finishedAt,
          ms,
          exitCode,
          hosts: hosts.map(writeSummary),
        };
        try {
          writeFileSync(`${file}.new`, `${JSON.stringify(result, undefined, 2)}\n`, { mode: 0o600 });
          renameSync(`${file}.new`, file);
        } catch (error) {
          onTrouble(error);
        }
      }
      return Promise.resolve();
    },
  };
}
