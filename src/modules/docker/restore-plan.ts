/**
 * Owns what must be done so that Docker holds the containers of a record again: networks, containers in their order,
 * which of them are started, and what stands in the way. Compares with what is there, so that a restore that was cut
 * off goes on. Pure; how it is done is the module's.
 */
import type { ValueMap } from '../../core/value.js';
import { listAt, mapAt, textAt } from './info.js';
import {
  endpointsOf,
  wasEverStarted,
  idOf,
  inOrder,
  isPredefined,
  nameFinder,
  nameOf,
  neededBy,
  reasonToLeaveOut,
  runStateOf,
  sharedContainer,
  shortId,
  type RunState,
} from './container.js';
import { creationOf, differences, volumesNeeded, type Creation, type Surroundings } from './create.js';
import type { DockerInventory } from './inventory.js';
import { chooseImage, imageNameOf, type ChosenImage } from './restore-images.js';
import { planNetworks, type NetworkToMake } from './restore-networks.js';

interface RestoreSight {
  readonly record: DockerInventory;
  /** What Docker holds now. */
  readonly now: DockerInventory;
  /** New ids by old ones, of an earlier run. */
  readonly known: Readonly<Record<string, string>>;
  /** In check mode: Docker will be another one, which has the same networks and volumes, but no container yet. */
  readonly isToCome: boolean;
  /** Names of containers that units have stopped and are about to start: only what others need of them is started here. */
  readonly later?: readonly string[];
}

export interface RestorePlan {
  readonly networks: readonly NetworkToMake[];
  /** In the order in which they are made. */
  readonly containers: readonly ContainerToDo[];
  readonly leftOut: readonly LeftOut[];
  /** Why nothing must be done at all. */
  readonly obstacles: readonly Obstacle[];
  /** What will not be as it was, and nobody can help it. */
  readonly warnings: readonly string[];
}

interface LeftOut {
  readonly name: string;
  readonly reason: string;
  /** Of a kind that is never made again, or that somebody else makes. */
  readonly isExpected: boolean;
}

export interface Obstacle extends Omit<LeftOut, 'isExpected'> {
  /**
   * `lack`: what this container needs is not there. `conflict`: another container has its name. In both cases the others
   * could be made without it. `network`: another network has the name of one that is to be made.
   */
  readonly kind: 'lack' | 'conflict' | 'network';
}

export interface ContainerToDo {
  readonly name: string;
  readonly oldId: string;
  /** Undefined: is to be made. */
  readonly id: string | undefined;
  readonly creation: Creation;
  readonly image: string;
  /** It holds what the old one had written, from a commit. */
  readonly isCommitted: boolean;
  /** Networks that it is not in yet. */
  readonly joins: Creation['joins'];
  readonly leaves: string | undefined;
  readonly starts: boolean;
  readonly pauses: boolean;
  readonly state: RunState;
}

export function planRestore(sight: RestoreSight): RestorePlan {
  const { record, now } = sight;
  const { networks, conflicts } = planNetworks(record, now);
  const leftOut = [...findLeftOut(record.containers)];
  const obstacles: Obstacle[] = conflicts.map((conflict) => ({ ...conflict, kind: 'network' }));
  const warnings: string[] = [];
  const containers: ContainerToDo[] = [];
  const isLeftOut = new Set(leftOut.map(({ name }) => name));
  const wanted = record.containers.filter((container) => !isLeftOut.has(nameOf(container)));
  const restore: Restore = {
    sight,
    wanted,
    here: new Map(now.containers.map((container) => [nameOf(container), container])),
    lookUp: surroundingsOf(record, wanted, now.server.api_version, sight),
    lookUpNow: surroundingsOf(now, now.containers, now.server.api_version, sight),
    volumes: new Set(now.volumes.map((volume) => textAt(volume, 'Name'))),
    networks,
    isTheirs: new Set(record.leftToUnits),
    waits: findWaiting(wanted, sight),
  };
  for (const container of inOrder(wanted)) {
    const decision = decide(restore, container);
    switch (decision.type) {
      case 'nothing':
        break;
      case 'left-out':
        leftOut.push({ name: nameOf(container), reason: decision.reason, isExpected: true });
        break;
      case 'obstacle':
        obstacles.push({ name: nameOf(container), kind: decision.kind, reason: decision.reason });
        break;
      case 'to-do':
        warnings.push(...decision.warnings);
        containers.push(decision.container);
    }
  }
  return { networks, containers, leftOut, obstacles, warnings };
}

/** What every container of a record is held against. */
interface Restore {
  readonly sight: RestoreSight;
  /** Containers that are to be there again. */
  readonly wanted: readonly ValueMap[];
  /** Those that are there, by name. */
  readonly here: ReadonlyMap<string, ValueMap>;
  readonly lookUp: SurroundingsLookUp;
  /** The same for a container that is there. */
  readonly lookUpNow: SurroundingsLookUp;
  readonly volumes: ReadonlySet<string | null>;
  readonly networks: readonly NetworkToMake[];
  /** Old ids of containers that units start. */
  readonly isTheirs: ReadonlySet<string>;
  /** Names of containers that units are left to start. */
  readonly waits: ReadonlySet<string>;
}

type SurroundingsLookUp = (container: ValueMap, image: string) => Surroundings;

/** What is to be done for one container. */
type Decision =
  | { readonly type: 'nothing' }
  | { readonly type: 'left-out'; readonly reason: string }
  | { readonly type: 'obstacle'; readonly kind: Obstacle['kind']; readonly reason: string }
  | { readonly type: 'to-do'; readonly container: ContainerToDo; readonly warnings: readonly string[] };

function decide(restore: Restore, container: ValueMap): Decision {
  const { sight, here, lookUp, volumes, isTheirs, waits } = restore;
  const [name, oldId] = [nameOf(container), idOf(container)];
  const existing = sight.isToCome ? undefined : here.get(name);
  // It never was away: a move that was put back, or never came to the switch. Whether it runs is all there is to do.
  const isSame = existing !== undefined && idOf(existing) === oldId;
  // Made by an earlier run, and removed since by the unit that starts it.
  if (!existing && isTheirs.has(oldId) && sight.known[oldId] !== undefined && !sight.isToCome)
    return { type: 'left-out', reason: 'the unit that starts it has removed it' };
  if (isSame && (waits.has(name) || !isToStart(container, existing))) return { type: 'nothing' };
  const image = chooseImage(container, sight);
  if (image === undefined && !existing)
    return { type: 'obstacle', kind: 'lack', reason: `its image ${imageNameOf(container)} is not there` };
  const creation = creationOf(container, lookUp(container, image?.name ?? imageNameOf(container)));
  if (existing && !isSame && sight.known[oldId] !== idOf(existing)) {
    const found = findDifferences(restore, creation, image, existing);
    if (found.length > 0 && isTheirs.has(oldId))
      return { type: 'left-out', reason: 'the unit that starts it has recreated it' };
    if (found.length > 0) {
      const reason = `there is another container of this name: ${found.join(', ')} differ`;
      return { type: 'obstacle', kind: 'conflict', reason };
    }
  }
  if (!existing) {
    const missing = volumesNeeded(creation).filter((volume) => !volumes.has(volume));
    if (missing.length > 0) {
      const reason = `${missing.length === 1 ? 'its volume' : 'its volumes'} ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there, and it would get empty ones`;
      return { type: 'obstacle', kind: 'lack', reason };
    }
  }
  return {
    type: 'to-do',
    container: describeWork(restore, container, creation, image, existing),
    warnings: isSame ? [] : warningsFor(restore, container, creation),
  };
}

/** In what a container of the same name is not the one that would be made. */
function findDifferences(
  { lookUpNow }: Restore,
  creation: Creation,
  image: ChosenImage | undefined,
  existing: ValueMap,
): readonly string[] {
  const differing = differences(
    creation.body,
    creationOf(existing, lookUpNow(existing, imageNameOf(existing))).body,
  );
  const isSameImage = image === undefined || textAt(existing, 'Image') === image.id;
  return [...(isSameImage ? [] : ['Image']), ...differing];
}

function warningsFor(restore: Restore, container: ValueMap, creation: Creation): readonly string[] {
  const { wanted, sight } = restore;
  const lost = creation.joins.filter(([network]) => !canJoin(restore, network));
  return [
    ...lost.map(([network]) => `${nameOf(container)} was in the network ${network}, which is not there`),
    ...lostReferences(container, wanted, sight.record.containers),
  ];
}

function describeWork(
  restore: Restore,
  container: ValueMap,
  creation: Creation,
  image: ChosenImage | undefined,
  existing: ValueMap | undefined,
): ContainerToDo {
  const [name, oldId] = [nameOf(container), idOf(container)];
  const isSame = existing !== undefined && idOf(existing) === oldId;
  const state = runStateOf(container);
  const stateNow = existing ? runStateOf(existing) : 'stopped';
  const joined = new Set(existing ? endpointsOf(existing).map(([network]) => network) : []);
  const leaves = creation.leaves !== undefined && (!existing || joined.has(creation.leaves));
  return {
    name,
    oldId,
    id: existing && idOf(existing),
    creation,
    image: image?.name ?? '',
    isCommitted: image?.isCommitted ?? false,
    joins: isSame
      ? []
      : [...(existing ? lostAtCreation(creation, existing) : []), ...creation.joins].filter(
          ([network]) => !joined.has(network) && canJoin(restore, network),
        ),
    leaves: leaves && !isSame ? creation.leaves : undefined,
    starts: state !== 'stopped' && stateNow === 'stopped' && !restore.waits.has(name),
    pauses: state === 'paused' && stateNow !== 'paused',
    state,
  };
}

function canJoin({ sight, networks }: Restore, network: string): boolean {
  return (
    isPredefined(network) || networkIsThere(network, sight) || networks.some((each) => each.name === network)
  );
}

/** What is left to be started by units: what no other container needs that is started here. */
function findWaiting(
  wanted: readonly ValueMap[],
  { later = [] }: Pick<RestoreSight, 'later'>,
): ReadonlySet<string> {
  const waiting = new Set(later);
  const find = nameFinder(wanted);
  // Each after those that it needs.
  for (const container of inOrder(wanted).toReversed()) {
    if (runStateOf(container) === 'stopped' || waiting.has(nameOf(container))) continue;
    for (const needed of neededBy(container, find)) waiting.delete(needed);
  }
  return waiting;
}

function isToStart(wanted: ValueMap, existing: ValueMap): boolean {
  const [state, now] = [runStateOf(wanted), runStateOf(existing)];
  return state !== 'stopped' && (now === 'stopped' || (state === 'paused' && now !== 'paused'));
}

/** Those that cannot be made, and those that share a namespace with one of them. */
export function findLeftOut(containers: readonly ValueMap[]): readonly LeftOut[] {
  const find = nameFinder(containers);
  const reasons = new Map<string, Omit<LeftOut, 'name'>>();
  for (const container of inOrder(containers)) {
    const own = reasonToLeaveOut(container);
    const shared = ['NetworkMode', 'IpcMode', 'PidMode'].flatMap(
      (mode) => sharedContainer(textAt(container, 'HostConfig', mode)) ?? [],
    );
    const lost = shared.find((reference) => {
      const name = find(reference);
      return name === undefined || reasons.has(name);
    });
    if (own !== undefined) reasons.set(nameOf(container), { reason: own, isExpected: true });
    else if (lost !== undefined) {
      const name = find(lost);
      // One that is not in the record was removed while it ran.
      const isExpected = name !== undefined && (reasons.get(name)?.isExpected ?? true);
      const reason =
        name === undefined
          ? `it shares a namespace with ${shortId(lost)}, which was removed`
          : `it shares a namespace with ${name}, which is not made again`;
      reasons.set(nameOf(container), { reason, isExpected });
    }
  }
  return [...reasons].map(([name, why]) => ({ name, ...why }));
}

/** Legacy links to containers that will not be there. */
function lostReferences(
  container: ValueMap,
  wanted: readonly ValueMap[],
  all: readonly ValueMap[],
): readonly string[] {
  const [find, findAny] = [nameFinder(wanted), nameFinder(all)];
  return listAt(container, 'HostConfig', 'Links').flatMap((link) => {
    const target = typeof link === 'string' ? (link.split(':')[0] ?? '') : '';
    if (target === '' || find(target) !== undefined) return [];
    return [`${nameOf(container)} was linked to ${findAny(target) ?? target}, which is not there`];
  });
}

function surroundingsOf(
  inventory: DockerInventory,
  containers: readonly ValueMap[],
  apiVersion: string,
  sight: RestoreSight,
): SurroundingsLookUp {
  const findContainer = nameFinder(containers);
  const byName = new Map(containers.map((container) => [nameOf(container), container]));
  const images = new Map(inventory.images.map((image) => [idOf(image), image]));
  const networkName = networkFinder(inventory, sight);
  return (container, image) => ({
    image,
    imageData: images.get(textAt(container, 'Image') ?? ''),
    findContainer,
    containers: byName,
    networkName,
    apiVersion,
    hostName: inventory.server.name,
  });
}

/** A network that still has the id or name that is asked for, or the name that had this id. */
function networkFinder({ networks }: DockerInventory, { now }: RestoreSight): (reference: string) => string {
  const nameIn = (list: readonly ValueMap[], reference: string) =>
    list.find((each) => textAt(each, 'Name') === reference || idOf(each) === reference);
  return (reference) => {
    const found = nameIn(networks, reference) ?? nameIn(now.networks, reference);
    return (found && textAt(found, 'Name')) ?? reference;
  };
}

function networkIsThere(name: string, { now }: RestoreSight): boolean {
  return now.networks.some((network) => textAt(network, 'Name') === name);
}

/**
 * The network that a container was made in, with its aliases and addresses there, if it may have been lost again. Docker
 * writes a new container down twice, without its networks and with them; where the power goes within seconds only the
 * first may be on the disk (seen with 20.10). Started like that it would join, but without its aliases.
 */
function lostAtCreation({ body, network, leaves }: Creation, existing: ValueMap): Creation['joins'] {
  const hasNothingToLose = network === undefined || isPredefined(network) || leaves !== undefined;
  if (hasNothingToLose || wasEverStarted(existing)) return [];
  return [[network, mapAt(body, 'NetworkingConfig', 'EndpointsConfig', network)]];
}
