/**
 * Owns what is known of a host after `setup`, field by field. Everything that may be missing is null, never absent, so
 * that a condition can compare it with null. Sizes are bytes.
 */
import * as z from 'zod';
import type { Value } from '../../core/value.js';
import { everydaySchemas } from './everyday-schema.js';

const json: z.ZodType<Value> = z.json();
const text = z.string();
const maybeText = z.string().nullable();
const int = z.int();
const maybeInt = z.int().nullable();
const bool = z.boolean();
const texts = z.array(z.string());

const mountSchema = z.object({
  source: text.describe('device, dataset, `host:/export`'),
  target: text.describe('mount point'),
  fstype: text.describe('type of the file system'),
  options: text.describe('options of this mount'),
});

const serviceSchema = z
  .object({
    load: text.describe('`loaded`, `not-found`, `masked`; `no-systemd` where systemd does not run'),
    active: text.describe('`active`, `inactive`, `failed`, …'),
    file: text.describe('`enabled`, `disabled`, `static`, …; empty where there is no unit file'),
    changed: bool.describe('its files were changed since systemd has read them'),
  })
  .describe('a unit of systemd');

export const toolNames = [
  'rsync',
  'zfs',
  'zpool',
  'docker',
  'dockerd',
  'blkid',
  'wipefs',
  'mkfs_ext4',
  'resize2fs',
  'systemctl',
  'udevadm',
  'blockdev',
  'fstrim',
  'unshare',
  'timeout',
] as const;

const toolsSchema = z
  .object(
    Object.fromEntries(toolNames.map((name) => [name, bool.describe(`whether ${name} is installed`)])) as {
      [name in (typeof toolNames)[number]]: typeof bool;
    },
  )
  .describe('which commands the host has (`mkfs_ext4` is mkfs.ext4)');

const hostSchema = z.object({
  hostname: text.describe('as uname -n says'),
  machine_id: maybeText.describe('/etc/machine-id'),
  boot_id: maybeText.describe('another one after each boot'),
  kernel: text.describe('as uname -r says'),
  architecture: text.describe('as uname -m says'),
  os: z.object({
    id: maybeText.describe('`debian`'),
    version_id: maybeText.describe('`12`'),
    pretty_name: maybeText.describe('for people'),
  }),
  systemd: bool.describe('whether systemd runs the host'),
  container: maybeText.describe('`lxc`, `docker`, … where the host is itself a container'),
  proxmox: bool.describe('whether it is a Proxmox VE host'),
  truenas: bool.describe('whether TrueNAS manages it'),
  memory_bytes: maybeInt.describe('physical memory'),
  cpus: maybeInt.describe('processors'),
  user: text.describe('whom the task ran as'),
  is_root: bool.describe('whether that is root; much is null otherwise'),
});

const poolSchema = z.object({
  name: text.describe('the pool'),
  size: maybeInt.describe('raw size'),
  allocated: maybeInt.describe('raw bytes in use'),
  free: maybeInt.describe('raw bytes free'),
  available: maybeInt.describe('what its top dataset can still take'),
  health: text.describe('`ONLINE`, `DEGRADED`, …'),
  readonly: bool.describe('imported read-only'),
});

const markedSchema = z.object({
  name: text.describe('the dataset, or the folder'),
  role: text.describe('its own `zrun:role`'),
  run: maybeText.describe('`zrun:run`'),
  origin: maybeText.describe('`zrun:origin`'),
  data_root: maybeText.describe('`zrun:data-root`'),
  copied: maybeText.describe('`zrun:copied`: the run that has made a whole copy on it'),
  live: maybeText.describe('`zrun:live`: the run since which Docker has written to it'),
  done: maybeText.describe('`zrun:done`: the run that has finished the move, containers and all'),
  done_at: maybeInt.describe("`zrun:done-at`: when that was, in seconds since 1970 by the host's clock"),
  putting_back: maybeText.describe('`zrun:putting-back`: the run that began to put the host back'),
  volsize: maybeInt.describe("a volume's size"),
  used: maybeInt.describe('what it takes of the pool, with all below it and its snapshots'),
  refreservation: maybeInt.describe('what is kept free for it: 0 for a sparse volume'),
  encryption_root: maybeText.describe('the dataset whose key it needs; null where it is not encrypted'),
  keylocation: maybeText.describe('where that key comes from: `prompt`, `file:///…`, `https://…`'),
  key_available: bool.describe('not encrypted, or the key is loaded'),
  layout: maybeText.describe('`zrun:layout`: what the data-root was, `dataset` or `folder`'),
  guid: maybeText.describe('`zrun:guid`: of the dataset that the data-root was, or lay in'),
});

const zfsSchema = z.object({
  present: bool.describe('the kernel module is loaded and zfs(8) answers'),
  module_version: maybeText.describe('of the kernel module: `2.1.11-1`; it decides what works'),
  userland_version: maybeText.describe('of zfs(8)'),
  versions_differ: bool.describe('module and userland are of different releases'),
  major: maybeInt.describe('of the module'),
  minor: maybeInt.describe('of the module'),
  patch: maybeInt.describe('of the module'),
  zvol_flush_bug: bool.describe('2.2.7, 2.3.0 and 2.3.1 lose flush requests of volumes (openzfs#17131)'),
  pools: z.array(poolSchema),
  snapshot_tools: z
    .array(text)
    .describe(
      'what is installed of sanoid, syncoid, zrepl, pyznap and zfs-autobackup: none reads com.sun:auto-snapshot',
    ),
  marked: z.array(markedSchema).describe('datasets that zrun has marked as its own'),
});

const containerSchema = z.object({
  id: text.describe('64 hex digits'),
  name: text.describe('without the slash'),
  image: maybeText.describe('as given when it was created'),
  image_id: maybeText.describe('`sha256:…`'),
  status: text.describe('`running`, `exited`, `paused`, …'),
  running: bool.describe('whether it runs'),
  driver: maybeText.describe('the storage driver that it was created with'),
  auto_remove: bool.describe('made with --rm: it and its anonymous volumes go when it stops'),
  restart_policy: text.describe('`no`, `always`, `unless-stopped`, `on-failure`'),
  shares_with: texts.describe(
    'containers in whose namespaces it lives (`--network container:NAME`), by name, or by the beginning of an id that is gone',
  ),
  lacks: z
    .array(
      z.object({
        what: z
          .enum(['mount', 'bind', 'volume', 'device'])
          .describe(
            'how it was given: `--mount type=bind`; `--volume`, where Docker makes an empty folder; what a local volume mounts; `--device`',
          ),
        path: text.describe('on the host'),
        volume: maybeText.describe("the volume's name, of `volume`"),
        is_needed: bool.describe('without it, Docker does not make it or start it again'),
      }),
    )
    .describe('what it was given of the host and is not there any more; of those that are made again'),
  stop_signal: maybeText.describe('what asks it to end, where that is not TERM: `QUIT`, `RTMIN+3`, `15`'),
  storage_opt: z
    .record(z.string(), z.string())
    .describe('`--storage-opt`: a `size` of its own layer, which overlay2 on ext4 refuses'),
  compose_project: maybeText.describe('the project of Docker Compose that it belongs to'),
  mounts: z.array(
    z.object({
      type: text.describe('`volume`, `bind`, `tmpfs`'),
      name: maybeText.describe("a volume's name"),
      source: maybeText.describe('the path on the host'),
      destination: text.describe('the path in the container'),
      driver: maybeText.describe("a volume's driver"),
    }),
  ),
});

const volumeSchema = z.object({
  name: text.describe('its name'),
  driver: text.describe('`local`, or a plugin'),
  mountpoint: maybeText.describe('where its files are'),
  anonymous: bool.describe('Docker made its name up'),
  options: z
    .record(z.string(), z.string())
    .describe('of the driver: `type: nfs` and its like mount something else'),
  used_by: texts.describe('names of containers'),
});

const daemonJsonSchema = z.object({
  path: text.describe('the file'),
  exists: bool.describe('whether it is there'),
  valid: bool.describe('an object in JSON, or not there, or empty'),
  error: maybeText.describe('line, column and what is wrong'),
  content: z.record(z.string(), json).describe('what it says'),
  keys: texts.describe('its keys'),
  storage_driver: maybeText.describe('`storage-driver`'),
  data_root: maybeText.describe('`data-root`, or `graph`'),
  storage_opts: texts.describe('`storage-opts`'),
  containerd_snapshotter: bool.describe('`features.containerd-snapshotter` is true'),
});

const dockerSchema = z.object({
  present: bool.describe('docker or dockerd is installed'),
  running: bool.describe(
    'the daemon answered. It is asked only where its service runs, for asking may start it',
  ),
  error: maybeText.describe('what it said where it runs and did not answer'),
  version: maybeText.describe("the daemon's; the installed dockerd's where it does not run"),
  major: maybeInt.describe('of the version'),
  minor: maybeInt.describe('of the version'),
  patch: maybeInt.describe('of the version'),
  driver: maybeText.describe('the storage driver; null where Docker does not run'),
  containerd_store: bool.describe('images are in the store of containerd'),
  backing_filesystem: maybeText.describe('what overlay2 stands on: `extfs` is ext4'),
  driver_status: z.record(z.string(), z.string()).describe('as docker info has it'),
  prior_drivers: texts.describe('storage drivers that have left something in the data-root'),
  root: maybeText.describe(
    'the data-root, links resolved; derived from the configuration where Docker does not run',
  ),
  root_configured: maybeText.describe('the data-root as Docker names it'),
  id: maybeText.describe("the engine's"),
  containers: z.array(containerSchema),
  containers_running: int.describe('how many run'),
  images: maybeInt.describe('how many, layers of builds among them'),
  volumes: z.array(volumeSchema),
  plugins: texts.describe('managed plugins'),
  live_restore: bool.describe('containers outlive the daemon'),
  shims: int.describe('processes that hold containers, counted on the host'),
  swarm: z.object({
    state: text.describe('`inactive`, `active`, …'),
    active: bool.describe('part of a swarm'),
    manager: bool.describe('manages one'),
    managers: int.describe('how many managers the swarm has'),
    nodes: int.describe('how many nodes the swarm has'),
    managers_reachable: maybeInt.describe(
      'how many managers answer each other; null where this node is no manager, or they do not agree',
    ),
    node_id: maybeText.describe('of this node'),
    availability: maybeText.describe('of this node: `active`, `pause`, `drain`; only a manager knows'),
  }),
  security_options: texts.describe('as docker info has them'),
  rootless: bool.describe('the daemon of a user'),
  userns_remap: bool.describe(
    'containers have user ids of their own: the data-root is <data-root>/<uid>.<gid>',
  ),
  selinux: bool.describe('containers are confined by SELinux'),
  snap: bool.describe('Docker is installed as a snap'),
  daemon_json: daemonJsonSchema,
  storage_opts: texts.describe('of daemon.json and the command line together'),
  flags: z
    .array(z.object({ key: text.describe('as in daemon.json'), value: text.describe('its value') }))
    .describe("dockerd's command line"),
  flag_keys: texts.describe(
    'keys that are set on the command line; in daemon.json as well, dockerd does not start',
  ),
  driver_env: maybeText.describe('DOCKER_DRIVER in the environment, which overrides daemon.json'),
  services: z.object({
    docker: serviceSchema,
    socket: serviceSchema,
    containerd: serviceSchema,
    trim: serviceSchema.describe('fstrim.timer, which trims the file systems of fstab'),
  }),
  start_seconds: z
    .number()
    .nullable()
    .describe('how long docker.service last took to start; null where systemd does not know'),
  units_held: bool.describe(
    'a run that was interrupted has stopped units with Docker, and not started them again',
  ),
  dependents: z
    .array(
      z.object({
        unit: text.describe('its name'),
        how: z
          .enum(['requires', 'calls', 'triggers', 'after'])
          .describe(
            "requires: systemd stops it with Docker; calls: it calls Docker's client; triggers: it starts one of these; after: it is only ordered after Docker, or may use it by itself",
          ),
        active: text.describe('`active`, `activating`, `inactive`, `failed`, …'),
        sub: text.describe('`running`, `exited`, `auto-restart`, …'),
        stays: bool.describe('it has done its work, nothing of it runs, and nothing stops it with Docker'),
        is_active: bool.describe('it runs, or is about to'),
        is_held: bool.describe('the move stops it before Docker, and starts it again'),
        obstacle: maybeText.describe(
          'why it cannot be stopped and started again as it is, where it runs, and what to do about it: to be read after its name',
        ),
        is_job: bool.describe('it is at its work (Type=oneshot), which starts over when it is started again'),
      }),
    )
    .describe('units of systemd that depend on Docker'),
});

const propertySchema = z.object({
  value: text.describe('its value'),
  source: text.describe('`local`, `default`, `inherited from …`'),
});

const dataRootSchema = z.object({
  path: maybeText.describe('links resolved'),
  exists: bool.describe('whether it is there'),
  is_link: bool.describe('the configured path leads elsewhere'),
  is_mount_point: bool.describe('something is mounted just there'),
  source: maybeText.describe('device or dataset that it lies on'),
  fstype: maybeText.describe('`zfs`, `ext4`, …'),
  mount_target: maybeText.describe('the mount point that it lies in'),
  is_bind: bool.describe('it is seen through a bind mount of a folder'),
  available_bytes: maybeInt.describe('what its file system can still take'),
  trimmed_at: maybeInt.describe(
    'when fstrim.timer has last run, in seconds since 1970; null where it never has',
  ),
  used_inodes: maybeInt.describe('files and folders in its file system, or in it where it is a folder'),
  volumes_bytes: maybeInt.describe(
    'apparent size of the volumes; null where counting takes longer than a second',
  ),
  mounts_below: z
    .array(mountSchema)
    .describe('mounts in it that Docker does not take down by itself with its containers and plugins'),
  layer_mounts: int.describe("mounts in it that are Docker's own"),
  dataset: maybeText.describe('the ZFS filesystem that it lies on'),
  is_own_dataset: bool.describe('that filesystem is mounted just there and holds nothing but the data-root'),
  is_folder: bool.describe('it is a plain folder of a larger ZFS filesystem'),
  pool: maybeText.describe('the pool of dataset or volume'),
  volume: maybeText.describe('the ZFS volume that it lies on'),
  role: maybeText.describe("the dataset's or volume's own `zrun:role`"),
  volsize: maybeInt.describe("the volume's size"),
  volblocksize: maybeInt.describe("the volume's block size"),
  dataset_available: maybeInt.describe('what the dataset can still take, quotas and reservations counted'),
  parent_available: maybeInt.describe('what `place` can still take'),
  used: maybeInt.describe('of the dataset with all below it, compressed'),
  logical_used: maybeInt.describe('the same uncompressed'),
  logical_referenced: maybeInt.describe(
    'of the dataset alone, uncompressed: volumes, containers, metadata; of a folder, the lengths of its files',
  ),
  used_by_snapshots: maybeInt.describe("of the dataset's own snapshots"),
  mountpoint: propertySchema.nullable().describe('the property'),
  canmount: propertySchema.nullable().describe('the property'),
  compression: maybeText.describe('the property'),
  encryption: maybeText.describe('`off`, or the cipher'),
  parent_encryption: maybeText.describe('of `place`: what is made there has the same'),
  parent_encryption_root: maybeText.describe('the dataset whose key is needed for what is made in `place`'),
  parent_keylocation: maybeText.describe('where that key comes from: `prompt`, `file:///…`, `https://…`'),
  key_available: bool.describe('not encrypted, or the key is loaded'),
  quota: maybeInt.describe('0: none'),
  refquota: maybeInt.describe('0: none'),
  reservation: maybeInt.describe('0: none'),
  refreservation: maybeInt.describe('0: none'),
  datasets_there: z
    .array(
      z.object({
        name: text.describe('the filesystem'),
        canmount: text.describe('the property'),
        mounted: bool.describe('whether it is mounted'),
      }),
    )
    .describe(
      'filesystems whose mountpoint is the data-root, mounted or not: what may mount over it at boot',
    ),
  stacked: z
    .array(mountSchema)
    .describe('what is mounted just there as well, below what is seen; the lowest first'),
  hidden: texts
    .nullable()
    .describe(
      'names of what lies in the folder that it is mounted on, hidden by the mount: at most 20, with `?` for control characters; empty where it is no mount point; null where that cannot be seen',
    ),
  hides_more: bool.describe('there are more of them'),
  seen_elsewhere: z
    .array(
      z.object({
        what: text.describe('a path below the data-root, or the dataset of a layer'),
        at: text.describe('where it is mounted'),
        pid: maybeInt.describe("a process in whose mount namespace that is; null for the host's own"),
        program: maybeText.describe('its name'),
        unit: maybeText.describe('the service, or the scope of a session, that it belongs to'),
      }),
    )
    .describe(
      "where else its file system is mounted, and stays so when it is unmounted, by anything but Docker's containers and plugins: at most 20; empty where it is no mount point",
    ),
  used_by: z
    .array(
      z.object({
        pid: int.describe('the process'),
        program: maybeText.describe('its name'),
        unit: maybeText.describe('the service, or the scope of a session, that it belongs to'),
        path: text.describe('one of the paths in the data-root that it uses'),
      }),
    )
    .describe(
      "processes that have files in it open or work in it, and so keep it from being unmounted, but for Docker's and those of its containers: at most 20; empty where it is no mount point",
    ),
  image_stores: texts.describe(
    'storage drivers that Docker has run with here, by what it writes down of images (image/DRIVER)',
  ),
  moved_aside: texts.describe('folders beside it into which moves have put what was hidden'),
  inner_dockers: texts
    .nullable()
    .describe(
      'volumes in which a Docker of its own keeps its data with the zfs driver; null where that cannot be seen',
    ),
  cached: z
    .array(
      z.object({
        file: text.describe('the list, in /etc/zfs/zfs-list.cache'),
        name: text.describe('the filesystem'),
        canmount: text.describe('the property'),
      }),
    )
    .describe(
      'what zfs-mount-generator(8) would mount at the data-root at boot: its lists may be out of date',
    ),
  foreign_names: texts.describe("files and folders at its top that are not Docker's"),
  foreign_inside: texts.describe(
    "files and folders that are not Docker's, right in folders of Docker's own that it recreates: `containers/notes.txt`; at most 20",
  ),
  holds_more_inside: bool.describe('there are more of them'),
  children: int.describe('datasets below it; of a folder, the layers'),
  foreign_children: texts.describe("those that are not Docker's layers"),
  snapshots: int.describe("the dataset's own"),
  guid: maybeText.describe("the dataset's or the volume's"),
  user_properties: z.record(z.string(), z.string()).describe("the dataset's own, not inherited"),
  settings: z
    .record(z.string(), z.string())
    .describe(
      'what was set on the dataset itself of how it stores files: `compression`, `recordsize`, `acltype`, `quota`, …; for a folder, also above it',
    ),
  layers: z
    .array(
      z.object({
        name: text.describe('the dataset'),
        guid: text.describe('its guid'),
        createtxg: int.describe('the transaction that made it: the higher, the younger'),
      }),
    )
    .describe(
      "of a folder: children of its dataset that Docker's records know as layers, with `mountpoint=legacy`",
    ),
  layer_like: texts.describe(
    "of a folder: children of its dataset that are named like layers, and are not known to be Docker's",
  ),
  marked: z
    .array(markedSchema)
    .describe('the data-root, or a folder that it was renamed to, where zrun has marked it as its own'),
  backup_folder: bool.describe('what a folder is renamed to is there: its name with `-zfs-backup`'),
  holding: z
    .object({ dataset: text.describe('its name'), guid: text.describe('its guid') })
    .nullable()
    .describe('the ZFS filesystem of the folder above it'),
  place: maybeText.describe(
    'the dataset below which what takes its place is made: that above its own; of a folder, the pool or the encryption root',
  ),
});

const fstabSchema = z.object({
  source: text.describe('first field'),
  target: text.describe('second field'),
  fstype: text.describe('third field'),
  options: text.describe('fourth field'),
  dump: int.describe('fifth field'),
  passno: int.describe('sixth field'),
  line: int.describe('from 1'),
});

export const factsSchema = z.object({
  ...everydaySchemas,
  host: hostSchema.describe('the machine'),
  tools: toolsSchema,
  zfs: zfsSchema.describe('ZFS'),
  docker: dockerSchema.describe('Docker'),
  data_root: dataRootSchema.describe("Docker's directory and what it lies on"),
  mounts: z.array(mountSchema).describe('what is mounted outside the data-root, without Docker’s namespaces'),
  fstab: z.array(fstabSchema).describe('/etc/fstab'),
});

/** What can be gathered by itself: `os`, `network`, … */
export const factParts: readonly FactPart[] = factsSchema.keyof().options;

export type FactPart = keyof Facts;

export type Facts = z.output<typeof factsSchema>;
