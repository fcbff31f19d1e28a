/**
 * Owns the module `mount`: a line of fstab, and the mount itself. Never mounts over something else or over files that
 * it would hide, never unmounts lazily or by force, and leaves every other byte of fstab as it is.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { defineModule, type Change, type Diff, type Plan, type Write } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import { applyFileContent, lookAtFile, type FileChange } from '../files/file-content.js';
import { makeFolder } from '../files/made-folder.js';
import { runInFolder } from '../files/trusted-folder.js';
import { blockDeviceProbe } from '../host/blockdev.js';
import { directoryContentProbe } from '../host/directory.js';
import { printHolders } from '../host/holders.js';
import {
  describeMount,
  mountsProbe,
  parseMountinfo,
  topMountAt,
  type MountEntry,
} from '../host/mountinfo.js';
import { normalizePath } from '../host/path.js';
import { datasetProbe } from '../zfs/dataset.js';
import { planFstab } from './fstab-line.js';
import { withZfsutil } from './mount-command.js';
import { planMoves, type Action } from './mount-moves.js';
import { fillIn, mountParams, type MountParams } from './mount-params.js';
import { isFrom } from './mount-source.js';

/** The status by which the script says that umount failed. */
const stillBusy = 72;

interface Detail {
  readonly fstab: FileChange | undefined;
  readonly action: Action;
}

export const mount = defineModule({
  name: 'mount',
  summary: 'Mount a file system and keep its line in fstab',
  aliases: { path: ['name'] },
  params: mountParams,
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

async function planMount(read: Read, p: MountParams): Promise<Plan<Detail>> {
  const isDataset = p.fstype === 'zfs' && p.src !== undefined && !p.src.includes('@');
  const usesFstab = p.state !== 'unmounted' && p.state !== 'ephemeral';
  const [table, fstab, folder, device, dataset] = await Promise.all([
    read(mountsProbe()),
    usesFstab ? lookAtFile(read, { path: p.fstab }) : undefined,
    read(directoryContentProbe(p.path)),
    isDevice(p.src) ? read(blockDeviceProbe(p.src)) : undefined,
    isDataset && p.src !== undefined ? read(datasetProbe(p.src)) : undefined,
  ]);
  const sight = { table, folder, device, dataset };
  // fstab names the path as the user does; the kernel knows it with its links resolved.
  const target = folder.path;
  const opts = p.fstype === 'zfs' ? withZfsutil(p.opts, dataset) : p.opts;
  const fstabPlan = fstab && planFstab(p, fstab, opts);
  const moves = planMoves(p, sight, target, opts);
  const optionsAfter = fstabPlan?.options ?? null;
  if (moves.action.do === 'nothing' && fstabPlan?.file.change !== 'some') {
    const top = topMountAt(table, target);
    return {
      change: 'none',
      reason: moves.reason ?? fstabPlan?.reason ?? 'already as it should be',
      result: describeResult(p.path, top, optionsAfter),
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
    predicted: describeResult(p.path, moves.top, optionsAfter),
  };
}

function isDevice(src: string | undefined): src is string {
  return src !== undefined && /^(\/dev\/|(PART)?(UUID|LABEL)=)/.test(src);
}

function describeResult(path: string, top: MountEntry | undefined, opts: string | null): ValueMap {
  return { path, src: top?.source ?? null, fstype: top?.fstype ?? null, opts, backup_file: null };
}

async function applyMount(
  write: Write,
  { detail, predicted }: Change<Detail>,
  p: MountParams,
): Promise<ValueMap> {
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

/** What the kernel says afterwards is what counts. */
function verify(p: MountParams, action: Action, mountinfo: string): MountEntry | undefined {
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
