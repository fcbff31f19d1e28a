/**
 * Owns what is known of ZFS: its version, its pools, and the datasets that zrun has marked.
 */
import { versionNumbers } from '../docker/info.js';
import { zrunProperties } from '../zfs/dataset.js';
import type { Facts } from './schema.js';
import { firstRow, number, pairAt, rows, type Sections } from './sections.js';

export function zfsFacts(sections: Sections): Facts['zfs'] {
  const module = firstRow(sections, 'module');
  const userland = firstRow(sections, 'userland')?.replace(/^zfs-/, '') ?? null;
  const { major, minor, patch } = versionNumbers(module);
  const installed = versionNumbers(userland);
  const available = new Map(rows(sections, 'tops').map((row) => pairAt(row, '\t')));
  return {
    present: module !== null && sections.has('userland'),
    module_version: module,
    userland_version: userland,
    versions_differ:
      module !== null &&
      userland !== null &&
      (installed.major !== major || installed.minor !== minor || installed.patch !== patch),
    major,
    minor,
    patch,
    zvol_flush_bug: ['2.2.7', '2.3.0', '2.3.1'].includes(`${major ?? ''}.${minor ?? ''}.${patch ?? ''}`),
    pools: rows(sections, 'pools').map((row) => {
      const [name = '', size, allocated, free, health = '', readonly] = row.split('\t');
      return {
        name,
        size: number(size),
        allocated: number(allocated),
        free: number(free),
        available: number(available.get(name)),
        health,
        readonly: readonly === 'on',
      };
    }),
    snapshot_tools: [...rows(sections, 'snapshot_tools')],
    marked: markedDatasets(rows(sections, 'marked')),
  };
}

/** @param lines name, property and value, separated by tabs */
export function markedDatasets(lines: readonly string[]): Facts['zfs']['marked'] {
  const found = new Map<string, Record<string, string>>();
  for (const line of lines) {
    const [name = '', property = '', value = ''] = line.split('\t');
    found.set(name, { ...found.get(name), [property]: value });
  }
  return [...found].flatMap(([name, properties]) => {
    const role = properties[zrunProperties.role];
    if (role === undefined) return [];
    const value = (property: string) => properties[property] ?? null;
    return [
      {
        name,
        role,
        run: value(zrunProperties.run),
        origin: value(zrunProperties.origin),
        data_root: value(zrunProperties.dataRoot),
        copied: value(zrunProperties.copied),
        live: value(zrunProperties.live),
        done: value(zrunProperties.done),
        done_at: number(properties[zrunProperties.doneAt]),
        putting_back: value(zrunProperties.puttingBack),
        layout: value(zrunProperties.layout),
        guid: value(zrunProperties.guid),
        volsize: number(properties['volsize']),
        used: number(properties['used']),
        refreservation: number(properties['refreservation']),
        ...keyFacts(properties),
      },
    ];
  });
}

/** @param properties as `key_of` of the script prints them: of the encryption root, which has the key of all below it */
export function keyFacts(
  properties: Readonly<Record<string, string>>,
): Pick<Facts['zfs']['marked'][number], 'encryption_root' | 'keylocation' | 'key_available'> {
  return {
    encryption_root: properties['encryptionroot'] ?? null,
    keylocation: properties['keylocation'] ?? null,
    key_available: isKeyThere(properties['keystatus'] ?? null),
  };
}

export function isKeyThere(keystatus: string | null): boolean {
  return keystatus === null || keystatus === '-' || keystatus === 'available' || keystatus === 'none';
}
