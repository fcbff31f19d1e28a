/**
 * Owns `systemd_hold`: what depends on a unit is stopped before it, kept from starting, and started again afterwards.
 * What was active is written down on the host first, so that a later run can finish what this one had to leave.
 * Sources: systemd.unit(5), systemctl(1).
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Diff, type Plan, type Write } from '../../core/module.js';
import { mapState, setState, type Effect } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import { isActive, isToBeHeld, obstacleTexts, type Dependent } from './dependents.js';
import {
  dropIn,
  holdKind,
  holdProbe,
  outcomeOf,
  readDifferences,
  startScript,
  type HoldSight,
  type Unit,
} from './held-units.js';
import {
  containersOf,
  listContainers,
  markTime,
  sortContainers,
  startContainers,
} from './held-containers.js';
import { hostPath, parentOf } from '../host/path.js';
import { everyStatus } from '../host/status.js';
import { unitKind, unitName } from '../host/unit.js';

const unitText = z.string().regex(/^[\w:.@\\][\w:.@\\-]*$/, 'must be the name of one unit');

const params = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]+$/, 'letters, digits, `_`, `.` and `-`')
      .describe('What the units are held for. It names the drop-ins: zrun-NAME.conf.'),
    state: z
      .enum(['held', 'released'])
      .describe(
        'held: stopped, and kept from starting until they are released or the host reboots. released: what was active is started again, in the order of its dependencies.',
      ),
    record: hostPath(
      'Where it is written down which units were active. It is there as long as they are held.',
    ),
    of: z
      .array(unitText)
      .default([])
      .describe('The units that the others depend on; these are not touched themselves.'),
    mount: hostPath('A mount point: units that require it depend on it, too.').optional(),
    docker_clients: z
      .boolean()
      .default(false)
      .describe(
        "Also holds services that call Docker's client, by themselves or in the script that they run. A service that has done its work and only counts as active (RemainAfterExit) is left alone. Which containers run is written down first, to RECORD.containers; those that stopped with the units run again after the release, or are named in `differing`.",
      ),
    also: z
      .array(unitText)
      .default([])
      .describe('More units that are held. One that the host does not have is skipped.'),
    except: z
      .array(unitText)
      .default([])
      .describe(
        'Units that are neither stopped nor held. One that systemd stops all the same is started again.',
      ),
    timeout: z
      .int()
      .min(1)
      .default(300)
      .describe('Seconds that all of them together may take to stop; and to start.'),
  })
  .refine(({ state, of, also }) => state === 'released' || of.length + also.length > 0, {
    message: 'say which units: give `of` or `also`',
    path: ['of'],
  });

type Params = z.output<typeof params>;

interface Detail {
  readonly units: readonly string[];
  readonly recorded: readonly Unit[];
  readonly stops: readonly string[];
}

const differing = z.strictObject({
  unit: z.string().describe('Its name.'),
  was: z.string().describe('Its state before.'),
  is: z.string().describe('Its state now.'),
});

const example = '/etc/systemd/system/zrun-example';

export const systemdHold = defineModule({
  name: 'systemd_hold',
  summary: 'Stop what depends on a unit, keep it stopped, and start it again',
  params,
  returns: z.strictObject({
    units: z.array(z.string()).describe('The units that are held, or were.'),
    stopped: z
      .array(z.string())
      .describe('Those that were active and were stopped for it, by this run or an earlier one.'),
    seconds: z
      .int()
      .optional()
      .describe("After a release: for how long they were stopped, by the host's clock."),
    differing: z
      .array(differing)
      .describe('After a release: units that were active and do not run as they did.'),
  }),
  examples: [
    {
      title: 'What requires a service is stopped before it, and cannot start meanwhile',
      task: `
systemd_hold:
  name: example
  state: held
  of: [zrun-example.service]
  record: '{{tmp}}/units'`,
      needs: 'systemd',
      before: exampleUnits(),
      after: `
grep -x 'zrun-example-user.service active' "$tmp/units"
! systemctl is-active zrun-example-user
systemctl start zrun-example-user
! systemctl is-active zrun-example-user
systemctl is-active zrun-example
rm -r /run/systemd/system/zrun-example-user.service.d
${exampleEnd()}`,
    },
    {
      title: 'They run again',
      task: `
systemd_hold:
  name: example
  state: released
  record: '{{tmp}}/units'`,
      needs: 'systemd',
      before: `${exampleUnits()}
systemctl stop zrun-example-user
echo 'zrun-example-user.service active' >"$tmp/units"
mkdir -p /run/systemd/system/zrun-example-user.service.d
printf '[Unit]\\nConditionPathExists=!/\\n' >/run/systemd/system/zrun-example-user.service.d/zrun-example.conf
systemctl daemon-reload`,
      after: `
systemctl is-active zrun-example-user
test ! -e "$tmp/units"
test ! -e /run/systemd/system/zrun-example-user.service.d
${exampleEnd()}`,
    },
  ],
  async plan(read, p, { runId }): Promise<Plan<Detail>> {
    const isHold = p.state === 'held';
    const sight = await read(
      holdProbe({
        name: p.name,
        record: p.record,
        of: isHold ? p.of : [],
        mount: p.mount,
        isDocker: p.docker_clients,
        also: isHold ? p.also : [],
      }),
    );
    return p.state === 'held' ? planHold(sight, p) : planRelease(sight, p, runId);
  },
  apply: (write, { detail }, p, { runId }) =>
    p.state === 'held' ? hold(write, detail, p) : release(write, detail, p, runId),
});

function exampleUnits(): string {
  return `
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >${example}.service
printf '[Unit]\\nRequires=zrun-example.service\\nAfter=zrun-example.service\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >${example}-user.service
systemctl daemon-reload
systemctl start zrun-example-user`;
}

function exampleEnd(): string {
  return `
systemctl stop zrun-example zrun-example-user
rm ${example}.service ${example}-user.service
systemctl daemon-reload`;
}

function planHold(sight: HoldSight, p: Params): Plan<Detail> {
  const except = new Set(p.except.map(unitName));
  const found = new Map(
    sight.dependents
      .filter((each) => isToBeHeld(each) && !except.has(each.unit))
      .map((each) => [each.unit, each] as const),
  );
  refuseObstacles(sight, [...found.values()]);
  const running = [...found.values()].filter(isActive);
  // One that is stopped by dependency only (RefuseManualStop) stops with Docker, and is held like the others.
  const active = running.filter(({ stopsWithDocker }) => stopsWithDocker !== true);
  // systemd stops it all the same.
  const left = sight.dependents.filter(
    (each) => except.has(each.unit) && each.how === 'requires' && isActive(each),
  );
  // An earlier run that was interrupted has written down what was active before it.
  const recorded = [
    ...sight.recorded,
    ...[...running, ...left].filter(({ unit }) => !sight.recorded.some((each) => each.unit === unit)),
  ].map(({ unit, active: was }) => ({ unit, active: was }));
  const isLeft = ({ unit }: Unit): boolean => except.has(unit);
  const units = [
    ...new Set([...found.keys(), ...recorded.filter((each) => !isLeft(each)).map(({ unit }) => unit)]),
  ];
  const isRecorded = recorded.length === sight.recorded.length;
  const result = { units, stopped: recorded.map(({ unit }) => unit), differing: [] };
  const isHeld = units.every((unit) => sight.held.includes(unit));
  if (active.length === 0 && isHeld && isRecorded) {
    return { change: 'none', reason: units.length === 0 ? 'nothing depends on it' : 'held already', result };
  }
  const stops = active.map(({ unit }) => unit);
  return {
    change: 'some',
    summary:
      stops.length > 0
        ? `stop and hold ${stops.join(', ')}`
        : units.length > 0
          ? `hold ${units.join(', ')}`
          : `write down that ${left.map(({ unit }) => unit).join(', ')} ran`,
    diff: active.map(stateDiff('inactive')),
    effects: [
      setState(holdKind, p.name, { dependents: [], recorded, held: units, outcome: undefined }),
      ...stops.map(becomes('inactive', 'dead')),
    ],
    detail: { units, recorded, stops },
    predicted: result,
  };
}

/** Before anything is stopped. What an earlier run has recorded was looked at then. */
function refuseObstacles({ recorded, held }: HoldSight, found: readonly Dependent[]): void {
  const known = new Set([...recorded.map(({ unit }) => unit), ...held]);
  const refused = found.flatMap((each) =>
    isActive(each) && each.obstacle !== undefined && !known.has(each.unit)
      ? [`${each.unit} ${obstacleTexts[each.obstacle]}`]
      : [],
  );
  if (refused.length === 0) return;
  throw new ZrunError('task-failed', `nothing was stopped: ${refused.join('; ')}`, {
    hint: 'A unit is left alone with `except` (overlay2.yaml: leave_units), unless systemd stops it all the same.',
  });
}

function planRelease({ recorded, held, outcome }: HoldSight, p: Params, runId: string): Plan<Detail> {
  const starts = recorded.map(({ unit }) => unit);
  const units = [...new Set([...starts, ...held])];
  const result = { units, stopped: starts, differing: [] };
  if (units.length === 0) {
    const found = outcome?.run === runId ? outcome.differing.map((each) => ({ ...each })) : [];
    return { change: 'none', reason: 'nothing is held', result: { ...result, differing: found } };
  }
  return {
    change: 'some',
    summary: starts.length > 0 ? `start ${starts.join(', ')} again` : `let ${units.join(', ')} start again`,
    diff: recorded.map(({ unit, active }) => stateDiff(active)({ unit, active: 'inactive' })),
    effects: [
      setState(holdKind, p.name, { dependents: [], recorded: [], held: [], outcome: undefined }),
      ...starts.map(becomes('active', 'running')),
    ],
    detail: { units, recorded, stops: [] },
    predicted: result,
  };
}

const stateDiff =
  (after: string) =>
  ({ unit, active }: Unit): Diff => ({
    type: 'fields',
    subject: unit,
    fields: [{ name: 'state', before: active, after }],
  });

const becomes =
  (active: string, sub: string) =>
  (unit: string): Effect =>
    mapState(unitKind, unit, (before) => ({ ...before, active, sub }));

/** The record is on the disk before anything is stopped, and nothing can start again once it is. */
async function hold(write: Write, { units, recorded, stops }: Detail, p: Params): Promise<ValueMap> {
  const folders = units.map((unit) => `/run/systemd/system/${unit}.d`);
  const script = lines(
    sh`LC_ALL=C; export LC_ALL`,
    p.docker_clients && listContainers(p.record),
    sh`r=${p.record}
rm -f -- ${outcomeOf(p.record)}
(umask 077; cat >"$r.new") && sync -- "$r.new" && mv -f -- "$r.new" "$r" && sync -- ${parentOf(p.record)} || exit
for d in ${folders}; do
mkdir -p -m 755 -- "$d" && printf '# Written by zrun: %s is under way, and this unit must not start meanwhile.\\n[Unit]\\nConditionPathExists=!/\\n' ${p.name} >"$d/"${dropIn(p.name)} || exit
done
systemctl daemon-reload || exit`,
    stops.length > 0 &&
      sh`timeout ${p.timeout} systemctl --no-ask-password stop ${stops} </dev/null
for u in ${stops}; do
a=$(systemctl show --value -p ActiveState -- "$u")
case $a in inactive | failed) ;; *) printf '%s is still %s\\n' "$u" "$a" >&2; failed=1; journalctl --no-pager -q -n 10 -u "$u" >&2 ;; esac
done
[ -z "$failed" ] || exit`,
    p.docker_clients && sortContainers(p.record),
  );
  const output = await write.run(script, {
    stdin: Buffer.from(recorded.map(({ unit, active }) => `${unit} ${active}\n`).join('')),
    accept: everyStatus,
    shownAs: `systemctl stop ${stops.join(' ')}`,
  });
  if (output.status !== 0) {
    throw new ZrunError('task-failed', 'not every unit that depends on it could be stopped', {
      hint: 'See why the unit does not stop (journalctl -u UNIT), or leave it alone with `except` (overlay2.yaml: leave_units).',
      command: `systemctl stop ${stops.join(' ')}`,
      status: output.status,
      stdout: output.stdout.toString(),
      stderr: output.stderr.toString(),
    });
  }
  return { units: [...units], stopped: recorded.map(({ unit }) => unit), differing: [] };
}

/**
 * All are asked to start at once, and systemd puts them in their order. Each is waited for until it is as it was; one
 * that fails is reported and stops nothing. One of Type=simple counts as active as soon as its process is there, so that
 * all are looked at once more.
 */
async function release(
  write: Write,
  { units, recorded }: Detail,
  p: Params,
  runId: string,
): Promise<ValueMap> {
  const starts = recorded.map(({ unit }) => unit);
  const after = outcomeOf(p.record);
  const script = lines(
    sh`LC_ALL=C; export LC_ALL; bad=
for f in /run/systemd/system/*.d/${dropIn(p.name)}; do
[ ! -e "$f" ] || { rm -f -- "$f" && rmdir -- "\${f%/*}" 2>/dev/null; }
done
systemctl daemon-reload || exit`,
    markTime,
    starts.length > 0 && startScript(recorded, p),
    startContainers(p.record),
    // Before the record goes: who has to ask again what came of it finds it here.
    sh`{ printf '%s\\n' ${runId}; set -- $bad; while [ $# -ge 3 ]; do printf '%s %s %s\\n' "$1" "$2" "$3"; shift 3; done; } >${after}.new && mv -f -- ${after}.new ${after} || exit
r=${p.record}; [ ! -e "$r" ] || echo "seconds $(($(date +%s) - $(stat -c %Y -- "$r")))"
rm -f -- ${containersOf(p.record)} "$r" && sync -- ${parentOf(p.record)}`,
  );
  const output = await write.run(script, { shownAs: `systemctl start ${starts.join(' ')}` });
  const text = output.stdout.toString();
  const rows = text.split('\n');
  // The record is as old as the stop.
  const seconds = /^seconds (\d+)$/m.exec(text)?.[1];
  return {
    units: [...units],
    stopped: starts,
    ...(seconds !== undefined && { seconds: Number(seconds) }),
    differing: readDifferences(
      rows.flatMap((row) => (row.startsWith('differs ') ? [row.slice('differs '.length)] : [])),
    ).map((each) => ({ ...each })),
  };
}
