/**
 * Owns what Docker holds, as Docker tells it: containers, images, networks and volumes with their `inspect` data, in one
 * exchange; and the record of it that is kept as a file. Knows nothing of what becomes of it.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { TaskContext } from '../../core/module.js';
import type { Probe, ProbeKind, Read } from '../../core/probe.js';
import { lines, sh } from '../../core/shell.js';
import { isMap, UnknownValueError, type Value, type ValueMap } from '../../core/value.js';
import { intAt, listAt, mapAt, textAt, textsOf } from './info.js';
import {
  apiFunctions,
  complaintOf,
  isGood,
  limited,
  noAnswer,
  parseAnswers,
  refuseSilence,
  saysNotRunning,
  type ApiAnswer,
} from './api.js';
import { parseDockerJson, writeDockerJson } from './json.js';
import { ancestorsOf } from '../host/path.js';

export interface DockerInventory {
  /** Of `GET /info` and `GET /version`: what does not change by itself. */
  readonly server: ServerInfo;
  /** As `docker inspect` has them, without what changes by itself while nothing happens; by name. */
  readonly containers: readonly ValueMap[];
  /** Every image, intermediate ones too; by id. */
  readonly images: readonly ValueMap[];
  readonly networks: readonly ValueMap[];
  readonly volumes: readonly ValueMap[];
  /** By container id; empty where they were not asked for. */
  readonly changes: Readonly<Record<string, ContainerChanges>>;
  /** In a record: ids of containers that units had stopped before Docker was, and start or make anew by themselves. */
  readonly leftToUnits?: readonly string[];
}

interface ServerInfo {
  readonly version: string;
  readonly api_version: string;
  readonly driver: string;
  readonly root: string;
  /** The host's name as Docker knows it. */
  readonly name: string;
  /** `inactive`, `active`, `pending`, `error`, `locked`. */
  readonly swarm: string;
}

/** What a container has changed against its image. */
interface ContainerChanges {
  /** Files and folders added, changed or deleted; folders that only hold such are not counted. */
  readonly count: number;
  /** There are more, which were not counted. */
  readonly isCut: boolean;
  /** Some of them: `+ /result`, `~ /etc/passwd`, `- /tmp/x`. */
  readonly sample: readonly string[];
}

/** Keyed by '' or, with changes, `changes`. */
export const inventoryKind: ProbeKind<DockerInventory> = { kind: 'docker-inventory' };

/** Bytes of one container's list of changes. */
const changesLimit = 1024 * 1024;
const sampleSize = 10;

/** @param changes also what each container has changed: Docker compares file trees for it, which can take a while */
function inventoryProbe({ changes = false }: { readonly changes?: boolean } = {}): Probe<DockerInventory> {
  const script = lines(
    apiFunctions(),
    sh`containers=$(docker ps -aq --no-trunc) && images=$(docker image ls -aq --no-trunc | sort -u) && networks=$(docker network ls -q --no-trunc) || exit
printf 'container %s\\n' $containers; printf 'image %s\\n' $images; printf 'network %s\\n' $networks`,
    changes &&
      sh`for i in $containers; do
get_last "/containers/$i/changes" | talk 2>/dev/null | head -c ${changesLimit} >"$t/changes"
printf 'changes %s %s\\n' "$i" "$(wc -c <"$t/changes")"; cat "$t/changes"; echo
done`,
    sh`ask() {
get /info; get /version
for i in $containers; do get "/containers/$i/json"; done
for i in $images; do get "/images/$i/json"; done
for i in $networks; do get "/networks/$i"; done
get_last /volumes
}
echo .`,
    limited(sh`ask | talk`),
  );
  return {
    of: inventoryKind,
    key: changes ? 'changes' : '',
    script,
    parse: parseInventory,
  };
}

/** Asks Docker. In check mode, where it may only be going to run, that it does not is no failure but unknown. */
export async function readInventory(
  read: Read,
  { check }: Pick<TaskContext, 'check'>,
  options: { readonly changes?: boolean } = {},
): Promise<DockerInventory> {
  try {
    return await read(inventoryProbe(options));
  } catch (error) {
    if (check && saysNotRunning(error)) throw new UnknownValueError('the start of Docker');
    throw error;
  }
}

function parseInventory(output: Output): DockerInventory {
  refuseSilence(output);
  const { asked, changes, rest } = readHead(output.stdout);
  const answers = rest ? parseAnswers(rest) : [];
  const count = asked.length + 3;
  if (answers.length < count) throw noAnswer(output, answers.length, count);
  const [info, version, ...others] = answers;
  if (!info || !version || !isGood(info) || !isGood(version)) throw refused('/info', info ?? version);
  const found = (kind: string): readonly ValueMap[] =>
    asked.flatMap((each, i) => {
      const answer = others[i];
      // Removed since the list was made.
      if (each.kind !== kind || !answer || answer.status === 404) return [];
      if (!isGood(answer) || !isMap(answer.body)) throw refused(`/${kind}s/${each.id}`, answer);
      return [answer.body];
    });
  const volumes = answers[count - 1];
  if (!volumes || !isGood(volumes)) throw refused('/volumes', volumes);
  return {
    server: {
      version: textAt(version.body, 'Version') ?? '',
      api_version: textAt(version.body, 'ApiVersion') ?? '',
      driver: textAt(info.body, 'Driver') ?? '',
      root: textAt(info.body, 'DockerRootDir') ?? '',
      name: textAt(info.body, 'Name') ?? '',
      swarm: textAt(info.body, 'Swarm', 'LocalNodeState') ?? 'inactive',
    },
    containers: sortBy(found('container').map(withoutUnrest), 'Name'),
    images: sortBy(found('image').map(withSortedNames), 'Id'),
    networks: sortBy(found('network').map(withoutPassengers), 'Name'),
    volumes: sortBy(listAt(volumes.body, 'Volumes').filter(isMap), 'Name'),
    changes: Object.fromEntries(
      found('container').flatMap((container): [string, ContainerChanges][] => {
        const id = textAt(container, 'Id') ?? '';
        const bytes = changes.get(id);
        const read = bytes && parseChanges(bytes, destinationsOf(container));
        return read ? [[id, read]] : [];
      }),
    ),
  };
}

function refused(path: string, answer: ApiAnswer | undefined): ZrunError {
  const said = answer ? complaintOf(answer) : 'nothing';
  return new ZrunError('task-failed', `Docker does not tell about ${path}: ${said}`, {
    hint: '`journalctl -u docker.service` on the host may say more.',
  });
}

/** What the script says before the API's answers. */
function readHead(stdout: Buffer): {
  readonly asked: readonly { readonly kind: string; readonly id: string }[];
  readonly changes: ReadonlyMap<string, Buffer>;
  readonly rest: Buffer | undefined;
} {
  const asked: { kind: string; id: string }[] = [];
  const changes = new Map<string, Buffer>();
  let offset = 0;
  for (;;) {
    const end = stdout.indexOf(10, offset);
    if (end < 0) return { asked, changes, rest: undefined };
    const [word = '', id = '', length = ''] = stdout.toString('utf8', offset, end).trim().split(' ');
    offset = end + 1;
    if (word === '.') return { asked, changes, rest: stdout.subarray(offset) };
    if (word === 'changes') {
      const size = Number(length);
      changes.set(id, stdout.subarray(offset, offset + size));
      offset += size + 1;
    } else if (id !== '') {
      // printf writes its format once where there is nothing to list.
      asked.push({ kind: word, id });
    }
  }
}

const signs: Readonly<Record<number, string>> = { 0: '~', 1: '+', 2: '-' };

function destinationsOf(container: ValueMap): readonly string[] {
  return listAt(container, 'Mounts').flatMap((mount) => textAt(mount, 'Destination') ?? []);
}

/**
 * An answer to `GET /containers/…/changes`, perhaps cut off in its middle. Undefined if it is none.
 * @param destinations of mounts: Docker makes folders for them, which are no change of the container's
 */
export function parseChanges(bytes: Buffer, destinations: readonly string[]): ContainerChanges | undefined {
  const [answer] = parseAnswers(bytes);
  if (answer && !isGood(answer)) return undefined;
  const entries = answer ? changeEntries(answer.body) : cutEntries(bytes);
  if (!entries) return undefined;
  const forMounts = new Set(destinations.flatMap((path) => [path, ...ancestorsOf(path)]));
  const others = entries.filter(
    ({ path, kind }) => (kind === 2 || !forMounts.has(path)) && !isOfFileSystem(path),
  );
  // A folder that was changed only because something in it was.
  const parents = new Set(others.flatMap(({ path }) => ancestorsOf(path)));
  const own = others
    .filter(({ path, kind }) => kind !== 0 || !parents.has(path))
    // Docker has them in another order each time.
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    count: own.length,
    isCut: answer === undefined,
    sample: own.slice(0, sampleSize).map(({ path, kind }) => `${signs[kind] ?? '?'} ${path}`),
  };
}

/** Where ZFS shows the snapshots of a layer (snapdir=visible, zfsprops(7)): nobody can write there. */
function isOfFileSystem(path: string): boolean {
  return path === '/.zfs' || path.startsWith('/.zfs/');
}

interface ChangeEntry {
  readonly path: string;
  readonly kind: number;
}

function changeEntries(body: Value | undefined): readonly ChangeEntry[] {
  // A container that has changed nothing: null.
  return listAt({ list: body ?? null }, 'list').flatMap((entry) => {
    const [path, kind] = [textAt(entry, 'Path'), intAt(entry, 'Kind')];
    return path === null || kind === null ? [] : [{ path, kind }];
  });
}

/** The entries before the cut. */
function cutEntries(bytes: Buffer): readonly ChangeEntry[] | undefined {
  const text = bytes.toString('utf8');
  if (!/^HTTP\/1\.[01] 200/.test(text)) return undefined;
  return [...text.matchAll(/\{"Path":"(?:[^"\\]|\\.)*","Kind":\d\}/g)].flatMap(([entry]) =>
    changeEntries([parseDockerJson(entry) ?? null]),
  );
}

/** Health checks run and are logged without anything having happened; some lists come in a new order each time. */
function withoutUnrest(container: ValueMap): ValueMap {
  const state = mapAt(container, 'State');
  const { Status: status } = mapAt(state, 'Health');
  const health = status === undefined ? {} : { Health: { Status: status } };
  const host = mapAt(container, 'HostConfig');
  const links = textsOf(listAt(host, 'Links')).sort();
  return {
    ...container,
    ExecIDs: null,
    State: { ...state, ...health },
    HostConfig: { ...host, Links: links.length > 0 ? links : null },
    Mounts: sortBy(listAt(container, 'Mounts').filter(isMap), 'Destination'),
  };
}

function withSortedNames(image: ValueMap): ValueMap {
  const sorted = (key: string) => textsOf(listAt(image, key)).sort();
  return { ...image, RepoTags: sorted('RepoTags'), RepoDigests: sorted('RepoDigests') };
}

/** Who is in a network stands with each container. */
function withoutPassengers(network: ValueMap): ValueMap {
  return { ...network, Containers: {} };
}

function sortBy(values: readonly ValueMap[], key: string): readonly ValueMap[] {
  const keyOf = (value: ValueMap) => textAt(value, key) ?? '';
  return values.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const recordFormat = 'zrun docker record 1';

/** The record as a file: JSON that people can read, and that is the same as long as nothing changes. */
export function writeRecord(inventory: DockerInventory): Buffer {
  const { server, containers, images, networks, volumes, changes, leftToUnits = [] } = inventory;
  const record = {
    format: recordFormat,
    server: { ...server },
    containers,
    images,
    networks,
    volumes,
    changes: Object.fromEntries(Object.entries(changes).map(([id, each]) => [id, { ...each }])),
    ...(leftToUnits.length > 0 && { left_to_units: leftToUnits }),
  };
  return Buffer.from(`${writeDockerJson(record, 1)}\n`);
}

/** Throws `task-failed` where the file is no record. */
export function readRecord(path: string, content: Uint8Array): DockerInventory {
  const record = parseDockerJson(Buffer.from(content).toString('utf8'));
  if (textAt(record, 'format') !== recordFormat) {
    throw new ZrunError('task-failed', `${path} is not a record of what Docker holds`, {
      hint: '`docker_host_info` with `dest` writes such a file.',
    });
  }
  const server = (key: string) => textAt(record, 'server', key) ?? '';
  const maps = (key: string) => listAt(record, key).filter(isMap);
  const leftToUnits = textsOf(listAt(record, 'left_to_units'));
  return {
    server: {
      version: server('version'),
      api_version: server('api_version'),
      driver: server('driver'),
      root: server('root'),
      name: server('name'),
      swarm: server('swarm'),
    },
    containers: maps('containers'),
    images: maps('images'),
    networks: maps('networks'),
    volumes: maps('volumes'),
    changes: Object.fromEntries(
      Object.entries(mapAt(record, 'changes')).map(([id, each]) => [
        id,
        {
          count: intAt(each, 'count') ?? 0,
          isCut: mapAt(each)['isCut'] === true,
          sample: listAt(each, 'sample').filter((item) => typeof item === 'string'),
        },
      ]),
    ),
    ...(leftToUnits.length > 0 && { leftToUnits }),
  };
}
