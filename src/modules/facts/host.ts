/**
 * Owns what is known of the machine itself: its system, its tools, and its mounts.
 */
import { parseEnvironment } from '../docker/info.js';
import type { MountEntry } from '../host/mountinfo.js';
import { toolNames, type Facts } from './schema.js';
import { firstRow, number, rows, type Sections } from './sections.js';

export function hostFacts(sections: Sections): Facts['host'] {
  const [hostname = '', kernel = '', architecture = '', user = '', uid] = rows(sections, 'uname');
  const release = parseEnvironment(sections.get('os') ?? '');
  const about = rows(sections, 'host');
  const container = about.find((row) => row.startsWith('container='))?.slice('container='.length);
  const memory = /MemTotal:\s*(\d+) kB/.exec(sections.get('memory') ?? '')?.[1];
  return {
    hostname,
    machine_id: firstRow(sections, 'machine'),
    boot_id: firstRow(sections, 'boot'),
    kernel,
    architecture,
    os: {
      id: release['ID'] ?? null,
      version_id: release['VERSION_ID'] ?? null,
      pretty_name: release['PRETTY_NAME'] ?? null,
    },
    systemd: about.includes('systemd'),
    container: container === undefined || container === '' ? null : container,
    proxmox: about.includes('proxmox'),
    truenas: about.includes('truenas'),
    memory_bytes: memory === undefined ? null : Number(memory) * 1024,
    cpus: number(/^cpus (\d+)$/m.exec(sections.get('memory') ?? '')?.[1]),
    user,
    is_root: uid === '0',
  };
}

export function toolFacts(sections: Sections): Facts['tools'] {
  const found = new Set(rows(sections, 'tools').map((tool) => tool.replace('.', '_')));
  return Object.fromEntries(toolNames.map((name) => [name, found.has(name)])) as Facts['tools'];
}

export function mountFacts({ source, target, fstype, options }: MountEntry): Facts['mounts'][number] {
  return { source, target, fstype, options };
}
