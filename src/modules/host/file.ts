/**
 * Owns the probes for one file of a host: what is at its path, and who may own it (users and groups). Knows nothing of how
 * files are changed.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';
import { lookAtFiles, type FileLook, type FileQuestion, type Way } from './file-look.js';
import { normalizePath } from './path.js';
import type { FileState } from './file-state.js';

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
 * What is at a path, links not followed but reported (a checksum or content is that of the file at the link's end).
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
type Presence = FileState | { readonly type: 'something' };

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
