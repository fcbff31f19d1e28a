/**
 * Owns what an inventory means, whatever format it came in: groups in groups, whose variable wins, and the hosts that
 * come of it. A format is one file; `formats` is the list of them.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Place } from '../core/errors.js';
import type { Host } from '../core/host.js';
import { readConnection, type ConnectionDefaults } from './connection.js';
import { parseHostList } from './inventory-host-list.js';
import { parseYamlInventory } from './inventory-yaml.js';
import { collectFindings, errorAt, type Report } from './report.js';
import { readSource, unreadable } from './source.js';
import type { CompiledTemplate } from './template.js';

export interface Inventory {
  /** In the order of the files. */
  readonly hosts: ReadonlyMap<string, Host>;
  readonly groups: ReadonlyMap<string, Group>;
  /** What is odd but does no harm, with its place. */
  readonly warnings: readonly string[];
  /** `localhost` is there without being named, over the local transport. Not part of `hosts`, nor of `all`. */
  readonly implicitLocalhost: Host;
}

export interface Group {
  readonly name: string;
  /** Its own hosts and its children's. */
  readonly hosts: readonly string[];
  readonly children: readonly string[];
}

export interface InventoryOptions extends ConnectionDefaults {
  /** The user's current directory; `process.cwd()` is for main alone to ask. */
  readonly cwd: string;
}

/** A group as a format reads it; the same group may be read several times. */
export interface RawGroup {
  readonly name: string;
  readonly at: Place | undefined;
  readonly hosts: ReadonlyMap<string, RawHost>;
  readonly children: readonly string[];
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
}

export interface RawHost {
  readonly at: Place;
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
}

interface MergedGroup {
  readonly name: string;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly vars: Map<string, CompiledTemplate>;
  at: Place | undefined;
}

/**
 * Reads inventories, the later ones winning over the earlier. A source is a file's path, or hosts with commas
 * (`web1,web2,`). Throws ZrunError or ZrunErrors: `file-unreadable`, `yaml-syntax`, `inventory-invalid`,
 * `template-syntax`.
 */
export async function loadInventory(
  sources: readonly string[],
  options: InventoryOptions,
): Promise<Inventory> {
  const findings = collectFindings();
  const raw: RawGroup[] = [];
  for (const source of sources) raw.push(...(await readInventory(source, options.cwd, findings.report)));
  findings.throwAll();
  const inventory = buildInventory(raw, options, findings.report);
  findings.throwAll();
  return inventory;
}

async function readInventory(name: string, cwd: string, report: Report): Promise<readonly RawGroup[]> {
  if (name.includes(',')) return parseHostList(name, report);
  const file = path.resolve(cwd, name);
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  const supported =
    "zrun reads YAML inventories ('.yaml', '.yml') and lists of hosts with commas ('web1,web2,')";
  if (found.isDirectory()) {
    throw errorAt(
      undefined,
      'inventory-invalid',
      `${name} is a folder; folders of inventories are not supported yet`,
      supported,
    );
  }
  const isYaml = /\.(?:ya?ml|json)$/.test(name);
  if (!isYaml && (found.mode & 0o111) !== 0) {
    throw errorAt(
      undefined,
      'inventory-invalid',
      `${name} is a program; programs as inventories are not supported yet`,
      supported,
    );
  }
  const source = await readSource(cwd, name);
  if (!isYaml && looksLikeIni(source.text)) {
    const [first] = /^(?!\s*[#;])[^\n]*\S/m.exec(source.text) ?? [''];
    const start = source.text.indexOf(first);
    const at = { source, start, end: start + first.length };
    throw errorAt(at, 'inventory-invalid', 'this is an INI inventory; INI is not supported yet', supported);
  }
  return parseYamlInventory(source, report);
}

function looksLikeIni(text: string): boolean {
  const [first = ''] = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*[#;]/.test(line));
  return /^\[[^\]]+\]\s*$/.test(first) || /^[\w.-]+(?:\s+\w+=\S+)*\s*$/.test(first);
}

function buildInventory(raw: readonly RawGroup[], options: InventoryOptions, report: Report): Inventory {
  const { groups, hostVars, hostPlaces } = mergeGroups(raw);
  if (!refuseCircles(groups, report)) return emptyInventory(options);
  const depths = measureDepths(groups);
  const order = [...groups.values()].sort(
    (a, b) => (depths.get(a.name) ?? 0) - (depths.get(b.name) ?? 0) || (a.name < b.name ? -1 : 1),
  );
  const members = new Map(order.map((group) => [group.name, membersOf(group, groups)] as const));
  const warnings: string[] = [];
  const hosts = new Map<string, Host>();
  for (const [name, own] of hostVars) {
    const holding = order.filter((group) => members.get(group.name)?.has(name));
    const vars = new Map<string, CompiledTemplate>();
    for (const layer of [...holding.map((group) => group.vars), own]) {
      for (const [variable, template] of layer) vars.set(variable, template);
    }
    const { target, added } = readConnection(name, vars, hostPlaces.get(name), options, { report, warnings });
    for (const [variable, template] of added) vars.set(variable, template);
    hosts.set(name, { name, groups: holding.map((group) => group.name), vars, target });
  }
  return {
    hosts,
    groups: new Map(
      order.map(({ name, children }) => {
        const inGroup = members.get(name) ?? new Set<string>();
        const ordered = [...hosts.keys()].filter((host) => inGroup.has(host));
        return [name, { name, hosts: ordered, children: [...children] }] as const;
      }),
    ),
    warnings: [...new Set(warnings)],
    implicitLocalhost: localhost(groups.get('all')?.vars ?? new Map<string, CompiledTemplate>()),
  };
}

function mergeGroups(raw: readonly RawGroup[]): {
  groups: Map<string, MergedGroup>;
  hostVars: Map<string, Map<string, CompiledTemplate>>;
  hostPlaces: Map<string, Place>;
} {
  const groups = new Map<string, MergedGroup>();
  const hostVars = new Map<string, Map<string, CompiledTemplate>>();
  const hostPlaces = new Map<string, Place>();
  const group = (name: string): MergedGroup => {
    const known = groups.get(name);
    if (known) return known;
    const created = {
      name,
      hosts: new Set<string>(),
      children: new Set<string>(),
      vars: new Map<string, CompiledTemplate>(),
      at: undefined,
    };
    groups.set(name, created);
    return created;
  };
  const all = group('all');
  for (const one of raw) {
    const merged = group(one.name);
    merged.at ??= one.at;
    for (const [name, template] of one.vars) merged.vars.set(name, template);
    for (const child of one.children) {
      group(child);
      merged.children.add(child);
    }
    for (const [name, host] of one.hosts) {
      merged.hosts.add(name);
      const vars = hostVars.get(name) ?? new Map<string, CompiledTemplate>();
      for (const [variable, template] of host.vars) vars.set(variable, template);
      hostVars.set(name, vars);
      if (!hostPlaces.has(name)) hostPlaces.set(name, host.at);
    }
  }
  // Every group hangs below all; a host that is in no other group is ungrouped.
  const children = new Set([...groups.values()].flatMap((one) => (one === all ? [] : [...one.children])));
  const grouped = new Set([...groups.values()].flatMap((one) => (one === all ? [] : [...one.hosts])));
  for (const name of hostVars.keys()) if (!grouped.has(name)) group('ungrouped').hosts.add(name);
  for (const name of groups.keys()) if (name !== 'all' && !children.has(name)) all.children.add(name);
  for (const name of hostVars.keys()) all.hosts.add(name);
  return { groups, hostVars, hostPlaces };
}

/** False where a group holds itself, which is reported. */
function refuseCircles(groups: ReadonlyMap<string, MergedGroup>, report: Report): boolean {
  const done = new Set<string>();
  let fine = true;
  const visit = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) {
      const circle = [...way.slice(way.indexOf(name)), name].join(' → ');
      report(
        errorAt(
          groups.get(name)?.at,
          'inventory-invalid',
          `the group '${name}' holds itself: ${circle}`,
          "take one of them out of the other's children",
        ),
      );
      fine = false;
      return;
    }
    if (done.has(name)) return;
    for (const child of groups.get(name)?.children ?? []) visit(child, [...way, name]);
    done.add(name);
  };
  for (const name of groups.keys()) visit(name, []);
  return fine;
}

/** The longest way from `all`: a child's variables win over its parents'. */
function measureDepths(groups: ReadonlyMap<string, MergedGroup>): Map<string, number> {
  const depths = new Map<string, number>();
  const visit = (name: string, depth: number): void => {
    if ((depths.get(name) ?? -1) >= depth) return;
    depths.set(name, depth);
    for (const child of groups.get(name)?.children ?? []) visit(child, depth + 1);
  };
  visit('all', 0);
  return depths;
}

function membersOf(group: MergedGroup, groups: ReadonlyMap<string, MergedGroup>): Set<string> {
  const members = new Set(group.hosts);
  for (const child of group.children) {
    const found = groups.get(child);
    if (found) for (const host of membersOf(found, groups)) members.add(host);
  }
  return members;
}

function localhost(vars: ReadonlyMap<string, CompiledTemplate>): Host {
  return { name: 'localhost', groups: ['all'], vars, target: { transport: 'local' } };
}

function emptyInventory(_options: InventoryOptions): Inventory {
  const none = new Map<string, CompiledTemplate>();
  return { hosts: new Map(), groups: new Map(), warnings: [], implicitLocalhost: localhost(none) };
}
