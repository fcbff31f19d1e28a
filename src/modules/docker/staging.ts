/**
 * Owns the second dockerd, which writes images into a data-root that is not in use yet while the first one goes on: how
 * it is started so that it sees nothing of the host but the images, and ended on every way out. It runs as a transient
 * unit of systemd, in mount and network namespaces of its own, on a data-root in memory into which only the two folders
 * of images are bound: it finds no containers, no volumes, no plugin to start and no swarm to join, and cannot touch the
 * host's bridges and packet filters.
 *
 * To pull it needs the host's network, and there a dockerd without a bridge deletes docker0 (moby daemon_unix.go,
 * removeDefaultBridgeInterface). What its flags do not keep it from, the kernel does: without CAP_NET_ADMIN no interface,
 * address, route or rule can be changed (rtnetlink, nf_tables), /proc/sys/net is read-only where it looks, and so that no
 * firewalld does it in its place, it cannot reach D-Bus. Without that it is not started. Sources: dockerd(8),
 * systemd-run(1), capabilities(7), moby daemon/daemon.go, libnetwork/drivers/bridge.
 */
import { formatBytes } from '../../core/bytes.js';
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { Value } from '../../core/value.js';
import { textAt } from './info.js';
import { parseDockerJson } from './json.js';
import { readReferences, type Commit, type ImagePlan, type LayerSizes, type StagedImages } from './images.js';
import { daemonEnvironment } from './registry.js';
import { normalizePath } from '../host/path.js';
import { syncFileSystem } from '../host/sync.js';

/** The unit's name keeps two of them apart; its run folder is gone after a reboot. */
const unit = 'zrun-staged-docker.service';
const runFolder = '/run/zrun-staged-docker';

/** In the data-root: whether what is there is whole. */
const markName = '.zrun-images.json';
const spoolName = '.zrun-images.tmp';

export interface Staging extends StagedImages {
  readonly exists: boolean;
  /** `writing`: a copy was begun; `whole`: everything was on the disk. Undefined: nothing of zrun's. */
  readonly mark: 'writing' | 'whole' | undefined;
  /** The host has booted since the mark was written. */
  readonly hasBooted: boolean;
  /** There are images of whatever origin. */
  readonly hasImages: boolean;
  readonly repositories: Value | undefined;
  /** Bytes. */
  readonly available: number | undefined;
  /** Something is left of an earlier run's daemon. */
  readonly isBusy: boolean;
}

export const noStaging: Staging = {
  exists: true,
  ids: new Set(),
  references: new Map(),
  mark: undefined,
  hasBooted: false,
  hasImages: false,
  repositories: undefined,
  available: undefined,
  isBusy: false,
};

const stagingKind: ProbeKind<Staging> = { kind: 'docker-staging' };

/** Looks at the files: no daemon is needed for it. */
export function stagingProbe(dataRoot: string, driver: string): Probe<Staging> {
  const key = normalizePath(dataRoot);
  return {
    of: stagingKind,
    key,
    script: sh`LC_ALL=C; export LC_ALL; d=${key}; i=$d/image/${driver}
[ -d "$d" ] || { echo absent; exit 0; }
echo "boot $(cat /proc/sys/kernel/random/boot_id)"
echo "available $(df -Pk -- "$d" | awk 'NR == 2 { print $4 }')"
[ -e "$i" ] && echo images
{ [ -e ${runFolder} ] || systemctl is-active --quiet ${unit}; } 2>/dev/null && echo busy
[ -e "$d/${markName}" ] && echo "mark $(cat -- "$d/${markName}")"
[ -d "$i/imagedb/content/sha256" ] && (cd "$i/imagedb/content/sha256" && for f in *; do [ -e "$f" ] && echo "image $f"; done)
echo repositories; cat -- "$i/repositories.json" 2>/dev/null
exit 0`,
    parse: (output) => parseStaging(key, output),
  };
}

export function parseStaging(key: string, output: Output): Staging {
  const text = output.stdout.toString('utf8');
  if (text.startsWith('absent')) return { ...noStaging, exists: false };
  const [, head = '', file = ''] = /^([\s\S]*?)^repositories\n([\s\S]*)$/m.exec(text) ?? [];
  const rows = head.split('\n');
  const row = (word: string) => rows.find((each) => each.startsWith(`${word} `))?.slice(word.length + 1);
  if (row('boot') === undefined) {
    throw new ZrunError('output-unexpected', `cannot look at ${key}`, {
      stdout: text,
      stderr: output.stderr.toString(),
    });
  }
  const mark = parseDockerJson(row('mark') ?? '');
  const status = textAt(mark, 'status');
  const available = Number(row('available'));
  const repositories = parseDockerJson(file);
  return {
    exists: true,
    ids: new Set(rows.flatMap((each) => (each.startsWith('image ') ? [`sha256:${each.slice(6)}`] : []))),
    references: readReferences(repositories),
    // A mark that cannot be read was cut off while it was written.
    mark: row('mark') === undefined ? undefined : status === 'whole' ? 'whole' : 'writing',
    hasBooted: textAt(mark, 'boot') !== row('boot'),
    hasImages: rows.includes('images'),
    repositories,
    available: Number.isFinite(available) && row('available') !== '' ? available * 1024 : undefined,
    isBusy: rows.includes('busy'),
  };
}

/** What must be known of the running Docker's own data-root before the other one is written to. */
export interface RootCheck {
  /** Both are one folder, or one lies in the other. */
  readonly isSame: boolean;
  /** Bytes that are free where Docker saves images. */
  readonly available: number | undefined;
  /** What is not installed. */
  readonly missing: readonly string[];
  /** Those that Docker has, as it has written them down: its own `LayersSize` is their sum, and cannot be had so fast. */
  readonly layers: LayerSizes;
}

const rootKind: ProbeKind<RootCheck> = { kind: 'docker-root-check' };
const programs = ['dockerd', 'systemd-run', 'systemctl', 'unshare', 'mount'] as const;

export function rootProbe(root: string, driver: string, dataRoot: string): Probe<RootCheck> {
  return {
    of: rootKind,
    key: `${root} ${driver} ${dataRoot}`,
    script: lines(
      sh`set -- ${root} ${dataRoot} ${driver} ${[...programs]}`,
      shellFile('modules/docker/root-check.sh'),
    ),
    parse({ stdout }) {
      const rows = stdout.toString('utf8').split('\n');
      const available = Number(rows.find((row) => /^available \d/.test(row))?.slice(10) ?? NaN);
      return {
        isSame: rows.includes('same'),
        available: Number.isNaN(available) ? undefined : available * 1024,
        missing: rows.flatMap((row) => (row.startsWith('missing ') ? [row.slice(8)] : [])),
        layers: new Map(
          rows.flatMap((row): [string, number][] => {
            const [, hex, size] = /^layer \.\/([0-9a-f]+)\/size (\d+)$/.exec(row) ?? [];
            return hex === undefined ? [] : [[`sha256:${hex}`, Number(size)]];
          }),
        ),
      };
    },
  };
}

/** Statuses of staging.sh: the daemon did not come up, a batch or a step failed, something was left behind. */
export const stagingStatus = { noDaemon: 75, notCarried: 76, leftBehind: 77 } as const;

interface StagingWork {
  readonly dataRoot: string;
  readonly driver: string;
  /** Removes what is there first: it cannot be trusted. */
  readonly wipes: boolean;
  readonly commits: readonly Commit[];
  readonly plan: ImagePlan;
}

/** `end_daemon` and `write_mark STATUS`. */
function stagedFunctions(dataRoot: string): ShellText {
  return lines(
    shellFile('modules/docker/staged.sh'),
    sh`staged ${dataRoot} ${runFolder} ${unit} ${markName} ${spoolName}`,
  );
}

/**
 * One script: commits, starts the second daemon, has it pull what a registry gives, pipes each batch into it, sets tags,
 * tells what is there, ends the daemon. The daemon's daemon.json is on standard input, behind an empty line and what it
 * gets of the environment. The output has a line `not-pulled ID REASON` for each image that was loaded after all, and ends
 * with the lines `image ID`, and `repositories` with that file behind it.
 */
export function stagingScript({ dataRoot, driver, wipes, commits, plan }: StagingWork): ShellText {
  const committed = commits.map((_, i) => sh`"$c${i}"`);
  const isOnline = plan.pulls.length > 0;
  const carried = lines(
    ...plan.pulls.map(
      ({ id, reference, seconds }, i) =>
        sh`pull ${`image ${i + 1} of ${plan.pulls.length}`} ${id} ${reference} ${seconds}`,
    ),
    ...plan.batches.map((ids, i) => sh`carry ${batchName(plan, i)} ${ids}`),
    ...committed.map((id, i) => sh`carry ${`commit ${i + 1} of ${commits.length}`} ${id}`),
    ...plan.tags.map(([tag, id]) => sh`new tag ${id} ${tag} || fail ${`tag ${tag}`}`),
    ...commits.map(({ image }, i) => sh`new tag ${committed[i] ?? ''} ${image} || fail ${`tag ${image}`}`),
    // One that others were built on is refused, and stays.
    ...plan.stale.map((name) => sh`new rmi ${name} >/dev/null 2>&1`),
  );
  return lines(
    sh`LC_ALL=C; export LC_ALL; umask 077`,
    stagedFunctions(dataRoot),
    shellFile('modules/docker/staging.sh'),
    sh`end_daemon`,
    commitScript(commits),
    wipes && sh`rm -rf -- "$d/image/${driver}" "$d/${driver}" || exit`,
    sh`write_mark writing || exit
trap end_daemon 0
trap 'exit 129' 1 2 13 15
make_folders ${driver}`,
    daemonEnvironment,
    sh`start_daemon ${driver} ${isOnline ? 'host' : 'own'} ${shellFile('modules/docker/staged-daemon.sh').shellText}`,
    carried,
    sh`finish
${syncFileSystem(sh`"$d"`)} || fail 'write the images to the disk'
echo repositories; cat -- "$d/image/${driver}/repositories.json" 2>/dev/null
exit 0`,
  );
}

/** With what was carried before it: those who watch see a rate by that. */
function batchName({ batches, batchBytes }: ImagePlan, i: number): string {
  const sum = (sizes: readonly number[]): string => formatBytes(sizes.reduce((a, b) => a + b, 0));
  return `batch ${i + 1} of ${batches.length} (after ${sum(batchBytes.slice(0, i))} of ${sum(batchBytes)})`;
}

/**
 * Leaves the ids in `$c0`, `$c1` and so on. The image that had the name before goes, unless it has been given another name
 * or something was made from it.
 */
export function commitScript(commits: readonly Commit[]): ShellText {
  return lines(
    ...commits.flatMap(({ id, image, name, note, replaces }, i) => [
      sh`c${i}=$(docker commit --pause -m ${note} ${id} ${image}) || fail ${`commit ${name}`}`,
      replaces !== undefined &&
        sh`[ "$(docker image inspect -f '{{len .RepoTags}} {{len .RepoDigests}}' ${replaces} 2>/dev/null)" != '0 0' ] || docker rmi --no-prune ${replaces} >/dev/null 2>&1`,
    ]),
  );
}

/**
 * Writes names that only a registry can give, what Docker knows of a registry's layers, and that all is whole. The new
 * file of names is on standard input; empty: the old one stays.
 */
export function finishScript(
  dataRoot: string,
  driver: string,
  oldRoot: string,
  oldDriver: string,
): ShellText {
  return lines(
    sh`LC_ALL=C; export LC_ALL; umask 077`,
    stagedFunctions(dataRoot),
    sh`i=$d/image/${driver}; s=${oldRoot}/image/${oldDriver}/distribution
[ ! -e "$r" ] && ! systemctl is-active --quiet ${unit} || end_daemon
mkdir -p -- "$i" && cat >"$i/repositories.json.new" || exit
if [ -s "$i/repositories.json.new" ]; then
sync -- "$i/repositories.json.new" && mv -f -- "$i/repositories.json.new" "$i/repositories.json" || exit
else rm -f -- "$i/repositories.json.new"; fi
if [ -d "$s" ]; then mkdir -p -- "$i/distribution" && cp -a -- "$s/." "$i/distribution/" 2>/dev/null; fi
${syncFileSystem(sh`"$d"`)} || exit
write_mark whole`,
  );
}
