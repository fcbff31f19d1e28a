/**
 * Owns the one script that gathers facts, put together from what is asked for, and how its answer becomes facts. Looks
 * only; never asks Docker where asking could start it.
 */
import { ZrunError } from '../../core/errors.js';
import type { Output } from '../../core/host.js';
import type { Probe, ProbeKind } from '../../core/probe.js';
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import { holdersFunction, processFunctions } from '../host/holders.js';
import { parseMountinfo, topMountAt, type MountTable } from '../host/mountinfo.js';
import { parseFstab } from '../storage/fstab.js';
import { elsewhereFunction } from '../storage/mounts-elsewhere.js';
import { dependentsFunction } from '../system/dependents.js';
import { dataRootFacts, mostHidden } from './data-root.js';
import { deviceFacts, filesystemFacts } from './devices.js';
import { dockerFacts } from './docker.js';
import {
  cpuFacts,
  memoryFacts,
  osFacts,
  pythonFacts,
  timeFacts,
  userFacts,
  virtualizationFacts,
} from './everyday.js';
import { hostFacts, mountFacts, toolFacts } from './host.js';
import { networkFacts } from './network.js';
import { factParts, type FactPart, type Facts } from './schema.js';
import { parseSections, type Sections } from './sections.js';
import { zfsFacts } from './zfs.js';

/** Sees so much that in check mode any predicted change makes it unknown. */
const factsKind: ProbeKind<Partial<Facts>> = { kind: 'facts', isBroad: true };

/** `parts`: of the facts; all of them if left out. What is not asked for is neither looked at nor sent. */
export function factsProbe(parts: ReadonlySet<FactPart> = new Set(factParts)): Probe<Partial<Facts>> {
  return {
    of: factsKind,
    key: [...parts].sort().join(' '),
    script: factsScript(parts),
    parse: (output) => parseFacts(output, parts),
  };
}

/** Pieces of the script, in the order in which they run; the last one may end it. */
const pieces: Readonly<Record<string, () => ShellText>> = {
  uname: () => sh`section uname; uname -n; uname -r; uname -m; id -un; id -u`,
  release: () => sh`section os; cat /etc/os-release || cat /usr/lib/os-release`,
  host: () => shellFile('modules/facts/script/host.sh'),
  memory: () =>
    sh`section memory; grep -e '^Mem[TFA]' -e '^Swap[TF]' /proc/meminfo; echo "cpus $(grep -c '^processor' /proc/cpuinfo)"`,
  tools: () => shellFile('modules/facts/script/tools.sh'),
  fstab: () => sh`section fstab; cat /etc/fstab`,
  mounts: () => sh`section mounts; cat /proc/self/mountinfo`,
  os: () => shellFile('modules/facts/script/os.sh'),
  cpu: () => shellFile('modules/facts/script/cpu.sh'),
  network: () => shellFile('modules/facts/script/network.sh'),
  devices: () => shellFile('modules/facts/script/devices.sh'),
  filesystems: () => shellFile('modules/facts/script/filesystems.sh'),
  virtualization: () => shellFile('modules/facts/script/virtualization.sh'),
  python: () => shellFile('modules/facts/script/python.sh'),
  user: () => shellFile('modules/facts/script/user.sh'),
  time: () => shellFile('modules/facts/script/time.sh'),
  zfs: () => shellFile('modules/facts/script/zfs.sh'),
  docker: dockerScript,
};

const ofDocker = ['host', 'tools', 'mounts', 'docker'];

/** The pieces that each part rests on, beside `uname`. */
const piecesOf: Readonly<Record<FactPart, readonly string[]>> = {
  os: ['release', 'os'],
  cpu: ['cpu'],
  memory: ['memory'],
  network: ['network'],
  devices: ['devices'],
  filesystems: ['mounts', 'filesystems'],
  virtualization: ['host', 'virtualization'],
  python: ['python'],
  user: ['user'],
  time: ['time'],
  host: ['release', 'host', 'memory'],
  tools: ['tools'],
  zfs: ['zfs'],
  docker: ofDocker,
  data_root: ofDocker,
  mounts: ofDocker,
  fstab: ['fstab'],
};

function factsScript(parts: ReadonlySet<FactPart>): ShellText {
  const wanted = new Set(['uname', ...[...parts].flatMap((part) => piecesOf[part])]);
  return lines(
    shellFile('modules/facts/script/base.sh'),
    ...Object.entries(pieces).flatMap(([name, script]) => (wanted.has(name) ? [script()] : [])),
    // What a look found missing is no failure of the whole.
    sh`exit 0`,
  );
}

/** Of what is hidden, one line more than becomes facts, to know whether there is more; the first line is `seen`. */
function dockerScript(): ShellText {
  return lines(
    dependentsFunction(),
    processFunctions(),
    holdersFunction(),
    elsewhereFunction(),
    sh`set -- ${mostHidden + 2}`,
    shellFile('modules/facts/script/docker.sh'),
  );
}

function parseFacts(output: Output, parts: ReadonlySet<FactPart>): Partial<Facts> {
  const sections = parseSections(output.stdout.toString('utf8'));
  if (!sections.has('uname') || output.status !== 0) {
    throw new ZrunError('output-unexpected', 'the host does not answer the script that gathers facts', {
      hint: 'zrun needs a POSIX sh on Linux with /proc mounted.',
      status: output.status,
      stdout: output.stdout.toString('utf8').slice(0, 2000),
      stderr: output.stderr.toString('utf8'),
    });
  }
  const all = gatherers(sections);
  return Object.fromEntries([...parts].map((part) => [part, all[part]()]));
}

/** All facts at once. */
export function factsOf(sections: Sections): Facts {
  const all = gatherers(sections);
  return Object.fromEntries(factParts.map((part) => [part, all[part]()])) as Facts;
}

function gatherers(sections: Sections): { readonly [Part in FactPart]: () => Facts[Part] } {
  const mounts = parseMountinfo(sections.get('mounts') ?? '');
  let known: Facts['docker'] | undefined;
  const docker = (): Facts['docker'] => (known ??= dockerFacts(sections));
  return {
    os: () => osFacts(sections),
    cpu: () => cpuFacts(sections),
    memory: () => memoryFacts(sections),
    network: () => networkFacts(sections),
    devices: () => deviceFacts(sections),
    filesystems: () => filesystemFacts(sections, mounts),
    virtualization: () => virtualizationFacts(sections),
    python: () => pythonFacts(sections),
    user: () => userFacts(sections),
    time: () => timeFacts(sections),
    host: () => hostFacts(sections),
    tools: () => toolFacts(sections),
    zfs: () => zfsFacts(sections),
    docker,
    data_root: () => dataRootFacts(sections, mounts, docker().root),
    mounts: () => mountsBeside(mounts, docker().root),
    fstab: () => parseFstab(sections.get('fstab') ?? '').map((entry) => ({ ...entry })),
  };
}

function mountsBeside(mounts: MountTable, root: string | null): Facts['mounts'] {
  const elsewhere = mounts.filter(
    (entry) =>
      entry.fstype !== 'nsfs' &&
      (root === null || (entry.target !== root && !entry.target.startsWith(`${root}/`))),
  );
  const own = root === null ? undefined : topMountAt(mounts, root);
  return [...elsewhere, ...(own ? [own] : [])].map(mountFacts);
}
