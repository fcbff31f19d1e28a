/**
 * Owns how units that are held look on a host: the drop-ins, the record of what was active, and the script that starts that
 * again. Sources: systemd.unit(5), systemctl(1).
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { dependentsScript, parseDependents, type Dependent } from './dependents.js';
import { unitName } from '../host/unit.js';

/** A unit and its state. */
export interface Unit {
  readonly unit: string;
  readonly active: string;
}

export interface HoldSight {
  /** What depends on the others now, and what is asked for besides. */
  readonly dependents: readonly Dependent[];
  /** What was active when it was stopped. */
  readonly recorded: readonly Unit[];
  /** Units that have a drop-in. */
  readonly held: readonly string[];
  /** What a release has found, for a run that lost its connection meanwhile. */
  readonly outcome: Outcome | undefined;
}

/** Units that do not run as they did, as the release of one run has seen them. */
interface Outcome {
  readonly run: string;
  readonly differing: readonly { readonly unit: string; readonly was: string; readonly is: string }[];
}

export const holdKind: ProbeKind<HoldSight> = { kind: 'held-units' };

/** What is looked at. Where nothing is named that others depend on, only what is held already. */
interface HoldLook {
  readonly name: string;
  readonly record: string;
  /** Units that others depend on. */
  readonly of: readonly string[];
  /** Units that require this mount point depend on it, too. */
  readonly mount: string | undefined;
  readonly isDocker: boolean;
  /** Units that are asked for besides. */
  readonly also: readonly string[];
}

export function holdProbe({ name, record, of, mount, isDocker, also }: HoldLook): Probe<HoldSight> {
  const roots = lines(
    mount === undefined
      ? sh`${of.map(unitName)}`
      : sh`${of.map(unitName)} "$(systemd-escape -p --suffix=mount -- ${mount})"`,
  );
  const extra = also.map(unitName);
  const script = lines(
    sh`LC_ALL=C; export LC_ALL
[ -d /run/systemd/system ] || exit 0
echo recorded; cat -- ${record} 2>/dev/null
echo outcome; cat -- ${outcomeOf(record)} 2>/dev/null
echo held; ls -d /run/systemd/system/*.d/${dropIn(name)} 2>/dev/null
echo dependents`,
    of.length > 0 && dependentsScript(roots, isDocker, mount),
    extra.length > 0
      ? sh`for u in ${extra}; do
[ "$(systemctl show --value -p LoadState -- "$u")" != not-found ] || continue
printf '%s\\trequires\\t%s\\t%s\\n' "$u" "$(systemctl show --value -p ActiveState -- "$u")" "$(systemctl show --value -p SubState -- "$u")"
done`
      : undefined,
    sh`exit 0`,
  );
  return { of: holdKind, key: name, script, parse: parseSight };
}

/** The file that keeps what came of a release. */
export function outcomeOf(record: string): string {
  return `${record}.after`;
}

/** The name of the drop-ins that keep units from starting. */
export function dropIn(name: string): string {
  return `zrun-${name}.conf`;
}

function parseSight({ stdout, stderr, status }: Output): HoldSight {
  const rows = stdout.toString().split('\n');
  const [outcome, held, dependents] = ['outcome', 'held', 'dependents'].map((mark) => rows.indexOf(mark));
  if (status !== 0) {
    throw new ZrunError('command-failed', 'systemd does not say which units depend on others', {
      command: 'systemctl show',
      status,
      stderr: stderr.toString(),
    });
  }
  if (outcome === undefined || held === undefined || dependents === undefined || dependents < 0)
    return { dependents: [], recorded: [], held: [], outcome: undefined };
  const [run = '', ...differences] = rows.slice(outcome + 1, held);
  return {
    outcome: run === '' ? undefined : { run, differing: readDifferences(differences) },
    recorded: rows.slice(1, outcome).flatMap((row) => {
      const [unit = '', active = ''] = row.split(' ');
      return unit === '' ? [] : [{ unit, active }];
    }),
    held: rows.slice(held + 1, dependents).flatMap((row) => /([^/]+)\.d\/[^/]+$/.exec(row)?.[1] ?? []),
    dependents: parseDependents(rows.slice(dependents + 1)),
  };
}

/** Lines of a unit, or `container:NAME`, what it was and what it is. */
export function readDifferences(rows: readonly string[]): Outcome['differing'] {
  return rows.flatMap((row) => {
    const [unit = '', was = '', is = ''] = row.split(' ');
    return unit === '' ? [] : [{ unit: unit.replace(/^container:/, 'container '), was, is }];
  });
}

/**
 * Those that start by dependency only (RefuseManualStart) are wanted by a target of their own, for as long as it takes.
 * All are asked to start at once, and each is waited for until it is as it was, or has failed. Leaves those that differ in
 * `$bad`, three words each.
 */
export function startScript(
  recorded: readonly Unit[],
  { name, timeout }: { readonly name: string; readonly timeout: number },
): ShellText {
  const starts = recorded.map(({ unit }) => unit);
  const pairs = recorded.map(
    ({ unit, active }) => `${unit}=${active === 'active' ? 'active' : 'activating'}`,
  );
  return lines(
    sh`systemctl --no-ask-password reset-failed ${starts} 2>/dev/null`,
    shellFile('modules/system/start-units.sh'),
    sh`start_units ${name} ${timeout} ${pairs}`,
  );
}
