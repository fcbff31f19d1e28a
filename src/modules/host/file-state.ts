/**
 * Owns what is known of one file of a host, and what it is called. Knows nothing of how it is found out.
 */

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

interface SpecialFile extends Inode {
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

export const absentFile: AbsentFile = { type: 'absent' };

/** A folder as a task leaves it; root's and 0755 where nothing else is said. */
export function directoryState(attributes: Partial<Inode> = {}): DirectoryFile {
  return { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', ...attributes, type: 'directory' };
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
