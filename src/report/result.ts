/**
 * Owns `result.json`: how a run ended, whole or not at all.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { EventOf, HostOutcome } from '../core/events.js';
import type { Reporter } from './reporter.js';
import { writeSummary } from './written.js';

/** Writes the file when the run has ended. */
export function createResultFile(file: string, onTrouble: (error: unknown) => void): Reporter {
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  return {
    tell(event) {
      if (event.type === 'run-started') started = event;
      if (event.type === 'run-finished') finished = event;
    },
    close() {
      if (started && finished) {
        const { runId, version, check, playbooks, resumes, at: startedAt } = started;
        const { at: finishedAt, ms, exitCode, hosts } = finished;
        const ended = {
          runId,
          version,
          check,
          playbooks,
          ...(resumes !== undefined && { resumes }),
          startedAt,
          finishedAt,
          ms,
          exitCode,
          hosts: hosts.map((host) => writeSummary(host)),
        };
        try {
          writeFileSync(`${file}.new`, `${JSON.stringify(ended, undefined, 2)}\n`, { mode: 0o600 });
          renameSync(`${file}.new`, file);
        } catch (error) {
          onTrouble(error);
        }
      }
      return Promise.resolve();
    },
  };
}

const result = z.object({
  ms: z.number(),
  hosts: z.array(
    z.object({
      outcome: z.enum(['done', 'failed', 'unreachable', 'unknown', 'halted', 'interrupted', 'not-tried']),
    }),
  ),
});

/** What a list of runs says of one. Undefined where it has not ended, or the file is none of zrun's. */
export function readResult(
  file: string,
): { readonly ms: number; readonly outcomes: readonly HostOutcome[] } | undefined {
  try {
    const { ms, hosts } = result.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ms, outcomes: hosts.map(({ outcome }) => outcome) };
  } catch {
    return undefined;
  }
}
