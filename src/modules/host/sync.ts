/**
 * Owns how a script gets what was written to the disk, and how a host whose `sync` is too old for that is told apart from
 * a disk that fails.
 */
import { sh, type ShellText } from '../../core/shell.js';

/**
 * A command that syncs the whole file system of a path. It fails where the disk does.
 * @param path on the host, or a word of the script such as `"$d"`
 */
export function syncFileSystem(path: string | ShellText): ShellText {
  return whereKnown(sh`sync -f -- ${path}`);
}

/**
 * A command that syncs one file or folder. It fails where the disk does.
 * @param path on the host, or a word of the script such as `"$f"`
 */
export function syncFile(path: string | ShellText): ShellText {
  return whereKnown(sh`sync -- ${path}`);
}

/**
 * Coreutils take a path since 8.24, busybox where it is built so. An unknown option and an I/O error have the same exit
 * status and messages of many languages, so the option is tried where nothing can fail: /proc lies on no disk.
 */
function whereKnown(command: ShellText): ShellText {
  return sh`{ if sync -f -- /proc 2>/dev/null; then ${command}; else sync; fi; }`;
}
