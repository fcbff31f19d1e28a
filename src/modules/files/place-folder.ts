/**
 * Owns how files get to their places in a folder of the host: one tar, and one script that moves what is in it. Each file is
 * the old one or the new one at every moment. Knows nothing of what differs.
 */
import type { Input } from '../../core/host.js';
import type { Change, Write } from '../../core/module.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import type { Attributes } from '../host/attributes.js';
import { baseName, joinPath } from '../host/path.js';
import { syncFileSystem } from '../host/sync.js';
import { backupEnding } from './file-content.js';
import { makeFolder } from './made-folder.js';
import { enterFolder, refuseForeign, runInFolder } from './trusted-folder.js';

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

/** The folder of a path that is relative to `dest`; `''` is `dest` itself. */
export function parentIn(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** Adds to the list under a key. */
export function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
