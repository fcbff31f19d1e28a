/**
 * Owns what systems print that a case is about: the sections of `setup`'s script as Debian 12 of the lab prints them, and
 * what other systems print in their place. Formats: proc(5), zfs(8), docker(1) of 20.10 and 29, systemctl(1).
 */
import type { Recording, Sections } from './recorded-host.js';

const layer = (letter: string): string => letter.repeat(64);

export const info = (fields: object): string =>
  `${JSON.stringify({
    ID: 'KJ2V:PTQE',
    Containers: 1,
    Images: 3,
    Driver: 'zfs',
    DriverStatus: [
      ['Zpool', 'tank'],
      ['Zpool Health', 'ONLINE'],
      ['Parent Dataset', 'tank/docker'],
      ['Compression', 'lz4'],
    ],
    SecurityOptions: ['name=apparmor', 'name=seccomp,profile=default', 'name=cgroupns'],
    LiveRestoreEnabled: false,
    DockerRootDir: '/var/lib/docker',
    ServerVersion: '20.10.24+dfsg1',
    Swarm: { NodeID: '', LocalNodeState: 'inactive', ControlAvailable: false },
    ...fields,
  })}\n`;

export const container = (fields: object): string =>
  `${JSON.stringify({
    Id: layer('c'),
    Name: '/web',
    Image: `sha256:${layer('7')}`,
    Driver: 'zfs',
    State: { Status: 'running', Running: true },
    AutoRemove: false,
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
    StorageOpt: null,
    Mounts: [],
    Config: { Image: 'nginx:1.25', Labels: {} },
    ...fields,
  })}\n`;

export const volume = (fields: object): string =>
  `${JSON.stringify({
    CreatedAt: '2026-01-05T10:00:00Z',
    Driver: 'local',
    Labels: null,
    Mountpoint: '/var/lib/docker/volumes/data/_data',
    Name: 'data',
    Options: null,
    Scope: 'local',
    ...fields,
  })}\n`;

/** `zfs get -Hp -o property,value,source all`, as far as it is looked at. */
export const properties = (fields: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    type: 'filesystem\t-',
    available: '21474836480\t-',
    used: '1200000000\t-',
    logicalused: '2000000000\t-',
    logicalreferenced: '400000000\t-',
    mountpoint: '/var/lib/docker\tlocal',
    canmount: 'on\tdefault',
    compression: 'lz4\tinherited from tank',
    encryption: 'off\tdefault',
    quota: '0\tdefault',
    ...fields,
  })
    .map(([name, value]) => `${name}\t${value}\n`)
    .join('');

export const rootMount = '27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n';

/** Where the data-root is mounted. */
export const dataRootMount = (at = '/var/lib/docker', dataset = 'tank/docker', root = '/'): string =>
  `139 27 0:37 ${root} ${at} rw,noatime shared:55 - zfs ${dataset} rw,xattr,posixacl\n`;

const bookworm: Sections = {
  uname: 'web1\n6.1.0-50-cloud-amd64\nx86_64\nroot\n0\n',
  machine: 'f0e1d2c3b4a5968778695a4b3c2d1e0f\n',
  boot: '3d9c4a52-6a0c-4c0e-9d2b-0a4a3c1f5e77\n',
  os: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
  host: 'systemd\n',
  memory: 'MemTotal:        2012345 kB\ncpus 2\n',
  tools:
    'rsync\nzfs\nzpool\ndocker\ndockerd\nblkid\nwipefs\nmkfs.ext4\nresize2fs\nsystemctl\nudevadm\nblockdev\nfstrim\nunshare\ntimeout\n',
  fstab: 'UUID=0a1b / ext4 errors=remount-ro 0 1\n',
  mounts: rootMount + dataRootMount(),
  module: '2.1.11-1+deb12u1\n',
  userland: 'zfs-2.1.11-1+deb12u1\nzfs-kmod-2.1.11-1+deb12u1\n',
  pools: 'tank\t32212254720\t1300000000\t30912254720\tONLINE\toff\n',
  tops: 'tank\t30000000000\n',
  marked: '\n',
  units: [
    'Id=docker.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n',
    'Id=docker.socket\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n',
    'Id=containerd.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n',
  ].join('\n'),
  start: '/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\n',
  environment: '\n',
  config: '/etc/docker/daemon.json\n',
  json: '{\n  "log-driver": "json-file"\n}\n',
  shims: '1\n',
  info: info({}),
  containers: container({}),
  volumes: volume({}),
  root: '/var/lib/docker\n/var/lib/docker\nexists\n',
  statfs: '131072 163840 41000000 40990000\n',
  there: 'tank/docker\t/var/lib/docker\ton\tyes\n',
  hidden: 'seen\n',
  inner: 'done\n',
  drivers: 'zfs\n',
  du: '300000000\t/var/lib/docker/volumes\ndone\n',
  dataset: 'tank/docker\n',
  properties: properties(),
  above: '30000000000\n',
  below: `tank/docker\ntank/docker/${layer('a')}\ntank/docker/${layer('b')}-init\n`,
  snapshots: '0\n',
};

const unitFiles = '/lib/systemd/system/docker.service\n/lib/systemd/system/docker.socket\n';
const none = '-\t-\t-';
const beside = (...lines: readonly string[]): string =>
  [`tank\t${none}`, ...lines].map((line) => `${line}\n`).join('');

/** A host of the lab's kind, with what is different. */
export function debian12(change: Sections = {}, ...standsBeside: readonly string[]): Recording {
  const lines = standsBeside.length > 0 ? standsBeside : [`tank/docker\t${none}`];
  return { sections: { ...bookworm, ...change }, beside: beside(...lines), unitFiles };
}

/** A data-root that is a plain folder of a larger dataset, with two layers, one of BuildKit, and somebody else's datasets. */
export function folderOf(dataset: string, mountedAt: string, change: Sections = {}): Recording {
  const pool = dataset.split('/')[0] ?? dataset;
  const child = (kind: string, name: string, txg: number): string =>
    `${kind}\t${dataset}/${name}\t9${txg}\t${txg}\t250000000\n`;
  return debian12({
    mounts: `27 1 0:26 / ${mountedAt} rw,relatime shared:1 - zfs ${dataset} rw,xattr,posixacl\n`,
    pools: `${pool}\t32212254720\t1300000000\t30912254720\tONLINE\toff\n`,
    tops: `${pool}\t30000000000\n`,
    info: info({ DriverStatus: [['Parent Dataset', dataset]] }),
    there: '',
    holding: `${dataset}\t1234567890123456789\n`,
    dataset: `${dataset}\n`,
    place: `${pool}\n`,
    properties: properties({
      guid: '1234567890123456789\t-',
      mountpoint: `${mountedAt}\tlocal`,
      logicalused: '90000000000\t-',
      logicalreferenced: '60000000000\t-',
    }),
    below: undefined,
    stores: '/var/lib/docker/image/zfs\n',
    contents: '500000000\t2400\n',
    layers: [
      child('known', layer('a'), 100),
      child('known', `${layer('b')}-init`, 101),
      child('other', 'k'.repeat(25), 102),
      child('other', layer('d'), 103),
      child('other', 'srv', 20),
    ].join(''),
    ...change,
  });
}

/** How the search for files begins that are linked from outside of a folder. */
export const linksOutside = '/bin/sh -c set -eu\ncd /var/lib/docker\nfor each in';

/** None is found. */
export const withoutLinks = (recording: Recording): Recording => ({
  ...recording,
  answers: { [linksOutside]: '' },
});

/** Ubuntu 24.04 with Docker of docker.com; no Docker 29 is among the lab's packages. */
export function docker29(version: string, change: Sections = {}): Recording {
  return debian12({
    os: 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n',
    module: '2.2.2-0ubuntu9.4\n',
    userland: 'zfs-2.2.2-0ubuntu9.4\nzfs-kmod-2.2.2-0ubuntu9.4\n',
    json: '{\n  "storage-driver": "zfs"\n}\n',
    info: info({ ServerVersion: version }),
    ...change,
  });
}

/** The store of containerd, as `docker info` of 29 tells of it. */
export const containerdStore = {
  Driver: 'overlayfs',
  DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
} as const;

/** Docker 29.0.0 cannot be asked: it ends with `configured driver "zfs" not available: unavailable` (containerd#12504). */
export const notRunning: Sections = {
  units:
    'Id=docker.service\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n\nId=docker.socket\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n',
  info: undefined,
  containers: undefined,
  volumes: undefined,
  shims: '0\n',
};

/** Docker went down with its socket, which is masked first, and is not masked itself yet. */
export const socketStoppedByZrun =
  'Id=docker.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n\nId=docker.socket\nLoadState=masked\nActiveState=inactive\nUnitFileState=masked-runtime\n';

/** Masked until the reboot, which nobody but zrun does. */
export const stoppedByZrun =
  'Id=docker.service\nLoadState=masked\nActiveState=inactive\nUnitFileState=masked-runtime\n\nId=docker.socket\nLoadState=masked\nActiveState=inactive\nUnitFileState=masked-runtime\n';

/** TrueNAS SCALE 22.12, whose applications run in Docker on zfs. */
export function trueNas(): Recording {
  const root = '/mnt/tank/ix-applications/docker';
  return debian12({
    uname: 'truenas\n5.15.79+truenas\nx86_64\nroot\n0\n',
    os: 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\n',
    host: 'systemd\ntruenas\n',
    module: '2.1.9-1\n',
    userland: 'zfs-2.1.9-1\nzfs-kmod-2.1.9-1\n',
    json: `{"data-root": "${root}", "exec-opts": ["native.cgroupdriver=cgroupfs"], "iptables": false, "bridge": "none"}`,
    info: info({ DockerRootDir: root }),
    root: `${root}\n${root}\nexists\n`,
    mounts: rootMount + dataRootMount(root, 'tank/ix-applications/docker'),
    dataset: 'tank/ix-applications/docker\n',
    there: `tank/ix-applications/docker\t${root}\ton\tyes\n`,
    below: 'tank/ix-applications/docker\n',
    properties: properties({ mountpoint: `${root}\tdefault` }),
  });
}

/** What the volume is called where a run was interrupted, and what it is marked with. */
export const markedVolume = (...more: readonly string[]): string =>
  [
    'zrun:role\toverlay2',
    'zrun:run\t20260701T000000Z-0000',
    'zrun:origin\ttank/docker',
    'zrun:data-root\t/var/lib/docker',
    'volsize\t8589934592',
    ...more,
  ]
    .map((property) => `tank/docker-overlay2\t${property}\n`)
    .join('');

/** The data-root is on a volume that zrun has made, and Docker on overlay2. */
export const moved: Sections = {
  info: info({
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', 'extfs'],
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'true'],
    ],
  }),
  mounts: `${rootMount}139 27 230:0 / /var/lib/docker rw,noatime shared:55 - ext4 /dev/zd0 rw\n`,
  marked: markedVolume('zrun:live\t20260701T000000Z-0000', 'zrun:done\t20260701T000000Z-0000'),
  drivers: 'overlay2\n',
  there: '',
  dataset: undefined,
  volume: 'tank/docker-overlay2\n',
  properties: 'type\tvolume\t-\nvolsize\t8589934592\t-\nvolblocksize\t8192\t-\nzrun:role\toverlay2\tlocal\n',
  below: 'tank/docker-overlay2\n',
};

/** The data-root is a whole pool, as Docker's own documents make it. */
export const wholePool: Sections = {
  info: info({ DriverStatus: [['Parent Dataset', 'zpool-docker']] }),
  mounts: rootMount + dataRootMount('/var/lib/docker', 'zpool-docker'),
  pools: 'zpool-docker\t32212254720\t1300000000\t30912254720\tONLINE\toff\n',
  tops: 'zpool-docker\t30000000000\n',
  there: 'zpool-docker\t/var/lib/docker\ton\tyes\n',
  dataset: 'zpool-docker\n',
  place: 'zpool-docker\n',
  below: `zpool-docker\nzpool-docker/${layer('a')}\n`,
};

/** A move of a whole pool was interrupted in its switch: the pool is the backup, and the volume in it has the copy. */
export const markedInPlace = (pool: string): string => {
  const volume = `${pool}/zrun-overlay2`;
  const of = [`zrun:origin\t${pool}`, 'zrun:data-root\t/var/lib/docker'];
  const marks = ['zrun:role\toverlay2', 'zrun:layout\tin-place', 'zrun:copied\tr1', 'zrun:guid\t1'];
  return [
    ...[...marks, ...of, 'volsize\t8589934592'].map((mark) => `${volume}\t${mark}\n`),
    ...['zrun:role\tbackup', ...of].map((mark) => `${pool}\t${mark}\n`),
  ].join('');
};
