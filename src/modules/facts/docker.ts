/**
 * Owns what is known of Docker: how its daemon runs or would be started, and its containers, volumes, swarm and units.
 */
import { ZrunError, lineAndColumn } from '../../core/errors.js';
import type { Value, ValueMap } from '../../core/value.js';
import { nameFinder, reasonToLeaveOut, runStateOf, sharedContainer, shortId } from '../docker/container.js';
import { readDaemonJson } from '../docker/daemon-json-edit.js';
import {
  boolAt,
  driverStatusOf,
  intAt,
  isAnonymousName,
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
import { isActive, isToBeHeld, obstacleTexts, parseDependents } from '../system/dependents.js';
import { toolFacts } from './host.js';
import type { Facts } from './schema.js';
import { firstRow, number, pairAt, rows, type Sections } from './sections.js';

export function dockerFacts(sections: Sections): Facts['docker'] {
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
  const units = unitsOf(sections);
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
    services: serviceFacts(units),
    start_seconds: startTime(units),
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

export function daemonJsonFacts(sections: Sections): Facts['docker']['daemon_json'] {
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

function serviceFacts(units: Units): Facts['docker']['services'] {
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
    trim: service('fstrim.timer'),
  };
}

/** What systemctl shows of each, by name. */
type Units = ReadonlyMap<string, Readonly<Record<string, string>>>;

function unitsOf(sections: Sections): Units {
  const units = new Map<string, Readonly<Record<string, string>>>();
  for (const block of (sections.get('units') ?? '').split('\n\n')) {
    const fields = Object.fromEntries(block.split('\n').map((row) => pairAt(row, '=')));
    if (fields['Id'] !== undefined) units.set(fields['Id'], fields);
  }
  return units;
}

/** Seconds, to a tenth: from where systemd began to start it, its dependencies aside, to where it was up. */
function startTime(units: Units): number | null {
  const about = units.get('docker.service');
  const begun = number(about?.['InactiveExitTimestampMonotonic']);
  const up = number(about?.['ActiveEnterTimestampMonotonic']);
  return begun && up && up > begun ? Math.round((up - begun) / 1e5) / 10 : null;
}
