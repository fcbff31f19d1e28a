/**
 * Owns the rule by which a script gets to a file of the host, and what it may then do without being led astray by a user
 * who may write to a folder on the way. Every script of a module that writes a file, or changes one, begins here.
 *
 * **The rule.** A link is followed only where nobody but root and the task's own user could have put it there, or where
 * it leads to what belongs to the one other user who could. Everything else on the way is entered as it is, folder by
 * folder, or not at all.
 *
 * **The means.** sh has no openat(2), but a working directory is held by the kernel and not by its name: once a script is
 * in a folder, and has made sure which one that is, nobody can put another in its place, and names in it are relative.
 * What is made is made in a folder of the script's own in there, closed to everybody else, and renamed to `..` when it is
 * as it should be: rename(2) follows no link, and a folder that only root may write to cannot be moved to another parent
 * (rename(2) asks for the right to write to it, for its `..`), so `..` stays the folder that was meant. What is there
 * already is worked on through another name of it, a hard link in that private folder: link(2) follows no link either
 * on Linux, and what the name stands for can be looked at in peace then.
 *
 * In a folder where only root and the task's user may change names, none of that is needed but the look: one stat(1).
 */
import { randomUUID } from 'node:crypto';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Write } from '../../core/module.js';
import { sharedShellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { Way } from '../host/file-look.js';
import { ancestorsOf, baseName, parentOf } from '../host/path.js';

/** The status by which trusted-folder.sh says that it will not go on, and why on its standard error. */
const untrusted = 98;

interface EnterOptions {
  /** What is done where a folder on the way is missing, `$n`: makes and enters it. Left out: the script ends. */
  readonly make?: ShellText;
  /** Whether a link at the end of the path is followed, where the rule allows it. */
  readonly follow: boolean;
}

/**
 * The beginning of a script: goes to the folder of a path. Its commands and variables for what comes after (all of it in
 * `set -eu`):
 * - `$f` the path, `$n` the name in the folder that the script is in now: another than the path's where a link was
 *   followed
 * - `$w` is empty where nobody but root and the task's user may change names in this folder; `$u` is the one other user
 *   who may, where there is one
 * - `private`: makes and enters the private folder, whose parent is this one; `$t` is its name, and a prefix of names in
 *   it that nothing else has; the script's end, or `leave`, takes it away with `./$n` (if `$new` is set) and `./$t.old`
 * - `pin`: in the private folder, makes `$o` a name of what is at `../$n`, a file that nobody can swap for another
 * - `place`: in the private folder, moves `./$n` to where it belongs, in nothing's place
 * - `into NAME`: enters a folder of this one; `$w` and `$u` are that one's then
 * - `changed`, `bad WHY`: end the script
 */
export function enterFolder(path: string, { follow, make = noFolder }: EnterOptions): ShellText {
  const words = [path, baseName(path), `.zrun-${randomUUID()}`, follow ? '+' : '', parentOf(path)];
  return lines(
    sharedShellFile('modules/files/trusted-folder.sh'),
    sh`missing() { ${make}; }`,
    sh`enter ${words} / ${ancestorsOf(path)}`,
  );
}

const noFolder = sh`echo "there is no folder $n, on the way to $f" >&2; exit 1`;

/** Runs a script that began with `enterFolder`. Throws `task-failed` where that says that it must not go on. */
export async function runInFolder(
  write: Pick<Write, 'run'>,
  script: ShellText,
  options: Parameters<Write['run']>[1] = {},
): Promise<Output> {
  const output = await write.run(script, { ...options, accept: [...(options.accept ?? []), untrusted] });
  if (output.status === untrusted) throw refusalOf(output.stderr.toString('utf8'));
  return output;
}

/**
 * For the look at a file: whether the way to it, as `enterFolder` goes it, leads through a link that is not followed. What
 * is at the end of such a link is neither compared nor shown, and check mode says what the run will.
 */
export function wayTo(path: string, options: EnterOptions): Way {
  return {
    links: options.follow ? [...ancestorsOf(path), path] : ancestorsOf(path),
    script: enterFolder(path, options),
    refusal: untrusted,
    refuse: refusalOf,
  };
}

function refusalOf(why: string): ZrunError {
  return new ZrunError('task-failed', why.trim(), {
    hint:
      'Nothing was written there. Whoever may write to a folder could lead the task elsewhere. Give the path without ' +
      'links, or let the task act as the user whose folder it is: `become_user`.',
  });
}

/**
 * In a private folder that holds a second name of each of some files: ends the script where one of them is no file or
 * folder at all, or has further names and is not the user's whose folder it is from: it may have been put there by
 * somebody who could not open it.
 */
export const refuseForeign = sh`s=$(find . ! -type d \\( -type l -o -links +2 \${u:+! -user "$u"} \\))
[ -z "$s" ] || bad "some of the files below $f are links by now, or have other names somewhere, and other users may write to their folder"`;
