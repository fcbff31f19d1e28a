/**
 * Owns how a container is made again from what `inspect` said of it: the body of `POST /containers/create`, and the
 * networks that are joined before its start. Pure. Sources: the Engine API's reference; moby runconfig/hostconfig_unix.go
 * (what conflicts), daemon/create.go and commit.go (what is merged from the image), volume/mounts.
 */
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import { boolAt, listAt, mapAt, textAt, textsOf } from './info.js';
import {
  endpointsOf,
  idOf,
  isPredefined,
  meaningful,
  mountsOf,
  sharedContainer,
  shortId,
  volumesOf,
  type FindName,
} from './container.js';

/** What the rest of Docker looks like around a container. */
export interface Surroundings {
  /** The image to make it from: a name or an id. */
  readonly image: string;
  /** What that image brings along (its `inspect` data); undefined where it is not known. */
  readonly imageData: ValueMap | undefined;
  /** The name of a container that is or will be there; undefined for any other. */
  readonly findContainer: FindName;
  /** The other containers, for what is mounted from them. By name. */
  readonly containers: ReadonlyMap<string, ValueMap>;
  /** The name of a network by the name or id that it had. */
  readonly networkName: (reference: string) => string;
  /** `1.41`: where the daemon wants a MAC address depends on it. */
  readonly apiVersion: string;
  /** The host's name when the container was made. */
  readonly hostName: string;
}

export interface Creation {
  readonly body: ValueMap;
  /** The network that it is made in; undefined for those modes that have none. */
  readonly network: string | undefined;
  /** Networks that it joins afterwards, with what it has there. */
  readonly joins: readonly (readonly [network: string, endpoint: ValueMap])[];
  /** It was taken out of the network that its mode names. */
  readonly leaves: string | undefined;
}

export function creationOf(container: ValueMap, around: Surroundings): Creation {
  const mode = networkModeOf(container, around);
  const endpoints = endpointsOf(container)
    .filter(([name]) => name !== 'host' && name !== 'none')
    .map(([name, endpoint]): readonly [string, ValueMap] => [
      around.networkName(name),
      endpointSettings(container, name, endpoint),
    ]);
  const isShared = sharedContainer(mode) !== undefined;
  const network = isShared || mode === 'host' || mode === 'none' ? undefined : plainNetwork(mode);
  const isIn = endpoints.some(([name]) => name === network);
  const main = mapOf(endpoints.find(([name]) => name === network)?.[1]);
  const mac = textAt(container, 'Config', 'MacAddress');
  const isMacInEndpoint = mac !== null && network !== undefined && isAtLeast(around.apiVersion, 1, 44);
  const settings: ValueMap = isMacInEndpoint ? { ...main, MacAddress: mac } : main;
  const hasSettings = network !== undefined && (Object.keys(settings).length > 0 || !isPredefined(network));
  return {
    body: {
      ...configOf(container, mode, around, isMacInEndpoint),
      HostConfig: hostConfigOf(container, mode, around),
      ...(hasSettings && { NetworkingConfig: { EndpointsConfig: { [network]: settings } } }),
    },
    network,
    joins: endpoints.filter(([name]) => name !== network),
    // A container that never was started has no network yet, whatever its mode.
    leaves: network !== undefined && !isIn && endpoints.length > 0 ? network : undefined,
  };
}

function mapOf(value: Value | undefined): ValueMap {
  return isMap(value) ? value : {};
}

function plainNetwork(mode: string): string {
  return mode === 'default' || mode === '' ? 'bridge' : mode;
}

/** `container:` with the name that it has now; a network by its name. */
function networkModeOf(container: ValueMap, around: Surroundings): string {
  const mode = textAt(container, 'HostConfig', 'NetworkMode') ?? 'default';
  if (sharedContainer(mode) !== undefined) return sharedModeOf(mode, around);
  return isPredefined(mode) ? mode : around.networkName(mode);
}

function sharedModeOf(mode: string, { findContainer }: Surroundings): string {
  const shared = sharedContainer(mode);
  if (shared === undefined) return mode;
  return `container:${findContainer(shared) ?? shared}`;
}

function configOf(
  container: ValueMap,
  mode: string,
  around: Surroundings,
  isMacInEndpoint: boolean,
): ValueMap {
  const config: Record<string, Value> = { ...mapAt(container, 'Config'), Image: around.image };
  const isShared = sharedContainer(mode) !== undefined;
  const hostname = textAt(config, 'Hostname');
  const isHostsOwn = mode === 'host' && hostname === around.hostName;
  const sharesNames = isShared || textAt(container, 'HostConfig', 'UTSMode') === 'host';
  if (hostname === shortId(idOf(container)) || isHostsOwn || sharesNames) delete config['Hostname'];
  if (sharesNames) delete config['Domainname'];
  // They belong to the container whose network it shares; what is here came from the image and comes from there again.
  if (isShared) delete config['ExposedPorts'];
  if (isMacInEndpoint || textAt(config, 'MacAddress') === null) delete config['MacAddress'];
  // An entrypoint that was taken off (`--entrypoint ""`) would come back from the image.
  const isBare = listAt(config, 'Entrypoint').length === 0;
  if (isBare && listAt(around.imageData, 'Config', 'Entrypoint').length > 0) config['Entrypoint'] = [''];
  return config;
}

function hostConfigOf(container: ValueMap, mode: string, around: Surroundings): ValueMap {
  const host: Record<string, Value> = { ...mapAt(container, 'HostConfig'), NetworkMode: mode };
  for (const key of ['IpcMode', 'PidMode']) {
    const value = textAt(host, key);
    if (value !== null) host[key] = sharedModeOf(value, around);
  }
  const links = textsOf(listAt(host, 'Links')).flatMap((link) => linkOf(link, around));
  host['Links'] = links.length > 0 ? links.sort() : null;
  const sources = textsOf(listAt(host, 'VolumesFrom')).flatMap((each) => {
    const [reference = '', ...options] = each.split(':');
    const name = around.findContainer(reference);
    // What it had from a container that is gone is mounted by itself, below.
    return name === undefined ? [] : [[name, ...options].join(':')];
  });
  host['VolumesFrom'] = sources.length > 0 ? sources : null;
  return { ...host, ...mountSettings(container, host, sources, around) };
}

/** `/db:/web/database`, as inspect has it, is `db:database` for create. */
function linkOf(link: string, { findContainer }: Surroundings): readonly string[] {
  const [target = '', alias = target] = link.split(':');
  const name = findContainer(target);
  return name === undefined ? [] : [`${name}:${alias.slice(alias.lastIndexOf('/') + 1)}`];
}

/**
 * Binds and mounts such that everything that the container had mounted is mounted again, above all volumes without a
 * name of their own: they are attached by the name that Docker had made up, and nothing is copied into them.
 */
function mountSettings(
  container: ValueMap,
  host: ValueMap,
  sources: readonly string[],
  around: Surroundings,
): ValueMap {
  const had = mountsOf(container);
  const nameAt = (destination: string) =>
    volumesOf(container).find((volume) => volume.destination === normal(destination))?.name;
  // `/data` alone asks for a new volume.
  const binds = textsOf(listAt(host, 'Binds')).filter((bind) => bind.includes(':'));
  const mounts = listAt(host, 'Mounts')
    .filter(isMap)
    .map((mount): ValueMap => {
      const isNew = textAt(mount, 'Type') === 'volume' && textAt(mount, 'Source') === null;
      const name = isNew ? nameAt(textAt(mount, 'Target') ?? '') : undefined;
      if (name === undefined) return mount;
      const options = { ...mapAt(mount, 'VolumeOptions'), NoCopy: true };
      return { ...mount, Source: name, VolumeOptions: options };
    });
  const covered = new Set([
    ...binds.map((bind) => normal(bind.split(':')[1] ?? '')),
    ...mounts.map((mount) => normal(textAt(mount, 'Target') ?? '')),
  ]);
  const inherited = new Set(
    sources.flatMap((source) => {
      const other = around.containers.get(source.split(':')[0] ?? '');
      return other ? mountsOf(other).map(mountKey) : [];
    }),
  );
  for (const mount of had) {
    const destination = normal(textAt(mount, 'Destination') ?? '');
    if (covered.has(destination) || inherited.has(mountKey(mount))) continue;
    const [type, name, source] = [textAt(mount, 'Type'), textAt(mount, 'Name'), textAt(mount, 'Source')];
    const isReadOnly = boolAt(mount, 'RW') === false;
    if (type === 'volume' && name !== null) {
      const readOnly = isReadOnly ? { ReadOnly: true } : {};
      const options = { VolumeOptions: { NoCopy: true } };
      mounts.push({ Type: 'volume', Source: name, Target: destination, ...readOnly, ...options });
    }
    if (type === 'bind' && source !== null) {
      binds.push(`${source}:${destination}${isReadOnly ? ':ro' : ''}`);
    }
  }
  return {
    Binds: binds.length > 0 ? binds : null,
    ...((mounts.length > 0 || host['Mounts'] !== undefined) && { Mounts: mounts }),
  };
}

function normal(destination: string): string {
  return destination.length > 1 ? destination.replace(/\/+$/, '') : destination;
}

function mountKey(mount: ValueMap): string {
  return `${textAt(mount, 'Name') ?? textAt(mount, 'Source') ?? ''} ${textAt(mount, 'Destination') ?? ''}`;
}

/** What was asked for in a network; what Docker gave by itself (an address, a MAC, the short id as a name) is left out. */
function endpointSettings(container: ValueMap, network: string, endpoint: ValueMap): ValueMap {
  const own = shortId(idOf(container));
  const hostname = textAt(container, 'Config', 'Hostname');
  const all = textsOf(listAt(endpoint, 'Aliases'));
  // Before 25, Docker added the short id and behind it the name of the host.
  const aliases = all.filter(
    (alias, i) => alias !== own && !(alias === hostname && i > 0 && all[i - 1] === own),
  );
  const settings = meaningful({
    IPAMConfig: mapAt(endpoint, 'IPAMConfig'),
    Links: listAt(endpoint, 'Links'),
    Aliases: aliases,
    DriverOpts: mapAt(endpoint, 'DriverOpts'),
    GwPriority: endpoint['GwPriority'] ?? null,
  });
  if (!isPredefined(network)) return settings;
  // The default bridge knows neither names nor fixed addresses, and refuses them.
  const { DriverOpts, GwPriority } = settings;
  return {
    ...(DriverOpts !== undefined && { DriverOpts }),
    ...(GwPriority !== undefined && { GwPriority }),
  };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

/** Volumes that must be there: a container that names another one would get it empty. */
export function volumesNeeded({ body }: Creation): readonly string[] {
  const host = mapAt(body, 'HostConfig');
  const binds = textsOf(listAt(host, 'Binds'))
    .map((bind) => bind.split(':')[0] ?? '')
    .filter((source) => !source.startsWith('/'));
  const mounts = listAt(host, 'Mounts')
    .filter((mount) => textAt(mount, 'Type') === 'volume')
    .flatMap((mount) => textAt(mount, 'Source') ?? []);
  return [...new Set([...binds, ...mounts])];
}

/**
 * The names of settings in which two containers differ, by the bodies that would make them. What says nothing counts as
 * absent, and the image's name does not count: its id does.
 */
export function differences(one: ValueMap, other: ValueMap): readonly string[] {
  const [a, b] = [flatten(one), flatten(other)];
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => a.get(name) !== b.get(name)).sort();
}

function flatten(body: ValueMap): ReadonlyMap<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(meaningful(body))) {
    if (!['HostConfig', 'NetworkingConfig', 'Image'].includes(key)) flat.set(key, canonical(value));
  }
  for (const [key, value] of Object.entries(meaningful(mapAt(body, 'HostConfig')))) {
    // A daemon of before 25 had no word for the policy that there is none.
    if (key === 'RestartPolicy' && textAt(value, 'Name') === 'no') continue;
    const texts = key === 'SecurityOpt' && isList(value) ? [...new Set(textsOf(value))] : value;
    flat.set(`HostConfig.${key}`, canonical(texts));
  }
  return flat;
}

function canonical(value: Value): string {
  return JSON.stringify(value, (_, inner: Value) =>
    isMap(inner)
      ? Object.fromEntries(Object.entries(meaningful(inner)).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
