/**
 * Owns what is known of a block device: its size, what is written on it, and who uses it. Knows nothing of how file
 * systems are made or mounted.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

export type BlockDevice = PresentDevice | AbsentDevice;

interface AbsentDevice {
  readonly exists: false;
  /** What is there instead, in words; undefined: nothing. */
  readonly instead: string | undefined;
}

export interface PresentDevice {
  readonly exists: true;
  /** Where the links end: `/dev/zd0`; undefined for a device that check mode predicts. */
  readonly path: string | undefined;
  /** `major:minor`, decimal, as mountinfo has it; undefined for a device that check mode predicts. */
  readonly devno: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Undefined: the task's user may not read the device, so nobody can say what is on it. */
  readonly signatures: readonly Signature[] | undefined;
  /** Devices that are built on it (device mapper, md, partitions). */
  readonly holders: readonly string[];
  /** True only in check mode: the file system on it would have been made in this run and holds nothing. */
  readonly isFresh: boolean;
}

/** Something on a device that libblkid knows: a file system, a partition table, a member of a pool. */
export interface Signature {
  /** `ext4`, `zfs_member`, `gpt`, `LVM2_member`. */
  readonly type: string;
  readonly label: string | undefined;
  readonly uuid: string | undefined;
}

/** Keyed by the path that the user gives. */
export const blockDeviceKind: ProbeKind<BlockDevice> = { kind: 'block-device' };

export const absentDevice: AbsentDevice = { exists: false, instead: undefined };

/**
 * Looks at a device past every cache (`blkid -p`), and once more with wipefs(8), which also lists what hides behind
 * another signature. `UUID=…`, `LABEL=…` and `PARTUUID=…` are looked up as fstab(5) has them.
 */
export function blockDeviceProbe(device: string): Probe<BlockDevice> {
  return {
    of: blockDeviceKind,
    key: device,
    script: lines(sh`set -- ${devicePath(device)}`, shellFile('modules/host/blockdev.sh')),
    parse: (output) => parseBlockDevice(device, output),
  };
}

/** The path that stands for a device, tags (`UUID=…`) turned into udev's link. */
export function devicePath(device: string): string {
  const tag = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.+)$/.exec(device);
  return tag
    ? `/dev/disk/by-${(tag[1] ?? '').toLowerCase()}/${(tag[2] ?? '').replace(/^"|"$/g, '')}`
    : device;
}

export function parseBlockDevice(device: string, output: Output): BlockDevice {
  const text = output.stdout.toString('utf8');
  const [about = '', probed = ''] = text.split(/^blkid:\n/m, 2);
  const [blkid = '', wipefs = ''] = probed.split(/^wipefs:\n/m, 2);
  const instead = /^instead=(.*)$/m.exec(about);
  if (instead) return { exists: false, instead: instead[1] === '' ? undefined : instead[1] };
  const sectors = /^sectors=(\d+)$/m.exec(about)?.[1];
  const status = /^blkid status (\d+)$/m.exec(blkid)?.[1];
  const isReadable = !/^unreadable$/m.test(about);
  // blkid(8): 0 found, 2 nothing found, 8 several that exclude each other (wipefs then names them).
  if (
    sectors === undefined ||
    output.status !== 0 ||
    (isReadable && !['0', '2', '8'].includes(status ?? ''))
  ) {
    throw new ZrunError('output-unexpected', `cannot tell what is on ${device}`, {
      command: `blkid -p ${device}; wipefs -p ${device}`,
      status: output.status,
      stdout: text,
      stderr: output.stderr.toString('utf8'),
    });
  }
  return {
    exists: true,
    path: /^path=(.+)$/m.exec(about)?.[1],
    devno: /^devno=(.+)$/m.exec(about)?.[1],
    size: Number(sectors) * 512,
    signatures: isReadable
      ? mergeSignatures(parseBlkid(blkid), parseWipefs(wipefs), status === '8')
      : undefined,
    holders: [...about.matchAll(/^holder=(.+)$/gm)].map((match) => match[1] ?? ''),
    isFresh: false,
  };
}

/** `blkid -p -o export`: one signature as `KEY=value` lines, spaces escaped by a backslash. */
function parseBlkid(text: string): readonly Signature[] {
  const value = (key: string) => {
    const raw = new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
    return raw?.replace(/\\(.)/g, '$1');
  };
  const found: Signature[] = [];
  const type = value('TYPE');
  if (type !== undefined) found.push({ type, label: value('LABEL'), uuid: value('UUID') });
  const table = value('PTTYPE');
  if (table !== undefined) found.push({ type: table, label: undefined, uuid: value('PTUUID') });
  return found;
}

/** `wipefs -p`: `offset,uuid,label,type` a line below a comment; `\x20` for what could break it. */
function parseWipefs(text: string): readonly Signature[] {
  const unescape = (field: string | undefined) =>
    field === undefined || field === ''
      ? undefined
      : field.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, uuid, label, type = ''] = line.split(',');
      return { type: unescape(type) ?? 'unknown', label: unescape(label), uuid: unescape(uuid) };
    });
}

/** zfs_member and its like stand many times on a device; once is enough to know. */
function mergeSignatures(
  blkid: readonly Signature[],
  wipefs: readonly Signature[],
  isAmbivalent: boolean,
): readonly Signature[] {
  const all = [...blkid];
  for (const signature of wipefs)
    if (!all.some((other) => other.type === signature.type)) all.push(signature);
  if (isAmbivalent && all.length === 0)
    all.push({ type: 'several at once', label: undefined, uuid: undefined });
  return all;
}

/** `ext4 'docker' (uuid …)`, for sentences. */
export function describeSignature({ type, label, uuid }: Signature): string {
  return `${type}${label === undefined ? '' : ` '${label}'`}${uuid === undefined ? '' : ` (uuid ${uuid})`}`;
}

/**
 * Waits, in a script, until the link of a volume is a block device of just this size, at most a minute: links appear
 * late (openzfs#8669, #12484, #12507). Ends the script with a message where they do not.
 */
export function awaitVolumeDevice(device: string, size: number): ShellText {
  return lines(shellFile('modules/host/await-volume.sh'), sh`await_volume ${device} ${size}`);
}

/** The exit status of await-volume.sh where it has waited in vain. */
export const deviceIsLate = 74;
