/**
 * Owns which source is meant by a mount, and how it is known again in the table of mounts.
 */
import type { BlockDevice } from '../host/blockdev.js';
import { mountOf, type MountEntry, type MountTable } from '../host/mountinfo.js';
import { joinPath, normalizePath } from '../host/path.js';
import type { MountParams } from './mount-params.js';

/** What must be seen in the table of mounts for the source to be the one that is meant. */
export interface WantedSource {
  readonly src: string;
  readonly fstype: string;
  /** Where a device's links end, and its number; undefined for what is no device, or is only predicted. */
  readonly device: string | undefined;
  readonly devno: string | undefined;
  /** For a bind mount: the device and the folder in it. */
  readonly bound: { readonly devno: string | undefined; readonly root: string } | undefined;
}

export function findSource(
  src: string,
  { fstype = '' }: Pick<MountParams, 'fstype'>,
  { table, device }: { readonly table: MountTable; readonly device: BlockDevice | undefined },
  opts: string,
): WantedSource {
  const present = device?.exists ? device : undefined;
  const isBind = opts.split(',').some((option) => option === 'bind' || option === 'rbind');
  const holder = isBind ? mountOf(table, normalizePath(src)) : undefined;
  return {
    src,
    fstype,
    device: present?.path,
    devno: present?.devno,
    bound: holder && {
      devno: holder.devno,
      root: joinPath(
        holder.root,
        normalizePath(src).slice(holder.target.length === 1 ? 0 : holder.target.length),
      ),
    },
  };
}

/** Whether a mount is of the source that is meant. Devices are compared by number: links and names differ. */
export function isFrom(entry: MountEntry, wanted: WantedSource): boolean {
  if (wanted.bound) {
    return (
      entry.devno === wanted.bound.devno && normalizePath(entry.root) === normalizePath(wanted.bound.root)
    );
  }
  if (wanted.devno !== undefined && entry.devno !== undefined && entry.root === '/')
    return entry.devno === wanted.devno;
  return entry.source === wanted.src || (wanted.device !== undefined && entry.source === wanted.device);
}
