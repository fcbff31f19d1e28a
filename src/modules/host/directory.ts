/**
 * Owns what lies in a folder that something is or gets mounted on: how many entries a mount hides or would hide.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import { normalizePath } from './path.js';

export interface DirectoryContent {
  readonly type: 'absent' | 'directory' | 'other';
  /** The path with no link in it; the path itself where it does not exist. */
  readonly path: string;
  /** Entries that are seen there now; undefined where the task's user may not look. */
  readonly entries: number | undefined;
  /** Entries of the folder below whatever is mounted there; undefined where that cannot be seen, or nothing is. */
  readonly underneath: number | undefined;
}

export const directoryContentKind: ProbeKind<DirectoryContent> = { kind: 'directory-content' };

/**
 * Looks into a folder, and below what is mounted on it: in a mount namespace of its own, the folder above is bound
 * onto the mount, without what is mounted in it, and seen there and nowhere else (mount_namespaces(7)). Needs root for
 * that part.
 */
export function directoryContentProbe(hostPath: string): Probe<DirectoryContent> {
  const key = normalizePath(hostPath);
  return {
    of: directoryContentKind,
    key,
    script: sh`LC_ALL=C; export LC_ALL; d=${key}
if [ ! -e "$d" ]; then echo absent; readlink -m -- "$d" 2>/dev/null || echo "$d"; exit 0; fi
if [ -d "$d" ]; then echo directory; else echo other; fi
p=$(readlink -f -- "$d") || p=$d; printf '%s\n' "$p"
[ -d "$d" ] || exit 0
e=$(ls -A -- "$d" 2>/dev/null | wc -l) && echo "entries $e"
u=\${p%/*}; u=\${u:-/}
m=$(printf '%s' "$p" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g')
grep -q -F -- " $m " /proc/self/mountinfo && command -v unshare >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || exit 0
unshare -m sh -c 'mount --make-rprivate / && mount --bind "$1" "$2" && cd "$2/$3" && e=$(ls -A | wc -l) && echo "underneath $e"' sh "$u" "$p" "\${p##*/}" 2>/dev/null
exit 0`,
    parse: (output) => parseDirectoryContent(key, output),
  };
}

function parseDirectoryContent(key: string, output: Output): DirectoryContent {
  const text = output.stdout.toString('utf8');
  const [type, path = key] = text.split('\n');
  if (type !== 'absent' && type !== 'directory' && type !== 'other') {
    throw new ZrunError('output-unexpected', `cannot look at ${key}`, {
      stdout: text,
      stderr: output.stderr.toString('utf8'),
    });
  }
  const count = (name: string) => {
    const digits = new RegExp(`^${name} +(\\d+)$`, 'm').exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  return { type, path, entries: count('entries'), underneath: count('underneath') };
}
