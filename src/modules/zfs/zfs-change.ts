/**
 * Owns the plan for a dataset that is there: whether it is the one that is meant, which properties it gets, and what that
 * does to mounts.
 */
import { formatBytes } from '../../core/bytes.js';
import { ZrunError } from '../../core/errors.js';
import type { Plan } from '../../core/module.js';
import { mapState, setState, unknownState, type Effect } from '../../core/probe.js';
import { blockDeviceKind, type BlockDevice } from '../host/blockdev.js';
import { fileKind } from '../host/file.js';
import { directoryState } from '../host/file-state.js';
import { mountsBelow, mountsKind, type MountTable } from '../host/mountinfo.js';
import {
  changedProperties,
  datasetKind,
  isEmptyChange,
  numericProperty,
  propertyChanges,
  splitProperties,
  volumeDevice,
  type PresentDataset,
  type PropertyChanges,
} from './dataset.js';
import type { ZfsParams } from './zfs-params.js';
import {
  blankDevice,
  describeResult,
  describeUse,
  fieldsOf,
  hasDevice,
  predictedMount,
  refuseStranger,
  type Detail,
} from './zfs-plan.js';

export function planChange(
  p: ZfsParams,
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
  const changes = propertyChanges(dataset.properties, splitProperties(p.properties));
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
