/**
 * Owns what is known of ZFS datasets: how zfs(8) prints them, how property values compare, and how large a volume's
 * reservation gets. Knows nothing of Docker or of why anybody wants a dataset.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { parseBytes } from '../../core/bytes.js';

/** The user properties that zrun marks its own datasets with. Only a value that is set on the dataset itself counts. */
export const zrunProperties = {
  /** What the dataset is: `overlay2` (the volume that Docker moves to), or `backup`. */
  role: 'zrun:role',
  /** The run that made or renamed it. */
  run: 'zrun:run',
  /** A backup's name before it was renamed. */
  origin: 'zrun:origin',
  /** A backup's `mountpoint` and `canmount` before they were changed, as `VALUE (SOURCE)`. */
  mountpoint: 'zrun:mountpoint',
  canmount: 'zrun:canmount',
  /** The data-root that the dataset serves or served. */
  dataRoot: 'zrun:data-root',
  /** The run that has made a whole copy on the volume, compared with what it is of. */
  copied: 'zrun:copied',
  /** The run since which Docker has written to the volume. */
  live: 'zrun:live',
  /** The run that has finished the move: containers are there again, and started. */
  done: 'zrun:done',
  /** When that was: seconds since 1970, by the host's clock. */
  doneAt: 'zrun:done-at',
  /** The run that has begun to put the host back, until that is done. */
  puttingBack: 'zrun:putting-back',
  /** What the data-root was: `dataset`, one of its own, or `folder`, of a larger one. */
  layout: 'zrun:layout',
  /** The guid of the dataset that it was, or lay in. */
  guid: 'zrun:guid',
} as const;

interface PropertyValue {
  /** As `zfs get -p` has it: bytes, seconds since 1970; `-` where it does not apply. */
  readonly value: string;
  /** `local`, `default`, `received`, `temporary`, `inherited from tank`, or `-` where it cannot be set. */
  readonly source: string;
}

export type Properties = Readonly<Record<string, PropertyValue>>;

export interface PresentDataset {
  readonly exists: true;
  readonly name: string;
  readonly type: 'filesystem' | 'volume' | 'snapshot';
  readonly properties: Properties;
  /** In check mode: it is yet to be made, so nothing is in it. */
  readonly isFresh?: true;
}

interface AbsentDataset {
  readonly exists: false;
  /** Whether zfs(8) can work on this host at all, and what it says where it cannot. */
  readonly zfs: 'ready' | 'missing' | 'unusable';
  readonly detail: string;
}

export type DatasetState = PresentDataset | AbsentDataset;

export const absentDataset: AbsentDataset = { exists: false, zfs: 'ready', detail: '' };

/** Keyed by the dataset's name; a snapshot's key is `DATASET/@SNAPSHOT`, so that it counts as below its dataset. */
export const datasetKind: ProbeKind<DatasetState> = { kind: 'dataset' };

export function datasetKey(name: string): string {
  return name.replace('@', '/@');
}

/** One filesystem, volume or snapshot with all its properties. A host without ZFS is an answer, not an error. */
export function datasetProbe(name: string): Probe<DatasetState> {
  return {
    of: datasetKind,
    key: datasetKey(name),
    script: lines(withZfs, sh`exec zfs get -Hp -o property,value,source all ${name}`),
    parse: (output) => parseDataset(name, output),
  };
}

const withZfs: ShellText = sh`LC_ALL=C; export LC_ALL
command -v zfs >/dev/null 2>&1 || { echo 'zfs: not installed' >&2; exit 127; }`;

export function parseDataset(name: string, output: Output): DatasetState {
  const failure = absence(output);
  if (failure) return failure;
  if (output.status !== 0) throw zfsFailed(`zfs get all ${name}`, output);
  const properties = parseProperties(output.stdout.toString('utf8'));
  const type = properties['type']?.value;
  if (type !== 'filesystem' && type !== 'volume' && type !== 'snapshot') {
    throw new ZrunError('output-unexpected', `zfs says that ${name} is a ${type ?? 'thing without a type'}`);
  }
  return { exists: true, name, type, properties };
}

/** What a failure of zfs(8) says when it only says that something is not there. Texts of OpenZFS 0.8 to 2.4. */
function absence(output: Output): AbsentDataset | undefined {
  if (output.status === 0) return undefined;
  const said = output.stderr.toString('utf8').trim();
  if (output.status === 127) return { exists: false, zfs: 'missing', detail: 'zfs is not installed' };
  if (/does not exist|no such pool/.test(said)) return absentDataset;
  if (/modules? (are|is) not loaded|modules cannot be auto-loaded|\/dev\/zfs|must be run as root/i.test(said))
    return { exists: false, zfs: 'unusable', detail: said };
  return undefined;
}

function zfsFailed(command: string, output: Output): ZrunError {
  return new ZrunError('command-failed', 'zfs does not answer as it should', {
    command,
    status: output.status,
    stderr: output.stderr.toString('utf8'),
  });
}

/**
 * `property TAB value TAB source` a line. A user property's value may hold tabs and newlines: what does not begin like
 * a property continues with the value before it.
 */
export function parseProperties(text: string): Properties {
  const found: Record<string, PropertyValue> = {};
  let rest = text;
  const entry =
    /([a-z0-9:_.@#-]+)\t([\s\S]*?)\t(-|local|default|received|temporary|none|inherited from [^\n]+)(?:\n(?=[a-z0-9:_.@#-]+\t)|\n?$)/y;
  while (rest !== '') {
    entry.lastIndex = 0;
    const match = entry.exec(rest);
    if (!match)
      throw new ZrunError('output-unexpected', "zfs's list of properties is not understood", {
        stdout: rest,
      });
    const [all, name = '', value = '', source = ''] = match;
    found[name] = { value, source };
    rest = rest.slice(all.length);
  }
  return found;
}

/** Everything below a dataset: names of filesystems and volumes, and of its own and their snapshots. */
export interface DatasetTree {
  readonly children: readonly string[];
  readonly snapshots: readonly string[];
}

export const datasetTreeKind: ProbeKind<DatasetTree> = { kind: 'dataset-tree' };

export function datasetTreeProbe(name: string): Probe<DatasetTree> {
  return {
    of: datasetTreeKind,
    key: name,
    script: lines(withZfs, sh`exec zfs list -Hp -o name -t filesystem,volume,snapshot -r ${name}`),
    parse(output) {
      if (absence(output)) return { children: [], snapshots: [] };
      if (output.status !== 0) throw zfsFailed(`zfs list -r ${name}`, output);
      const names = output.stdout.toString('utf8').split('\n').filter(Boolean);
      return {
        children: names.filter((other) => !other.includes('@') && other !== name),
        snapshots: names.filter((other) => other.includes('@')),
      };
    },
  };
}

/** The refreservation that zfs itself would give a thick volume, in bytes; undefined where it cannot tell. */
const reservationKind: ProbeKind<number | undefined> = { kind: 'volume-reservation' };

/** Asks `zfs create -n`, which knows the pool's layout (RAIDZ, dRAID). It changes nothing and does not look at space. */
export function reservationProbe(
  name: string,
  volsize: number,
  blocksize: number | undefined,
): Probe<number | undefined> {
  const option = blocksize === undefined ? sh`` : sh`-o volblocksize=${blocksize}`;
  return {
    of: reservationKind,
    key: `${name} ${volsize} ${blocksize ?? ''}`,
    script: lines(withZfs, sh`exec zfs create -nPvp -V ${volsize} ${option} ${name}`),
    parse(output) {
      const bytes = /^property\trefreservation\t(\d+)$/m.exec(output.stdout.toString('utf8'))?.[1];
      return output.status === 0 && bytes !== undefined ? Number(bytes) : undefined;
    },
  };
}

/**
 * Bytes that a thick volume reserves on plain or mirrored disks: its size and the indirect blocks above it
 * (OpenZFS `zvol_volsize_to_reservation`). On RAIDZ it is more.
 */
export function thickReservation(volsize: number, blocksize: number, copies = 1): number {
  let blocks = Math.ceil(volsize / blocksize);
  let indirect = 0;
  while (blocks > 1) {
    blocks = Math.floor((blocks + 1023) / 1024);
    indirect += blocks;
  }
  return volsize * copies + indirect * Math.min(3, copies + 1) * 128 * 1024;
}

/** A property that is set on the dataset itself, not merely seen through a parent. */
export function localValue(properties: Properties, name: string): string | undefined {
  const property = properties[name];
  return property && (property.source === 'local' || property.source === 'received')
    ? property.value
    : undefined;
}

export function numericProperty(properties: Properties, name: string): number | undefined {
  const value = properties[name]?.value;
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

function isUserProperty(name: string): boolean {
  return name.includes(':');
}

/** Those of the wanted properties that are not as wanted; the message's text for a guard. */
export function lackingProperties(
  properties: Properties,
  required: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(required)
    .filter(([name, value]) => localValue(properties, name) !== value)
    .map(([name, value]) => {
      const seen = properties[name];
      if (!seen) return `${name} is not set, expected '${value}'`;
      if (seen.value === value) return `${name}=${value} is ${seen.source}, not its own`;
      return `${name} is '${seen.value}', expected '${value}'`;
    });
}

const sizes = new Set(
  (
    'quota refquota reservation refreservation recordsize volsize volblocksize special_small_blocks ' +
    'filesystem_limit snapshot_limit copies'
  ).split(' '),
);

/** A value as `zfs get -p` would print it: `8G` for a size becomes bytes, `true` becomes `on`, `none` becomes 0. */
export function canonicalValue(name: string, value: string | number | boolean): string {
  if (typeof value === 'boolean') return isUserProperty(name) ? String(value) : value ? 'on' : 'off';
  if (!sizes.has(name)) return String(value);
  if (value === 'none') return name.endsWith('_limit') ? '18446744073709551615' : '0';
  const bytes = parseBytes(value);
  return bytes === undefined ? String(value) : String(bytes);
}

/**
 * Whether a dataset has what is wanted. A user property must be the dataset's own: it marks this dataset and not those
 * below it. `refreservation=auto` is met by any reservation.
 */
function hasProperty(properties: Properties, name: string, wanted: string): boolean {
  const present = properties[name];
  if (isUserProperty(name)) return localValue(properties, name) === wanted;
  if (name === 'refreservation' && wanted === 'auto') return (numericProperty(properties, name) ?? 0) > 0;
  return present?.value === wanted;
}

/** `NAME=VALUE` words for zfs set and -o. */
export function assignments(properties: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(properties).map(([name, value]) => `${name}=${value}`);
}

export function parentDataset(name: string): string | undefined {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? undefined : name.slice(0, slash);
}

/** From the pool down, the dataset itself left out. */
export function ancestorDatasets(name: string): readonly string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

export function poolOf(name: string): string {
  return name.split(/[/@]/, 1)[0] ?? name;
}

export function volumeDevice(name: string): string {
  return `/dev/zvol/${name}`;
}

/** Properties of a volume or filesystem that is created below `parent`, for check mode. */
export function inheritedProperties(parent: PresentDataset): Properties {
  const inherited: Record<string, PropertyValue> = {};
  for (const [name, { value, source }] of Object.entries(parent.properties)) {
    if (source === '-' || notInherited.has(name)) continue;
    const isDefault = source === 'default';
    const from = source.startsWith('inherited') ? source : `inherited from ${parent.name}`;
    inherited[name] = { value, source: isDefault ? 'default' : from };
  }
  return inherited;
}

const notInherited = new Set(
  (
    'canmount mountpoint quota refquota reservation refreservation filesystem_limit snapshot_limit filesystem_count ' +
    'snapshot_count volsize keylocation version'
  ).split(' '),
);

/** Whether a failure that is not there can be told apart from a ZFS that does not work. Throws `task-failed`. */
export function requireZfs(state: DatasetState): void {
  if (state.exists || state.zfs === 'ready') return;
  throw new ZrunError('task-failed', `ZFS cannot be used on this host: ${state.detail}`, {
    hint:
      state.zfs === 'missing'
        ? 'Install the ZFS tools (Debian: zfsutils-linux) or leave this host out.'
        : 'Is the kernel module loaded (modprobe zfs), and does the task run as root (become: true)?',
  });
}

/** A dataset's name; `@`, `#` and `%` have meanings of their own and are refused. */
export function datasetName(description: string): z.ZodString {
  return z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_.: -]*(\/[A-Za-z0-9_.: -]+)*$/,
      'must be the name of a dataset: POOL/NAME, with letters, digits and _ . : - only',
    )
    .max(255)
    .describe(description);
}

export function snapshotName(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[A-Za-z0-9_.: -]+$/, 'must be the part after the @, with letters, digits and _ . : - only')
    .describe(description);
}

const propertyName = z
  .string()
  .regex(/^[a-z0-9:_.@-]+$/, 'must be the name of a property: small letters, digits and : _ . - only');

/** Property names and what they are to be; null gives a property back to its parent or default. */
export function propertiesParameter(description: string) {
  return z
    .record(propertyName, z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .default({})
    .describe(description);
}

export function requireProperties(description: string) {
  return z.record(propertyName, z.string()).default({}).describe(description);
}

/** The parts of a `properties` parameter: what to set, and what to hand back. */
export function splitProperties(properties: Readonly<Record<string, string | number | boolean | null>>): {
  readonly set: Readonly<Record<string, string>>;
  readonly inherit: readonly string[];
} {
  const set: Record<string, string> = {};
  const inherit: string[] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (value === null) inherit.push(name);
    else set[name] = canonicalValue(name, value);
  }
  return { set, inherit };
}

/** What must change so that a dataset has these properties. */
export interface PropertyChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly inherit: readonly string[];
}

export function propertyChanges(present: Properties, wanted: PropertyChanges): PropertyChanges {
  return {
    set: Object.fromEntries(
      Object.entries(wanted.set).filter(([name, value]) => !hasProperty(present, name, value)),
    ),
    inherit: wanted.inherit.filter((name) => localValue(present, name) !== undefined),
  };
}

export function isEmptyChange(changes: PropertyChanges): boolean {
  return Object.keys(changes.set).length === 0 && changes.inherit.length === 0;
}

/** The properties after a change, for check mode. What a parent would give is not known here and taken as gone. */
export function changedProperties(present: Properties, changes: PropertyChanges): Properties {
  const after: Record<string, PropertyValue> = { ...present };
  for (const name of changes.inherit) Reflect.deleteProperty(after, name);
  for (const [name, value] of Object.entries(changes.set)) after[name] = { value, source: 'local' };
  return after;
}

/** The commands that make a change: one `zfs set` for all, then what is handed back. */
export function propertyScript(name: string, changes: PropertyChanges): ShellText {
  return lines(
    Object.keys(changes.set).length > 0 && sh`zfs set ${assignments(changes.set)} ${name} || exit`,
    ...changes.inherit.map((property) => sh`zfs inherit ${property} ${name} || exit`),
  );
}
