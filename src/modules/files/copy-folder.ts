/**
 * Owns "this folder of the host holds these files": what differs, and the one stream that puts it right. Each file is
 * the old one or the new one at every moment; what is in the folder besides is left alone.
 */
import { createHash } from 'node:crypto';
import { ZrunError } from '../../core/errors.js';
import type { Input } from '../../core/host.js';
import type { Change, ControllerEntry, ControllerFolder, Diff, Plan, Write } from '../../core/module.js';
import { setState, type Effect, type Read } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { lookAtAccounts, type Accounts, type Attributes } from '../host/attributes.js';
import { copiedFolderKind, copiedFolderProbe, type CopiedEntry, type CopiedFolder } from './copied-folder.js';
import { backupEnding, diffOfContent } from './file-content.js';
import { fileKind, fileProbe } from '../host/file.js';
import { describeType, formatMode, type FileState, type Inode } from '../host/file-state.js';
import { makeFolder } from './made-folder.js';
import { baseName, joinPath, normalizePath } from '../host/path.js';
import { syncFileSystem } from '../host/sync.js';
import { createTar, type TarEntry } from './tar.js';
import { enterFolder, refuseForeign, runInFolder, wayTo } from './trusted-folder.js';

interface FolderWish extends Attributes {
  readonly dest: string;
  readonly folder: ControllerFolder;
  /** Of folders that are made; undefined: what the umask leaves. */
  readonly directoryMode: string | undefined;
  readonly force: boolean;
  readonly backup: boolean;
  /** False: a link in a file's place is replaced; true: one that leads to another content is an error. */
  readonly follow: boolean;
}

/** What apply needs. Paths are relative to `dest`; `''` is itself. */
export interface FolderChange {
  readonly dest: string;
  /** Undefined: nothing is sent. */
  readonly tar: Input | undefined;
  /** Moved into place, by the folder that they go to: files, and folders that are new as a whole. */
  readonly moves: ReadonlyMap<string, readonly string[]>;
  /** Owners to be set before that, by `uid:gid`. */
  readonly owners: ReadonlyMap<string, readonly string[]>;
  /** Modes with set-user-id and its like, to be set after that. */
  readonly specialModes: ReadonlyMap<string, readonly string[]>;
  /** Only their attributes change. */
  readonly ownersInPlace: ReadonlyMap<string, readonly string[]>;
  readonly modesInPlace: ReadonlyMap<string, readonly string[]>;
  /** Files that are kept beside their successors. */
  readonly backups: readonly string[];
  /** Attributes of `dest` itself where it is made. */
  readonly root: Attributes | undefined;
  readonly result: ValueMap;
}

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
  const found = compare(wish, dest, root, seen, accounts);
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

interface Found {
  readonly tar: TarEntry[];
  readonly moves: Map<string, string[]>;
  readonly owners: Map<string, string[]>;
  readonly specialModes: Map<string, string[]>;
  readonly ownersInPlace: Map<string, string[]>;
  readonly modesInPlace: Map<string, string[]>;
  readonly backups: string[];
  readonly diff: Diff[];
  readonly effects: Effect[];
  readonly written: string[];
  readonly after: Map<string, CopiedEntry>;
  created: number;
  updated: number;
  adjusted: number;
}

function compare(
  wish: FolderWish,
  dest: string,
  root: FileState,
  seen: CopiedFolder,
  accounts: Accounts,
): Found {
  const found: Found = {
    tar: [],
    moves: new Map(),
    owners: new Map(),
    specialModes: new Map(),
    ownersInPlace: new Map(),
    modesInPlace: new Map(),
    backups: [],
    diff: [],
    effects: [],
    written: [],
    after: new Map(seen.entries),
    created: 0,
    updated: 0,
    adjusted: 0,
  };
  /** What is below one of them is moved with it. */
  const newFolders = new Set<string>();
  const move = (path: string): void => {
    const parent = parentIn(path);
    if (!newFolders.has(parent)) push(found.moves, parent, path);
  };
  const own = (path: string, inode: Inode): void => {
    const isCreators = inode.uid === seen.creator.uid && inode.gid === seen.creator.gid;
    const isAsked = accounts.uid !== undefined || accounts.gid !== undefined;
    if (!isAsked && isCreators) return;
    push(found.owners, `${inode.uid}:${inode.gid}`, path);
    if ((inode.mode & 0o6000) !== 0) push(found.specialModes, formatMode(inode.mode), path);
  };
  if (root.type === 'absent') {
    found.diff.push({
      type: 'fields',
      subject: dest,
      fields: [{ name: 'state', before: 'absent', after: 'directory' }],
    });
    found.effects.push(
      setState(fileKind, dest, {
        ...inodeFor(undefined, wish, wish.directoryMode, 0o777, seen, accounts),
        type: 'directory',
      }),
    );
  }
  for (const entry of wish.folder.entries) {
    const before = root.type === 'absent' ? undefined : seen.entries.get(entry.path);
    const path = joinPath(dest, entry.path);
    if (entry.type === 'directory') {
      if (before?.type === 'directory') continue;
      if (before) throw inTheWay(path, before, 'a folder');
      const inode = inodeFor(undefined, wish, wish.directoryMode, 0o777, seen, accounts);
      move(entry.path);
      newFolders.add(entry.path);
      own(entry.path, inode);
      found.tar.push({ type: 'directory', path: entry.path, mode: inode.mode });
      found.diff.push({
        type: 'fields',
        subject: path,
        fields: [{ name: 'state', before: 'absent', after: 'directory' }],
      });
      found.effects.push(setState(fileKind, path, { ...inode, type: 'directory' }));
      found.after.set(entry.path, { ...inode, type: 'directory', size: 0, sha256: undefined });
      continue;
    }
    compareFile(entry, before, path);
  }
  return found;

  function compareFile(
    entry: Extract<ControllerEntry, { type: 'file' }>,
    before: CopiedEntry | undefined,
    path: string,
  ): void {
    if (before && !wish.force) return;
    const { sha256, size, bytes } = entry.content;
    const replacesLink = before?.type === 'link' && !wish.follow;
    if (before?.type === 'link' && wish.follow && before.sha256 === sha256) return;
    if (before && before.type !== 'file' && !replacesLink) throw inTheWay(path, before, 'a file');
    if (before?.type === 'file' && before.sha256 === undefined)
      throw new ZrunError('task-failed', `${path} exists but cannot be read`, {
        hint: 'Does the task need `become: true`?',
      });
    const old = before?.type === 'file' ? before : undefined;
    const inode = inodeFor(old, wish, wish.mode, 0o666, seen, accounts);
    const state: FileState = {
      ...inode,
      type: 'file',
      size,
      sha256,
      content: bytes,
    };
    const remember = (): void => {
      found.written.push(path);
      found.effects.push(setState(fileKind, path, state));
      found.after.set(entry.path, { ...inode, type: 'file', size, sha256 });
    };
    if (old?.sha256 === sha256) {
      const [isOwner, isMode] = [old.uid !== inode.uid || old.gid !== inode.gid, old.mode !== inode.mode];
      if (!isOwner && !isMode) return;
      found.adjusted++;
      if (isOwner) push(found.ownersInPlace, `${inode.uid}:${inode.gid}`, entry.path);
      // A change of owner takes set-user-id bits off a mode.
      push(found.modesInPlace, formatMode(inode.mode), entry.path);
      found.diff.push({
        type: 'fields',
        subject: path,
        fields: [
          ...(isOwner
            ? [{ name: 'owner', before: `${old.uid}:${old.gid}`, after: `${inode.uid}:${inode.gid}` }]
            : []),
          ...(isMode ? [{ name: 'mode', before: formatMode(old.mode), after: formatMode(inode.mode) }] : []),
        ],
      });
      remember();
      return;
    }
    if (before) found.updated++;
    else found.created++;
    if (before && wish.backup) found.backups.push(entry.path);
    move(entry.path);
    own(entry.path, inode);
    found.tar.push({ type: 'file', path: entry.path, mode: inode.mode, content: entry.content.input });
    const was: FileState = old ? { ...old, type: 'file' } : { type: 'absent' };
    found.diff.push(diffOfContent(path, was, entry.content));
    remember();
  }
}

/** What is wanted, else what is there, else what the host gives. */
function inodeFor(
  before: CopiedEntry | undefined,
  wish: Attributes,
  mode: string | undefined,
  creationMode: number,
  { creator }: CopiedFolder,
  accounts: Accounts,
): Inode {
  const base = before ?? { ...creator, mode: creationMode & ~creator.umask };
  const nameOf = (
    name: string | undefined,
    id: number | undefined,
    old: { id: number; name: string },
  ): string =>
    id === undefined || id === old.id
      ? old.name
      : name === undefined || /^\d+$/.test(name)
        ? 'UNKNOWN'
        : name;
  return {
    mode: mode === undefined ? base.mode : parseInt(mode, 8),
    uid: accounts.uid ?? base.uid,
    gid: accounts.gid ?? base.gid,
    owner: nameOf(wish.owner, accounts.uid, { id: base.uid, name: base.owner }),
    group: nameOf(wish.group, accounts.gid, { id: base.gid, name: base.group }),
  };
}

function inTheWay(path: string, { type }: CopiedEntry, wanted: string): ZrunError {
  const noun = { file: 'a file', directory: 'a folder', link: 'a link', other: 'something special' }[type];
  return new ZrunError('task-failed', `${path} is ${noun} on the host, where ${wanted} belongs`, {
    hint:
      type === 'link'
        ? 'With `follow: false` the link is replaced by the file; the file at its end can be copied by itself.'
        : 'Remove it first, or copy to another folder.',
  });
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

function parentIn(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
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

/** What is done in one folder below `dest`, each with names in it. */
interface InFolder {
  readonly backups: string[];
  readonly moves: string[];
  readonly owners: Map<string, string[]>;
  readonly modes: Map<string, string[]>;
}

/** By folder, so that a script enters each once and works with plain names there. */
function byFolder({
  moves,
  backups,
  ownersInPlace,
  modesInPlace,
}: FolderChange): ReadonlyMap<string, InFolder> {
  const folders = new Map<string, InFolder>();
  const at = (folder: string): InFolder => {
    const known = folders.get(folder);
    if (known) return known;
    const made = { backups: [], moves: [], owners: new Map(), modes: new Map() };
    folders.set(folder, made);
    return made;
  };
  for (const name of backups) at(parentIn(name)).backups.push(baseName(name));
  for (const [folder, list] of moves) at(folder).moves.push(...list.map(baseName));
  for (const [owner, list] of ownersInPlace)
    for (const name of list) push(at(parentIn(name)).owners, owner, baseName(name));
  for (const [mode, list] of modesInPlace)
    for (const name of list) push(at(parentIn(name)).modes, mode, baseName(name));
  return folders;
}

/**
 * Sends one tar, and moves what is in it to its places once it is on the disk. It is unpacked in a folder that nobody
 * else can enter; the script stays in there, and goes to each place in a shell of its own.
 */
export async function applyFolder(write: Write, { detail }: Change<FolderChange>): Promise<ValueMap> {
  const { dest, tar, moves, owners, specialModes, backups, root, result } = detail;
  const suffix = backupEnding();
  const restored = names([...moves.values()].flat().map((name) => joinPath(dest, name)));
  await runInFolder(
    write,
    lines(
      root ? makeFolder(dest, root, undefined) : enterFolder(dest, { follow: true }),
      // What is on its way is nobody else's to read.
      sh`into "$n"
dw=$w
private
read -r h _ </proc/self/stat; h=/proc/$h/cwd
n=new new=+ o=+; (umask 077; mkdir -- new)`,
      tar && sh`tar -xpof - -C new`,
      ...[...owners].map(([owner, list]) => sh`${names(list)} | (cd new && xargs -0 chown -h ${owner} --)`),
      // chown has taken set-user-id bits off.
      ...[...specialModes].map(([mode, list]) => sh`${names(list)} | (cd new && xargs -0 chmod ${mode} --)`),
      tar && syncFileSystem(sh`.`),
      ...[...byFolder(detail)].map(([folder, work]) =>
        lines(
          sh`(cd -P ..`,
          ...folder.split('/').map((name) => name !== '' && sh`into ${name}`),
          workScript(folder, work, suffix),
          sh`)`,
        ),
      ),
      sh`leave`,
      syncFileSystem(sh`.`),
      moves.size > 0 &&
        sh`if [ -z "$dw" ] && command -v selinuxenabled >/dev/null && selinuxenabled; then ${restored} | xargs -0 restorecon -R --; fi`,
    ),
    {
      ...(tar && { stdin: tar }),
      shownAs: tar ? `unpack ${tar.length} bytes of tar into ${dest}` : `chown and chmod in ${dest}`,
    },
  );
  return {
    ...result,
    ...(backups.length > 0 && { backup_files: backups.map((name) => `${joinPath(dest, name)}${suffix}`) }),
  };
}

/** In the folder itself; `$h` is the private folder, wherever that is by name. */
function workScript(folder: string, { backups, moves, owners, modes }: InFolder, suffix: string): ShellText {
  const moveHere = sh`xargs -0 sh -c ${'d=$1; shift; mv "$0" -- "$@" "$d"'}`;
  return lines(
    sh`read -r d _ </proc/self/stat; d=/proc/$d/cwd/.`,
    backups.length > 0 &&
      lines(
        sh`mkdir -m 0700 -- "$h/$t.old"`,
        sh`${names(backups)} | xargs -0 sh -c ${'s=$1; shift; for f; do ln -- "$f" "$0/$f$s" 2>/dev/null || cp -a -- "$f" "$0/$f$s" || exit; done'} "$h/$t.old" ${suffix}`,
        sh`${names(backups.map((name) => `${name}${suffix}`))} | (cd "$h/$t.old" && ${moveHere} -n "$d")`,
        sh`rmdir -- "$h/$t.old" || changed`,
      ),
    moves.length > 0 &&
      sh`${names(moves)} | (cd "$h/new/"${folder === '' ? '.' : folder} && ${moveHere} -f "$d")`,
    ...[...owners].map(([owner, list]) => sh`${names(list)} | xargs -0 chown -h ${owner} --`),
    ...[...modes].map(
      ([mode, list]) => sh`if [ -z "$w" ]; then ${names(list)} | xargs -0 chmod ${mode} --
else
mkdir -m 0700 -- "$h/$t.old"
${names(list)} | xargs -0 sh -c ${'ln -- "$@" "$0"'} "$h/$t.old/"
(cd "$h/$t.old"
${refuseForeign}
${names(list)} | xargs -0 chmod ${mode} --)
rm -rf -- "$h/$t.old"
fi`,
    ),
  );
}

/** A command that says names to xargs -0. */
function names(list: readonly string[]): ShellText {
  return sh`printf '%s\\0' ${list.map((name) => (name.startsWith('/') ? name : `./${name}`))}`;
}
