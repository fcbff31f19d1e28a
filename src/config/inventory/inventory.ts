/**
 * Owns what an inventory is to the rest of zrun: its hosts with their variables and connections, and its groups. How it
 * is written, and whose variable wins, is known next door.
 */
import { formatPlace, ZrunError, ZrunErrors, type Place } from '../../core/errors.js';
import type { Host, Route, Target } from '../../core/host.js';
import type { Value, ValueMap } from '../../core/value.js';
import type { Keyring } from '../../secrets/keyring.js';
import type { InventoryBuilder } from './builder.js';
import { aliasesIn, readConnection, warningsOf, type ConnectionDefaults } from './connection.js';
import type { LayeredInventory } from './hosts.js';
import type { InventoryVariables } from './variable.js';
import { checkName } from './names.js';
import { collectFindings, type Findings } from '../source/findings.js';

export interface Inventory {
  /** As the pattern `all` gives them: by groups, in the order of the files. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  readonly groups: ReadonlyMap<string, Group>;
  /** What is odd but does no harm, with its place. */
  readonly warnings: readonly string[];
  /** `localhost` is there without being named, over the local transport. Not part of `hosts`, nor of `all`. */
  readonly implicitLocalhost: InventoryHost;
  /**
   * As in Ansible, a task may be delegated to a host that no source names: it has the variables of `all`. Addresses of the
   * loopback are `localhost`. Throws ZrunErrors where no host can have this name.
   */
  stranger(name: string): Host;
  /** The folders whose `group_vars/` and `host_vars/` count, absolute. */
  readonly folders: readonly string[];
}

/**
 * A host, whose `target` is worked out when it is asked for: it throws ZrunError or ZrunErrors where its connection
 * variables are wrong. So hosts that are not worked on (a Windows machine, a switch) do no harm. `checkConnections` asks
 * for those that are.
 */
export interface InventoryHost extends Host {
  /** Connection variables that zrun does nothing with, each said as a person is told. */
  readonly notes: () => readonly string[];
  /** The values as `ansible-inventory` shows them: templates as they are written. `own`: without its groups'. */
  readonly written: { readonly all: () => ValueMap; readonly own: () => ValueMap };
}

export interface Group {
  readonly name: string;
  /** Its own hosts and its children's. */
  readonly hosts: readonly string[];
  readonly children: readonly string[];
  /** Its own hosts alone. */
  readonly ownHosts: readonly string[];
  readonly priority: number;
  /** Its own variables, as they are written. */
  readonly written: ValueMap;
}

export interface InventoryOptions extends ConnectionDefaults {
  /** The user's current directory; `process.cwd()` is for main alone to ask. */
  readonly cwd: string;
  /** The playbook's folder, absolute or from `cwd`: its `group_vars/` and `host_vars/` win over the inventory's. */
  readonly playbookFolder?: string | undefined;
  /** How long a program may take for an answer. */
  readonly programTimeoutMs?: number | undefined;
  /** What opens files and values that are encrypted. */
  readonly keys?: Keyring | undefined;
  /** Ends programs when it is aborted; reading then throws `interrupted`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that hosts can be connected to, before any is. Throws ZrunError or ZrunErrors with everything that is wrong
 * with their connection variables; returns what is odd about them.
 */
export function checkConnections(hosts: Iterable<Host | InventoryHost>): readonly string[] {
  const findings = collectFindings();
  const notes = new Set<string>();
  for (const host of hosts) {
    try {
      resolveTarget(host);
    } catch (error) {
      reportAll(error, findings);
    }
    if ('notes' in host) for (const note of host.notes()) notes.add(note);
  }
  findings.throwAll();
  return [...notes];
}

/** A host of an inventory works out its target when it is asked for it. */
function resolveTarget(host: Host): Target {
  return host.target;
}

function reportAll(error: unknown, { report }: Findings): void {
  if (error instanceof ZrunError) report(error);
  else if (error instanceof ZrunErrors) error.errors.forEach(report);
  else throw error;
}

/** `order`: the hosts of each group. */
export async function createInventory(
  builder: InventoryBuilder,
  layered: LayeredInventory,
  order: ReadonlyMap<string, readonly string[]>,
  options: InventoryOptions,
  warnings: readonly ZrunError[],
): Promise<Omit<Inventory, 'folders'>> {
  let groupNames: Value | undefined;
  const groupsOfAll = (): Value => (groupNames ??= Object.fromEntries(order));
  const readable = createAliasing();
  const hosts = new Map<string, InventoryHost>();
  for (const [name, { built, groups, vars, own }] of layered.hosts) {
    const names = groups.map((group) => group.name);
    hosts.set(
      name,
      createHost({ name, groups: names, at: built.at, vars, own, groupsOfAll, readable, options }),
    );
  }
  const groups = new Map<string, Group>();
  for (const group of builder.groups.values()) {
    groups.set(group.name, {
      name: group.name,
      hosts: order.get(group.name) ?? [],
      children: [...group.children],
      ownHosts: [...group.hosts],
      priority: group.priority,
      written: writtenOf(await layered.groupVariables(group)),
    });
  }
  const implicitLocalhost = localhost(
    await layered.implicitHost('localhost'),
    layered.groupsOf('localhost').map((group) => group.name),
    readable,
  );
  const ofStrangers = await layered.ofStrangers();
  const stranger = (name: string): InventoryHost => {
    if (loopback.has(name)) return hosts.get('localhost') ?? implicitLocalhost;
    const findings = collectFindings();
    checkName('host', name, undefined, findings.report);
    findings.throwAll();
    const own: InventoryVariables = new Map();
    return createHost({
      name,
      groups: [],
      at: undefined,
      vars: ofStrangers,
      own,
      groupsOfAll,
      readable,
      options,
    });
  };
  return {
    hosts,
    groups,
    warnings: [...new Set(warnings.map(warningText))],
    implicitLocalhost,
    stranger,
  };
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

interface HostParts {
  readonly name: string;
  readonly groups: readonly string[];
  readonly at: Place | undefined;
  readonly vars: InventoryVariables;
  readonly own: InventoryVariables;
  readonly groupsOfAll: () => Value;
  readonly readable: Aliasing;
  readonly options: InventoryOptions;
}

function createHost(parts: HostParts): InventoryHost {
  const { name, groups, at, own, groupsOfAll, readable, options } = parts;
  const { vars, warnings } = readable(parts.vars);
  const notes: string[] = [];
  let target: Target | undefined;
  function targetBy(route: Route, noted: string[] = []): Target {
    const findings = collectFindings();
    const names = {
      inventory_hostname: name,
      inventory_hostname_short: name.split('.')[0] ?? name,
      group_names: groups.filter((group) => group !== 'all').sort(),
      groups: groupsOfAll(),
    };
    const to = { report: findings.report, notes: noted };
    const found = readConnection(name, vars, at, names, route, options, to);
    findings.throwAll();
    return found;
  }
  return {
    name,
    groups,
    vars,
    get target() {
      target ??= targetBy({ connection: undefined, user: undefined }, notes);
      return target;
    },
    targetBy: (route) => targetBy(route),
    notes: () => [...warnings, ...notes],
    written: { all: () => writtenOf(parts.vars), own: () => writtenOf(own) },
  };
}

/** Variables with older names under those that the engine asks for, and what is odd about them; once for each map. */
type Aliasing = (vars: InventoryVariables) => {
  readonly vars: InventoryVariables;
  readonly warnings: readonly string[];
};

function createAliasing(): Aliasing {
  const known = new Map<InventoryVariables, ReturnType<Aliasing>>();
  return (vars) => {
    const found = known.get(vars);
    if (found) return found;
    const added = aliasesIn(vars);
    const read = {
      vars: added.size === 0 ? vars : new Map([...vars, ...added]),
      warnings: warningsOf(vars),
    };
    known.set(vars, read);
    return read;
  };
}

function localhost(own: InventoryVariables, groups: readonly string[], readable: Aliasing): InventoryHost {
  const { vars, warnings } = readable(own);
  return {
    name: 'localhost',
    groups: groups.length === 0 ? ['all'] : groups,
    vars,
    target: { transport: 'local' },
    // As in Ansible, it is there for its connection's sake.
    targetBy: () => ({ transport: 'local' }),
    notes: () => warnings,
    written: { all: () => writtenOf(own), own: () => writtenOf(own) },
  };
}

function writtenOf(vars: InventoryVariables): ValueMap {
  return Object.fromEntries([...vars].map(([name, { written }]) => [name, written]));
}

function warningText(warning: ZrunError): string {
  const { at, message, hint } = warning;
  const place = at ? `${formatPlace(at)}: ` : '';
  return `${place}${message}${hint === undefined ? '' : `; ${hint}`}`;
}
