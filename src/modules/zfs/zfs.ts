/**
 * Owns the module `zfs`: a filesystem or volume with its properties, or its absence. Never grows, shrinks, renames or
 * replaces one, never destroys anything that has snapshots or children.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type FieldDiff, type Plan, type Write } from '../../core/module.js';
import { mapState, setState, setStateBelow, unknownState, type Effect, type Read } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import {
  absentDevice,
  awaitVolumeDevice,
  blockDeviceKind,
  blockDeviceProbe,
  deviceIsLate,
  type BlockDevice,
} from '../host/blockdev.js';
import { fileKind } from '../host/file.js';
import { absentFile, directoryState } from '../host/file-state.js';
import { printHolders } from '../host/holders.js';
import { mountsBelow, mountsKind, mountsProbe, type MountTable } from '../host/mountinfo.js';
import { formatBytes, parseBytes } from '../../core/bytes.js';
import {
  absentDataset,
  ancestorDatasets,
  assignments,
  changedProperties,
  datasetKind,
  datasetName,
  datasetProbe,
  datasetTreeProbe,
  inheritedProperties,
  isEmptyChange,
  lackingProperties,
  numericProperty,
  parentDataset,
  poolOf,
  propertiesParameter,
  propertyChanges,
  propertyScript,
  requireProperties,
  requireZfs,
  reservationProbe,
  splitProperties,
  thickReservation,
  volumeDevice,
  type DatasetState,
  type PresentDataset,
  type PropertyChanges,
} from './dataset.js';

const size = z.union([
  z.int().positive(),
  z.string().refine((text) => parseBytes(text) !== undefined, 'must be a size: 8GiB, 512M, or bytes'),
]);

const params = z
  .strictObject({
    name: datasetName('the dataset: `tank/docker`'),
    type: z.enum(['filesystem', 'volume']).default('filesystem').describe('what is to be there'),
    state: z.enum(['present', 'absent']).default('present').describe('whether it is to be there'),
    volsize: size
      .optional()
      .describe(
        "a volume's size: `8GiB`, or bytes; units are powers of 1024, also as `8G` and `8GB`. Rounded up to whole blocks. Needed where the volume is to be made",
      ),
    volblocksize: size
      .optional()
      .describe("a volume's block size: `16K`; fixed at creation. Default: what the pool's ZFS chooses"),
    sparse: z
      .boolean()
      .default(false)
      .describe(
        'a volume without a reservation: a pool that fills up then shows as I/O errors in the volume',
      ),
    properties: propertiesParameter(
      'properties to set, the user properties (`org.example:owner`) among them; null hands one back to the parent or default',
    ),
    create_parents: z.boolean().default(false).describe('makes the datasets above that are missing'),
    require_properties: requireProperties(
      'properties that a dataset which is already there must have of its own, or it counts as somebody else’s and the task fails',
    ),
  })
  .refine((p) => p.type === 'volume' || (p.volsize ?? p.volblocksize) === undefined, {
    message: 'only a volume has a volsize and a volblocksize: add `type: volume`',
    path: ['type'],
  })
  .refine((p) => p.state === 'present' || Object.keys(p.require_properties).length > 0, {
    message:
      'state: absent destroys data, so it needs require_properties that tell which dataset may be destroyed',
    path: ['require_properties'],
  });

type Params = z.output<typeof params>;

type Detail =
  | { readonly do: 'create'; readonly argv: readonly string[]; readonly device: WaitFor | undefined }
  | { readonly do: 'set'; readonly changes: PropertyChanges; readonly device: WaitFor | undefined }
  | { readonly do: 'destroy' };

interface WaitFor {
  readonly path: string;
  readonly size: number;
}

export const zfs = defineModule({
  name: 'zfs',
  summary: 'Make a ZFS filesystem or volume and set its properties',
  params,
  returns: z.object({
    name: z.string().describe('the dataset'),
    state: z.enum(['present', 'absent']).describe('whether it is there now'),
    type: z.string().nullable().describe('`filesystem` or `volume`; null where it is not there'),
    device: z.string().nullable().describe("a volume's block device, `/dev/zvol/NAME`"),
    volsize: z.int().nullable().describe("a volume's size in bytes"),
  }),
  examples: [
    {
      title: 'A volume of 8 GiB with a reservation, marked as one’s own',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example-volume
  type: volume
  volsize: 64MiB
  volblocksize: 16K
  properties:
    compression: lz4
    com.sun:auto-snapshot: 'false'
    org.example:owner: platform
  require_properties:
    org.example:owner: platform`,
      before: 'zfs destroy tank/scratch-example-volume 2>/dev/null || :',
      after: `[ "$(blockdev --getsize64 /dev/zvol/tank/scratch-example-volume)" = 67108864 ] &&
[ "$(zfs get -Hp -o value refreservation tank/scratch-example-volume)" -ge 67108864 ] &&
zfs destroy tank/scratch-example-volume`,
    },
    {
      title: 'A filesystem that nothing mounts',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example/archive
  create_parents: true
  properties: {mountpoint: none, canmount: noauto, quota: 1G}`,
      before: 'zfs destroy -r tank/scratch-example 2>/dev/null || :',
      after:
        '[ "$(zfs get -Hp -o value quota tank/scratch-example/archive)" = 1073741824 ] && zfs destroy -r tank/scratch-example',
    },
    {
      title: 'Remove a volume that is known to be ours',
      needs: 'zfs',
      task: `
zfs:
  name: tank/scratch-example-old
  state: absent
  require_properties:
    org.example:owner: platform`,
      before:
        'zfs list tank/scratch-example-old >/dev/null 2>&1 || zfs create -o org.example:owner=platform -V 16M tank/scratch-example-old',
      after: '! zfs list tank/scratch-example-old 2>/dev/null',
    },
  ],
  plan: planZfs,
  async apply(write, change, { name }) {
    const { detail } = change;
    switch (detail.do) {
      case 'destroy':
        await destroy(write, name);
        break;
      case 'create':
        await applied(
          write.run(
            lines(
              sh`zfs ${detail.argv} || exit`,
              detail.device && awaitVolumeDevice(detail.device.path, detail.device.size),
            ),
            { shownAs: `zfs ${detail.argv.join(' ')}`, accept: [deviceIsLate] },
          ),
          name,
        );
        break;
      case 'set':
        await applied(
          write.run(
            lines(
              propertyScript(name, detail.changes),
              detail.device && awaitVolumeDevice(detail.device.path, detail.device.size),
            ),
            { accept: [deviceIsLate] },
          ),
          name,
        );
        break;
    }
    return change.predicted;
  },
});

/** The status by which the script says that zfs has refused to destroy. */
const notDestroyed = 73;

async function destroy(write: Write, name: string): Promise<void> {
  const output = await write.run(
    sh`LC_ALL=C; export LC_ALL
said=$(zfs destroy ${name} 2>&1) || { printf '%s\n' "$said" >&2
case $said in *busy* | *'in use'* | *unmount*) ${printHolders('', name)} ;; esac
exit ${notDestroyed}; }`,
    { shownAs: `zfs destroy ${name}`, accept: [notDestroyed] },
  );
  if (output.status !== notDestroyed) return;
  throw new ZrunError('task-failed', `${name} could not be destroyed, and is as it was`, {
    hint: 'What keeps it busy is named above, if anything was found: stop it and run again.',
    command: `zfs destroy ${name}`,
    stderr: output.stderr.toString('utf8'),
  });
}

async function applied(
  running: Promise<{ readonly status: number; readonly stderr: Buffer }>,
  name: string,
): Promise<void> {
  const output = await running;
  if (output.status !== deviceIsLate) return;
  throw new ZrunError(
    'task-failed',
    `the volume ${name} is there, but not its block device: ${output.stderr.toString('utf8').trim()}`,
    {
      hint: 'Is udev running, and does 60-zvol.rules exist? `udevadm trigger --subsystem-match=block` makes the links again.',
    },
  );
}

async function planZfs(read: Read, p: Params): Promise<Plan<Detail>> {
  const blocksize = p.volblocksize === undefined ? undefined : parseBytes(p.volblocksize);
  const volsize =
    p.volsize === undefined ? undefined : roundUp(parseBytes(p.volsize) ?? 0, blocksize ?? 16_384);
  const isVolume = p.type === 'volume';
  const isThick = isVolume && !p.sparse && p.state === 'present';
  const [dataset, ancestors, tree, device, reservation, mounts] = await Promise.all([
    read(datasetProbe(p.name)),
    Promise.all(ancestorDatasets(p.name).map((name) => read(datasetProbe(name)))),
    p.state === 'absent' ? read(datasetTreeProbe(p.name)) : undefined,
    isVolume && p.state === 'present' ? read(blockDeviceProbe(volumeDevice(p.name))) : undefined,
    isThick && volsize !== undefined ? read(reservationProbe(p.name, volsize, blocksize)) : undefined,
    read(mountsProbe()),
  ]);
  requireZfs(dataset);
  if (p.state === 'absent') return planAbsence(p, dataset, tree?.children ?? [], tree?.snapshots ?? []);
  if (dataset.exists) return planPresent(p, dataset, volsize, blocksize, device, mounts);
  return planCreation(p, ancestors, volsize, blocksize, reservation);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function planPresent(
  p: Params,
  dataset: PresentDataset,
  volsize: number | undefined,
  blocksize: number | undefined,
  device: BlockDevice | undefined,
  mounts: MountTable,
): Plan<Detail> {
  refuseStranger(p, dataset);
  if (dataset.type !== p.type) {
    throw new ZrunError('task-failed', `${p.name} is a ${dataset.type}, not a ${p.type}`, {
      hint: `Choose another name. What it holds: ${describeUse(dataset)}.`,
    });
  }
  const presentSize = numericProperty(dataset.properties, 'volsize');
  const presentBlock = numericProperty(dataset.properties, 'volblocksize');
  if (blocksize !== undefined && presentBlock !== undefined && blocksize !== presentBlock) {
    throw new ZrunError(
      'task-failed',
      `${p.name} has a volblocksize of ${presentBlock}, not ${blocksize}, and it cannot be changed any more`,
      { hint: 'Take the present block size, or another name.' },
    );
  }
  if (volsize !== undefined && presentSize !== undefined && volsize !== presentSize) {
    const way = volsize > presentSize ? 'smaller than' : 'larger than';
    throw new ZrunError(
      'task-failed',
      `${p.name} has ${formatBytes(presentSize)} (${presentSize} bytes), ${way} the ${formatBytes(volsize)} that are asked for`,
      {
        hint:
          volsize > presentSize
            ? `This task makes volumes and does not grow them, because what is on them must grow along and safely.`
            : `A volume that shrinks loses what stands at its end. Ask for ${presentSize} bytes, or take another name.`,
      },
    );
  }
  const changes = propertyChanges(dataset.properties, wantedProperties(p));
  const isLate = presentSize !== undefined && device?.exists === false && hasDevice(dataset);
  const result = describeResult(p.name, 'present', dataset.type, presentSize);
  if (isEmptyChange(changes) && !isLate) return { change: 'none', reason: 'already as it should be', result };
  const wait = isLate ? { path: volumeDevice(p.name), size: presentSize } : undefined;
  const names = [...Object.keys(changes.set), ...changes.inherit];
  return {
    change: 'some',
    summary: names.length > 0 ? `set ${names.join(', ')} of ${p.name}` : `wait for ${volumeDevice(p.name)}`,
    diff: [{ type: 'fields', subject: `dataset ${p.name}`, fields: fieldsOf(dataset, changes) }],
    effects: [
      mapState(datasetKind, p.name, (before) =>
        before.exists ? { ...before, properties: changedProperties(before.properties, changes) } : before,
      ),
      ...mountEffects(dataset, changes, mounts),
      ...(wait ? [setState(blockDeviceKind, wait.path, blankDevice(wait.size))] : []),
    ],
    detail: { do: 'set', changes, device: wait },
    predicted: result,
  };
}

/** `require_properties` is the guard against taking over what somebody else has made under this name. */
function refuseStranger(p: Params, dataset: PresentDataset): void {
  const lacking = lackingProperties(dataset.properties, p.require_properties);
  if (lacking.length === 0) return;
  throw new ZrunError('task-failed', `${p.name} is taken by something else: ${lacking.join('; ')}`, {
    hint: `It is a ${dataset.type} holding ${describeUse(dataset)}. Nothing was touched. Choose another name, or look at it with \`zfs get all ${p.name}\`.`,
  });
}

function describeUse(dataset: PresentDataset): string {
  const referenced =
    numericProperty(dataset.properties, 'logicalreferenced') ??
    numericProperty(dataset.properties, 'referenced');
  return referenced === undefined ? 'an unknown amount' : formatBytes(referenced);
}

function hasDevice(dataset: PresentDataset): boolean {
  const value = (name: string) => dataset.properties[name]?.value;
  return value('volmode') !== 'none' && value('keystatus') !== 'unavailable';
}

function wantedProperties(p: Params): PropertyChanges {
  return splitProperties(p.properties);
}

function planCreation(
  p: Params,
  ancestors: readonly DatasetState[],
  volsize: number | undefined,
  blocksize: number | undefined,
  asked: number | undefined,
): Plan<Detail> {
  if (p.type === 'volume' && volsize === undefined) {
    throw new ZrunError('task-failed', `there is no volume ${p.name}, and no volsize to make it with`, {
      hint: 'Give volsize if it is to be made; without it, only what is there already is looked after.',
    });
  }
  const parent = nearestAncestor(p, ancestors);
  const { set } = wantedProperties(p);
  if (volsize !== undefined && !p.sparse) {
    const needed = asked ?? thickReservation(volsize, blocksize ?? 8192);
    const available = numericProperty(parent.properties, 'available');
    if (available !== undefined && needed > available) {
      throw new ZrunError(
        'task-failed',
        `there is no room for ${p.name}: it reserves ${formatBytes(needed)} (${needed} bytes), and ${parent.name} has ${formatBytes(available)} (${available} bytes) available`,
        {
          hint: `Free space in the pool, ask for a smaller volsize, or look for quotas and reservations with \`zfs get quota,reservation,refreservation ${parent.name}\`.`,
        },
      );
    }
  }
  const options = [
    ...(p.create_parents ? ['-p'] : []),
    ...(volsize === undefined ? [] : [...(p.sparse ? ['-s'] : []), '-V', String(volsize)]),
    ...(blocksize === undefined ? [] : ['-o', `volblocksize=${blocksize}`]),
    ...assignments(set).flatMap((assignment) => ['-o', assignment]),
  ];
  const created = predictDataset(p, parent, set, volsize, blocksize, asked);
  const fields: FieldDiff[] = [
    { name: 'type', before: undefined, after: p.type },
    ...(volsize === undefined ? [] : [{ name: 'volsize', before: undefined, after: String(volsize) }]),
    ...(blocksize === undefined
      ? []
      : [{ name: 'volblocksize', before: undefined, after: String(blocksize) }]),
    ...Object.entries(set).map(([name, value]) => ({ name, before: undefined, after: value })),
  ];
  const what = volsize === undefined ? 'filesystem' : p.sparse ? 'sparse volume' : 'volume';
  return {
    change: 'some',
    summary: `create ${what} ${p.name}${volsize === undefined ? '' : ` (${formatBytes(volsize)})`}`,
    diff: [{ type: 'fields', subject: `dataset ${p.name}`, fields }],
    effects: creationEffects(p, parent, created, volsize, asked),
    detail: {
      do: 'create',
      argv: ['create', ...options, p.name],
      device:
        volsize === undefined || !hasDevice(created)
          ? undefined
          : { path: volumeDevice(p.name), size: volsize },
    },
    predicted: describeResult(p.name, 'present', p.type, volsize),
  };
}

function nearestAncestor(p: Params, ancestors: readonly DatasetState[]): PresentDataset {
  const present = ancestors.filter((ancestor) => ancestor.exists);
  const parent = present.at(-1);
  if (parent === undefined) {
    const pool = poolOf(p.name);
    throw new ZrunError('task-failed', `there is no pool ${pool} on this host`, {
      hint: '`zpool list` shows the pools; `zpool import` those that are not imported.',
    });
  }
  if (parent.type !== 'filesystem') {
    throw new ZrunError(
      'task-failed',
      `${parent.name} is a ${parent.type}, so nothing can be created below it`,
    );
  }
  if (parent.name !== parentDataset(p.name) && !p.create_parents) {
    throw new ZrunError(
      'task-failed',
      `${parentDataset(p.name) ?? ''} does not exist, so ${p.name} cannot be created in it`,
      {
        hint: 'Set create_parents: true, or create it first.',
      },
    );
  }
  return parent;
}

/** What the new dataset would look like, for check mode. */
function predictDataset(
  p: Params,
  parent: PresentDataset,
  set: Readonly<Record<string, string>>,
  volsize: number | undefined,
  blocksize: number | undefined,
  reservation: number | undefined,
): PresentDataset {
  const fixed: Record<string, string> = { type: p.type, used: '0', referenced: '0', logicalreferenced: '0' };
  const available = parent.properties['available']?.value;
  if (available !== undefined) fixed['available'] = available;
  const mounts = p.type === 'filesystem' ? mountpointBelow(parent, p.name) : undefined;
  if (mounts !== undefined) fixed['mountpoint'] = mounts;
  if (volsize !== undefined) {
    fixed['volsize'] = String(volsize);
    fixed['volblocksize'] = String(blocksize ?? 8192);
    fixed['refreservation'] = p.sparse
      ? '0'
      : String(reservation ?? thickReservation(volsize, blocksize ?? 8192));
  }
  const properties = {
    ...inheritedProperties(parent),
    ...Object.fromEntries(Object.entries(fixed).map(([name, value]) => [name, { value, source: '-' }])),
    ...(p.type === 'filesystem' && { canmount: { value: 'on', source: 'default' } }),
    ...Object.fromEntries(Object.entries(set).map(([name, value]) => [name, { value, source: 'local' }])),
  };
  return { exists: true, name: p.name, type: p.type, properties, isFresh: true };
}

function mountpointBelow(parent: PresentDataset, name: string): string | undefined {
  const above = parent.properties['mountpoint']?.value;
  if (above === undefined || !above.startsWith('/')) return above;
  return `${above === '/' ? '' : above}${name.slice(parent.name.length)}`;
}

function creationEffects(
  p: Params,
  parent: PresentDataset,
  created: PresentDataset,
  volsize: number | undefined,
  reservation: number | undefined,
): readonly Effect[] {
  const missing = ancestorDatasets(p.name).filter((name) => name.length > parent.name.length);
  const reserved = numericProperty(created.properties, 'refreservation') ?? reservation ?? 0;
  const above = ancestorDatasets(parent.name).concat(parent.name);
  const target = created.properties['mountpoint']?.value;
  const isMounted = created.properties['canmount']?.value === 'on' && target?.startsWith('/') === true;
  return [
    ...missing.map((name) =>
      setState(datasetKind, name, {
        exists: true,
        name,
        type: 'filesystem',
        properties: { ...inheritedProperties(parent), type: { value: 'filesystem', source: '-' } },
      }),
    ),
    setState(datasetKind, p.name, created),
    // A reservation is taken from what everything above has left.
    ...(reserved > 0
      ? above.map((name) => mapState(datasetKind, name, (state) => withLess(state, reserved)))
      : []),
    ...(volsize !== undefined && hasDevice(created)
      ? [setState(blockDeviceKind, volumeDevice(p.name), blankDevice(volsize))]
      : []),
    ...(isMounted
      ? [
          setStateBelow(fileKind, target, absentFile),
          setState(fileKind, target, directoryState()),
          mapState(mountsKind, '', (table) => [...table, predictedMount(p.name, target)]),
        ]
      : []),
  ];
}

function withLess(state: DatasetState, bytes: number): DatasetState {
  if (!state.exists) return state;
  const available = numericProperty(state.properties, 'available');
  if (available === undefined) return state;
  const left = { value: String(Math.max(0, available - bytes)), source: '-' };
  return { ...state, properties: { ...state.properties, available: left } };
}

function blankDevice(bytes: number): BlockDevice {
  return {
    exists: true,
    path: undefined,
    devno: undefined,
    size: bytes,
    signatures: [],
    holders: [],
    isFresh: false,
  };
}

function predictedMount(source: string, target: string) {
  return {
    id: undefined,
    parent: undefined,
    devno: undefined,
    root: '/',
    target,
    options: 'rw',
    fstype: 'zfs',
    source,
  };
}

/** Changing where a filesystem is mounted remounts it, and those below it that inherit their place (zfsprops(7)). */
function mountEffects(
  dataset: PresentDataset,
  changes: PropertyChanges,
  mounts: MountTable,
): readonly Effect[] {
  if (dataset.type !== 'filesystem') return [];
  const before = dataset.properties['mountpoint']?.value ?? 'none';
  const isGone = changes.set['canmount'] === 'off';
  const target = isGone ? 'none' : changes.set['mountpoint'];
  if (target === undefined) {
    // What a parent's place would be is not known here.
    return changes.inherit.includes('mountpoint') ? [unknownState(mountsKind, '')] : [];
  }
  // Not the property `mounted`: a plain umount, predicted or real, shows in the table.
  const wasMounted = mounts.some((entry) => entry.source === dataset.name);
  const canmount = changes.set['canmount'] ?? dataset.properties['canmount']?.value;
  const isMounted = target.startsWith('/') && (wasMounted || (!before.startsWith('/') && canmount === 'on'));
  return [
    mapState(mountsKind, '', (table) => remount(table, dataset.name, before, isMounted ? target : undefined)),
    ...(wasMounted && before !== target && before.startsWith('/')
      ? [unknownState(fileKind, before, true)]
      : []),
    ...(isMounted && before !== target
      ? [unknownState(fileKind, target, true), setState(fileKind, target, directoryState())]
      : []),
  ];
}

function remount(table: MountTable, name: string, before: string, target: string | undefined): MountTable {
  const own = table.filter((entry) => entry.source === name && entry.target === before);
  const followers = mountsBelow(table, before).filter(
    (entry) =>
      entry.source.startsWith(`${name}/`) && entry.target === before + entry.source.slice(name.length),
  );
  const moved = [...own, ...followers];
  const kept = table.filter((entry) => !moved.includes(entry));
  if (target === undefined) return kept;
  const main = own[0] ?? predictedMount(name, target);
  return [
    ...kept,
    { ...main, target },
    ...followers.map((entry) => ({ ...entry, target: target + entry.source.slice(name.length) })),
  ];
}

function planAbsence(
  p: Params,
  dataset: DatasetState,
  children: readonly string[],
  snapshots: readonly string[],
): Plan<Detail> {
  const result = describeResult(p.name, 'absent', undefined, undefined);
  if (!dataset.exists) return { change: 'none', reason: 'already gone', result };
  refuseStranger(p, dataset);
  const kept = [...children, ...snapshots];
  if (kept.length > 0) {
    throw new ZrunError(
      'task-failed',
      `${p.name} has ${children.length} datasets below it and ${snapshots.length} snapshots, which this task never destroys`,
      {
        hint: `The first of them: ${kept.slice(0, 5).join(', ')}. \`zfs destroy -rnv ${p.name}\` shows what would go.`,
      },
    );
  }
  return {
    change: 'some',
    summary: `destroy ${dataset.type} ${p.name}`,
    destroys: `${dataset.type} ${p.name} with ${describeUse(dataset)} of data`,
    diff: [
      {
        type: 'fields',
        subject: `dataset ${p.name}`,
        fields: [{ name: 'type', before: dataset.type, after: undefined }],
      },
    ],
    effects: [
      setStateBelow(datasetKind, p.name, absentDataset),
      setState(blockDeviceKind, volumeDevice(p.name), absentDevice),
      mapState(mountsKind, '', (table) => table.filter((entry) => entry.source !== p.name)),
    ],
    detail: { do: 'destroy' },
    predicted: result,
  };
}

function fieldsOf(dataset: PresentDataset, changes: PropertyChanges): readonly FieldDiff[] {
  const before = (name: string) => dataset.properties[name]?.value;
  return [
    ...Object.entries(changes.set).map(([name, value]) => ({ name, before: before(name), after: value })),
    ...changes.inherit.map((name) => ({ name, before: before(name), after: undefined })),
  ];
}

function describeResult(
  name: string,
  state: 'present' | 'absent',
  type: string | undefined,
  volsize: number | undefined,
): ValueMap {
  return {
    name,
    state,
    type: type ?? null,
    device: type === 'volume' ? volumeDevice(name) : null,
    volsize: volsize ?? null,
  };
}
