/**
 * Owns how units that are held look on a host: the drop-ins, the record of what was active, and the script that starts that
 * again. Sources: systemd.unit(5), systemctl(1).
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
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
  return sh`systemctl --no-ask-password reset-failed ${starts} 2>/dev/null
by_hand=; refusing=; helper=zrun-${name}.target
for u in ${starts}; do
if [ "$(systemctl show --value -p RefuseManualStart -- "$u")" = yes ]; then refusing="$refusing $u"; else by_hand="$by_hand $u"; fi
done
[ -z "$by_hand" ] || systemctl --no-ask-password start --no-block $by_hand </dev/null >&2
if [ -n "$refusing" ]; then
{ printf '[Unit]\\n'; printf 'Wants=%s\\n' $refusing; } >/run/systemd/system/$helper && systemctl daemon-reload && systemctl start --no-block $helper </dev/null >&2
fi
look() {
bad=; busy=
for pair in ${pairs}; do
u=\${pair%=*}; was=\${pair##*=}
a=; job=; result=; type=
eval "$(systemctl show -p ActiveState,Job,Result,Type -- "$u" | sed -n -e 's/^ActiveState=\\([a-z-]*\\)$/a=\\1/p' -e 's/^Job=\\([0-9]*\\)$/job=\\1/p' -e 's/^Result=\\([a-z-]*\\)$/result=\\1/p' -e 's/^Type=\\([a-z-]*\\)$/type=\\1/p')"
case $was/$a/$type/$result in
*/active/* | */reloading/* | activating/activating/*) continue ;;
*/inactive/oneshot/success) [ "\${job:-0}" -ne 0 ] || continue ;;
esac
bad="$bad $u $was $a"
if [ "\${job:-0}" -ne 0 ]; then busy=1; else case $a in activating | deactivating) busy=1 ;; esac; fi
done
}
i=0; again=
while :; do
look
if [ -z "$busy" ]; then [ -z "$again" ] || break; again=1; else again=; fi
[ $i -lt ${timeout} ] || break
i=$((i + 1)); sleep 1
done
if [ -n "$refusing" ]; then systemctl stop $helper; rm -f /run/systemd/system/$helper; systemctl daemon-reload; fi
set -- $bad
while [ $# -ge 3 ]; do printf 'differs %s %s %s\\n' "$1" "$2" "$3"; journalctl --no-pager -q -n 5 -u "$1" >&2; shift 3; done`;
}
