/**
 * Owns what is known of one file of a host, and the probe for it. Also who may own it: users and groups. Knows nothing of
 * how files are changed.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import { lookAtFiles, type FileLook, type FileQuestion, type Way } from './file-look.js';
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

/** What each probe asks, for those that are asked together. */
const questions = new WeakMap<Probe<FileState>, FileQuestion>();

/** Keyed by `normalizePath`. */
export const fileKind: ProbeKind<FileState> = {
  kind: 'file',
  join(probes) {
    const asked = probes.map((probe) => questions.get(probe));
    return asked.every((question) => question !== undefined) ? lookAtFiles(asked) : undefined;
  },
};

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
  /** Rejects where this says that the way to the file must not be gone. */
  readonly way?: Way;
}

export interface ContentOptions {
  /** Saves the transfer where the file already has this checksum; a small content is sent all the same. */
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
  const { content = false, checksum = content !== false, way } = options;
  const { unless = '', limit = contentLimit } = typeof content === 'object' ? content : {};
  const question = { path: key, checksum, content: content === false ? undefined : { unless, limit }, way };
  let made: FileLook | undefined;
  // Those that are asked together have one in common.
  const look = (): FileLook => (made ??= lookAtFiles([question]));
  const probe: Probe<FileState> = {
    of: fileKind,
    key,
    get script() {
      return look().script;
    },
    isTerse: true,
    parse(output) {
      const [answer] = look().parse(output);
      if (answer) return answer();
      throw new ZrunError('internal', `nothing was asked about ${key}`);
    },
  };
  questions.set(probe, question);
  return probe;
}

/** Of a thing whose kind nobody asked for. */
export type Presence = FileState | { readonly type: 'something' };

/** The same things as `fileKind`, seen less closely: what check mode predicts of them holds here too. */
const presenceKind: ProbeKind<Presence> = { kind: fileKind.kind };

/** Whether anything is at a path, a link that leads nowhere too: the shell knows it without a process. Rejects as `fileProbe`. */
export function presenceProbe(path: string): Probe<Presence> {
  const probe = fileProbe(path);
  const { key } = probe;
  return {
    of: presenceKind,
    key,
    script: sh`if [ -e ${key} ] || [ -L ${key} ]; then echo something; exit; fi
${probe.script}`,
    isTerse: true,
    parse: (output) =>
      output.stdout.toString() === 'something\n' ? { type: 'something' } : probe.parse(output),
  };
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
