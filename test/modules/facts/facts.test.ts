/** Facts from the answers of hosts that the lab does not have; the lab's own are in test/lab. Formats are the real ones. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { factsOf, factsProbe } from '../../../src/modules/facts/facts.js';
import { parseSections } from '../../../src/modules/facts/sections.js';
import { factsSchema, type Facts } from '../../../src/modules/facts/schema.js';
import { localRun, withFolder } from '../harness.js';

const base: Readonly<Record<string, string>> = {
  uname: 'h\n6.1.0-50-cloud-amd64\nx86_64\nroot\n0\n',
  host: 'systemd\n',
  mounts: `27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
139 27 0:37 / /var/lib/docker rw,noatime shared:55 - zfs tank/docker rw,xattr,posixacl
224 139 0:43 / /var/lib/docker/zfs/graph/${'a'.repeat(64)} rw - zfs tank/docker/${'a'.repeat(64)} rw
225 139 0:44 / /var/lib/docker/volumes/nas/_data rw - nfs4 nas:/x rw
324 26 0:4 net:[4026532278] /run/docker/netns/70dc rw shared:127 - nsfs nsfs rw
`,
  tools: 'docker\ndockerd\nzfs\nmkfs.ext4\n',
  module: '2.1.11-1\n',
  userland: 'zfs-2.1.11-1\nzfs-kmod-2.1.11-1\n',
  pools: 'tank\t12348030976\t6926336\t12341104640\tONLINE\toff\n',
  tops: 'tank\t11955601408\n',
  config: '/etc/docker/daemon.json\n',
  shims: '3\n',
  root: '/var/lib/docker\n/var/lib/docker\nexists\n',
  statfs: '131072 91217 23356789 23350000\n',
  drivers: 'zfs\n',
  dataset: 'tank/docker\n',
  properties:
    'type\tfilesystem\t-\navailable\t11955601408\t-\nmountpoint\t/var/lib/docker\tlocal\ncanmount\ton\tdefault\nlogicalreferenced\t2271232\t-\nzrun:role\tbackup\tinherited from tank\nlab:owner\tplatform team\tlocal\n',
  below: `tank/docker\ntank/docker/${'a'.repeat(64)}\ntank/docker/${'b'.repeat(64)}-init\n`,
  snapshots: '2\n',
};

function facts(change: Readonly<Record<string, string | undefined>> = {}): Facts {
  const sections = new Map<string, string>();
  for (const [name, text] of Object.entries({ ...base, ...change }))
    if (text !== undefined) sections.set(name, text);
  // What the schema says is what there is: types, nulls and no key too many.
  return factsSchema.parse(factsOf(sections));
}

const info = (fields: object): string =>
  `${JSON.stringify({ ServerVersion: '20.10.24', Driver: 'zfs', ...fields })}\n`;

/** @param mounts the table of mounts */
const folderOf = (mounts: string) => ({
  mounts,
  dataset: 'rpool/ROOT/ubuntu_x\n',
  holding: 'rpool/ROOT/ubuntu_x\t77\n',
  place: 'rpool\n',
  below: undefined,
  properties:
    'type\tfilesystem\t-\nguid\t77\t-\nlogicalreferenced\t9000\t-\nquota\t5\tlocal\ncompression\tlz4\tlocal\nacltype\tposix\tinherited from rpool\natime\ton\tdefault\n',
  contents: '4000\t20\n',
  layers: [
    `known\trpool/ROOT/ubuntu_x/${'c'.repeat(64)}\t12345678901234567890\t7\t100\n`,
    `known\trpool/ROOT/ubuntu_x/${'d'.repeat(64)}-init\t5\t9\t200\n`,
    `other\trpool/ROOT/ubuntu_x/${'k'.repeat(25)}\t6\t10\t5000\n`,
    'other\trpool/ROOT/ubuntu_x/srv\t8\t3\t5000\n',
  ].join(''),
});

describe('facts', () => {
  it('tell of a data-root that is its own dataset', () => {
    expect(facts().data_root).to.deep.include({
      is_own_dataset: true,
      is_mount_point: true,
      is_link: false,
      dataset: 'tank/docker',
      children: 2,
      foreign_children: [],
      snapshots: 2,
      layer_mounts: 1,
      available_bytes: 131072 * 91217,
      used_inodes: 6789,
      volumes_bytes: null,
      mounts_below: [
        { source: 'nas:/x', target: '/var/lib/docker/volumes/nas/_data', fstype: 'nfs4', options: 'rw' },
      ],
      user_properties: { 'lab:owner': 'platform team' },
    });
    expect(facts().mounts.map(({ target }) => target)).to.deep.equal(['/', '/var/lib/docker']);
  });

  const cases: readonly [
    what: string,
    change: Record<string, string | undefined>,
    look: (f: Facts) => unknown,
    expected: unknown,
  ][] = [
    [
      'a data-root that is a folder of a larger dataset (moby#40132)',
      folderOf('1 0 0:1 / / rw - zfs rpool/ROOT/ubuntu_x rw\n'),
      ({ data_root: r }) => [
        [r.is_own_dataset, r.is_folder, r.is_mount_point, r.mount_target, r.is_bind],
        [r.holding, r.place, r.children, r.foreign_children, r.layer_like],
        r.layers,
        [r.logical_referenced, r.logical_used, r.used_inodes],
        r.settings,
      ],
      [
        [false, true, false, '/', false],
        [
          { dataset: 'rpool/ROOT/ubuntu_x', guid: '77' },
          'rpool',
          2,
          [],
          ['rpool/ROOT/ubuntu_x/kkkkkkkkkkkkkkkkkkkkkkkkk'],
        ],
        [
          { name: `rpool/ROOT/ubuntu_x/${'c'.repeat(64)}`, guid: '12345678901234567890', createtxg: 7 },
          { name: `rpool/ROOT/ubuntu_x/${'d'.repeat(64)}-init`, guid: '5', createtxg: 9 },
        ],
        // Of the whole dataset, only as much as the folder's files are long.
        [4000, 4300, 20],
        { compression: 'lz4', acltype: 'posix' },
      ],
    ],
    [
      'the same, while a run keeps it from being written to',
      folderOf(
        '1 0 0:1 / / rw - zfs rpool/ROOT/ubuntu_x rw\n2 1 0:1 /var/lib/docker /var/lib/docker ro - zfs rpool/ROOT/ubuntu_x rw\n',
      ),
      ({ data_root: r }) => [r.is_folder, r.is_bind, r.is_mount_point, r.hidden, r.mount_target],
      [true, false, false, [], '/'],
    ],
    [
      'a folder whose files could not be counted in time, marked by a run',
      {
        ...folderOf('1 0 0:1 / /var/lib rw - zfs rpool/ROOT/ubuntu_x rw\n'),
        contents: undefined,
        marks: '/var/lib/docker\tzrun:role\tbackup\n/var/lib/docker\tzrun:origin\trpool/ROOT/ubuntu_x\n',
      },
      ({ data_root: r }) => [
        r.logical_referenced,
        r.used_inodes,
        r.role,
        r.marked.map(({ name, origin }) => [name, origin]),
      ],
      [9000, 6789, 'backup', [['/var/lib/docker', 'rpool/ROOT/ubuntu_x']]],
    ],
    [
      'an encrypted data-root, and what lies at its top that is not Docker’s',
      {
        above: '1000\noff\n',
        names: '.zfs\nvolumes\nzfs\nengine-id\n.zrun-overlay-probe.x\napp data\nlost+found\n231072.231072\n',
      },
      ({ data_root: r }) => [r.parent_available, r.parent_encryption, r.foreign_names],
      [1000, 'off', ['app data', '231072.231072']],
    ],
    [
      'what others keep in folders of Docker’s own',
      {
        json: '{"runtimes": {"kata": {"path": "/usr/bin/kata"}}}',
        inside: [
          ...[
            'containers/notes.txt',
            `containers/${'a'.repeat(64)}`,
            'image/zfs',
            'image/notes',
            'buildkit/cache.db',
          ],
          ...[
            'buildkit/content',
            'buildkit/metadata_v2.db',
            'zfs/graph',
            'zfs/keep',
            'tmp/GetImageBlob12',
            'tmp/my.sql',
          ],
          ...['runtimes/kata', `runtimes/kata.${'a2'.repeat(26)}`, 'runtimes/mine.sh'],
        ]
          .map((name) => `${name}\n`)
          .join(''),
      },
      ({ data_root: r }) => [r.foreign_inside, r.holds_more_inside],
      [['containers/notes.txt', 'image/notes', 'runtimes/mine.sh', 'tmp/my.sql', 'zfs/keep'], false],
    ],
    [
      'more of it than is listed',
      { inside: Array.from({ length: 21 }, (_, i) => `tmp/${i}\n`).join('') },
      ({ data_root: r }) => [r.foreign_inside.length, r.holds_more_inside],
      [20, true],
    ],
    [
      'volumes that are seen elsewhere',
      {
        elsewhere: [
          '-\t-\t-\tpath\t/volumes/a\\040b/_data\t/srv/my\\040upload',
          '812\tsh\tbp.service\tpath\t/volumes/data/_data\t/srv/sftp',
          `9\tsleep\t\tdataset\ttank/docker/${'a'.repeat(64)}\t/`,
        ].join('\n'),
      },
      ({ data_root: r }) => r.seen_elsewhere,
      [
        {
          what: '/var/lib/docker/volumes/a b/_data',
          at: '/srv/my upload',
          pid: null,
          program: null,
          unit: null,
        },
        {
          ...{ what: '/var/lib/docker/volumes/data/_data', at: '/srv/sftp' },
          ...{ pid: 812, program: 'sh', unit: 'bp.service' },
        },
        { what: `tank/docker/${'a'.repeat(64)}`, at: '/', pid: 9, program: 'sleep', unit: null },
      ],
    ],
    [
      'what the mount of the data-root hides',
      { hidden: 'seen\n./volumes\n./old file\n./?[31m\n' },
      ({ data_root: r }) => [r.hidden, r.hides_more],
      [['?[31m', 'old file', 'volumes'], false],
    ],
    [
      'more of it than is told',
      { hidden: `seen\n${Array.from({ length: 21 }, (_, i) => `./${i}\n`).join('')}` },
      ({ data_root: r }) => [r.hidden?.length, r.hides_more],
      [20, true],
    ],
    ['a mount that hides nothing', { hidden: 'seen\n' }, ({ data_root: r }) => r.hidden, []],
    ['a mount below which nobody may look', { hidden: '' }, ({ data_root: r }) => r.hidden, null],
    [
      'what is no mount point and hides nothing, whose path another mount begins with',
      { mounts: '1 0 0:1 / / rw - zfs tank rw\n', hidden: 'seen\n./volumes\n' },
      ({ data_root: r }) => r.hidden,
      [],
    ],
    [
      'several mounts at the data-root',
      {
        mounts: `1 0 0:1 / / rw - ext4 /dev/vda rw
2 1 8:1 / /var/lib/docker rw - ext4 /dev/sdb1 rw
3 2 0:37 / /var/lib/docker rw - zfs tank/docker rw
`,
      },
      ({ data_root: r }) => [r.source, r.stacked.map(({ source }) => source)],
      ['tank/docker', ['/dev/sdb1']],
    ],
    [
      'what moves have put aside, and Docker in Docker',
      {
        aside: '/var/lib/docker.hidden-2\n/var/lib/docker.hidden-1\n',
        inner: 'ci\ndone\ndone\n',
        stores: '/var/lib/docker/image/zfs\n/var/lib/docker/image/overlay2\n',
      },
      ({ data_root: r }) => [r.moved_aside, r.inner_dockers, r.image_stores],
      [
        ['/var/lib/docker.hidden-1', '/var/lib/docker.hidden-2'],
        ['ci', 'done'],
        ['overlay2', 'zfs'],
      ],
    ],
    [
      'volumes that could not be looked into in time',
      { inner: 'ci\n' },
      ({ data_root: r }) => r.inner_dockers,
      null,
    ],
    [
      'a data-root behind a link',
      { root: '/var/lib/docker\n/srv/docker\nexists\n' },
      ({ data_root: r, docker: d }) => [r.is_link, r.path, d.root, d.root_configured],
      [true, '/srv/docker', '/srv/docker', '/var/lib/docker'],
    ],
    [
      'a data-root that is a bind mount',
      { mounts: '1 0 0:1 /x /var/lib/docker rw - zfs tank/other rw\n' },
      ({ data_root: r }) => [r.is_bind, r.is_own_dataset, r.source],
      [true, false, 'tank/other'],
    ],
    [
      'a volume already',
      {
        mounts: '1 0 230:0 / /var/lib/docker rw - ext4 /dev/zd0 rw\n',
        dataset: undefined,
        volume: 'tank/docker-overlay2\n',
        properties:
          'type\tvolume\t-\nvolsize\t8589934592\t-\nvolblocksize\t16384\t-\nzrun:role\tdocker-volume\tlocal\n',
        below: 'tank/docker-overlay2\n',
      },
      ({ data_root: r }) => [
        r.dataset,
        r.volume,
        r.role,
        r.volsize,
        r.volblocksize,
        r.pool,
        r.is_own_dataset,
        r.children,
      ],
      [null, 'tank/docker-overlay2', 'docker-volume', 8589934592, 16384, 'tank', false, 0],
    ],
    [
      'a plugin that keeps volumes, one of them on a server',
      {
        mounts: `1 0 0:37 / /var/lib/docker rw - zfs tank/docker rw
2 1 0:37 /plugins/${'a'.repeat(64)}/propagated-mount /var/lib/docker/plugins/${'a'.repeat(64)}/propagated-mount rw shared:1 - zfs tank/docker rw
3 2 0:40 / /var/lib/docker/plugins/${'a'.repeat(64)}/propagated-mount/pg rw - nfs4 nas:/pg rw
4 1 0:41 / /var/lib/docker/plugins/storage rw - nfs4 nas:/x rw
`,
      },
      ({ data_root: r }) => [r.is_own_dataset, r.mounts_below.map(({ source }) => source)],
      [true, ['nas:/x']],
    ],
    [
      'an encrypted dataset without its key',
      { properties: 'encryption\taes-256-gcm\t-\nkeystatus\tunavailable\t-\n' },
      ({ data_root: r }) => [r.encryption, r.key_available],
      ['aes-256-gcm', false],
    ],
    [
      'ZFS 2.2.7, which loses flushes',
      { module: '2.2.7-1~bpo12+1\n', userland: 'zfs-2.2.7-1~bpo12+1\n' },
      ({ zfs: z }) => [z.zvol_flush_bug, z.versions_differ, z.major, z.minor, z.patch],
      [true, false, 2, 2, 7],
    ],
    [
      'ZFS 2.3.2, which does not',
      { module: '2.3.2-2\n' },
      ({ zfs: z }) => [z.zvol_flush_bug, z.versions_differ],
      [false, true],
    ],
    [
      'no ZFS',
      {
        module: undefined,
        userland: undefined,
        pools: undefined,
        dataset: undefined,
        properties: undefined,
        tools: 'docker\n',
      },
      ({ zfs: z, data_root: r }) => [
        z.present,
        z.module_version,
        z.pools,
        z.versions_differ,
        r.dataset,
        r.pool,
      ],
      [false, null, [], false, null, null],
    ],
    [
      'datasets that zrun has marked',
      {
        marked:
          'tank/old\tzrun:role\tbackup\ntank/old\tzrun:run\tr1\ntank/v\tzrun:run\tr2\ntank/old\tzrun:putting-back\tr3\n' +
          'tank/old\tzrun:done-at\t1785499200\ntank/old\tused\t4096\ntank/old\tvolsize\t-\ntank/old\trefreservation\t0\n',
      },
      ({ zfs: z }) => z.marked,
      [
        {
          name: 'tank/old',
          role: 'backup',
          run: 'r1',
          origin: null,
          data_root: null,
          copied: null,
          live: null,
          done: null,
          done_at: 1_785_499_200,
          putting_back: 'r3',
          layout: null,
          guid: null,
          volsize: null,
          used: 4096,
          refreservation: 0,
          encryption_root: null,
          keylocation: null,
          key_available: true,
        },
      ],
    ],
    [
      'a marked volume below an encrypted dataset, after a boot that has loaded no key',
      {
        marked:
          'tank/v\tzrun:role\toverlay2\ntank/v\tencryptionroot\ttank/enc\ntank/v\tkeylocation\tfile:///root/a key\ntank/v\tkeystatus\tunavailable\n',
      },
      ({ zfs: z }) => z.marked.map((m) => [m.encryption_root, m.keylocation, m.key_available]),
      [['tank/enc', 'file:///root/a key', false]],
    ],
    [
      'what is made beside the data-root, in an encrypted dataset',
      {
        above: '1000\naes-256-gcm\n',
        key: 'tank/enc\tencryptionroot\ttank\ntank/enc\tkeylocation\tprompt\ntank/enc\tkeystatus\tavailable\n',
      },
      ({ data_root: r }) => [r.parent_encryption, r.parent_encryption_root, r.parent_keylocation],
      ['aes-256-gcm', 'tank', 'prompt'],
    ],
    [
      'the lists of zfs-mount-generator',
      {
        cached: [
          '/etc/zfs/zfs-list.cache/tank\ttank/docker\ton\t-',
          '/etc/zfs/zfs-list.cache/tank\ttank/off\toff\t-',
          '/etc/zfs/zfs-list.cache/tank\ttank/ignored\ton\ton',
          '/etc/zfs/zfs-list.cache/old\told/docker\tnoauto\t',
          '',
        ].join('\n'),
      },
      ({ data_root: r }) => r.cached.map(({ file, name, canmount }) => `${file} ${name} ${canmount}`),
      ['/etc/zfs/zfs-list.cache/tank tank/docker on', '/etc/zfs/zfs-list.cache/old old/docker noauto'],
    ],
    [
      'Docker that does not run',
      { dockerd: 'Docker version 20.10.24+dfsg1, build 297e128\n' },
      ({ docker: d }) => [
        d.present,
        d.running,
        d.error,
        d.version,
        d.major,
        d.driver,
        d.prior_drivers,
        d.root,
      ],
      [true, false, null, '20.10.24+dfsg1', 20, null, ['zfs'], '/var/lib/docker'],
    ],
    [
      'Docker that does not answer',
      {
        info: '{"ID":"","ServerErrors":["Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"],"ClientInfo":{}}\n',
      },
      ({ docker: d }) => [d.running, d.error],
      [
        false,
        'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      ],
    ],
    [
      'a user who may not ask Docker',
      { info: 'Got permission denied while trying to connect to the Docker daemon socket\n' },
      ({ docker: d }) => [d.running, d.error],
      [false, 'Got permission denied while trying to connect to the Docker daemon socket'],
    ],
    [
      'overlay2 on ext4',
      {
        info: info({
          Driver: 'overlay2',
          ServerVersion: '26.1.5+dfsg1',
          DriverStatus: [
            ['Backing Filesystem', 'extfs'],
            ['Supports d_type', 'true'],
          ],
        }),
      },
      ({ docker: d }) => [d.running, d.driver, d.backing_filesystem, d.major, d.containerd_store],
      [true, 'overlay2', 'extfs', 26, false],
    ],
    [
      'the image store of containerd (Docker 29)',
      {
        info: info({
          Driver: 'overlayfs',
          ServerVersion: '29.0.1',
          DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
        }),
      },
      ({ docker: d }) => [d.driver, d.containerd_store, d.major, d.minor, d.patch],
      ['overlayfs', true, 29, 0, 1],
    ],
    [
      'userns-remap, rootless, SELinux',
      {
        info: info({
          SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns', 'name=rootless', 'name=selinux'],
        }),
      },
      ({ docker: d }) => [d.userns_remap, d.rootless, d.selinux],
      [true, true, true],
    ],
    [
      'a snap',
      {
        host: 'systemd\nsnap\n',
        root: '/var/snap/docker/common/var-lib-docker\n/var/snap/docker/common/var-lib-docker\nexists\n',
      },
      ({ docker: d }) => d.snap,
      true,
    ],
    [
      'TrueNAS, Proxmox VE, a container',
      { host: 'truenas\nproxmox\ncontainer=lxc\n' },
      ({ host: h }) => [h.truenas, h.proxmox, h.container, h.systemd],
      [true, true, 'lxc', false],
    ],
    [
      'a swarm’s manager',
      {
        info: info({
          Swarm: { NodeID: 'n1', LocalNodeState: 'active', ControlAvailable: true, Managers: 3, Nodes: 5 },
        }),
        nodes: [
          { Self: true, Availability: 'Drain', ManagerStatus: 'Leader' },
          { Self: false, Availability: 'Active', ManagerStatus: 'Reachable' },
          { Self: false, Availability: 'Active', ManagerStatus: 'Unreachable' },
          { Self: false, Availability: 'Active', ManagerStatus: '' },
        ]
          .map((node) => JSON.stringify(node))
          .join('\n'),
      },
      ({ docker: d }) => d.swarm,
      {
        state: 'active',
        active: true,
        manager: true,
        managers: 3,
        nodes: 5,
        managers_reachable: 2,
        node_id: 'n1',
        availability: 'drain',
      },
    ],
    [
      'a daemon.json that is not JSON',
      { json: '{\n  "storage-driver": "zfs",\n}\n' },
      ({ docker: d }) => [d.daemon_json.exists, d.daemon_json.valid, d.daemon_json.error],
      [true, false, "line 3, column 1: a ',' stands before the closing '}'"],
    ],
    [
      'a daemon.json with what stands in the way',
      {
        json: '{"graph":"/d","storage-opts":["zfs.fsname=tank/d"],"features":{"containerd-snapshotter":true},"live-restore":true}',
      },
      ({ docker: d }) => [
        d.daemon_json.data_root,
        d.storage_opts,
        d.daemon_json.containerd_snapshotter,
        d.live_restore,
      ],
      ['/d', ['zfs.fsname=tank/d'], true, true],
    ],
    [
      'flags that collide',
      {
        start: '/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n',
        environment:
          'DOCKER_OPTS="--storage-driver=zfs --storage-opt=zfs.fsname=tank/d"\nDOCKER_DRIVER=zfs\n',
      },
      ({ docker: d }) => [d.flag_keys, d.storage_opts, d.driver_env],
      [['hosts', 'storage-driver', 'storage-opts'], ['zfs.fsname=tank/d'], 'zfs'],
    ],
    [
      'units',
      {
        units:
          'Id=docker.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\nId=docker.socket\nLoadState=masked\nActiveState=inactive\nUnitFileState=masked\n',
      },
      ({ docker: d }) => d.services,
      {
        docker: { load: 'loaded', active: 'active', file: 'enabled', changed: false },
        socket: { load: 'masked', active: 'inactive', file: 'masked', changed: false },
        containerd: { load: 'no-systemd', active: 'inactive', file: '', changed: false },
        trim: { load: 'no-systemd', active: 'inactive', file: '', changed: false },
      },
    ],
    [
      'a migration that was interrupted: nothing is mounted there',
      {
        mounts: '1 0 254:0 / / rw - ext4 /dev/vda rw\n',
        dataset: undefined,
        there: 'tank/docker\t/var/lib/docker\ton\tno\n',
        marked: 'tank/docker-overlay2\tzrun:role\toverlay2\n',
      },
      ({ data_root: r, zfs: z }) => [r.is_mount_point, r.dataset, r.datasets_there, z.marked.length],
      [false, null, [{ name: 'tank/docker', canmount: 'on', mounted: false }], 1],
    ],
    [
      'volumes counted in time',
      { du: '123456\t/var/lib/docker/volumes\ndone\n' },
      ({ data_root: r }) => r.volumes_bytes,
      123456,
    ],
    ['volumes too many to count', { du: '' }, ({ data_root: r }) => r.volumes_bytes, null],
  ];
  for (const [what, change, look, expected] of cases) {
    it(`tell of ${what}`, () => expect(look(facts(change))).to.deep.equal(expected));
  }

  it('tell which container uses which volume, and what --rm will take along', () => {
    const anonymous = '0ca98e350e857df069c116394ac5dc3f6a8f083f72368e4ab90953477aea02de';
    const container = {
      Id: 'cc39',
      Name: '/cache',
      Image: 'sha256:74f6',
      Driver: 'zfs',
      State: { Status: 'running', Running: true },
      AutoRemove: true,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      Mounts: [
        {
          Type: 'volume',
          Name: anonymous,
          Source: '/v',
          Destination: '/cache',
          Driver: 'local',
          Mode: '',
          RW: true,
          Propagation: '',
        },
      ],
      Config: {
        Image: 'lab/base:1',
        Labels: { 'com.docker.compose.project': 'shop' },
        StopSignal: 'SIGQUIT',
      },
    };
    const volumes = [
      { Driver: 'local', Name: anonymous, Mountpoint: '/v', Options: null, Labels: null },
      { Driver: 'local', Name: 'nas', Mountpoint: '/n', Options: { type: 'nfs', o: 'addr=nas' } },
    ];
    const { docker } = facts({
      info: info({}),
      containers: `${JSON.stringify(container)}\n`,
      volumes: volumes.map((one) => JSON.stringify(one)).join('\n'),
    });
    expect(docker.containers[0]).to.deep.include({
      name: 'cache',
      auto_remove: true,
      running: true,
      stop_signal: 'QUIT',
      compose_project: 'shop',
    });
    expect(docker.volumes).to.deep.equal([
      {
        name: anonymous,
        driver: 'local',
        mountpoint: '/v',
        anonymous: true,
        options: {},
        used_by: ['cache'],
      },
      {
        name: 'nas',
        driver: 'local',
        mountpoint: '/n',
        anonymous: false,
        options: { type: 'nfs', o: 'addr=nas' },
        used_by: [],
      },
    ]);
  });

  describe('of what containers were given', () => {
    const up = { Status: 'running', Running: true };
    const ended = { Status: 'exited', Running: false };
    const bind = { Type: 'bind', Source: '/gone', Target: '/g/' };
    const shown = { Type: 'bind', Source: '/gone', Destination: '/g' };
    const device = { PathOnHost: '/dev/gone', PathInContainer: '/dev/gone' };
    const lack = (what: string, path: string, isNeeded: boolean, volume: string | null = null) => ({
      ...{ what, path, volume, is_needed: isNeeded },
    });

    const rows: readonly [what: string, container: object, expected: readonly object[]][] = [
      [
        'a bind source of --mount',
        { State: ended, HostConfig: { Mounts: [bind] }, Mounts: [shown] },
        [lack('mount', '/gone', true)],
      ],
      [
        'one that Docker may make',
        {
          State: up,
          HostConfig: { Mounts: [{ ...bind, BindOptions: { CreateMountpoint: true } }] },
          Mounts: [shown],
        },
        [lack('bind', '/gone', false)],
      ],
      ['one of --volume', { State: up, HostConfig: {}, Mounts: [shown] }, [lack('bind', '/gone', false)]],
      [
        'what a volume mounts',
        { State: ended, Mounts: [{ Type: 'volume', Name: 'v', Source: '/v', Destination: '/d' }] },
        [lack('volume', '/gone', true, 'v')],
      ],
      [
        'what a volume mounts from a server',
        { State: up, Mounts: [{ Type: 'volume', Name: 'nas', Source: '/n', Destination: '/d' }] },
        [],
      ],
      ['a device', { State: up, HostConfig: { Devices: [device] } }, [lack('device', '/dev/gone', true)]],
      [
        'a device, stopped',
        { State: ended, HostConfig: { Devices: [device] } },
        [lack('device', '/dev/gone', false)],
      ],
      ['a device, privileged', { State: up, HostConfig: { Devices: [device], Privileged: true } }, []],
      [
        'a device under another name, privileged',
        { State: up, HostConfig: { Devices: [{ ...device, PathInContainer: '/x' }], Privileged: true } },
        [lack('device', '/dev/gone', true)],
      ],
      ['one that goes with its stop', { State: up, AutoRemove: true, HostConfig: { Mounts: [bind] } }, []],
      ['one that is about to go', { State: { Status: 'dead' }, HostConfig: { Mounts: [bind] } }, []],
      [
        'a task of a swarm that runs',
        {
          State: up,
          HostConfig: { Mounts: [bind] },
          Config: { Labels: { 'com.docker.swarm.task.id': 'x' } },
        },
        [lack('mount', '/gone', true)],
      ],
      ['what is there', { State: up, HostConfig: { Mounts: [{ ...bind, Source: '/there' }] } }, []],
    ];

    for (const [what, container, expected] of rows) {
      it(`tell whether it is gone: ${what}`, () => {
        const { docker } = facts({
          info: info({}),
          containers: `${JSON.stringify({ Id: 'a', Name: '/a', ...container })}\n`,
          volumes: [
            { Name: 'v', Options: { type: 'none', o: 'ro,bind', device: '/gone' } },
            { Name: 'nas', Options: { type: 'cifs', o: 'ro', device: '//nas/x' } },
          ]
            .map((one) => JSON.stringify(one))
            .join('\n'),
          gone: '"/gone"\n"/dev/gone"\n"//nas/x"\n',
        });
        expect(docker.containers[0]?.lacks).to.deep.equal(expected);
      });
    }

    for (const shell of ['dash', 'bash'] as const) {
      it(`look for each path, whatever it is made of, under ${shell}`, () =>
        withFolder(async (folder) => {
          const text = factsProbe().script.shellText;
          const paths = [
            `${folder}/"a"\n'$(b)' \\c*`,
            `${folder}/not "a"\n'$(b)' \\\u001ec* %s\n`,
            `${folder}/a`,
          ];
          await mkdir(paths[0] ?? '');
          // As a template makes it of each: the path, and the path in JSON.
          await writeFile(
            `${folder}/given`,
            paths.map((each) => `${each}\n${JSON.stringify(each)}\0\n`).join(''),
          );
          const { stdout, status } = await localRun([shell])({
            shellText: [
              beforeDocker(text),
              `containers='{"Type":"bind"}'; volumes=; docker() { cat '${folder}/given'; }`,
              text.slice(text.indexOf('section gone;'), text.indexOf('case $info in')),
            ].join('\n'),
          });
          expect(status).to.equal(0);
          const rows = parseSections(stdout.toString()).get('gone')?.trim().split('\n') ?? [];
          expect(rows.map((row): unknown => JSON.parse(row))).to.deep.equal(paths.slice(1));
        }));
    }
  });

  it('never take containers that could not be looked at for none', () => {
    const { docker } = facts({ info: info({}), container_ids: `${'a'.repeat(64)}\n${'b'.repeat(64)}\n` });
    expect(docker.error).to.equal('docker inspect describes 0 of its 2 containers');
  });

  it('survive whatever a section holds', () => {
    const odd = ['', '\n', 'x', '\t\t\t', '{"a":', '=\n=\n\n', '\u0000', '-1 -1 -1'];
    for (const name of Object.keys(base).concat(
      'info',
      'container_ids',
      'containers',
      'volumes',
      'gone',
      'plugins',
      'json',
      'units',
      'start',
      'du',
      'hidden',
      'aside',
      'inner',
    )) {
      if (name === 'mounts' || name === 'properties') continue;
      for (const text of odd) facts({ [name]: text });
    }
  });

  describe('of what a mount hides', function () {
    /** The part of the script that looks there, for a data-root of ours, with what stands before it there. */
    const look = (root: string): string => {
      const text = factsProbe().script.shellText;
      return [
        beforeDocker(text),
        `real='${root}'`,
        text.slice(text.indexOf('printable()'), text.indexOf('section drivers;')),
      ].join('\n');
    };

    before(function () {
      if (spawnSync('unshare', ['-m', 'true']).status === 0) return;
      console.log('      not tried: making a mount namespace needs root and unshare(1)');
      this.skip();
    });

    for (const shell of ['dash', 'bash'] as const) {
      it(`see it and leave nothing behind, under ${shell}`, () =>
        withFolder(async (folder) => {
          const root = `${folder}/the root`;
          const { stdout, stderr, status } = await localRun(['unshare', '-m', shell])({
            shellText: `set -eu
mount --make-rprivate /
mkdir '${root}' '${root}.hidden-1'
printf x >'${root}/two
lines' && printf x >'${root}/'"$(printf '\\036docker\\033[31m')" && printf x >'${root}/.dot'
mount -t tmpfs lower '${root}' && touch '${root}/lower' && mount -t tmpfs upper '${root}'
mkdir -p '${root}/volumes/ci/_data/image/zfs' '${root}/volumes/db/_data/image'
cp /proc/self/mountinfo '${folder}/before'
( set +eu; ${look(root)}
)
printf '\\n\\036mounts\\n'; cat /proc/self/mountinfo
printf '\\n\\036same\\n'; cmp /proc/self/mountinfo '${folder}/before' && echo same`,
          });
          expect([status, stderr.toString()]).to.deep.equal([0, '']);
          const sections = parseSections(stdout.toString());
          expect(sections.get('same')).to.equal('same\n');
          const seen = factsOf(new Map([...sections, ['root', `${root}\n${root}\nexists\n`]])).data_root;
          expect(seen.hidden).to.deep.equal(['.dot', '?docker?[31m', 'two?lines']);
          expect(seen.stacked.map(({ source }) => source)).to.deep.equal(['lower']);
          expect(seen.moved_aside).to.deep.equal([`${root}.hidden-1`]);
          expect(seen.inner_dockers).to.deep.equal(['ci']);
        }));
    }

    it('see it at the top of the file system too', async () => {
      const { stdout } = await localRun(['unshare', '-m', 'sh'])({
        shellText: `mount --make-rprivate /; ls -A /var; echo =; mount -t tmpfs tmpfs /var; ${look('/var')}`,
      });
      const [names = '', text = ''] = stdout.toString().split('=\n');
      expect(parseSections(text).get('hidden')?.trim().split('\n').slice(1).sort()).to.deep.equal(
        names
          .trim()
          .split('\n')
          .map((name) => `./${name}`)
          .sort(),
      );
    });
  });

  it('ask each marked dataset for its size and its key', () =>
    withFolder(async (folder) => {
      await writeFile(
        `${folder}/zfs`,
        `#!/bin/sh
case $* in
'get -Hp -s local '*) printf 'tank/the old\\tzrun:role\\tbackup\\ntank/v\\tzrun:run\\tr1\\ntank/v\\tzrun:role\\toverlay2\\n' ;;
'get -Hp -o name,property,value used,volsize,refreservation tank/v') printf 'tank/v\\tused\\t4096\\ntank/v\\tvolsize\\t8589934592\\n' ;;
'get -H -o value encryptionroot tank/the old') echo - ;;
'get -H -o value encryptionroot tank/v') echo 'tank/my keys' ;;
'get -Hp -o property,value keylocation,keystatus tank/my keys') printf 'keylocation\\tfile:///k\\nkeystatus\\tunavailable\\n' ;;
*) exit 1 ;;
esac
`,
        { mode: 0o755 },
      );
      const probe = factsProbe();
      const outcome = await localRun()({ shellText: `PATH='${folder}':$PATH\n${probe.script.shellText}` });
      expect(
        probe
          .parse(outcome)
          .zfs?.marked.map((m) => [
            m.name,
            m.role,
            m.volsize,
            m.used,
            m.encryption_root,
            m.keylocation,
            m.key_available,
          ]),
      ).to.deep.equal([
        ['tank/the old', 'backup', null, null, null, null, true],
        ['tank/v', 'overlay2', 8589934592, 4096, 'tank/my keys', 'file:///k', false],
      ]);
    }));

  for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const) {
    it(`are gathered by one script under ${shell.join(' ')}`, async function () {
      const probe = factsProbe();
      const outcome = await localRun([...shell])(probe.script).catch(() => undefined);
      if (outcome === undefined) {
        console.log(`      not tried: there is no ${shell[0]} here`);
        return this.skip();
      }
      expect(outcome.stderr.toString()).to.equal('');
      const found = factsSchema.parse(probe.parse(outcome));
      expect(found.host.kernel).to.match(/^\d/);
      expect(found.host.user).not.to.equal('');
      expect(found.mounts).not.to.be.empty;
      expect([...parseSections(outcome.stdout.toString()).keys()]).to.include.members([
        'uname',
        'os',
        'mounts',
        'tools',
      ]);
    });
  }
});

/** What the script has defined before it looks at Docker. */
function beforeDocker(script: string): string {
  const mounts = 'cat /proc/self/mountinfo\n';
  return (
    script.slice(0, script.indexOf('section uname')) +
    script.slice(script.indexOf(mounts) + mounts.length, script.indexOf('service=docker.service'))
  );
}
