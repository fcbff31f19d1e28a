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
  loadPlaybook,
  parseExtraVars,
  readInventory,
  readLimit,
  selectHosts,
  type Inventory,
  type InventorySources,
  type Limit,
} from '../config/index.js';
import { throwAll, ZrunError, ZrunErrors } from '../core/errors.js';
import type { Host } from '../core/host.js';
import type { Play, Playbook } from '../core/plan.js';
import type { VarsTemplate } from '../core/template.js';
import { globToRegex } from '../core/glob.js';
import type { LiveInventory, PlaybookRun } from '../engine/index.js';
import { modules } from '../modules/index.js';
import type { RunCommand } from './command-line.js';
import type { Environment } from './environment.js';
import { checkTags, refuseParts } from './parts.js';

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
  /** What is odd but does no harm. */
  readonly warnings: readonly string[];
}

/** What a run needs, but for the answers of the user. */
type LoadedPlaybook = Omit<PlaybookRun, 'answersOf'>;

/** Throws ZrunError or ZrunErrors with everything that is wrong. */
export async function load(command: RunCommand, environment: Environment): Promise<Loaded> {
  const { cwd, env } = environment;
  const extraVars = await parseExtraVars(command.extraVars, { cwd });
  const limit = await readLimit(command.limit, { cwd });
  const named = namedInventories(command.inventory, env);
  const sources = await untilStopped(environment, (signal) =>
    readInventory(named, {
      cwd,
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
  const playbooks: LoadedPlaybook[] = [];
  const use = createNameUse();
  const brought: string[] = [];
  for (const file of command.playbooks) {
    try {
      const inventory = await inventoryFor(path.dirname(file));
      const playbook = await loadPlaybook(file, { modules, cwd, inventory, inventoryFor, extraVars, use });
      if (named.length === 0 && !needsNoInventory(playbook.plays, brought)) throw noInventory();
      playbooks.push(await chooseHosts(playbook, sources, limit, brought));
      for (const { brings } of playbook.plays) brought.push(...brings);
    } catch (error) {
      for (const each of errorsIn(error)) errors.push(each);
    }
  }
  // Without an inventory, names that it would have given are no mistake of the playbook's.
  if (named.length === 0 && errors.length > 0 && !(await areLocal(command.playbooks, cwd)))
    throw noInventory();
  throwAll(errors);
  const isLook = command.list !== undefined || command.syntaxCheck;
  if (!isLook) {
    refuseNoHosts(playbooks, [...inventories], named, command.limit);
    refuseParts(playbooks, command);
  }
  const odd = [...checkTags(playbooks, command), ...findMisspelt(extraVars, use, inventories)];
  if (command.startAtTask !== undefined) await checkStart(playbooks, command.startAtTask, command);
  const chosen = playbooks.flatMap((each) => each.playbook.plays.flatMap((play) => each.hostsOf(play)));
  const oddHosts = checkConnections(new Set(chosen));
  const counted = tellCounted(command.limit, chosen);
  const [first] = inventories;
  return {
    playbooks,
    inventory: first ? withLocalhost(first) : new Map(),
    groups: createGroups(sources, playbooks),
    live: sources,
    inventorySources: sources.names,
    extraVars,
    warnings: [
      ...new Set([...[...inventories].flatMap((each) => each.warnings), ...oddHosts, ...odd, ...counted]),
    ],
  };
}

/**
 * While programs of the user's run, which Ctrl-C in a terminal does not reach: it ends them, and the work throws
 * `interrupted`.
 */
export async function untilStopped<T>(
  environment: Environment,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const release = environment.onStopSignal(() => {
    if (stop.signal.aborted) environment.exitNow(130);
    stop.abort();
  });
  try {
    const result = await work(stop.signal);
    if (stop.signal.aborted) throw new ZrunError('interrupted', 'the run was stopped');
    return result;
  } finally {
    release();
  }
}

/** `web[1:3]` counts among the hosts of web, as in Ansible; who means the names web1 to web3 must see that. */
function tellCounted(limit: string | undefined, chosen: readonly Host[]): readonly string[] {
  if (limit === undefined || !/\w\[-?\d[\d:-]*\]/.test(limit)) return [];
  const names = [...new Set(chosen.map(({ name }) => name))];
  const shown =
    names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ');
  return [
    `the limit '${limit}' counts hosts by their place, from 0, as in Ansible; it takes ${shown || 'none'}`,
  ];
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

/** `localhost` is there even where the inventory does not name it, as in Ansible. */
function withLocalhost({ hosts, implicitLocalhost }: Inventory): ReadonlyMap<string, Host> {
  return hosts.has('localhost') ? hosts : new Map([...hosts, ['localhost', implicitLocalhost]]);
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

/** `brought`: globs of the hosts and groups that playbooks before this one may bring. */
async function chooseHosts(
  playbook: Playbook,
  sources: InventorySources,
  limit: Limit | undefined,
  brought: readonly string[],
): Promise<LoadedPlaybook> {
  const hosts = new Map<Play, { readonly of: Inventory; readonly hosts: readonly Host[] }>();
  const whole = new Map<Inventory, ReadonlyMap<string, Host>>();
  const open = new Set<Play>();
  const errors: ZrunError[] = [];
  // As in Ansible, a limit is about all plays, whatever each of them can know.
  const ofAll = [...brought, ...playbook.plays.flatMap(({ brings }) => brings)];
  const before = [...brought];
  for (const play of playbook.plays) {
    try {
      const inventory = await sources.forPlaybooksIn(play.folder);
      const mayCome = before.length === 0 ? undefined : nameMatcher(before);
      const limitMayCome = ofAll.length === 0 ? undefined : nameMatcher(ofAll);
      if (mayCome) open.add(play);
      hosts.set(play, {
        of: inventory,
        hosts: selectHosts(inventory, play.hosts, limit, { at: play.at, mayCome, limitMayCome }),
      });
    } catch (error) {
      for (const each of errorsIn(error)) errors.push(each);
    }
    before.push(...play.brings);
  }
  throwAll(errors);
  return {
    playbook,
    isOpen: (play) => open.has(play),
    hostsOf(play) {
      const known = hosts.get(play);
      if (!open.has(play)) return known?.hosts ?? [];
      const inventory = sources.now(play.folder);
      if (known?.of === inventory) return known.hosts;
      // What has not come by now is no mistake any more: the play has no host, which is said.
      const options = { at: play.at, mayCome: () => true, limitMayCome: () => true };
      const chosen = selectHosts(inventory, play.hosts, limit, options);
      hosts.set(play, { of: inventory, hosts: chosen });
      return chosen;
    },
    inventoryOf(play) {
      const inventory = sources.now(play.folder);
      const known = whole.get(inventory);
      if (known) return known;
      const all = withLocalhost(inventory);
      // Of those that are past, nobody asks again.
      whole.clear();
      whole.set(inventory, all);
      return all;
    },
  };
}

function nameMatcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = [...new Set(globs)].map(globToRegex);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** A run without a host would end well and have done nothing: hardly what was meant. */
function refuseNoHosts(
  playbooks: readonly LoadedPlaybook[],
  inventories: readonly Inventory[],
  sources: readonly string[],
  limit: string | undefined,
): void {
  const plays = playbooks.flatMap((each) => each.playbook.plays.map((play) => each.hostsOf(play)));
  if (plays.length === 0 || plays.some((hosts) => hosts.length > 0)) return;
  throw new ZrunError('no-hosts', 'no play has a host to work on', { hint: hint() });

  function hint(): string {
    if (inventories.every(({ hosts }) => hosts.size === 0))
      return `the inventory is empty: ${sources.join(', ')}`;
    if (limit === undefined) return 'zrun … --list-hosts shows what each play takes';
    return `the limit '${limit}' leaves none of the hosts that the plays name`;
  }
}

/** A misspelt name would run nothing, and end well. Throws ZrunError `usage`. */
async function checkStart(
  playbooks: readonly LoadedPlaybook[],
  name: string,
  { tags, skipTags }: Pick<RunCommand, 'tags' | 'skipTags'>,
): Promise<void> {
  const [{ findStart, noStart }, { createTagFilter }] = await Promise.all([
    import('../engine/start.js'),
    import('../engine/tags.js'),
  ]);
  const plays = playbooks.flatMap((each) =>
    each.playbook.plays.map((play) => ({ play, hosts: each.hostsOf(play) })),
  );
  const filter = createTagFilter(tags, skipTags);
  if (!findStart(plays, name, filter)) throw noStart(plays, name, filter);
}

/** What is no ZrunError is a bug and goes on as one. */
function errorsIn(thrown: unknown): readonly ZrunError[] {
  if (thrown instanceof ZrunError) return [thrown];
  if (thrown instanceof ZrunErrors) return thrown.errors;
  throw thrown;
}
