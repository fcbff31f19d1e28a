/**
 * Facts of any host: against what Ansible's setup module says of this machine, where the two mean the same, and from
 * what other systems print.
 */
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import * as z from 'zod';
import { factsOf, factsProbe } from '../../../src/modules/facts/facts.js';
import { factParts, factsSchema, type FactPart, type Facts } from '../../../src/modules/facts/schema.js';
import { localRun } from '../harness.js';

const text = z.string();
const int = z.int();
const addresses = z.array(z.object({ address: text, prefix: text, scope: text }));
const wayOut = z.object({
  address: text.optional(),
  interface: text.optional(),
  gateway: text.optional(),
  prefix: text.optional(),
  macaddress: text.optional(),
  mtu: int.optional(),
});
const link = z.object({
  macaddress: text.optional(),
  mtu: int.optional(),
  active: z.boolean(),
  ipv4: z.object({ address: text, netmask: text, network: text }).optional(),
  ipv6: addresses.optional(),
});
const device = z.object({
  sectors: text,
  rotational: text,
  removable: text,
  model: text.nullable(),
  partitions: z.record(text, z.object({ sectors: text })),
});

/** What is compared of what the module `setup` of ansible-core says. */
const ansibleSchema = z.object({
  ansible_facts: z
    .object({
      ansible_os_family: text,
      ansible_distribution_version: text,
      ansible_distribution_major_version: text,
      ansible_distribution_release: text,
      ansible_architecture: text,
      ansible_kernel: text,
      ansible_pkg_mgr: text,
      ansible_service_mgr: text,
      ansible_apparmor: z.object({ status: text }),
      ansible_processor: z.array(text),
      ansible_processor_nproc: int,
      ansible_processor_count: int,
      ansible_processor_cores: int,
      ansible_processor_threads_per_core: int,
      ansible_memtotal_mb: int,
      ansible_swaptotal_mb: int,
      ansible_hostname: text,
      ansible_nodename: text,
      ansible_default_ipv4: wayOut,
      ansible_default_ipv6: wayOut,
      ansible_all_ipv4_addresses: z.array(text),
      ansible_all_ipv6_addresses: z.array(text),
      ansible_dns: z.object({ nameservers: z.array(text).default([]) }),
      ansible_interfaces: z.array(text),
      ansible_mounts: z.array(
        z.object({
          mount: text,
          device: text,
          fstype: text,
          size_total: int.optional(),
          inode_total: int.optional(),
        }),
      ),
      ansible_devices: z.record(text, device),
      ansible_machine_id: text,
      ansible_user_id: text,
      ansible_user_uid: int,
      ansible_user_gid: int,
      ansible_user_dir: text,
      ansible_user_shell: text,
      ansible_user_gecos: text,
      ansible_virtualization_role: text,
      ansible_date_time: z.object({ tz: text, tz_offset: text }),
    })
    .catchall(z.unknown()),
});

type Ansible = z.output<typeof ansibleSchema>['ansible_facts'];

const mib = 1024 ** 2;

const same: readonly (readonly [
  name: string,
  ansible: (a: Ansible) => unknown,
  zrun: (f: Facts) => unknown,
])[] = [
  ['os_family', (a) => a.ansible_os_family, (f) => f.os.family],
  ['distribution_version', (a) => a.ansible_distribution_version, (f) => f.os.version],
  ['distribution_major_version', (a) => Number(a.ansible_distribution_major_version), (f) => f.os.major],
  ['distribution_release', (a) => a.ansible_distribution_release, (f) => f.os.codename],
  ['architecture', (a) => a.ansible_architecture, (f) => f.os.architecture],
  ['kernel', (a) => a.ansible_kernel, (f) => f.os.kernel],
  ['pkg_mgr', (a) => a.ansible_pkg_mgr, (f) => f.os.package_manager],
  ['service_mgr', (a) => a.ansible_service_mgr, (f) => f.os.service_manager],
  ['apparmor', (a) => a.ansible_apparmor.status === 'enabled', (f) => f.os.apparmor],
  ['processor', (a) => a.ansible_processor[2], (f) => f.cpu.model],
  ['processor_nproc', (a) => a.ansible_processor_nproc, (f) => f.cpu.count],
  ['processor_count', (a) => a.ansible_processor_count, (f) => f.cpu.sockets],
  ['processor_cores', (a) => a.ansible_processor_cores, (f) => f.cpu.cores_per_socket],
  ['processor_threads_per_core', (a) => a.ansible_processor_threads_per_core, (f) => f.cpu.threads_per_core],
  ['memtotal_mb', (a) => a.ansible_memtotal_mb, (f) => Math.floor((f.memory.total ?? 0) / mib)],
  ['swaptotal_mb', (a) => a.ansible_swaptotal_mb, (f) => Math.floor((f.memory.swap_total ?? 0) / mib)],
  ['hostname', (a) => a.ansible_hostname, (f) => f.network.hostname],
  ['nodename', (a) => a.ansible_nodename, (f) => f.network.nodename],
  ['default_ipv4', (a) => wayOf(a.ansible_default_ipv4), (f) => f.network.default_ipv4],
  ['default_ipv6', (a) => wayOf(a.ansible_default_ipv6), (f) => f.network.default_ipv6],
  ['all_ipv4_addresses', (a) => a.ansible_all_ipv4_addresses.sort(), (f) => f.network.ipv4_addresses.sort()],
  ['all_ipv6_addresses', (a) => a.ansible_all_ipv6_addresses.sort(), (f) => f.network.ipv6_addresses.sort()],
  ['dns', (a) => a.ansible_dns.nameservers, (f) => f.network.nameservers],
  [
    'interfaces',
    linksOf,
    (f) =>
      f.network.interfaces.map((each) => [
        each.name,
        each.mac,
        each.mtu,
        each.active,
        each.ipv4.slice(0, 1).map(({ address, netmask, network }) => ({ address, netmask, network })),
        each.ipv6.map((one) => ({ ...one, prefix: String(one.prefix) })),
      ]),
  ],
  [
    'mounts',
    (a) =>
      a.ansible_mounts
        .filter((each) => each.device.startsWith('/dev/'))
        .map((each) => [each.mount, each.device, each.fstype, each.size_total, each.inode_total])
        .sort(),
    (f) =>
      f.filesystems.map((each) => [each.target, each.source, each.fstype, each.size, each.inodes]).sort(),
  ],
  [
    'devices',
    (a) =>
      Object.entries(a.ansible_devices)
        .filter(([, { sectors }]) => sectors !== '0')
        .map(([name, each]) => ({
          name,
          size: Number(each.sectors) * 512,
          rotational: each.rotational === '1',
          removable: each.removable === '1',
          model: each.model,
          partitions: Object.entries(each.partitions).map(([part, { sectors }]) => [
            part,
            Number(sectors) * 512,
          ]),
        })),
    (f) =>
      f.devices.map(({ name, size, rotational, removable, model, partitions }) => ({
        ...{ name, size, rotational, removable, model },
        partitions: partitions.map((part) => [part.name, part.size]),
      })),
  ],
  ['machine_id', (a) => a.ansible_machine_id, (f) => f.host.machine_id],
  ['user_id', (a) => a.ansible_user_id, (f) => f.user.name],
  ['user_uid', (a) => a.ansible_user_uid, (f) => f.user.uid],
  ['user_gid', (a) => a.ansible_user_gid, (f) => f.user.gid],
  ['user_dir', (a) => a.ansible_user_dir, (f) => f.user.home],
  ['user_shell', (a) => a.ansible_user_shell, (f) => f.user.shell],
  ['user_gecos', (a) => a.ansible_user_gecos, (f) => f.user.gecos],
  ['virtualization_role', (a) => a.ansible_virtualization_role === 'guest', (f) => f.virtualization.is_guest],
  ['date_time.tz', (a) => a.ansible_date_time.tz, (f) => f.time.timezone],
  ['date_time.tz_offset', (a) => a.ansible_date_time.tz_offset, (f) => f.time.offset],
];

function wayOf(way: z.output<typeof wayOut>): Facts['network']['default_ipv4'] {
  if (way.interface === undefined) return null;
  return {
    address: way.address ?? null,
    interface: way.interface,
    gateway: way.gateway ?? null,
    prefix: Number(way.prefix),
    mac: way.macaddress ?? null,
    mtu: way.mtu ?? null,
  };
}

function linksOf(a: Ansible): unknown {
  return a.ansible_interfaces.sort().map((name) => {
    const each = link.parse(a[`ansible_${name.replace(/[-:.]/g, '_')}`]);
    return [
      name,
      each.macaddress ?? null,
      each.mtu,
      each.active,
      each.ipv4 ? [each.ipv4] : [],
      each.ipv6 ?? [],
    ];
  });
}

async function gather(...parts: FactPart[]): Promise<object> {
  const probe = factsProbe(new Set(parts));
  return factsSchema.partial().parse(probe.parse(await localRun()(probe.script)));
}

describe('everyday facts', () => {
  it('are those that are asked for, each by itself, in one look', async () => {
    for (const part of factParts) expect(Object.keys(await gather(part)), part).to.deep.equal([part]);
  });

  it('send no more than what is asked for needs', () => {
    const lengthOf = (...parts: FactPart[]): number => factsProbe(new Set(parts)).script.shellText.length;
    expect(lengthOf('os')).to.be.lessThan(2500);
    expect(factsProbe(new Set(['os', 'network'])).script.shellText).not.to.match(/docker|zpool/);
    expect(lengthOf('docker')).to.equal(lengthOf('docker', 'data_root', 'mounts', 'tools'));
  });

  describe("on this machine, beside Ansible's", () => {
    let ansible: Ansible;
    let own: Facts;
    before(async function () {
      const words = ['localhost', '-i', 'localhost,', '-c', 'local', '-m', 'setup'];
      const said = spawnSync('ansible', words, { encoding: 'utf8' });
      if (said.error || said.status !== 0) this.skip();
      ansible = ansibleSchema.parse(JSON.parse(said.stdout.slice(said.stdout.indexOf('{')))).ansible_facts;
      own = factsSchema.parse(await gather(...factParts));
    });
    for (const [name, ofAnsible, ofZrun] of same)
      it(name, () => {
        expect(ofZrun(own)).to.deep.equal(ofAnsible(ansible));
      });
  });

  const of = (sections: Readonly<Record<string, string>>): Facts =>
    factsSchema.parse(factsOf(new Map(Object.entries(sections))));
  const printed: readonly (readonly [
    what: string,
    sections: Record<string, string>,
    look: (f: Facts) => unknown,
    expected: unknown,
  ])[] = [
    [
      'Rocky Linux',
      {
        os: 'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n',
        system: 'init systemd\npackages dnf\nselinux 1\n',
      },
      ({ os }) => [
        os.family,
        os.id,
        os.version,
        os.major,
        os.codename,
        os.service_manager,
        os.package_manager,
        os.selinux,
      ],
      ['RedHat', 'rocky', '9.3', 9, 'blue onyx', 'systemd', 'dnf', 'enforcing'],
    ],
    [
      'Ubuntu, whose debian_version is that of the release that it comes from',
      {
        os: 'NAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\n',
        system: 'bookworm/sid\ninit systemd\npackages apt-get\napparmor Y\n',
      },
      ({ os }) => [os.family, os.version, os.major, os.codename, os.package_manager, os.selinux, os.apparmor],
      ['Debian', '22.04', 22, 'jammy', 'apt', null, true],
    ],
    [
      'a distribution that nobody knows, like one that is known',
      { os: 'ID=mine\nID_LIKE="unheard suse"\n', system: 'init init\n' },
      ({ os }) => [os.family, os.version, os.major, os.service_manager, os.package_manager],
      ['Suse', null, null, 'sysvinit', null],
    ],
    [
      'Alpine',
      { os: 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\n', system: 'init openrc\npackages apk\n' },
      ({ os }) => [os.family, os.version, os.major, os.service_manager, os.package_manager],
      ['Alpine', '3.20.1', 3, 'openrc', 'apk'],
    ],
    [
      'no os-release',
      {},
      ({ os }) => [os.family, os.id, os.version, os.service_manager],
      [null, null, null, null],
    ],
    [
      'processors of an ARM board, whose kernel names no sockets',
      { cpu: 'count 4\nmodel \nvendor \nsockets \ncores \nsiblings \n' },
      ({ cpu }) => cpu,
      { count: 4, sockets: null, cores_per_socket: null, threads_per_core: null, model: null, vendor: null },
    ],
    [
      'two sockets with hyperthreading',
      { cpu: 'count 64\nmodel Xeon\nvendor GenuineIntel\nsockets 2\ncores 16\nsiblings 32\n' },
      ({ cpu }) => [cpu.count, cpu.sockets, cpu.cores_per_socket, cpu.threads_per_core],
      [64, 2, 16, 2],
    ],
    [
      'a kernel without MemAvailable',
      { memory: 'MemTotal:  2048 kB\nMemFree:  1024 kB\nSwapTotal:  0 kB\nSwapFree:  0 kB\ncpus 1\n' },
      ({ memory }) => memory,
      { total: 2097152, free: 1048576, available: null, swap_total: 0, swap_free: 0 },
    ],
    [
      'a bridge, a vlan, a tunnel with a peer, an alias, and a container’s end of a pair',
      {
        uname: 'web1.example.org\n6.1\nx86_64\n',
        interfaces:
          'br0\t02:42:aa:00:00:01\t1500\tup\t1\tbridge\neth0.10\t52:54:00:00:00:01\t1500\tup\t1\tvlan\ntun0\t\t1420\tunknown\t65534\ttun\nveth1\t52:54:00:00:00:02\t1500\tdown\t1\t\n',
        addresses:
          '3: br0    inet 10.0.0.1/24 brd 10.0.0.255 scope global br0\\       valid_lft forever\n3: br0    inet 10.0.0.9/32 scope global br0:1\\\n5: eth0.10@eth0    inet6 fd00::1/64 scope global \\\n6: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\\\n',
        route4: '8.8.8.8 via 10.0.0.254 dev br0 src 10.0.0.1 uid 0 \n',
        route6: 'unreachable 2404:6800:400a:800::1012 dev lo table unspec\n',
        fqdn: 'web1.example.org\n',
        resolv: 'nameserver 10.0.0.2\nnameserver 10.0.0.3\nsearch example.org sub.example.org\n',
      },
      ({ network: n }) => [
        n.hostname,
        n.domain,
        n.nameservers,
        n.search,
        n.default_ipv4?.prefix,
        n.default_ipv6,
        n.interfaces.map(({ name, type, active, mac, ipv4, ipv6 }) => [
          name,
          type,
          active,
          mac,
          ipv4.map((a) => `${a.address}/${a.netmask}`),
          ipv6.length,
        ]),
      ],
      [
        'web1',
        'example.org',
        ['10.0.0.2', '10.0.0.3'],
        ['example.org', 'sub.example.org'],
        24,
        null,
        [
          [
            'br0',
            'bridge',
            true,
            '02:42:aa:00:00:01',
            ['10.0.0.1/255.255.255.0', '10.0.0.9/255.255.255.255'],
            0,
          ],
          ['eth0.10', 'vlan', true, '52:54:00:00:00:01', [], 1],
          ['tun0', 'tun', true, null, ['10.8.0.1/255.255.255.255'], 0],
          ['veth1', 'ether', false, '52:54:00:00:00:02', [], 0],
        ],
      ],
    ],
    [
      'no ip(8)',
      { uname: 'h\n6.1\nx86_64\n' },
      ({ network: n }) => [n.default_ipv4, n.ipv4_addresses, n.fqdn],
      [null, [], null],
    ],
    [
      'a disk with partitions, and one of LVM',
      {
        devices:
          'device\tsda\t2048\t0\t1\t0\tQEMU HARDDISK   \tATA     \t\tphysical\npartition\tsda1\t1024\t512\t1\ndevice\tdm-0\t64\t0\t0\t1\t\t\t\ndevice\tcciss!c0d0\t2\t0\t0\t0\t\t\t\tphysical\n',
      },
      ({ devices }) =>
        devices.map((d) => [d.path, d.size, d.model, d.vendor, d.virtual, d.readonly, d.partitions]),
      [
        [
          '/dev/sda',
          1048576,
          'QEMU HARDDISK',
          'ATA',
          false,
          false,
          [{ name: 'sda1', path: '/dev/sda1', number: 1, size: 524288, start: 262144 }],
        ],
        ['/dev/dm-0', 32768, null, null, true, true, []],
        ['/dev/cciss/c0d0', 1024, null, null, false, false, []],
      ],
    ],
    [
      'file systems, those of a network left out, the last of what is mounted at one place',
      {
        mounts:
          '1 0 0:1 / / rw - ext4 /dev/old rw\n2 0 0:2 / / rw,noatime - ext4 /dev/sda1 rw\n3 1 0:3 / /a\\040b rw - zfs tank/x rw\n4 1 0:4 / /nas rw - nfs4 nas:/x rw\n5 1 0:5 / /gone rw - xfs /dev/sdz rw\n',
        sizes: '4096 100 50 10 5 /\n512 8 4 0 0 /a b\n',
      },
      ({ filesystems }) => filesystems.map((f) => [f.target, f.source, f.size, f.available, f.inodes]),
      [
        ['/', '/dev/sda1', 409600, 204800, 10],
        ['/a b', 'tank/x', 4096, 2048, 0],
        ['/gone', '/dev/sdz', null, null, null],
      ],
    ],
    [
      'bare metal',
      { virtual: 'detected none\nsys_vendor Dell Inc.\nproduct_name R740\n' },
      ({ virtualization: v }) => v,
      { type: null, is_guest: false, is_container: false, vendor: 'Dell Inc.', product: 'R740' },
    ],
    [
      'a virtual machine without systemd',
      { virtual: 'hypervisor\nsys_vendor QEMU\nproduct_name Standard PC\n' },
      ({ virtualization: v }) => [v.type, v.is_guest, v.is_container],
      ['kvm', true, false],
    ],
    [
      'a hypervisor that says nothing',
      { virtual: 'hypervisor\n' },
      ({ virtualization: v }) => [v.type, v.is_guest],
      ['vm-other', true],
    ],
    [
      'a container',
      { host: 'container=lxc\n', virtual: 'detected lxc\nsys_vendor QEMU\n' },
      ({ virtualization: v }) => [v.type, v.is_guest, v.is_container],
      ['lxc', true, true],
    ],
    [
      'Python',
      { python: '/usr/bin/python3\nPython 3.13.0rc1\n' },
      ({ python }) => python,
      { path: '/usr/bin/python3', version: '3.13.0rc1', major: 3, minor: 13 },
    ],
    ['no Python', {}, ({ python }) => python, null],
    [
      'a user that no file knows',
      { user: '1234\n1234\n1234\n1234\n1234\n' },
      ({ user }) => [user.name, user.uid, user.home, user.groups],
      ['1234', 1234, null, ['1234']],
    ],
    [
      'a clock',
      { time: '1715000000 +0200 CEST\n12345.67 1.0\n' },
      ({ time }) => time,
      {
        epoch: 1715000000,
        iso8601: '2024-05-06T12:53:20Z',
        timezone: 'CEST',
        offset: '+0200',
        uptime_seconds: 12345,
      },
    ],
  ];
  for (const [what, sections, look, expected] of printed)
    it(what, () => {
      expect(look(of(sections))).to.deep.equal(expected);
    });
});
