/**
 * Owns `systemd_service`: one unit started, stopped, enabled, masked. What it knows of a unit comes from lib/unit.
 * Sources: systemctl(1), systemd.unit(5).
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type FieldDiff, type Plan, type TaskContext, type Write } from '../../core/module.js';
import { setState, type Effect, type Read } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, quoteArgv, sh, type ShellText } from '../../core/shell.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { everyStatus } from '../host/status.js';
import {
  parseUnit,
  staleKind,
  staleProbe,
  unitKind,
  unitName,
  unitProbe,
  type UnitState,
} from '../host/unit.js';

const params = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w:.@\\][\w:.@\\-]*$/, 'must be the name of one unit')
      .optional()
      .describe('The unit; .service is added where no type is given.'),
    state: z
      .enum(['started', 'stopped', 'restarted', 'reloaded'])
      .optional()
      .describe(
        'started, stopped: the state that it should be in. restarted, reloaded: done each time; a stopped unit is started.',
      ),
    enabled: z.boolean().optional().describe('Whether it starts at boot.'),
    masked: z.boolean().optional().describe('Whether it cannot be started by anything, across reboots.'),
    runtime_masked: z
      .boolean()
      .optional()
      .describe('Whether it cannot be started by anything until the next reboot (systemctl mask --runtime).'),
    daemon_reload: z
      .boolean()
      .default(false)
      .describe('Makes systemd reload its files first. Counts as a change only where they have changed.'),
    timeout: z.int().min(1).default(120).describe('Seconds that a start, stop or restart may take.'),
  })
  .refine(({ name, state, enabled, masked, runtime_masked }) => {
    const isBare = [state, enabled, masked, runtime_masked].every((each) => each === undefined);
    return name !== undefined || isBare;
  }, 'only `daemon_reload` can go without `name`')
  .refine(
    ({ name, daemon_reload }) => name !== undefined || daemon_reload,
    'give `name`, or `daemon_reload: true`',
  );

type Params = z.output<typeof params>;

interface Detail {
  readonly unit: string | undefined;
  readonly steps: readonly Step[];
}

/** A command, and what is checked after it. */
interface Step {
  readonly argv: readonly string[];
  /** What the unit must be afterwards. */
  readonly until?: 'active' | 'inactive';
  /** Nobody may start it meanwhile: it is masked as soon as it has stopped. */
  readonly refusesStart?: boolean;
}

/** Below /run in systemd's order of folders, so that it can be masked until the next boot. */
const exampleFile = '/usr/local/lib/systemd/system/zrun-example.service';
const exampleUnit = `
mkdir -p /usr/local/lib/systemd/system
printf '%s\\n' '[Service]' 'ExecStart=/bin/sleep infinity' '[Install]' WantedBy=multi-user.target >${exampleFile}
systemctl daemon-reload`;
const exampleEnd = `
systemctl stop zrun-example
systemctl disable -q zrun-example
rm ${exampleFile}
systemctl daemon-reload`;

export const systemdService = defineModule({
  name: 'systemd_service',
  summary: 'Start, stop, enable or mask a systemd unit',
  aliases: { name: ['service', 'unit'], daemon_reload: ['daemon-reload'] },
  params,
  returns: z.strictObject({
    name: z.string().optional().describe('The full name of the unit.'),
    active_state: z.string().optional().describe('active, inactive, failed, activating, …'),
    sub_state: z.string().optional().describe('running, exited, dead, …'),
    enabled: z.boolean().optional().describe('Whether it starts at boot.'),
    masked: z.boolean().optional().describe('Whether it is masked, for good or until the next reboot.'),
  }),
  examples: [
    {
      title: 'A service that runs now and after each boot',
      task: `
systemd_service:
  name: zrun-example
  state: started
  enabled: true`,
      needs: 'systemd',
      before: exampleUnit,
      after: `
systemctl is-active zrun-example
systemctl is-enabled zrun-example
${exampleEnd}`,
    },
    {
      title: 'Stopped, and kept from being started by anything until the next boot',
      task: `
systemd_service:
  name: zrun-example.service
  state: stopped
  runtime_masked: true`,
      needs: 'systemd',
      before: `${exampleUnit}
systemctl start zrun-example`,
      after: `
! systemctl is-active zrun-example
! systemctl start zrun-example
systemctl unmask --runtime -q zrun-example
${exampleEnd}`,
    },
    {
      title: 'A unit file has changed: systemd reloads it, and the service is restarted',
      task: `
systemd_service:
  name: zrun-example
  daemon_reload: true
  state: restarted`,
      needs: 'systemd',
      before: `${exampleUnit}
systemctl start zrun-example
sed -i s/infinity/1d/ ${exampleFile}`,
      after: `
systemctl show -p ExecStart zrun-example | grep -q 1d
${exampleEnd}`,
      everyRunChanges: true,
    },
    {
      title: 'Only let systemd read its files, if any has changed',
      task: `
systemd_service:
  daemon_reload: true`,
      needs: 'systemd',
      before: `${exampleUnit}
systemctl start zrun-example
echo '# changed' >>${exampleFile}`,
      after: `
test "$(systemctl show -p NeedDaemonReload --value zrun-example)" = no
${exampleEnd}`,
    },
  ],
  plan(read, params, context) {
    return params.name === undefined
      ? planReload(read)
      : planUnit(read, unitName(params.name), params, context);
  },
  apply(write, { detail }, { timeout }) {
    return applySteps(write, detail.unit, detail.steps, timeout);
  },
});

async function planReload(read: Read): Promise<Plan<Detail>> {
  if (!(await read(staleProbe()))) {
    return { change: 'none', reason: 'systemd has read every file as it is', result: {} };
  }
  return {
    change: 'some',
    summary: 'make systemd reload its files',
    diff: [],
    effects: [setState(staleKind, '', false)],
    detail: { unit: undefined, steps: [{ argv: ['systemctl', 'daemon-reload'] }] },
    predicted: {},
  };
}

async function planUnit(
  read: Read,
  unit: string,
  params: Params,
  context: TaskContext,
): Promise<Plan<Detail>> {
  const before = await read(unitProbe(unit));
  refuse(unit, before, params);
  const { steps, after, repeats } = stepsFor(unit, before, params);
  if (steps.length === 0) {
    return { change: 'none', reason: describeUnit(before), result: resultOf(unit, before) };
  }
  const effects: Effect[] = [setState(unitKind, unit, after)];
  if (!after.needsReload && before.needsReload) effects.push(setState(staleKind, '', false));
  return {
    change: 'some',
    summary: `${steps.map(({ argv }) => verbOf(argv)).join(', ')} ${unit}`,
    diff: [{ type: 'fields', subject: unit, fields: fieldsOf(before, after, repeats) }],
    ...(repeats && { repeats }),
    effects,
    detail: { unit, steps },
    predicted: { ...resultOf(unit, after), sub_state: new Unknown(context.task) },
  };
}

function refuse(unit: string, before: UnitState, { state, enabled, masked, runtime_masked }: Params): void {
  if (before.load === 'no-systemd') {
    throw new ZrunError('task-failed', 'the host does not run systemd', {
      hint: 'Another init system is used with `command`.',
    });
  }
  const onlyMasks = state === undefined && enabled === undefined;
  if (before.load === 'not-found' && !onlyMasks) {
    throw new ZrunError('task-failed', `the host has no unit ${unit}`, {
      hint: 'Is the package installed, and the name right? `systemctl list-unit-files` on the host lists them all.',
    });
  }
  const staysMasked =
    masked === true ||
    runtime_masked === true ||
    (before.masked && masked !== false) ||
    (before.maskedRuntime && runtime_masked !== false);
  if (staysMasked && state !== undefined && state !== 'stopped') {
    throw new ZrunError('task-failed', `${unit} is masked, so it cannot be ${state}`, {
      hint: before.masked ? 'Say `masked: false` as well.' : 'Say `runtime_masked: false` as well.',
    });
  }
  const isInEtc = before.fragment.startsWith('/etc/systemd/system/');
  if (
    isInEtc &&
    ((masked === true && !before.masked) || (runtime_masked === true && !before.maskedRuntime))
  ) {
    throw new ZrunError('task-failed', `${unit} cannot be masked: its own file is ${before.fragment}`, {
      hint: 'systemd masks by a link of that very name, or by one in /run, which that file overrides.',
    });
  }
  if (enabled === false && neverDisabled.has(before.file)) {
    throw new ZrunError('task-failed', `${unit} is ${before.file}: it is not enabled by itself`, {
      hint: 'What starts it is another unit. Use `masked: true` to keep it from running.',
    });
  }
}

/** Unit files without an [Install] section, or made by a generator (systemctl(1), is-enabled). */
const neverDisabled: ReadonlySet<string> = new Set(['static', 'generated', 'transient']);

function isEnabled({ file, masked, maskedRuntime, installed }: UnitState): boolean {
  if (masked || maskedRuntime) return installed;
  return ['enabled', 'alias', 'indirect'].includes(file) || neverDisabled.has(file);
}

/** The commands in their order, and what the unit will be. Every change of unit files makes systemd read them anew. */
function stepsFor(
  unit: string,
  before: UnitState,
  { state, enabled, masked, runtime_masked, daemon_reload }: Params,
): { steps: readonly Step[]; after: UnitState; repeats: boolean } {
  const steps: Step[] = [];
  let after = before;
  const systemctl = (verb: string, ...options: string[]): readonly string[] => [
    'systemctl',
    '--no-ask-password',
    verb,
    ...options,
    unit,
  ];
  const files = (argv: readonly string[], change: Partial<UnitState>): void => {
    steps.push({ argv });
    after = { ...after, ...change, needsReload: false };
  };
  if (masked === false && before.masked) files(systemctl('unmask'), { masked: false });
  if (runtime_masked === false && before.maskedRuntime) {
    files(systemctl('unmask', '--runtime'), { maskedRuntime: false });
  }
  if (before.load === 'masked' && !after.masked && !after.maskedRuntime) {
    after = { ...after, load: 'loaded', file: before.installed ? 'enabled' : 'disabled' };
  }
  if (daemon_reload && after.needsReload) files(['systemctl', 'daemon-reload'], {});
  if (enabled !== undefined && enabled !== isEnabled(after)) {
    const file = enabled ? 'enabled' : 'disabled';
    files(systemctl(enabled ? 'enable' : 'disable'), {
      installed: enabled,
      ...(isMasked(after) ? {} : { file }),
    });
  }
  const isActive = ['active', 'reloading'].includes(after.active);
  const isStopped = ['inactive', 'failed'].includes(after.active);
  const repeats = state === 'restarted' || state === 'reloaded';
  if (state === 'stopped' && !isStopped) {
    const isMaskedNext = (masked ?? false) || (runtime_masked ?? false);
    steps.push({ argv: systemctl('stop'), until: 'inactive', refusesStart: isMaskedNext });
    after = { ...after, active: 'inactive', sub: 'dead' };
  } else if (repeats || (state === 'started' && !isActive)) {
    const verb = state === 'restarted' ? 'restart' : state === 'reloaded' && isActive ? 'reload' : 'start';
    steps.push({ argv: systemctl(verb), until: 'active' });
    after = { ...after, active: 'active', sub: 'running' };
  }
  // Masked only after the stop: a masked unit has lost its own ExecStop and KillMode.
  const maskings = [
    masked === true &&
      !before.masked && { argv: systemctl('mask'), change: { masked: true, file: 'masked' } },
    runtime_masked === true &&
      !before.maskedRuntime && {
        argv: systemctl('mask', '--runtime'),
        change: { maskedRuntime: true, file: 'masked-runtime' },
      },
  ];
  for (const masking of maskings) {
    if (masking) files(masking.argv, { ...masking.change, load: 'masked' });
  }
  return { steps, after, repeats };
}

function isMasked({ masked, maskedRuntime }: UnitState): boolean {
  return masked || maskedRuntime;
}

function verbOf(argv: readonly string[]): string {
  return argv.includes('--runtime')
    ? `${argv[2] ?? ''} until reboot`
    : argv.includes('daemon-reload')
      ? 'make systemd reload the files of'
      : (argv[2] ?? '');
}

function describeUnit(unit: UnitState): string {
  const masked = unit.masked ? ', masked' : unit.maskedRuntime ? ', masked until reboot' : '';
  return `${unit.active}${unit.sub === '' ? '' : ` (${unit.sub})`}${masked}`;
}

function fieldsOf(before: UnitState, after: UnitState, repeats: boolean): readonly FieldDiff[] {
  const fields: FieldDiff[] = [];
  const compare = (name: string, of: (unit: UnitState) => string): void => {
    if (of(before) !== of(after)) fields.push({ name, before: of(before), after: of(after) });
  };
  compare('state', (unit) => unit.active);
  compare('enabled', (unit) => (isEnabled(unit) ? 'yes' : 'no'));
  compare('masked', (unit) => (unit.masked ? 'yes' : 'no'));
  compare('masked until reboot', (unit) => (unit.maskedRuntime ? 'yes' : 'no'));
  compare('read by systemd as it is', (unit) => (unit.needsReload ? 'no' : 'yes'));
  if (repeats && before.active === after.active) {
    fields.push({ name: 'state', before: before.active, after: `${after.active} (again)` });
  }
  return fields;
}

function resultOf(unit: string, state: UnitState): ValueMap {
  return {
    name: unit,
    active_state: state.active,
    sub_state: state.sub,
    enabled: isEnabled(state),
    masked: isMasked(state),
  };
}

/** One script: the steps, each waited for, and what the unit is afterwards. */
async function applySteps(
  write: Write,
  unit: string | undefined,
  steps: readonly Step[],
  timeout: number,
): Promise<ValueMap> {
  const commands = steps.map((step) => stepScript(unit, step, timeout));
  const script = lines(
    sh`LC_ALL=C; export LC_ALL`,
    ...commands,
    unit === undefined ? undefined : unitProbe(unit).script,
  );
  const shownAs = steps.map(({ argv }) => quoteArgv(argv)).join(' && ');
  const output = await write.run(script, { accept: everyStatus, shownAs });
  if (output.status === 0) return unit === undefined ? {} : resultOf(unit, parseUnit(unit, output));
  const problem = {
    command: shownAs,
    status: output.status,
    stdout: output.stdout.toString(),
    stderr: output.stderr.toString(),
  };
  const what = `${steps.map(({ argv }) => verbOf(argv)).join(', ')} ${unit ?? ''}`;
  if (/^Job for .* canceled\.$/m.test(problem.stderr)) {
    throw new ZrunError(
      'task-failed',
      `this failed: ${what}, since something else on the host wanted the opposite`,
      {
        ...problem,
        hint: 'Is there a watchdog, a timer or a socket that starts or stops it? Its last log lines are above.',
      },
    );
  }
  if (output.status === timedOut) {
    throw new ZrunError('task-failed', `${unit ?? ''} took longer than ${timeout} s`, {
      ...problem,
      hint: 'Its last log lines are above. A longer wait is `timeout`, in seconds.',
    });
  }
  throw new ZrunError('task-failed', `this failed: ${what}`, {
    ...problem,
    hint: 'The last lines of its log, if it has any, are above.',
  });
}

/** As timeout(1) has it. */
const timedOut = 124;

/**
 * From here on, systemd refuses whoever asks for the unit to start, or for one that stops along with it: a start would
 * cancel the stop (systemd.unit(5), systemctl(1)). A mask would do the same, but lose the unit's own ExecStop and KillMode.
 * It ends with the script, when the unit is masked: systemd reads the files of a unit that has stopped at each start.
 */
function refuseStart(unit: string): ShellText {
  return sh`refusing=$(for u in ${unit} $(systemctl show --no-pager --value -p RequiredBy -p BoundBy -p ConsistsOf -- ${unit}); do
echo "/run/systemd/system/$u.d"
done)
trap 'for d in $refusing; do rm -f "$d/zrun-stopping.conf"; rmdir "$d" 2>/dev/null; done; systemctl daemon-reload' EXIT
for d in $refusing; do
mkdir -p "$d" && printf '%s\\n' '[Unit]' RefuseManualStart=yes >"$d/zrun-stopping.conf" || exit
done
systemctl daemon-reload || exit`;
}

function stepScript(
  unit: string | undefined,
  { argv, until, refusesStart = false }: Step,
  timeout: number,
): ShellText {
  if (unit === undefined || until === undefined) return sh`${argv} || exit`;
  const log = sh`journalctl --no-pager -q -n 20 -u ${unit} >&2`;
  return lines(
    refusesStart && refuseStart(unit),
    // What a stop has left that was killed.
    until === 'active' &&
      sh`if ls /run/systemd/system/*.d/zrun-stopping.conf >/dev/null 2>&1; then rm -f /run/systemd/system/*.d/zrun-stopping.conf; systemctl daemon-reload; fi`,
    // A unit that failed too often in a row is not started any more until its count is taken back.
    until === 'active' && sh`systemctl --no-ask-password reset-failed ${unit} 2>/dev/null`,
    // Some units may take for ever to start by their own settings (docker.service: TimeoutStartSec=0).
    sh`timeout ${timeout} ${argv} </dev/null || { s=$?; ${log}; exit $s; }`,
    shellFile('modules/system/await-state.sh'),
    sh`await_state ${unit} ${until} ${timeout} ${quoteArgv(argv)}`,
  );
}
