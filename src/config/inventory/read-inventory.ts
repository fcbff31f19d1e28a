/**
 * Owns inventories from their sources: reading them, one inventory for the playbooks of each folder, and what a run changes in
 * all of them. What an inventory is, is known next door.
 */
import path from 'node:path';
import { ZrunError, type Place } from '../../core/errors.js';
import type { InventoryChange } from '../../core/host.js';
import { noKeys, type Keyring } from '../../secrets/keyring.js';
import { createInventoryBuilder, type InventoryBuilder } from './builder.js';
import { applyChange, hostOf, type Asked } from './changes.js';
import { layerHosts } from './hosts.js';
import { checkConnections, createInventory, type Inventory, type InventoryOptions } from './inventory.js';
import { readInventorySource } from './sources.js';
import { createVarsFolders, type VarsFolders } from './vars-files.js';
import { collectFindings, type Findings } from '../source/findings.js';
import { firstFolder } from '../source/search.js';

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
  /** Once it is through, all that was changed until now is in the inventories. */
  const remaking = gatherCalls(async () => {
    finishSources(read);
    const inventories = new Map<string | undefined, Inventory>();
    for (const key of made.keys()) inventories.set(key, await makeInventory(read, key, options));
    for (const [key, inventory] of inventories) {
      made.set(key, inventory);
      making.set(key, Promise.resolve(inventory));
    }
  });

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
        await remaking.call();
        const name = hostOf(asked);
        checkConnections([...made.values()].flatMap(({ hosts }) => hosts.get(name) ?? []));
      } catch (error) {
        applied.undo();
        changes.splice(changes.indexOf(asked), 1);
        await remaking.call();
        throw error;
      }
      return true;
    },
    async refresh(signal) {
      await remaking.settled();
      const before = read;
      const again = await readSources(sources, { ...options, signal });
      for (const asked of changes) applyChange(again.builder, asked);
      read = again;
      try {
        await remaking.call();
      } catch (error) {
        read = before;
        await remaking.call();
        throw error;
      }
    },
  };
}

/** Work that is done once for all who ask for it in the same moment, one time after another. */
function gatherCalls(work: () => Promise<void>): {
  call(): Promise<void>;
  /** Resolves when what is under way is over, however it ended. */
  settled(): Promise<void>;
} {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const settled = (): Promise<void> => last.catch(() => undefined);
  return {
    settled,
    call() {
      next ??= settled()
        .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
        .then(async () => {
          last = next ?? last;
          next = undefined;
          await work();
        });
      return next;
    },
  };
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
  const { cwd, programTimeoutMs = defaultProgramTimeoutMs, signal, keys = noKeys } = options;
  const findings = collectFindings();
  const warnings = collectFindings();
  const builder = createInventoryBuilder(findings.report, warnings.report);
  const folders: string[] = [];
  const names: string[] = [];
  for (const name of sources) {
    try {
      const folder = await readInventorySource(name, { cwd, programTimeoutMs, signal, keys }, builder);
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

function openVarsFolders(cwd: string, keys: Keyring): VarsReading {
  const reading: VarsReading = {
    vars: createVarsFolders(
      cwd,
      keys,
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
  const reading = varsFolders.get(playbook) ?? openVarsFolders(options.cwd, options.keys ?? noKeys);
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
