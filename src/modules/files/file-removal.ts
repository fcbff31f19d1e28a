/**
 * Owns what is never removed with all it holds, and the script that removes a directory without leaving its file
 * system.
 */
import { ZrunError } from '../../core/errors.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { mountsAt, mountsBelow, type MountTable } from '../host/mountinfo.js';
import { normalizePath } from '../host/path.js';

const realPathKind: ProbeKind<string> = { kind: 'real-path' };

/** Where a path leads with every link on the way followed; the path itself where that cannot be told. */
export function realPathProbe(path: string): Probe<string> {
  const key = normalizePath(path);
  return {
    of: realPathKind,
    key,
    script: sh`readlink -f -- ${key} 2>/dev/null`,
    parse: ({ stdout }) => stdout.toString().replace(/\n$/, '') || key,
  };
}

/** The directories of file-hierarchy(7) that a host cannot be without, and those that hold nearly everything. */
const vital: ReadonlySet<string> = new Set(
  [
    '/ /bin /boot /dev /efi /etc /home /lib /lib32 /lib64 /libx32 /media /mnt /opt /proc /root /run /sbin /snap /srv',
    '/sys /tmp /usr /var /usr/bin /usr/include /usr/lib /usr/lib32 /usr/lib64 /usr/local /usr/sbin /usr/share',
    '/var/cache /var/lib /var/lib/dpkg /var/lib/docker/volumes /var/log /var/mail /var/opt /var/spool /var/tmp',
    '/etc/systemd /etc/docker /run/systemd /boot/efi /boot/grub',
  ]
    .join(' ')
    .split(' '),
);

/** Throws `task-failed` where removing this directory would take the host, or another file system, along. */
export function refuseRemoval(path: string, realPath: string, mounts: MountTable): void {
  for (const each of [path, realPath]) {
    if (!vital.has(each)) continue;
    throw new ZrunError('task-failed', `${each} is a directory of the system and is not removed`, {
      hint: 'Remove what is in it one by one, by its own path.',
    });
  }
  const mount = [path, realPath].flatMap((each) => [
    ...mountsAt(mounts, each),
    ...mountsBelow(mounts, each),
  ])[0];
  if (!mount) return;
  const where =
    mount.target === path || mount.target === realPath ? 'is mounted there' : `is mounted at ${mount.target}`;
  throw new ZrunError('task-failed', `${path} is not removed: ${mount.source} (${mount.fstype}) ${where}`, {
    hint: 'Unmount it first; what is on it would be lost otherwise.',
  });
}

/**
 * After `enterFolder`. Looks again for mounts right before, since time has passed since the plan. GNU's rm goes down by
 * what it has opened, never by a path.
 */
export function removalScript(): ShellText {
  return lines(
    sh`p=./$n; real=$(readlink -f -- "$p") || exit`,
    // Paths in mountinfo have spaces written as \040: compared in the same writing, as printf %b reads it back.
    sh`while read -r _ _ _ _ target _; do
target=$(printf '%b' "$target")
case $target/ in "$real"/*) echo "something is mounted at $target by now" >&2; exit 1 ;; esac
done </proc/self/mountinfo || exit`,
    // --one-file-system is GNU's and newer busybox's; trying it on nothing tells whether it is known.
    sh`if rm -rf --one-file-system -- "$p/.zrun-no-such-file" 2>/dev/null
then rm -rf --one-file-system -- "$p"
else rm -rf -- "$p"; fi`,
  );
}
