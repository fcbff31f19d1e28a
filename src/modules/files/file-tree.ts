/** Owns owner, group and mode of a whole tree: which entries below a directory differ, and how they are all set. */
import { ZrunError } from '../../core/errors.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { fitFunction, type Attributes } from '../host/attributes.js';
import { normalizePath } from '../host/path.js';
import { enterFolder, refuseForeign } from './trusted-folder.js';

const differingKind: ProbeKind<readonly string[]> = { kind: 'file-tree' };

/** Paths below a directory, relative to it, that are not as wanted: the first thousand. None where it is not there. */
export function differingProbe(path: string, { owner, group, mode }: Attributes): Probe<readonly string[]> {
  const key = normalizePath(path);
  const anyOf = differing({ owner, group, mode });
  const script =
    anyOf === undefined
      ? sh`exit 0`
      : lines(
          sh`cd ${key} 2>/dev/null || exit 0`,
          // Names with a line break in them count twice, which does no harm: only whether there is one is decided by.
          sh`found=$(find . ! -path . ${anyOf}) || exit`,
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

/** What find(1) tells them by; undefined where nothing is wanted. */
function differing({ owner, group, mode }: Attributes): ShellText | undefined {
  const tests = [
    owner !== undefined && sh`! -user ${owner}`,
    group !== undefined && sh`! -group ${group}`,
    // Links have no permissions of their own.
    mode !== undefined && sh`! -type l ! -perm ${mode}`,
  ].filter((test) => test !== false);
  if (tests.length === 0) return undefined;
  return { shellText: `\\( ${tests.map((test) => test.shellText).join(' -o ')} \\)` };
}

/**
 * Gives a folder, and all that is below it, owner, group and mode; links have no mode and lead nowhere. Where only root
 * and the task's user may change names in all of its folders, chown(1) and find(1) do it in one go. Otherwise it is done
 * folder by folder, each entered and made sure of, with plain names in it: chown -h then follows nothing, and chmod works
 * on second names of the files, in a private folder. GNU's chown goes down by what it has opened, never by a path.
 */
export function treeScript(path: string, { owner, group, mode }: Attributes): ShellText {
  const here = sh`find . -mindepth 1 -maxdepth 1 ! -type d`;
  const isOwned = sh`\\( -links 1 \${u:+-o -user "$u"} \\)`;
  const all = lines(
    owner !== undefined && sh`chown -hR ${owner} .`,
    group !== undefined && sh`chgrp -hR ${group} .`,
  );
  const files = sh`! -type d ! -type l ! -perm ${mode ?? ''}`;
  return lines(
    enterFolder(path, { follow: true }),
    fitFunction({ owner, group, mode }),
    sh`into "$n"
if [ -z "$w" ] && [ -z "$(find . -type d \\( ! -user 0 ! -user "$me" -o -perm -020 -o -perm -002 \\))" ]; then
:
${all}
${mode !== undefined ? sh`find . ! -type l -exec chmod ${mode} {} +` : sh``}
exit
fi
if chown --version 2>/dev/null | grep -q GNU && read -r k </proc/sys/fs/protected_hardlinks && [ "$k" = 1 ]; then
:
${all}
fi
tree() {
[ -n "$(find . ${differing({ owner, group, mode }) ?? sh``} | head -n 1)" ] || return 0
fit .`,
    owner !== undefined && sh`${here} ! -user ${owner} ${isOwned} -exec chown -h ${owner} {} +`,
    group !== undefined && sh`${here} ! -group ${group} ${isOwned} -exec chgrp -h ${group} {} +`,
    mode !== undefined &&
      sh`if [ -n "$(${here} ! -type l ! -perm ${mode} | head -n 1)" ]; then
private
o=+; mkdir -- "./$t.old"
find .. -mindepth 1 -maxdepth 1 ${files} -exec sh -c ${'ln -- "$@" "$0"'} "./$t.old/" {} +
(cd -P -- "./$t.old"
${refuseForeign}
find . ! -type d -exec chmod ${mode} {} +)
leave
fi`,
    sh`for e in ./* ./.[!.]* ./..?*; do
if [ -d "$e" ] && [ ! -L "$e" ]; then (into "\${e#./}"; tree); fi
done
}
tree`,
  );
}
