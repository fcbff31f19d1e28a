/**
 * Owns "this file has this content, owner and mode": what must be looked at, what differs, and the script that puts it
 * right so that a power cut leaves the old file or the new one. Shared by every module that writes a file.
 */
import { randomUUID } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { contentOf, type Content } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import type { Diff, Write } from '../../core/module.js';
import { type Effect, type Read, setState } from '../../core/probe.js';
import { lines, quote, quoteArgv, sh, type ShellText } from '../../core/shell.js';
import {
  type Accounts,
  type Attributes,
  attributeScript,
  attributesDiff,
  compareAttributes,
  fitEntry,
  fitFunction,
  lookAtAccounts,
  wishedInode,
} from '../host/attributes.js';
import { type ContentOptions, fileKind, fileProbe } from '../host/file.js';
import {
  type AbsentFile,
  type FileState,
  type LinkFile,
  type PlainState,
  type RegularFile,
  describeType,
  formatMode,
} from '../host/file-state.js';
import { baseName, normalizePath, parentOf } from '../host/path.js';
import { syncFile } from '../host/sync.js';
import { enterFolder, runInFolder, wayTo } from './trusted-folder.js';
import { lookAtUnitOfFile } from '../host/unit.js';
import { splitWords } from '../../core/words.js';

/** Which file, and whose it should be. */
interface FileWish extends Attributes {
  readonly path: string;
  /**
   * A link at `path` stays, and the file at its end is written, where `enterFolder` allows it; false replaces the link.
   * True when left out.
   */
  readonly follow?: boolean | undefined;
}

/** What was found where a file is to be written. */
export interface FileSight {
  readonly wish: FileWish;
  /** Where the file is or will be, links followed. */
  readonly path: string;
  readonly file: AbsentFile | PlainState | LinkFile;
  /** The link at the wish's path that leads to `path`. */
  readonly link: LinkFile | undefined;
  readonly parent: FileState;
  readonly accounts: Accounts;
  /** What a change of this file does to what systemd knows. */
  readonly unitEffects: readonly Effect[];
}

/** What was found where a file is to be written, before any link there is followed. */
export type UnfollowedSight = Omit<FileSight, 'link' | 'file'> & { readonly file: FileState };

/**
 * Everything that `planFileContent` rests on, in one exchange. Ask several at once with `Promise.all`. Throws
 * `task-failed` where a link is in the way.
 * @param content as for `fileProbe`; true where the new content is made from the old
 */
export async function lookAtFile(
  read: Read,
  wish: FileWish,
  content: boolean | ContentOptions = true,
): Promise<FileSight> {
  return followLink(await lookUnfollowed(read, wish, content));
}

/** As `lookAtFile`, where it is not yet known which of several files is meant. */
export async function lookUnfollowed(
  read: Read,
  wish: FileWish,
  content: boolean | ContentOptions = true,
): Promise<UnfollowedSight> {
  const path = normalizePath(wish.path);
  const [file, parent, accounts, unitEffects] = await Promise.all([
    read(fileProbe(path, { content, way: wayTo(path, { follow: wish.follow !== false }) })),
    read(fileProbe(parentOf(path))),
    lookAtAccounts(read, wish),
    lookAtUnitOfFile(read, path),
  ]);
  return { wish, path, file, parent, accounts, unitEffects };
}

/** Throws `task-failed` where the link leads nowhere, or would make way for a file though it leads to a directory. */
export function followLink(sight: UnfollowedSight): FileSight {
  const { file, path, wish } = sight;
  if (file.type !== 'link') return { ...sight, file, link: undefined };
  if (wish.follow === false) {
    if (file.resolved.type !== 'directory') return { ...sight, file, link: undefined };
    throw new ZrunError('task-failed', `${path} is a link to a directory, and no file takes its place`, {
      hint: 'Give the path of a file, or remove the link first: `file: {path: …, state: absent}`.',
    });
  }
  if (file.path === undefined) {
    throw new ZrunError('task-failed', `${path} is a link to ${file.target}, whose folder does not exist`, {
      hint: 'Remove the link first, or write to where it should lead.',
    });
  }
  return { ...sight, path: file.path, file: file.resolved, link: file };
}

interface ContentWish {
  readonly content: Uint8Array | Content;
  /** True: made from what the file held, which must then still be what it holds. */
  readonly isEdited?: boolean | undefined;
  /** False: an existing file is left as it is. True when left out. */
  readonly force?: boolean | undefined;
  /** Keeps the old file beside the new one. */
  readonly backup?: boolean | undefined;
  /** A command that must succeed for the new file, before it takes the old one's place; `%s` is its path. */
  readonly validate?: string | undefined;
}

/** What apply needs to write one file. */
export interface FileChange {
  /** Where it is or will be, links followed. */
  readonly path: string;
  /** As the task gave it, and whether a link there is followed. */
  readonly given: string;
  readonly follow: boolean;
  /** Undefined: only the attributes change. */
  readonly content: Content | undefined;
  readonly attributes: Attributes;
  /** The final permission bits. */
  readonly mode: number;
  readonly before: AbsentFile | PlainState | LinkFile;
  readonly isEdited: boolean;
  readonly backup: boolean;
  readonly validate: string | undefined;
}

type FilePlan =
  | { readonly change: 'none'; readonly reason: string; readonly path: string; readonly file: PlainState }
  | {
      readonly change: 'some';
      readonly path: string;
      readonly summary: string;
      readonly diff: readonly Diff[];
      readonly effects: readonly Effect[];
      readonly detail: FileChange;
      /** The file as it will be. */
      readonly file: RegularFile;
    };

/**
 * Compares what was seen with what is wanted. Touches nothing. Throws `task-failed` where the file cannot be written
 * as things are: no folder, a directory in its place, no such user.
 */
export function planFileContent(sight: FileSight, wish: ContentWish): FilePlan {
  const { path, file: before } = sight;
  if (before.type !== 'absent' && before.type !== 'link' && wish.force === false) {
    return { change: 'none', reason: 'exists already, and `force` is false', path, file: before };
  }
  refuseUnwritable(sight);
  const content = contentOf(wish.content);
  const { sha256 } = content;
  const regular = before.type === 'file' ? before : undefined;
  if (regular && regular.sha256 === undefined) {
    throw new ZrunError('task-failed', `${path} exists but cannot be read`, {
      hint: 'Does the task need `become: true`?',
    });
  }
  const isSame = regular?.sha256 === sha256;
  const inode = wishedInode(before, sight.accounts, sight.wish, 0o666);
  const differing = compareAttributes(before, inode);
  if (regular && isSame && differing.length === 0) {
    return { change: 'none', reason: 'already as wanted', path, file: regular };
  }
  const file: RegularFile = {
    ...inode,
    type: 'file',
    size: content.size,
    sha256,
    content: content.bytes,
    mtime: isSame ? regular.mtime : undefined,
    id: isSame ? regular.id : undefined,
    links: isSame ? regular.links : 1,
  };
  const diff: Diff[] = [];
  if (!isSame) diff.push(diffOfContent(path, before, content));
  if (differing.length > 0) diff.push(attributesDiff(path, before, inode, differing));
  const effects: Effect[] = [setState(fileKind, path, file)];
  if (sight.link) {
    effects.push(setState(fileKind, normalizePath(sight.wish.path), { ...sight.link, resolved: file }));
  }
  const verb =
    before.type === 'absent' ? 'create' : isSame ? `change ${differing.join(' and ')} of` : 'update';
  return {
    change: 'some',
    path,
    summary: `${verb} ${path}`,
    diff,
    effects: [...effects, ...sight.unitEffects],
    file,
    detail: {
      path,
      given: normalizePath(sight.wish.path),
      follow: sight.wish.follow !== false,
      isEdited: wish.isEdited === true,
      content: isSame ? undefined : content,
      attributes: sight.wish,
      mode: file.mode,
      before,
      backup: wish.backup === true && before.type !== 'absent' && !isSame,
      validate: wish.validate,
    },
  };
}

function refuseUnwritable({ path, file, parent, link, wish }: FileSight): void {
  if (file.type === 'absent' && !link) {
    const folder = parent.type === 'link' ? parent.resolved : parent;
    if (folder.type !== 'directory') {
      const found = folder.type === 'absent' ? 'does not exist' : `is ${describeType(folder)}`;
      throw new ZrunError(
        'task-failed',
        `${parentOf(normalizePath(wish.path))}, where ${path} should be, ${found}`,
        {
          hint: 'Make the directory first: `file: {path: …, state: directory}`.',
        },
      );
    }
  }
  if (file.type === 'absent' || file.type === 'file' || file.type === 'link') return;
  throw new ZrunError('task-failed', `${path} is ${describeType(file)}, not a file that can be written`, {
    hint: 'Give the path of a file.',
  });
}

/** Larger than this in bytes, a text is not shown as a diff. */
const diffLimit = 64 * 1024;

export function diffOfContent(path: string, before: FileState, content: Content): Diff {
  const old = before.type === 'file' ? before : undefined;
  const oldText = old ? textOf(old.content) : undefined;
  const newText = textOf(content.bytes);
  if (newText !== undefined && (!old || oldText !== undefined)) {
    return { type: 'text', path, before: oldText, after: newText };
  }
  const oldContent = old && `${describeBytes(old.size, old.content)}, sha256 ${old.sha256 ?? 'unknown'}`;
  const newContent = `${describeBytes(content.size, content.bytes)}, sha256 ${content.sha256}`;
  return {
    type: 'fields',
    subject: path,
    fields: [{ name: 'content', before: oldContent, after: newContent }],
  };
}

function textOf(content: Uint8Array | undefined): string | undefined {
  if (!content || content.length > diffLimit || !isUtf8(content) || content.includes(0)) return undefined;
  return new TextDecoder().decode(content);
}

function describeBytes(size: number, content: Uint8Array | undefined): string {
  const isText = content && isUtf8(content) && !content.includes(0);
  return `${content && !isText ? 'binary, ' : ''}${size} bytes`;
}

interface FileWritten {
  /** Where the old file was kept, if it was asked for. */
  readonly backupFile: string | undefined;
}

/** The status by which the script says that `validate` refused the new file. */
const refused = 99;

/**
 * Writes what was planned. The new file is made in a folder that nobody else can enter, and renamed once it is whole:
 * whoever has the old one open never sees the new content, nor does anybody whom only its mode would let. Never writes
 * into a file that is there: one that is mounted by itself, whose place no other can take, is an error. Throws
 * `task-failed` where `validate` refuses the new file (the old one is untouched) or where the way to it cannot be trusted,
 * and `command-failed` where the host does.
 */
export async function applyFileContent(write: Pick<Write, 'run'>, change: FileChange): Promise<FileWritten> {
  const { path, given, follow, content, attributes, mode, before } = change;
  const enter = enterFolder(given, { follow });
  const replaces = before.type === 'file' ? before : undefined;
  if (content === undefined) {
    await runInFolder(write, lines(enter, fitFunction({ ...attributes, mode: formatMode(mode) }), fitEntry), {
      shownAs: `chown and chmod ${path}`,
    });
    return { backupFile: undefined };
  }
  const backupFile = change.backup ? `${path}${backupEnding()}` : undefined;
  const validate = change.validate === undefined ? undefined : splitWords(change.validate);
  const script = lines(
    enter,
    sh`if [ -d "./$n" ] && [ ! -L "./$n" ]; then echo "$f has become a directory" >&2; exit 1; fi
umask 077
private
set -C; exec 3>"./$n"; set +C
new=+`,
    // Owner, mode, ACLs, extended attributes and the SELinux context stay those of the file that is replaced.
    replaces &&
      lines(
        sh`pin`,
        change.isEdited && replaces.sha256 !== undefined && sameContent(replaces.sha256),
        sh`cp -a --attributes-only -- "$o" "./$n" 2>/dev/null || chown ${`${replaces.uid}:${replaces.gid}`} "./$n"`,
      ),
    attributeScript(sh`"./$n"`, { owner: attributes.owner, group: attributes.group }),
    sh`cat >&3; exec 3>&-; chmod ${formatMode(mode)} "./$n"`,
    validate &&
      // Where others may write, a path would be theirs to turn to something else.
      sh`if [ -z "$w" ]; then v=${parentOf(path)}/$t/$n; else read -r v _ </proc/self/stat; v=/proc/$v/cwd/$n; fi
if ${validateCommand(validate)} >&2; then :; else printf '%s' "$?"; exit ${refused}; fi`,
    syncFile(sh`"./$n"`),
    backupFile !== undefined && keepOld(baseName(backupFile)),
    sh`mv -f -- "./$n" .. || { mounted; exit 1; }
leave
${syncFile(sh`.`)}`,
    before.type === 'absent' &&
      sh`if [ -z "$w" ] && command -v selinuxenabled >/dev/null && selinuxenabled; then restorecon -- "./$n"; fi`,
  );
  const output = await runInFolder(write, script, {
    stdin: content.input,
    accept: [refused],
    shownAs: `write ${path}`,
  });
  if (output.status === refused && validate) {
    throw new ZrunError('task-failed', `the new content of ${path} was refused by its validation`, {
      hint: `${path} is as it was. The command is the task's \`validate\`; what it saw was the new content.`,
      command: quoteArgv(validate.map((word) => word.replaceAll('%s', () => path))),
      status: Number(output.stdout.toString()),
      stderr: output.stderr.toString(),
    });
  }
  return { backupFile };
}

/** Where others may write: what was read may have been another file's, and what is made of it would be theirs to read. */
function sameContent(sha256: string): ShellText {
  return sh`if [ -n "$w" ]; then
single "$o"
k=$({ sha256sum || openssl dgst -sha256 -r || shasum -a 256; } <"$o" 2>/dev/null) || exit
[ "\${k%% *}" = ${sha256} ] || changed
fi`;
}

/**
 * In the private folder: the old file gets another name beside its own, which nobody can have put something at. A hard
 * link where the file system has them.
 */
function keepOld(name: string): ShellText {
  return sh`b=${name}; [ -n "$o" ] || o=../$n
ln -- "$o" "./$b" 2>/dev/null || { cp -a -- "$o" "./$b" && ${syncFile(sh`"./$b"`)}; }
mv -n -- "./$b" .. && [ ! -e "./$b" ] && [ ! -L "./$b" ] || { rm -rf -- "./$b"; changed; }`;
}

function validateCommand(words: readonly string[]): ShellText {
  const quoted = words.map((word) =>
    word
      .split('%s')
      .map((part) => (part === '' ? '' : quote(part)))
      .join('"$v"'),
  );
  return { shellText: quoted.map((word) => (word === '' ? "''" : word)).join(' ') };
}

/** What a kept file's name has at its end; nobody can know it beforehand. */
export function backupEnding(): string {
  return `.${timestamp()}-${randomUUID().slice(-12)}~`;
}

/** UTC, sortable, and without a colon, which some tools take for a host: `2026-08-07T08-54-00Z`. */
function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
}
