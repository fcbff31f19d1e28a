/**
 * Owns what an inventory is to the rest of zrun: its hosts with their variables and connections, and its groups. How it
 * is written, and whose variable wins, is known next door.
 */
import path from 'node:path';
import { formatPlace, ZrunError, ZrunErrors, type Place } from '../core/errors.js';
import type { Host, Route, Target } from '../core/host.js';
import type { Value, ValueMap } from '../core/value.js';
import { aliasesIn, readConnection, warningsOf, type ConnectionDefaults } from './connection.js';
import { createInventoryBuilder, type InventoryBuilder } from './inventory-builder.js';
import { layerHosts, type LayeredInventory } from './inventory-hosts.js';
import { readInventorySource } from './inventory-sources.js';
import type { InventoryVariables } from './inventory-variable.js';
import { createVarsFolders } from './inventory-vars-files.js';
import { collectFindings, type Findings } from './report.js';
import { firstFolder } from './search.js';

export interface Inventory {
  /** As the pattern `all` gives them: by groups, in the order of the files. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  readonly groups: ReadonlyMap<string, Group>;
  /** What is odd but does no harm, with its place. */
  readonly warnings: readonly string[];
  /** `localhost` is there without being named, over the local transport. Not part of `hosts`, nor of `all`. */
  readonly implicitLocalhost: InventoryHost;
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
  /** Ends programs when it is aborted; reading then throws `interrupted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Sources that are read, and can be made into an inventory for playbooks in different folders. */
export interface InventorySources {
  /** As they were given, but files and folders with their whole path. */
  readonly names: readonly string[];
  /** The same inventory for all folders that have no variables of their own. */
  forPlaybooksIn(folder: string | undefined): Promise<Inventory>;
}

const defaultProgramTimeoutMs = 120_000;

/**
 * Reads inventories, the later ones winning over the earlier. A source is a file's path, a folder's, a program's, or
 * hosts with commas (`web1,web2,`). Throws ZrunError or ZrunErrors: `file-unreadable`, `yaml-syntax`,
 * `inventory-invalid`.
 */
export async function loadInventory(
  sources: readonly string[],
  options: InventoryOptions,
): Promise<Inventory> {
  const read = await readInventory(sources, options);
  return await read.forPlaybooksIn(options.playbookFolder);
}

/** As `loadInventory`, where playbooks of several folders are run: programs among the sources are asked once. */
export async function readInventory(
  sources: readonly string[],
  options: InventoryOptions,
): Promise<InventorySources> {
  const { cwd, programTimeoutMs = defaultProgramTimeoutMs, signal } = options;
  const findings = collectFindings();
  const warnings = collectFindings();
  const builder = createInventoryBuilder(findings.report, warnings.report);
  const folders: string[] = [];
  const names: string[] = [];
  for (const name of sources) {
    try {
      const folder = await readInventorySource(name, { cwd, programTimeoutMs, signal }, builder);
      names.push(folder === undefined ? name : path.resolve(cwd, name));
      if (folder !== undefined) folders.push(folder);
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      findings.report(error);
    }
  }
  builder.finish();
  findings.throwAll();
  const order = orderHosts(builder);
  const known = new Map<string | undefined, Promise<Inventory>>();
  return {
    names,
    async forPlaybooksIn(folder) {
      const whole = folder === undefined ? undefined : path.resolve(cwd, folder);
      const playbook = whole !== undefined && (await hasVars(whole)) ? whole : undefined;
      const inventory = known.get(playbook) ?? inventoryFor(playbook);
      known.set(playbook, inventory);
      return await inventory;
    },
  };

  async function inventoryFor(playbook: string | undefined): Promise<Inventory> {
    const own = collectFindings();
    const oddities = collectFindings();
    const vars = createVarsFolders(cwd, own.report, oddities.report);
    const layered = await layerHosts(builder, order.get('all') ?? [], vars, { inventory: folders, playbook });
    const inventory = await createInventory(builder, layered, order, options, [
      ...warnings.errors,
      ...oddities.errors,
    ]);
    own.throwAll();
    return inventory;
  }
}

async function hasVars(folder: string): Promise<boolean> {
  return (
    (await firstFolder(['group_vars', 'host_vars'].map((name) => path.join(folder, name)))) !== undefined
  );
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

async function createInventory(
  builder: InventoryBuilder,
  layered: LayeredInventory,
  order: ReadonlyMap<string, readonly string[]>,
  options: InventoryOptions,
  warnings: readonly ZrunError[],
): Promise<Inventory> {
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
  return {
    hosts,
    groups,
    warnings: [...new Set(warnings.map(warningText))],
    implicitLocalhost: localhost(await layered.implicitHost('localhost'), readable),
  };
}

interface HostParts {
  readonly name: string;
  readonly groups: readonly string[];
  readonly at: Place;
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

function localhost(own: InventoryVariables, readable: Aliasing): InventoryHost {
  const { vars, warnings } = readable(own);
  return {
    name: 'localhost',
    groups: ['all'],
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

/** The hosts of each group: its own, then its children's, level by level, in the order of the files. */
function orderHosts({ groups }: InventoryBuilder): ReadonlyMap<string, readonly string[]> {
  const order = new Map<string, readonly string[]>();
  for (const group of groups.values()) {
    const hosts = new Set<string>();
    const seen = new Set([group.name]);
    // A set is walked in the order in which it grows: level by level.
    for (const name of seen) {
      const below = groups.get(name);
      for (const host of below?.hosts ?? []) hosts.add(host);
      for (const child of below?.children ?? []) seen.add(child);
    }
    order.set(group.name, [...hosts]);
  }
  return order;
}
