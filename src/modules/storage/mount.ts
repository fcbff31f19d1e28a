/**
 * Owns the module `mount`: a line of fstab, and the mount itself. Never mounts over something else or over files that
 * it would hide, never unmounts lazily or by force, and leaves every other byte of fstab as it is.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import {
  defineModule,
  templateFile,
  type Change,
  type Diff,
  type Plan,
  type TaskContext,
  type Write,
} from '../../core/module.js';
import { mapState, setState, setStateBelow, unknownState, type Effect, type Read } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import { blockDeviceProbe, type BlockDevice } from '../host/blockdev.js';
import { directoryContentKind, directoryContentProbe, type DirectoryContent } from '../host/directory.js';
import {
  applyFileContent,
  lookAtFile,
  planFileContent,
  type FileChange,
  type FileSight,
} from '../files/file-content.js';
import { fileKind } from '../host/file.js';
import { absentFile, directoryState } from '../host/file-state.js';
import {
  addEntry,
  findEntries,
  formatEntry,
  parseFstab,
  removeEntry,
  replaceEntry,
  sameEntry,
  type FstabEntry,
  type FstabLine,
} from './fstab.js';
import { printHolders } from '../host/holders.js';
import { makeFolder } from '../files/made-folder.js';
import {
  describeMount,
  mountOf,
  mountsAt,
  mountsKind,
  mountsProbe,
  parseMountinfo,
  topMountAt,
  withoutTopMount,
  type MountEntry,
  type MountTable,
} from '../host/mountinfo.js';
import { hostPath, joinPath, normalizePath } from '../host/path.js';
import { runInFolder } from '../files/trusted-folder.js';
import { datasetProbe, type DatasetState } from '../zfs/dataset.js';

const params = z
  .strictObject({
    path: hostPath('the mount point; made (0755) where it is missing').optional(),
    entry: templateFile(
      'a template that renders to one line of fstab, which then says path, src, fstype, opts, dump and passno',
    ).optional(),
    src: z
      .string()
      .min(1)
      .optional()
      .describe('what is mounted: a device, `UUID=…`, a dataset, `host:/export`'),
    fstype: z
      .string()
      .regex(/^[a-z0-9._]+$/)
      .optional()
      .describe('the type of the file system: `ext4`, `zfs`, `nfs`, `none` for a bind mount'),
    opts: z
      .string()
      .regex(/^\S*$/, 'must not hold spaces: options are separated by commas')
      .default('defaults')
      .describe('mount options as in fstab'),
    state: z
      .enum(['mounted', 'present', 'unmounted', 'absent', 'ephemeral'])
      .describe(
        'mounted: in fstab and mounted; present: in fstab; unmounted: not mounted, fstab as it is; absent: neither; ephemeral: mounted, fstab as it is',
      ),
    dump: z.int().min(0).default(0).describe('the fifth field of fstab'),
    passno: z.int().min(0).default(0).describe('the sixth field of fstab: the order of fsck at boot'),
    fstab: hostPath('the file').default('/etc/fstab'),
    backup: z.boolean().default(false).describe('keeps the old fstab beside the new one when it changes'),
    allow_nonempty: z
      .boolean()
      .default(false)
      .describe('mounts even where the folder holds files, which are then hidden'),
  })
  .refine((p) => (p.path === undefined) !== (p.entry === undefined), {
    message: 'give either a path or an entry',
    path: ['path'],
  })
  .refine((p) => p.entry === undefined || (p.src ?? p.fstype) === undefined, {
    message: 'with an entry, src and fstype come from its line',
    path: ['entry'],
  })
  .refine((p) => p.entry !== undefined || !needsSource(p.state) || p.src !== undefined, {
    message: 'this state needs a src',
    path: ['src'],
  })
  .refine((p) => p.entry !== undefined || !needsSource(p.state) || p.fstype !== undefined, {
    message: 'this state needs an fstype',
    path: ['fstype'],
  })
  .refine((p) => p.path === undefined || normalizePath(p.path) !== '/', {
    message: 'the root of the host is not mounted by a task',
    path: ['path'],
  });

/** The parameters, with what an entry says filled in. */
type Params = z.output<typeof params> & { readonly path: string };

async function fillIn(p: z.output<typeof params>, context: TaskContext): Promise<Params> {
  const { path, entry } = p;
  if (path !== undefined) return { ...p, path };
  if (entry === undefined) throw new ZrunError('internal', 'mount has neither path nor entry');
  const found = parseFstab(await context.renderTemplate(entry));
  const [line, ...more] = found;
  if (!line?.target.startsWith('/') || line.target === '/' || more.length > 0) {
    throw new ZrunError(
      'parameter-invalid',
      `${entry} must render to one line of fstab, not ${found.length}`,
      {
        hint: 'As in: /dev/zvol/tank/data /srv/data ext4 noatime,nofail 0 2',
      },
    );
  }
  const { source, target, fstype, options, dump, passno } = line;
  return { ...p, path: target, src: source, fstype, opts: options, dump, passno };
}

function needsSource(state: string): boolean {
  return state === 'mounted' || state === 'present' || state === 'ephemeral';
}

interface Detail {
  readonly fstab: FileChange | undefined;
  readonly action: Action;
}

type Action =
  | { readonly do: 'nothing' }
  | {
      readonly do: 'mount';
      readonly argv: readonly string[];
      readonly wanted: WantedSource;
      readonly target: string;
    }
  | { readonly do: 'unmount'; readonly times: number; readonly source: string };

/** What must be seen in the table of mounts for the source to be the one that is meant. */
interface WantedSource {
  readonly src: string;
  readonly fstype: string;
  /** Where a device's links end, and its number; undefined for what is no device, or is only predicted. */
  readonly device: string | undefined;
  readonly devno: string | undefined;
  /** For a bind mount: the device and the folder in it. */
  readonly bound: { readonly devno: string | undefined; readonly root: string } | undefined;
}

/** The status by which the script says that umount failed. */
const stillBusy = 72;

export const mount = defineModule({
  name: 'mount',
  summary: 'Mount a file system and keep its line in fstab',
  aliases: { path: ['name'] },
  params,
  returns: z.object({
    path: z.string().describe('the mount point'),
    src: z.string().nullable().describe('what is mounted there on top; null where nothing is'),
    fstype: z.string().nullable().describe('its type'),
    opts: z.string().nullable().describe('the options in fstab; null where it has no line'),
    backup_file: z.string().nullable().describe('where the old fstab was kept, with backup: true'),
  }),
  examples: [
    {
      title: 'A file system in memory, in fstab and mounted',
      needs: 'root',
      task: `
mount:
  path: '{{tmp}}/scratch space'
  src: tmpfs
  fstype: tmpfs
  opts: size=1m,nodev
  state: mounted
  fstab: '{{tmp}}/fstab'`,
      before: 'printf "# mine\\nnone   /proc  proc" >"$tmp/fstab"',
      after: `grep -q '^none   /proc  proc$' "$tmp/fstab" && grep -q 'scratch\\\\040space tmpfs size=1m,nodev 0 0$' "$tmp/fstab" && umount "$tmp/scratch space"`,
    },
    {
      title: 'A line in fstab, and nothing mounted yet',
      needs: 'nothing',
      task: `
mount:
  path: /srv/data
  src: UUID=0b1e7a3c-5d0c-4b8a-9b0e-6f1d2c3b4a59
  fstype: ext4
  opts: noatime,nofail
  passno: 2
  state: present
  fstab: '{{tmp}}/fstab'`,
      before: 'printf "# mine\\n" >"$tmp/fstab"',
      after: `[ "$(cat "$tmp/fstab")" = '# mine
UUID=0b1e7a3c-5d0c-4b8a-9b0e-6f1d2c3b4a59 /srv/data ext4 noatime,nofail 0 2' ]`,
    },
    {
      title: 'Unmounted, for as long as fstab is not asked again',
      needs: 'root',
      task: `
mount:
  path: '{{tmp}}/old'
  state: unmounted`,
      before: 'mkdir "$tmp/old" && mount -t tmpfs tmpfs "$tmp/old"',
      after: '! grep -q " $tmp/old " /proc/self/mountinfo',
    },
  ],
  plan: async (read, p, context) => planMount(read, await fillIn(p, context)),
  apply: async (write, change, p, context) => applyMount(write, change, await fillIn(p, context)),
});

/** What was found on the host. */
interface Sight {
  readonly table: MountTable;
  readonly fstab: FileSight | undefined;
  readonly folder: DirectoryContent;
  readonly device: BlockDevice | undefined;
  readonly dataset: DatasetState | undefined;
}

async function planMount(read: Read, p: Params): Promise<Plan<Detail>> {
  const isDataset = p.fstype === 'zfs' && p.src !== undefined && !p.src.includes('@');
  const usesFstab = p.state !== 'unmounted' && p.state !== 'ephemeral';
  const [table, fstab, folder, device, dataset] = await Promise.all([
    read(mountsProbe()),
    usesFstab ? lookAtFile(read, { path: p.fstab }) : undefined,
    read(directoryContentProbe(p.path)),
    isDevice(p.src) ? read(blockDeviceProbe(p.src)) : undefined,
    isDataset && p.src !== undefined ? read(datasetProbe(p.src)) : undefined,
  ]);
  const sight = { table, fstab, folder, device, dataset };
  // fstab names the path as the user does; the kernel knows it with its links resolved.
  const target = folder.path;
  const opts = p.fstype === 'zfs' ? withZfsutil(p.opts, dataset) : p.opts;
  const fstabPlan = fstab && planFstab(p, fstab, opts);
  const moves = planAction(p, sight, target, opts);
  const opts_ = fstabPlan?.options ?? null;
  if (moves.action.do === 'nothing' && fstabPlan?.file.change !== 'some') {
    const top = topMountAt(table, target);
    return {
      change: 'none',
      reason: moves.reason ?? fstabPlan?.reason ?? 'already as it should be',
      result: describeResult(p.path, top, opts_),
    };
  }
  const fstabChange = fstabPlan?.file.change === 'some' ? fstabPlan.file : undefined;
  const diff: Diff[] = [...(fstabChange?.diff ?? []), ...moves.diff];
  return {
    change: 'some',
    summary: [moves.summary, fstabChange && `${fstabPlan?.verb ?? 'change'} its line in ${p.fstab}`]
      .filter(Boolean)
      .join(', '),
    diff,
    effects: [...(fstabChange?.effects ?? []), ...moves.effects],
    detail: { fstab: fstabChange?.detail, action: moves.action },
    predicted: describeResult(p.path, moves.top, opts_),
  };
}

function isDevice(src: string | undefined): src is string {
  return src !== undefined && /^(\/dev\/|(PART)?(UUID|LABEL)=)/.test(src);
}

/** mount.zfs(8) refuses a dataset whose mountpoint is not `legacy`, unless it is told that ZFS itself is asking. */
function withZfsutil(opts: string, dataset: DatasetState | undefined): string {
  const isLegacy = dataset?.exists === true && dataset.properties['mountpoint']?.value === 'legacy';
  if (isLegacy || opts.split(',').includes('zfsutil')) return opts;
  return opts === 'defaults' || opts === '' ? 'zfsutil' : `${opts},zfsutil`;
}

function describeResult(path: string, top: MountEntry | undefined, opts: string | null): ValueMap {
  return { path, src: top?.source ?? null, fstype: top?.fstype ?? null, opts, backup_file: null };
}

// fstab

interface FstabPlan {
  readonly file: ReturnType<typeof planFileContent>;
  readonly verb: string;
  readonly reason: string;
  /** The options in fstab afterwards. */
  readonly options: string | null;
}

function planFstab(p: Params, sight: FileSight, opts: string): FstabPlan | undefined {
  const text = fstabText(p, sight);
  if (p.state === 'absent') {
    const own = oneLine(p, findEntries(text ?? '', p.path, p.src));
    if (text === undefined || own === undefined) return undefined;
    const content = Buffer.from(removeEntry(text, own.line));
    return {
      file: planFileContent(sight, { content, isEdited: true, backup: p.backup }),
      verb: 'remove',
      reason: '',
      options: null,
    };
  }
  const entry: FstabEntry = {
    source: p.src ?? '',
    target: normalizePath(p.path),
    fstype: p.fstype ?? '',
    options: opts === '' ? 'defaults' : opts,
    dump: p.dump,
    passno: p.passno,
  };
  const others = findEntries(text ?? '', p.path);
  const own = others.length > 1 ? oneLine(p, findEntries(text ?? '', p.path, p.src), others) : others[0];
  const isSame = own !== undefined && sameEntry(own, entry);
  const after = isSame
    ? (text ?? '')
    : own === undefined
      ? addEntry(text ?? '', entry)
      : replaceEntry(text ?? '', own.line, entry);
  return {
    file: planFileContent(sight, { content: Buffer.from(after), isEdited: true, backup: p.backup }),
    verb: own === undefined ? 'add' : 'change',
    reason: `already in ${p.fstab}`,
    options: entry.options,
  };
}

function fstabText(p: Params, { file }: FileSight): string | undefined {
  if (file.type === 'absent') return undefined;
  if (file.type === 'file' && file.content !== undefined) return Buffer.from(file.content).toString('utf8');
  throw new ZrunError('task-failed', `${p.fstab} cannot be read as a file`, {
    hint: 'Does the task need become: true?',
  });
}

/** Which of several lines is meant cannot be guessed. */
function oneLine(p: Params, found: readonly FstabLine[], all = found): FstabLine | undefined {
  if (found.length === 1 || all.length === 0) return found[0];
  throw new ZrunError(
    'task-failed',
    `${p.fstab} has several lines for ${p.path}: ${all.map(({ line }) => line).join(', ')}`,
    {
      hint: `They are: ${all.map(formatEntry).join(' | ')}. Leave one of them, or say with src which one is meant.`,
    },
  );
}

// the mount itself

interface Moves {
  readonly action: Action;
  readonly summary: string | undefined;
  readonly reason: string | undefined;
  readonly diff: readonly Diff[];
  readonly effects: readonly Effect[];
  /** What is on top afterwards. */
  readonly top: MountEntry | undefined;
}

function planAction(p: Params, sight: Sight, target: string, opts: string): Moves {
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
  const wanted = p.src === undefined ? undefined : wantedSource(p.src, p, sight, opts);
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

function wantedSource(src: string, p: Params, { table, device }: Sight, opts: string): WantedSource {
  const present = device?.exists ? device : undefined;
  const isBind = opts.split(',').some((option) => option === 'bind' || option === 'rbind');
  const holder = isBind ? mountOf(table, normalizePath(src)) : undefined;
  return {
    src,
    fstype: p.fstype ?? '',
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
function isFrom(entry: MountEntry, wanted: WantedSource): boolean {
  if (wanted.bound) {
    return (
      entry.devno === wanted.bound.devno && normalizePath(entry.root) === normalizePath(wanted.bound.root)
    );
  }
  if (wanted.devno !== undefined && entry.devno !== undefined && entry.root === '/')
    return entry.devno === wanted.devno;
  return entry.source === wanted.src || (wanted.device !== undefined && entry.source === wanted.device);
}

function refuseMount(
  p: Params,
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

/** What mount(8) is given: options that only fstab's readers understand are left out, for busybox's sake. */
function mountArgv(wanted: WantedSource, target: string, opts: string): readonly string[] {
  const told = opts.split(',').filter((option) => option !== '' && !isForFstab(option));
  const type = ['', 'none', 'auto'].includes(wanted.fstype) ? [] : ['-t', wanted.fstype];
  return ['mount', ...type, ...(told.length > 0 ? ['-o', told.join(',')] : []), '--', wanted.src, target];
}

/** With `overlay=off`, mount.zfs(8) refuses a folder that holds files (zfsprops(7)), unless it is legacy. */
function isKeptFromOverlay(p: Params, dataset: DatasetState | undefined, opts: string): boolean {
  const isZfsutil = p.fstype === 'zfs' && opts.split(',').includes('zfsutil');
  return isZfsutil && dataset?.exists === true && dataset.properties['overlay']?.value === 'off';
}

/**
 * Only zfs(8) can be told otherwise, and only where the dataset's own mountpoint is meant. Elsewhere mount.zfs(8) does as
 * the kernel does, which asks nothing, when it is told to be sloppy; but then `exec`, `setuid`, `devices` and `atime`
 * of the dataset are not heeded.
 */
function overlayArgv(
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
  p: Params,
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

// apply

async function applyMount(write: Write, { detail, predicted }: Change<Detail>, p: Params): Promise<ValueMap> {
  const { action, fstab } = detail;
  const target = typeof predicted['path'] === 'string' ? predicted['path'] : p.path;
  const act = actionScript(action, target);
  const report = sh`cat /proc/self/mountinfo`;
  let table = '';
  let backupFile: string | undefined;
  if (fstab === undefined) {
    table = (await run(lines(sh`LC_ALL=C; export LC_ALL`, act, report))).stdout.toString('utf8');
  } else {
    // One script for all: what is unmounted goes before its line, what is mounted comes after, when systemd has read
    // the new line (it unmounts what its old unit does not know).
    const isLeaving = action.do === 'unmount';
    const together: Pick<Write, 'run'> = {
      run: async (script, options) => {
        const output = await run(
          lines(
            sh`LC_ALL=C; export LC_ALL`,
            isLeaving && act,
            // Not `|| exit`: that would take the meaning from the `set -e` inside.
            sh`( ${script} )
status=$?; [ "$status" -eq 0 ] || exit "$status"`,
            sh`if [ -d /run/systemd/system ]; then systemctl daemon-reload || exit; fi`,
            !isLeaving && act,
            report,
          ),
          options,
        );
        table = output.stdout.toString('utf8');
        return output;
      },
    };
    backupFile = (await applyFileContent(together, fstab)).backupFile;
  }
  const top = verify(p, action, table);
  return {
    ...predicted,
    src: top?.source ?? null,
    fstype: top?.fstype ?? null,
    backup_file: backupFile ?? null,
  };

  async function run(script: ShellText, options?: Parameters<Write['run']>[1]): Promise<Output> {
    const shownAs =
      action.do === 'mount'
        ? action.argv.join(' ')
        : action.do === 'unmount'
          ? `umount ${p.path}`
          : `write ${p.fstab}`;
    const output = await runInFolder(write, script, {
      ...options,
      accept: [...(options?.accept ?? []), stillBusy],
      shownAs,
    });
    if (output.status !== stillBusy) return output;
    throw new ZrunError('task-failed', `${p.path} is busy and stays mounted`, {
      hint: 'What holds it is named above, if anything was found: stop it and run again. It is never unmounted lazily or by force.',
      command: `umount ${p.path}`,
      stderr: output.stderr.toString('utf8'),
    });
  }
}

function actionScript(action: Action, path: string): ShellText | undefined {
  switch (action.do) {
    case 'nothing':
      return undefined;
    case 'mount':
      return sh`p=${path}; made=
if [ ! -d "$p" ]; then
(umask 022
${makeFolder(path, {}, undefined)})
status=$?; [ "$status" -eq 0 ] || exit "$status"
made=1
fi
${action.argv} >&2 || { status=$?; [ -z "$made" ] || rmdir -- "$p"; exit "$status"; }`;
    case 'unmount':
      return sh`p=${path}; times=${action.times}
while [ "$times" -gt 0 ]; do
umount -- "$p" >&2 || { ${printHolders(path, action.source)}; exit ${stillBusy}; }
times=$((times - 1))
done`;
  }
}

/** What the kernel says after the deed is what counts. */
function verify(p: Params, action: Action, mountinfo: string): MountEntry | undefined {
  const table = parseMountinfo(mountinfo);
  const top = topMountAt(table, action.do === 'mount' ? action.target : normalizePath(p.path));
  if (action.do !== 'mount') return top;
  if (top !== undefined && isFrom(top, action.wanted)) return top;
  throw new ZrunError(
    'task-failed',
    top === undefined
      ? `${action.wanted.src} was mounted at ${p.path}, but is not there any more`
      : `${p.path} has ${describeMount(top)} on top, not ${action.wanted.src}`,
    {
      hint: 'Something on the host mounts or unmounts there at the same time: `journalctl -b` around now names it (systemd does where a unit says otherwise).',
      command: action.argv.join(' '),
    },
  );
}
