/**
 * Owns `service_facts`: every service that systemd knows, in one exchange, as a variable of the host. Source of the
 * words: systemctl(1); of the shape: Ansible's module of this name.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import { defineModule } from '../../core/module.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh } from '../../core/shell.js';

const service = z.strictObject({
  name: z.string().describe('The full name of the unit.'),
  state: z
    .string()
    .describe(
      'running, stopped (not running: perhaps it has done its work), failed, or inactive (not loaded).',
    ),
  status: z
    .string()
    .describe(
      'enabled, disabled, static, indirect, masked, …; not-found where others only refer to it; else unknown.',
    ),
  source: z.literal('systemd').describe('Who knows it.'),
});

type Service = z.output<typeof service>;
type Services = Readonly<Record<string, Service>>;

const services = z.record(z.string(), service);

/** Every service at once: any change that an earlier task of a check would make may be one of them. */
const servicesKind: ProbeKind<Services> = { kind: 'services', isBroad: true };

const servicesProbe: Probe<Services> = {
  of: servicesKind,
  key: '',
  script: sh`LC_ALL=C; export LC_ALL
[ -d /run/systemd/system ] && command -v systemctl >/dev/null || { echo no-systemd; exit 0; }
systemctl list-units --no-pager --no-legend --plain --full --all --type=service || exit
echo
systemctl list-unit-files --no-pager --no-legend --full --type=service`,
  parse: parseServices,
};

/** Units as systemd has them in memory, an empty line, and unit files. */
export function parseServices({ stdout, stderr, status }: Output): Services {
  const text = stdout.toString();
  if (text.startsWith('no-systemd')) {
    throw new ZrunError('task-failed', 'the host does not run systemd', {
      hint: 'Services of another init system are asked for with `command`.',
    });
  }
  if (status !== 0) {
    throw new ZrunError('command-failed', 'systemd does not answer', {
      command: 'systemctl list-units --type=service',
      status,
      stderr: stderr.toString(),
    });
  }
  const [units = '', files = ''] = text.split('\n\n');
  const statusOf = new Map(rowsOf(files).map(([name, status = 'unknown']) => [name, status]));
  const found = new Map<string, Service>();
  for (const [name, load = '', active = '', sub = ''] of rowsOf(units)) {
    const state = sub === 'running' ? 'running' : active === 'failed' ? 'failed' : 'stopped';
    const known = statusOf.get(name) ?? (load === 'not-found' || load === 'masked' ? load : 'unknown');
    found.set(name, { name, state, status: known, source: 'systemd' });
  }
  for (const [name, status] of statusOf) {
    if (!found.has(name)) found.set(name, { name, state: 'inactive', status, source: 'systemd' });
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rowsOf(text: string): readonly (readonly [name: string, ...rest: string[]])[] {
  return text.split('\n').flatMap((line) => {
    // A dot or a cross marks units in trouble in some versions.
    const [name, ...rest] = line.replace(/^[\s●○×*]+/u, '').split(/\s+/);
    return name === undefined || name === '' ? [] : [[name, ...rest] as const];
  });
}

export const serviceFacts = defineModule({
  name: 'service_facts',
  summary: 'Find out which services the host has, which run and which start at boot',
  params: z.strictObject({}),
  returns: z.strictObject({
    services: services.describe('What was found, by the name of the unit; also the variable `services`.'),
  }),
  vars: z.object({ services: services.describe('What `service_facts` has found, by the name of the unit.') }),
  examples: [
    {
      title: 'What does the host run?',
      task: `
service_facts: {}
register: found`,
      needs: 'systemd',
      after: 'systemctl list-units --type=service >/dev/null && test -z "$(ls -A "$tmp")"',
    },
  ],
  async plan(read) {
    const found = await read(servicesProbe);
    const vars = { services: found };
    const running = Object.values(found).filter(({ state }) => state === 'running').length;
    const reason = `${Object.keys(found).length} services, ${running} of them running`;
    return { change: 'none', reason, result: vars, vars };
  },
});
