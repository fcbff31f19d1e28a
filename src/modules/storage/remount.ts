/**
 * Owns `remount`: a mounted file system that nothing can be written to for a while, and is written to again. It asks the
 * kernel, which refuses as long as a file is open for writing, and leaves nothing that outlives the mount: neither fstab nor a
 * property of ZFS.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Plan } from '../../core/module.js';
import { mapState } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import { blockDeviceProbe } from '../host/blockdev.js';
import { printHolders } from '../host/holders.js';
import {
  describeMount,
  mountsKind,
  mountsProbe,
  parseMountinfo,
  topMountAt,
  type MountEntry,
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
    const result = { path: p.path, src: top?.source ?? null };
    if (top === undefined) return { change: 'none', reason: 'not mounted', result };
    if (p.src !== undefined && top.source !== p.src && !(device?.exists && device.devno === top.devno))
      return { change: 'none', reason: `${describeMount(top)} is mounted there`, result };
    if (elsewhere.length > 0) {
      throw new ZrunError(
        'task-failed',
        `${p.path} is mounted elsewhere, too, and would stay so: ${elsewhere.map(describeElsewhere).join('; ')}`,
        { hint: 'What is written there later would be lost. Do what is said for each, and run again.' },
      );
    }
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
