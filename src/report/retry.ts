/**
 * Owns the list of hosts that a run leaves undone, a name a line: what `--limit @…` takes, as Ansible's retry files.
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Reporter } from './reporter.js';

/** Writes the file when the run is over, where a host is left, and even where the user leaves at once. */
export function createRetryFile(file: string, onTrouble: (error: unknown) => void): Reporter {
  const left = new Set<string>();
  return {
    tell(event) {
      if (event.type === 'run-started' || event.type === 'hosts-added')
        for (const host of event.hosts) left.add(host);
      if (event.type === 'host-finished' && event.outcome === 'done') left.delete(event.host);
    },
    close() {
      try {
        if (left.size > 0) {
          writeFileSync(`${file}.new`, [...left].map((host) => `${host}\n`).join(''), { mode: 0o600 });
          renameSync(`${file}.new`, file);
        }
      } catch (error) {
        onTrouble(error);
      }
      return Promise.resolve();
    },
  };
}
