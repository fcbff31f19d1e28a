/**
 * Owns `remount`: a mounted file system that nothing can be written to for a while, and is written to again. It asks the
 * kernel, which refuses as long as a file is open for writing, and leaves nothing that outlives the mount: neither fstab nor a
 * property of ZFS.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan, type Write } from '../../core/module.js';
import { mapState } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh } from '../../core/shell.js';
import { blockDeviceProbe } from '../host/blockdev.js';
import { printHolders } from '../host/holders.js';
import {
  describeMount,
  mountAround,
  mountsKind,
  mountsProbe,
  parseMountinfo,
  topMountAt,
  type MountEntry,
  type MountTable,
} from '../host/mountinfo.js';
import { describeElsewhere, elsewhereProbe } from './mounts-elsewhere.js';
import { hostPath, normalizePath } from '../host/path.js';

const params = z.strictObject({
  path: hostPath('The mount point, links resolved. Where nothing is mounted, nothing is done.'),
  src: z
    .string()
    .min(1)
    .optional()
    .describe('A device or a dataset: where something else is mounted there on top, nothing is done.'),
  folder: z
    .boolean()
    .default(false)
    .describe(
      'The path is a folder of src, and not where src is mounted: it is mounted at its own place while it is to be read-only, and the rest of src goes on as it was. Fails as well where a process works in it.',
    ),
  state: z
    .enum(['read_only', 'writable'])
    .describe(
      'read_only: nobody can write to the file system any more, wherever it is mounted; fails where something has a file open for writing, and where it is mounted elsewhere, too, and would stay so when it is unmounted. writable: as it was.',
    ),
  timeout: z
    .int()
    .min(0)
    .default(15)
    .describe('Seconds in which what writes to it may end, before it is called busy.'),
});

type Params = z.output<typeof params>;

/** The status by which the script says that something writes to it. */
const stillWritten = 72;

/** The state of the mount, for the plan and for the script. */
interface Detail {
  readonly source: string;
}

export const remount = defineModule({
  name: 'remount',
  summary: 'Make a mounted file system read-only for a while, and writable again',
  params,
  returns: z.strictObject({
    path: z.string().describe('The mount point.'),
    src: z.string().nullable().describe('What is mounted there; null where nothing is.'),
  }),
  examples: [
    {
      title: 'Nothing is written to it while it is copied',
      needs: 'root',
      task: `
remount:
  path: '{{tmp}}/data'
  state: read_only`,
      before: 'mkdir "$tmp/data" && mount -t tmpfs tmpfs "$tmp/data"',
      after: '! touch "$tmp/data/file" 2>/dev/null && umount "$tmp/data"',
    },
    {
      title: 'Writable again',
      needs: 'root',
      task: `
remount:
  path: '{{tmp}}/data'
  state: writable`,
      before: 'mkdir "$tmp/data" && mount -t tmpfs -o ro tmpfs "$tmp/data"',
      after: 'touch "$tmp/data/file" && umount "$tmp/data"',
    },
    {
      title: 'A folder of a larger file system, which goes on being written to',
      needs: 'root',
      task: `
remount:
  path: '{{tmp}}/data/folder'
  folder: true
  state: read_only`,
      before:
        'mkdir "$tmp/data" && mount -t tmpfs tmpfs "$tmp/data" && mkdir "$tmp/data/folder" && touch "$tmp/data/folder/kept"',
      after: `! touch "$tmp/data/folder/file" 2>/dev/null && touch "$tmp/data/file" &&
umount "$tmp/data/folder" && test -e "$tmp/data/folder/kept" && umount "$tmp/data"`,
    },
  ],
  async plan(read, p, context): Promise<Plan<Detail>> {
    const target = normalizePath(p.path);
    const isToBeReadOnly = p.state === 'read_only';
    // In check mode, what uses it has not been stopped.
    const [table, device, elsewhere] = await Promise.all([
      read(mountsProbe()),
      p.src?.startsWith('/dev/') ? read(blockDeviceProbe(p.src)) : undefined,
      isToBeReadOnly && !context.check ? read(elsewhereProbe(target)) : [],
    ]);
    const top = topMountAt(table, target);
    if (p.folder) return planFolder(p, target, table, elsewhere);
    const result = { path: p.path, src: top?.source ?? null };
    if (top === undefined) return { change: 'none', reason: 'not mounted', result };
    if (p.src !== undefined && top.source !== p.src && !(device?.exists && device.devno === top.devno))
      return { change: 'none', reason: `${describeMount(top)} is mounted there`, result };
    refuseElsewhere(p, elsewhere);
    if (isReadOnly(top) === isToBeReadOnly)
      return { change: 'none', reason: isToBeReadOnly ? 'already read-only' : 'already writable', result };
    return {
      change: 'some',
      summary: `make ${p.path} ${isToBeReadOnly ? 'read-only' : 'writable'}`,
      diff: [
        {
          type: 'fields',
          subject: `mount ${p.path}`,
          fields: [{ name: 'access', before: accessOf(top), after: isToBeReadOnly ? 'ro' : 'rw' }],
        },
      ],
      effects: [
        mapState(mountsKind, '', (before) =>
          before.map((entry) => (entry.id === top.id ? withAccess(entry, isToBeReadOnly) : entry)),
        ),
      ],
      detail: { source: top.source },
      predicted: result,
    };
  },
  async apply(write, { detail, predicted }, p) {
    if (p.folder) {
      await applyFolder(write, p);
      return predicted;
    }
    const option = p.state === 'read_only' ? 'ro' : 'rw';
    const command = `mount -o remount,${option} ${p.path}`;
    const target = normalizePath(p.path);
    const { status, stdout, stderr } = await write.run(
      sh`LC_ALL=C; export LC_ALL
p=${target} waited=0
until said=$(mount -o ${`remount,${option}`} -- "$p" 2>&1); do
[ "$waited" -lt ${p.timeout} ] || {
writers=$({ ${printHolders(target, detail.source, 'writing')}; } 2>&1)
# mount.zfs(8) calls it "already mounted" that it is busy.
printf '%s\n' "\${writers:-$said}" >&2
exit ${stillWritten}
}
waited=$((waited + 1)); sleep 1
done
cat /proc/self/mountinfo`,
      { accept: [stillWritten], shownAs: command },
    );
    if (status === stillWritten) {
      throw new ZrunError('task-failed', `${p.path} could not be made ${isWords[p.state]}`, {
        hint: 'What has a file in it open for writing is named above, if anything was found: stop it and run again.',
        command,
        stderr: stderr.toString('utf8'),
      });
    }
    const top = topMountAt(parseMountinfo(stdout.toString('utf8')), target);
    if (top === undefined || isReadOnly(top) !== (p.state === 'read_only')) {
      throw new ZrunError('task-failed', `${p.path} was to be made ${isWords[p.state]}, and is not`, {
        hint: 'mount(8) has said nothing against it: see `dmesg` on the host.',
        command,
      });
    }
    return predicted;
  },
});

function refuseElsewhere(p: Params, elsewhere: readonly Parameters<typeof describeElsewhere>[0][]): void {
  if (elsewhere.length === 0) return;
  throw new ZrunError(
    'task-failed',
    `${p.path} is mounted elsewhere, too, and would stay so: ${elsewhere.map(describeElsewhere).join('; ')}`,
    { hint: 'What is written there later would be lost. Do what is said for each, and run again.' },
  );
}

/** Nothing that later tasks see: the folder holds the same, and is mounted nowhere else. */
function planFolder(
  p: Params,
  target: string,
  table: MountTable,
  elsewhere: Parameters<typeof refuseElsewhere>[1],
): Plan<Detail> {
  const top = topMountAt(table, target);
  const around = mountAround(table, target);
  const source = around?.source ?? '';
  const result = { path: p.path, src: source === '' ? null : source };
  if (p.src !== undefined && source !== p.src)
    return { change: 'none', reason: `it lies in ${source}`, result };
  if (top !== undefined && (top.devno !== around?.devno || top.root === '/'))
    return { change: 'none', reason: `${describeMount(top)} is mounted there`, result };
  refuseElsewhere(p, elsewhere);
  const isToBeReadOnly = p.state === 'read_only';
  const isReadOnlyNow = top !== undefined;
  if (isReadOnlyNow === isToBeReadOnly)
    return { change: 'none', reason: isToBeReadOnly ? 'already read-only' : 'already writable', result };
  return {
    change: 'some',
    summary: `make ${p.path} ${isWords[p.state]}`,
    diff: [
      {
        type: 'fields',
        subject: `folder ${p.path}`,
        fields: [
          { name: 'access', before: isReadOnlyNow ? 'ro' : 'rw', after: isToBeReadOnly ? 'ro' : 'rw' },
        ],
      },
    ],
    effects: [],
    detail: { source },
    predicted: result,
  };
}

async function applyFolder(write: Write, p: Params): Promise<void> {
  const target = normalizePath(p.path);
  if (p.state === 'writable') {
    await write.run(sh`umount -- ${target}`);
    return;
  }
  const { status, stderr } = await write.run(
    lines(
      sh`LC_ALL=C; export LC_ALL`,
      shellFile('modules/storage/hold-folder.sh'),
      sh`hold_folder ${target} ${p.timeout} ${stillWritten}`,
    ),
    { accept: [stillWritten], shownAs: `mount --bind -o ro ${target} ${target}` },
  );
  if (status !== stillWritten) return;
  throw new ZrunError('task-failed', `${p.path} could not be made read-only`, {
    hint: 'What uses it is named above: stop it and run again.',
    command: `mount --bind -o ro ${target} ${target}`,
    stderr: stderr.toString('utf8'),
  });
}

const isWords: Readonly<Record<Params['state'], string>> = { read_only: 'read-only', writable: 'writable' };

function accessOf({ options }: MountEntry): string {
  return options.split(',')[0] ?? '';
}

function isReadOnly(entry: MountEntry): boolean {
  return accessOf(entry) === 'ro';
}

function withAccess(entry: MountEntry, isToBeReadOnly: boolean): MountEntry {
  const [, ...rest] = entry.options.split(',');
  return { ...entry, options: [isToBeReadOnly ? 'ro' : 'rw', ...rest].join(',') };
}
