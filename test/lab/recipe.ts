// Owns what an image is made of and the hash that names it: change anything here or in guest/ and it is built anew.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export const RELEASES = ['bookworm', 'trixie'] as const;
export type Release = (typeof RELEASES)[number];
export const ACCELERATORS = ['tcg', 'kvm'] as const;
export type Accelerator = (typeof ACCELERATORS)[number];

/** The scripts that run in the guest. */
export const guestFolder = path.join(import.meta.dirname, 'guest');

/** What a release's Docker chooses by itself on ZFS. */
export const expectedDriver: Readonly<Record<Release, 'zfs' | 'overlay2'>> = {
  bookworm: 'zfs',
  trixie: 'overlay2',
};

const packages: readonly string[] = [
  // A kernel, its headers for the ZFS module, and an init.
  ...[
    'linux-image-cloud-amd64',
    'linux-headers-cloud-amd64',
    'initramfs-tools',
    'systemd-sysv',
    'udev',
    'dbus',
    'kmod',
  ],
  ...['dkms', 'dpkg-dev', 'zfs-dkms', 'zfsutils-linux', 'zfs-zed'],
  ...['docker.io', 'iptables', 'ca-certificates', 'busybox-static'],
  // Docker 26 cannot start a container on a kernel with AppArmor unless its tools are there.
  'apparmor',
  ...['openssh-server', 'sudo', 'iproute2', 'procps', 'util-linux', 'e2fsprogs', 'rsync', 'attr', 'acl'],
  'python3-minimal',
];

const extraPackages: Readonly<Record<Release, readonly string[]>> = {
  bookworm: [],
  // Debian 13 packages the command-line client apart from the engine.
  trixie: ['docker-cli'],
};

/** What mmdebstrap is told, but for the mirror and the folder to fill. */
export function bootstrapArguments(release: Release): readonly string[] {
  return [
    '--mode=root',
    '--variant=minbase',
    '--components=main,contrib',
    `--include=${[...packages, ...extraPackages[release]].join(',')}`,
    // The image is thrown away when a build breaks off: there is nothing that a flush would protect.
    '--dpkgopt=force-unsafe-io',
    ...['man', 'locale', 'doc', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
    // Before the kernel is configured: its initrd then is small and made in seconds, and loads faster at every boot.
    '--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"',
    '--essential-hook=printf "MODULES=list\\nCOMPRESS=gzip\\nFSTYPE=ext4\\n" > "$1/etc/initramfs-tools/conf.d/lab"',
    '--essential-hook=printf "virtio_pci\\nvirtio_blk\\next4\\n" > "$1/usr/share/initramfs-tools/modules.d/lab"',
    `--customize-hook=${path.join(guestFolder, 'image.sh')}`,
  ];
}

/** The machine that QEMU makes. A saved memory fits only the machine that it was saved from. */
export const machine = {
  type: 'pc',
  memoryMiB: 1536,
  // Two emulated processors are no faster here when several hosts share two real ones, and a kernel of two was seen to
  // wait for ever for an interrupt between them.
  cpus: 1,
  // cx16 crashes kernel 6.12 under QEMU 7.2's emulation; la57 would add a level to every page walk.
  cpu: { tcg: 'max,-cx16,-la57', kvm: 'host' },
  rootGiB: 6,
  poolGiB: 12,
  kernelArguments: [
    'root=/dev/vda rw console=ttyS0 loglevel=4 net.ifnames=0 panic=10',
    // What follows makes an emulated machine nearly twice as fast, measured by boots and by `docker run`: the clock is
    // read without leaving the emulation, mounts and namespaces do not wait out slow RCU periods, code keeps its
    // addresses so that its translation is found again, and nothing guards against what cannot happen here.
    'tsc=reliable clocksource=tsc rcupdate.rcu_expedited=1 norandmaps mitigations=off audit=0 apparmor=0 nowatchdog',
  ].join(' '),
};

function hash(parts: readonly (string | Buffer)[]): string {
  const total = createHash('sha256');
  for (const part of parts) total.update(part).update('\0');
  return total.digest('hex').slice(0, 12);
}

/** Names the machine itself: disks and memory that one machine saved are of no use to another. */
export function machineHash(accelerator: Accelerator): string {
  return hash([accelerator, JSON.stringify(machine)]);
}

const guestFile = (name: string): Promise<Buffer> => readFile(path.join(guestFolder, name));

/** Names an image: the same recipe and keys give the same name, wherever the repository lies. */
export async function imageHash(release: Release, publicKeys: string): Promise<string> {
  const told = bootstrapArguments(release).map((argument) => argument.replaceAll(guestFolder, 'guest'));
  return hash([release, ...told, String(machine.rootGiB), publicKeys, await guestFile('image.sh')]);
}

/** Names a prepared state: the image, what was done to it, and the machine that its memory belongs to. */
export async function preparedHash(
  release: Release,
  image: string,
  accelerator: Accelerator,
  qemuVersion: string,
): Promise<string> {
  const scripts = await Promise.all(['prepare.sh', 'check.sh', 'volume-checksums.py'].map(guestFile));
  return hash([release, image, machineHash(accelerator), qemuVersion, ...scripts]);
}
