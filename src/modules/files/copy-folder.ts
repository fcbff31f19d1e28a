/**
 * Owns "this folder of the host holds these files": what is looked at, and what the plan says. What differs
 * is for compare-folder.ts to find, and for place-folder.ts to put right.
 */
import { createHash } from 'node:crypto';
import { ZrunError } from '../../core/errors.js';
import type { ControllerFolder, Plan } from '../../core/module.js';
import { setState, type Read } from '../../core/probe.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { lookAtAccounts } from '../host/attributes.js';
import { fileProbe } from '../host/file.js';
import { describeType } from '../host/file-state.js';
import { normalizePath } from '../host/path.js';
import { compareFolder, type FolderWish, type Found } from './compare-folder.js';
import { copiedFolderKind, copiedFolderProbe } from './copied-folder.js';
import type { FolderChange } from './place-folder.js';
import { createTar } from './tar.js';
import { wayTo } from './trusted-folder.js';

/** The plan for all files in one exchange. Throws `task-failed` where one of them cannot be put there. */
export async function planFolder(read: Read, wish: FolderWish, task: string): Promise<Plan<FolderChange>> {
  const { folder } = wish;
  const dest = normalizePath(wish.dest);
  refuseOddNames(folder);
  const probe = copiedFolderProbe(
    dest,
    folder.entries.map(({ path }) => path),
    idOf(folder),
  );
  const [itself, seen, accounts] = await Promise.all([
    read(fileProbe(dest, { way: wayTo(dest, { follow: true }) })),
    read(probe),
    lookAtAccounts(read, wish),
  ]);
  const root = itself.type === 'link' ? itself.resolved : itself;
  if (root.type !== 'absent' && root.type !== 'directory')
    throw new ZrunError('task-failed', `${dest} is ${describeType(root)}, not a folder`, {
      hint: 'A folder is copied into a folder. Give the path of one, or remove what is there.',
    });
  const found = compareFolder(wish, dest, root, seen, accounts);
  const result = resultOf(dest, found.written);
  if (found.diff.length === 0)
    return { change: 'none', reason: `all ${countFiles(folder)} files are as wanted`, result };
  if (seen.missing.length > 0)
    throw new ZrunError(
      'task-failed',
      `the host has no ${seen.missing.join(' and no ')}, which a folder needs`,
      {
        hint: 'Install it there, or copy the files one by one with a loop.',
      },
    );
  const { tar, moves, owners, specialModes, ownersInPlace, modesInPlace, backups, diff, after, effects } =
    found;
  return {
    change: 'some',
    summary: summaryOf(found, dest, folder),
    diff,
    effects: [...effects, setState(copiedFolderKind, probe.key, { ...seen, entries: after })],
    detail: {
      dest,
      tar: tar.length === 0 ? undefined : createTar(tar),
      moves,
      owners,
      specialModes,
      ownersInPlace,
      modesInPlace,
      backups,
      root:
        root.type === 'absent'
          ? { owner: wish.owner, group: wish.group, mode: wish.directoryMode }
          : undefined,
      result,
    },
    predicted: { ...result, ...(backups.length > 0 && { backup_files: new Unknown(task) }) },
  };
}

/** Lists of names go to the host by lines. */
function refuseOddNames({ entries }: ControllerFolder): void {
  const odd = entries.find(({ path }) => /[\n\\]/.test(path));
  if (odd)
    throw new ZrunError(
      'task-failed',
      `a name in the folder holds a line break or a backslash: ${JSON.stringify(odd.path)}`,
      {
        hint: 'Such a name cannot be copied with its folder; copy that file by itself.',
      },
    );
}

const ids = new WeakMap<ControllerFolder, string>();

/** The same for the same files: made once for all hosts. */
function idOf(folder: ControllerFolder): string {
  const known = ids.get(folder);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const { path } of folder.entries) hash.update(`${path}\0`);
  const id = hash.digest('hex').slice(0, 16);
  ids.set(folder, id);
  return id;
}

function countFiles({ entries }: ControllerFolder): number {
  return entries.filter(({ type }) => type === 'file').length;
}

function summaryOf(
  { created, updated, adjusted, tar }: Found,
  dest: string,
  folder: ControllerFolder,
): string {
  const folders = tar.filter(({ type }) => type === 'directory').length;
  const parts = [
    created > 0 && `create ${created}`,
    updated > 0 && `update ${updated}`,
    adjusted > 0 && `change owner or mode of ${adjusted}`,
  ].filter((part) => part !== false);
  const files = parts.length > 0 ? `${parts.join(', ')} of ${countFiles(folder)} files in ${dest}` : '';
  const made =
    folders > 0 || files === ''
      ? `make ${folders === 0 ? dest : `${folders} folder${folders === 1 ? '' : 's'} in ${dest}`}`
      : '';
  return [files, made].filter((part) => part !== '').join(', ');
}

function resultOf(dest: string, files: readonly string[]): ValueMap {
  return { dest, files: [...files] };
}
