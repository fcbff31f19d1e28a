/**
 * Owns the one script that looks at everything a migration rests on, and how its answer becomes facts. Looks only;
 * never asks Docker where asking could start it.
 */
import { ZrunError, lineAndColumn } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { sh, type ShellText } from '../../core/shell.js';
import type { Value, ValueMap } from '../../core/value.js';
import { readDaemonJson } from '../docker/daemon-json-edit.js';
import {
  dependentsScript,
  isActive,
  isToBeHeld,
  obstacleTexts,
  parseDependents,
} from '../system/dependents.js';
import {
  boolAt,
  driverStatusOf,
  intAt,
  isAnonymousName,
  isLayerName,
  listAt,
  mapAt,
  parseDaemonFlags,
  parseEnvironment,
  parseValue,
  parseValues,
  textAt,
  textMapOf,
  textsOf,
  versionNumbers,
  type DaemonFlag,
} from '../docker/info.js';
import { nameFinder, reasonToLeaveOut, runStateOf, sharedContainer, shortId } from '../docker/container.js';
import { toolNames, type Facts } from './schema.js';
import { parseFstab } from '../storage/fstab.js';
import { holdersScript, parseHolders } from '../host/holders.js';
import { elsewhereScript, parseElsewhere } from '../storage/mounts-elsewhere.js';
import {
  mountOf,
  mountsAt,
  mountsBelow,
  parseMountinfo,
  topMountAt,
  type MountEntry,
  type MountTable,
} from '../host/mountinfo.js';
import {
  localValue,
  numericProperty,
  parseProperties,
  poolOf,
  zrunProperties,
  type Properties,
} from '../zfs/dataset.js';

/** Sees so much that in check mode any predicted change makes it unknown. */
const factsKind: ProbeKind<Facts> = { kind: 'facts', isBroad: true };

export function factsProbe(): Probe<Facts> {
  return { of: factsKind, key: '', script: factsScript, parse: parseFacts };
}

/** Of what a mount hides, as many names are told as a person reads. */
const mostHidden = 20;

/** Folders of which nothing is carried as it is, for Docker recreates it. */
const foldersOfDocker = ['containers', 'image', 'buildkit', 'zfs', 'tmp', 'runtimes'];

const mostInside = 20;

/** For Docker's templates: a path as it is, a line feed, and the path in JSON, ended by NUL. */
function givenPath(path: string): string {
  return `{{printf "%s\\n%s\\x00" ${path} (json ${path})}}`;
}

/** Paths of the host that containers and volumes were given; what stands between them has no slash. */
const givenToContainers = [
  `{{range .Mounts}}{{if eq .Type "bind"}}${givenPath('.Source')}{{end}}{{end}}`,
  `{{range (index .HostConfig "Mounts")}}{{if eq .Type "bind"}}${givenPath('.Source')}{{end}}{{end}}`,
  `{{range (index .HostConfig "Devices")}}${givenPath('.PathOnHost')}{{end}}`,
].join('');
const givenToVolumes = `{{with .Options}}{{with (index . "device")}}${givenPath('.')}{{end}}{{end}}`;

/**
 * Sections, each below a line that begins with the control character RS, which no text of a host's own begins with.
 * What fails says nothing, and its facts are null.
 *
 * What the data-root's mount hides is seen in a mount namespace of its own, where the folder above is bound onto the
 * mount, without what is mounted in that folder (mount_namespaces(7)). Nobody else sees it, and nothing of it stays. That
 * namespace has every mount, layers too, which cannot be destroyed meanwhile: it ends after one look.
 */
const factsScript: ShellText = sh`LC_ALL=C; export LC_ALL; exec 2>/dev/null
section() { printf '\\n\\036%s\\n' "$1"; }
has() { command -v "$1" >/dev/null; }
key_of() {
key=$(zfs get -H -o value encryptionroot "$1") && [ -n "$key" ] && [ "$key" != - ] || return
printf '%s\\tencryptionroot\\t%s\\n' "$1" "$key"
zfs get -Hp -o property,value keylocation,keystatus "$key" | while IFS= read -r line; do printf '%s\\t%s\\n' "$1" "$line"; done
}
given() {
case $containers in *'"Type":"bind"'* | *'"PathOnHost":'*) docker inspect --type container --format ${givenToContainers} $ids ;; esac
case $volumes in *'"device":'*) docker volume inspect --format ${givenToVolumes} $names ;; esac
}
limit() { if has timeout; then timeout "$@"; else shift; "$@"; fi; }
section uname; uname -n; uname -r; uname -m; id -un; id -u
section machine; cat /etc/machine-id
section boot; cat /proc/sys/kernel/random/boot_id
section os; cat /etc/os-release || cat /usr/lib/os-release
section host
[ -d /run/systemd/system ] && echo systemd
if [ -r /run/systemd/container ]; then echo "container=$(cat /run/systemd/container)"
elif [ -e /.dockerenv ]; then echo container=docker
elif [ -r /proc/1/environ ] && grep -q -z '^container=' /proc/1/environ; then echo "$(tr '\\0' '\\n' </proc/1/environ | grep '^container=')"
fi
has pveversion && echo proxmox
has midclt && echo truenas
[ -d /var/snap/docker ] && echo snap
section memory; grep MemTotal /proc/meminfo; echo "cpus $(grep -c '^processor' /proc/cpuinfo)"
section tools
for tool in rsync zfs zpool docker dockerd blkid wipefs mkfs.ext4 resize2fs systemctl udevadm blockdev fstrim unshare timeout; do has "$tool" && echo "$tool"; done
section fstab; cat /etc/fstab
section mounts; cat /proc/self/mountinfo
section module; cat /sys/module/zfs/version
if has zfs; then
section userland; zfs version
section pools; zpool list -Hp -o name,size,allocated,free,health,readonly
section tops; zfs list -Hp -o name,available -d 0
section marked; marked=$(zfs get -Hp -s local -t filesystem,volume -o name,property,value zrun:role,zrun:run,zrun:origin,zrun:data-root,zrun:copied,zrun:live,zrun:done,zrun:putting-back); printf '%s\\n' "$marked"
printf '%s\\n' "$marked" | awk -F '\\t' '$2 == "zrun:role" { print $1 }' | while IFS= read -r name; do zfs get -Hp -t volume -o name,property,value volsize "$name"; key_of "$name"; done
fi
service=docker.service
if [ -d /run/systemd/system ] && has systemctl; then
units=$(systemctl show --no-pager -p Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,ExecStart,Environment,EnvironmentFiles docker.service docker.socket containerd.service snap.docker.dockerd.service)
unit() { printf '%s\\n' "$units" | awk -v id="Id=$1" 'BEGIN { RS = "" } index("\\n" $0 "\\n", "\\n" id "\\n")'; }
section units; printf '%s\\n' "$units" | grep -e '^Id=' -e '^LoadState=' -e '^ActiveState=' -e '^UnitFileState=' -e '^NeedDaemonReload=' -e '^$'
case $(unit snap.docker.dockerd.service) in *ActiveState=active*) service=snap.docker.dockerd.service ;; esac
about=$(unit "$service")
case $about in *ActiveState=active*) active=1 ;; esac
exec_start=$(printf '%s\\n' "$about" | sed -n 's/^ExecStart=.*argv\\[\\]=\\(.*\\) ; ignore_errors=.*/\\1/p')
section start; printf '%s\\n' "$exec_start"
section environment; printf '%s\\n' "$about" | sed -n 's/^Environment=//p' | tr ' ' '\\n'
printf '%s\\n' "$about" | sed -n 's/^EnvironmentFiles=\\(.*\\) (ignore_errors=.*/\\1/p' | while read -r file; do cat "$file"; echo; done
else
for pid in $(cat /var/run/docker.pid /run/docker.pid); do
[ -d "/proc/$pid" ] && active=1 && section start && tr '\\0' ' ' <"/proc/$pid/cmdline" && exec_start=$(tr '\\0' ' ' <"/proc/$pid/cmdline") && break
done
fi
config=$(printf '%s\\n' "$exec_start" | sed -n 's/.*--config-file[= ]\\([^ ]*\\).*/\\1/p')
[ -n "$config" ] || { config=/etc/docker/daemon.json; [ "$service" = docker.service ] || config=/var/snap/docker/current/config/daemon.json; }
section config; printf '%s\\n' "$config"
if [ -e "$config" ]; then section json; cat "$config" || printf unreadable; fi
section shims; cat /proc/[0-9]*/comm | grep -c '^containerd-shim'
root=
if [ -n "$active" ] && has docker; then
section info; info=$(limit 20 docker info --format '{{json .}}' 2>&1); printf '%s\\n' "$info"
root=$(printf '%s\\n' "$info" | sed -n 's/.*"DockerRootDir":"\\([^"]*\\)".*/\\1/p')
if [ -n "$root" ]; then
section container_ids; ids=$(docker ps -aq --no-trunc); printf '%s\\n' "$ids"
section containers
containers=$([ -z "$ids" ] || docker inspect --type container --format '{"Id":{{json .Id}},"Name":{{json .Name}},"Image":{{json .Image}},"Driver":{{json .Driver}},"State":{{json .State}},"AutoRemove":{{json .HostConfig.AutoRemove}},"RestartPolicy":{{json .HostConfig.RestartPolicy}},"Modes":[{{json .HostConfig.NetworkMode}},{{json .HostConfig.IpcMode}},{{json .HostConfig.PidMode}}],"StorageOpt":{{json (index .HostConfig "StorageOpt")}},"HostConfig":{"Mounts":{{json (index .HostConfig "Mounts")}},"Devices":{{json (index .HostConfig "Devices")}},"Privileged":{{json (index .HostConfig "Privileged")}}},"Mounts":{{json .Mounts}},"Config":{"Image":{{json .Config.Image}},"Labels":{{json .Config.Labels}},"StopSignal":{{json (index .Config "StopSignal")}}}}' $ids); printf '%s\\n' "$containers"
section volumes
names=$(docker volume ls -q)
volumes=$([ -z "$names" ] || docker volume inspect --format '{{json .}}' $names); printf '%s\\n' "$volumes"
section gone; given | limit 5 xargs -0 sh -c 'end=$(printf "\\n.") end=\${end%.}; for each do case $each in */*) path=/\${each#*/}; told=\${path##*"$end"}; [ -e "\${path%"$end"*}" ] || printf "%s\\n" "$told" ;; esac; done' sh
case $info in *'"ControlAvailable":true'*) section nodes; limit 5 docker node ls --format '{{json .}}' ;; esac
if ls "$root/plugins" | grep -q -x '[0-9a-f]\\{64\\}'; then section plugins; limit 5 docker plugin ls --format '{{json .Name}}'; fi
fi
fi
section dockerd; has dockerd && [ -z "$root" ] && dockerd --version
[ -n "$root" ] || root=$(printf '%s\\n' "$exec_start" | sed -n 's/.* \\(--data-root\\|--graph\\|-g\\)[= ]\\([^ ]*\\).*/\\2/p')
[ -n "$root" ] || root=$(tr '\\n' ' ' <"$config" | sed -n 's/.*"\\(data-root\\|graph\\)"[[:space:]]*:[[:space:]]*"\\([^"]*\\)".*/\\2/p')
if [ -z "$root" ]; then
if [ -d /var/lib/docker ]; then root=/var/lib/docker; elif has dockerd; then root=/var/lib/docker; fi
fi
[ -n "$root" ] || exit 0
section root; printf '%s\\n' "$root"; real=$(readlink -f -- "$root") || real=$root; printf '%s\\n' "$real"; [ -d "$real" ] && echo exists
if [ -d /run/systemd/system ] && has systemctl; then
[ -e /var/lib/zrun/overlay2/units ] && section held
section dependents
${dependentsScript(sh`docker.service docker.socket "$(systemd-escape -p --suffix=mount -- "$real")"`, true, sh`"$real"`)}
fi
[ -d "$real" ] || exit 0
section statfs; stat -f -c '%S %a %c %d' -- "$real"
if has zfs; then section cached; for cache in /etc/zfs/zfs-list.cache/*; do awk -F '\\t' -v root="$real" '{ at = $2; gsub("//+", "/", at) } at == root { print FILENAME "\\t" $1 "\\t" $3 "\\t" $20 }' "$cache"; done; section there; zfs list -Hp -t filesystem -o name,mountpoint,canmount,mounted | awk -F '\\t' -v root="$real" '$2 == root'; fi
section names; ls -A -- "$real"
printable() { tr '\\001-\\011\\013-\\037\\177' '?'; }
section inside; (cd "$real" && find ${foldersOfDocker} -mindepth 1 -maxdepth 1 -print0) | tr '\\n\\0' '?\\n' | awk '!/^containers\\/[0-9a-f]*$/ || length($0) != 75' | head -n 200 | printable
mounted=$(printf '%s' "$real" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g')
if grep -q -F -- " $mounted " /proc/self/mountinfo; then
section hidden; limit 10 unshare --mount sh -c 'mount --make-rprivate / && mount --bind "$1" "$2" && cd "$2/$3" && printf "seen\\0" && find . -mindepth 1 -maxdepth 1 -print0' sh "\${real%/*}/" "$real" "\${real##*/}" | tr '\\n\\0' '?\\n' | head -n ${mostHidden + 2} | printable
section elsewhere
${elsewhereScript(sh`"$real"`)}
section holders
${holdersScript(sh`"$real"`)}
fi
section aside; find "\${real%/*}/" -mindepth 1 -maxdepth 1 -name "\${real##*/}.hidden-*" | printable
section inner; limit 5 sh -c 'cd "$1" && for each in */_data/image/zfs; do [ ! -d "$each" ] || printf "%s\\n" "\${each%%/*}"; done && echo done' sh "$real/volumes" | printable
section drivers; for driver in aufs btrfs devicemapper fuse-overlayfs overlay overlay2 zfs; do [ -n "$(ls -A -- "$real/$driver" | head -n 1)" ] && echo "$driver"; done
section du; [ -d "$real/volumes" ] && has timeout && timeout 1 du -sb -- "$real/volumes" && echo done
device=$(df -P -- "$real" | sed -n '2s/ .*//p')
case $device in
/dev/zd* | /dev/zvol/*)
device=$(readlink -f -- "$device")
of=$(find /dev/zvol -type l | while read -r link; do [ "$(readlink -f -- "$link")" = "$device" ] && echo "\${link#/dev/zvol/}" && break; done)
section volume ;;
*) has zfs && of=$(zfs list -Hp -o name -- "$real") && section dataset ;;
esac
[ -n "$of" ] || exit 0
printf '%s\n' "$of"
section properties; zfs get -Hp -o property,value,source all "$of"
above=\${of%/*}; [ "$above" = "$of" ] || { section above; zfs list -Hp -o available "$above"; zfs get -H -o value encryption "$above"; section key; key_of "$above"; }
section below; zfs list -Hp -o name -r -t filesystem,volume "$of"
section snapshots; zfs list -Hp -o name -t snapshot -d 1 "$of" | wc -l
exit 0`;

function parseFacts(output: Output): Facts {
  const sections = parseSections(output.stdout.toString('utf8'));
  if (!sections.has('mounts') || output.status !== 0) {
    throw new ZrunError('output-unexpected', 'the host does not answer the script that gathers facts', {
      hint: 'zrun needs a POSIX sh on Linux with /proc mounted.',
      status: output.status,
      stdout: output.stdout.toString('utf8').slice(0, 2000),
      stderr: output.stderr.toString('utf8'),
    });
  }
  return factsOf(sections);
}

type Sections = ReadonlyMap<string, string>;

export function parseSections(text: string): Sections {
  const sections = new Map<string, string>();
  for (const part of text.split('\n\u001e').slice(1)) {
    const end = part.indexOf('\n');
    if (end >= 0) sections.set(part.slice(0, end), part.slice(end + 1));
  }
  return sections;
}

export function factsOf(sections: Sections): Facts {
  const mounts = parseMountinfo(sections.get('mounts') ?? '');
  const docker = dockerFacts(sections);
  const root = docker.root;
  const elsewhere = mounts.filter(
    (entry) =>
      entry.fstype !== 'nsfs' &&
      (root === null || (entry.target !== root && !entry.target.startsWith(`${root}/`))),
  );
  const own = root === null ? undefined : topMountAt(mounts, root);
  return {
    host: hostFacts(sections),
    tools: toolFacts(sections),
    zfs: zfsFacts(sections),
    docker,
    data_root: dataRootFacts(sections, mounts, root),
    mounts: [...elsewhere, ...(own ? [own] : [])].map(mountFacts),
    fstab: parseFstab(sections.get('fstab') ?? '').map((entry) => ({ ...entry })),
  };
}

function rows(sections: Sections, name: string): readonly string[] {
  return (sections.get(name) ?? '').split('\n').filter((row) => row !== '');
}

function firstRow(sections: Sections, name: string): string | null {
  return rows(sections, name)[0] ?? null;
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}

/** What stands before and after the first separator. */
function pairAt(row: string, separator: string): readonly [string, string] {
  const at = row.indexOf(separator);
  return at < 0 ? [row, ''] : [row.slice(0, at), row.slice(at + separator.length)];
}

function mountFacts({ source, target, fstype, options }: MountEntry): Facts['mounts'][number] {
  return { source, target, fstype, options };
}

function hostFacts(sections: Sections): Facts['host'] {
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

function toolFacts(sections: Sections): Facts['tools'] {
  const found = new Set(rows(sections, 'tools').map((tool) => tool.replace('.', '_')));
  return Object.fromEntries(toolNames.map((name) => [name, found.has(name)])) as Facts['tools'];
}

function zfsFacts(sections: Sections): Facts['zfs'] {
  const module = firstRow(sections, 'module');
  const userland = firstRow(sections, 'userland')?.replace(/^zfs-/, '') ?? null;
  const { major, minor, patch } = versionNumbers(module);
  const installed = versionNumbers(userland);
  const available = new Map(rows(sections, 'tops').map((row) => pairAt(row, '\t')));
  return {
    present: module !== null && sections.has('userland'),
    module_version: module,
    userland_version: userland,
    versions_differ:
      module !== null &&
      userland !== null &&
      (installed.major !== major || installed.minor !== minor || installed.patch !== patch),
    major,
    minor,
    patch,
    zvol_flush_bug: ['2.2.7', '2.3.0', '2.3.1'].includes(`${major ?? ''}.${minor ?? ''}.${patch ?? ''}`),
    pools: rows(sections, 'pools').map((row) => {
      const [name = '', size, allocated, free, health = '', readonly] = row.split('\t');
      return {
        name,
        size: number(size),
        allocated: number(allocated),
        free: number(free),
        available: number(available.get(name)),
        health,
        readonly: readonly === 'on',
      };
    }),
    marked: markedDatasets(rows(sections, 'marked')),
  };
}

function markedDatasets(lines: readonly string[]): Facts['zfs']['marked'] {
  const found = new Map<string, Record<string, string>>();
  for (const line of lines) {
    const [name = '', property = '', value = ''] = line.split('\t');
    found.set(name, { ...found.get(name), [property]: value });
  }
  return [...found].flatMap(([name, properties]) => {
    const role = properties[zrunProperties.role];
    if (role === undefined) return [];
    const value = (property: string) => properties[property] ?? null;
    return [
      {
        name,
        role,
        run: value(zrunProperties.run),
        origin: value(zrunProperties.origin),
        data_root: value(zrunProperties.dataRoot),
        copied: value(zrunProperties.copied),
        live: value(zrunProperties.live),
        done: value(zrunProperties.done),
        putting_back: value(zrunProperties.puttingBack),
        volsize: number(properties['volsize']),
        ...keyFacts(properties),
      },
    ];
  });
}

/** @param properties as `key_of` of the script prints them: of the encryption root, which has the key of all below it */
function keyFacts(
  properties: Readonly<Record<string, string>>,
): Pick<Facts['zfs']['marked'][number], 'encryption_root' | 'keylocation' | 'key_available'> {
  return {
    encryption_root: properties['encryptionroot'] ?? null,
    keylocation: properties['keylocation'] ?? null,
    key_available: isKeyThere(properties['keystatus'] ?? null),
  };
}

function isKeyThere(keystatus: string | null): boolean {
  return keystatus === null || keystatus === '-' || keystatus === 'available' || keystatus === 'none';
}

function dockerFacts(sections: Sections): Facts['docker'] {
  const said = sections.get('info') ?? '';
  // Warnings of the client may stand before the JSON.
  const info = parseValue(said.slice(Math.max(0, said.indexOf('{"'))));
  const running = textAt(info, 'ServerVersion') !== null;
  const tools = toolFacts(sections);
  const installed = /version (\S+?),?( |$)/.exec(firstRow(sections, 'dockerd') ?? '')?.[1] ?? null;
  const version = textAt(info, 'ServerVersion') ?? installed;
  const [configured = null, root = null] = rows(sections, 'root');
  const status = driverStatusOf(info);
  const containers = containerFacts(sections);
  const security = textsOf(listAt(info, 'SecurityOptions'));
  const hasOption = (name: string) => security.some((option) => option.split(',').includes(`name=${name}`));
  const json = daemonJsonFacts(sections);
  const { flags, environment } = commandLine(sections);
  const about = rows(sections, 'host');
  return {
    present: tools.docker || tools.dockerd,
    running,
    error: running
      ? inspectError(sections, containers)
      : sections.has('info')
        ? daemonError(info, said)
        : null,
    version,
    ...versionNumbers(version),
    driver: running ? textAt(info, 'Driver') : null,
    containerd_store: status['driver-type'] === 'io.containerd.snapshotter.v1',
    backing_filesystem: status['Backing Filesystem'] ?? null,
    driver_status: status,
    prior_drivers: [...rows(sections, 'drivers')],
    root,
    root_configured: configured,
    id: textAt(info, 'ID'),
    containers,
    containers_running: containers.filter((container) => container.running).length,
    images: running ? intAt(info, 'Images') : null,
    volumes: volumeFacts(sections, containers),
    plugins: textsOf(rows(sections, 'plugins').map((row) => parseValue(row) ?? null)),
    live_restore: boolAt(info, 'LiveRestoreEnabled') ?? json.content['live-restore'] === true,
    shims: number(firstRow(sections, 'shims') ?? undefined) ?? 0,
    swarm: swarmFacts(info, parseValues(sections.get('nodes') ?? '')),
    security_options: security,
    rootless: hasOption('rootless'),
    userns_remap:
      hasOption('userns') ||
      flags.some(({ key }) => key === 'userns-remap') ||
      (!running && typeof json.content['userns-remap'] === 'string' && json.content['userns-remap'] !== ''),
    selinux: hasOption('selinux'),
    snap: about.includes('snap') || (root ?? '').startsWith('/var/snap/'),
    daemon_json: json,
    storage_opts: [
      ...new Set([
        ...json.storage_opts,
        ...flags.filter(({ key }) => key === 'storage-opts').map(({ value }) => value),
      ]),
    ],
    flags: flags.map((flag) => ({ ...flag })),
    flag_keys: [...new Set(flags.map(({ key }) => key))],
    driver_env: environment['DOCKER_DRIVER'] ?? null,
    services: serviceFacts(sections),
    units_held: sections.has('held'),
    dependents: parseDependents(rows(sections, 'dependents')).map((each) => ({
      ...{ unit: each.unit, how: each.how, active: each.active, sub: each.sub, stays: each.stays },
      is_active: isActive(each),
      is_held: isToBeHeld(each),
      obstacle: each.obstacle === undefined ? null : obstacleTexts[each.obstacle],
      is_job: each.isJob ?? false,
    })),
  };
}

function daemonError(info: Value | undefined, said: string): string {
  const errors = textsOf(listAt(info, 'ServerErrors'));
  return (
    (errors.length > 0 ? errors.join('; ') : said).trim().slice(0, 1000) || 'no answer within 20 seconds'
  );
}

/** Containers that are listed and not reported would be taken for none: a host that is safe to move. */
function inspectError(sections: Sections, containers: Facts['docker']['containers']): string | null {
  const listed = rows(sections, 'container_ids').length;
  if (listed <= containers.length) return null;
  return `docker inspect describes ${containers.length} of its ${listed} containers`;
}

function containerFacts(sections: Sections): Facts['docker']['containers'] {
  const all = parseValues(sections.get('containers') ?? '').map((each) => mapAt(each));
  const find = nameFinder(all);
  const lacks = lackFinder(sections);
  return all.map((container) => ({
    id: textAt(container, 'Id') ?? '',
    name: (textAt(container, 'Name') ?? '').replace(/^\//, ''),
    image: textAt(container, 'Config', 'Image'),
    image_id: textAt(container, 'Image'),
    status: textAt(container, 'State', 'Status') ?? 'unknown',
    running: boolAt(container, 'State', 'Running') ?? false,
    driver: textAt(container, 'Driver'),
    auto_remove: boolAt(container, 'AutoRemove') ?? false,
    restart_policy: textAt(container, 'RestartPolicy', 'Name') ?? 'no',
    shares_with: textsOf(listAt(container, 'Modes')).flatMap((mode) => {
      const shared = sharedContainer(mode);
      return shared === undefined ? [] : [find(shared) ?? shortId(shared)];
    }),
    lacks: lacks(container),
    stop_signal: textAt(container, 'Config', 'StopSignal')?.replace(/^SIG/, '') ?? null,
    storage_opt: textMapOf(mapAt(container, 'StorageOpt')),
    compose_project: textAt(container, 'Config', 'Labels', 'com.docker.compose.project'),
    mounts: listAt(container, 'Mounts').map((mount) => ({
      type: textAt(mount, 'Type') ?? 'unknown',
      name: textAt(mount, 'Name'),
      source: textAt(mount, 'Source'),
      destination: textAt(mount, 'Destination') ?? '',
      driver: textAt(mount, 'Driver'),
    })),
  }));
}

type Lack = Facts['docker']['containers'][number]['lacks'][number];

/**
 * What containers were given of the host and is not there any more (moby volume/mounts/linux_parser.go, where a container
 * is made; volume/local and daemon/oci_linux.go, where it is started). Nothing of those that are not made again.
 */
function lackFinder(sections: Sections): (container: ValueMap) => Lack[] {
  const gone = new Set(textsOf(rows(sections, 'gone').map((row) => parseValue(row) ?? null)));
  const devices = new Map(
    parseValues(sections.get('volumes') ?? '').map((volume) => [
      textAt(volume, 'Name'),
      mountedByVolume(mapAt(volume, 'Options')),
    ]),
  );
  const lack = (
    what: Lack['what'],
    path: string | null,
    { isNeeded, volume = null }: { readonly isNeeded: boolean; readonly volume?: string | null },
  ): Lack[] => (path !== null && gone.has(path) ? [{ what, path, volume, is_needed: isNeeded }] : []);
  return (container) => {
    const isUp = runStateOf(container) !== 'stopped';
    // A swarm makes its tasks again by itself, where they can be made.
    const isMadeAgain =
      boolAt(container, 'AutoRemove') !== true && (isUp || reasonToLeaveOut(container) === undefined);
    if (gone.size === 0 || !isMadeAgain) return [];
    const given = listAt(container, 'HostConfig', 'Mounts').filter(
      (mount) =>
        textAt(mount, 'Type') === 'bind' && boolAt(mount, 'BindOptions', 'CreateMountpoint') !== true,
    );
    const targets = new Set(given.map((mount) => trimmed(textAt(mount, 'Target'))));
    const mounted = listAt(container, 'Mounts').flatMap((mount) => {
      const [type, name] = [textAt(mount, 'Type'), textAt(mount, 'Name')];
      if (type === 'volume')
        return lack('volume', devices.get(name) ?? null, { isNeeded: true, volume: name });
      if (type !== 'bind' || targets.has(trimmed(textAt(mount, 'Destination')))) return [];
      return lack('bind', textAt(mount, 'Source'), { isNeeded: false });
    });
    // A privileged container has every device there is, under its own name.
    const isPrivileged = boolAt(container, 'HostConfig', 'Privileged') === true;
    const found = listAt(container, 'HostConfig', 'Devices').flatMap((device) => {
      const path = textAt(device, 'PathOnHost');
      const isThereAnyway = isPrivileged && path === textAt(device, 'PathInContainer');
      return isThereAnyway ? [] : lack('device', path, { isNeeded: isUp });
    });
    return [
      ...given.flatMap((mount) => lack('mount', textAt(mount, 'Source'), { isNeeded: true })),
      ...mounted,
      ...found,
    ];
  };
}

function trimmed(path: string | null): string {
  return (path ?? '').replace(/(?<=.)\/+$/, '');
}

/** A folder or a device of this host; another's, as of NFS, is not looked for. */
function mountedByVolume(options: ValueMap): string | null {
  const device = textAt(options, 'device') ?? '';
  const isBind = (textAt(options, 'o') ?? '').split(',').some((one) => one === 'bind' || one === 'rbind');
  return device.startsWith('/dev/') || (isBind && device.startsWith('/')) ? device : null;
}

function volumeFacts(
  sections: Sections,
  containers: Facts['docker']['containers'],
): Facts['docker']['volumes'] {
  return parseValues(sections.get('volumes') ?? '').map((volume) => {
    const name = textAt(volume, 'Name') ?? '';
    return {
      name,
      driver: textAt(volume, 'Driver') ?? 'local',
      mountpoint: textAt(volume, 'Mountpoint'),
      anonymous: isAnonymousName(name),
      options: textMapOf(mapAt(volume, 'Options')),
      used_by: containers
        .filter((container) =>
          container.mounts.some((mount) => mount.type === 'volume' && mount.name === name),
        )
        .map((container) => container.name),
    };
  });
}

/** @param nodes as `docker node ls` has them; none where this node is no manager, or its managers do not agree */
function swarmFacts(info: Value | undefined, nodes: readonly ValueMap[]): Facts['docker']['swarm'] {
  const state = textAt(info, 'Swarm', 'LocalNodeState') ?? 'inactive';
  const self = nodes.find((node) => boolAt(node, 'Self'));
  return {
    state,
    active: state !== 'inactive',
    manager: boolAt(info, 'Swarm', 'ControlAvailable') ?? false,
    managers: intAt(info, 'Swarm', 'Managers') ?? 0,
    nodes: intAt(info, 'Swarm', 'Nodes') ?? 0,
    managers_reachable:
      nodes.length === 0
        ? null
        : nodes.filter((node) => ['Leader', 'Reachable'].includes(textAt(node, 'ManagerStatus') ?? ''))
            .length,
    node_id: textAt(info, 'Swarm', 'NodeID'),
    availability: textAt(self, 'Availability')?.toLowerCase() ?? null,
  };
}

function daemonJsonFacts(sections: Sections): Facts['docker']['daemon_json'] {
  const path = firstRow(sections, 'config') ?? '/etc/docker/daemon.json';
  const text = sections.get('json');
  let content: Record<string, Value> = {};
  let error: string | null = null;
  try {
    content = { ...readDaemonJson(text ?? '', path) };
  } catch (thrown) {
    if (!(thrown instanceof ZrunError)) throw thrown;
    const place = thrown.at && lineAndColumn(thrown.at);
    error = place ? `line ${place.line}, column ${place.column}: ${thrown.message}` : thrown.message;
  }
  const value: Value = content;
  return {
    path,
    exists: text !== undefined,
    valid: error === null,
    error,
    content,
    keys: Object.keys(content),
    storage_driver: textAt(value, 'storage-driver'),
    data_root: textAt(value, 'data-root') ?? textAt(value, 'graph'),
    storage_opts: textsOf(listAt(value, 'storage-opts')),
    containerd_snapshotter: boolAt(value, 'features', 'containerd-snapshotter') ?? false,
  };
}

function commandLine(sections: Sections): {
  readonly flags: readonly DaemonFlag[];
  readonly environment: Readonly<Record<string, string>>;
} {
  const environment = parseEnvironment(sections.get('environment') ?? '');
  return { flags: parseDaemonFlags((sections.get('start') ?? '').trim(), environment), environment };
}

function serviceFacts(sections: Sections): Facts['docker']['services'] {
  const units = new Map<string, Readonly<Record<string, string>>>();
  for (const block of (sections.get('units') ?? '').split('\n\n')) {
    const fields = Object.fromEntries(block.split('\n').map((row) => pairAt(row, '=')));
    if (fields['Id'] !== undefined) units.set(fields['Id'], fields);
  }
  const service = (name: string): Facts['docker']['services']['docker'] => {
    const unit = units.get(name);
    return {
      load: unit?.['LoadState'] ?? 'no-systemd',
      active: unit?.['ActiveState'] ?? 'inactive',
      file: unit?.['UnitFileState'] ?? '',
      changed: unit?.['NeedDaemonReload'] === 'yes',
    };
  };
  return {
    docker: service('docker.service'),
    socket: service('docker.socket'),
    containerd: service('containerd.service'),
  };
}

/** Who looks into a snapshot's folder has it mounted by ZFS for five minutes: it is the file system's own. */
function isSnapshotMount({ target, fstype }: { readonly target: string; readonly fstype: string }): boolean {
  return fstype === 'zfs' && target.includes('/.zfs/snapshot/');
}

function dataRootFacts(sections: Sections, mounts: MountTable, root: string | null): Facts['data_root'] {
  const [configured] = rows(sections, 'root');
  const mount = root === null ? undefined : mountOf(mounts, root);
  const below = root === null ? [] : mountsBelow(mounts, root);
  const inside = ({ target }: { readonly target: string }) => target.slice((root ?? '').length);
  const layers = below.filter((entry) => isLayerMount(inside(entry)));
  const dataset = firstRow(sections, 'dataset');
  const volume = firstRow(sections, 'volume');
  const properties = sections.has('properties') ? parseProperties(sections.get('properties') ?? '') : {};
  const [blockSize, availableBlocks, inodes, freeInodes] = (firstRow(sections, 'statfs') ?? '')
    .split(' ')
    .map((digits) => number(digits));
  const du = sections.get('du') ?? '';
  const value = (name: string) => properties[name]?.value ?? null;
  const numeric = (name: string) => numericProperty(properties, name) ?? null;
  const property = (name: string) => {
    const found = properties[name];
    return found ? { ...found } : null;
  };
  const children = rows(sections, 'below').filter((name) => name !== (dataset ?? volume));
  const prefix = `${dataset ?? ''}/`;
  const above = keyFacts(
    Object.fromEntries(rows(sections, 'key').map((row) => pairAt(pairAt(row, '\t')[1], '\t'))),
  );
  return {
    path: root,
    exists: rows(sections, 'root').includes('exists'),
    is_link: root !== null && configured !== undefined && configured.replace(/\/+$/, '') !== root,
    is_mount_point: mount !== undefined && mount.target === root,
    source: mount?.source ?? null,
    fstype: mount?.fstype ?? null,
    mount_target: mount?.target ?? null,
    is_bind: mount !== undefined && mount.root !== '/' && mount.fstype !== 'btrfs',
    available_bytes: product(blockSize, availableBlocks),
    used_inodes: isKnown(inodes) && isKnown(freeInodes) ? inodes - freeInodes : null,
    volumes_bytes: /^done$/m.test(du) ? number(/^(\d+)\t/.exec(du)?.[1]) : null,
    mounts_below: below
      .filter((entry) => !layers.includes(entry) && !isPluginMount(inside(entry)) && !isSnapshotMount(entry))
      .map(mountFacts),
    layer_mounts: layers.length,
    dataset,
    is_own_dataset:
      dataset !== null &&
      mount?.source === dataset &&
      mount.target === root &&
      mount.root === '/' &&
      mount.fstype === 'zfs',
    pool: (dataset ?? volume) === null ? null : poolOf(dataset ?? volume ?? ''),
    volume,
    role: localValue(properties, zrunProperties.role) ?? null,
    volsize: numeric('volsize'),
    volblocksize: numeric('volblocksize'),
    dataset_available: numeric('available'),
    parent_available: number(firstRow(sections, 'above') ?? undefined),
    used: numeric('used'),
    logical_used: numeric('logicalused'),
    logical_referenced: numeric('logicalreferenced'),
    used_by_snapshots: numeric('usedbysnapshots'),
    mountpoint: property('mountpoint'),
    canmount: property('canmount'),
    compression: value('compression'),
    encryption: value('encryption'),
    parent_encryption: rows(sections, 'above')[1] ?? null,
    parent_encryption_root: above.encryption_root,
    parent_keylocation: above.keylocation,
    key_available: isKeyThere(value('keystatus')),
    quota: numeric('quota'),
    refquota: numeric('refquota'),
    reservation: numeric('reservation'),
    refreservation: numeric('refreservation'),
    datasets_there: rows(sections, 'there').map((row) => {
      const [name = '', , canmount = '', mounted] = row.split('\t');
      return { name, canmount, mounted: mounted === 'yes' };
    }),
    stacked: (root === null ? [] : mountsAt(mounts, root).slice(0, -1)).map(mountFacts),
    ...hiddenFacts(sections, mount !== undefined && mount.target === root),
    seen_elsewhere: parseElsewhere(rows(sections, 'elsewhere'), root ?? '').map((each) => ({ ...each })),
    used_by: parseHolders(rows(sections, 'holders')).map((each) => ({ ...each })),
    moved_aside: [...rows(sections, 'aside')].sort(),
    inner_dockers: innerDockers(rows(sections, 'inner')),
    cached: rows(sections, 'cached').flatMap((row) => {
      const [file = '', name = '', canmount = '', ignore] = row.split('\t');
      return canmount === 'off' || ignore === 'on' ? [] : [{ file, name, canmount }];
    }),
    foreign_names: rows(sections, 'names').filter((name) => !isDockerName(name)),
    ...foreignInside(rows(sections, 'inside'), sections),
    children: children.length,
    foreign_children:
      dataset === null ? [] : children.filter((name) => !isLayerName(name.slice(prefix.length))),
    snapshots: number(firstRow(sections, 'snapshots')?.trim()) ?? 0,
    user_properties: userProperties(properties),
    settings: dataset === null ? {} : settingsOf(properties),
  };
}

/** Names begin with `./`, below a line that says that the folder was seen. */
function hiddenFacts(
  sections: Sections,
  isMountPoint: boolean,
): Pick<Facts['data_root'], 'hidden' | 'hides_more'> {
  if (!isMountPoint) return { hidden: [], hides_more: false };
  const [seen, ...found] = rows(sections, 'hidden');
  if (seen !== 'seen') return { hidden: null, hides_more: false };
  const names = found.map((row) => row.replace(/^\.\//, ''));
  return { hidden: names.slice(0, mostHidden).sort(), hides_more: names.length > mostHidden };
}

/** Names of volumes, above a line that says that all were seen. */
function innerDockers(found: readonly string[]): Facts['data_root']['inner_dockers'] {
  return found.at(-1) === 'done' ? found.slice(0, -1) : null;
}

function isKnown(value: number | null | undefined): value is number {
  return typeof value === 'number';
}

function product(a: number | null | undefined, b: number | null | undefined): number | null {
  return isKnown(a) && isKnown(b) ? a * b : null;
}

/** Mounts that Docker makes and takes down by itself: layers, container file systems, their shared memory. */
function isLayerMount(below: string): boolean {
  return /^\/(zfs\/graph|overlay2|overlay|aufs\/mnt|btrfs\/subvolumes|devicemapper\/mnt|containers\/[^/]+\/mounts|rootfs|netns)\//.test(
    below,
  );
}

/**
 * Where a plugin keeps its volumes (propagatedMount, https://docs.docker.com/engine/extend/config/), and what it mounts
 * there: Docker takes it down as it stops the plugin. Its own files lie below it, and are no mount.
 */
function isPluginMount(below: string): boolean {
  return /^\/plugins\/[0-9a-f]{64}\/(propagated-mount|rootfs)(\/|$)/.test(below);
}

/** What dockerd and its drivers, of any release, make at the top of a data-root. */
const dockerNames = new Set([
  ...['aufs', 'btrfs', 'builder', 'buildkit', 'containerd', 'containers', 'devicemapper', 'engine-id'],
  ...['execdriver', 'fuse-overlayfs', 'graph', 'image', 'init', 'key.json', 'linkgraph.db', 'network'],
  ...['nuke-graph-directory.sh', 'overlay', 'overlay2', 'plugins', 'rootfs', 'runtimes', 'swarm', 'tmp'],
  ...['tmp-old', 'trust', 'vfs', 'volumes', 'zfs'],
]);

/** Docker's own, the file system's, or zrun's. */
function isDockerName(name: string): boolean {
  return dockerNames.has(name) || name === '.zfs' || name === 'lost+found' || name.startsWith('.zrun-');
}

/**
 * What dockerd makes right in them, of any release. A runtime's script is named after it, later with a hash (moby
 * daemon/runtime_unix.go); of containers only others were printed.
 */
const innerDockerNames =
  /^(containers\/[0-9a-f]{64}|image\/(aufs|btrfs|devicemapper|fuse-overlayfs|overlay|overlay2|vfs|windowsfilter|zfs)|buildkit\/(content|executor|net|runc-[^/]*|snapshots|workerid|[^/]*\.(db|lock|sock))|zfs\/graph|tmp\/(GetImageBlob|docker-|buildkit|containerd)[^/]*|runtimes\/[^/]*\.[A-Z2-7a-z]{52})$/;

/** Names below the data-root of what somebody else has put into folders of Docker's own. */
function foreignInside(
  names: readonly string[],
  sections: Sections,
): Pick<Facts['data_root'], 'foreign_inside' | 'holds_more_inside'> {
  const runtimes = new Set(
    Object.keys(mapAt(daemonJsonFacts(sections).content, 'runtimes')).map((name) => `runtimes/${name}`),
  );
  const foreign = names.filter((name) => !innerDockerNames.test(name) && !runtimes.has(name));
  return {
    foreign_inside: foreign.slice(0, mostInside).sort(),
    holds_more_inside: foreign.length > mostInside,
  };
}

/** Properties that say how files are stored and looked up, none that only creation can set (zfsprops(7)). */
const carriedSettings = [
  ...['aclinherit', 'acltype', 'atime', 'checksum', 'compression', 'copies', 'dedup', 'devices', 'exec'],
  ...['logbias', 'primarycache', 'quota', 'recordsize', 'redundant_metadata', 'refquota', 'relatime'],
  ...['secondarycache', 'setuid', 'snapdir', 'special_small_blocks', 'sync', 'xattr'],
];

function settingsOf(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    carriedSettings.flatMap((name) => {
      const value = localValue(properties, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function userProperties(properties: Properties): Record<string, string> {
  const own = Object.keys(properties).flatMap((name) => {
    const value = name.includes(':') ? localValue(properties, name) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(own);
}
