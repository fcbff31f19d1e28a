/**
 * Owns what is to be mounted or unmounted at a place: what that changes, what stands in the way, and what tasks see
 * afterwards. Knows nothing of fstab.
 */
import { ZrunError } from '../../core/errors.js';
import type { Diff } from '../../core/module.js';
import { mapState, setState, setStateBelow, unknownState, type Effect } from '../../core/probe.js';
import type { BlockDevice } from '../host/blockdev.js';
import { directoryContentKind, type DirectoryContent } from '../host/directory.js';
import { fileKind } from '../host/file.js';
import { absentFile, directoryState } from '../host/file-state.js';
import {
  describeMount,
  mountsAt,
  mountsKind,
  topMountAt,
  withoutTopMount,
  type MountEntry,
  type MountTable,
} from '../host/mountinfo.js';
import { normalizePath } from '../host/path.js';
import type { DatasetState } from '../zfs/dataset.js';
import { isKeptFromOverlay, mountArgv, overlayArgv } from './mount-command.js';
import type { MountParams } from './mount-params.js';
import { findSource, isFrom, type WantedSource } from './mount-source.js';

/** What was found on the host. */
interface Sight {
  readonly table: MountTable;
  readonly folder: DirectoryContent;
  readonly device: BlockDevice | undefined;
  readonly dataset: DatasetState | undefined;
}

export type Action =
  | { readonly do: 'nothing' }
  | {
      readonly do: 'mount';
      readonly argv: readonly string[];
      readonly wanted: WantedSource;
      readonly target: string;
    }
  | { readonly do: 'unmount'; readonly times: number; readonly source: string };

interface Moves {
  readonly action: Action;
  readonly summary: string | undefined;
  readonly reason: string | undefined;
  readonly diff: readonly Diff[];
  readonly effects: readonly Effect[];
  /** What is on top afterwards. */
  readonly top: MountEntry | undefined;
}

export function planMoves(p: MountParams, sight: Sight, target: string, opts: string): Moves {
  const top = topMountAt(sight.table, target);
  const stays = (reason: string | undefined): Moves => ({
    action: { do: 'nothing' },
    summary: undefined,
    reason,
    diff: [],
    effects: [],
    top,
  });
  if (p.state === 'present') return stays(undefined);
  const wanted = p.src === undefined ? undefined : findSource(p.src, p, sight, opts);
  if (p.state === 'unmounted' || p.state === 'absent') {
    return planUnmount(p, sight, target, wanted) ?? stays('not mounted');
  }
  if (wanted === undefined) return stays(undefined);
  if (top !== undefined && isFrom(top, wanted)) return stays('already mounted');
  refuseMount(p, sight, top, wanted);
  const entry = predictedEntry(wanted, target, opts);
  const argv =
    p.allow_nonempty && isKeptFromOverlay(p, sight.dataset, opts)
      ? overlayArgv(wanted.src, sight.dataset, [p.path, target], opts)
      : mountArgv(wanted, target, opts);
  return {
    action: { do: 'mount', argv, wanted, target },
    summary: `mount ${wanted.src} at ${p.path}`,
    reason: undefined,
    diff: [mountDiff(p.path, top, entry)],
    effects: mountEffects(p.path, target, entry, sight),
    top: entry,
  };
}

function refuseMount(
  p: MountParams,
  { folder, device, dataset }: Sight,
  top: MountEntry | undefined,
  wanted: WantedSource,
): void {
  if (top !== undefined) {
    throw new ZrunError(
      'task-failed',
      `${p.path} has ${describeMount(top)} mounted, so ${wanted.src} is not mounted over it`,
      {
        hint: `Unmount it first: \`mount: {path: ${p.path}, state: unmounted}\`.`,
      },
    );
  }
  if (device?.exists === false) {
    throw new ZrunError(
      'task-failed',
      `${wanted.src} ${device.instead === undefined ? 'does not exist' : `is ${device.instead}`}, so it cannot be mounted`,
      {
        hint: 'The device of a volume appears a little after the volume; `lsblk` shows what is there.',
      },
    );
  }
  if (dataset?.exists === false) {
    throw new ZrunError(
      'task-failed',
      `there is no dataset ${wanted.src} to mount${dataset.detail === '' ? '' : `: ${dataset.detail}`}`,
    );
  }
  const type = device?.exists
    ? device.signatures?.find((signature) => signature.type === p.fstype)
    : undefined;
  if (
    device?.exists &&
    device.signatures !== undefined &&
    type === undefined &&
    wanted.bound === undefined &&
    p.fstype !== 'auto'
  ) {
    const found = device.signatures.map((signature) => signature.type).join(', ');
    throw new ZrunError(
      'task-failed',
      `${wanted.src} holds ${found === '' ? 'no file system' : found}, not ${p.fstype ?? ''}`,
      {
        hint:
          found === ''
            ? 'Make one first: the module `filesystem` does.'
            : 'Say the type that it has, or take another device.',
      },
    );
  }
  if (folder.type === 'other') {
    throw new ZrunError('task-failed', `${p.path} is no directory, so nothing can be mounted there`);
  }
  if (folder.entries !== undefined && folder.entries > 0 && !p.allow_nonempty) {
    throw new ZrunError(
      'task-failed',
      `${p.path} holds ${folder.entries} ${folder.entries === 1 ? 'entry' : 'entries'}, which the mount would hide`,
      {
        hint: 'Move them away first. Docker that was started before its mount leaves such files. With allow_nonempty: true they are hidden.',
      },
    );
  }
}

function predictedEntry(wanted: WantedSource, target: string, opts: string): MountEntry {
  return {
    id: undefined,
    parent: undefined,
    devno: wanted.bound ? wanted.bound.devno : wanted.devno,
    root: wanted.bound ? wanted.bound.root : '/',
    target,
    options: opts,
    fstype: wanted.fstype,
    source: wanted.device ?? wanted.src,
  };
}

function mountEffects(
  path: string,
  target: string,
  entry: MountEntry,
  { device, dataset, folder }: Sight,
): readonly Effect[] {
  const isFresh = [device, dataset].some((source) => source?.exists && source.isFresh);
  const isEmpty = isFresh || entry.fstype === 'tmpfs';
  const content: DirectoryContent = {
    type: 'directory',
    path: target,
    entries: undefined,
    underneath: folder.entries ?? 0,
  };
  return [
    mapState(mountsKind, '', (table) => [...table, entry]),
    ...pathsOf(path, target).flatMap((place) => [
      ...effectsBelow(place, isEmpty),
      setState(directoryContentKind, place, content),
    ]),
  ];
}

/** What tasks find below a place where another file system comes to light. */
function effectsBelow(place: string, isEmpty: boolean): readonly Effect[] {
  return [
    isEmpty ? setStateBelow(fileKind, place, absentFile) : unknownState(fileKind, place, true),
    setState(fileKind, place, directoryState()),
    isEmpty
      ? setStateBelow<DirectoryContent>(directoryContentKind, place, {
          type: 'absent',
          path: place,
          entries: undefined,
          underneath: undefined,
        })
      : unknownState(directoryContentKind, place, true),
  ];
}

/** The path as tasks write it, and as it is without links: later tasks may use either. */
function pathsOf(path: string, target: string): readonly string[] {
  const given = normalizePath(path);
  return given === target ? [target] : [given, target];
}

function mountDiff(path: string, before: MountEntry | undefined, after: MountEntry | undefined): Diff {
  const describe = (entry: MountEntry | undefined) => entry && describeMount(entry);
  return {
    type: 'fields',
    subject: `mount ${path}`,
    fields: [{ name: 'source', before: describe(before), after: describe(after) }],
  };
}

/** Undefined: nothing to unmount. */
function planUnmount(
  p: MountParams,
  sight: Sight,
  target: string,
  wanted: WantedSource | undefined,
): Moves | undefined {
  const all = mountsAt(sight.table, target);
  const top = all.at(-1);
  if (top === undefined) return undefined;
  if (wanted !== undefined && !isFrom(top, wanted)) {
    if (!all.some((entry) => isFrom(entry, wanted))) return undefined;
    throw new ZrunError('task-failed', `${describeMount(top)} is mounted over ${wanted.src} at ${p.path}`, {
      hint: 'What is on top must be unmounted first.',
    });
  }
  // Without a source, everything that is stacked there goes.
  const times = wanted === undefined ? all.length : 1;
  let after = sight.table;
  for (let i = 0; i < times; i++) after = withoutTopMount(after, target);
  const next = topMountAt(after, target);
  return {
    action: { do: 'unmount', times, source: top.source },
    summary: p.src === undefined ? `unmount ${p.path}` : `unmount ${p.src} from ${p.path}`,
    reason: undefined,
    diff: [mountDiff(p.path, top, next)],
    effects: [
      mapState(mountsKind, '', () => after),
      ...pathsOf(p.path, target).flatMap((place) => unmountEffects(place, target, sight.folder, next)),
    ],
    top: next,
  };
}

/** What comes to light below the mount was looked at beforehand, where that was possible. */
function unmountEffects(
  place: string,
  target: string,
  folder: DirectoryContent,
  next: MountEntry | undefined,
): readonly Effect[] {
  const count = next === undefined ? folder.underneath : undefined;
  const content: DirectoryContent = {
    type: 'directory',
    path: target,
    entries: count,
    underneath: undefined,
  };
  return [
    ...effectsBelow(place, count === 0),
    count === undefined
      ? unknownState(directoryContentKind, place)
      : setState(directoryContentKind, place, content),
  ];
}
