/**
 * Owns the table of mounts: how the kernel writes it and what is asked of it. Knows nothing of fstab or of how
 * anything gets mounted.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import { isBelow } from './path.js';

/** A line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  /** Undefined for a mount that check mode predicts. */
  readonly id: number | undefined;
  readonly parent: number | undefined;
  /** `major:minor`, decimal; undefined for a mount that check mode predicts. */
  readonly devno: string | undefined;
  /** Where in its file system the mount begins: `/`, or a folder of a bind mount. */
  readonly root: string;
  readonly target: string;
  /** Of this mount: `rw,relatime`. */
  readonly options: string;
  readonly fstype: string;
  /** `tank/docker`, `/dev/zd0`, `tmpfs`. */
  readonly source: string;
}

/** In the kernel's order: what is mounted over something else comes after it. */
export type MountTable = readonly MountEntry[];

export const mountsKind: ProbeKind<MountTable> = { kind: 'mounts' };

/** Every mount in the namespace of the task's shell. */
export function mountsProbe(): Probe<MountTable> {
  return {
    of: mountsKind,
    key: '',
    script: sh`cat /proc/self/mountinfo`,
    isTerse: true,
    parse: (output) => parseMountinfo(mountinfoText(output)),
  };
}

function mountinfoText(output: Output): string {
  if (output.status === 0) return output.stdout.toString('utf8');
  throw new ZrunError('command-failed', 'the table of mounts cannot be read', {
    command: 'cat /proc/self/mountinfo',
    status: output.status,
    stderr: output.stderr.toString('utf8'),
  });
}

/** Throws ZrunError `output-unexpected` where a line has another shape. */
export function parseMountinfo(text: string): MountTable {
  return text.split('\n').filter(Boolean).map(parseLine);
}

function parseLine(line: string): MountEntry {
  const [left = '', right = ''] = line.split(' - ', 2);
  const [id, parent, devno, root, target, options] = left.split(' ');
  const [fstype, source] = right.split(' ');
  if (
    options === undefined ||
    root === undefined ||
    target === undefined ||
    source === undefined ||
    !fstype
  ) {
    throw new ZrunError('output-unexpected', 'a line of /proc/self/mountinfo is not understood', {
      stdout: line,
    });
  }
  return {
    id: Number(id),
    parent: Number(parent),
    devno,
    root: unescapeOctal(root),
    target: unescapeOctal(target),
    options,
    fstype,
    source: unescapeOctal(source),
  };
}

/** `\040` and its like, as the kernel and fstab(5) write white space, backslash and hash in a field. */
export function unescapeOctal(field: string): string {
  // Hardly any has one, and a host may have thousands of mounts.
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** A path without the slashes at its end that do not matter. */
export function trimPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

/** What is mounted exactly there, the topmost last. */
export function mountsAt(table: MountTable, path: string): MountTable {
  return table.filter((entry) => entry.target === path);
}

/** What a user of the path sees: the topmost mount exactly there. */
export function topMountAt(table: MountTable, path: string): MountEntry | undefined {
  return mountsAt(table, path).at(-1);
}

export function mountsBelow(table: MountTable, path: string): MountTable {
  return table.filter((entry) => isBelow(entry.target, path));
}

/** The mount that a path lies in. */
export function mountOf(table: MountTable, path: string): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const entry of table) {
    if (entry.target !== path && !isBelow(path, entry.target)) continue;
    if (best === undefined || entry.target.length >= best.target.length) best = entry;
  }
  return best;
}

/** The mount that a path lies in, whatever is mounted just there. */
export function mountAround(table: MountTable, path: string): MountEntry | undefined {
  return mountOf(
    table.filter(({ target }) => target !== path),
    path,
  );
}

/** The table after the topmost mount of a path and everything below that path is gone. */
export function withoutTopMount(table: MountTable, path: string): MountTable {
  const top = topMountAt(table, path);
  return table.filter((entry) => entry !== top && !isBelow(entry.target, path));
}

/** `tank/docker (zfs)`, for sentences. */
export function describeMount(entry: MountEntry): string {
  return `${entry.source} (${entry.fstype})`;
}
