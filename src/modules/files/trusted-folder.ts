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
 * as it shall be: rename(2) follows no link, and a folder that only root may write to cannot be moved to another parent
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
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { Way } from '../host/file-look.js';
import { ancestorsOf, baseName, parentOf } from '../host/path.js';

/** The status by which a script says that it will not go on, and why on its standard error. */
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
  const folders = ['/', ...ancestorsOf(path)];
  return lines(
    sh`set -eu
f=${path} n=${baseName(path)} t=${`.zrun-${randomUUID()}`} form='%f %u %d:%i' follow=${follow ? '+' : ''}
w= u= me= here= in= new= o=`,
    functions(make),
    sh`if cd -P -- ${parentOf(path)} 2>/dev/null && s=$(stat -c "$form" -- /proc/self/. ${folders} . 2>/dev/null) && plain $s; then :; else walk; fi`,
  );
}

const noFolder = sh`{ echo "there is no folder $n, on the way to $f" >&2; exit 1; }`;

/**
 * - `plain`, given what stat(1) says of the way: whether it is one where nobody but root and the task's user may change
 *   anything and no link is, so that there is no more to look at. A folder as /tmp is none, but may be passed through.
 * - `walk`: goes the way folder by folder. `..` tells whether a folder that was entered is the one that is here.
 */
const functions = (make: ShellText): ShellText => sh`bad() { printf '%s\\n' "$*" >&2; exit ${untrusted}; }
changed() { bad "$f, or a folder on the way to it, was changed by somebody else meanwhile"; }
plain() {
me=$2; shift 3
while [ $# -gt 3 ]; do
case $1 in 4???) ;; *) return 1 ;; esac
[ "$2" -eq 0 ] || [ "$2" -eq "$me" ] || return 1
[ $((0x$1 & 18)) -eq 0 ] || [ $((0x$1 & 512)) -ne 0 ] || return 1
here=$3; open=$((0x$1 & 18)); shift 3
done
[ "$3" = "$here" ] && [ "$open" -eq 0 ] || return 1
[ -z "$follow" ] || [ ! -L "./$n" ]
}
judge() {
here=$3 w= u=
if [ $((0x$1 & 18)) -ne 0 ]; then w=+
elif [ "$2" -ne 0 ] && [ "$2" -ne "$me" ]; then w=+ u=$2; fi
}
walk() {
p=$f hops=0 up= owner=
cd /
while :; do
while :; do case $p in /*) p=\${p#/} ;; *) break ;; esac; done
n=\${p%%/*}
case $p in */*) p=\${p#*/} ;; *) p= ;; esac
while :; do case $p in /*) p=\${p#/} ;; *) break ;; esac; done
case $n in
'' | . | ..)
[ "$n" != .. ] || cd -P ..
[ -n "$p" ] || { echo "$f leads to a folder by a name that cannot be worked on" >&2; exit 1; }
up= owner=; continue ;;
esac
s=$(stat -c "$form" -- . .. /proc/self/. "./$n" 2>/dev/null) || :
set -- $s
[ $# -ge 9 ] || { echo "cannot look at a folder on the way to $f" >&2; exit 1; }
[ -z "$up" ] || [ "$6" = "$up" ] || changed
[ -z "$owner" ] || [ "$2" = "$owner" ] || bad "$f passes through a link of the user $owner to what is another's"
me=$8 up= owner=; judge $s
case \${10-} in
a???)
[ -n "$p$follow" ] || return 0
hops=$((hops + 1)); [ "$hops" -le 40 ] || bad "$f passes through too many links"
k=
[ -n "$p" ] && [ -n "$u" ] || { k=$(readlink -- "./$n" || :; echo .); k=\${k%?.}; }
if [ -z "$w" ] || { [ $((0x$1 & 512)) -ne 0 ] && { [ "$2" -eq 0 ] || [ "$2" -eq "$me" ]; } && { [ "\${11}" -eq 0 ] || [ "\${11}" -eq "$me" ]; }; }; then
case $k in /*) cd / ;; esac
p=$k\${p:+/$p}
elif [ -z "$u" ]; then bad "$f passes through the link $n, in a folder where other users may put links"
elif [ -n "$p" ]; then cd -P -- "./$n"; owner=$u
else
case $k in */*) cd -P -- "\${k%/*}/"; owner=$u ;; esac
p=\${k##*/}
fi ;;
4???) [ -n "$p" ] || return 0; up=$here; cd -P -- "./$n" ;;
'') [ -n "$p" ] || return 0; ${make} ;;
*) [ -z "$p" ] || { echo "$n, on the way to $f, is no folder" >&2; exit 1; }; return 0 ;;
esac
done
}
into() {
cd -P -- "./$1" || exit
s=$(stat -c "$form" -- . ..) || exit
set -- $s
[ "$6" = "$here" ] || [ -z "$w" ] || changed
judge $s
}
private() {
mkdir -m 0700 -- "./$t"
trap leave 0; trap 'exit 129' 1 2 15
cd -P -- "./$t"
if [ -n "$w" ]; then
set -- $(stat -c "$form" -- . ..)
[ $((0x$1 & 511)) -eq 448 ] && [ "$2" = "$me" ] && [ "$6" = "$here" ] || bad "no private folder can be made beside $f, where other users may write"
fi
in=+
}
leave() {
if [ -n "$in" ]; then
in=
[ -z "$new" ] || rm -rf -- "./$n"
[ -z "$o" ] || rm -rf -- "./$t.old"
cd -P ..
rmdir -- "./$t" || :
fi
trap - 0
}
pin() {
o=../$n
[ -z "$w" ] || { o=./$t.old; ln -- "../$n" "$o" 2>/dev/null || { [ -f "../$n" ] && cp -a -- "../$n" "$o"; } || changed; }
[ -f "$o" ] && [ ! -L "$o" ] || changed
}
place() {
mv -n -- "./$n" .. && [ ! -e "./$n" ] && [ ! -L "./$n" ] || changed
new=
}
mounted() {
if grep -q -F -- " $f " /proc/self/mountinfo; then echo "something is mounted at $f itself, so no other file can take its place; nothing is ever written into it" >&2; fi
}
single() {
[ -n "$w" ] || return 0
set -- $(stat -c '%h %u' -- "$1")
[ "$1" -le 2 ] || [ "$2" = "$u" ] || bad "$f has another name somewhere, and other users may write to its folder"
}`;

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
