/**
 * Owns what is known of one file of a host, and the probe that finds it out in one script. Also who may own it: users
 * and groups. Knows nothing of how files are changed.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import { normalizePath } from './path.js';

export type FileState = AbsentFile | LinkFile | PlainState;

/** What a file can be that is there and is no link. */
export type PlainState = RegularFile | DirectoryFile | SpecialFile;

export interface AbsentFile {
  readonly type: 'absent';
  /** Who would own it if it were made, and what is taken off its mode; undefined counts as root's `022`. */
  readonly creator?: Creator;
}

export interface Creator {
  readonly umask: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
}

/** What every kind of file has. Undefined: predicted, and only the run can tell. */
export interface Inode {
  /** The permission bits alone, `0o755`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** `UNKNOWN` where the host has no name for the number, as stat(1) has it. */
  readonly owner: string;
  readonly group: string;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
  /** Hard links. */
  readonly links?: number | undefined;
  /** `device:inode`: equal for two names of one file. */
  readonly id?: string | undefined;
}

export interface RegularFile extends Inode {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** In hex; undefined where it was not asked for or the file cannot be read. */
  readonly sha256?: string | undefined;
  /** Undefined where it was not asked for, or the file cannot be read, or is larger than the limit. */
  readonly content?: Uint8Array | undefined;
}

export interface DirectoryFile extends Inode {
  readonly type: 'directory';
}

export interface SpecialFile extends Inode {
  readonly type: 'block' | 'character' | 'fifo' | 'socket';
}

export interface LinkFile extends Inode {
  readonly type: 'link';
  /** As the link has it, relative perhaps. */
  readonly target: string;
  /** The absolute path where it ends, no link in it; undefined where a folder on the way is missing. */
  readonly path: string | undefined;
  /** What is at `path`. */
  readonly resolved: AbsentFile | PlainState;
}

/** Keyed by `normalizePath`. */
export const fileKind: ProbeKind<FileState> = { kind: 'file' };

/** Contents larger than this, in bytes, stay on the host unless they are asked for; their checksum tells whether they differ. */
export const contentLimit = 128 * 1024;

export const absentFile: AbsentFile = { type: 'absent' };

/** A folder as a task leaves it; root's and 0755 where nothing else is said. */
export function directoryState(attributes: Partial<Inode> = {}): DirectoryFile {
  return { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', ...attributes, type: 'directory' };
}

export interface FileProbeOptions {
  readonly content?: boolean | ContentOptions;
  readonly checksum?: boolean;
}

export interface ContentOptions {
  /** Saves the transfer where the file already has this checksum. */
  readonly unless?: string;
  /** Bytes; `contentLimit` when left out. */
  readonly limit?: number;
}

/**
 * What is at a path, links not followed but told of (a checksum or content is that of the file at the link's end).
 * Rejects with `command-failed` where the path cannot be looked at (permission denied), which is not the same as
 * absent.
 */
export function fileProbe(path: string, options: FileProbeOptions = {}): Probe<FileState> {
  const key = normalizePath(path);
  const { content = false, checksum = content !== false } = options;
  const { unless = '', limit = contentLimit } = typeof content === 'object' ? content : {};
  const script = lines(
    sh`LC_ALL=C; export LC_ALL; p=${key}; form='%f %u %g %s %Y %h %d:%i %U:%G'`,
    sh`if s=$(stat -c "$form" -- "$p" 2>&1); then printf '%s\\0' "$s"; else
case $s in
*': No such file or directory' | *': Not a directory') printf 'absent %s %s\\0' "$(umask)" "$(id)"; exit 0 ;;
esac
printf '%s\n' "$s" >&2; exit 1
fi
if [ -L "$p" ]; then
printf '%s\\0%s\\0' "$(readlink -- "$p")" "$(readlink -f -- "$p" 2>/dev/null)"
stat -L -c "$form" -- "$p" 2>/dev/null || printf 'absent %s %s' "$(umask)" "$(id)"
printf '\\0'
fi`,
    (checksum || content !== false) &&
      sh`[ -f "$p" ] && [ -r "$p" ] || exit 0
if command -v sha256sum >/dev/null; then sum=$(sha256sum <"$p")
elif command -v openssl >/dev/null; then sum=$(openssl dgst -sha256 -r <"$p")
else sum=$(shasum -a 256 <"$p"); fi || exit 1
sum=\${sum%% *}; printf '%s\\0' "$sum"`,
    content !== false &&
      sh`[ "$sum" != ${unless} ] && [ "$(wc -c <"$p")" -le ${limit} ] || exit 0
printf 'content\\0'; cat <"$p"`,
  );
  return { of: fileKind, key, script, parse: (output) => parseFile(key, output) };
}

function parseFile(path: string, output: Output): FileState {
  const { stdout, status } = output;
  if (status !== 0) {
    throw new ZrunError('command-failed', `cannot look at ${path}`, {
      hint: 'Does the task need `become: true`?',
      command: `stat ${path}`,
      status,
      stderr: output.stderr.toString(),
    });
  }
  let offset = 0;
  const next = (): string | undefined => {
    const end = stdout.indexOf(0, offset);
    if (end < 0) return undefined;
    const field = stdout.toString('utf8', offset, end);
    offset = end + 1;
    return field;
  };
  const withContent = (state: AbsentFile | PlainState): AbsentFile | PlainState => {
    if (state.type !== 'file') return state;
    const sha256 = next();
    return { ...state, sha256, content: next() === 'content' ? stdout.subarray(offset) : undefined };
  };
  const state = parseStat(path, next() ?? '');
  if (state.type !== 'link') return withContent(state);
  const target = next() ?? '';
  // readlink -f prints nothing where a folder on the way is missing.
  const end = next() || undefined;
  const resolved = parseStat(path, next() ?? '');
  if (resolved.type === 'link') throw unexpected(path, target);
  return { ...state, target, path: end, resolved: withContent(resolved) };
}

const typeByFormat = new Map<number, PlainState['type'] | 'link'>([
  [0o01, 'fifo'],
  [0o02, 'character'],
  [0o04, 'directory'],
  [0o06, 'block'],
  [0o10, 'file'],
  [0o12, 'link'],
  [0o14, 'socket'],
]);

/** One line in the probe's form: what lstat(2) says, or `absent` with umask(1) and id(1). */
function parseStat(path: string, text: string): AbsentFile | PlainState | LinkFile {
  const absent = /^absent (\d+) uid=(\d+)(?:\(([^)]*)\))? gid=(\d+)(?:\(([^)]*)\))?/.exec(text);
  if (absent) {
    const [, umask = '', uid = '', owner = 'UNKNOWN', gid = '', group = 'UNKNOWN'] = absent;
    return {
      type: 'absent',
      creator: { umask: parseInt(umask, 8), uid: Number(uid), gid: Number(gid), owner, group },
    };
  }
  const present = /^([0-9a-f]+) (\d+) (\d+) (\d+) (-?\d+) (\d+) (\S+) ([^:]*):(.*)\n?$/.exec(text);
  if (!present) throw unexpected(path, text);
  const [, raw = '', uid, gid, size, mtime, links, id, owner = '', group = ''] = present;
  const bits = parseInt(raw, 16);
  const type = typeByFormat.get(bits >> 12);
  if (!type) throw unexpected(path, text);
  const inode: Inode = {
    mode: bits & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    owner,
    group,
    mtime: Number(mtime),
    links: Number(links),
    id,
  };
  if (type === 'file') return { ...inode, type, size: Number(size) };
  if (type === 'link') return { ...inode, type, target: '', path: undefined, resolved: absentFile };
  return { ...inode, type };
}

function unexpected(path: string, text: string): ZrunError {
  return new ZrunError('output-unexpected', `stat says something that zrun does not understand of ${path}`, {
    hint: 'zrun needs a stat(1) that knows -c, as GNU coreutils and busybox have it.',
    stdout: text,
  });
}

/** The number of a user or group by its name; undefined where the host has none of that name. */
export const userKind: ProbeKind<number | undefined> = { kind: 'user' };
export const groupKind: ProbeKind<number | undefined> = { kind: 'group' };

export function userProbe(name: string): Probe<number | undefined> {
  return { of: userKind, key: name, script: sh`id -u ${name} 2>/dev/null`, parse: parseId };
}

export function groupProbe(name: string): Probe<number | undefined> {
  const script = sh`if command -v getent >/dev/null; then getent group ${name}; else grep ${`^${name}:`} /etc/group; fi | cut -d: -f3`;
  return { of: groupKind, key: name, script, parse: parseId };
}

function parseId(output: Output): number | undefined {
  const text = output.stdout.toString().trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A mode as people write it: `0644`. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** What a state is called in a sentence. */
export function describeType(state: FileState): string {
  switch (state.type) {
    case 'absent':
      return 'nothing';
    case 'file':
      return 'a file';
    case 'directory':
      return 'a directory';
    case 'link':
      return `a link to ${state.target}`;
    case 'block':
      return 'a block device';
    case 'character':
      return 'a character device';
    case 'fifo':
      return 'a named pipe';
    case 'socket':
      return 'a socket';
  }
}
