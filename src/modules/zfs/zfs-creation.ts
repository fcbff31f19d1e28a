/**
 * Owns the plan for a dataset that is to be made: where, whether there is room for it, and what it will be like.
 */
import { formatBytes } from '../../core/bytes.js';
import { ZrunError } from '../../core/errors.js';
import type { FieldDiff, Plan } from '../../core/module.js';
import { mapState, setState, setStateBelow, type Effect } from '../../core/probe.js';
import { blockDeviceKind } from '../host/blockdev.js';
import { fileKind } from '../host/file.js';
import { absentFile, directoryState } from '../host/file-state.js';
import { mountsKind } from '../host/mountinfo.js';
import {
  ancestorDatasets,
  assignments,
  datasetKind,
  inheritedProperties,
  numericProperty,
  parentDataset,
  poolOf,
  splitProperties,
  thickReservation,
  volumeDevice,
  type DatasetState,
  type PresentDataset,
} from './dataset.js';
import type { ZfsParams } from './zfs-params.js';
import { blankDevice, describeResult, hasDevice, predictedMount, type Detail } from './zfs-plan.js';

export function planCreation(
  p: ZfsParams,
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
  const { set } = splitProperties(p.properties);
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

function nearestAncestor(p: ZfsParams, ancestors: readonly DatasetState[]): PresentDataset {
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
  p: ZfsParams,
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
  p: ZfsParams,
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
