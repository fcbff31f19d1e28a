/**
 * Owns what a host's connection variables mean: Ansible's names, read into a target. Becoming another user is left as
 * variables, which the engine reads where a task runs; here they are only checked.
 */
import os from 'node:os';
import path from 'node:path';
import { nearest, ZrunError, type Place } from '../core/errors.js';
import type { Target } from '../core/host.js';
import type { VarsTemplate } from '../core/plan.js';
import type { Value } from '../core/value.js';
import { errorAt, type Report } from './report.js';
import { createScope } from './scope.js';
import type { CompiledTemplate } from './template.js';
import { ansibleBoolean } from './yaml.js';

/** What the command line says of connections. */
export interface ConnectionDefaults {
  /** `-u`: where the inventory names no user. */
  readonly remoteUser?: string | undefined;
  /** `--private-key`: where the inventory names none. */
  readonly privateKeyFile?: string | undefined;
  /** `-e`: wins over the inventory. */
  readonly extraVars?: VarsTemplate | undefined;
}

export interface ConnectionFindings {
  readonly report: Report;
  readonly warnings: string[];
}

/** Ansible's older names, and what they are called now. */
const aliases: Readonly<Record<string, string>> = {
  ansible_ssh_host: 'ansible_host',
  ansible_ssh_port: 'ansible_port',
  ansible_ssh_user: 'ansible_user',
  ansible_private_key_file: 'ansible_ssh_private_key_file',
  ansible_become_pass: 'ansible_become_password',
  ansible_sudo_pass: 'ansible_become_password',
};

const understood: readonly string[] = [
  'ansible_host',
  'ansible_port',
  'ansible_user',
  'ansible_connection',
  'ansible_ssh_private_key_file',
  'ansible_ssh_common_args',
  'ansible_become',
  'ansible_become_user',
  'ansible_become_method',
  'ansible_become_password',
  'zrun_known_hosts_file',
  'zrun_proxy_jump',
];

/** Of no use to zrun, and nobody minds: it needs no Python, and POSIX sh is everywhere. */
const harmless: readonly string[] = [
  'ansible_python_interpreter',
  'ansible_shell_type',
  'ansible_shell_executable',
];

/**
 * Reads where a host is. `added` holds variables under the names that the engine asks for, where the inventory has
 * older ones. Errors are reported with the place of the variable.
 */
export function readConnection(
  host: string,
  vars: ReadonlyMap<string, CompiledTemplate>,
  hostAt: Place | undefined,
  defaults: ConnectionDefaults,
  { report, warnings }: ConnectionFindings,
): { readonly target: Target; readonly added: ReadonlyMap<string, CompiledTemplate> } {
  const added = new Map<string, CompiledTemplate>();
  for (const [name, template] of vars) {
    const current = aliases[name];
    if (current !== undefined) {
      if (!vars.has(current)) added.set(current, template);
    } else warnOfUnknown(name, template.at, warnings);
  }
  const named: VarsTemplate = new Map<string, CompiledTemplate>([...vars, ...added]);
  const scope = createScope([{ inventory_hostname: host }, named, defaults.extraVars ?? new Map()]);
  const placeOf = (name: string): Place | undefined =>
    (defaults.extraVars?.get(name) ?? named.get(name))?.at ?? hostAt;

  const refuse = (name: string, message: string, hint?: string): void => {
    report(errorAt(placeOf(name), 'inventory-invalid', message, hint));
  };
  const value = (name: string): Value | undefined => {
    try {
      return scope.get(name) ?? undefined;
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      report(error);
      return undefined;
    }
  };
  const text = (name: string): string | undefined => {
    const found = value(name);
    if (found === undefined || (typeof found === 'string' && found !== '')) return found;
    if (typeof found === 'number') return String(found);
    refuse(name, `'${name}' must be text`);
    return undefined;
  };
  const file = (name: string, fallback?: string): string | undefined => {
    const found = text(name) ?? fallback;
    return found?.replace(/^~(?=\/|$)/, os.homedir());
  };

  checkBecome(value, refuse);
  const connection =
    text('ansible_connection') ?? (host === 'localhost' && !named.has('ansible_host') ? 'local' : 'ssh');
  if (connection === 'local') return { target: { transport: 'local' }, added };
  if (
    connection !== 'ssh' &&
    connection !== 'smart' &&
    connection !== 'paramiko' &&
    connection !== 'ansible.builtin.ssh'
  ) {
    refuse('ansible_connection', `there is no connection '${connection}'`, 'write ssh or local');
  }
  const port = readPort(value('ansible_port'), refuse);
  const proxyJump = text('zrun_proxy_jump') ?? readCommonArgs(text('ansible_ssh_common_args'), refuse);
  const user = text('ansible_user') ?? defaults.remoteUser;
  const privateKeyFile = file('ansible_ssh_private_key_file', defaults.privateKeyFile);
  const knownHostsFile = file('zrun_known_hosts_file');
  const target: Target = {
    transport: 'ssh',
    address: text('ansible_host') ?? host,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(privateKeyFile !== undefined && { privateKeyFile: path.normalize(privateKeyFile) }),
    ...(knownHostsFile !== undefined && { knownHostsFile: path.normalize(knownHostsFile) }),
    ...(proxyJump !== undefined && { proxyJump }),
  };
  return { target, added };
}

type Refuse = (name: string, message: string, hint?: string) => void;

function readPort(value: Value | undefined, refuse: Refuse): number | undefined {
  if (value === undefined) return undefined;
  const port = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  refuse('ansible_port', "'ansible_port' must be a number from 1 to 65535");
  return undefined;
}

/** Of ssh's own arguments only the jump host is understood; anything else would be lost without a word. */
function readCommonArgs(args: string | undefined, refuse: Refuse): string | undefined {
  if (args === undefined || args.trim() === '') return undefined;
  const jump = /^\s*(?:-o\s*['"]?ProxyJump[= ]\s*|-J\s*)([^\s'"]+)['"]?\s*$/i.exec(args);
  if (jump) return jump[1];
  refuse(
    'ansible_ssh_common_args',
    `of ssh's arguments zrun understands only a jump host, not '${args.trim()}'`,
    'write -o ProxyJump=user@host here, and everything else in ~/.ssh/config',
  );
  return undefined;
}

function checkBecome(value: (name: string) => Value | undefined, refuse: Refuse): void {
  const become = value('ansible_become');
  if (
    become !== undefined &&
    typeof become !== 'boolean' &&
    (typeof become !== 'string' || ansibleBoolean(become) === undefined)
  ) {
    refuse('ansible_become', "'ansible_become' must be true or false");
  }
  const method = value('ansible_become_method');
  if (method !== undefined && method !== 'sudo') {
    refuse(
      'ansible_become_method',
      `zrun becomes another user by sudo alone, not by ${JSON.stringify(method)}`,
    );
  }
}

function warnOfUnknown(name: string, at: Place, warnings: string[]): void {
  if (!/^(?:ansible|zrun)_/.test(name) || understood.includes(name) || harmless.includes(name)) return;
  const near = nearest(name, understood);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  warnings.push(`${at.source.name}: zrun does nothing with '${name}'${hint}`);
}
