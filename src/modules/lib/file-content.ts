/**
 * Owns "this file has this content, owner and mode": what must be looked at, what differs, and the script that puts it
 * right so that a power cut leaves the old file or the new one. Shared by every module that writes a file.
 */
import { randomUUID } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { contentOf, type Content } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import type { Diff, Write } from '../../core/module.js';
import type { Effect, Read } from '../../core/probe.js';
import { setState } from '../../core/probe.js';
import { lines, quoteArgv, sh } from '../../core/shell.js';
import type { Accounts, Attributes } from './attributes.js';
import {
  attributeScript,
  attributesDiff,
  compareAttributes,
  lookAtAccounts,
  wishedInode,
} from './attributes.js';
import type { AbsentFile, ContentOptions, FileState, LinkFile, PlainState, RegularFile } from './file.js';
import { describeType, fileKind, fileProbe, formatMode } from './file.js';
import { normalizePath, parentOf } from './path.js';
import { syncFile } from './sync.js';
import { lookAtUnitOfFile } from './unit.js';
import { splitWords } from './words.js';

/** Which file, and whose it shall be. */
export interface FileWish extends Attributes {
  readonly path: string;
  /** A link at `path` stays, and the file at its end is written; false replaces the link. True when left out. */
  readonly follow?: boolean | undefined;
}

/** What was found where a file shall be written. */
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

/**
 * Everything that `planFileContent` rests on, in one exchange. Ask several at once with `Promise.all`.
 * @param content as for `fileProbe`; true where the new content is made from the old
 */
export async function lookAtFile(
  read: Read,
  wish: FileWish,
  content: boolean | ContentOptions = true,
): Promise<FileSight> {
  const path = normalizePath(wish.path);
  const [file, parent, accounts, unitEffects] = await Promise.all([
    read(fileProbe(path, { content })),
    read(fileProbe(parentOf(path))),
    lookAtAccounts(read, wish),
    lookAtUnitOfFile(read, path),
  ]);
  const sight = { wish, parent, accounts, unitEffects };
  if (file.type !== 'link' || wish.follow === false) return { ...sight, path, file, link: undefined };
  if (file.path === undefined) {
    throw new ZrunError('task-failed', `${path} is a link to ${file.target}, whose folder does not exist`, {
      hint: 'Remove the link first, or write to where it should lead.',
    });
  }
  return { ...sight, path: file.path, file: file.resolved, link: file };
}

export interface ContentWish {
  readonly content: Uint8Array | Content;
  /** False: an existing file is left as it is. True when left out. */
  readonly force?: boolean | undefined;
  /** Keeps the old file beside the new one. */
  readonly backup?: boolean | undefined;
  /** A command that must succeed for the new file, before it takes the old one's place; `%s` is its path. */
  readonly validate?: string | undefined;
}

/** What apply needs to write one file. */
export interface FileChange {
  readonly path: string;
  /** Undefined: only the attributes change. */
  readonly content: Content | undefined;
  readonly attributes: Attributes;
  /** The final permission bits. */
  readonly mode: number;
  readonly before: AbsentFile | PlainState | LinkFile;
  readonly backup: boolean;
  readonly validate: string | undefined;
}

export type FilePlan =
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

export interface FileWritten {
  /** Where the old file was kept, if it was asked for. */
  readonly backupFile: string | undefined;
}

/** The status by which the script says that `validate` refused the new file. */
const refused = 99;

/**
 * Writes what was planned. Throws `task-failed` where `validate` refuses the new file (the old one is untouched), and
 * `command-failed` where the host does.
 */
export async function applyFileContent(write: Pick<Write, 'run'>, change: FileChange): Promise<FileWritten> {
  const { path, content, attributes, mode, before } = change;
  if (content === undefined) {
    await write.run(attributeScript(path, { ...attributes, mode: formatMode(mode) }), {
      shownAs: `chown and chmod ${path}`,
    });
    return { backupFile: undefined };
  }
  const backupFile = change.backup ? `${path}.${timestamp()}~` : undefined;
  const temporary = `${parentOf(path) === '/' ? '' : parentOf(path)}/.zrun-${randomUUID()}`;
  const replaces = before.type === 'file' ? before : undefined;
  const validate = change.validate === undefined ? undefined : validateArgv(change.validate, temporary);
  const script = lines(
    sh`set -eu
f=${path}; d=${parentOf(path)}; t=${temporary}
if [ -d "$f" ]; then echo "$f has become a directory" >&2; exit 1; fi
umask 077
trap 'rm -f -- "$t"' 0
trap 'exit 129' 1 2 15
set -C; exec 3>"$t"; set +C`,
    // Owner, mode, ACLs, extended attributes and the SELinux context stay those of the file that is replaced.
    replaces &&
      sh`cp -a --attributes-only -- "$f" "$t" 2>/dev/null || chown ${`${replaces.uid}:${replaces.gid}`} "$t"`,
    attributeScript(temporary, { owner: attributes.owner, group: attributes.group }),
    // Nobody else reads the new content before its mode is what it shall be.
    sh`chmod 0600 "$t"; cat >&3; exec 3>&-; chmod ${formatMode(mode)} "$t"`,
    validate && sh`if ${validate} >&2; then :; else printf '%s' "$?"; exit ${refused}; fi`,
    syncFile(sh`"$t"`),
    backupFile !== undefined && sh`b=${backupFile}; cp -a -- "$f" "$b"; ${syncFile(sh`"$b"`)}`,
    sh`mv -f -- "$t" "$f"
trap - 0
${syncFile(sh`"$d"`)}`,
    before.type === 'absent' &&
      sh`if command -v selinuxenabled >/dev/null && selinuxenabled; then restorecon -- "$f"; fi`,
  );
  const output = await write.run(script, {
    stdin: content.input,
    accept: [refused],
    shownAs: `write ${path}`,
  });
  if (output.status === refused && validate) {
    throw new ZrunError('task-failed', `the new content of ${path} was refused by its validation`, {
      hint: `${path} is as it was. The command is the task's \`validate\`; what it saw was the new content.`,
      command: quoteArgv(validate),
      status: Number(output.stdout.toString()),
      stderr: output.stderr.toString(),
    });
  }
  return { backupFile };
}

function validateArgv(validate: string, path: string): readonly string[] {
  return splitWords(validate).map((word) => word.replaceAll('%s', () => path));
}

/** UTC, sortable, and without a colon, which some tools take for a host: `2026-08-07T08-54-00Z`. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
}
