/**
 * Owns what a host's connection variables mean: Ansible's names, read into a target. Becoming another user is left as
 * variables, which the engine reads where a task runs; here they are only checked.
 */
import os from 'node:os';
import path from 'node:path';
import { nearest, ZrunError, type Place } from '../../core/errors.js';
import { becomeMethodNamed, becomeMethods, type Route, type Target } from '../../core/host.js';
import { Secret } from '../../core/secret.js';
import { outputLimitRule, outputLimits } from '../../core/kept-output.js';
import type { VarsTemplate } from '../../core/template.js';
import { bytesOf } from '../../core/bytes.js';
import type { Value, ValueMap } from '../../core/value.js';
import { errorAt, type Report } from '../source/findings.js';
import { createScope } from '../expression/scope.js';
import { readSshArguments, type SshArguments } from './ssh-arguments.js';
import type { CompiledTemplate } from '../template/template.js';
import { ansibleBoolean } from '../yaml/yaml.js';

/** What the command line says of connections. */
export interface ConnectionDefaults {
  /** `-u`: where the inventory names no user. */
  readonly remoteUser?: string | undefined;
  /** `--private-key`: where the inventory names none. */
  readonly privateKeyFile?: string | undefined;
  /** `-e`: wins over the inventory. */
  readonly extraVars?: VarsTemplate | undefined;
}

/** Ansible's older names, and what they are called now. */
const aliases: Readonly<Record<string, string>> = {
  ansible_ssh_host: 'ansible_host',
  ansible_ssh_port: 'ansible_port',
  ansible_ssh_user: 'ansible_user',
  ansible_ssh_timeout: 'ansible_timeout',
  ansible_private_key_file: 'ansible_ssh_private_key_file',
  ansible_ssh_password: 'ansible_password',
  ansible_ssh_pass: 'ansible_password',
  ansible_become_pass: 'ansible_become_password',
  ansible_sudo: 'ansible_become',
  ansible_sudo_user: 'ansible_become_user',
  ansible_sudo_pass: 'ansible_become_password',
};

const sshArguments = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const;

const understood: readonly string[] = [
  'ansible_host',
  'ansible_port',
  'ansible_user',
  'ansible_password',
  'ansible_connection',
  'ansible_ssh_private_key_file',
  ...sshArguments,
  'ansible_timeout',
  'ansible_command_timeout',
  'ansible_become',
  'ansible_become_user',
  'ansible_become_method',
  'ansible_become_password',
  'zrun_known_hosts_file',
  'zrun_output_limit',
  'zrun_proxy_jump',
];

/**
 * Of no use to zrun, and nobody minds: it needs no Python, POSIX sh is everywhere, and how files and commands travel is
 * its own affair.
 */
const harmless =
  /^ansible_(?:\w+_interpreter|shell_type|shell_executable|executable|shell_allow_world_readable_temp|remote_tmp|async_dir|(?:ssh_)?pipelining|ssh_transfer_method|scp_if_ssh|(?:ssh_)?(?:scp|sftp)_(?:extra_args|executable|batch_mode)|sftp_batch_mode|ssh_executable|control_path|control_path_dir|ssh_control_path|ssh_control_path_dir|ssh_retries|ssh_reconnection_retries|ssh_use_tty|facts_parallel|group_priority)$/;

/** Of no use to zrun either, but somebody counts on them: what to do in their place. */
const instead: readonly (readonly [names: RegExp, hint: string])[] = [
  [
    /^ansible_(?:ssh_|paramiko_)?host_key_(?:checking|auto_add)$/,
    'host keys are always checked; --accept-new-host-keys trusts hosts that are new',
  ],
  [/^ansible_(?:become|sudo)_(?:exe|flags)$/, "zrun calls the host's sudo, su or doas in its own way"],
  [/^ansible_connect_timeout$/, 'ansible_timeout limits how long a connection may take, as -T does'],
];

/** Names that the engine gives a host, which connection variables may use too. */
type ConnectionNames = ValueMap;

/** Older names under the names that the engine asks for, where those are not given. */
export function aliasesIn<T>(vars: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const added = new Map<string, T>();
  for (const [old, current] of Object.entries(aliases)) {
    const value = vars.get(old);
    if (value !== undefined && !vars.has(current)) added.set(current, value);
  }
  return added;
}

/** What a person reads about variables that look like the connection's, and that zrun does nothing with. */
export function warningsOf(vars: ReadonlyMap<string, { readonly at: Place }>): readonly string[] {
  const warnings: string[] = [];
  for (const [name, { at }] of vars) {
    if (!name.startsWith('ansible_') && !name.startsWith('zrun_')) continue;
    if (understood.includes(name) || Object.hasOwn(aliases, name) || harmless.test(name)) continue;
    const reason = instead.find(([names]) => names.test(name))?.[1];
    const near = reason === undefined ? nearest(name, understood) : undefined;
    const hint = reason ?? (near === undefined ? undefined : `did you mean '${near}'?`);
    warnings.push(
      `${at.source.name}: zrun does nothing with '${name}'${hint === undefined ? '' : `; ${hint}`}`,
    );
  }
  return warnings;
}

interface Reading {
  /** Undefined where there is no such variable, or what it holds is wrong, which is reported. */
  readonly value: (name: string) => Value | undefined;
  readonly text: (name: string) => string | undefined;
  readonly file: (name: string) => string | undefined;
  readonly refuse: (name: string, message: string, hint?: string) => void;
  readonly placeOf: (name: string) => Place | undefined;
}

/** What a connection is called in Ansible, and what it is in zrun; undefined if there is none of that name. */
export function transportNamed(connection: string): Target['transport'] | undefined {
  const name = connection.replace(/^ansible\.(?:builtin|legacy)\./, '');
  if (name === 'local') return 'local';
  return ['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(name) ? 'ssh' : undefined;
}

/**
 * Reads where a host is. Errors are reported with the place of the variable; `notes` gets what is odd and does no harm.
 */
export function readConnection(
  host: string,
  vars: ReadonlyMap<string, CompiledTemplate>,
  hostAt: Place | undefined,
  names: ConnectionNames,
  route: Route,
  defaults: ConnectionDefaults,
  { report, notes }: { readonly report: Report; readonly notes: string[] },
): Target {
  const scope = createScope([names, vars, defaults.extraVars ?? new Map<string, CompiledTemplate>()]);
  const reading = createReading(
    (name) => scope.get(name),
    (name) => (defaults.extraVars?.get(name) ?? vars.get(name))?.at ?? hostAt,
    report,
  );
  const { text, file, refuse } = reading;

  checkBecome(reading);
  const isLocalhost = host === 'localhost' && !scope.has('ansible_host');
  checkTimeouts(reading);
  checkOutputLimit(reading);
  const connection = route.connection ?? text('ansible_connection') ?? (isLocalhost ? 'local' : 'ssh');
  const transport = transportNamed(connection);
  if (transport === 'local') return { transport };
  if (transport === undefined) {
    refuse(
      'ansible_connection',
      `there is no connection '${connection}'`,
      `write ssh or local; to work on the other hosts alone: --limit 'all:!${host}'`,
    );
  }
  const given = readAllSshArguments(reading, notes);
  const port = readPort(reading) ?? given.port;
  const proxyJump = text('zrun_proxy_jump') ?? given.proxyJump;
  const user = route.user ?? text('ansible_user') ?? given.user ?? defaults.remoteUser;
  const privateKeyFile =
    file('ansible_ssh_private_key_file') ??
    homeFile(given.privateKeyFile) ??
    homeFile(defaults.privateKeyFile);
  const password = text('ansible_password');
  const connectTimeout = secondsOf(reading.value('ansible_timeout') ?? null);
  const knownHostsFile = file('zrun_known_hosts_file') ?? homeFile(given.knownHostsFile);
  return {
    transport: 'ssh',
    address: text('ansible_host') ?? host,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(privateKeyFile !== undefined && { privateKeyFile: path.normalize(privateKeyFile) }),
    ...(knownHostsFile !== undefined && { knownHostsFile: path.normalize(knownHostsFile) }),
    ...(proxyJump !== undefined && { proxyJump }),
    ...(proxyJump === undefined && given.proxyCommand !== undefined && { proxyCommand: given.proxyCommand }),
    ...(password !== undefined && { password: new Secret(password) }),
    ...(connectTimeout !== undefined && { connectTimeoutMs: connectTimeout * 1000 }),
  };
}

function createReading(
  get: (name: string) => Value | undefined,
  placeOf: (name: string) => Place | undefined,
  report: Report,
): Reading {
  const reading: Reading = {
    placeOf,
    refuse(name, message, hint) {
      report(errorAt(placeOf(name), 'inventory-invalid', message, hint));
    },
    value(name) {
      try {
        return get(name) ?? undefined;
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        report(error);
        return undefined;
      }
    },
    text(name) {
      const found = reading.value(name);
      if (found === undefined || (typeof found === 'string' && found !== '')) return found;
      if (typeof found === 'number') return String(found);
      reading.refuse(name, `'${name}' must be text`);
      return undefined;
    },
    file: (name) => homeFile(reading.text(name)),
  };
  return reading;
}

/** Who has no home, as in an empty chroot, is only told of it where one is named. */
function homeFile(file: string | undefined): string | undefined {
  return file?.replace(/^~(?=\/|$)/, () => os.homedir());
}

function readPort({ value, refuse }: Reading): number | undefined {
  const given = value('ansible_port');
  if (given === undefined) return undefined;
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  refuse('ansible_port', "'ansible_port' must be a number from 1 to 65535");
  return undefined;
}

function checkOutputLimit({ value, refuse }: Reading): void {
  const given = value('zrun_output_limit');
  if (given === undefined) return;
  const bytes = bytesOf(given);
  if (bytes !== undefined && bytes >= outputLimits.least && bytes <= outputLimits.most) return;
  refuse('zrun_output_limit', `'zrun_output_limit' ${outputLimitRule}`);
}

/** Seconds. */
function checkTimeouts({ value, refuse }: Reading): void {
  for (const name of ['ansible_timeout', 'ansible_command_timeout']) {
    const given = value(name);
    if (given === undefined || secondsOf(given) !== undefined) continue;
    refuse(name, `'${name}' must be a number of seconds`);
  }
}

function secondsOf(value: Value): number | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value));
  return isNumber && Number(value) > 0 ? Number(value) : undefined;
}

/** In the order in which Ansible puts them on ssh's command line, where what is said first counts. */
function readAllSshArguments({ value, refuse, placeOf }: Reading, notes: string[]): SshArguments {
  let all: SshArguments = {};
  for (const name of sshArguments) {
    const found = value(name);
    // -4 and -6 are numbers, to YAML and INI.
    const written = typeof found === 'number' ? String(found) : found;
    if (written === undefined || written === '') continue;
    if (typeof written !== 'string') {
      refuse(name, `'${name}' must be text`);
      continue;
    }
    const read = readSshArguments(written);
    if ('refused' in read) {
      refuse(
        name,
        `zrun cannot do what '${read.refused}' asks of ssh`,
        read.hint ?? 'write it for this host in ~/.ssh/config, and take it out here',
      );
      continue;
    }
    all = { ...read.arguments, ...all };
    const file = placeOf(name)?.source.name ?? '--inventory';
    for (const note of read.notes) notes.push(`${file}: of '${name}', not all is followed: ${note}`);
  }
  return all;
}

function checkBecome({ value, refuse }: Reading): void {
  const become = value('ansible_become');
  if (
    become !== undefined &&
    typeof become !== 'boolean' &&
    (typeof become !== 'string' || ansibleBoolean(become) === undefined)
  ) {
    refuse('ansible_become', "'ansible_become' must be true or false");
  }
  const user = value('ansible_become_user');
  if (typeof user === 'string' && user.trim() === '')
    refuse('ansible_become_user', "'ansible_become_user' is empty", 'name a user, or leave it out for root');
  const method = value('ansible_become_method');
  if (method !== undefined && (typeof method !== 'string' || becomeMethodNamed(method) === undefined)) {
    refuse(
      'ansible_become_method',
      `zrun becomes another user by ${becomeMethods.join(', ')}, not by ${JSON.stringify(method)}`,
    );
  }
}
