/**
 * Owns whose variable wins: the layers that make up a host's variables, weakest first, in Ansible's order. Groups of
 * hosts that have the same layers share them.
 */
import type { BuiltGroup, BuiltHost, InventoryBuilder } from './builder.js';
import { byCodePoint, type VarsFolders } from './vars-files.js';
import type { InventoryVariable, InventoryVariables } from './variable.js';

/** The folders whose `group_vars/` and `host_vars/` count; the later over the earlier. */
interface VarsPlaces {
  /** Of the inventory's sources, in the order of -i. */
  readonly inventory: readonly string[];
  /** The playbook's folder, which wins over all of the inventory's for the same group or host. */
  readonly playbook: string | undefined;
}

interface LayeredHost {
  readonly built: BuiltHost;
  /** Every group that holds it, `all` first, then by depth, priority and name. */
  readonly groups: readonly BuiltGroup[];
  /** All of its variables. Shared with other hosts where it has none of its own. */
  readonly vars: ReadonlyMap<string, InventoryVariable>;
  /** Its own alone, without its groups'. */
  readonly own: InventoryVariables;
}

export interface LayeredInventory {
  readonly hosts: ReadonlyMap<string, LayeredHost>;
  /** Of each group: its own variables, with those of the folders. */
  groupVariables(group: BuiltGroup): Promise<InventoryVariables>;
  /** Sorted as those of a LayeredHost. Empty for a host that is in none. */
  groupsOf(host: string): readonly BuiltGroup[];
  /** For a host that no source names: its groups' variables, those of `all` at least, and what folders say of its name. */
  implicitHost(name: string): Promise<InventoryVariables>;
  /** For hosts of which only the name is known: the variables of `all`. */
  ofStrangers(): Promise<InventoryVariables>;
}

/**
 * Source: ansible-core's VARIABLE_PRECEDENCE and variable manager. `all` in the sources, other groups in the sources,
 * `group_vars/all` beside them, then beside the playbook, other groups' `group_vars`, likewise, and the host's own.
 */
export async function layerHosts(
  builder: InventoryBuilder,
  order: readonly string[],
  folders: VarsFolders,
  places: VarsPlaces,
): Promise<LayeredInventory> {
  const depths = measureDepths(builder.groups);
  const compare = (a: BuiltGroup, b: BuiltGroup): number =>
    (depths.get(a.name) ?? 0) - (depths.get(b.name) ?? 0) ||
    a.priority - b.priority ||
    byCodePoint(a.name, b.name);
  const groupsOf = createGroupFinder(builder, compare);

  const shared = new Map<string, Promise<ReadonlyMap<string, InventoryVariable>>>();
  const sharedLayer = (groups: readonly BuiltGroup[]): Promise<ReadonlyMap<string, InventoryVariable>> => {
    const key = groups.map((group) => group.name).join('\n');
    const known = shared.get(key) ?? mergeGroups(groups, folders, places);
    shared.set(key, known);
    return known;
  };

  const withOrigin = new Map<ReadonlyMap<string, InventoryVariable>, Map<unknown, InventoryVariables>>();
  const hosts = new Map<string, LayeredHost>();
  for (const name of order) {
    const built = builder.hosts.get(name);
    if (!built) continue;
    const groups = groupsOf(name);
    const fromGroups = await sharedLayer(groups);
    const own = await ownVariables(built, folders, places);
    const origins = withOrigin.get(fromGroups) ?? new Map<unknown, InventoryVariables>();
    withOrigin.set(fromGroups, origins);
    const base = origins.get(built.origin) ?? merge([fromGroups, built.origin.vars]);
    origins.set(built.origin, base);
    hosts.set(name, { built, groups, own, vars: own.size === 0 ? base : merge([base, own]) });
  }

  const all = builder.groups.get('all');
  const everywhere = [...places.inventory, ...(places.playbook === undefined ? [] : [places.playbook])];
  return {
    hosts,
    groupsOf,
    async groupVariables(group) {
      const layers = everywhere.map((folder) => folders.read(folder, 'group_vars', group.name));
      return merge([group.vars, ...(await Promise.all(layers))]);
    },
    async ofStrangers() {
      return merge([await sharedLayer(all ? [all] : [])]);
    },
    async implicitHost(name) {
      const groups = groupsOf(name);
      const own = everywhere.map((folder) => folders.read(folder, 'host_vars', name));
      const above = groups.length > 0 || !all ? groups : [all];
      return merge([await sharedLayer(above), ...(await Promise.all(own))]);
    },
  };
}

async function mergeGroups(
  groups: readonly BuiltGroup[],
  folders: VarsFolders,
  { inventory, playbook }: VarsPlaces,
): Promise<InventoryVariables> {
  const all = groups.filter((group) => group.name === 'all');
  const others = groups.filter((group) => group.name !== 'all');
  const beside = async (some: readonly BuiltGroup[]): Promise<InventoryVariables[]> => {
    const layers: InventoryVariables[] = [];
    for (const folder of [...inventory, ...(playbook === undefined ? [] : [playbook])]) {
      for (const group of some) layers.push(await folders.read(folder, 'group_vars', group.name));
    }
    return layers;
  };
  return merge([
    ...all.map((group) => group.vars),
    ...others.map((group) => group.vars),
    ...(await beside(all)),
    ...(await beside(others)),
  ]);
}

async function ownVariables(
  host: BuiltHost,
  folders: VarsFolders,
  { inventory, playbook }: VarsPlaces,
): Promise<InventoryVariables> {
  const layers: InventoryVariables[] = [];
  for (const folder of [...inventory, ...(playbook === undefined ? [] : [playbook])]) {
    const found = await folders.read(folder, 'host_vars', host.name);
    if (found.size > 0) layers.push(found);
  }
  return layers.length === 0 ? host.vars : merge([host.vars, ...layers]);
}

function merge(layers: readonly InventoryVariables[]): InventoryVariables {
  const merged = new Map<string, InventoryVariable>();
  for (const layer of layers) for (const [name, variable] of layer) merged.set(name, variable);
  return merged;
}

/** The longest way from `all`: a child's variables win over its parents'. */
function measureDepths(groups: ReadonlyMap<string, BuiltGroup>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const waiting = new Map([...groups.values()].map((group) => [group.name, group.parents.size]));
  const ready = [...groups.values()].filter((group) => group.parents.size === 0);
  for (let group = ready.pop(); group; group = ready.pop()) {
    const depth = depths.get(group.name) ?? 0;
    depths.set(group.name, depth);
    for (const name of group.children) {
      depths.set(name, Math.max(depths.get(name) ?? 0, depth + 1));
      const left = (waiting.get(name) ?? 0) - 1;
      waiting.set(name, left);
      const child = groups.get(name);
      if (left === 0 && child) ready.push(child);
    }
  }
  return depths;
}

/** The sorted groups of a host, each list made once for all hosts that stand in the same groups. */
function createGroupFinder(
  { groups }: InventoryBuilder,
  compare: (a: BuiltGroup, b: BuiltGroup) => number,
): (host: string) => readonly BuiltGroup[] {
  const direct = new Map<string, string[]>();
  for (const group of groups.values()) {
    for (const host of group.hosts) {
      const names = direct.get(host);
      if (names) names.push(group.name);
      else direct.set(host, [group.name]);
    }
  }
  const lists = new Map<string, readonly BuiltGroup[]>();
  return (host) => {
    const names = direct.get(host) ?? [];
    const key = names.join('\n');
    const known = lists.get(key);
    if (known) return known;
    const found = new Set<BuiltGroup>();
    const waiting = [...names];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const group = groups.get(name);
      if (!group || found.has(group)) continue;
      found.add(group);
      waiting.push(...group.parents);
    }
    const list = [...found].sort(compare);
    lists.set(key, list);
    return list;
  };
}
