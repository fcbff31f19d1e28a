/**
 * Owns the script that ends everything a shell has started on a host. It runs in another shell of the same user.
 */
import { shellFile } from '../core/shell-files.js';
import { lines, sh, type ShellText } from '../core/shell.js';

/** Prints the process ids that are still alive at the end, which should be none. How it works is in kill.sh. */
export function killTreeScript(pid: number, graceMs: number): ShellText {
  return lines(sh`set -- ${pid} ${Math.ceil(graceMs / 100)}`, shellFile('transport/kill.sh'));
}
