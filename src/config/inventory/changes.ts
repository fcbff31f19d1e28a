/**
 * Owns what a run changes in its inventory: `add_host` and `group_by`, applied to the tables of a source reader as Ansible
 * applies them. How hosts and their variables are made of the tables is known next door.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Place } from '../../core/errors.js';
import type { InventoryChange } from '../../core/host.js';
import type { Value } from '../../core/value.js';
import type { BuiltGroup, InventoryBuilder } from './builder.js';
import { checkName } from './names.js';
import { plainVariable } from './variable.js';
import { errorAt, throwFindings } from '../source/findings.js';

interface Applied {
  /** False: all of it was there before. */
  readonly isNew: boolean;
  /** Takes back what was new. The builder must be finished anew afterwards. */
  undo(): void;
}

/** What a change is about, and who asks for it. */
export interface Asked {
  readonly change: InventoryChange;
  /** The host that walks. */
  readonly host: string;
  readonly at: Place;
}

/** The host that a change adds, or is about. */
export function hostOf({ change, host }: Asked): string {
  return change.type === 'host' ? change.name : host;
}

/**
 * Throws ZrunError `inventory-invalid` where a name cannot be one, and changes nothing then. Source: ansible-core's
 * InventoryManager.add_dynamic_host and add_dynamic_group.
 */
export function applyChange(builder: InventoryBuilder, asked: Asked): Applied {
  const undoing: (() => void)[] = [];
  const apply = asked.change.type === 'host' ? addHost : addGroup;
  const steps: Steps = {
    builder,
    at: asked.at,
    did: (undo) => void undoing.unshift(undo),
  };
  apply(steps, asked);
  return {
    isNew: undoing.length > 0,
    undo() {
      for (const undo of undoing) undo();
    },
  };
}

interface Steps {
  readonly builder: InventoryBuilder;
  readonly at: Place;
  /** Something new, and how it is taken back. */
  readonly did: (undo: () => void) => void;
}

function addHost(steps: Steps, { change, at }: Asked): void {
  if (change.type !== 'host') return;
  const { builder } = steps;
  const { name, port } = change;
  if (port !== undefined && (port < 1 || port > 65_535))
    throw errorAt(at, 'inventory-invalid', `the port in '${name}:${port}' must be from 1 to 65535`);
  checkNames('host', [name], at);
  checkNames('group', change.groups, at);
  if (!builder.hosts.has(name)) {
    builder.beginSource(undefined);
    builder.addHost(name, 'all', at);
    steps.did(() => builder.forgetHost(name));
  }
  const vars = builder.hosts.get(name)?.vars;
  const given: readonly (readonly [string, Value])[] = [
    ...Object.entries(change.vars),
    // By Ansible's older name, and over what is given by it.
    ...(port === undefined ? [] : [['ansible_ssh_port', port] as const]),
  ];
  for (const [variable, value] of given) {
    const before = vars?.get(variable);
    if (before && isDeepStrictEqual(before.written, value)) continue;
    vars?.set(variable, plainVariable(value, at));
    steps.did(() => {
      if (before) vars?.set(variable, before);
      else vars?.delete(variable);
    });
  }
  for (const group of change.groups) joinGroup(steps, groupOf(steps, group), name);
}

function addGroup(steps: Steps, { change, host, at }: Asked): void {
  if (change.type !== 'group') return;
  const { builder } = steps;
  const { name, parents } = change;
  checkNames('group', [name, ...parents], at);
  for (const parent of parents) refuseCircle(builder, parent, name, at);
  const group = groupOf(steps, name);
  for (const parent of parents) {
    const above = groupOf(steps, parent);
    if (above.children.has(name)) continue;
    builder.addChild(parent, name, at);
    steps.did(() => {
      above.children.delete(name);
      group.parents.delete(parent);
    });
  }
  if (!isBelow(builder, group, host)) joinGroup(steps, group, host);
}

function groupOf({ builder, at, did }: Steps, name: string): BuiltGroup {
  const known = builder.groups.get(name);
  if (known) return known;
  did(() => builder.forgetGroup(name));
  return builder.addGroup(name, at);
}

function joinGroup({ did }: Steps, { hosts }: BuiltGroup, host: string): void {
  if (hosts.has(host)) return;
  hosts.add(host);
  did(() => void hosts.delete(host));
}

/** The host is in the group, or in one below it. */
function isBelow({ groups }: InventoryBuilder, group: BuiltGroup, host: string): boolean {
  const below = new Set([group]);
  for (const each of below) {
    if (each.hosts.has(host)) return true;
    for (const child of each.children) {
      const found = groups.get(child);
      if (found) below.add(found);
    }
  }
  return false;
}

function refuseCircle({ groups }: InventoryBuilder, parent: string, child: string, at: Place): void {
  const above = new Set([parent]);
  for (const name of above) for (const higher of groups.get(name)?.parents ?? []) above.add(higher);
  if (!above.has(child)) return;
  throw errorAt(
    at,
    'inventory-invalid',
    `the group '${child}' would hold itself: '${parent}' cannot be its parent`,
  );
}

function checkNames(what: 'host' | 'group', names: readonly string[], at: Place): void {
  for (const name of names) checkName(what, name, at, throwFindings);
}
