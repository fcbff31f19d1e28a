/**
 * Owns the look at what is to be copied into a folder of a host: a list of names goes there, and what each of them is
 * comes back, in one exchange however many they are. Knows nothing of what is wanted.
 */
import { ZrunError } from '../../core/errors.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import type { Creator } from '../host/file-state.js';
import { normalizePath } from '../host/path.js';

/** What a name in the folder is on the host; names that are not there are left out. */
export interface CopiedEntry {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
  /** Bytes. */
  readonly size: number;
  /** In hex, of the file at a link's end too; undefined if there is none or it cannot be read. */
  readonly sha256: string | undefined;
}

export interface CopiedFolder {
  readonly entries: ReadonlyMap<string, CopiedEntry>;
  /** Who would own a new file there, and what is taken off its mode. */
  readonly creator: Creator;
  /** Programs that a change needs and the host lacks. */
  readonly missing: readonly string[];
}

/** Keyed by the folder and by what is looked for in it: other names are another question. */
export const copiedFolderKind: ProbeKind<CopiedFolder> = { kind: 'copied-folder' };

/** @param id tells apart what is looked for in the same folder */
export function copiedFolderProbe(folder: string, names: readonly string[], id: string): Probe<CopiedFolder> {
  const path = normalizePath(folder);
  // Both programs go on past names that are not there, and say so where nobody listens.
  const look = `stat -c 's %f %u %g %s %U:%G %n' -- "$@"
if command -v sha256sum >/dev/null; then sha256sum -- "$@"; else openssl dgst -sha256 -r "$@"; fi`;
  return {
    of: copiedFolderKind,
    key: `${path}\0${id}`,
    script: lines(
      sh`LC_ALL=C; export LC_ALL
printf 'c %s %s\\n' "$(umask)" "$(id)"
for p in tar xargs; do command -v "$p" >/dev/null || printf 'm %s\\n' "$p"; done
cd ${path} 2>/dev/null || exit 0
xargs -0 sh -c ${look} sh 2>/dev/null
exit 0`,
    ),
    stdin: Buffer.from(names.map((name) => `./${name}\0`).join('')),
    parse({ stdout }) {
      return parseCopiedFolder(path, stdout.toString('utf8'));
    },
  };
}

/** Lines: `c` umask and id(1), `m` a program that is missing, `s` what stat(1) says, a checksum and a name. */
function parseCopiedFolder(path: string, text: string): CopiedFolder {
  const [first = '', ...rest] = text.split('\n');
  const said = /^c (\d+) uid=(\d+)(?:\(([^)]*)\))? gid=(\d+)(?:\(([^)]*)\))?/.exec(first);
  if (!said)
    throw new ZrunError('output-unexpected', `cannot look into ${path}`, {
      stdout: text.slice(0, 1000),
    });
  const [, umask = '', uid = '', owner = 'UNKNOWN', gid = '', group = 'UNKNOWN'] = said;
  const entries = new Map<string, CopiedEntry>();
  const missing: string[] = [];
  for (const line of rest) {
    if (line.startsWith('m ')) missing.push(line.slice(2));
    const state = /^s ([0-9a-f]+) (\d+) (\d+) (\d+) ([^:]*):(\S*) \.\/(.*)$/.exec(line);
    if (state) {
      const [, raw = '', entryUid, entryGid, size, entryOwner = '', entryGroup = '', name = ''] = state;
      const bits = parseInt(raw, 16);
      entries.set(name, {
        type: typeByFormat[bits >> 12] ?? 'other',
        mode: bits & 0o7777,
        uid: Number(entryUid),
        gid: Number(entryGid),
        owner: entryOwner,
        group: entryGroup,
        size: Number(size),
        sha256: undefined,
      });
    }
    const [, sha256, name = ''] = /^([0-9a-f]{64}) [ *]\.\/(.*)$/.exec(line) ?? [];
    const entry = entries.get(name);
    if (sha256 !== undefined && entry) entries.set(name, { ...entry, sha256 });
  }
  return {
    entries,
    creator: { umask: parseInt(umask, 8), uid: Number(uid), gid: Number(gid), owner, group },
    missing,
  };
}

const typeByFormat: Readonly<Record<number, CopiedEntry['type']>> = {
  0o04: 'directory',
  0o10: 'file',
  0o12: 'link',
};
