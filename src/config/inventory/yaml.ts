/**
 * Owns the YAML form of an inventory, as Ansible has it: groups at the top, each with hosts, children and vars.
 */
import { nearest } from '../../core/errors.js';
import type { BuiltGroup, InventoryBuilder } from './builder.js';
import { checkName, readHosts } from './names.js';
import { variablesOf, type InventoryVariables } from './variable.js';
import { errorAt, type Report } from '../source/findings.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../yaml/yaml.js';

const groupKeys = ['hosts', 'children', 'vars'];

const none: InventoryVariables = new Map();

export function readYamlInventory(root: YamlNode, builder: InventoryBuilder): void {
  if (isEmpty(root)) return;
  if (root.kind !== 'map') {
    refuseRoot(root, builder.report);
    return;
  }
  const plugin = root.entries.get('plugin');
  if (plugin) {
    refusePlugin(plugin, builder.report);
    return;
  }
  for (const entry of root.entries.values()) readGroup(entry, undefined, builder);
}

function refuseRoot(root: YamlNode, report: Report): void {
  const [first] = root.kind === 'list' ? root.items : [];
  const isPlaybook = first?.kind === 'map' && (first.entries.has('tasks') || first.entries.has('hosts'));
  report(
    errorAt(
      { ...root.at, end: root.at.start + 1 },
      'inventory-invalid',
      isPlaybook
        ? 'this is a playbook, not an inventory'
        : `an inventory is a map of groups, but this is ${describeNode(root)}`,
      isPlaybook
        ? 'give the inventory with -i, and the playbook without'
        : "begin with 'all:' and, below it, 'hosts:'",
    ),
  );
}

function refusePlugin({ keyAt, value }: MapEntry, report: Report): void {
  const name = value.kind === 'scalar' && typeof value.value === 'string' ? ` '${value.value}'` : '';
  const file = keyAt.source.name;
  report(
    errorAt(
      keyAt,
      'inventory-invalid',
      `this file sets up Ansible's inventory plugin${name}, and zrun has no inventory plugins`,
      `let Ansible ask it: put 'exec ansible-inventory -i ${file} --list' into an executable script, and give that with -i`,
    ),
  );
}

function readGroup(entry: MapEntry, parent: BuiltGroup | undefined, builder: InventoryBuilder): void {
  const { key: name, keyAt: at, value } = entry;
  const { report } = builder;
  if (groupKeys.includes(name) && parent === undefined) {
    const message = `'${name}' stands at the top, where the names of groups belong`;
    report(errorAt(at, 'inventory-invalid', message, `write 'all:' above it, and indent it`));
    return;
  }
  if (!checkName('group', name, at, report)) return;
  const group = builder.addGroup(name, at);
  if (value.kind === 'map') readParts(value, group, builder);
  else if (!isEmpty(value)) {
    const hint = `write 'hosts:' below '${name}:', and the hosts below that, each with a colon`;
    report(
      errorAt(
        value.at,
        'inventory-invalid',
        `the group '${name}' must be a map, but is ${describeNode(value)}`,
        hint,
      ),
    );
  }
  // Its own children come first, as Ansible goes about it: the order of groups follows from that.
  if (parent) builder.addChild(parent.name, name, at);
}

function readParts(map: MapNode, group: BuiltGroup, builder: InventoryBuilder): void {
  const { report } = builder;
  for (const part of map.entries.values()) {
    if (part.key === 'hosts') readGroupHosts(part, group, builder);
    else if (part.key === 'children') {
      for (const child of mapOf(part, 'groups', report)) readGroup(child, group, builder);
    } else if (part.key === 'vars') {
      const [first] = mapOf(part, 'variables', report);
      if (!first || part.value.kind !== 'map') continue;
      for (const [name, variable] of variablesOf(part.value))
        builder.setGroupVariable(group.name, name, variable);
    } else {
      const near = nearest(part.key, groupKeys);
      const hint = near
        ? `did you mean '${near}'?`
        : 'a group has hosts, children and vars; its hosts stand below hosts:, its variables below vars:';
      report(errorAt(part.keyAt, 'inventory-invalid', `a group has no '${part.key}'`, hint));
    }
  }
}

function readGroupHosts(entry: MapEntry, group: BuiltGroup, builder: InventoryBuilder): void {
  const { report } = builder;
  for (const { key, keyAt, value } of mapOf(entry, 'hosts', report)) {
    let vars = none;
    if (value.kind === 'map') vars = variablesOf(value);
    else if (!isEmpty(value)) {
      const message = `the variables of '${key}' must be a map, but are ${describeNode(value)}`;
      report(
        errorAt(
          value.at,
          'inventory-invalid',
          message,
          `to give its address, write 'ansible_host: …' below '${key}:'`,
        ),
      );
    }
    const { names, port } = readHosts(key, keyAt, report);
    for (const name of names) {
      const host = builder.addHost(name, group.name, keyAt, port);
      for (const [variable, template] of vars) host.vars.set(variable, template);
    }
  }
}

/** The entries of a map; a single word stands for a map of it. None where there is something else, which is reported. */
function mapOf(entry: MapEntry, of: string, report: Report): Iterable<MapEntry> {
  const { key, value } = entry;
  if (value.kind === 'map') return value.entries.values();
  if (isEmpty(value)) return [];
  if (of !== 'variables' && value.kind === 'scalar' && typeof value.value === 'string') {
    return [{ key: value.value, keyAt: value.at, value: { ...value, value: null } }];
  }
  const hint =
    of === 'variables' ? "write 'name: value'" : "write each name with a colon, as in 'web1:', without '- '";
  report(
    errorAt(
      value.at,
      'inventory-invalid',
      `'${key}' must be a map of ${of}, but is ${describeNode(value)}`,
      hint,
    ),
  );
  return [];
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
