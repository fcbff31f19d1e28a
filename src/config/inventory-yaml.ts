/**
 * Owns the YAML form of an inventory, as Ansible has it: groups at the top, each with hosts, children and vars.
 */
import { nearest, type Source } from '../core/errors.js';
import { expandHosts } from './host-ranges.js';
import type { RawGroup, RawHost } from './inventory.js';
import { errorAt, type Report } from './report.js';
import { compileVars, type CompiledTemplate } from './template.js';
import { describeNode, parseYaml, type MapEntry, type MapNode, type YamlNode } from './yaml.js';

const groupKeys = ['hosts', 'children', 'vars'];

export function parseYamlInventory(source: Source, report: Report): readonly RawGroup[] {
  const root = parseYaml(source, report);
  if (!root || isEmpty(root)) return [];
  if (root.kind !== 'map') {
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
    return [];
  }
  const groups: RawGroup[] = [];
  for (const entry of root.entries.values()) readGroup(entry, groups, report);
  return groups;
}

function readGroup(entry: MapEntry, groups: RawGroup[], report: Report): void {
  const { key: name, keyAt: at, value } = entry;
  if (groupKeys.includes(name)) {
    const message = `'${name}' stands at the top, where the names of groups belong`;
    report(errorAt(at, 'inventory-invalid', message, `write 'all:' above it, and indent it`));
    return;
  }
  checkName('group', name, at, report);
  const empty = new Map<string, never>();
  if (isEmpty(value)) {
    groups.push({ name, at, hosts: empty, children: [], vars: empty });
    return;
  }
  if (value.kind !== 'map') {
    const hint = `write 'hosts:' below '${name}:', and the hosts below that, each with a colon`;
    report(
      errorAt(
        value.at,
        'inventory-invalid',
        `the group '${name}' must be a map, but is ${describeNode(value)}`,
        hint,
      ),
    );
    return;
  }
  const hosts = new Map<string, RawHost>();
  const children: string[] = [];
  let vars: ReadonlyMap<string, CompiledTemplate> = empty;
  for (const part of value.entries.values()) {
    if (part.key === 'hosts') readHosts(part, hosts, report);
    else if (part.key === 'children') {
      for (const child of mapOrNothing(part, 'groups', report)?.entries.values() ?? []) {
        children.push(child.key);
        readGroup(child, groups, report);
      }
    } else if (part.key === 'vars') {
      const map = mapOrNothing(part, 'variables', report);
      if (map) vars = compileVars(map, report);
    } else {
      const near = nearest(part.key, groupKeys);
      const hint = near
        ? `did you mean '${near}'?`
        : 'a group has hosts, children and vars; its hosts stand below hosts:, its variables below vars:';
      report(errorAt(part.keyAt, 'inventory-invalid', `a group has no '${part.key}'`, hint));
    }
  }
  groups.push({ name, at, hosts, children, vars });
}

function readHosts(entry: MapEntry, hosts: Map<string, RawHost>, report: Report): void {
  for (const { key, keyAt, value } of mapOrNothing(entry, 'hosts', report)?.entries.values() ?? []) {
    let vars: ReadonlyMap<string, CompiledTemplate> = new Map();
    if (value.kind === 'map') vars = compileVars(value, report);
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
    for (const name of expandHosts(key, keyAt, report)) {
      checkName('host', name, keyAt, report);
      hosts.set(name, { at: keyAt, vars });
    }
  }
}

/** Undefined where there is nothing, or something else, which is reported. */
function mapOrNothing(entry: MapEntry, of: string, report: Report): MapNode | undefined {
  const { key, value } = entry;
  if (value.kind === 'map') return value;
  if (isEmpty(value)) return undefined;
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
  return undefined;
}

function checkName(what: 'host' | 'group', name: string, at: MapEntry['keyAt'], report: Report): void {
  // The characters that patterns are made of, and what would break a terminal or a path.
  if (!/[\s,!&*~/\\\p{Cc}]/u.test(name) && name !== '') return;
  report(
    errorAt(
      at,
      'inventory-invalid',
      `'${name}' cannot be a ${what}'s name`,
      'use letters, digits, dots, - and _',
    ),
  );
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
