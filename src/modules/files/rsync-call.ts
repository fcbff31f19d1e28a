/**
 * Owns how rsync is called and what a dry run of it says. Knows nothing of when a copy is wanted.
 * Source: rsync(1), --itemize-changes, --out-format, EXIT VALUES.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Progress } from '../../core/progress.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { quoteArgv, sh, type ShellText } from '../../core/shell.js';
import { makeFolder } from './made-folder.js';
import { syncFileSystem } from '../host/sync.js';

export interface RsyncOptions {
  readonly src: string;
  readonly dest: string;
  readonly delete: boolean;
  readonly one_file_system: boolean;
  readonly checksum: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Entries right in src; empty: all of them. */
  readonly only: readonly string[];
  /** A ZFS snapshot; undefined: all contents are compared. */
  readonly changedSince?: string | undefined;
}

/** What a dry run would do. */
export interface RsyncDifferences {
  readonly type: 'differences';
  /** Everything that differs: files, directories, links, times, owners. */
  readonly items: number;
  /** Files whose content is copied, and the sum of their sizes in bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly deleted: number;
  /** The first of them. */
  readonly sample: readonly RsyncItem[];
}

interface RsyncItem {
  readonly path: string;
  readonly action: 'create' | 'update' | 'delete';
}

type RsyncSight = RsyncDifferences | { readonly type: 'not-installed' } | { readonly type: 'no-source' };

const rsyncKind: ProbeKind<RsyncSight> = { kind: 'rsync' };

/** Archive, and all that it leaves out: hard links, ACLs, extended attributes, holes, numbers instead of names. */
export function rsyncArgv(options: RsyncOptions): readonly string[] {
  return [
    'rsync',
    '-aHAXS',
    '--numeric-ids',
    ...(options.delete ? ['--delete'] : []),
    ...(options.one_file_system ? ['--one-file-system'] : []),
    ...(options.checksum ? ['--checksum'] : []),
    ...options.include.map((pattern) => `--include=${pattern}`),
    ...options.exclude.map((pattern) => `--exclude=${pattern}`),
    ...options.only.flatMap((name) => [`--include=/${literally(name)}`, `--include=/${literally(name)}/***`]),
    ...(options.only.length > 0 ? ['--exclude=/*'] : []),
    '--',
    // A slash at the end of the source means what is in it, not the folder itself.
    inFolder(options.src),
    inFolder(options.dest),
  ];
}

/** Text in which nothing is a wildcard. Source: rsync(1), PATTERN MATCHING RULES. */
function literally(name: string): string {
  return /[*?[]/.test(name) ? name.replace(/[\\*?[]/g, '\\$&') : name;
}

function inFolder(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

const sampleLength = 20;

/** A dry run: reads both folders, changes neither. Counted on the host, since a first copy may list millions. */
export function rsyncProbe(options: RsyncOptions): Probe<RsyncSight> {
  const dryRun = dryRunArgv(options, '--out-format=%i %l %n');
  // In check mode the snapshot may not be there yet: then nothing has changed since.
  const alsoChanged =
    options.changedSince === undefined
      ? sh`:`
      : sh`! zfs list -H -o name ${options.changedSince} >/dev/null 2>&1 || {
${listChanged(options)}
${forEachChanged(options, sh`printf '>fc........ %s %s\\n' "$(stat -c %s "$src$name")" "$name"`)}
}`;
  const script = sh`LC_ALL=C; export LC_ALL
command -v rsync >/dev/null || { echo 'none not-installed'; exit 0; }
[ -d ${options.src} ] || { echo 'none no-source'; exit 0; }
{ ${dryRun}; echo "status $?"; ${alsoChanged}; } | awk '
/^status / { if ($2 != 0) bad = $2; next }
!/^([<>ch.][fdLDS]|[*])/ { next }
{ name = $0; sub(/^[^ ]+ +[0-9]+ /, "", name); if (name in seen) next; seen[name] = 1 }
{ n++; if (n <= ${sampleLength}) print "item " $0 }
/^[*]deleting/ { deleted++; next }
/^[<>]f/ { files++; bytes += $2 }
END { printf "status %d\\nsum %d %d %.0f %d\\n", bad, n, files, bytes, deleted }'`;
  return {
    of: rsyncKind,
    key: `${options.src} -> ${options.dest}`,
    script,
    parse: (output) => parseSight(output, quoteArgv(dryRun)),
  };
}

function parseSight(output: Output, command: string): RsyncSight {
  const answers = output.stdout.toString().split('\n');
  if (answers.includes('none not-installed')) return { type: 'not-installed' };
  if (answers.includes('none no-source')) return { type: 'no-source' };
  const status = answers.find((line) => line.startsWith('status '))?.slice('status '.length);
  const sum = answers
    .find((line) => line.startsWith('sum '))
    ?.split(' ')
    .slice(1)
    .map(Number);
  if (status !== '0' || !sum) {
    throw rsyncFailure(Number(status ?? output.status), command, output.stderr.toString());
  }
  const [items = 0, files = 0, bytes = 0, deleted = 0] = sum;
  const sample = answers.filter((line) => line.startsWith('item ')).map((line) => parseItem(line.slice(5)));
  return { type: 'differences', items, files, bytes, deleted, sample };
}

/** `>f+++++++++ 12 name`, `*deleting   0 name`: what is done, the size, the path with odd bytes escaped. */
function parseItem(line: string): RsyncItem {
  const [, code = '', path = ''] = /^(\S+) +\d+ (.*)$/.exec(line) ?? [];
  const action = code === '*deleting' ? 'delete' : code.endsWith('+++++++++') ? 'create' : 'update';
  return { path, action };
}

const explanations: ReadonlyMap<number, string> = new Map([
  [11, 'Reading or writing failed: is the disk full?'],
  [12, 'The disk may be full: `df` on the host tells.'],
  [23, 'Some files could not be copied; what is in dest is incomplete. The messages above name them.'],
  [24, 'Files vanished while they were copied: something still writes to the source. Stop it first.'],
]);

export function rsyncFailure(status: number, command: string, stderr: string): ZrunError {
  return new ZrunError('task-failed', 'rsync could not copy everything', {
    hint: explanations.get(status) ?? 'rsync(1) lists its exit codes under EXIT VALUES.',
    command,
    status,
    stderr,
  });
}

/** The status by which a copy says that it differs from its source. */
export const copyDiffers = 97;

/** The status by which a copy says that the disk did not take it. No status of rsync's. */
export const copyNotWritten = 96;

/**
 * Copies, writes everything to the disk, and compares again by checksum where asked; rsync's own status otherwise.
 * `watchCopy` and `readDiffering` read its standard output. For `runInFolder`: rsync works in the folder that the script is
 * in, so that no link on the way to it counts which another user may have put there meanwhile.
 */
export function rsyncScript(asked: RsyncOptions, verify: boolean): ShellText {
  const options = { ...asked, dest: '.' };
  const check = options.changedSince === undefined ? compareAll(options) : compareChanged(options);
  const makeOld = sh`${listChanged(options)}
${forEachChanged(options, sh`touch -c -d @0 -- "$dest$name"`)} || exit`;
  const [program = 'rsync', ...rest] = rsyncArgv(options);
  return sh`${makeFolder(asked.dest, {}, undefined)}
into "$n"
set +eu
LC_ALL=C; export LC_ALL
${shellFile('modules/files/watched.sh')}
exec 3>&1
${verify && options.changedSince !== undefined ? makeOld : sh`:`}
watched alone copied ${[program, '--stats', ...rest]} || exit
${verify ? check : sh`:`}
${syncFileSystem(options.dest)} || exit ${copyNotWritten}`;
}

/** What differs after all, from the output of a copy. */
export function readDiffering(stdout: string): string {
  return stdout.slice(stdout.indexOf(`${differingHead}\n`)).slice(differingHead.length + 1);
}

/** Tells, line by line of the output of a copy, how much is done. `differing`: bytes that are to be copied. */
export function watchCopy(
  { checksum }: RsyncOptions,
  differing: number,
  tell: (progress: Progress) => void,
): (line: string) => void {
  let all = 0;
  return (line) => {
    const [, verb, told = ''] = /^(copied|compared|Total file size:) ([\d,]+)/.exec(line) ?? [];
    const bytes = Number(told.replaceAll(',', ''));
    if (verb === 'copied') {
      // A copy that compares contents reads more than it copies, and nobody can say which.
      if (!checksum && differing > 0) tell({ verb, done: Math.min(bytes, differing), of: differing });
    } else if (verb === 'compared') {
      if (all > 0) tell({ verb, done: Math.min(Math.round(bytes / 2), all), of: all });
    } else if (verb !== undefined) all = bytes;
  };
}

function compareAll(options: RsyncOptions): ShellText {
  // Both sides read their files, one after the other.
  return refuseDifference(sh`watched both compared ${dryRunArgv({ ...options, checksum: true })}`);
}

/**
 * A file that was written to and has the size and time that it had looks as if it were copied already: its copy is made
 * to look old, and copied with the rest. Then everything is looked at again, and what has changed is read.
 */
function compareChanged(options: RsyncOptions): ShellText {
  return sh`${refuseDifference(sh`${dryRunArgv(options)}`)}
differing=$(${forEachChanged(options, sh`printf '>fc........ %s\\n' "$name"`)}) || exit
${refuse}`;
}

/** Leaves what has changed since the snapshot in the file "$changed". */
function listChanged({ changedSince = '' }: RsyncOptions): ShellText {
  const [dataset = ''] = changedSince.split('@');
  return sh`changed=$(mktemp) || exit
trap 'rm -f "$changed"' EXIT
zfs diff -FH ${changedSince} ${dataset} >"$changed" || exit`;
}

/** For those of "$changed" that dest has with another content: `$name`, from `$src` and `$dest`. */
function forEachChanged({ src, dest, only }: RsyncOptions, work: ShellText): ShellText {
  // `zfs diff` knows every file that was written to. It writes bytes that are no plain ASCII as \0ooo, which is what
  // printf's %b reads. Source: zfs-diff(8); stream_bytes in lib/libzfs/libzfs_diff.c.
  return sh`src=${inFolder(src)} dest=${inFolder(dest)}
awk -F '\t' '$1 != "-" && $2 == "F" { print $1 == "R" ? $4 : $3 }' "$changed" |
  while IFS= read -r name; do
    # A line feed at the end of a name would be cut off by $(…).
    name=$(printf '%b.' "$name") && name=\${name%.}
    case $name in ("$src"*) name=\${name#"$src"} ;; (*) continue ;; esac
    ${only.length === 0 ? sh`:` : sh`case \${name%%/*} in (${alternatives(only)}) ;; (*) continue ;; esac`}
    [ -f "$dest$name" ] && [ ! -L "$dest$name" ] || continue
    cmp -s -- "$src$name" "$dest$name" || { ${work}; }
  done`;
}

function alternatives(names: readonly string[]): ShellText {
  return { shellText: names.map((name) => quoteArgv([name])).join('|') };
}

function dryRunArgv(options: RsyncOptions, format = '--out-format=%i %n'): readonly string[] {
  const [program = 'rsync', ...rest] = rsyncArgv(options);
  return [program, '--dry-run', format, ...rest];
}

const differingHead = 'differing:';

const refuse = sh`[ -z "$differing" ] || { echo ${differingHead}; printf '%s\\n' "$differing" | head -n 20; exit ${copyDiffers}; }`;

function refuseDifference(compare: ShellText): ShellText {
  return sh`differing=$(${compare}) || exit
${refuse}`;
}
