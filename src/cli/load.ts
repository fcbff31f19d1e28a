/**
 * Owns the way from the words of a command line to playbooks and hosts: which files are read, and that everything that
 * is wrong in them is said in one go, before any host is touched.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  checkConnections,
  createNameUse,
  findMisspelt,
  loadAdHocTask,
  loadPlaybook,
  parseExtraVars,
  readInventory,
  readLimit,
  type AdHocTask,
  type Inventory,
  type InventorySources,
} from '../config/index.js';
import { throwAll, ZrunError } from '../core/errors.js';
import type { Host } from '../core/host.js';
import type { Play, Playbook } from '../core/plan.js';
import type { VarsTemplate } from '../core/template.js';
import type { LiveInventory } from '../engine/index.js';
import { modules } from '../modules/index.js';
import type { Keyring } from '../secrets/keyring.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { untilStopped } from './interrupt.js';
import { openKeys } from './secret/keys.js';
import { checkSelection, chooseHosts, errorsIn, withLocalhost, type LoadedPlaybook } from './selection.js';

export interface Loaded {
  readonly playbooks: readonly LoadedPlaybook[];
  /** Every host before the run, `localhost` among them. What variables it has rests on the folder of a play. */
  readonly inventory: ReadonlyMap<string, Host>;
  /** Host names of each group, as they are when it is asked. */
  readonly groups: () => Readonly<Record<string, readonly string[]>>;
  /** Changes the inventory while a run goes on. */
  readonly live: LiveInventory;
  /** Where the inventory comes from, as `InventorySources` has it. */
  readonly inventorySources: readonly string[];
  readonly extraVars: VarsTemplate;
  /** What opened what is encrypted. */
  readonly keys: Keyring;
  /** What is odd but does no harm. */
  readonly warnings: readonly string[];
}

/** `task`: in place of playbooks. Throws ZrunError or ZrunErrors with everything that is wrong. */
export async function load(command: RunCommand, environment: Environment, task?: AdHocTask): Promise<Loaded> {
  const { cwd, env } = environment;
  const keys = await openKeys(command.keys, environment);
  if (command.privateKey !== undefined) await checkPrivateKey(command.privateKey, environment);
  const extraVars = await parseExtraVars(command.extraVars, { cwd, keys });
  const limit = await readLimit(command.limit, { cwd });
  const named = namedInventories(command.inventory, env);
  const sources = await untilStopped(environment, (signal) =>
    readInventory(named, {
      cwd,
      keys,
      extraVars,
      remoteUser: command.user,
      privateKeyFile: command.privateKey,
      programTimeoutMs: programTimeoutMs(env),
      signal,
    }),
  );
  const inventories = new Set<Inventory>();
  const inventoryFor = async (folder: string): Promise<Inventory> => {
    const inventory = await sources.forPlaybooksIn(folder);
    inventories.add(inventory);
    return inventory;
  };
  const errors: ZrunError[] = [];
  const read: Playbook[] = [];
  const use = createNameUse();
  const brought: string[] = [];
  for (const file of task ? [task] : command.playbooks) {
    try {
      const inventory = await inventoryFor(typeof file === 'string' ? path.dirname(file) : '.');
      const options = { modules, cwd, keys, inventory, inventoryFor, extraVars, use };
      const playbook = await (typeof file === 'string'
        ? loadPlaybook(file, options)
        : loadAdHocTask(file, options));
      if (named.length === 0 && !needsNoInventory(playbook.plays, brought)) throw noInventory();
      read.push(playbook);
      for (const { brings } of playbook.plays) brought.push(...brings);
    } catch (error) {
      errors.push(...errorsIn(error));
    }
  }
  const playbooks = await chooseHosts(read, sources, limit, errors);
  // Without an inventory, names that it would have given are no mistake of the playbook's.
  if (named.length === 0 && errors.length > 0) {
    const isLocal = task ? isLocalhost(task.hosts) : await areLocal(command.playbooks, cwd);
    if (!isLocal) throw noInventory();
  }
  throwAll(errors);
  const selection = await checkSelection(playbooks, [...inventories], named, command, limit);
  const [first] = inventories;
  return {
    playbooks,
    inventory: first ? withLocalhost(first) : new Map(),
    groups: createGroups(sources, playbooks),
    live: sources,
    inventorySources: sources.names,
    extraVars,
    keys,
    warnings: [
      ...new Set([
        ...[...inventories].flatMap((each) => each.warnings),
        ...checkConnections(new Set(selection.hosts)),
        ...findMisspelt(extraVars, use, inventories),
        ...selection.warnings,
      ]),
    ],
  };
}

/** Throws ZrunError `key-unreadable`, once, where each host would say it. */
async function checkPrivateKey(name: string, { cwd, homeFolder }: Environment): Promise<void> {
  const { checkKeyFile } = await import('../transport/index.js');
  const file = name.startsWith('~/') ? path.join(homeFolder, name.slice(2)) : path.resolve(cwd, name);
  await checkKeyFile(file, name);
}

/** The groups of all folders are the same. Made once for each inventory. */
function createGroups(sources: InventorySources, playbooks: readonly LoadedPlaybook[]): Loaded['groups'] {
  const folder = playbooks.flatMap(({ playbook }) => playbook.plays.map((play) => play.folder))[0];
  let of: Inventory | undefined;
  let groups: Readonly<Record<string, readonly string[]>> = {};
  return () => {
    const inventory = folder === undefined ? undefined : sources.now(folder);
    if (inventory && inventory !== of)
      groups = Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts]));
    of = inventory;
    return groups;
  };
}

/** ZRUN_INVENTORY_TIMEOUT: how many seconds a program that is an inventory may take for an answer. */
export function programTimeoutMs(env: Environment['env']): number | undefined {
  const given = env['ZRUN_INVENTORY_TIMEOUT'];
  if (given === undefined || given === '') return undefined;
  const seconds = Number(given);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw new ZrunError('usage', `ZRUN_INVENTORY_TIMEOUT must be a number of seconds, not '${given}'`);
}

/** What -i names, or else ZRUN_INVENTORY. Throws ZrunError `usage` where neither does. */
export function inventoryNames(inventory: readonly string[], env: Environment['env']): readonly string[] {
  const named = namedInventories(inventory, env);
  if (named.length === 0) throw noInventory();
  return named;
}

function namedInventories(inventory: readonly string[], env: Environment['env']): readonly string[] {
  const fromEnvironment = env['ZRUN_INVENTORY'];
  return inventory.length === 0 && fromEnvironment ? [fromEnvironment] : inventory;
}

function noInventory(): ZrunError {
  return new ZrunError('usage', 'no inventory is given', {
    hint: 'Name the hosts with -i hosts.yaml (or -i web1,web2,) or set ZRUN_INVENTORY. Only plays of localhost need none.',
  });
}

/** As far as the text of playbooks says it, where they cannot be read as playbooks. */
async function areLocal(playbooks: readonly string[], cwd: string): Promise<boolean> {
  for (const file of playbooks) {
    const text = await readFile(path.resolve(cwd, file), 'utf8').catch(() => '');
    const hosts = [...text.matchAll(/\bhosts:\s*["']?([\w.:]+)/g)].map(([, name = '']) => name);
    if (!hosts.every(isLocalhost)) return false;
  }
  return true;
}

/** `brought`: what playbooks before it may bring. */
function needsNoInventory(plays: readonly Play[], brought: readonly string[]): boolean {
  return plays.every(({ hosts }, index) => {
    const before = [...brought, ...plays.slice(0, index).flatMap((play) => play.brings)];
    return isLocalhost(hosts) || before.some((glob) => glob !== 'all');
  });
}

/** Of a pattern: it names the machine that zrun runs on, which is there without an inventory, as in Ansible. */
function isLocalhost(hosts: string): boolean {
  return hosts.split(',').every((name) => /^(?:localhost|127\.0\.0\.1|::1)$/.test(name.trim()));
}
