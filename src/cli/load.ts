/**
 * Owns the way from the words of a command line to playbooks and hosts: which files are read, and that everything that
 * is wrong in them is said in one go, before any host is touched.
 */
import { loadInventory, loadPlaybook, parseExtraVars, selectHosts, type Inventory } from '../config/index.js';
import { throwAll, ZrunError, ZrunErrors } from '../core/errors.js';
import type { Host } from '../core/host.js';
import type { Play, Playbook, VarsTemplate } from '../core/plan.js';
import type { PlaybookRun } from '../engine/index.js';
import { modules } from '../modules/index.js';
import type { RunCommand } from './command-line.js';
import type { Environment } from './environment.js';

export interface Loaded {
  readonly playbooks: readonly LoadedPlaybook[];
  /** Every host, `localhost` among them. */
  readonly inventory: ReadonlyMap<string, Host>;
  /** Host names of each group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly extraVars: VarsTemplate;
  /** What is odd but does no harm. */
  readonly warnings: readonly string[];
}

/** What a run needs, but for the answers of the user. */
export type LoadedPlaybook = Omit<PlaybookRun, 'answersOf'>;

/** Throws ZrunError or ZrunErrors with everything that is wrong. */
export async function load(command: RunCommand, { cwd, env }: Environment): Promise<Loaded> {
  const sources = inventorySources(command, env);
  const extraVars = await parseExtraVars(command.extraVars, { cwd });
  const inventory = await loadInventory(sources, {
    cwd,
    extraVars,
    remoteUser: command.user,
    privateKeyFile: command.privateKey,
  });
  const errors: ZrunError[] = [];
  const playbooks: LoadedPlaybook[] = [];
  for (const file of command.playbooks) {
    try {
      const playbook = await loadPlaybook(file, { modules, cwd, inventory, extraVars });
      playbooks.push(chooseHosts(playbook, inventory, command.limit));
    } catch (error) {
      errors.push(...errorsIn(error));
    }
  }
  throwAll(errors);
  refuseNoHosts(playbooks, command.limit);
  return {
    playbooks,
    inventory: inventoryHosts(inventory),
    groups: Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts])),
    extraVars,
    warnings: inventory.warnings,
  };
}

/** `localhost` is there even where the inventory does not name it, as in Ansible. */
function inventoryHosts({ hosts, implicitLocalhost }: Inventory): ReadonlyMap<string, Host> {
  return hosts.has('localhost') ? hosts : new Map([...hosts, ['localhost', implicitLocalhost]]);
}

function inventorySources({ inventory }: RunCommand, env: Environment['env']): readonly string[] {
  if (inventory.length > 0) return inventory;
  const fromEnvironment = env['ZRUN_INVENTORY'];
  if (fromEnvironment) return [fromEnvironment];
  throw new ZrunError('usage', 'no inventory is given', {
    hint: 'Name the hosts with -i hosts.yaml (or -i web1,web2,) or set ZRUN_INVENTORY; for this machine: -i localhost,',
  });
}

function chooseHosts(playbook: Playbook, inventory: Inventory, limit: string | undefined): LoadedPlaybook {
  const hosts = new Map<Play, readonly Host[]>();
  const errors: ZrunError[] = [];
  for (const play of playbook.plays) {
    try {
      hosts.set(play, selectHosts(inventory, play.hosts, limit, { at: play.at }));
    } catch (error) {
      errors.push(...errorsIn(error));
    }
  }
  throwAll(errors);
  return { playbook, hostsOf: (play) => hosts.get(play) ?? [] };
}

/** A run without a host would end well and have done nothing: hardly what was meant. */
function refuseNoHosts(playbooks: readonly LoadedPlaybook[], limit: string | undefined): void {
  const plays = playbooks.flatMap((each) => each.playbook.plays.map((play) => each.hostsOf(play)));
  if (plays.length === 0 || plays.some((hosts) => hosts.length > 0)) return;
  throw new ZrunError('no-hosts', 'no play has a host to work on', {
    hint:
      limit === undefined
        ? 'zrun … --list-hosts shows what each play takes'
        : `the limit '${limit}' leaves none of the hosts that the plays name`,
  });
}

/** What is no ZrunError is a bug and goes on as one. */
function errorsIn(thrown: unknown): readonly ZrunError[] {
  if (thrown instanceof ZrunError) return [thrown];
  if (thrown instanceof ZrunErrors) return thrown.errors;
  throw thrown;
}
