/**
 * Owns what Ansible's facts are called here. Sources: the modules of ansible-core, module_utils/facts.
 */

/** By Ansible's names, without `ansible_`: what follows `facts.`. Of several that fit, the longest counts. */
const names: Readonly<Record<string, string>> = {
  os_family: 'os.family',
  distribution: 'os.id',
  distribution_version: 'os.version',
  distribution_major_version: 'os.major',
  distribution_release: 'os.codename',
  lsb: 'os',
  'lsb.codename': 'os.codename',
  'lsb.id': 'os.id',
  'lsb.release': 'os.version',
  'lsb.major_release': 'os.major',
  'lsb.description': 'os.pretty_name',
  architecture: 'os.architecture',
  machine: 'os.architecture',
  kernel: 'os.kernel',
  pkg_mgr: 'os.package_manager',
  service_mgr: 'os.service_manager',
  selinux: 'os.selinux',
  'selinux.status': 'os.selinux',
  'selinux.mode': 'os.selinux',
  apparmor: 'os.apparmor',
  'apparmor.status': 'os.apparmor',
  processor: 'cpu.model',
  processor_vcpus: 'cpu.count',
  processor_nproc: 'cpu.count',
  processor_count: 'cpu.sockets',
  processor_cores: 'cpu.cores_per_socket',
  processor_threads_per_core: 'cpu.threads_per_core',
  memtotal_mb: 'memory.total',
  memfree_mb: 'memory.free',
  swaptotal_mb: 'memory.swap_total',
  swapfree_mb: 'memory.swap_free',
  memory_mb: 'memory',
  'memory_mb.real.total': 'memory.total',
  'memory_mb.real.free': 'memory.free',
  'memory_mb.nocache.free': 'memory.available',
  'memory_mb.swap.total': 'memory.swap_total',
  hostname: 'network.hostname',
  nodename: 'network.nodename',
  fqdn: 'network.fqdn',
  domain: 'network.domain',
  default_ipv4: 'network.default_ipv4',
  'default_ipv4.macaddress': 'network.default_ipv4.mac',
  default_ipv6: 'network.default_ipv6',
  'default_ipv6.macaddress': 'network.default_ipv6.mac',
  all_ipv4_addresses: 'network.ipv4_addresses',
  all_ipv6_addresses: 'network.ipv6_addresses',
  interfaces: 'network.interfaces',
  dns: 'network',
  'dns.nameservers': 'network.nameservers',
  'dns.search': 'network.search',
  mounts: 'filesystems',
  devices: 'devices',
  device_links: 'devices',
  virtualization_type: 'virtualization.type',
  virtualization_role: 'virtualization.is_guest',
  virtualization_tech_guest: 'virtualization.type',
  system_vendor: 'virtualization.vendor',
  product_name: 'virtualization.product',
  python: 'python',
  python_version: 'python.version',
  'python.executable': 'python.path',
  'python.version.major': 'python.major',
  'python.version.minor': 'python.minor',
  user_id: 'user.name',
  user_uid: 'user.uid',
  user_gid: 'user.gid',
  user_dir: 'user.home',
  user_shell: 'user.shell',
  user_gecos: 'user.gecos',
  real_user_id: 'user.uid',
  effective_user_id: 'user.uid',
  real_group_id: 'user.gid',
  effective_group_id: 'user.gid',
  date_time: 'time',
  'date_time.epoch': 'time.epoch',
  'date_time.iso8601': 'time.iso8601',
  'date_time.tz': 'time.timezone',
  'date_time.tz_offset': 'time.offset',
  uptime_seconds: 'time.uptime_seconds',
  machine_id: 'host.machine_id',
};

/** What else is to be known of them. */
const remarks: Readonly<Record<string, string>> = {
  distribution: ", which has the name as /etc/os-release has it: 'debian', 'ubuntu'",
  distribution_major_version: ', a whole number',
  memtotal_mb: ', in bytes: compare with toBytes("2GiB")',
  memfree_mb: ', in bytes: compare with toBytes("2GiB")',
  swaptotal_mb: ', in bytes',
  swapfree_mb: ', in bytes',
  interfaces: ', a list of maps: [].name',
  mounts: ', a list of maps with target, source, size and available',
  devices: ', a list of maps with name, size and partitions',
  selinux: ": 'enforcing', 'permissive', or null",
  virtualization_role: ', true or false',
};

/**
 * A hint for a name of Ansible's facts, with the parts that follow it; undefined for any other.
 * `ansible_facts.os_family`, `ansible_facts['ansible_os_family']` and `ansible_os_family` are the same.
 */
export function hintForAnsibleFact(name: string, parts: readonly string[]): string | undefined {
  const isMap = name === 'ansible_facts';
  if (!isMap && !name.startsWith('ansible_')) return undefined;
  const path = isMap ? parts : [name, ...parts];
  const [first = '', ...rest] = path;
  const bare = [first.replace(/^ansible_/, ''), ...rest];
  for (let length = Math.min(bare.length, 3); length > 0; length--) {
    const key = bare.slice(0, length).join('.');
    const own = Object.hasOwn(names, key) ? names[key] : undefined;
    if (own === undefined) continue;
    const remark = Object.hasOwn(remarks, key) ? remarks[key] : undefined;
    // What follows has the same names where the whole has.
    const behind = /^default_ipv[46]$/.test(key) ? bare.slice(length).map((part) => `.${part}`) : [];
    return `zrun's is called facts.${own}${behind.join('')}${remark ?? ''}`;
  }
  if (isMap) return "facts stand below 'facts'; 'zrun doc facts' lists them";
  return undefined;
}
