/**
 * Owns what is known of any host, field by field, whether or not anything is to be moved on it. Everything that may be
 * missing is null, never absent. Sizes are bytes. Where Ansible has the same fact, values are its own.
 */
import * as z from 'zod';

const text = z.string();
const maybeText = z.string().nullable();
const int = z.int();
const maybeInt = z.int().nullable();
const bool = z.boolean();
const texts = z.array(z.string());

const osSchema = z
  .object({
    family: maybeText.describe('`Debian`, `RedHat`, `Suse`, `Archlinux`, `Alpine`, …, as Ansible names them'),
    id: maybeText.describe('of the distribution: `debian`, `ubuntu`, `rocky`'),
    name: maybeText.describe('of the distribution, for people: `Debian GNU/Linux`'),
    version: maybeText.describe('as exact as the host knows it: `12.11`, `22.04`'),
    major: maybeInt.describe('its first number'),
    codename: maybeText.describe('`bookworm`, `jammy`'),
    pretty_name: maybeText.describe('name and version, for people'),
    kernel: text.describe('as uname -r says'),
    architecture: text.describe('as uname -m says: `x86_64`, `aarch64`'),
    service_manager: maybeText.describe('`systemd`, `openrc`, `runit`, or what else process 1 is'),
    package_manager: maybeText.describe('`apt`, `dnf`, `yum`, `zypper`, `pacman`, `apk`, …'),
    selinux: maybeText.describe('`enforcing`, `permissive`; null where the kernel does not have it on'),
    apparmor: bool.describe('whether the kernel has AppArmor on'),
  })
  .describe('the operating system');

const cpuSchema = z
  .object({
    count: maybeInt.describe('what the kernel schedules on: threads of all cores'),
    sockets: maybeInt.describe('processors in sockets'),
    cores_per_socket: maybeInt.describe('cores of one of them'),
    threads_per_core: maybeInt.describe('threads of one core'),
    model: maybeText.describe('for people'),
    vendor: maybeText.describe('`GenuineIntel`, `AuthenticAMD`'),
  })
  .describe('processors');

const memorySchema = z
  .object({
    total: maybeInt.describe('physical memory'),
    free: maybeInt.describe('unused'),
    available: maybeInt.describe('what can be had without swapping'),
    swap_total: maybeInt.describe('0: none'),
    swap_free: maybeInt.describe('unused swap'),
  })
  .describe('memory');

const addressSchema = z.object({
  address: text.describe('without its prefix'),
  prefix: int.describe('length of its prefix'),
  scope: maybeText.describe('`global`, `link`, `host`'),
});

const ipv4Schema = addressSchema.extend({
  netmask: text.describe('the same as `prefix`'),
  network: text.describe('first address of its range'),
  broadcast: maybeText.describe('where there is one'),
});

const routeSchema = (family: string) =>
  z
    .object({
      address: maybeText.describe('what this host is seen as'),
      interface: text.describe('its name'),
      gateway: maybeText.describe('null where it is reached directly'),
      prefix: maybeInt.describe('length of the prefix of `address`'),
      mac: maybeText.describe('of the interface'),
      mtu: maybeInt.describe('of the interface'),
    })
    .nullable()
    .describe(`the way to the internet by ${family}; null if there is no such way`);

const networkSchema = z
  .object({
    hostname: text.describe('up to the first dot'),
    nodename: text.describe('as uname -n says'),
    fqdn: maybeText.describe('as hostname -f says'),
    domain: maybeText.describe('what follows the first dot of it'),
    default_ipv4: routeSchema('IPv4'),
    default_ipv6: routeSchema('IPv6'),
    ipv4_addresses: texts.describe('of all interfaces but loopback'),
    ipv6_addresses: texts.describe('of all interfaces but loopback'),
    nameservers: texts.describe('of /etc/resolv.conf'),
    search: texts.describe('of /etc/resolv.conf'),
    interfaces: z
      .array(
        z.object({
          name: text.describe('`eth0`'),
          mac: maybeText.describe('address of its hardware'),
          mtu: maybeInt.describe('largest packet'),
          active: bool.describe('it is not down'),
          type: text.describe('`ether`, `loopback`, `bridge`, `bond`, `vlan`, `tun`, `other`'),
          ipv4: z.array(ipv4Schema),
          ipv6: z.array(addressSchema),
        }),
      )
      .describe('by name'),
  })
  .describe('interfaces and addresses');

const devicesSchema = z
  .array(
    z.object({
      name: text.describe('`sda`, `nvme0n1`, `dm-0`'),
      path: text.describe('`/dev/sda`'),
      size: int.describe('its size'),
      removable: bool.describe('a medium that can be taken out'),
      rotational: bool.describe('a disk that turns'),
      readonly: bool.describe('it cannot be written to'),
      virtual: bool.describe('the kernel makes it: loop, dm, zd, zram, …'),
      model: maybeText.describe('for people'),
      vendor: maybeText.describe('for people'),
      serial: maybeText.describe('where the kernel knows it'),
      partitions: z.array(
        z.object({
          name: text.describe('`sda1`'),
          path: text.describe('`/dev/sda1`'),
          number: maybeInt.describe('in the partition table'),
          size: int.describe('its size'),
          start: int.describe('where it begins'),
        }),
      ),
    }),
  )
  .describe('block devices that have a size, by name');

const filesystemsSchema = z
  .array(
    z.object({
      target: text.describe('mount point'),
      source: text.describe('device or dataset'),
      fstype: text.describe('`ext4`, `xfs`, `zfs`, …'),
      options: text.describe('of the mount'),
      size: maybeInt.describe('its size; null where it did not answer in time'),
      available: maybeInt.describe('what users may still write'),
      inodes: maybeInt.describe('files that it can hold; 0 where there is no limit'),
      inodes_available: maybeInt.describe('files that can still be made'),
    }),
  )
  .describe('local file systems that are mounted, with their room; those of a network are left out');

const virtualizationSchema = z
  .object({
    type: maybeText.describe('`kvm`, `vmware`, `docker`, `lxc`, …; null on bare metal'),
    is_guest: bool.describe('it runs in something'),
    is_container: bool.describe('that is a container'),
    vendor: maybeText.describe('who the firmware says made the machine'),
    product: maybeText.describe('what the firmware says it is'),
  })
  .describe('what the host runs in');

const pythonSchema = z
  .object({
    path: text.describe('of the interpreter'),
    version: text.describe('`3.11.2`'),
    major: int.describe('its first number'),
    minor: int.describe('its second number'),
  })
  .nullable()
  .describe('Python, which zrun itself does not need; null if there is no Python');

const userSchema = z
  .object({
    name: text.describe('whom the task ran as'),
    uid: int.describe('its number'),
    group: text.describe('its group'),
    gid: int.describe("the group's number"),
    groups: texts.describe('all of its groups'),
    home: maybeText.describe('its folder'),
    shell: maybeText.describe('its login shell'),
    gecos: maybeText.describe('its full name and so on'),
  })
  .describe('whom the task that gathered facts ran as');

const timeSchema = z
  .object({
    epoch: int.describe('seconds since 1970 when the facts were gathered'),
    iso8601: text.describe('the same, as `2024-05-06T07:08:09Z`'),
    timezone: text.describe('`UTC`, `CEST`'),
    offset: text.describe('`+0200`'),
    uptime_seconds: maybeInt.describe('since the boot'),
  })
  .describe("the host's clock");

export const everydaySchemas = {
  os: osSchema,
  cpu: cpuSchema,
  memory: memorySchema,
  network: networkSchema,
  devices: devicesSchema,
  filesystems: filesystemsSchema,
  virtualization: virtualizationSchema,
  python: pythonSchema,
  user: userSchema,
  time: timeSchema,
};
