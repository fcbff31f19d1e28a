/**
 * Owns what an inventory is to the rest of zrun: its hosts with their variables and connections, and its groups. How it
 * is written, and whose variable wins, is known next door.
 */
import path from 'node:path';
import { formatPlace, ZrunError, ZrunErrors, type Place } from '../../core/errors.js';
import type { Host, InventoryChange, Route, Target } from '../../core/host.js';
import type { Value, ValueMap } from '../../core/value.js';
import { aliasesIn, readConnection, warningsOf, type ConnectionDefaults } from './connection.js';
import { createInventoryBuilder, type InventoryBuilder } from './builder.js';
import { applyChange, hostOf, type Asked } from './changes.js';
import { layerHosts, type LayeredInventory } from './hosts.js';
import { readInventorySource } from './sources.js';
import type { InventoryVariables } from './variable.js';
import { createVarsFolders, type VarsFolders } from './vars-files.js';
import { collectFindings, type Findings } from '../source/findings.js';
import { firstFolder } from '../source/search.js';

export interface Inventory {
  /** As the pattern `all` gives them: by groups, in the order of the files. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  readonly groups: ReadonlyMap<string, Group>;
  /** What is odd but does no harm, with its place. */
  readonly warnings: readonly string[];
  /** `localhost` is there without being named, over the local transport. Not part of `hosts`, nor of `all`. */
  readonly implicitLocalhost: InventoryHost;
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
  /** Ends programs when it is aborted; reading then throws `interrupted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Sources that are read, and can be made into an inventory for playbooks in different folders. */
export interface InventorySources {
  /** As they were given, but files and folders with their whole path. */
  readonly names: readonly string[];
  /** The same inventory for all folders that have no variables of their own. */
  forPlaybooksIn(folder: string | undefined): Promise<Inventory>;
  /** The same as it is now, for a folder that was asked for before. After a change it is another one. */
  now(folder: string): Inventory;
  /**
   * Adds a host, or puts `host` into a group. Resolves with whether anything is new. Throws ZrunError or ZrunErrors where
   * that cannot be, as where the host's connection variables are wrong; nothing is changed then.
   */
  change(change: InventoryChange, host: string, at: Place): Promise<boolean>;
  /** Reads the sources again, and changes them as they were changed before. Throws as reading does; all is left then. */
  refresh(signal: AbortSignal): Promise<void>;
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

/**
 * As `loadInventory`, where playbooks of several folders are run: programs among the sources are asked once. What a run
 * changes afterwards (`change`, `refresh`) is for all folders.
 */
export async function readInventory(
  sources: readonly string[],
  options: InventoryOptions,
): Promise<InventorySources> {
  const { cwd } = options;
  let read = await readSources(sources, options);
  const making = new Map<string | undefined, Promise<Inventory>>();
  const made = new Map<string | undefined, Inventory>();
  const keys = new Map<string | undefined, string | undefined>();
  const changes: Asked[] = [];
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  return {
    get names() {
      return read.names;
    },
    async forPlaybooksIn(folder) {
      const whole = folder === undefined ? undefined : path.resolve(cwd, folder);
      const key = whole !== undefined && (await hasVars(whole)) ? whole : undefined;
      keys.set(folder, key);
      const inventory = making.get(key) ?? makeInventory(read, key, options);
      making.set(key, inventory);
      made.set(key, await inventory);
      return await inventory;
    },
    now(folder) {
      const inventory = made.get(keys.get(folder));
      if (inventory) return inventory;
      throw new ZrunError('internal', `no inventory was made for playbooks in ${folder}`);
    },
    async change(change, host, at) {
      const asked: Asked = { change, host, at };
      const applied = applyChange(read.builder, asked);
      changes.push(asked);
      if (!applied.isNew) return false;
      try {
        await remade();
        const name = hostOf(asked);
        checkConnections([...made.values()].flatMap(({ hosts }) => hosts.get(name) ?? []));
      } catch (error) {
        applied.undo();
        changes.splice(changes.indexOf(asked), 1);
        await remade();
        throw error;
      }
      return true;
    },
    async refresh(signal) {
      await last.catch(() => undefined);
      const before = read;
      const again = await readSources(sources, { ...options, signal });
      for (const asked of changes) applyChange(again.builder, asked);
      read = again;
      try {
        await remade();
      } catch (error) {
        read = before;
        await remade();
        throw error;
      }
    },
  };

  /** Once all that was changed until now is in the inventories. What many hosts ask for at once is made once. */
  function remade(): Promise<void> {
    next ??= last
      .catch(() => undefined)
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(async () => {
        last = next ?? last;
        next = undefined;
        finishSources(read);
        const inventories = new Map<string | undefined, Inventory>();
        for (const key of made.keys()) inventories.set(key, await makeInventory(read, key, options));
        for (const [key, inventory] of inventories) {
          made.set(key, inventory);
          making.set(key, Promise.resolve(inventory));
        }
      });
    return next;
  }
}

/** What the sources say, before a playbook's folder adds to it. */
interface ReadSources {
  readonly builder: InventoryBuilder;
  readonly names: readonly string[];
  /** That have `group_vars/` and `host_vars/`, perhaps. */
  readonly folders: readonly string[];
  readonly warnings: Findings;
  /** See orderHosts. */
  order: ReadonlyMap<string, readonly string[]>;
  /** Of each playbook's folder: what was read in `group_vars/` and `host_vars/` is kept. */
  readonly varsFolders: Map<string | undefined, VarsReading>;
}

async function readSources(sources: readonly string[], options: InventoryOptions): Promise<ReadSources> {
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
  const read: ReadSources = { builder, names, folders, warnings, order: new Map(), varsFolders: new Map() };
  finishSources(read);
  findings.throwAll();
  return read;
}

function finishSources(read: ReadSources): void {
  read.builder.finish();
  read.order = orderHosts(read.builder);
}

interface VarsReading {
  readonly vars: VarsFolders;
  /** Where errors and oddities of the reading at hand go. */
  own: Findings;
  oddities: Findings;
}

function openVarsFolders(cwd: string): VarsReading {
  const reading: VarsReading = {
    vars: createVarsFolders(
      cwd,
      (error) => reading.own.report(error),
      (error) => reading.oddities.report(error),
    ),
    own: collectFindings(),
    oddities: collectFindings(),
  };
  return reading;
}

async function makeInventory(
  read: ReadSources,
  playbook: string | undefined,
  options: InventoryOptions,
): Promise<Inventory> {
  const { builder, folders, order, warnings, varsFolders } = read;
  const reading = varsFolders.get(playbook) ?? openVarsFolders(options.cwd);
  const own = (reading.own = collectFindings());
  const oddities = (reading.oddities = collectFindings());
  const places = { inventory: folders, playbook };
  const layered = await layerHosts(builder, order.get('all') ?? [], reading.vars, places);
  const odd = [...warnings.errors, ...oddities.errors];
  const everywhere = [...folders, ...(playbook === undefined ? [] : [playbook])];
  const inventory = {
    ...(await createInventory(builder, layered, order, options, odd)),
    folders: everywhere,
  };
  own.throwAll();
  // What is wrong is read again, to be said again.
  varsFolders.set(playbook, reading);
  return inventory;
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
  return {
    hosts,
    groups,
    warnings: [...new Set(warnings.map(warningText))],
    implicitLocalhost: localhost(
      await layered.implicitHost('localhost'),
      layered.groupsOf('localhost').map((group) => group.name),
      readable,
    ),
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

/** The hosts of each group: its own, then its children's, level by level, in the order of the files. */
function orderHosts({ groups, hosts: known }: InventoryBuilder): ReadonlyMap<string, readonly string[]> {
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
    // As in Ansible, `all` does not have a localhost that no source names, though it is in a group (`group_by`).
    if (group.name === 'all' && !known.has('localhost')) hosts.delete('localhost');
    order.set(group.name, [...hosts]);
  }
  return order;
}
