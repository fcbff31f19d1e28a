/** Owns the cases: what each is, what must follow, and what proves it. */
import type { Case, Looked, Recorded, Tested } from './case.js';
import {
  driverIsVerified,
  driverIsWritten,
  lateLinkEnds,
  mountedByPath,
  mountedWhateverLiesBelow,
  movedAside,
  oneManagerAtATime,
  socketFirst,
  vanishedFilesFail,
} from './looks.js';
import {
  container,
  containerdStore,
  dataRootMount,
  debian12,
  docker29,
  folderOf,
  info,
  linksOutside,
  markedInPlace,
  markedVolume,
  moved,
  notRunning,
  properties,
  rootMount,
  socketStoppedByZrun,
  stoppedByZrun,
  trueNas,
  volume,
  wholePool,
  withoutLinks,
} from './systems.js';

const recorded = (of: string, rest: Omit<Recorded, 'by' | 'of'>): Recorded => ({
  by: 'recording',
  of,
  ...rest,
});
const lab = (file: string, title: string): Tested => ({ by: 'lab', file: `lab/${file}`, title });
const test = (file: string, title: string): Tested => ({ by: 'test', file, title });
const look = (at: string, how: () => Promise<string>): Looked => ({ by: 'look', at, look: how });

const anonymous = '0ca98e350e857df069c116394ac5dc3f6a8f083f72368e4ab90953477aea02de';
const dataRoot = '/var/lib/docker';

const volumeFrom = (Name: string, Options: Readonly<Record<string, string>> | null): string =>
  volume({ Name, Options, Mountpoint: `${dataRoot}/volumes/${Name}/_data` });

const swarm = (managers: number, nodes: number) => ({
  Swarm: { NodeID: 'n1', LocalNodeState: 'active', ControlAvailable: true, Managers: managers, Nodes: nodes },
});
/** A line of `docker node ls --format '{{json .}}'` for each manager, by what it says of them. */
const managers = (...statuses: readonly string[]): string =>
  statuses
    .map((ManagerStatus, i) =>
      JSON.stringify({
        Availability: i === 0 ? 'Active' : 'Drain',
        EngineVersion: '20.10.24+dfsg1',
        Hostname: `web${i + 1}`,
        ID: `n${i + 1}`,
        ManagerStatus,
        Self: i === 0,
        Status: ManagerStatus === 'Unreachable' ? 'Down' : 'Ready',
        TLSStatus: 'Ready',
      }),
    )
    .join('\n');

/** What tasks/probe-overlay.yaml prints. */
const probeSays = (said: string) => ({ '/bin/sh -c LC_ALL=C; export LC_ALL\nroot=': `${said}\n` });

const zfsOf = (version: string) => ({
  module: `${version}-1\n`,
  userland: `zfs-${version}-1\nzfs-kmod-${version}-1\n`,
});

/** Cut off with nothing mounted at the data-root, which then lies in the root's own dataset, with other things. */
const cutOff = {
  ...notRunning,
  dockerd: 'Docker version 20.10.24+dfsg1, build 297e128\n',
  mounts: '27 1 0:26 / / rw,relatime shared:1 - zfs rpool/ROOT/debian rw,xattr,posixacl\n',
  drivers: '',
  dataset: 'rpool/ROOT/debian\n',
  properties: properties({
    mountpoint: 'legacy\tlocal',
    logicalreferenced: '60000000000\t-',
    logicalused: '90000000000\t-',
  }),
  below: 'rpool/ROOT/debian\nrpool/ROOT/debian/srv\n',
  there: '',
  marked: `${markedVolume()}tank/docker-zfs-backup\tzrun:role\tbackup\ntank/docker-zfs-backup\tzrun:origin\ttank/docker\n`,
};

/** A folder that was renamed, and nothing mounted where it was yet. */
const folderCutOff = {
  ...notRunning,
  dockerd: 'Docker version 20.10.24+dfsg1, build 297e128\n',
  drivers: '',
  taken: 'taken\n',
  marked: [
    'zrun:role\toverlay2',
    'zrun:origin\trpool/ROOT/ubuntu_x',
    `zrun:data-root\t${dataRoot}`,
    'zrun:copied\t20260701T000000Z-0000',
    'zrun:layout\tfolder',
    'zrun:guid\t1234567890123456789',
    'volsize\t8589934592',
  ]
    .map((property) => `rpool/docker-overlay2\t${property}\n`)
    .join(''),
  marks: [
    'zrun:role\tbackup',
    'zrun:origin\trpool/ROOT/ubuntu_x',
    `zrun:data-root\t${dataRoot}`,
    'zrun:layout\tfolder',
    'zrun:guid\t1234567890123456789',
  ]
    .map((property) => `${dataRoot}-zfs-backup\t${property}\n`)
    .join(''),
};

/** A line each: process, its name and its unit, and what is mounted where. */
const seenElsewhere = [
  ['-', '-', '-', 'path', '/volumes/data/_data', '/srv/upload'],
  ['812', 'sh', 'sftp.service', 'path', '/volumes/data/_data', '/srv/sftp'],
  ['813', 'bash', 'session-3.scope', 'path', '/', '/var/lib/docker'],
]
  .map((fields) => fields.join('\t'))
  .join('\n');

/** What an interrupted run of finalize.yaml leaves. */
const destroying = ['zrun:role\tdestroying', 'zrun:origin\ttank/docker', `zrun:data-root\t${dataRoot}`]
  .map((property) => `tank/docker-zfs-backup\t${property}\n`)
  .join('');
const encrypted = {
  properties: properties({ encryption: 'aes-256-gcm\t-', keystatus: 'available\t-' }),
  above: '30000000000\naes-256-gcm\n',
};
/** What the section on the key of the dataset above prints. */
const keyOf = (keylocation: string): string =>
  `tank\tencryptionroot\ttank\ntank\tkeylocation\t${keylocation}\ntank\tkeystatus\tavailable\n`;

export const cases: readonly Case[] = [
  {
    number: 1,
    what: 'Already overlay2 at the target',
    expected: 'nothing changes, changed=0',
    proofs: [
      recorded('a host that was moved', {
        recording: debian12(moved),
        verdict: 'already',
        says: /overlay2 over extfs/,
      }),
      recorded('Docker 29 on overlay2 over ext4', {
        recording: docker29('29.0.1', {
          ...moved,
          info: info({
            ServerVersion: '29.0.1',
            Driver: 'overlay2',
            DriverStatus: [['Backing Filesystem', 'extfs']],
          }),
        }),
        verdict: 'already',
        says: /Docker 29\.0\.1 runs on overlay2 over extfs/,
        notInLab: true,
      }),
      lab('overlay2.test.ts', 'a second run changes nothing'),
      lab('cases/native.test.ts', 'trixie: ok, changed=0, nothing touched'),
    ],
  },
  {
    number: 2,
    what: 'Already `overlayfs` (containerd store)',
    expected: 'reported, never downgraded',
    proofs: [
      recorded('Docker 29 with the store of containerd', {
        recording: docker29('29.0.1', {
          info: info({ ServerVersion: '29.0.1', ...containerdStore }),
          drivers: '',
          json: undefined,
        }),
        verdict: 'blocked',
        says: /the store of containerd already \(driver overlayfs\), which is left as it is/,
        notInLab: true,
      }),
      recorded('Docker 29 with the store of containerd on its zfs snapshotter', {
        recording: docker29('29.0.1', {
          info: info({ ServerVersion: '29.0.1', Driver: 'zfs', DriverStatus: containerdStore.DriverStatus }),
          drivers: '',
        }),
        verdict: 'blocked',
        says: /the store of containerd already \(driver zfs\)/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 3,
    what: 'Docker 29.0.0 with zfs',
    expected: 'refused: 29.0.1 or later first',
    proofs: [
      recorded('Docker 29.0.0, which does not start', {
        recording: docker29('29.0.0', { ...notRunning, dockerd: 'Docker version 29.0.0, build 3d4129b\n' }),
        verdict: 'blocked',
        says: /Docker 29\.0\.0 does not start with the zfs driver .*update to 29\.0\.1 or later first/,
        notInLab: true,
      }),
      recorded('Docker 29.0.1', {
        recording: docker29('29.0.1'),
        verdict: 'ready',
        says: /Docker 29\.0\.1 on zfs/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 4,
    what: 'Docker ≥ 29 with an empty root',
    expected: 'overlay2 written explicitly; Driver verified afterwards',
    proofs: [
      look('daemon.json of Docker 29 ⊘', driverIsWritten),
      look('Docker 29 that comes up with the store of containerd ⊘', driverIsVerified),
      lab('overlay2.test.ts', 'Docker runs on overlay2 over ext4, with every volume as it was'),
    ],
  },
  {
    number: 5,
    what: '`containerd-snapshotter: true` set',
    expected: 'refused with the reason',
    proofs: [
      recorded('set, and Docker not restarted since', {
        recording: docker29('29.0.1', {
          json: '{"storage-driver": "zfs", "features": {"containerd-snapshotter": true}}',
        }),
        verdict: 'blocked',
        says: /features\.containerd-snapshotter is true in \/etc\/docker\/daemon\.json.*take it out first/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 6,
    what: 'ZFS 2.1.7+ where overlay seems to mount',
    expected: 'a functional probe decides',
    proofs: [
      recorded('overlay2 on a dataset of ZFS 2.1.11', {
        recording: debian12({
          info: info({ Driver: 'overlay2', DriverStatus: [['Backing Filesystem', 'zfs']] }),
          drivers: 'overlay2\n',
        }),
        verdict: 'already',
        remark: /overlay2 lies on a ZFS dataset, and ZFS 2\.1\.11.* cannot do what it needs/,
      }),
      recorded('strategy native, where renaming a lower file fails', {
        recording: { ...debian12(), answers: probeSays('renaming a file fails') },
        args: ['strategy=native'],
        verdict: 'blocked',
        says: /overlayfs does not work on ZFS 2\.1\.11-1\+deb12u1 here: renaming a file fails/,
      }),
      recorded('strategy auto there', {
        recording: { ...debian12(), answers: probeSays('renaming a file fails') },
        args: ['strategy=auto'],
        verdict: 'ready',
        says: /a volume tank\/docker-overlay2 of .*\(strategy zvol: overlayfs does not work on ZFS 2\.1\.11.*renaming a file fails/,
      }),
      recorded('strategy auto, where all of it works', {
        recording: { ...debian12(zfsOf('2.3.9')), answers: probeSays('works') },
        args: ['strategy=auto'],
        verdict: 'ready',
        says: /a dataset tank\/docker-overlay2 \(strategy native: overlayfs works on ZFS 2\.3\.9-1 here, as tried/,
      }),
      lab('overlay2.test.ts', 'strategy auto takes a volume on ZFS 2.1, where the probe sees overlayfs fail'),
      lab('cases/native.test.ts', 'strategy auto takes a dataset on ZFS 2.3'),
    ],
  },
  {
    number: 7,
    what: 'Userland and kernel module differ',
    expected: 'the module decides, and the audit says so',
    proofs: [
      recorded('module 2.2.7, zfs(8) 2.2.8', {
        recording: debian12({ module: '2.2.7-1\n', userland: 'zfs-2.2.8-1\nzfs-kmod-2.2.7-1\n' }),
        verdict: 'blocked',
        says: /ZFS 2\.2\.7-1 loses flush requests/,
        remark:
          /kernel module of ZFS is 2\.2\.7-1 and zfs\(8\) is 2\.2\.8-1: what works is decided by the module/,
        notInLab: true,
      }),
      recorded('module 2.2.8, zfs(8) 2.2.7', {
        recording: debian12({ module: '2.2.8-1\n', userland: 'zfs-2.2.7-1\nzfs-kmod-2.2.8-1\n' }),
        verdict: 'ready',
        remark: /decided by the module/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 8,
    what: 'ZFS 2.2.7, 2.3.0, 2.3.1',
    expected: 'a volume is refused',
    proofs: [
      ...['2.2.7', '2.3.0', '2.3.1'].map((version) =>
        recorded(`ZFS ${version}`, {
          recording: debian12(zfsOf(version)),
          verdict: 'blocked',
          says: new RegExp(`ZFS ${version}-1 loses flush requests of volumes \\(openzfs#17131\\)`),
          notInLab: true,
        }),
      ),
      ...['2.2.6', '2.2.8', '2.3.2', '2.4.0'].map((version) =>
        recorded(`ZFS ${version}`, { recording: debian12(zfsOf(version)), verdict: 'ready', notInLab: true }),
      ),
      recorded('ZFS 2.2.7 with the strategy native, which makes no volume', {
        recording: { ...debian12(zfsOf('2.2.7')), answers: probeSays('works') },
        args: ['strategy=native'],
        verdict: 'ready',
        notInLab: true,
      }),
      recorded('moved to a volume, and updated to ZFS 2.2.7 since', {
        recording: debian12({ ...moved, ...zfsOf('2.2.7') }),
        verdict: 'already',
        remark: /Docker runs on a volume, and ZFS 2\.2\.7-1 loses flush requests of volumes/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 9,
    what: 'The data-root is not its own dataset',
    expected: 'the parent is never renamed or destroyed: a way that touches only what is Docker’s',
    proofs: [
      recorded('layers below rpool/ROOT/ubuntu_x/var/lib (moby#40132)', {
        recording: withoutLinks(folderOf('rpool/ROOT/ubuntu_x/var/lib', '/var/lib')),
        verdict: 'ready',
        says: /a folder of rpool\/ROOT\/ubuntu_x\/var\/lib \(\S+ \S+ logical, 2 layers\)\. It takes a volume rpool\/docker-overlay2 /,
      }),
      recorded('on a file system that is not ZFS, while Docker says zfs', {
        recording: debian12({ mounts: rootMount, dataset: undefined, there: '' }),
        verdict: 'blocked',
        says: /is neither a dataset of its own nor a folder of one: it lies in \/dev\/vda1 \(ext4\)/,
      }),
    ],
  },
  {
    number: 10,
    what: 'data-root is a symlink, a bind mount or elsewhere',
    expected: 'canonicalised from DockerRootDir',
    proofs: [
      recorded('with things of somebody else in it', {
        recording: debian12({ names: 'volumes\nzfs\napp data\n' }),
        verdict: 'ready',
        remark: /the data-root holds what is not of Docker, and is carried along: app data/,
      }),
      recorded('a link to /srv/docker', {
        recording: debian12({
          root: `${dataRoot}\n/srv/docker\nexists\n`,
          mounts: rootMount + dataRootMount('/srv/docker'),
          there: 'tank/docker\t/srv/docker\ton\tyes\n',
          properties: properties({ mountpoint: '/srv/docker\tlocal' }),
        }),
        verdict: 'ready',
        remark: /the data-root is \/srv\/docker, where \/var\/lib\/docker leads/,
      }),
      recorded('data-root in daemon.json', {
        recording: debian12({
          info: info({
            DockerRootDir: '/srv/docker',
            DriverStatus: [['Parent Dataset', 'tank/apps/docker']],
          }),
          json: '{"data-root": "/srv/docker"}',
          root: '/srv/docker\n/srv/docker\nexists\n',
          mounts: rootMount + dataRootMount('/srv/docker', 'tank/apps/docker'),
          dataset: 'tank/apps/docker\n',
          below: 'tank/apps/docker\n',
          there: 'tank/apps/docker\t/srv/docker\ton\tyes\n',
        }),
        verdict: 'ready',
        says: /dataset tank\/apps\/docker/,
      }),
      recorded('zfs.fsname names another dataset than that of the data-root', {
        recording: debian12({ info: info({ DriverStatus: [['Parent Dataset', 'tank/layers']] }) }),
        verdict: 'blocked',
        says: /Docker keeps its layers in tank\/layers \(zfs\.fsname\), and not in tank\/docker/,
      }),
      recorded('a bind mount of a folder', {
        recording: debian12({ mounts: rootMount + dataRootMount(dataRoot, 'tank/srv', '/docker') }),
        verdict: 'blocked',
        says: /the data-root is seen through a bind mount/,
      }),
      lab('cases/elsewhere.test.ts', 'is moved as --check says, and drained meanwhile'),
    ],
  },
  {
    number: 11,
    what: 'Mounts inside `volumes/` (ZFS, NFS, tmpfs)',
    expected: 'listed, with a policy',
    proofs: [
      recorded('NFS and a folder that Docker mounts itself', {
        recording: debian12({
          mounts: [
            rootMount + dataRootMount(),
            '225 139 0:44 / /var/lib/docker/volumes/nas/_data rw - nfs4 nas:/x rw\n',
            '226 139 254:1 /srv/site /var/lib/docker/volumes/site/_data rw - ext4 /dev/vda1 rw\n',
          ].join(''),
          volumes:
            volumeFrom('nas', { type: 'nfs', o: 'addr=nas', device: ':/x' }) +
            volumeFrom('site', { type: 'none', o: 'bind', device: '/srv/site' }),
        }),
        verdict: 'ready',
        remark:
          /volumes that Docker mounts from elsewhere are carried as settings, without what lies there: nas, site/,
      }),
      recorded('a volume in memory, in use', {
        recording: debian12({
          mounts: `${rootMount}${dataRootMount()}226 139 0:45 / /var/lib/docker/volumes/scratch/_data rw - tmpfs tmpfs rw\n`,
          volumes: volumeFrom('scratch', { type: 'tmpfs', device: 'tmpfs' }),
        }),
        verdict: 'blocked',
        says: /volumes\/scratch\/_data \(tmpfs from tmpfs\)\. Mounts are neither copied nor taken away/,
      }),
      recorded('NFS and a dataset that the operator has mounted', {
        recording: debian12({
          mounts: [
            rootMount + dataRootMount(),
            '225 139 0:44 / /var/lib/docker/volumes/nas/_data rw - nfs4 nas:/x rw\n',
            '227 139 0:46 / /var/lib/docker/volumes/db/_data rw - zfs tank/db rw\n',
          ].join(''),
          volumes: volumeFrom('nas', null) + volumeFrom('db', null),
        }),
        verdict: 'blocked',
        says: /volumes\/nas\/_data \(nfs4 from nas:\/x\), .*db\/_data \(zfs from tank\/db\)\. Mounts are neither copied nor taken away/,
      }),
      lab(
        'cases/elsewhere.test.ts',
        'is blocked until the swarm is agreed to, and says what it does with such a volume',
      ),
      lab('cases/elsewhere.test.ts', 'is the same manager with the same service, before and after a reboot'),
    ],
  },
  {
    number: 12,
    what: 'Volumes of plugins',
    expected: 'listed, left in place',
    proofs: [
      recorded('a volume of rexray/ebs', {
        recording: debian12({
          volumes: volume({}) + volume({ Name: 'pg', Driver: 'rexray/ebs:latest', Mountpoint: '' }),
        }),
        verdict: 'ready',
        remark: /volumes of plugins stay where they are: pg \(rexray\/ebs:latest\)/,
        notInLab: true,
      }),
      lab(
        'cases/elsewhere.test.ts',
        'is blocked until the swarm is agreed to, and says what it does with such a volume',
      ),
      lab('cases/elsewhere.test.ts', 'is the same manager with the same service, before and after a reboot'),
      test('modules/facts/facts.test.ts', 'a plugin that keeps volumes, one of them on a server'),
    ],
  },
  {
    number: 13,
    what: 'Anonymous volumes',
    expected: 'mapped to their containers, re-attached',
    proofs: [
      lab(
        'overlay2.test.ts',
        'Docker holds what it held: containers, images, networks and volumes, field by field',
      ),
      test(
        'modules/docker/restore-plan.test.ts',
        'a volume without a name of its own, by the name that Docker made up',
      ),
    ],
  },
  {
    number: 14,
    what: '`--rm` containers',
    expected: 'listed before the stop',
    proofs: [
      recorded('one with an anonymous volume', {
        recording: debian12({
          containers: container({
            Name: '/cache',
            AutoRemove: true,
            Mounts: [{ Type: 'volume', Name: anonymous, Destination: '/cache', Driver: 'local' }],
          }),
          volumes: volume({ Name: anonymous }),
        }),
        verdict: 'blocked',
        says: /started with --rm and would go for good .*: cache with 0ca98e350e85\. Stop them, or run with -e allow_auto_remove=true/,
      }),
      recorded('the same, allowed', {
        recording: debian12({
          containers: container({
            Name: '/cache',
            AutoRemove: true,
            Mounts: [{ Type: 'volume', Name: anonymous, Destination: '/cache', Driver: 'local' }],
          }),
          volumes: volume({ Name: anonymous }),
        }),
        args: ['allow_auto_remove=true'],
        verdict: 'ready',
        remark: /these containers go for good when Docker stops: cache with 0ca98e350e85/,
      }),
      lab('overlay2.test.ts', 'the run changes exactly what --check said, task by task'),
    ],
  },
  {
    number: 15,
    what: 'Changes in a container’s writable layer',
    expected: 'warned of; carried on request',
    proofs: [
      test(
        'modules/docker/inventory.test.ts',
        'does not count folders that only hold changes, nor what Docker makes for mounts',
      ),
      test('modules/docker/inventory.test.ts', 'does not count the snapshots that ZFS shows of a layer'),
      recorded('notes in folders of Docker’s own, which are not carried either', {
        recording: debian12({ inside: 'containers/notes.txt\nimage/zfs\nzfs/graph\ntmp/my.sql\n' }),
        verdict: 'ready',
        remark:
          /not of Docker, .* not carried: containers\/notes\.txt, tmp\/my\.sql\. They stay in the backup/,
      }),
      test('modules/docker/images.test.ts', "describe('a commit'"),
      lab('overlay2.test.ts', 'the run says what it does not carry of what containers have written'),
      lab(
        'put-back.test.ts',
        'and the next run, with the cause removed, finishes, with what a container wrote where that is asked for',
      ),
    ],
  },
  {
    number: 16,
    what: 'Images that are local-only, dangling or digest-only',
    expected: 'saved by ID, tags restored, lost digests reported',
    proofs: [
      test(
        'modules/docker/images.test.ts',
        'are not carried twice; tags that have moved are set again, and lost digests are known',
      ),
      test('modules/docker/images.test.ts', 'gets those that saving and loading has lost'),
      lab('registries.ts', 'pulls by digest what a registry gives, and saves and loads the rest'),
      lab(
        'overlay2.test.ts',
        'Docker holds what it held: containers, images, networks and volumes, field by field',
      ),
    ],
  },
  {
    number: 17,
    what: 'Registry or credentials unavailable',
    expected: 'found out before anything stops',
    proofs: [
      recorded('images: pull', {
        recording: debian12(),
        args: ['images=pull'],
        verdict: 'ready',
        says: /images \(from their registries, where these give them\) while Docker runs/,
      }),
      recorded('images: something else', {
        recording: debian12(),
        args: ['images=registry'],
        verdict: 'blocked',
        says: /images is registry: say save, pull or none/,
      }),
      test('modules/docker/registry.test.ts', 'asks the daemon, then with credentials'),
      lab('registries.ts', 'says in check mode which images no registry gives, and why'),
      lab('registries.ts', 'and saves and loads the rest, also what it no longer gives'),
    ],
  },
  {
    number: 18,
    what: 'Compressed source',
    expected: 'sized by logical bytes and inodes',
    proofs: [
      recorded('2 GB that were 30 GB', {
        recording: debian12({
          properties: properties({ used: '2000000000\t-', logicalused: '30000000000\t-' }),
          above: '900000000000\n',
        }),
        verdict: 'ready',
        says: /It takes a volume tank\/docker-overlay2 of 44(\.0)? ?GiB/,
      }),
      recorded('2 million small files', {
        recording: debian12({
          statfs: '131072 163840 41000000 39000000\n',
          above: '900000000000\n',
        }),
        verdict: 'ready',
        says: /It takes a volume tank\/docker-overlay2 of 22(\.0)? ?GiB/,
      }),
      recorded('a zvol_size that the logical bytes do not fit into', {
        recording: debian12({
          properties: properties({ used: '2000000000\t-', logicalreferenced: '30000000000\t-' }),
        }),
        args: ['zvol_size=16GiB'],
        verdict: 'blocked',
        says: /a volume of 16(\.0)? ?GiB cannot hold the 27\.9 ?GiB of the data-root: give a larger zvol_size/,
      }),
      recorded('a zvol_size with too few inodes', {
        recording: debian12({ statfs: '131072 163840 41000000 39000000\n' }),
        args: ['zvol_size=12GiB'],
        verdict: 'blocked',
        says: /has too few inodes for the 2000000 files of the data-root/,
      }),
    ],
    open: 'files in the layers of images are not counted beforehand: there is an inode for every 8 KiB, and where that is too few the copy ends before Docker is stopped.',
  },
  {
    number: 19,
    what: 'Both copies must fit',
    expected: 'pool, quota, reservations, snapshots checked',
    proofs: [
      recorded('a quota, or a reservation of others, on the dataset above', {
        recording: debian12({ above: '5000000000\n' }),
        verdict: 'blocked',
        says: /the pool has no room for a volume of 8(\.0)? ?GiB: 4\.7 ?GiB available/,
      }),
      recorded('a sparse volume in a pool without room for a second copy', {
        recording: debian12({
          above: '5000000000\n',
          properties: properties({ used: '3000000000\t-', logicalused: '6000000000\t-' }),
        }),
        args: ['zvol_sparse=true'],
        verdict: 'blocked',
        says: /no room for a second copy of 5\.6 ?GiB: 4\.7 ?GiB available/,
      }),
      recorded('a pool that was imported read-only', {
        recording: debian12({ pools: 'tank\t32212254720\t1300000000\t30912254720\tONLINE\ton\n' }),
        verdict: 'blocked',
        says: /the pool tank is read-only, or too damaged to be written to: see zpool status tank/,
      }),
      lab('put-back.test.ts', 'a pool without room'),
      lab('faults.ts', 'the pool fills up while the copy is made'),
    ],
  },
  {
    number: 20,
    what: 'The volume’s name is taken',
    expected: 'reused only with our own user property and the same geometry',
    proofs: [
      recorded('by a volume without our mark', {
        recording: debian12({}, 'tank/docker\t-\t-\t-', 'tank/docker-overlay2\t-\t-\t-'),
        verdict: 'blocked',
        says: /the name tank\/docker-overlay2 is taken by something that is not from zrun/,
        atCloserLook: true,
      }),
      recorded('by a volume that zrun made for another data-root', {
        recording: debian12(
          { marked: markedVolume().replace(dataRoot, '/srv/docker') },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        verdict: 'blocked',
        says: /is from zrun, but was not made for \/var\/lib\/docker: rename it first/,
        atCloserLook: true,
      }),
      recorded('by ours, of another size', {
        recording: debian12(
          { marked: markedVolume() },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        args: ['zvol_size=16GiB'],
        verdict: 'blocked',
        says: /the volume tank\/docker-overlay2 of an earlier run has 8(\.0)? ?GiB, not the 16(\.0)? ?GiB of zvol_size/,
      }),
      recorded('by ours, too small by now', {
        recording: debian12(
          { marked: markedVolume(), properties: properties({ logicalreferenced: '30000000000\t-' }) },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        verdict: 'blocked',
        says: /a volume of 8(\.0)? ?GiB cannot hold the 27\.9 ?GiB of the data-root: rename it/,
      }),
      recorded('by ours, of the size that is wanted', {
        recording: debian12(
          { marked: markedVolume() },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        args: ['zvol_size=8GiB'],
        verdict: 'ready',
      }),
      lab('put-back.test.ts', 'a zvol name that is taken'),
    ],
  },
  {
    number: 21,
    what: 'A signature on the device',
    expected: 'never formatted over',
    proofs: [
      lab('modules.test.ts', 'does not format over'),
      test('modules/host/blockdev.test.ts', 'is never taken for empty where an answer is cut short'),
    ],
  },
  {
    number: 22,
    what: 'Link late or wrong',
    expected: 'bounded wait, size compared',
    proofs: [
      look('a link that never comes', lateLinkEnds),
      lab(
        'modules.test.ts',
        'makes a thick volume by default, and its device has its size when the task is done',
      ),
    ],
  },
  {
    number: 23,
    what: 'Duplicate filesystem UUIDs (clones)',
    expected: 'mounted by /dev/zvol path',
    proofs: [
      look('fstab.hbs and the mount aside', mountedByPath),
      lab('overlay2.test.ts', 'keeps all of it over a reboot, with the old dataset renamed and not mounted'),
    ],
  },
  {
    number: 24,
    what: 'xattrs, ACLs, sparse files, hard links, long names',
    expected: 'kept; rsync 23/24 fails',
    proofs: [
      test('modules/files/rsync.test.ts', 'copies everything, and a second run changes nothing'),
      test('modules/files/rsync.test.ts', 'explains a file that cannot be copied'),
      look('rsync that ends with 24', vanishedFilesFail),
      recorded('volumes whose files are longer than what they hold', {
        recording: debian12({ du: '20000000000\t/var/lib/docker/volumes\ndone\n' }),
        verdict: 'ready',
        remark:
          /files in volumes are 18\.6 GiB long, and hold [\d.]+ MiB: the holes of sparse files stay holes/,
      }),
      lab('overlay2.test.ts', 'Docker runs on overlay2 over ext4, with every volume as it was'),
    ],
  },
  {
    number: 25,
    what: 'live-restore or leftover shims',
    expected: 'containers stopped explicitly; no mounts left',
    proofs: [
      recorded('live-restore', {
        recording: debian12({ info: info({ LiveRestoreEnabled: true }), json: '{"live-restore": true}' }),
        verdict: 'ready',
      }),
      lab(
        'put-back.test.ts',
        'Docker refuses to start on the new file system, with containers that outlive it',
      ),
      lab(
        'overlay2.test.ts',
        'Docker holds what it held: containers, images, networks and volumes, field by field',
      ),
      lab('modules.test.ts', 'names the process that sees it in a mount namespace of its own (moby#24403)'),
      recorded('volumes that a bind mount and two services see', {
        recording: debian12({ elsewhere: seenElsewhere }),
        verdict: 'blocked',
        says: new RegExp(
          'volumes/data/_data at /srv/upload: unmount it; .*/_data at /srv/sftp in the mount namespace of process 812 ' +
            '\\(sh, sftp\\.service\\): stop sftp\\.service, or name it in hold_units, .*; .*process 813 \\(bash, session-3\\.scope\\): end it',
        ),
      }),
      recorded('a service that sees a volume, and is stopped with Docker', {
        recording: debian12({ elsewhere: seenElsewhere.split('\n')[1] ?? '' }),
        args: ['{"hold_units": ["sftp.service"]}'],
        verdict: 'ready',
      }),
      test('modules/storage/remount.test.ts', 'lets pass the namespaces that follow the host'),
      lab('cases/seen-elsewhere.test.ts', 'the move loses no line of what is written all the while'),
    ],
  },
  {
    number: 26,
    what: 'docker.socket or a monitor revives Docker',
    expected: 'socket first, both masked at run time, unmasked on every way out',
    proofs: [
      look('stop-docker.yaml and `always` of overlay2.yaml', socketFirst),
      recorded('a unit file in /etc, which cannot be masked', {
        recording: {
          ...debian12(),
          unitFiles: '/etc/systemd/system/docker.service\n/lib/systemd/system/docker.socket\n',
        },
        verdict: 'blocked',
        says: /a unit file of Docker is in \/etc\/systemd\/system/,
        atCloserLook: true,
      }),
      lab('faults.ts', 'Docker is still masked'),
      lab('overlay2.test.ts', 'keeps all of it over a reboot, with the old dataset renamed and not mounted'),
    ],
  },
  {
    number: 27,
    what: 'Swarm manager',
    expected: 'quorum checked, drained, one at a time, swarm/ kept',
    proofs: [
      recorded('a manager, not allowed', {
        recording: debian12({ info: info(swarm(3, 5)), nodes: managers('Leader', 'Reachable', 'Reachable') }),
        verdict: 'blocked',
        says: /part of a swarm: run with -e allow_swarm=true, one manager at a time, and with -e drain_swarm=true/,
        remark: /this manager of a swarm is not drained: docker node update --availability drain web1/,
      }),
      recorded('one of three, allowed', {
        recording: debian12({ info: info(swarm(3, 5)), nodes: managers('Leader', 'Reachable', 'Reachable') }),
        args: ['allow_swarm=true'],
        verdict: 'ready',
      }),
      recorded('one of three that is paused, to be drained', {
        recording: debian12({
          info: info(swarm(3, 5)),
          nodes: managers('Leader', 'Reachable', 'Reachable').replace('"Active"', '"Pause"'),
        }),
        args: ['allow_swarm=true', 'drain_swarm=true'],
        verdict: 'blocked',
        says: /this node of a swarm is paused: it keeps its tasks/,
      }),
      recorded('a worker, to be drained by nobody', {
        recording: debian12({
          info: info({ Swarm: { NodeID: 'n4', LocalNodeState: 'active', ControlAvailable: false } }),
        }),
        args: ['allow_swarm=true', 'drain_swarm=true'],
        verdict: 'blocked',
        says: /a worker of a swarm cannot be drained by itself: name a manager/,
      }),
      recorded('a worker, to be drained by a manager', {
        recording: debian12({
          info: info({ Swarm: { NodeID: 'n4', LocalNodeState: 'active', ControlAvailable: false } }),
        }),
        args: ['allow_swarm=true', 'drain_swarm=true', 'swarm_manager=m1'],
        verdict: 'ready',
      }),
      recorded('one of three of which one is gone', {
        recording: debian12({
          info: info(swarm(3, 5)),
          nodes: managers('Leader', 'Reachable', 'Unreachable'),
        }),
        args: ['allow_swarm=true'],
        verdict: 'blocked',
        says: /without this manager the swarm would lose its quorum: 2 of its 3 managers answer/,
      }),
      recorded('one of two', {
        recording: debian12({ info: info(swarm(2, 5)), nodes: managers('Leader', 'Reachable') }),
        args: ['allow_swarm=true'],
        verdict: 'blocked',
        says: /would lose its quorum: 2 of its 2 managers answer/,
      }),
      look('two managers of three, in one batch', () =>
        oneManagerAtATime(
          debian12({ info: info(swarm(3, 5)), nodes: managers('Leader', 'Reachable', 'Reachable') }),
        ),
      ),
      recorded('the only one', {
        recording: debian12({ info: info(swarm(1, 1)), nodes: managers('Leader') }),
        args: ['allow_swarm=true'],
        verdict: 'ready',
      }),
      recorded('one whose swarm has no leader', {
        recording: debian12({ info: info(swarm(3, 3)), nodes: '' }),
        args: ['allow_swarm=true'],
        verdict: 'blocked',
        says: /the managers of the swarm do not answer/,
      }),
      lab('cases/elsewhere.test.ts', 'is moved as --check says, and drained meanwhile'),
      lab('cases/elsewhere.test.ts', 'is the same manager with the same service, before and after a reboot'),
    ],
    open: 'no swarm of several hosts runs in the lab.',
  },
  {
    number: 28,
    what: 'storage-opt size, userns-remap, SELinux',
    expected: 'refused or kept right',
    proofs: [
      recorded('a size in storage-opts', {
        recording: debian12({ json: '{"storage-opts": ["size=10G"]}' }),
        verdict: 'blocked',
        says: /storage-opts has a size/,
      }),
      recorded('a container with --storage-opt size', {
        recording: debian12({ containers: container({ StorageOpt: { size: '10G' } }) }),
        verdict: 'blocked',
        says: /a size for their own layer \(--storage-opt\), which overlay2 refuses except on XFS: web/,
      }),
      recorded('userns-remap', {
        recording: debian12({
          info: info({ SecurityOptions: ['name=seccomp,profile=default', 'name=userns'] }),
        }),
        verdict: 'blocked',
        says: /userns-remap is on/,
      }),
      recorded('SELinux', {
        recording: debian12({
          info: info({ SecurityOptions: ['name=seccomp,profile=builtin', 'name=selinux'] }),
        }),
        verdict: 'blocked',
        says: /SELinux confines containers/,
        notInLab: true,
      }),
      recorded('TrueNAS, which rewrites daemon.json', {
        recording: trueNas(),
        verdict: 'blocked',
        says: /TrueNAS rewrites the configuration of Docker by itself/,
        notInLab: true,
      }),
    ],
  },
  {
    number: 29,
    what: 'Connection lost, controller killed or power cut at any step',
    expected: 'the next run finishes or rolls back from what is recorded on the host',
    proofs: [
      lab('faults.ts', "cuts = ['power cut', 'connection cut', 'controller killed']"),
      recorded('interrupted after the rename, on a host whose root is a dataset', {
        recording: debian12(
          cutOff,
          'tank/docker-overlay2\toverlay2\t20260701T000000Z-0000\t-',
          'tank/docker-zfs-backup\tbackup\t-\t-',
        ),
        verdict: 'ready',
        says: /dataset tank\/docker\b/,
      }),
      recorded('interrupted before the copy was whole, with nothing mounted', {
        recording: debian12(cutOff, 'tank/docker\t-\t-\t-', 'tank/docker-overlay2\toverlay2\t-\t-'),
        verdict: 'blocked',
        says: /interrupted before its copy was whole, and tank\/docker is not mounted/,
        atCloserLook: true,
      }),
      recorded('interrupted when the old dataset was unmounted, and not renamed yet', {
        recording: debian12({
          ...cutOff,
          there: 'tank/docker\t/var/lib/docker\ton\tno\n',
          marked: markedVolume('zrun:copied\t20260701T000000Z-0000'),
        }),
        verdict: 'unfinished',
        says: /put the host back as it was first/,
      }),
      recorded('interrupted while the host was being put back', {
        recording: debian12({ marked: markedVolume('zrun:putting-back\t20260701T000000Z-0000') }),
        verdict: 'unfinished',
        says: /while it was putting the host back/,
      }),
      recorded('interrupted while the host was being put back, and Docker was started on overlay2 again', {
        recording: debian12({
          ...moved,
          marked: markedVolume(
            'zrun:live\t20260701T000000Z-0000',
            'zrun:done\t20260701T000000Z-0000',
            'zrun:putting-back\t20260702T000000Z-0000',
          ),
        }),
        verdict: 'unfinished',
        says: /Docker runs on overlay2 again/,
      }),
      recorded('interrupted as Docker was about to start', {
        recording: debian12({
          ...moved,
          ...notRunning,
          units: stoppedByZrun,
          marked: markedVolume('zrun:live\t20260701T000000Z-0000'),
        }),
        verdict: 'unfinished',
        says: /about to start Docker on overlay2/,
      }),
      recorded('interrupted when it had stopped Docker', {
        recording: debian12(
          { ...notRunning, units: stoppedByZrun, marked: markedVolume() },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        verdict: 'ready',
      }),
      recorded('interrupted when it had stopped Docker’s socket', {
        recording: debian12(
          { ...notRunning, units: socketStoppedByZrun, marked: markedVolume() },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        verdict: 'ready',
      }),
      recorded('interrupted earlier, and Docker was stopped by somebody else since', {
        recording: debian12(
          { ...notRunning, marked: markedVolume() },
          'tank/docker\t-\t-\t-',
          'tank/docker-overlay2\toverlay2\t-\t-',
        ),
        verdict: 'blocked',
        says: /Docker does not run, so what it holds cannot be listed: start it first/,
      }),
      recorded('interrupted before every container was made again', {
        recording: debian12({
          ...moved,
          marked: markedVolume('zrun:live\t20260701T000000Z-0000'),
        }),
        verdict: 'unfinished',
        says: /a run was interrupted before every container was made again/,
      }),
      recorded('moved already, and Docker does not run', {
        recording: debian12(
          cutOff,
          'tank/docker-overlay2\toverlay2\t20260701T000000Z-0000\t20260701T000000Z-0000',
          'tank/docker-zfs-backup\tbackup\t-\t-',
        ),
        verdict: 'blocked',
        says: /this host was moved already, but Docker does not run on overlay2 now/,
        atCloserLook: true,
      }),
    ],
  },
  {
    number: 30,
    what: 'The end',
    expected:
      'a container runs, a write persists, everything agrees, and survives a reboot; the backup stays; rolling back says what changed since',
    proofs: [
      lab('overlay2.test.ts', 'Docker runs on overlay2 over ext4, with every volume as it was'),
      lab(
        'overlay2.test.ts',
        'Docker holds what it held: containers, images, networks and volumes, field by field',
      ),
      lab('overlay2.test.ts', 'keeps all of it over a reboot, with the old dataset renamed and not mounted'),
      lab(
        'overlay2.test.ts',
        'finalize.yaml shows what would go and keeps it, until it is told to destroy it',
      ),
      lab('put-back.test.ts', 'rollback.yaml says what has changed since the move, and does nothing unasked'),
      lab('put-back.test.ts', 'rollback.yaml puts the host back as it was, byte for byte'),
    ],
  },
  {
    number: 31,
    what: 'Files hidden below the data-root’s mountpoint',
    expected: 'named before anything is touched; put-back mounts over them in any case',
    proofs: [
      recorded('files of somebody', {
        recording: debian12({ hidden: 'seen\n./old\n./my notes\n' }),
        verdict: 'blocked',
        says: /the mount of the data-root hides files, which lie in \/var\/lib\/docker itself: my notes, old\. Stop Docker, zfs unmount tank\/docker, see to them, .*move_hidden=true, which moves them aside and deletes nothing/,
      }),
      recorded('a whole old data-root', {
        recording: debian12({ hidden: `seen\n${'abcdefghijklmnopqrst'.replace(/./g, './$&\n')}./volumes\n` }),
        verdict: 'blocked',
        says: /: a, b, .*, t and more\./,
      }),
      recorded('what Docker wrote before its dataset was mounted', {
        recording: debian12({ hidden: 'seen\n./volumes\n./image\n' }),
        verdict: 'blocked',
        says: /image, volumes\. They are what Docker wrote there when it was started before its dataset was mounted, and may hold volumes\./,
      }),
      recorded('with move_hidden', {
        recording: debian12({ hidden: 'seen\n./volumes\n' }),
        args: ['move_hidden=true'],
        verdict: 'ready',
        remark: /hides files, which are moved aside, to \/var\/lib\/docker\.hidden-…: volumes/,
      }),
      recorded('a host where nobody can look', {
        recording: debian12({ hidden: '' }),
        verdict: 'blocked',
        says: /it cannot be seen whether the mount of the data-root hides files: unshare\(1\) is not installed/,
        notInLab: true,
      }),
      recorded('a dataset that lies over a partition', {
        recording: debian12({
          mounts: `${rootMount}138 27 8:1 / ${dataRoot} rw - ext4 /dev/sdb1 rw\n${dataRootMount()}`,
        }),
        verdict: 'blocked',
        says: /the dataset of the data-root lies over what is mounted there as well: \/dev\/sdb1 \(ext4\)\. Stop Docker, unmount/,
      }),
      recorded('a host that was moved already', {
        recording: debian12({
          ...moved,
          hidden: 'seen\n./old\n',
          aside: '/var/lib/docker.hidden-20260701T000000Z-0000\n',
        }),
        verdict: 'already',
        remark:
          /hides files, which stay where they are: old; what the mount of the data-root hid is kept in \/var\/lib\/docker\.hidden-20260701T000000Z-0000/,
      }),
      look('move-aside.yaml, interrupted between its steps', movedAside),
      look('mounts of put-back.yaml and grow.yaml', mountedWhateverLiesBelow),
      test('modules/facts/facts.test.ts', 'see it and leave nothing behind'),
      lab('cases/hidden.test.ts', 'come after every look make the move fail, and the host goes back'),
      lab('cases/hidden.test.ts', 'are named by the audit, and refused before anything is touched'),
      lab('cases/hidden.test.ts', 'are moved aside where that is asked for, as --check says'),
      lab('cases/hidden.test.ts', 'are mounted over by the way back, even where ZFS itself would not'),
    ],
  },
  {
    number: 32,
    what: 'Units that require Docker stop with it and stay stopped',
    expected: 'named beforehand, stopped in order, started again on every way out, and checked',
    proofs: [
      recorded('one that requires it, one that calls it, and one that only comes later', {
        recording: debian12({
          dependents:
            'app.service\trequires\tactive\trunning\t\nweb.service\tcalls\tactive\trunning\t\nup.service\tcalls\tactive\texited\tstays\nlogs.service\tafter\tactive\trunning\t\nold.service\trequires\tinactive\tdead\t\n',
        }),
        verdict: 'ready',
        remark:
          /stopped before Docker and started again after it: app\.service, web\.service; .*may use Docker by themselves and are not stopped: logs\.service/,
      }),
      recorded('as told', {
        recording: debian12({
          dependents: 'app.service\trequires\tactive\trunning\t\nrunner.service\tafter\tactive\trunning\t\n',
        }),
        args: ['{"hold_units": ["runner.service"], "leave_units": ["app.service"]}'],
        verdict: 'ready',
        remark: /stopped before Docker and started again after it: runner\.service$/,
      }),
      recorded('some that run and cannot be started again', {
        recording: debian12({
          dependents: [
            'trans.service\trequires\tactive\trunning\t\ttransient\t',
            'gone.service\tcalls\tactive\trunning\t\tmissing\t',
            'other.service\trequires\tactive\trunning\t\tchanged\t',
            'stays.service\tcalls\tactive\trunning\t\trefuses-stop\t',
            'idle.service\trequires\tinactive\tdead\t\t\t',
            '',
          ].join('\n'),
        }),
        verdict: 'blocked',
        says: /the unit gone\.service has lost its unit file: .*; the unit other\.service has other files .*; the unit stays\.service refuses to be stopped .*; the unit trans\.service was started by systemd-run/,
      }),
      recorded(
        'one that refuses to be stopped, left alone, one that stops with Docker, and a job under way',
        {
          recording: debian12({
            dependents:
              'job.service\tcalls\tactivating\tstart\t\t\tjob\nlast.service\trequires\tactive\trunning\t\t\t with-docker\nstays.service\tcalls\tactive\trunning\t\trefuses-stop\t\n',
          }),
          args: ['{"leave_units": ["stays.service"]}'],
          verdict: 'ready',
          remark:
            /started again after it: job\.service, last\.service; these jobs are under way, .*: job\.service\./,
        },
      ),
      recorded('docker.service itself, changed since systemd has read it', {
        recording: debian12({
          units:
            'Id=docker.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=yes\n\n',
        }),
        verdict: 'blocked',
        says: /the files of docker\.service were changed since systemd has read them/,
      }),
      recorded('a container in the network of one that does not run', {
        recording: debian12({
          containers: `${container({ Id: 'f'.repeat(64), Name: '/web', State: { Status: 'exited', Running: false } })}\n${container({ Name: '/side', Modes: [`container:${'f'.repeat(64)}`, 'private', ''] })}`,
        }),
        verdict: 'blocked',
        says: /share a namespace with one that does not run, and could not be started again: side \(web\)/,
      }),
      recorded('containers whose bind source, volume or device is gone', {
        recording: debian12({
          containers: [
            container({
              Name: '/one',
              HostConfig: { Mounts: [{ Type: 'bind', Source: '/srv/a "gone"', Target: '/g' }] },
            }),
            container({
              Name: '/two',
              State: { Status: 'exited', Running: false },
              Mounts: [{ Type: 'volume', Name: 'nas', Source: '/v', Destination: '/n' }],
            }),
            container({ Name: '/three', HostConfig: { Devices: [{ PathOnHost: '/dev/ttyUSB0' }] } }),
          ].join('\n'),
          volumes: volume({ Name: 'nas', Options: { type: 'none', o: 'bind,ro', device: '/mnt/nas' } }),
          gone: '"/srv/a \\"gone\\""\n"/mnt/nas"\n"/dev/ttyUSB0"\n',
        }),
        verdict: 'blocked',
        says: /could not make or start them again: one \(\/srv\/a "gone", of its --mount type=bind\), two \(\/mnt\/nas, which its volume nas mounts\), three \(device \/dev\/ttyUSB0\)\. Bring it back, .* can be stopped instead/,
      }),
      recorded('folders that Docker makes again, and what a stopped or a passing container lacks', {
        recording: debian12({
          containers: [
            container({ Mounts: [{ Type: 'bind', Source: '/srv/app.conf', Destination: '/app.conf' }] }),
            container({
              Name: '/stopped',
              State: { Status: 'exited', Running: false },
              HostConfig: { Devices: [{ PathOnHost: '/dev/ttyUSB0' }] },
            }),
            container({
              Name: '/task',
              State: { Status: 'exited', Running: false },
              Config: { Image: 'app:1', Labels: { 'com.docker.swarm.task.id': 'x' } },
              HostConfig: { Mounts: [{ Type: 'bind', Source: '/srv/app.conf', Target: '/g' }] },
            }),
          ].join('\n'),
          gone: '"/srv/app.conf"\n"/dev/ttyUSB0"\n',
        }),
        verdict: 'ready',
        remark: /Docker makes an empty folder there as it starts them: \w+ \(\/srv\/app\.conf\)\./,
      }),
      lab('cases/units.test.ts', 'the audit names what is stopped, beforehand'),
      lab('cases/units.test.ts', 'is moved as --check says, and all of it runs again, with every line'),
      lab('cases/units.test.ts', 'also when the volume is enlarged, and after a reboot'),
      lab('cases/odd-units.test.ts', 'those that cannot be started again are refused'),
      lab(
        'cases/odd-units.test.ts',
        'a move brings the rest back, with the containers that these have stopped',
      ),
      test('modules/system/dependents.test.ts', 'at a distance, in whichever order they are told'),
    ],
  },
  {
    number: 33,
    what: 'Units, kubelets, runners and swarm tasks that write as soon as Docker answers',
    expected: 'held until the move is done; a put-back never discards what was written since',
    proofs: [
      lab('cases/failures.test.ts', 'puts everything back, with every line'),
      lab(
        'cases/failures.test.ts',
        'where a unit that was not held has written meanwhile, the host stays, says why, and everything runs',
      ),
    ],
  },
  {
    number: 34,
    what: 'Containers made between the record and the stop',
    expected: 'compared after the stop; carried, or the host goes back and names them',
    proofs: [
      lab(
        'cases/changes.test.ts',
        'a container that comes between the record and the stop: the host goes back, and says which',
      ),
      lab(
        'cases/changes.test.ts',
        'one that before_host starts is carried, and so is what is written as containers end',
      ),
    ],
  },
  {
    number: 35,
    what: 'A database that saves on SIGTERM',
    expected: 'volumes are compared after the stop on the way back',
    proofs: [
      lab('cases/changes.test.ts', 'rollback.yaml sees what is written as Docker stops, and stays'),
      lab('cases/changes.test.ts', 'and goes back where that is agreed to'),
    ],
  },
  {
    number: 36,
    what: '`zfs destroy -r` is best effort: a hold, a busy mount or an interruption leaves a part',
    expected:
      'everything is checked first, in every mount namespace; then the backup is marked `destroying`, which is no way back and which only finalize.yaml ends',
    proofs: [
      recorded('moved, and finalize.yaml was interrupted', {
        recording: debian12({ ...moved, marked: `${String(moved['marked'])}${destroying}` }),
        verdict: 'already',
        remark:
          /finalize\.yaml was interrupted while it destroyed tank\/docker-zfs-backup, which is no way back any more: run it again/,
      }),
      recorded('the same, and Docker does not run', {
        recording: debian12(
          { ...cutOff, marked: `${markedVolume('zrun:live\tr1', 'zrun:done\tr1')}${destroying}` },
          'tank/docker-overlay2\toverlay2\tr1\tr1',
          'tank/docker-zfs-backup\tdestroying\t-\t-',
        ),
        verdict: 'blocked',
        says: /start it\. There is no way back any more: finalize\.yaml has begun to destroy tank\/docker-zfs-backup$/,
        atCloserLook: true,
      }),
      recorded('finalized, and Docker does not run', {
        recording: debian12(
          { ...cutOff, marked: markedVolume('zrun:live\tr1', 'zrun:done\tr1') },
          'tank/docker-overlay2\toverlay2\tr1\tr1',
        ),
        verdict: 'blocked',
        says: /start it\. There is no way back any more: finalize\.yaml has destroyed tank\/docker-zfs-backup$/,
        atCloserLook: true,
      }),
      recorded('interrupted, and another dataset has been put in its place by hand', {
        recording: debian12(
          { marked: destroying },
          'tank/docker\t-\t-\t-',
          'tank/docker-zfs-backup\tdestroying\t-\t-',
        ),
        verdict: 'blocked',
        says: /finalize\.yaml was interrupted while it destroyed tank\/docker-zfs-backup, an earlier backup/,
        atCloserLook: true,
      }),
      recorded('what is left was given its name back by hand', {
        recording: debian12({
          marked: destroying.replaceAll('docker-zfs-backup', 'docker'),
          properties: `${properties()}zrun:role\tdestroying\tlocal\n`,
        }),
        verdict: 'blocked',
        says: /the data-root is what an interrupted run of finalize\.yaml has left of a backup, and not whole/,
      }),
      test('playbooks/finalize.test.ts', 'names holds and clones elsewhere, and what to do about each'),
      lab('cases/finalize.test.ts', 'is kept where a snapshot of a layer is held'),
      lab('cases/finalize.test.ts', 'is kept where a layer is mounted in another mount namespace'),
      lab('cases/finalize.test.ts', 'is kept where there is a clone of a layer elsewhere'),
      lab('cases/finalize.test.ts', 'is a way back all the time, held, busy and cloned as it is'),
      lab(
        'cases/finalize.test.ts',
        'is none any more where finalize.yaml was interrupted: rollback.yaml and the audit say so',
      ),
      lab('cases/finalize.test.ts', 'is then destroyed by finalize.yaml alone, to its end'),
    ],
  },
  {
    number: 37,
    what: 'Key of an encrypted data-root loaded only for the old mount',
    expected: 'required explicitly by what fstab mounts',
    proofs: [
      recorded('below an encrypted dataset whose key is in a file', {
        recording: debian12({ ...encrypted, key: keyOf('file:///root/tank.key') }),
        verdict: 'ready',
      }),
      recorded('a passphrase, which the boot asks for', {
        recording: debian12({ ...encrypted, key: keyOf('prompt') }),
        verdict: 'ready',
        remark: /the key of tank is a passphrase: at boot Docker waits until it is entered/,
      }),
      recorded('interrupted after the rename, and booted since without the passphrase', {
        recording: debian12(
          {
            ...cutOff,
            marked: `${markedVolume('encryptionroot\ttank', 'keylocation\tprompt', 'keystatus\tunavailable')}tank/docker-zfs-backup\tzrun:role\tbackup\ntank/docker-zfs-backup\tzrun:origin\ttank/docker\n`,
          },
          'tank/docker-overlay2\toverlay2\t20260701T000000Z-0000\t-',
          'tank/docker-zfs-backup\tbackup\t-\t-',
        ),
        verdict: 'blocked',
        says: /the key of tank\/docker-overlay2 is not loaded, and zrun does not know its passphrase: zfs load-key tank/,
      }),
      recorded('moved by an earlier zrun, which did not see to it', {
        recording: debian12({
          ...moved,
          marked: markedVolume(
            'zrun:live\t20260701T000000Z-0000',
            'zrun:done\t20260701T000000Z-0000',
            'encryptionroot\ttank',
            'keylocation\tfile:///root/tank.key',
            'keystatus\tavailable',
          ),
        }),
        verdict: 'already',
        remark: /its line in fstab does not require zrun-docker-key\.service/,
      }),
      test('cases/boot-mount.test.ts', 'reads names as they are, and goes after whoever else loads keys'),
      test('cases/boot-mount.test.ts', 'gives up after three times, and lets nobody wait for the device'),
      lab('cases/encrypted.test.ts', 'is moved to a volume as --check says, and comes up after a boot'),
      lab('cases/encrypted.test.ts', 'is moved to a dataset as --check says, and comes up after a boot'),
      lab('cases/encrypted.test.ts', 'fails at once where its key is missing, and the host boots'),
    ],
  },
  {
    number: 38,
    what: '`/etc/zfs/zfs-list.cache` that still names the old dataset',
    expected: 'mended, and the unit that wins at boot is looked at before Docker starts',
    proofs: [
      recorded('a list with the dataset of the data-root', {
        recording: debian12({ cached: '/etc/zfs/zfs-list.cache/tank\ttank/docker\ton\t-\n' }),
        verdict: 'ready',
      }),
      recorded('a list with another dataset that is meant to be mounted there', {
        recording: debian12({
          there: 'tank/docker\t/var/lib/docker\ton\tyes\ntank/older\t/var/lib/docker\tnoauto\tno\n',
          cached: '/etc/zfs/zfs-list.cache/tank\ttank/older\tnoauto\t-\n',
        }),
        verdict: 'blocked',
        says: /zfs-mount-generator makes a mount unit of it \(tank\/older in \/etc\/zfs\/zfs-list\.cache\/tank\)/,
      }),
      test('cases/boot-mount.test.ts', 'lose the line of the old dataset, and have it again, byte for byte'),
      lab('cases/encrypted.test.ts', 'goes back, as it was'),
      lab('cases/encrypted.test.ts', 'and comes up on zfs after the way back and a boot'),
    ],
  },
  {
    number: 39,
    what: 'Docker in Docker with the zfs driver',
    expected: 'detected, and refused with the reason unless allowed',
    proofs: [
      recorded('in two volumes', {
        recording: debian12({ inner: `ci\n${anonymous}\ndone\n` }),
        verdict: 'blocked',
        says: new RegExp(
          `Docker inside of a container keeps its data in these volumes, with the zfs driver: ci, ${anonymous}\\. It does not start on another file system \\(prior storage driver zfs\\), .*allow_inner_docker=true`,
        ),
      }),
      recorded('allowed', {
        recording: debian12({ inner: 'ci\ndone\n' }),
        args: ['allow_inner_docker=true'],
        verdict: 'ready',
        remark: /does not start any more before zfs and image\/zfs are removed from its volume.*: ci/,
      }),
      test('modules/facts/facts.test.ts', 'what moves have put aside, and Docker in Docker'),
    ],
    open: 'one whose data-root is a folder of the host, and no volume, is not seen.',
  },
  {
    number: 40,
    what: 'A failing unit that recreates its container with another environment',
    expected: 'told apart from the one of the record, kept, and named',
    proofs: [
      test('modules/docker/restore-plan.test.ts', 'does not take another container of the same name for it'),
      test('modules/system/systemd_hold.test.ts', 'one between two tries is active'),
      lab(
        'cases/failures.test.ts',
        'the next run finishes, and names the container that the unit has recreated',
      ),
    ],
  },
  {
    number: 41,
    what: 'Data-root a plain folder of a larger dataset',
    expected: 'layers stay where they are: the folder is renamed, and nothing else',
    proofs: [
      recorded('a ZFS root, as Ubuntu makes it (zsys#102)', {
        recording: withoutLinks(folderOf('rpool/ROOT/ubuntu_x', '/')),
        verdict: 'ready',
        says: /The old folder stays, as \/var\/lib\/docker-zfs-backup, and its layers stay in rpool\/ROOT\/ubuntu_x/,
        remark:
          /named like layers, and are not known to be of this Docker.*: rpool\/ROOT\/ubuntu_x\/k+, rpool\/ROOT\/ubuntu_x\/d+/,
      }),
      recorded('Docker that never held an image', {
        recording: withoutLinks(folderOf('tank/all', '/var/lib', { drivers: '', layers: '' })),
        verdict: 'ready',
        says: /a folder of tank\/all /,
      }),
      recorded('a root that something else than ZFS mounts, from a pool that is encrypted', {
        recording: withoutLinks(
          folderOf('rpool/ROOT/debian', '/', {
            place: 'rpool\n',
            above: '30000000000\naes-256-gcm\n',
            key: keyOf('prompt').replaceAll('tank', 'rpool'),
            properties: properties({
              mountpoint: 'legacy\tlocal',
              canmount: 'noauto\tlocal',
              encryption: 'aes-256-gcm\t-',
              keystatus: 'available\t-',
            }),
          }),
        ),
        verdict: 'ready',
        says: /a volume rpool\/docker-overlay2 /,
      }),
      recorded('the same, with a volume_parent of one’s own', {
        recording: withoutLinks(folderOf('rpool/ROOT/ubuntu_x', '/')),
        args: ['volume_parent=tank/volumes'],
        verdict: 'ready',
        says: /It takes a volume tank\/volumes\/docker-overlay2 /,
      }),
      recorded('the same, with one that is part of the root itself', {
        recording: folderOf('rpool/ROOT/ubuntu_x', '/'),
        args: ['volume_parent=rpool/ROOT/ubuntu_x/var'],
        verdict: 'blocked',
        says: /volume_parent is rpool\/ROOT\/ubuntu_x\/var, which comes and goes with rpool\/ROOT\/ubuntu_x/,
      }),
      recorded('an encrypted root, whose key what is made elsewhere would not have', {
        recording: folderOf('rpool/ROOT/ubuntu_x', '/', {
          place: 'rpool/crypt\n',
          properties: properties({
            mountpoint: '/\tlocal',
            encryption: 'aes-256-gcm\t-',
            keystatus: 'available\t-',
          }),
        }),
        args: ['volume_parent=rpool/plain'],
        verdict: 'blocked',
        says: /encrypted with the key of rpool\/crypt, and what is made in rpool\/plain \(volume_parent\) would not be/,
      }),
      recorded('with something in the place of the backup', {
        recording: folderOf('rpool/ROOT/ubuntu_x', '/', { taken: 'taken\n' }),
        verdict: 'blocked',
        says: /\/var\/lib\/docker-zfs-backup, which the data-root would be renamed to, is there already: rename it/,
      }),
      recorded('with a file that has another name outside of it', {
        recording: {
          ...folderOf('rpool/ROOT/ubuntu_x', '/'),
          answers: { [linksOutside]: 'volumes/data/_data/shared.iso\n' },
        },
        verdict: 'blocked',
        atCloserLook: true,
        says: /have another name outside of the data-root \(a hard link\).*: volumes\/data\/_data\/shared\.iso/,
      }),
      recorded('with a volume that is mounted elsewhere', {
        recording: folderOf('rpool/ROOT/ubuntu_x', '/', {
          elsewhere: '-\t-\t-\tpath\t/volumes/data/_data\t/srv/upload\n',
        }),
        verdict: 'blocked',
        says: /\/var\/lib\/docker\/volumes\/data\/_data at \/srv\/upload: unmount it/,
      }),
      recorded('cut off between the rename and the mount, in another boot environment since', {
        recording: folderOf('rpool/ROOT/ubuntu_x', '/', {
          ...folderCutOff,
          holding: 'rpool/ROOT/ubuntu_y\t42\n',
        }),
        verdict: 'blocked',
        says: /was a folder of rpool\/ROOT\/ubuntu_x when the move began, and now lies in rpool\/ROOT\/ubuntu_y/,
      }),
    ],
  },
  {
    number: 42,
    what: 'Data-root a whole pool, or its own encryption root',
    expected:
      'the backup in its place: it keeps its name, is not mounted any more, and has the new volume in it',
    proofs: [
      recorded('a pool, as Docker’s documents have it', {
        recording: debian12(wholePool),
        verdict: 'ready',
        says: /a volume zpool-docker\/zrun-overlay2 .*dataset stays as it is, unmounted, with the new one in it/,
      }),
      recorded('its own encryption root, in a pool that is not encrypted', {
        recording: debian12({
          properties: properties({
            encryption: 'aes-256-gcm\t-',
            encryptionroot: 'tank/docker\t-',
            keystatus: 'available\t-',
          }),
          place: 'tank/docker\n',
          above: '21474836480\naes-256-gcm\n',
          key: 'tank/docker\tencryptionroot\ttank/docker\ntank/docker\tkeylocation\tfile:///k\ntank/docker\tkeystatus\tavailable\n',
        }),
        verdict: 'ready',
        says: /a volume tank\/docker\/zrun-overlay2 /,
      }),
      recorded('a pool, marked and not mounted any more when the power went', {
        recording: debian12(
          { ...cutOff, dataset: undefined, marked: markedInPlace('zpool-docker') },
          'zpool-docker\tbackup\t-\t-',
          'zpool-docker/zrun-overlay2\toverlay2\tr1\t-',
        ),
        verdict: 'ready',
      }),
      recorded('a pool, marked, and mounted again by something all the same', {
        recording: debian12({
          ...wholePool,
          properties: `${properties({ guid: '1\t-' })}zrun:role\tbackup\tlocal\n`,
          marked: markedInPlace('zpool-docker'),
        }),
        verdict: 'unfinished',
        says: /put the host back as it was first/,
      }),
      recorded('a volume of another pool, from a move that was put back', {
        recording: debian12({
          ...wholePool,
          properties: properties({ guid: '2\t-' }),
          marked: markedInPlace('old-pool'),
        }),
        verdict: 'blocked',
        says: /old-pool\/zrun-overlay2, which an earlier move has left, is of old-pool, and another dataset is the data-root now \(zpool-docker\): rename old-pool\/zrun-overlay2 first/,
      }),
      lab('cases/in-place.test.ts', 'is moved as --check says'),
      lab('cases/in-place.test.ts', 'goes back as it was'),
      lab(
        'cases/in-place.test.ts',
        'comes back held where the power goes in the middle of the switch, and the next run goes on',
      ),
      lab(
        'cases/in-place.test.ts',
        'is finalized: its layers and its files go, the pool, the volume and what is of others stay',
      ),
    ],
  },
  {
    number: 43,
    what: '`canmount=noauto`, or a rename that failed',
    expected: 'ZFS does not mount it again: put-back does',
    proofs: [
      recorded('canmount=noauto', {
        recording: debian12({
          properties: properties({ canmount: 'noauto\tlocal' }),
          there: 'tank/docker\t/var/lib/docker\tnoauto\tyes\n',
        }),
        verdict: 'ready',
        remark: /has canmount=noauto, so that something else than ZFS mounts it at boot/,
      }),
      recorded('a rename that failed, and the power went before the host was put back', {
        recording: debian12({
          ...cutOff,
          there: 'tank/docker\t/var/lib/docker\tnoauto\tno\n',
          marked: markedVolume('zrun:copied\t20260701T000000Z-0000'),
        }),
        verdict: 'unfinished',
        says: /put the host back as it was first/,
      }),
      look('mounts of put-back.yaml', mountedWhateverLiesBelow),
      lab('modules.test.ts', 'names the process that keeps it busy, and leaves it under its name'),
      lab('cases/hidden.test.ts', 'are mounted over by the way back, even where ZFS itself would not'),
    ],
  },
  {
    number: 44,
    what: 'A thick volume makes `zfs snapshot -r` of its parent need room for all that it holds',
    expected: 'said before the move; a sparse volume on request',
    proofs: [
      recorded('a pool with room for the volume, and not for what it holds as well', {
        recording: debian12({ above: '12000000000\n' }),
        verdict: 'ready',
        remark:
          /a snapshot of it needs as much room again as it holds: with less than 8 ?GiB left in the pool, `zfs snapshot -r tank` can fail/,
      }),
      recorded('the same pool, and a sparse volume', {
        recording: debian12({ above: '12000000000\n' }),
        args: ['zvol_sparse=true'],
        verdict: 'ready',
        says: /a volume tank\/docker-overlay2 of 8 ?GiB/,
      }),
    ],
  },
  {
    number: 45,
    what: 'sanoid, zrepl and syncoid do not read `com.sun:auto-snapshot`',
    expected: 'said where one of them is installed',
    proofs: [
      recorded('sanoid and syncoid, before the move', {
        recording: debian12({ snapshot_tools: 'sanoid\nsyncoid\n' }),
        verdict: 'ready',
        remark:
          /sanoid, syncoid are installed and do not read com\.sun:auto-snapshot, .* tank\/docker-overlay2 and tank\/docker-zfs-backup: leave both out/,
      }),
      recorded('zrepl, after the move', {
        recording: debian12({ ...moved, snapshot_tools: 'zrepl\n' }),
        verdict: 'already',
        remark: /zrepl is installed and does not read com\.sun:auto-snapshot/,
      }),
    ],
  },
];
