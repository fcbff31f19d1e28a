/** Owns the look at a whole tree: which entries below a directory differ in owner, group or mode. */
import { ZrunError } from '../../core/errors.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import type { Attributes } from './attributes.js';
import { normalizePath } from './path.js';

const differingKind: ProbeKind<readonly string[]> = { kind: 'file-tree' };

/** Paths below a directory, relative to it, that are not as wanted: the first thousand. None where it is not there. */
export function differingProbe(path: string, { owner, group, mode }: Attributes): Probe<readonly string[]> {
  const key = normalizePath(path);
  const tests = [
    owner !== undefined && sh`! -user ${owner}`,
    group !== undefined && sh`! -group ${group}`,
    // Links have no permissions of their own.
    mode !== undefined && sh`! -type l ! -perm ${mode}`,
  ].filter((test) => test !== false);
  const anyOf = tests.map((test) => test.shellText).join(' -o ');
  const script =
    tests.length === 0
      ? sh`exit 0`
      : lines(
          sh`cd ${key} 2>/dev/null || exit 0`,
          // Names with a line break in them count twice, which does no harm: only whether there is one is decided by.
          sh`found=$(find . ! -path . \\( ${{ shellText: anyOf }} \\)) || exit`,
          sh`printf '%s' "$found" | head -n 1000`,
        );
  return {
    of: differingKind,
    key,
    script,
    parse({ status, stdout, stderr }) {
      if (status === 0)
        return stdout
          .toString()
          .split('\n')
          .filter(Boolean)
          .map((line) => line.replace(/^\.\//, ''));
      throw new ZrunError('command-failed', `cannot look through ${key}`, {
        hint: 'Does the task need `become: true`?',
        command: `find ${key}`,
        status,
        stderr: stderr.toString(),
      });
    },
  };
}
