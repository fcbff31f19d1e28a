/**
 * Owns what one container's `inspect` data means: its name, whom it needs, what it has mounted, and whether it can be
 * made again at all. Pure. Sources: the Engine API's reference; moby daemon/create.go, container_operations.go; compose's
 * labels.
 */
import { isMap, type Value, type ValueMap } from '../../core/value.js';
import { boolAt, isAnonymousName, listAt, mapAt, textAt, textsOf } from './info.js';

export function idOf(thing: ValueMap): string {
  return textAt(thing, 'Id') ?? '';
}

/** What Docker calls a container where nobody gave it a name for its host: the first twelve digits. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Without the slash that `inspect` puts before it. */
export function nameOf(container: ValueMap): string {
  return (textAt(container, 'Name') ?? '').replace(/^\//, '');
}

export function labelsOf(container: ValueMap): ValueMap {
  return mapAt(container, 'Config', 'Labels');
}

export type RunState = 'running' | 'paused' | 'stopped';

/** As it is meant to be: one that waits for its restart is meant to run. */
export function runStateOf(container: ValueMap): RunState {
  if (boolAt(container, 'State', 'Paused') === true) return 'paused';
  const isUp =
    boolAt(container, 'State', 'Running') === true || boolAt(container, 'State', 'Restarting') === true;
  return isUp ? 'running' : 'stopped';
}

/** Go's zero time: never. */
export function wasEverStarted(container: ValueMap): boolean {
  return !(textAt(container, 'State', 'StartedAt') ?? '0001-').startsWith('0001-');
}

/** Why a container is not made again, if it is not. */
export function reasonToLeaveOut(container: ValueMap): string | undefined {
  if (boolAt(container, 'HostConfig', 'AutoRemove') === true) {
    return 'it was started with --rm and goes when it stops';
  }
  if (textAt(labelsOf(container), 'com.docker.swarm.task.id') !== null) {
    return 'it is a task of a swarm, which makes it again by itself';
  }
  const status = textAt(container, 'State', 'Status');
  if (status === 'dead' || status === 'removing') return 'Docker was about to remove it';
  return undefined;
}

/** Names of containers, from their names, ids and beginnings of ids. */
export type FindName = (reference: string) => string | undefined;

export function nameFinder(containers: readonly ValueMap[]): FindName {
  const names = new Map(containers.map((container) => [nameOf(container), nameOf(container)]));
  const ids = new Map(containers.map((container) => [idOf(container), nameOf(container)]));
  return (reference) => {
    const plain = reference.replace(/^\//, '');
    const exact = ids.get(plain) ?? names.get(plain);
    if (exact !== undefined || !/^[0-9a-f]{12,}$/.test(plain)) return exact;
    return [...ids].find(([id]) => id.startsWith(plain))?.[1];
  };
}

/** The container whose namespace it shares: of `container:NAME` in one of its modes. */
export function sharedContainer(mode: string | null): string | undefined {
  return mode?.startsWith('container:') === true ? mode.slice('container:'.length) : undefined;
}

const sharedModes = ['NetworkMode', 'IpcMode', 'PidMode'] as const;

/** Containers that must exist before it can be made, and run before it can be started. By name. */
export function neededBy(container: ValueMap, find: FindName): readonly string[] {
  const host = mapAt(container, 'HostConfig');
  const shared = sharedModes.map((mode) => sharedContainer(textAt(host, mode)));
  const volumes = textsOf(listAt(host, 'VolumesFrom')).map((each) => each.split(':')[0]);
  const links = textsOf(listAt(host, 'Links')).map((each) => each.split(':')[0]);
  const named = [...shared, ...volumes, ...links].flatMap((each) => (each === undefined ? [] : [find(each)]));
  return [...new Set(named.filter((name) => name !== undefined && name !== nameOf(container)))] as string[];
}

/**
 * Containers that compose starts before it. The label reads `db:service_healthy:true,cache:service_started:false`; a
 * service can have several containers.
 */
export function composeNeeds(container: ValueMap, all: readonly ValueMap[]): readonly string[] {
  const labels = labelsOf(container);
  const project = textAt(labels, 'com.docker.compose.project');
  const wanted = textAt(labels, 'com.docker.compose.depends_on');
  if (project === null || wanted === null) return [];
  const services = new Set(wanted.split(',').map((each) => each.split(':')[0]?.trim()));
  return all
    .filter((other) => {
      const its = labelsOf(other);
      const service = textAt(its, 'com.docker.compose.service');
      return (
        other !== container &&
        textAt(its, 'com.docker.compose.project') === project &&
        service !== null &&
        services.has(service)
      );
    })
    .map(nameOf);
}

/**
 * Containers in an order in which each comes after those that it needs. Where compose's wishes go round in a circle,
 * the circle is cut; what Docker itself demands cannot.
 */
export function inOrder(containers: readonly ValueMap[]): readonly ValueMap[] {
  const find = nameFinder(containers);
  const byName = new Map(containers.map((container) => [nameOf(container), container]));
  const ordered: ValueMap[] = [];
  const seen = new Set<string>();
  const visit = (container: ValueMap): void => {
    const name = nameOf(container);
    if (seen.has(name)) return;
    seen.add(name);
    for (const needed of [...neededBy(container, find), ...composeNeeds(container, containers)].sort()) {
      const other = byName.get(needed);
      if (other) visit(other);
    }
    ordered.push(container);
  };
  for (const container of containers) visit(container);
  return ordered;
}

interface MountedVolume {
  readonly name: string;
  readonly destination: string;
  /** Docker made its name up. */
  readonly isAnonymous: boolean;
}

export function volumesOf(container: ValueMap): readonly MountedVolume[] {
  return mountsOf(container).flatMap((mount) => {
    const [name, destination] = [textAt(mount, 'Name'), textAt(mount, 'Destination')];
    if (textAt(mount, 'Type') !== 'volume' || name === null || destination === null) return [];
    return [{ name, destination, isAnonymous: isAnonymousName(name) }];
  });
}

export function mountsOf(container: ValueMap): readonly ValueMap[] {
  return listAt(container, 'Mounts').filter(isMap);
}

/** The networks that it is in, with what was asked for there. By the network's name. */
export function endpointsOf(container: ValueMap): readonly (readonly [string, ValueMap])[] {
  const networks = mapAt(container, 'NetworkSettings', 'Networks');
  return Object.entries(networks)
    .map(([name, endpoint]): readonly [string, ValueMap] => [name, isMap(endpoint) ? endpoint : {}])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Docker's own networks, which are always there. */
export function isPredefined(network: string): boolean {
  return ['bridge', 'host', 'none', 'default'].includes(network);
}

/** Without what says nothing: null, empty texts, lists and maps, false, 0. */
export function meaningful(map: ValueMap): ValueMap {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]): [string, Value][] => {
      const inner = isMap(value) ? meaningful(value) : value;
      return isEmpty(inner) ? [] : [[key, inner]];
    }),
  );
}

function isEmpty(value: Value): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}
