/**
 * Owns which networks of a record must be made again, and how. Pure.
 */
import { isMap, type ValueMap } from '../../core/value.js';
import { idOf, isPredefined, meaningful } from './container.js';
import { boolAt, listAt, mapAt, textAt } from './info.js';
import type { DockerInventory } from './inventory.js';

export interface NetworkToMake {
  readonly name: string;
  readonly body: ValueMap;
}

/** Another network has the name of one that is to be made. */
interface NetworkConflict {
  readonly name: string;
  readonly reason: string;
}

interface NetworkPlan {
  /** In the order in which they are made. */
  readonly networks: readonly NetworkToMake[];
  readonly conflicts: readonly NetworkConflict[];
}

/** Networks of the record that are not there; those of a swarm come from the swarm. */
export function planNetworks(record: DockerInventory, now: DockerInventory): NetworkPlan {
  const here = new Map(now.networks.map((network) => [textAt(network, 'Name') ?? '', network]));
  const missing: NetworkToMake[] = [];
  const conflicts: NetworkConflict[] = [];
  for (const network of record.networks) {
    const name = textAt(network, 'Name') ?? '';
    const isOwn = !isPredefined(name) && name !== 'docker_gwbridge' && textAt(network, 'Scope') === 'local';
    if (!isOwn) continue;
    const existing = here.get(name);
    if (!existing) {
      missing.push({ name, body: networkBody(network) });
      continue;
    }
    const differing = ['Driver', 'IPAM', 'Internal'].filter(
      (key) => describe(network, key) !== describe(existing, key),
    );
    if (idOf(existing) !== idOf(network) && differing.length > 0) {
      const reason = `there is another network of this name: ${differing.join(', ')} differ`;
      conflicts.push({ name: `network ${name}`, reason });
    }
  }
  // What only holds settings must be there before the networks that use it.
  const isConfig = ({ body }: NetworkToMake) => boolAt(body, 'ConfigOnly') === true;
  const networks = missing.toSorted((a, b) => Number(isConfig(b)) - Number(isConfig(a)));
  return { networks, conflicts };
}

function describe(network: ValueMap, key: string): string {
  if (key !== 'IPAM') return JSON.stringify(network[key] ?? null);
  return JSON.stringify(
    listAt(network, 'IPAM', 'Config').map((range) => (isMap(range) ? meaningful(range) : range)),
  );
}

function networkBody(network: ValueMap): ValueMap {
  const { Name, Driver, Internal, Attachable, EnableIPv6, Options, Labels, ConfigOnly } = network;
  const source = textAt(network, 'ConfigFrom', 'Network');
  const common = meaningful({
    Name: Name ?? '',
    Driver: Driver ?? '',
    Labels: Labels ?? {},
    Attachable: Attachable ?? false,
    Internal: Internal ?? false,
  });
  // Its settings are those of the other one, and must not be given again.
  if (source !== null) return { ...common, CheckDuplicate: true, ConfigFrom: { Network: source } };
  const ipam = mapAt(network, 'IPAM');
  const EnableIPv4 = network['EnableIPv4'];
  return {
    ...common,
    ...meaningful({
      EnableIPv6: EnableIPv6 ?? false,
      Options: Options ?? {},
      ConfigOnly: ConfigOnly ?? false,
      IPAM: {
        Driver: textAt(ipam, 'Driver') ?? 'default',
        Options: mapAt(ipam, 'Options'),
        Config: listAt(ipam, 'Config').filter(isMap).map(meaningful),
      },
    }),
    ...(EnableIPv4 === false && { EnableIPv4 }),
    CheckDuplicate: true,
  };
}
