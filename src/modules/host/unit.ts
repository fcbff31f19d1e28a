/**
 * Owns what systemd knows of one unit, and how a changed unit file makes it go stale. Knows nothing of how units are
 * changed. Sources: systemctl(1), org.freedesktop.systemd1(5).
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Effect, Probe, ProbeKind, Read } from '../../core/probe.js';
import { mapState, setState } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';

export interface UnitState {
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`; `no-systemd` where the host does not run it. */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
  readonly active: string;
  /** `running`, `exited`, `dead`, `mounted`, … */
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `indirect`, `generated`, …; empty where there is no unit file. */
  readonly file: string;
  /** Linked to /dev/null in /etc, which lasts, and in /run, which a reboot ends. */
  readonly masked: boolean;
  readonly maskedRuntime: boolean;
  /** Another unit wants it by a link in /etc: what `enable` makes, and what a mask hides from `file`. */
  readonly installed: boolean;
  /** A unit file has changed since systemd read it. */
  readonly needsReload: boolean;
  readonly fragment: string;
}

/** Keyed by the unit's full name: `docker.service`. */
export const unitKind: ProbeKind<UnitState> = { kind: 'unit' };

const unitTypes = 'service socket target mount automount timer path slice scope swap device'.split(' ');

/** `docker` is `docker.service`, as for systemctl. */
export function unitName(name: string): string {
  const type = name.slice(name.lastIndexOf('.') + 1);
  return name.includes('.') && unitTypes.includes(type) ? name : `${name}.service`;
}

const properties = 'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath';

export function unitProbe(name: string): Probe<UnitState> {
  const key = unitName(name);
  const script = lines(
    sh`LC_ALL=C; export LC_ALL; u=${key}
[ -d /run/systemd/system ] && command -v systemctl >/dev/null || { echo LoadState=no-systemd; exit 0; }
systemctl show --no-pager -p ${properties} -- "$u" || exit
for d in /etc /run; do
if [ "$(readlink -- "$d/systemd/system/$u")" = /dev/null ]; then echo "Masked=$d"; fi
done
for l in /etc/systemd/system/*.wants/"$u" /etc/systemd/system/*.requires/"$u"; do
if [ -L "$l" ]; then echo Installed=yes; break; fi
done
exit 0`,
  );
  return { of: unitKind, key, script, parse: (output) => parseUnit(key, output) };
}

export function parseUnit(unit: string, output: Output): UnitState {
  if (output.status !== 0) {
    throw new ZrunError('command-failed', `systemd does not answer about ${unit}`, {
      command: `systemctl show ${unit}`,
      status: output.status,
      stderr: output.stderr.toString(),
    });
  }
  const answers = output.stdout.toString().split('\n');
  const get = (name: string): string =>
    answers.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  if (get('LoadState') === '') {
    throw new ZrunError('output-unexpected', `systemctl says nothing of the state of ${unit}`, {
      command: `systemctl show ${unit}`,
      stdout: output.stdout.toString(),
    });
  }
  return {
    load: get('LoadState'),
    active: get('ActiveState'),
    sub: get('SubState'),
    file: get('UnitFileState'),
    masked: answers.includes('Masked=/etc'),
    maskedRuntime: answers.includes('Masked=/run'),
    installed: answers.includes('Installed=yes'),
    needsReload: get('NeedDaemonReload') === 'yes',
    fragment: get('FragmentPath'),
  };
}

/** Whether systemd holds any unit in memory whose files have changed since. */
export const staleKind: ProbeKind<boolean> = { kind: 'stale-units' };

export function staleProbe(): Probe<boolean> {
  return {
    of: staleKind,
    key: '',
    script: sh`systemctl show --no-pager -p NeedDaemonReload,Transient '*'`,
    parse({ stdout, stderr, status }) {
      // Transient units (a login's scope) come and go by themselves and have no file that anyone has changed.
      const units = stdout.toString().split('\n\n');
      if (status === 0) return units.some((each) => /Reload=yes/.test(each) && !/Transient=yes/.test(each));
      throw new ZrunError('command-failed', 'systemd does not answer', {
        hint: 'This module needs a host that runs systemd.',
        command: "systemctl show -p NeedDaemonReload '*'",
        status,
        stderr: stderr.toString(),
      });
    },
  };
}

const unitFolders =
  /^\/(?:etc|run|usr\/local\/lib|usr\/lib|lib)\/systemd\/system\/([^/]+?)(?:\.d\/[^/]+\.conf)?$/;

/** The unit whose own file or drop-in a path is. */
export function unitOfFile(path: string): string | undefined {
  const name = unitFolders.exec(path)?.[1];
  return name !== undefined && name === unitName(name) ? name : undefined;
}

/** What systemd would know of a unit after its file at this path has changed; nothing for any other file. */
export async function lookAtUnitOfFile(read: Read, path: string): Promise<readonly Effect[]> {
  const name = unitOfFile(path);
  if (name === undefined) return [];
  const before = await read(unitProbe(name));
  if (before.load === 'no-systemd') return [];
  if (before.load === 'not-found') return [mapState(unitKind, name, markStale)];
  return [mapState(unitKind, name, markStale), setState(staleKind, '', true)];
}

/** A unit that systemd holds in memory needs a reload; one that it does not know yet is read when it is asked for. */
function markStale(unit: UnitState): UnitState {
  if (unit.load === 'not-found') return { ...unit, load: 'loaded', file: 'disabled' };
  return { ...unit, needsReload: true };
}
