/**
 * Owns the question which commands a host has.
 */
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';

/** True where the command is found in the PATH of the task's user. */
type Commands = Readonly<Record<string, boolean>>;

const commandsKind: ProbeKind<Commands> = { kind: 'commands' };

export function commandsProbe(names: readonly string[]): Probe<Commands> {
  return {
    of: commandsKind,
    key: names.join(' '),
    script: sh`for c in ${names}; do command -v "$c" >/dev/null 2>&1 && echo "$c"; done; exit 0`,
    parse(output) {
      const found = new Set(output.stdout.toString('utf8').split('\n'));
      return Object.fromEntries(names.map((name) => [name, found.has(name)]));
    },
  };
}
