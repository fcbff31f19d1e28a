/**
 * Owns what is known of any host: its system, processors, memory, what it runs in, Python, its user, its clock.
 */
import { parseEnvironment } from '../docker/info.js';
import type { Facts } from './schema.js';
import { firstRow, number, pairAt, rows, type Sections } from './sections.js';

/** What Ansible calls families (module_utils/facts/system/distribution.py, OS_FAMILY_MAP), by os-release's ID. */
const families: Readonly<Record<string, string>> = {
  ...{
    debian: 'Debian',
    ubuntu: 'Debian',
    raspbian: 'Debian',
    linuxmint: 'Debian',
    devuan: 'Debian',
    kali: 'Debian',
  },
  ...{
    rhel: 'RedHat',
    centos: 'RedHat',
    fedora: 'RedHat',
    rocky: 'RedHat',
    almalinux: 'RedHat',
    ol: 'RedHat',
    amzn: 'RedHat',
  },
  ...{ sles: 'Suse', suse: 'Suse', opensuse: 'Suse', 'opensuse-leap': 'Suse', 'opensuse-tumbleweed': 'Suse' },
  ...{
    arch: 'Archlinux',
    manjaro: 'Archlinux',
    alpine: 'Alpine',
    gentoo: 'Gentoo',
    void: 'Void',
    nixos: 'NixOS',
  },
};

export function osFacts(sections: Sections): Facts['os'] {
  const release = parseEnvironment(sections.get('os') ?? '');
  const [, kernel = '', architecture = ''] = rows(sections, 'uname');
  const about = rows(sections, 'system');
  const valueOf = (name: string): string | null =>
    about.find((row) => row.startsWith(`${name} `))?.slice(name.length + 1) ?? null;
  const id = release['ID'] ?? null;
  const like = [id ?? '', ...(release['ID_LIKE'] ?? '').split(' ')];
  const known = like.find((each) => Object.hasOwn(families, each));
  // Debian's os-release has no point release; a file of its own has, but for what is not released yet.
  const [debian = ''] = about;
  const version = id === 'debian' && /^\d+\.\d+$/.test(debian) ? debian : (release['VERSION_ID'] ?? null);
  const selinux = valueOf('selinux');
  const packages = valueOf('packages');
  return {
    family: known === undefined ? null : (families[known] ?? null),
    id,
    name: release['NAME'] ?? null,
    version,
    major: number(/^\d+/.exec(version ?? '')?.[0]),
    codename:
      release['VERSION_CODENAME'] ??
      /\(([a-z][\w ]*)\)/i.exec(release['VERSION'] ?? '')?.[1]?.toLowerCase() ??
      null,
    pretty_name: release['PRETTY_NAME'] ?? null,
    kernel,
    architecture,
    service_manager: serviceManager(valueOf('init')),
    package_manager: packages === 'apt-get' ? 'apt' : packages,
    selinux: selinux === null ? null : selinux === '1' ? 'enforcing' : 'permissive',
    apparmor: valueOf('apparmor') === 'Y',
  };
}

function serviceManager(init: string | null): string | null {
  if (init === 'init') return 'sysvinit';
  if (init?.startsWith('runit') === true) return 'runit';
  return init === '' ? null : init;
}

export function cpuFacts(sections: Sections): Facts['cpu'] {
  const known = new Map(rows(sections, 'cpu').map((row) => pairAt(row, ' ')));
  const count = number(known.get('count'));
  const cores = number(known.get('cores'));
  const siblings = number(known.get('siblings'));
  const textOf = (name: string): string | null => known.get(name)?.trim() || null;
  return {
    count,
    sockets: number(known.get('sockets')),
    cores_per_socket: cores,
    threads_per_core:
      cores === null || siblings === null || cores === 0 ? null : Math.max(1, Math.floor(siblings / cores)),
    model: textOf('model'),
    vendor: textOf('vendor'),
  };
}

export function memoryFacts(sections: Sections): Facts['memory'] {
  const text = sections.get('memory') ?? '';
  const bytesOf = (name: string): number | null => {
    const kib = number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1]);
    return kib === null ? null : kib * 1024;
  };
  return {
    total: bytesOf('MemTotal'),
    free: bytesOf('MemFree'),
    available: bytesOf('MemAvailable'),
    swap_total: bytesOf('SwapTotal'),
    swap_free: bytesOf('SwapFree'),
  };
}

const containers = new Set([
  'docker',
  'lxc',
  'lxc-libvirt',
  'podman',
  'systemd-nspawn',
  'openvz',
  'rkt',
  'wsl',
  'proot',
  'pouch',
  'container-other',
]);

/** What firmware says of the machines that hypervisors make. */
const machines: readonly (readonly [RegExp, string])[] = [
  [/vmware/i, 'vmware'],
  [/virtualbox|innotek/i, 'oracle'],
  [/microsoft.*virtual|virtual machine/i, 'microsoft'],
  [/amazon ec2/i, 'amazon'],
  [/google/i, 'google'],
  [/parallels/i, 'parallels'],
  [/xen/i, 'xen'],
  [/qemu|kvm|seabios|bochs|openstack|proxmox/i, 'kvm'],
];

export function virtualizationFacts(sections: Sections): Facts['virtualization'] {
  const about = rows(sections, 'virtual');
  const valueOf = (name: string): string | null =>
    about
      .find((row) => row.startsWith(`${name} `))
      ?.slice(name.length + 1)
      .trim() || null;
  const container = rows(sections, 'host')
    .find((row) => row.startsWith('container='))
    ?.slice('container='.length);
  const detected = valueOf('detected');
  const firmware = [valueOf('sys_vendor'), valueOf('product_name'), valueOf('bios_vendor')].join(' ');
  const guessed =
    valueOf('type') ??
    machines.find(([form]) => form.test(firmware))?.[1] ??
    (about.includes('hypervisor') ? 'vm-other' : null);
  const type =
    container !== undefined && container !== ''
      ? container
      : detected === 'none'
        ? null
        : (detected ?? guessed);
  return {
    type,
    is_guest: type !== null,
    is_container: type !== null && (containers.has(type) || type === container),
    vendor: valueOf('sys_vendor'),
    product: valueOf('product_name'),
  };
}

export function pythonFacts(sections: Sections): Facts['python'] {
  const [path, said = ''] = rows(sections, 'python');
  const [, version, major, minor] = /^Python ((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  if (path === undefined || version === undefined) return null;
  return { path, version, major: Number(major), minor: Number(minor) };
}

export function userFacts(sections: Sections): Facts['user'] {
  const [name = '', uid, group = '', gid, groups = '', entry = ''] = rows(sections, 'user');
  const [, , , , gecos, home, shell] = entry.split(':');
  return {
    name,
    uid: number(uid) ?? 0,
    group,
    gid: number(gid) ?? 0,
    groups: groups.split(' ').filter((each) => each !== ''),
    home: home || null,
    shell: shell || null,
    gecos: gecos ?? null,
  };
}

export function timeFacts(sections: Sections): Facts['time'] {
  const [seconds, offset = '', timezone = ''] = (firstRow(sections, 'time') ?? '').split(' ');
  const epoch = number(seconds) ?? 0;
  return {
    epoch,
    iso8601: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    timezone,
    offset,
    uptime_seconds: number(/^(\d+)\./.exec(rows(sections, 'time')[1] ?? '')?.[1]),
  };
}
