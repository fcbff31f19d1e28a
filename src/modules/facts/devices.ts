/**
 * Owns what is known of block devices and of the room in file systems.
 */
import type { MountTable } from '../host/mountinfo.js';
import type { Facts } from './schema.js';
import { number, rows, type Sections } from './sections.js';

type Device = Facts['devices'][number];

/** The kernel counts in these, whatever the device's own sectors are. */
const sector = 512;

export function deviceFacts(sections: Sections): Facts['devices'] {
  const devices: Device[] = [];
  for (const row of rows(sections, 'devices')) {
    const [what, name = '', size, ...more] = row.split('\t');
    const bytes = (number(size) ?? 0) * sector;
    if (what === 'device') {
      const [removable, rotational, readonly, model = '', vendor = '', serial = '', physical] = more;
      devices.push({
        name,
        path: pathOf(name),
        size: bytes,
        removable: removable === '1',
        rotational: rotational === '1',
        readonly: readonly === '1',
        virtual: physical !== 'physical',
        model: model.trim() || null,
        vendor: vendor.trim() || null,
        serial: serial.trim() || null,
        partitions: [],
      });
      continue;
    }
    const [start, place] = more;
    devices.at(-1)?.partitions.push({
      name,
      path: pathOf(name),
      number: number(place),
      size: bytes,
      start: (number(start) ?? 0) * sector,
    });
  }
  return devices;
}

/** The kernel writes `!` for a slash: `cciss!c0d0`. */
function pathOf(name: string): string {
  return `/dev/${name.replaceAll('!', '/')}`;
}

export function filesystemFacts(sections: Sections, mounts: MountTable): Facts['filesystems'] {
  const sizes = new Map(
    rows(sections, 'sizes').flatMap((row) => {
      const match = /^(\d+) (\d+) (\d+) (\d+) (\d+) (.*)$/s.exec(row);
      return match ? [[match[6] ?? '', match.slice(1, 6).map(Number)] as const] : [];
    }),
  );
  // Of several that are mounted at the same place, only the last one is seen.
  const seen = new Map(mounts.map((mount) => [mount.target, mount]));
  return [...seen.values()]
    .filter(({ fstype, source }) => fstype === 'zfs' || source.startsWith('/dev/'))
    .map(({ target, source, fstype, options }) => {
      const [block, blocks, available, inodes, free] = sizes.get(target) ?? [];
      const bytes = (count: number | undefined): number | null =>
        block === undefined || count === undefined ? null : block * count;
      return {
        ...{ target, source, fstype, options },
        size: bytes(blocks),
        available: bytes(available),
        inodes: inodes ?? null,
        inodes_available: free ?? null,
      };
    });
}
