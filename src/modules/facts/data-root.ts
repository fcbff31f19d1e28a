/**
 * Owns what is known of Docker's data-root: where it lies, what is in it that is not Docker's, what hides below it, and who
 * uses it. `dataRootFacts` is 110 lines, since it lists each fact with where it comes from.
 */
import { isLayerName, mapAt } from '../docker/info.js';
import { parseHolders } from '../host/holders.js';
import { mountsAt, mountsBelow, type MountTable } from '../host/mountinfo.js';
import { baseName } from '../host/path.js';
import { parseElsewhere } from '../storage/mounts-elsewhere.js';
import {
  localValue,
  numericProperty,
  parseProperties,
  poolOf,
  zrunProperties,
  type Properties,
} from '../zfs/dataset.js';
import { daemonJsonFacts } from './docker.js';
import { folderContents, mountOfRoot, placeFacts } from './folder.js';
import { mountFacts } from './host.js';
import type { Facts } from './schema.js';
import { firstRow, number, pairAt, rows, type Sections } from './sections.js';
import { isKeyThere, keyFacts, markedDatasets } from './zfs.js';

/** Of what a mount hides, as many names are told as a person reads. */
export const mostHidden = 20;

const mostInside = 20;

export function dataRootFacts(
  sections: Sections,
  mounts: MountTable,
  root: string | null,
): Facts['data_root'] {
  const [configured] = rows(sections, 'root');
  const mount = root === null ? undefined : mountOfRoot(mounts, root);
  const below = root === null ? [] : mountsBelow(mounts, root);
  const inside = ({ target }: { readonly target: string }) => target.slice((root ?? '').length);
  const layers = below.filter((entry) => isLayerMount(inside(entry)));
  const dataset = firstRow(sections, 'dataset');
  const volume = firstRow(sections, 'volume');
  const properties = sections.has('properties') ? parseProperties(sections.get('properties') ?? '') : {};
  const [blockSize, availableBlocks, inodes, freeInodes] = (firstRow(sections, 'statfs') ?? '')
    .split(' ')
    .map((digits) => number(digits));
  const du = sections.get('du') ?? '';
  const value = (name: string) => properties[name]?.value ?? null;
  const numeric = (name: string) => numericProperty(properties, name) ?? null;
  const property = (name: string) => {
    const found = properties[name];
    return found ? { ...found } : null;
  };
  const children = rows(sections, 'below').filter((name) => name !== (dataset ?? volume));
  const prefix = `${dataset ?? ''}/`;
  const isFolder =
    dataset !== null && mount?.source === dataset && mount.target !== root && mount.fstype === 'zfs';
  const contents = isFolder ? folderContents(sections, dataset, numeric('logicalreferenced')) : undefined;
  const { files, ...folder } = contents ?? { files: null };
  const above = keyFacts(
    Object.fromEntries(rows(sections, 'key').map((row) => pairAt(pairAt(row, '\t')[1], '\t'))),
  );
  return {
    path: root,
    exists: rows(sections, 'root').includes('exists'),
    is_link: root !== null && configured !== undefined && configured.replace(/\/+$/, '') !== root,
    is_mount_point: mount !== undefined && mount.target === root,
    source: mount?.source ?? null,
    fstype: mount?.fstype ?? null,
    mount_target: mount?.target ?? null,
    is_bind: mount !== undefined && mount.root !== '/' && mount.fstype !== 'btrfs',
    available_bytes: product(blockSize, availableBlocks),
    trimmed_at: number(firstRow(sections, 'trimmed') ?? undefined),
    used_inodes: files ?? (isKnown(inodes) && isKnown(freeInodes) ? inodes - freeInodes : null),
    volumes_bytes: /^done$/m.test(du) ? number(/^(\d+)\t/.exec(du)?.[1]) : null,
    mounts_below: below
      .filter((entry) => !layers.includes(entry) && !isPluginMount(inside(entry)) && !isSnapshotMount(entry))
      .map(mountFacts),
    layer_mounts: layers.length,
    dataset,
    is_own_dataset:
      dataset !== null &&
      mount?.source === dataset &&
      mount.target === root &&
      mount.root === '/' &&
      mount.fstype === 'zfs',
    is_folder: isFolder,
    pool: (dataset ?? volume) === null ? null : poolOf(dataset ?? volume ?? ''),
    volume,
    role: isFolder
      ? (markedDatasets(rows(sections, 'marks')).find(({ name }) => name === root)?.role ?? null)
      : (localValue(properties, zrunProperties.role) ?? null),
    volsize: numeric('volsize'),
    volblocksize: numeric('volblocksize'),
    dataset_available: numeric('available'),
    parent_available: number(firstRow(sections, 'above') ?? undefined),
    used: numeric('used'),
    logical_used: numeric('logicalused'),
    logical_referenced: numeric('logicalreferenced'),
    used_by_snapshots: numeric('usedbysnapshots'),
    mountpoint: property('mountpoint'),
    canmount: property('canmount'),
    compression: value('compression'),
    encryption: value('encryption'),
    parent_encryption: rows(sections, 'above')[1] ?? null,
    parent_encryption_root: above.encryption_root,
    parent_keylocation: above.keylocation,
    key_available: isKeyThere(value('keystatus')),
    quota: numeric('quota'),
    refquota: numeric('refquota'),
    reservation: numeric('reservation'),
    refreservation: numeric('refreservation'),
    datasets_there: rows(sections, 'there').map((row) => {
      const [name = '', , canmount = '', mounted] = row.split('\t');
      return { name, canmount, mounted: mounted === 'yes' };
    }),
    stacked: (root === null ? [] : mountsAt(mounts, root).slice(0, -1)).map(mountFacts),
    ...hiddenFacts(sections, mount !== undefined && mount.target === root),
    seen_elsewhere: parseElsewhere(rows(sections, 'elsewhere'), root ?? '').map((each) => ({ ...each })),
    used_by: parseHolders(rows(sections, 'holders')).map((each) => ({ ...each })),
    moved_aside: [...rows(sections, 'aside')].sort(),
    image_stores: rows(sections, 'stores').map(baseName).sort(),
    inner_dockers: innerDockers(rows(sections, 'inner')),
    cached: rows(sections, 'cached').flatMap((row) => {
      const [file = '', name = '', canmount = '', ignore] = row.split('\t');
      return canmount === 'off' || ignore === 'on' ? [] : [{ file, name, canmount }];
    }),
    foreign_names: rows(sections, 'names').filter((name) => !isDockerName(name)),
    ...foreignInside(rows(sections, 'inside'), sections),
    children: children.length,
    foreign_children:
      dataset === null ? [] : children.filter((name) => !isLayerName(name.slice(prefix.length))),
    snapshots: number(firstRow(sections, 'snapshots')?.trim()) ?? 0,
    guid: value('guid'),
    user_properties: userProperties(properties),
    settings: dataset === null ? {} : isFolder ? effectiveSettings(properties) : settingsOf(properties),
    layers: [],
    layer_like: [],
    ...placeFacts(sections),
    ...folder,
  };
}

/** Who looks into a snapshot's folder has it mounted by ZFS for five minutes: it is the file system's own. */
function isSnapshotMount({ target, fstype }: { readonly target: string; readonly fstype: string }): boolean {
  return fstype === 'zfs' && target.includes('/.zfs/snapshot/');
}

/** Names begin with `./`, below a line that says that the folder was seen. */
function hiddenFacts(
  sections: Sections,
  isMountPoint: boolean,
): Pick<Facts['data_root'], 'hidden' | 'hides_more'> {
  if (!isMountPoint) return { hidden: [], hides_more: false };
  const [seen, ...found] = rows(sections, 'hidden');
  if (seen !== 'seen') return { hidden: null, hides_more: false };
  const names = found.map((row) => row.replace(/^\.\//, ''));
  return { hidden: names.slice(0, mostHidden).sort(), hides_more: names.length > mostHidden };
}

/** Names of volumes, above a line that says that all were seen. */
function innerDockers(found: readonly string[]): Facts['data_root']['inner_dockers'] {
  return found.at(-1) === 'done' ? found.slice(0, -1) : null;
}

function isKnown(value: number | null | undefined): value is number {
  return typeof value === 'number';
}

function product(a: number | null | undefined, b: number | null | undefined): number | null {
  return isKnown(a) && isKnown(b) ? a * b : null;
}

/** Mounts that Docker makes and takes down by itself: layers, container file systems, their shared memory. */
function isLayerMount(below: string): boolean {
  return /^\/(zfs\/graph|overlay2|overlay|aufs\/mnt|btrfs\/subvolumes|devicemapper\/mnt|containers\/[^/]+\/mounts|rootfs|netns)\//.test(
    below,
  );
}

/**
 * Where a plugin keeps its volumes (propagatedMount, https://docs.docker.com/engine/extend/config/), and what it mounts
 * there: Docker takes it down as it stops the plugin. Its own files lie below it, and are no mount.
 */
function isPluginMount(below: string): boolean {
  return /^\/plugins\/[0-9a-f]{64}\/(propagated-mount|rootfs)(\/|$)/.test(below);
}

/** What dockerd and its drivers, of any release, make at the top of a data-root. */
const dockerNames = new Set([
  ...['aufs', 'btrfs', 'builder', 'buildkit', 'containerd', 'containers', 'devicemapper', 'engine-id'],
  ...['execdriver', 'fuse-overlayfs', 'graph', 'image', 'init', 'key.json', 'linkgraph.db', 'network'],
  ...['nuke-graph-directory.sh', 'overlay', 'overlay2', 'plugins', 'rootfs', 'runtimes', 'swarm', 'tmp'],
  ...['tmp-old', 'trust', 'vfs', 'volumes', 'zfs'],
]);

/** Docker's own, the file system's, or zrun's. */
function isDockerName(name: string): boolean {
  return dockerNames.has(name) || name === '.zfs' || name === 'lost+found' || name.startsWith('.zrun-');
}

/**
 * What dockerd makes right in them, of any release. A runtime's script is named after it, later with a hash (moby
 * daemon/runtime_unix.go); of containers only others were printed.
 */
const innerDockerNames =
  /^(containers\/[0-9a-f]{64}|image\/(aufs|btrfs|devicemapper|fuse-overlayfs|overlay|overlay2|vfs|windowsfilter|zfs)|buildkit\/(content|executor|net|runc-[^/]*|snapshots|workerid|[^/]*\.(db|lock|sock))|zfs\/graph|tmp\/(GetImageBlob|docker-|buildkit|containerd)[^/]*|runtimes\/[^/]*\.[A-Z2-7a-z]{52})$/;

/** Names below the data-root of what somebody else has put into folders of Docker's own. */
function foreignInside(
  names: readonly string[],
  sections: Sections,
): Pick<Facts['data_root'], 'foreign_inside' | 'holds_more_inside'> {
  const runtimes = new Set(
    Object.keys(mapAt(daemonJsonFacts(sections).content, 'runtimes')).map((name) => `runtimes/${name}`),
  );
  const foreign = names.filter((name) => !innerDockerNames.test(name) && !runtimes.has(name));
  return {
    foreign_inside: foreign.slice(0, mostInside).sort(),
    holds_more_inside: foreign.length > mostInside,
  };
}

/** Properties that say how files are stored and looked up, none that only creation can set (zfsprops(7)). */
const carriedSettings = [
  ...['aclinherit', 'acltype', 'atime', 'checksum', 'compression', 'copies', 'dedup', 'devices', 'exec'],
  ...['logbias', 'primarycache', 'quota', 'recordsize', 'redundant_metadata', 'refquota', 'relatime'],
  ...['secondarycache', 'setuid', 'snapdir', 'special_small_blocks', 'sync', 'xattr'],
];

function settingsOf(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    carriedSettings.flatMap((name) => {
      const value = localValue(properties, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Of a folder: what it has from its dataset, which has that from above, but no limit that was meant for the whole. */
function effectiveSettings(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    carriedSettings.flatMap((name) => {
      const property = properties[name];
      const isSet = property !== undefined && property.source !== 'default' && property.source !== '-';
      return isSet && !name.endsWith('quota') ? [[name, property.value] as const] : [];
    }),
  );
}

function userProperties(properties: Properties): Record<string, string> {
  const own = Object.keys(properties).flatMap((name) => {
    const value = name.includes(':') ? localValue(properties, name) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(own);
}
