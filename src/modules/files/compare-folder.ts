/**
 * Owns what differs between a folder of the controller and one of the host: which files are new, which are others, and
 * whose owner or mode is not as wanted. What is in the host's folder besides is left alone.
 */
import { ZrunError } from '../../core/errors.js';
import type { ControllerEntry, ControllerFolder, Diff } from '../../core/module.js';
import { setState, type Effect } from '../../core/probe.js';
import type { Accounts, Attributes } from '../host/attributes.js';
import { fileKind } from '../host/file.js';
import { formatMode, type FileState, type Inode } from '../host/file-state.js';
import { joinPath } from '../host/path.js';
import type { CopiedEntry, CopiedFolder } from './copied-folder.js';
import { diffOfContent } from './file-content.js';
import { parentIn, push } from './place-folder.js';
import type { TarEntry } from './tar.js';

export interface FolderWish extends Attributes {
  readonly dest: string;
  readonly folder: ControllerFolder;
  /** Of folders that are made; undefined: what the umask leaves. */
  readonly directoryMode: string | undefined;
  readonly force: boolean;
  readonly backup: boolean;
  /** False: a link in a file's place is replaced; true: one that leads to another content is an error. */
  readonly follow: boolean;
}

export interface Found {
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

/** What is compared, and what was found so far. */
interface Comparison {
  readonly wish: FolderWish;
  readonly dest: string;
  readonly seen: CopiedFolder;
  readonly accounts: Accounts;
  readonly found: Found;
  /** What is below one of them is moved with it. */
  readonly newFolders: Set<string>;
}

/** Throws `task-failed` where something else is in the place of a file or folder. */
export function compareFolder(
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
  const comparison: Comparison = { wish, dest, seen, accounts, found, newFolders: new Set() };
  if (root.type === 'absent') {
    const inode = inodeOfNewFolder(comparison);
    found.diff.push(newFolderDiff(dest));
    found.effects.push(setState(fileKind, dest, { ...inode, type: 'directory' }));
  }
  for (const entry of wish.folder.entries) {
    const before = root.type === 'absent' ? undefined : seen.entries.get(entry.path);
    if (entry.type === 'directory') compareSubfolder(comparison, entry.path, before);
    else compareFile(comparison, entry, before);
  }
  return found;
}

function compareSubfolder(comparison: Comparison, name: string, before: CopiedEntry | undefined): void {
  const { dest, found, newFolders } = comparison;
  if (before?.type === 'directory') return;
  const path = joinPath(dest, name);
  if (before) throw inTheWay(path, before, 'a folder');
  const inode = inodeOfNewFolder(comparison);
  move(comparison, name);
  newFolders.add(name);
  own(comparison, name, inode);
  found.tar.push({ type: 'directory', path: name, mode: inode.mode });
  found.diff.push(newFolderDiff(path));
  found.effects.push(setState(fileKind, path, { ...inode, type: 'directory' }));
  found.after.set(name, { ...inode, type: 'directory', size: 0, sha256: undefined });
}

type FileEntry = Extract<ControllerEntry, { type: 'file' }>;

function compareFile(comparison: Comparison, entry: FileEntry, before: CopiedEntry | undefined): void {
  const { wish, dest, seen, accounts } = comparison;
  const path = joinPath(dest, entry.path);
  const { sha256 } = entry.content;
  if (before && !wish.force) return;
  const replacesLink = before?.type === 'link' && !wish.follow;
  if (before?.type === 'link' && wish.follow && before.sha256 === sha256) return;
  if (before && before.type !== 'file' && !replacesLink) throw inTheWay(path, before, 'a file');
  if (before?.type === 'file' && before.sha256 === undefined)
    throw new ZrunError('task-failed', `${path} exists but cannot be read`, {
      hint: 'Does the task need `become: true`?',
    });
  const old = before?.type === 'file' ? before : undefined;
  const inode = inodeFor(old, wish, wish.mode, 0o666, seen, accounts);
  if (old?.sha256 === sha256) adjustFile(comparison, entry, old, inode);
  else writeFile(comparison, entry, before, inode);
}

/** The content is as wanted: owner and mode may not be. */
function adjustFile(comparison: Comparison, entry: FileEntry, old: CopiedEntry, inode: Inode): void {
  const { found } = comparison;
  const [isOwner, isMode] = [old.uid !== inode.uid || old.gid !== inode.gid, old.mode !== inode.mode];
  if (!isOwner && !isMode) return;
  found.adjusted++;
  if (isOwner) push(found.ownersInPlace, `${inode.uid}:${inode.gid}`, entry.path);
  // A change of owner takes set-user-id bits off a mode.
  push(found.modesInPlace, formatMode(inode.mode), entry.path);
  found.diff.push({
    type: 'fields',
    subject: joinPath(comparison.dest, entry.path),
    fields: [
      ...(isOwner
        ? [{ name: 'owner', before: `${old.uid}:${old.gid}`, after: `${inode.uid}:${inode.gid}` }]
        : []),
      ...(isMode ? [{ name: 'mode', before: formatMode(old.mode), after: formatMode(inode.mode) }] : []),
    ],
  });
  remember(comparison, entry, inode);
}

function writeFile(
  comparison: Comparison,
  entry: FileEntry,
  before: CopiedEntry | undefined,
  inode: Inode,
): void {
  const { wish, dest, found } = comparison;
  if (before) found.updated++;
  else found.created++;
  if (before && wish.backup) found.backups.push(entry.path);
  move(comparison, entry.path);
  own(comparison, entry.path, inode);
  found.tar.push({ type: 'file', path: entry.path, mode: inode.mode, content: entry.content.input });
  const was: FileState = before?.type === 'file' ? { ...before, type: 'file' } : { type: 'absent' };
  found.diff.push(diffOfContent(joinPath(dest, entry.path), was, entry.content));
  remember(comparison, entry, inode);
}

/** What is there afterwards, for the tasks that follow in check mode. */
function remember({ dest, found }: Comparison, { path: name, content }: FileEntry, inode: Inode): void {
  const { sha256, size, bytes } = content;
  const path = joinPath(dest, name);
  found.written.push(path);
  found.effects.push(setState(fileKind, path, { ...inode, type: 'file', size, sha256, content: bytes }));
  found.after.set(name, { ...inode, type: 'file', size, sha256 });
}

function move({ found, newFolders }: Comparison, name: string): void {
  const parent = parentIn(name);
  if (!newFolders.has(parent)) push(found.moves, parent, name);
}

function own({ seen, accounts, found }: Comparison, name: string, inode: Inode): void {
  const isCreators = inode.uid === seen.creator.uid && inode.gid === seen.creator.gid;
  const isAsked = accounts.uid !== undefined || accounts.gid !== undefined;
  if (!isAsked && isCreators) return;
  push(found.owners, `${inode.uid}:${inode.gid}`, name);
  if ((inode.mode & 0o6000) !== 0) push(found.specialModes, formatMode(inode.mode), name);
}

function newFolderDiff(path: string): Diff {
  return {
    type: 'fields',
    subject: path,
    fields: [{ name: 'state', before: 'absent', after: 'directory' }],
  };
}

function inodeOfNewFolder({ wish, seen, accounts }: Comparison): Inode {
  return inodeFor(undefined, wish, wish.directoryMode, 0o777, seen, accounts);
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
