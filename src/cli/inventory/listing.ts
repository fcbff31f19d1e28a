/**
 * Owns the forms in which an inventory is shown: those of `ansible-inventory`, name for name.
 */
import { formatPython, type Group, type Inventory } from '../../config/index.js';
import type { Value, ValueMap } from '../../core/value.js';

export interface Listing {
  /** Where hosts and their variables are taken from. */
  readonly hosts: Inventory;
  /** Where groups' own variables are taken from. */
  readonly groups: Inventory;
  readonly isChosen: (host: string) => boolean;
  /** Hosts show their own variables alone, and groups theirs. */
  readonly isExport: boolean;
  /** They win over everything. */
  readonly extraVars: ValueMap;
}

/** What ansible-inventory leaves out, for it belongs to a run. Source: INTERNAL_VARS in its cli/inventory.py. */
const internal: readonly string[] = [
  'ansible_diff_mode',
  'ansible_config_file',
  'ansible_facts',
  'ansible_forks',
  'ansible_inventory_sources',
  'ansible_limit',
  'ansible_playbook_python',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_verbosity',
  'ansible_version',
  'inventory_dir',
  'inventory_file',
  'inventory_hostname',
  'inventory_hostname_short',
  'groups',
  'group_names',
  'omit',
  'playbook_dir',
];

export function variablesOfHost(name: string, { hosts, isExport, extraVars }: Listing): ValueMap {
  const host = hosts.hosts.get(name) ?? hosts.implicitLocalhost;
  const isImplicit = !hosts.hosts.has(name);
  return shown({
    ...(isImplicit && { ansible_connection: 'local' }),
    ...(isExport ? host.written.own() : { ...host.written.all(), ...extraVars }),
  });
}

function shown(vars: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(vars).filter(([name]) => !internal.includes(name)));
}

function variablesOfGroup({ written, priority }: Group): ValueMap {
  return shown({ ...written, ...(priority !== 1 && { ansible_group_priority: priority }) });
}

/** `--list`: each group with its own hosts and its children, and the variables of each host. */
export function listAsJson(listing: Listing): ValueMap {
  const { hosts, groups, isChosen, isExport } = listing;
  const listed: [string, Value][] = [];
  for (const group of groups.groups.values()) {
    const own = group.name === 'all' ? [] : group.ownHosts.filter(isChosen);
    const parts = withoutEmpty({
      hosts: own,
      children: group.children,
      ...(isExport && { vars: variablesOfGroup(group) }),
    });
    if (Object.keys(parts).length > 0) listed.push([group.name, parts]);
  }
  const hostVars: [string, Value][] = [];
  for (const name of hosts.hosts.keys()) {
    const vars = isChosen(name) ? variablesOfHost(name, listing) : {};
    if (Object.keys(vars).length > 0) hostVars.push([name, vars]);
  }
  return Object.fromEntries([...listed, ['_meta', { hostvars: Object.fromEntries(hostVars) }]]);
}

/** `--list --yaml`: an inventory that can be read again. A host's variables stand where it is named first. */
export function listAsYaml(listing: Listing): ValueMap {
  const { groups, isChosen, isExport } = listing;
  const seen = new Set<string>();
  const format = (name: string): ValueMap => {
    const group = groups.groups.get(name);
    if (!group) return {};
    const children = Object.fromEntries(group.children.map((child) => [child, format(child)]));
    const own = name === 'all' ? [] : group.ownHosts.filter(isChosen);
    const hosts = own.map((host) => {
      const vars = seen.has(host) ? {} : variablesOfHost(host, listing);
      seen.add(host);
      return [host, vars] as const;
    });
    return withoutEmpty({
      children,
      hosts: Object.fromEntries(hosts),
      ...(isExport && { vars: variablesOfGroup(group) }),
    });
  };
  return { all: format('all') };
}

/** `--graph`: groups with an @, hosts below them, each level with a bar. */
export function graphGroup(name: string, listing: Listing, withVars: boolean): string {
  const lines: string[] = [];
  const add = (text: string, depth: number): void => {
    lines.push(depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`);
  };
  const addVars = (vars: ValueMap, depth: number): void => {
    for (const key of Object.keys(vars).sort()) add(`{${key} = ${formatPython(vars[key] ?? null)}}`, depth);
  };
  const addGroup = (group: Group | undefined, depth: number): void => {
    if (!group) return;
    add(`@${group.name}:`, depth);
    for (const child of group.children) addGroup(listing.groups.groups.get(child), depth + 1);
    for (const host of group.name === 'all' ? [] : group.ownHosts.filter(listing.isChosen)) {
      add(host, depth + 1);
      if (withVars) addVars(variablesOfHost(host, listing), depth + 2);
    }
    if (withVars) addVars(variablesOfGroup(group), depth + 1);
  };
  addGroup(listing.groups.groups.get(name), 0);
  return `${lines.join('\n')}\n`;
}

function withoutEmpty(parts: ValueMap): ValueMap {
  return Object.fromEntries(
    Object.entries(parts).filter(([, part]) => part !== null && Object.keys(part).length > 0),
  );
}
