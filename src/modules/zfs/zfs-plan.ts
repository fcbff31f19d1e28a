/**
 * Owns what the plans of the module `zfs` have in common, whether a dataset is made, changed or destroyed: what apply is
 * told, what the task returns, and whom nothing is taken from.
 */
import { formatBytes } from '../../core/bytes.js';
import { ZrunError } from '../../core/errors.js';
import type { FieldDiff } from '../../core/module.js';
import type { ValueMap } from '../../core/value.js';
import type { BlockDevice } from '../host/blockdev.js';
import type { MountEntry } from '../host/mountinfo.js';
import {
  lackingProperties,
  numericProperty,
  volumeDevice,
  type PresentDataset,
  type PropertyChanges,
} from './dataset.js';
import type { ZfsParams } from './zfs-params.js';

export type Detail =
  | { readonly do: 'create'; readonly argv: readonly string[]; readonly device: WaitFor | undefined }
  | { readonly do: 'set'; readonly changes: PropertyChanges; readonly device: WaitFor | undefined }
  | { readonly do: 'destroy' };

interface WaitFor {
  readonly path: string;
  readonly size: number;
}

/** `require_properties` is the guard against taking over what somebody else has made under this name. */
export function refuseStranger(p: ZfsParams, dataset: PresentDataset): void {
  const lacking = lackingProperties(dataset.properties, p.require_properties);
  if (lacking.length === 0) return;
  throw new ZrunError('task-failed', `${p.name} is taken by something else: ${lacking.join('; ')}`, {
    hint: `It is a ${dataset.type} holding ${describeUse(dataset)}. Nothing was touched. Choose another name, or look at it with \`zfs get all ${p.name}\`.`,
  });
}

export function describeUse(dataset: PresentDataset): string {
  const referenced =
    numericProperty(dataset.properties, 'logicalreferenced') ??
    numericProperty(dataset.properties, 'referenced');
  return referenced === undefined ? 'an unknown amount' : formatBytes(referenced);
}

export function hasDevice(dataset: PresentDataset): boolean {
  const value = (name: string) => dataset.properties[name]?.value;
  return value('volmode') !== 'none' && value('keystatus') !== 'unavailable';
}

/** A volume's device with nothing on it. */
export function blankDevice(bytes: number): BlockDevice {
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

export function predictedMount(source: string, target: string): MountEntry {
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

/** What changes of its properties, before and after. */
export function fieldsOf(dataset: PresentDataset, changes: PropertyChanges): readonly FieldDiff[] {
  const before = (name: string) => dataset.properties[name]?.value;
  return [
    ...Object.entries(changes.set).map(([name, value]) => ({ name, before: before(name), after: value })),
    ...changes.inherit.map((name) => ({ name, before: before(name), after: undefined })),
  ];
}

export function describeResult(
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
