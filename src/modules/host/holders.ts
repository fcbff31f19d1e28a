/**
 * Owns the answer to "who keeps this busy": processes with files, folders or mounts there. Read-only, by /proc alone,
 * because fuser and lsof are not on every host.
 */
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

/**
 * Prints, to standard error, mounts below a path and the processes that hold a path or that see a source mounted in
 * another mount namespace (moby#24403). At most ten of each. For the failing way out of a script only: it is slow.
 * @param which `writing`: only processes that have a file open for writing
 */
export function printHolders(target: string, source: string, which: 'all' | 'writing' = 'all'): ShellText {
  if (which === 'writing') {
    return sh`{ ls -l /proc/[0-9]*/fd 2>/dev/null | P=${target} awk '
BEGIN { p = ENVIRON["P"] }
/^\\/proc\\/[0-9]+\\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
/^l.w/ { at = index($0, " -> "); to = substr($0, at + 4); if (at && index(to, p "/") == 1 && !seen[pid]++) print pid, to }' | head -n 10 | while read -r pid where; do
echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $where open for writing"
done; } >&2`;
  }
  return lines(processFunctions(), shellFile('modules/host/busy.sh'), sh`print_busy ${target} ${source}`);
}

/** A process that uses a folder: one of its files is open, or it works there. */
interface Holder {
  readonly pid: number;
  readonly program: string | null;
  /** The unit of systemd that it belongs to: a service, or the scope of a session. */
  readonly unit: string | null;
  /** One of the paths. */
  readonly path: string;
}

/**
 * Prints processes that keep a data-root from being unmounted, a line each, which `parseHolders` reads.
 * @param root the data-root, links resolved
 */
export function holdersScript(root: string): ShellText {
  return lines(processFunctions(), holdersFunction(), sh`holders ${root}`);
}

/** `holders DATA_ROOT`, which needs `processFunctions`. */
export function holdersFunction(): ShellText {
  return shellFile('modules/host/holders.sh');
}

/** `program_of PID` and `unit_of PID`, which print a line or nothing. */
export function processFunctions(): ShellText {
  return shellFile('modules/host/process.sh');
}

/** Lines as `holdersScript` prints them; others are passed over. */
export function parseHolders(rows: readonly string[]): readonly Holder[] {
  return rows.flatMap((row) => {
    const [pid = '', program = '', unit = '', path] = row.split('\t');
    if (path === undefined || !/^\d+$/.test(pid)) return [];
    return [
      { pid: Number(pid), program: program === '' ? null : program, unit: unit === '' ? null : unit, path },
    ];
  });
}
