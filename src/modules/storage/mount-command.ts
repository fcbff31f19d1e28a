/**
 * Owns what mount(8) and zfs(8) are told: which options reach them, and in which words.
 */
import { normalizePath } from '../host/path.js';
import type { DatasetState } from '../zfs/dataset.js';
import type { MountParams } from './mount-params.js';
import type { WantedSource } from './mount-source.js';

/** mount.zfs(8) refuses a dataset whose mountpoint is not `legacy`, unless it is told that ZFS itself is asking. */
export function withZfsutil(opts: string, dataset: DatasetState | undefined): string {
  const isLegacy = dataset?.exists === true && dataset.properties['mountpoint']?.value === 'legacy';
  if (isLegacy || opts.split(',').includes('zfsutil')) return opts;
  return opts === 'defaults' || opts === '' ? 'zfsutil' : `${opts},zfsutil`;
}

/** What mount(8) is given: options that only fstab's readers understand are left out, for busybox's sake. */
export function mountArgv(wanted: WantedSource, target: string, opts: string): readonly string[] {
  const told = opts.split(',').filter((option) => option !== '' && !isForFstab(option));
  const type = ['', 'none', 'auto'].includes(wanted.fstype) ? [] : ['-t', wanted.fstype];
  return ['mount', ...type, ...(told.length > 0 ? ['-o', told.join(',')] : []), '--', wanted.src, target];
}

/** With `overlay=off`, mount.zfs(8) refuses a folder that holds files (zfsprops(7)), unless it is legacy. */
export function isKeptFromOverlay(p: MountParams, dataset: DatasetState | undefined, opts: string): boolean {
  const isZfsutil = p.fstype === 'zfs' && opts.split(',').includes('zfsutil');
  return isZfsutil && dataset?.exists === true && dataset.properties['overlay']?.value === 'off';
}

/**
 * Only zfs(8) can be told otherwise, and only where the dataset's own mountpoint is meant. Elsewhere mount.zfs(8) does as
 * the kernel does, which asks nothing, when it is told to be sloppy; but then `exec`, `setuid`, `devices` and `atime`
 * of the dataset are not heeded.
 */
export function overlayArgv(
  name: string,
  dataset: DatasetState | undefined,
  places: readonly string[],
  opts: string,
): readonly string[] {
  const own = dataset?.exists ? dataset.properties['mountpoint']?.value : undefined;
  if (own !== undefined && opts === 'zfsutil' && places.map(normalizePath).includes(normalizePath(own)))
    return ['zfs', 'mount', '-O', name];
  return ['mount', '-s', '-t', 'zfs', '-o', opts, '--', name, places.at(-1) ?? ''];
}

function isForFstab(option: string): boolean {
  return (
    /^(x-|comment=)/.test(option) ||
    ['defaults', 'nofail', 'auto', 'noauto', '_netdev', 'user', 'nouser', 'users', 'owner', 'group'].includes(
      option,
    )
  );
}
