/**
 * Owns `rsync`: what is in one folder of the host copied into another folder of the same host, with everything that a
 * file can have. How rsync is called is lib/rsync's.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Diff, type Nothing, type Plan, type TaskContext } from '../../core/module.js';
import { setState, unknownState, type Probe } from '../../core/probe.js';
import { quoteArgv, sh } from '../../core/shell.js';
import { Unknown, UnknownValueError, type ValueMap } from '../../core/value.js';
import { fileKind, fileProbe } from '../host/file.js';
import { absentFile, describeType, directoryState, type FileState } from '../host/file-state.js';
import { hostPath, isBelow, joinPath, normalizePath, parentOf } from '../host/path.js';
import {
  copyDiffers,
  copyNotWritten,
  readDiffering,
  rsyncArgv,
  rsyncFailure,
  rsyncProbe,
  rsyncScript,
  watchCopy,
  type RsyncDifferences,
  type RsyncOptions,
} from './rsync-call.js';
import { formatBytes } from '../../core/bytes.js';
import { everyStatus } from '../host/status.js';
import { runInFolder, wayTo } from './trusted-folder.js';

const params = z
  .strictObject({
    src: hostPath(
      'The folder on the host whose contents are copied. A slash at its end makes no difference.',
    ),
    dest: hostPath('The folder that they are copied into; made if only its last part is missing.'),
    delete: z.boolean().default(false).describe('Removes from dest what src does not have.'),
    include: z
      .array(z.string().min(1))
      .default([])
      .describe('Patterns that go before `exclude`, as rsync has them.'),
    exclude: z
      .array(z.string().min(1))
      .default([])
      .describe('Patterns that are left out, as rsync has them: "/tmp/" is the tmp folder right in src.'),
    only: z
      .array(z.string().regex(/^[^/\0]+$/, 'a name right in src, without a slash'))
      .default([])
      .describe('Copies only these files and folders of src. Patterns further in go before it.'),
    one_file_system: z.boolean().default(false).describe('Leaves out what is mounted inside src.'),
    checksum: z
      .boolean()
      .default(false)
      .describe('Compares contents instead of sizes and times: slow, certain.'),
    verify: z
      .boolean()
      .default(false)
      .describe('After a copy, compares all contents once more, and fails where one differs.'),
    changed_since: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:-]*(?:\/[\w.: -]+)*@[\w.:-]+$/, 'the name of a ZFS snapshot: tank/docker@name')
      .optional()
      .describe(
        'A ZFS snapshot of the file system that holds src: `verify` then looks only at the contents of files that have changed since, by the account of `zfs diff`. For the last part of a copy whose first part was made from that snapshot, and verified, while src was in use.',
      ),
    src_missing: z.enum(['fail', 'skip']).default('fail').describe('What happens where there is no src.'),
  })
  .refine(
    ({ src, dest }) => {
      const [from, to] = [normalizePath(src), normalizePath(dest)];
      return from !== to && !isBelow(from, to) && !isBelow(to, from);
    },
    { error: 'src and dest must lie apart, not one in the other' },
  )
  .refine(
    ({ changed_since, include, exclude }) =>
      changed_since === undefined || include.length + exclude.length === 0,
    {
      error: 'compares what was copied, and cannot tell that from patterns: use `only` instead',
      path: ['changed_since'],
    },
  )
  .refine(({ verify, changed_since }) => verify || changed_since === undefined, {
    error: 'says what `verify: true` compares, and that is not there',
    path: ['changed_since'],
  });

type Params = z.output<typeof params>;

export const rsync = defineModule({
  name: 'rsync',
  summary: 'Copy a folder of the host into another, with everything that files can have',
  params,
  returns: z.strictObject({
    files: z.int().describe('Files whose content was copied.'),
    bytes: z.int().describe('The sum of their sizes.'),
    deleted: z.int().describe('What was removed from dest.'),
    items: z.int().describe('Everything that differed: also directories, links, times and owners.'),
    cmd: z.string().describe('The command.'),
  }),
  examples: [
    {
      title: 'Volumes carried over, owners and hard links and all, and compared afterwards',
      task: `
rsync:
  src: '{{tmp}}/old/volumes'
  dest: '{{tmp}}/new/volumes'
  verify: true`,
      needs: 'root',
      before: `
mkdir -p "$tmp/old/volumes/data" "$tmp/new"
echo content >"$tmp/old/volumes/data/file"
ln "$tmp/old/volumes/data/file" "$tmp/old/volumes/data/other name"
chown 1234:5678 "$tmp/old/volumes/data/file"`,
      after: `
test "$(stat -c '%u:%g %h' "$tmp/new/volumes/data/file")" = '1234:5678 2'
cmp "$tmp/old/volumes/data/file" "$tmp/new/volumes/data/file"`,
    },
    {
      title: 'A mirror: what src does not have is removed, and one folder is left out',
      task: `
rsync:
  src: '{{tmp}}/from'
  dest: '{{tmp}}/to'
  delete: true
  exclude: [/cache/]`,
      needs: 'root',
      before: `
mkdir -p "$tmp/from/cache" "$tmp/to"
echo 1 >"$tmp/from/kept"; echo 2 >"$tmp/from/cache/x"; echo 3 >"$tmp/to/stray"`,
      after: 'test "$(ls "$tmp/to")" = kept',
    },
    {
      title: 'The last part of a copy: only what has changed since a snapshot is read once more',
      task: `
rsync:
  src: /scratch-rsync-src
  dest: '{{tmp}}/copy'
  delete: true
  verify: true
  changed_since: tank/scratch-rsync@first`,
      needs: 'zfs',
      before: `
zfs destroy -r tank/scratch-rsync 2>/dev/null || :
zfs create -o mountpoint=/scratch-rsync-src tank/scratch-rsync
mkdir -p "$tmp/copy" "/scratch-rsync-src/a folder"
echo same >/scratch-rsync-src/same
echo old >"/scratch-rsync-src/a folder/ö\\0 x"
echo gone >/scratch-rsync-src/gone
zfs snapshot tank/scratch-rsync@first
cp -a /scratch-rsync-src/. "$tmp/copy/"
touch -r "/scratch-rsync-src/a folder/ö\\0 x" "$tmp/time"
echo new >"/scratch-rsync-src/a folder/ö\\0 x"
touch -r "$tmp/time" "/scratch-rsync-src/a folder/ö\\0 x"
rm /scratch-rsync-src/gone
echo more >/scratch-rsync-src/more`,
      after: `
diff -r /scratch-rsync-src "$tmp/copy" && zfs destroy -r tank/scratch-rsync`,
    },
  ],
  async plan(read, params, context) {
    const options: RsyncOptions = {
      ...params,
      changedSince: params.changed_since,
      src: normalizePath(params.src),
      dest: normalizePath(params.dest),
    };
    const { src, dest } = options;
    const [source, target, parent, inside, onHost] = await Promise.all([
      orUnknown(read(fileProbe(src))),
      read(fileProbe(dest, { way: wayTo(dest, { follow: true }) })),
      read(fileProbe(parentOf(dest))),
      read(anythingProbe(dest)),
      read(rsyncProbe(options)),
    ]);
    if (onHost.type === 'not-installed') {
      throw new ZrunError('task-failed', 'rsync is not installed on the host', {
        hint: 'Install it first, with the package manager of the host: `apt-get install rsync`.',
      });
    }
    const isUnknown = source instanceof UnknownValueError;
    const from = isUnknown ? undefined : resolve(source);
    if (from?.type === 'absent') return missingSource(src, params);
    if (from && from.type !== 'directory') {
      throw new ZrunError('task-failed', `src ${src} is ${describeType(from)}, not a folder`, {
        hint: 'A single file is copied with `command: cp -a`.',
      });
    }
    refuseTarget(dest, target, parent);
    // What the host holds in dest now, a predicted fresh file system will hide.
    const isEmpty = resolve(target).type === 'absent' || inside.type === 'absent';
    if (isUnknown) {
      // Into an empty folder something is copied for certain; into another, nobody can say.
      if (!isEmpty || params.src_missing === 'skip') throw source;
      return copyPlan(options, undefined, directoryState(), context);
    }
    const seen = context.check && isEmpty ? await read(rsyncProbe(intoNothing(options))) : onHost;
    const differences = seen.type === 'differences' ? seen : undefined;
    if (differences?.items === 0) {
      return {
        change: 'none',
        reason: 'both hold the same',
        result: resultOf(options, differences, context),
      };
    }
    return copyPlan(options, differences, from ?? directoryState(), context);
  },
  async apply(write, { detail }, { verify }, context) {
    const { options, differences } = detail;
    const command = quoteArgv(rsyncArgv(options));
    const output = await runInFolder(write, rsyncScript(options, verify), {
      accept: everyStatus,
      shownAs: command,
      onLine: watchCopy(options, differences?.bytes ?? 0, (bytes) => context.progress(bytes)),
    });
    if (output.status === copyDiffers) {
      throw new ZrunError('task-failed', 'what was copied differs from its source', {
        hint: 'Did something write to src or dest meanwhile? Stop it and run again; src is untouched.',
        command: `${command} (compared again with --checksum)`,
        stdout: readDiffering(output.stdout.toString()),
        stderr: output.stderr.toString(),
      });
    }
    if (output.status === copyNotWritten) {
      throw new ZrunError('task-failed', 'what was copied could not be written to the disk', {
        hint: 'The disk or the pool below dest fails or is full: `dmesg` and `zpool status` on the host tell.',
        command,
        stderr: output.stderr.toString(),
      });
    }
    if (output.status !== 0) throw rsyncFailure(output.status, command, output.stderr.toString());
    return resultOf(options, differences, context);
  },
});

interface Detail {
  readonly options: RsyncOptions;
  readonly differences: RsyncDifferences | undefined;
}

async function orUnknown<T>(answer: Promise<T>): Promise<T | UnknownValueError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof UnknownValueError) return error;
    throw error;
  }
}

function resolve(state: FileState): Exclude<FileState, { type: 'link' }> {
  return state.type === 'link' ? state.resolved : state;
}

/**
 * Whether a folder holds anything. Keyed as a path below it, so that what hides or empties the folder in check mode
 * (a fresh file system mounted over it) answers for it.
 */
function anythingProbe(folder: string): Probe<FileState> {
  return {
    of: fileKind,
    key: joinPath(folder, '*'),
    script: sh`ls -A -- ${folder} 2>/dev/null | head -n 1`,
    parse: ({ stdout }) => (stdout.length === 0 ? absentFile : directoryState()),
  };
}

/** The same copy into a folder that does not exist: everything in src counts. */
function intoNothing(options: RsyncOptions): RsyncOptions {
  return { ...options, dest: joinPath(parentOf(options.src), `.zrun-nothing-${randomUUID()}`) };
}

function missingSource(src: string, { src_missing }: Params): Nothing {
  if (src_missing === 'fail') {
    throw new ZrunError('task-failed', `there is no src ${src} to copy from`, {
      hint: 'If it may be missing, say `src_missing: skip`.',
    });
  }
  return {
    change: 'none',
    reason: `there is no ${src}`,
    result: { files: 0, bytes: 0, deleted: 0, items: 0, cmd: '' },
  };
}

function refuseTarget(dest: string, target: FileState, parent: FileState): void {
  const [to, folder] = [resolve(target), resolve(parent)];
  if (to.type === 'absent' && folder.type !== 'directory') {
    throw new ZrunError(
      'task-failed',
      `${parentOf(dest)}, where dest should be, is ${describeType(folder)}`,
      {
        hint: 'Make the directory first: `file: {path: …, state: directory}`.',
      },
    );
  }
  if (to.type === 'absent' || to.type === 'directory') return;
  throw new ZrunError('task-failed', `dest ${dest} is ${describeType(to)}, not a folder`, {
    hint: 'Give a folder, or a path where nothing is yet.',
  });
}

/** @param differences undefined where check mode cannot look into src yet */
function copyPlan(
  options: RsyncOptions,
  differences: RsyncDifferences | undefined,
  source: FileState,
  context: TaskContext,
): Plan<Detail> {
  const { src, dest, only } = options;
  const touched = only.length === 0 ? [dest] : [...only, '*'].map((name) => joinPath(dest, name));
  const destroyed = differences?.deleted ?? 0;
  return {
    change: 'some',
    summary: `copy ${src} to ${dest} (${describeAmount(differences)})`,
    diff: differences ? [diffOf(dest, differences)] : [],
    ...(destroyed > 0 && { destroys: `${destroyed} files and folders in ${dest} that ${src} does not have` }),
    effects: [
      ...touched.map((path) => unknownState(fileKind, path, true)),
      setState(fileKind, dest, source.type === 'directory' ? source : directoryState()),
    ],
    detail: { options, differences },
    predicted: resultOf(options, differences, context),
  };
}

function describeAmount(differences: RsyncDifferences | undefined): string {
  if (!differences) return 'how much is known when it can be read';
  const { items, files, bytes, deleted } = differences;
  const parts = [
    files > 0 && `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`,
    deleted > 0 && `${deleted} removed`,
    items > files + deleted && `${items - files - deleted} other items`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function diffOf(dest: string, { sample, items }: RsyncDifferences): Diff {
  const more = items - sample.length;
  return {
    type: 'fields',
    subject: dest,
    fields: [
      ...sample.map(({ path, action }) => ({
        name: path,
        before: action === 'create' ? undefined : action === 'delete' ? 'there' : 'differs',
        after: action === 'delete' ? undefined : 'as in src',
      })),
      ...(more > 0 ? [{ name: `… and ${more} more`, before: undefined, after: 'as in src' }] : []),
    ],
  };
}

function resultOf(
  options: RsyncOptions,
  differences: RsyncDifferences | undefined,
  context: TaskContext,
): ValueMap {
  const cmd = quoteArgv(rsyncArgv(options));
  if (differences) {
    const { files, bytes, deleted, items } = differences;
    return { files, bytes, deleted, items, cmd };
  }
  const waiting = new Unknown(context.task);
  return { files: waiting, bytes: waiting, deleted: waiting, items: waiting, cmd };
}
