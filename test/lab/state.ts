/**
 * Owns what the suites compare of a host: everything that zrun could change, as texts that a failing test shows as a
 * diff.
 */
import { sshExec } from './index.js';

/** Each a name and a command, run as root. What changes by itself (sizes, times, uptimes) is left out. */
const parts: Readonly<Record<string, string>> = {
  datasets: 'zfs list -H -t all -o name,type,canmount,mountpoint,volsize | sort',
  oldDataset: 'zfs get -H -o property,value type,canmount,mountpoint,mounted tank/docker',
  userProperties: "zfs get -H -s local -t filesystem,volume,snapshot all | awk '$2 ~ /:/' | sort",
  fstab: 'cat /etc/fstab',
  daemonJson: 'cat /etc/docker/daemon.json 2>&1 || true',
  dropIns:
    'find /etc/systemd/system -path "*docker*" | sort; systemctl is-enabled docker.service docker.socket; systemctl list-units --all --plain --no-legend "zrun*"',
  mountLists: 'find /etc/zfs -name "*zrun*"; tail -n +1 /etc/zfs/zfs-list.cache/* 2>/dev/null || true',
  units:
    'systemctl show -p ActiveState,MainPID,ActiveEnterTimestamp docker.service; systemctl show -p ActiveState,UnitFileState docker.socket',
  mounts:
    "findmnt -rn -o TARGET,SOURCE,FSTYPE | grep -v -E '/run/user|/var/lib/docker/zfs/graph|/run/docker/netns|nsfs|overlay2' | sort",
  stateFolder: 'find /var/lib/zrun 2>/dev/null | sort || true',
  containers: "docker ps -a --format '{{.Names}} {{.State}}' | sort",
  dataRoot: 'ls -A /var/lib/docker | sort',
};

export type HostSnapshot = Readonly<Record<string, string>>;

export async function snapshotOf(host: string): Promise<HostSnapshot> {
  const script = Object.entries(parts)
    .map(([name, command]) => `printf '\\n### %s\\n' ${name}; ${command}`)
    .join('\n');
  const { stdout } = await sshExec(host, script, { user: 'root' });
  const sections = stdout.split(/^### /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end + 1)];
    }),
  );
}
