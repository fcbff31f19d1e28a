/**
 * Owns the comparison of what `docker inspect` says before a move and after it, field by field, and the list of fields
 * that may differ with the reason of each. Knows nothing of how the move was made.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Inspected {
  readonly containers: readonly Json[];
  readonly images: readonly Json[];
  readonly networks: readonly Json[];
  readonly volumes: readonly Json[];
  /** The data-root. */
  readonly root: string;
}

/** A script whose output `readInspected` reads. */
export const inspectScript = `
c=$(docker ps -aq) i=$(docker image ls -aq | sort -u) n=$(docker network ls -q) v=$(docker volume ls -q)
printf '{"containers":'; docker inspect --type container $c || [ -z "$c" ]
printf ',"images":'; docker image inspect $i
printf ',"networks":'; docker network inspect $n
printf ',"volumes":'; docker volume inspect $v
printf ',"root":"%s"}' "$(docker info --format '{{.DockerRootDir}}')"`;

export function readInspected(text: string): Inspected {
  return JSON.parse(text) as Inspected;
}

/** A field's path, `State.Pid` or `Mounts[].Mode`, why it may be otherwise, and what it then may be; anything if left out. */
type MayDiffer = readonly [path: RegExp, why: string, becomes?: RegExp];

const containerMayDiffer: readonly MayDiffer[] = [
  [/^(Id|Created)$/, 'it is another container'],
  [
    /^State\.(Pid|StartedAt|FinishedAt|ExitCode|Error|OOMKilled|Health(\..*)?)$/,
    'it has run at another time, or not yet',
  ],
  [/^RestartCount$/, 'it has not been restarted yet'],
  [/^Config\.Image$/, 'its name means another image by now, so it is made from the id', /^"sha256:/],
  [/^(ResolvConfPath|HostnamePath|HostsPath)$/, 'written at the first start'],
  [/^(Driver|GraphDriver(\..*)?)$/, 'this is what the move is about'],
  [/^Mounts\[\]\.Mode$/, 'Docker says z of volumes that were asked for by name'],
  [
    /^HostConfig\.Mounts/,
    'volumes without a name of their own are attached by the name that Docker had made up',
  ],
  [/^HostConfig\.OomKillDisable$/, 'set at the first start'],
  [/^NetworkSettings\.(SandboxID|SandboxKey|EndpointID)$/, 'made at each start'],
  [
    /^NetworkSettings\.Networks\..*\.(EndpointID|NetworkID)$/,
    'made at each start; Docker recreates its bridge',
  ],
  [
    /^NetworkSettings\.(Networks\..*\.)?(IPAddress|MacAddress|Gateway|IPPrefixLen)$/,
    'given at each start, where none was asked for',
  ],
  [/^ExecIDs/, 'health checks'],
];

const imageMayDiffer: readonly MayDiffer[] = [
  [/^GraphDriver(\..*)?$/, 'this is what the move is about'],
  [/^Metadata\.LastTagTime$/, 'the tag was set again'],
  [/^(Virtual)?Size$/, 'each storage driver counts in its own way'],
];

const volumeMayDiffer: readonly MayDiffer[] = [
  [/^CreatedAt$/, 'Docker tells the ctime of the folder, which nobody can set'],
];

const networkMayDiffer: readonly MayDiffer[] = [
  [/^Containers(\..*)?$/, 'it is listed with each container'],
  [/^IPAM\.Config\[\]\.Gateway$/, 'Docker writes the one that it has chosen down when it is started again'],
];
/** Docker recreates its own bridge at each start. */
const bridgeMayDiffer: readonly MayDiffer[] = [...networkMayDiffer, [/^(Id|Created)$/, 'made at each start']];
/** So does a swarm with its own network, at each start of a node. */
const ingressMayDiffer: readonly MayDiffer[] = [
  ...networkMayDiffer,
  [/^(Created|Peers\[\d*\]\.Name)$/, 'made at each start'],
];

/** Every difference that is not on the list: `container web: Config.Env[0]: "A=1" became "A=2"`. */
export function compareInspected(
  before: Inspected,
  after: Inspected,
  /** Containers that are not expected back. */
  leftOut: readonly string[],
): readonly string[] {
  const [was, is] = [normalize(before), normalize(after)];
  const expected = new Map([...was.containers].filter(([name]) => !leftOut.includes(name)));
  return [
    ...compareAll('container', expected, is.containers, containerRules),
    ...compareAll('image', was.images, is.images, () => imageMayDiffer),
    ...compareAll('network', was.networks, is.networks, (name) =>
      name === 'bridge' ? bridgeMayDiffer : name === 'ingress' ? ingressMayDiffer : networkMayDiffer,
    ),
    ...compareAll('volume', was.volumes, is.volumes, () => volumeMayDiffer),
  ];
}

/** One that had ended was never started since; one that runs must say so in every word. */
function containerRules(_: string, before: Fields): readonly MayDiffer[] {
  return [
    ...containerMayDiffer,
    ...(before.get('State.Running') === 'false' ? stoppedMayDiffer : []),
    ...(hasVolumeOfPlugin(before) ? pluginMayDiffer : []),
  ];
}

const stoppedMayDiffer: readonly MayDiffer[] = [
  [/^State\.Status$/, 'exited became created'],
  [/^LogPath$/, 'made at the first start'],
];

const pluginMayDiffer: readonly MayDiffer[] = [
  [/^Mounts\[\]\.Source$/, 'Docker tells it once the plugin was asked since its own start', /^"\/data\//],
];

function hasVolumeOfPlugin(fields: Fields): boolean {
  return [...fields].some(([path, value]) => /^Mounts\[\d+\]\.Driver$/.test(path) && value !== '"local"');
}

type Fields = ReadonlyMap<string, string>;
type Named = ReadonlyMap<string, Fields>;

function compareAll(
  kind: string,
  before: Named,
  after: Named,
  rulesFor: (name: string, before: Fields) => readonly MayDiffer[],
): readonly string[] {
  const differences: string[] = [];
  for (const [name, fields] of before) {
    const now = after.get(name);
    if (!now) {
      differences.push(`${kind} ${name} is gone`);
      continue;
    }
    const rules = rulesFor(name, fields);
    for (const path of new Set([...fields.keys(), ...now.keys()])) {
      const [was, is] = [fields.get(path), now.get(path)];
      const plain = path.replace(/\[\d+\]/g, '[]');
      const mayBe = ([pattern, , becomes = /^/]: MayDiffer) => pattern.test(plain) && becomes.test(is ?? '');
      if (was === is || rules.some(mayBe)) continue;
      differences.push(`${kind} ${name}: ${path}: ${was ?? 'nothing'} became ${is ?? 'nothing'}`);
    }
  }
  for (const name of after.keys()) if (!before.has(name)) differences.push(`${kind} ${name} is new`);
  return differences;
}

/** In containers, ids of containers become their names wherever they stand; the data-root becomes a word. */
function normalize(
  inspected: Inspected,
): Readonly<Record<'containers' | 'images' | 'networks' | 'volumes', Named>> {
  const ids = inspected.containers.map(
    (container) => [textIn(container, 'Id'), textIn(container, 'Name')] as const,
  );
  const withoutRoot = (text: string) => text.replaceAll(`"${inspected.root}/`, '"<root>/');
  const withNames = (text: string) =>
    ids.reduce(
      (plain, [id, name]) =>
        plain.replaceAll(id, `<id of ${name}>`).replaceAll(id.slice(0, 12), `<short id of ${name}>`),
      text,
    );
  const named = (things: readonly Json[], key: string, change: (text: string) => string): Named =>
    new Map(
      things.map((thing) => {
        const plain = JSON.parse(change(JSON.stringify(thing))) as Json;
        return [textIn(thing, key).replace(/^\//, ''), fieldsOf(settled(plain))];
      }),
    );
  return {
    containers: named(inspected.containers, 'Name', (text) => withNames(withoutRoot(text))),
    images: named(inspected.images, 'Id', withoutRoot),
    networks: named(inspected.networks, 'Name', withoutRoot),
    volumes: named(inspected.volumes, 'Name', withoutRoot),
  };
}

function textIn(thing: Json, key: string): string {
  const value = isObject(thing) ? thing[key] : undefined;
  return typeof value === 'string' ? value : '';
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists whose order Docker makes up each time, and the alias that it adds at the first start. */
function settled(thing: Json): Json {
  if (!isObject(thing)) return thing;
  const by = (list: Json | undefined, key: (item: Json) => string): Json =>
    isList(list) ? list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) : (list ?? null);
  const text = (item: Json) => (typeof item === 'string' ? item : '');
  return {
    ...thing,
    ...('Mounts' in thing && { Mounts: by(thing['Mounts'], (mount) => textIn(mount, 'Destination')) }),
    ...('RepoTags' in thing && { RepoTags: by(thing['RepoTags'], text) }),
    ...('RepoDigests' in thing && { RepoDigests: by(thing['RepoDigests'], text) }),
    ...('NetworkSettings' in thing && { NetworkSettings: withoutShortIds(thing['NetworkSettings'] ?? null) }),
  };
}

function withoutShortIds(thing: Json): Json {
  if (isList(thing))
    return thing.filter((item) => !(typeof item === 'string' && item.startsWith('<short id')));
  if (!isObject(thing)) return thing;
  return Object.fromEntries(Object.entries(thing).map(([key, inner]) => [key, withoutShortIds(inner)]));
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Every leaf by its path. What is empty counts as absent. */
function fieldsOf(thing: Json, path = '', into = new Map<string, string>()): Map<string, string> {
  if (isList(thing)) thing.forEach((inner, i) => fieldsOf(inner, `${path}[${i}]`, into));
  else if (isObject(thing)) {
    for (const [key, inner] of Object.entries(thing))
      fieldsOf(inner, path === '' ? key : `${path}.${key}`, into);
  } else if (thing !== null && thing !== '') into.set(path, JSON.stringify(thing));
  return into;
}
