/**
 * Owns the groups and hosts of an inventory while its sources are read, one after the other into the same tables, as
 * Ansible does it. Knows no format, and not whose variable wins.
 */
import type { Place } from '../../core/errors.js';
import { keepSecret, passwordNames } from '../../core/secret.js';
import { constant } from '../template/template.js';
import { plainVariable, type InventoryVariable } from './variable.js';
import { errorAt, type Report } from '../source/findings.js';

export interface BuiltGroup {
  readonly name: string;
  /** Where it is named first; undefined for `all` and `ungrouped`, which are always there. */
  at: Place | undefined;
  /** Its own, not its children's; as `children`, in the order in which they were named. */
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly parents: Set<string>;
  readonly vars: Map<string, InventoryVariable>;
  /** `ansible_group_priority`: among groups of one depth the greater one wins. */
  priority: number;
}

export interface BuiltHost {
  readonly name: string;
  readonly at: Place;
  readonly vars: Map<string, InventoryVariable>;
  /** The source that named it first. */
  readonly origin: Origin;
}

/** What hosts of one source share. */
interface Origin {
  /** `inventory_file` and `inventory_dir`: absolute, or null for hosts from the command line. */
  readonly vars: ReadonlyMap<string, InventoryVariable>;
}

export interface InventoryBuilder {
  readonly groups: ReadonlyMap<string, BuiltGroup>;
  readonly hosts: ReadonlyMap<string, BuiltHost>;
  readonly report: Report;
  /** For what is odd but does no harm. */
  readonly warn: Report;
  /** What is read from here on comes from this file. */
  beginSource(file: string | undefined): void;
  addGroup(name: string, at: Place | undefined): BuiltGroup;
  addHost(name: string, group: string, at: Place, port?: number): BuiltHost;
  /** Reports a group that would hold itself. Both must be there. */
  addChild(parent: string, child: string, at: Place | undefined): void;
  setGroupVariable(group: string, name: string, variable: InventoryVariable): void;
  /**
   * To be called when all is read, and again after a change: every group hangs below `all`, and hosts without a group are
   * `ungrouped`.
   */
  finish(): void;
  /** Takes back what was added. Of a group, nothing may be in it any more. */
  forgetHost(name: string): void;
  forgetGroup(name: string): void;
}

export function createInventoryBuilder(report: Report, warn: Report): InventoryBuilder {
  const groups = new Map<string, BuiltGroup>();
  const hosts = new Map<string, BuiltHost>();
  let origin = originOf(undefined);

  const builder: InventoryBuilder = {
    groups,
    hosts,
    report,
    warn,
    beginSource(file) {
      origin = originOf(file);
    },
    addGroup(name, at) {
      const known = groups.get(name);
      if (known) {
        known.at ??= at;
        return known;
      }
      const group = emptyGroup(name, at);
      groups.set(name, group);
      return group;
    },
    addHost(name, group, at, port) {
      groups.get(group)?.hosts.add(name);
      const known = hosts.get(name);
      if (known) return known;
      const host: BuiltHost = { name, at, vars: new Map(), origin };
      // As Ansible has it, the port that stands behind a name counts only where the host is named first.
      if (port !== undefined) host.vars.set('ansible_port', plainVariable(port, at));
      hosts.set(name, host);
      return host;
    },
    addChild(parent, child, at) {
      const [above, below] = [groups.get(parent), groups.get(child)];
      if (!above || !below || above.children.has(child)) return;
      const circle = wayUp(groups, parent, child);
      if (circle) {
        const way = [...circle, child].join(' → ');
        report(
          errorAt(
            at,
            'inventory-invalid',
            `the group '${child}' holds itself: ${way}`,
            "take one of them out of the other's children",
          ),
        );
        return;
      }
      above.children.add(child);
      below.parents.add(parent);
    },
    setGroupVariable(name, variable, value) {
      const group = groups.get(name);
      if (variable === 'ansible_group_priority') setPriority(group, value, report);
      else group?.vars.set(variable, value);
    },
    finish() {
      for (const { vars } of [...groups.values(), ...hosts.values()]) keepPasswords(vars);
      for (const group of groups.values()) {
        if (group.name !== 'all' && group.parents.size === 0) builder.addChild('all', group.name, group.at);
      }
      const ungrouped = builder.addGroup('ungrouped', undefined);
      gatherUngrouped(builder, ungrouped);
    },
    forgetHost(name) {
      hosts.delete(name);
      for (const group of groups.values()) group.hosts.delete(name);
    },
    forgetGroup(name) {
      for (const parent of groups.get(name)?.parents ?? []) groups.get(parent)?.children.delete(name);
      groups.delete(name);
    },
  };
  builder.addGroup('all', undefined);
  builder.addGroup('ungrouped', undefined);
  builder.addChild('all', 'ungrouped', undefined);
  return builder;
}

function emptyGroup(name: string, at: Place | undefined): BuiltGroup {
  return {
    name,
    at,
    hosts: new Set(),
    children: new Set(),
    parents: new Set(),
    vars: new Map(),
    priority: 1,
  };
}

/** Hosts that are in no other group but `all`. */
function gatherUngrouped({ groups, hosts, warn }: InventoryBuilder, ungrouped: BuiltGroup): void {
  const grouped = new Set<string>();
  for (const group of groups.values()) {
    if (group.name === 'all' || group === ungrouped) continue;
    for (const host of group.hosts) grouped.add(host);
  }
  for (const name of hosts.keys()) {
    if (grouped.has(name)) ungrouped.hosts.delete(name);
    else ungrouped.hosts.add(name);
    if (groups.has(name) && name !== 'all') {
      const at = hosts.get(name)?.at;
      warn(errorAt(at, 'inventory-invalid', `'${name}' is the name of a host and of a group`));
    }
  }
}

/** From `child` down to `parent`, where `child` is `parent` itself or above it. */
function wayUp(
  groups: ReadonlyMap<string, BuiltGroup>,
  parent: string,
  child: string,
): readonly string[] | undefined {
  const below = new Map<string, string | undefined>([[parent, undefined]]);
  const waiting = [parent];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === child) {
      const way: string[] = [];
      for (let step: string | undefined = name; step !== undefined; step = below.get(step)) way.push(step);
      return way;
    }
    for (const above of groups.get(name)?.parents ?? []) {
      if (below.has(above)) continue;
      below.set(above, name);
      waiting.push(above);
    }
  }
  return undefined;
}

/** Of a template, its parts are secrets of their own, or none. */
function keepPasswords(vars: ReadonlyMap<string, InventoryVariable>): void {
  for (const name of passwordNames) {
    const written = vars.get(name)?.written;
    if (typeof written === 'number' || (typeof written === 'string' && !written.includes('{{')))
      keepSecret(String(written));
  }
}

function setPriority(group: BuiltGroup | undefined, variable: InventoryVariable, report: Report): void {
  const { written } = variable;
  const isNumber =
    typeof written === 'number' || (typeof written === 'string' && /^\s*[-+]?\d+\s*$/.test(written));
  if (isNumber && group) {
    group.priority = Math.trunc(Number(written));
    return;
  }
  report(
    errorAt(
      variable.at,
      'inventory-invalid',
      "'ansible_group_priority' must be a whole number",
      'among groups of one depth the one with the greater number wins',
    ),
  );
}

function originOf(file: string | undefined): Origin {
  const at = { source: { name: file ?? '--inventory', text: '' }, start: 0, end: 0 };
  const folder = file?.replace(/\/[^/]*$/, '') ?? null;
  return {
    vars: new Map([
      ['inventory_file', { ...constant(file ?? null, at), written: file ?? null }],
      ['inventory_dir', { ...constant(folder === '' ? '/' : folder, at), written: folder }],
    ]),
  };
}
