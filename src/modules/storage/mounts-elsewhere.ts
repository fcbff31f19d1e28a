/**
 * Owns where else than at its mount point a file system is seen: bind mounts, and mount namespaces that its unmounting
 * does not reach. Who writes there goes on writing to it once something else has taken its place. Looks only.
 * Sources: mount_namespaces(7), proc(5); propagate_umount in fs/pnode.c.
 */
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { processFunctions } from '../host/holders.js';
import { unescapeOctal } from '../host/mountinfo.js';
import { joinPath } from '../host/path.js';

/** A place where a part of a file system is mounted besides its mount point. */
interface MountElsewhere {
  /** What is seen there: a path as the host has it, or the dataset of a layer. */
  readonly what: string;
  /** Where, as the processes of that namespace have it. */
  readonly at: string;
  /** One of them; null in the host's own namespace. */
  readonly pid: number | null;
  /** Its name. */
  readonly program: string | null;
  /** The unit of systemd that it belongs to: a service, or the scope of a session. */
  readonly unit: string | null;
}

const elsewhereKind: ProbeKind<readonly MountElsewhere[]> = { kind: 'mounts-elsewhere' };

export function elsewhereProbe(root: string): Probe<readonly MountElsewhere[]> {
  return {
    of: elsewhereKind,
    key: root,
    script: lines(
      sh`LC_ALL=C; export LC_ALL`,
      processFunctions(),
      elsewhereFunction(),
      sh`elsewhere ${root}`,
    ),
    parse: ({ stdout }) => parseElsewhere(stdout.toString('utf8').split('\n'), root),
  };
}

/** `elsewhere MOUNT_POINT`, which prints lines that `parseElsewhere` reads, and needs `processFunctions`. */
export function elsewhereFunction(): ShellText {
  return shellFile('modules/storage/mounts-elsewhere.sh');
}

/** Lines as `elsewhere` prints them; others are passed over. */
export function parseElsewhere(rows: readonly string[], root: string): readonly MountElsewhere[] {
  return rows.flatMap((row) => {
    const [pid, program, unit, kind, what, at] = row.split('\t');
    if (what === undefined || at === undefined) return [];
    const seen = unescapeOctal(what);
    return [
      {
        what: kind === 'dataset' ? seen : joinPath(root, seen === '/' ? '' : seen),
        at: unescapeOctal(at),
        pid: pid === '-' ? null : Number(pid),
        program: orNull(program),
        unit: orNull(unit),
      },
    ];
  });
}

function orNull(word: string | undefined): string | null {
  return word === undefined || word === '' || word === '-' ? null : word;
}

/** `/srv/a/_data is mounted at /srv/upload`, with whose namespace that is, and what to do. */
export function describeElsewhere({ what, at, pid, program, unit }: MountElsewhere): string {
  if (pid === null) return `${what} is mounted at ${at}: unmount it`;
  const who = `process ${pid} (${[program, unit].filter((word) => word !== null).join(', ')})`;
  const end = unit?.endsWith('.service') === true ? `stop ${unit}` : 'end what runs there';
  return `${what} is mounted at ${at} in the mount namespace of ${who}: ${end}`;
}
