// Owns the hosts: which there are, how one is made from a prepared state, started, interrupted, reset and removed.
import { access, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LabError } from './error.js';
import { ensureImage } from './image.js';
import { writeInventory, writeKnownHosts } from './inventory.js';
import { ensureKeys, hostKeys } from './keys.js';
import { withLock } from './lock.js';
import { labPaths } from './paths.js';
import { freePort } from './ports.js';
import { ensurePrepared, PREPARED_TAG, type Prepared } from './prepare.js';
import { run } from './process.js';
import { say, step } from './progress.js';
import {
  consoleOf,
  dropSnapshots,
  killQemuIn,
  layDisks,
  qemuPid,
  saveSnapshot,
  startQemu,
  type Vm,
} from './qemu.js';
import { ACCELERATORS, machineHash, RELEASES, type Accelerator, type Release } from './recipe.js';
import {
  knownHostsLines,
  sshRun,
  setClock,
  sshTo,
  waitForDocker,
  waitForLogin,
  wakeUp,
  type LabUser,
  type SshOptions,
} from './ssh.js';
import type { Finished } from './process.js';
import { removeFolder } from './temporary.js';
import { installTools } from './tools.js';

/** A host, running or not. */
export interface Host extends Vm {
  readonly release: Release;
  /** The prepared state that it was made from. */
  readonly prepared: string;
  /** The machine that its snapshot belongs to. */
  readonly machine: string;
}

/** How many hosts of each release there are to be. */
export type HostCounts = Readonly<Partial<Record<Release, number>>>;

export interface UpOptions {
  readonly accelerator?: Accelerator;
  /** Hears of each release whose hosts are all up, while what the others need is still being built. */
  readonly onUp?: (release: Release) => void;
}

const KEPT_STATES = 2;

// --- the hosts that there are ---------------------------------------------------------------------------------------

function isHost(value: unknown): value is Omit<Host, 'folder'> {
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: string, type: string): boolean => key in value && typeof Reflect.get(value, key) === type;
  return (
    has('name', 'string') &&
    has('port', 'number') &&
    has('image', 'string') &&
    has('prepared', 'string') &&
    has('machine', 'string') &&
    'release' in value &&
    RELEASES.some((release) => release === value.release) &&
    'accelerator' in value &&
    ACCELERATORS.some((accelerator) => accelerator === value.accelerator)
  );
}

async function readHost(name: string): Promise<Host | undefined> {
  const folder = path.join(labPaths().hosts, name);
  try {
    const value: unknown = JSON.parse(await readFile(path.join(folder, 'host.json'), 'utf8'));
    return isHost(value) ? { ...value, folder } : undefined;
  } catch {
    return undefined;
  }
}

const byName = (a: Host, b: Host): number => a.name.localeCompare(b.name, 'en', { numeric: true });

/** Every host, by name. */
export async function listHosts(): Promise<Host[]> {
  const names = await readdir(labPaths().hosts).catch(() => []);
  const hosts = await Promise.all(names.map(readHost));
  return hosts.filter((host) => host !== undefined).sort(byName);
}

/** The host of this name; an error that tells which there are when there is none. */
export async function findHost(name: string): Promise<Host> {
  const host = await readHost(name);
  if (host !== undefined) return host;
  const names = (await listHosts()).map((other) => other.name);
  throw new LabError(
    `no host is named ${name}`,
    names.length === 0 ? 'there are none yet: npm run lab -- up' : `there are: ${names.join(', ')}`,
  );
}

/** Writes known_hosts and the inventory for the hosts that there are. */
async function writeFiles(): Promise<void> {
  const hosts = await listHosts();
  const keys = await hostKeys();
  await writeKnownHosts(hosts.flatMap((host) => knownHostsLines(host.port, keys)));
  await writeInventory(hosts);
}

const withHostLock = <T>(name: string, purpose: string, work: (host: Host) => Promise<T>): Promise<T> =>
  withLock(path.join(labPaths().root, `lock-${name}`), `${purpose} ${name}`, async () =>
    work(await findHost(name)),
  );

// --- making and removing ----------------------------------------------------------------------------------------------

/** Is there until the host is whole: what an `up` that was interrupted left is made again by the next. */
const unfinishedMark = (host: Host): string => path.join(host.folder, 'unfinished');

const isUnfinished = (host: Host): Promise<boolean> =>
  access(unfinishedMark(host)).then(
    () => true,
    () => false,
  );

async function copyDisk(from: string, to: string): Promise<void> {
  // A copy that shares blocks where the file system can, and holes in any case.
  await run(['cp', '--reflink=auto', '--sparse=always', '--', from, to]);
}

const isCurrent = (host: Host): boolean => host.machine === machineHash(host.accelerator);

function checkCurrent(host: Host): void {
  if (isCurrent(host)) return;
  throw new LabError(
    `${host.name} was made by another version of the lab, whose snapshots this one cannot load`,
    `create it again: npm run lab -- down ${host.name}, then up`,
  );
}

async function restore(host: Host): Promise<void> {
  checkCurrent(host);
  await killQemuIn(host.folder);
  // A new log for each start: what is shown when something fails is of this one.
  await rm(consoleOf(host.folder), { force: true });
  await startQemu(host, PREPARED_TAG);
  await waitForLogin(host);
  await wakeUp(host);
}

async function makeHost(
  name: string,
  release: Release,
  prepared: Prepared,
  accelerator: Accelerator,
): Promise<Host> {
  const { hosts } = labPaths();
  const folder = path.join(hosts, name);
  await mkdir(hosts, { recursive: true });
  await removeFolder(folder);
  const port = await freePort((await listHosts()).map((other) => other.port));
  const host: Host = {
    name,
    release,
    port,
    accelerator,
    prepared: prepared.id,
    image: prepared.image.folder,
    machine: machineHash(accelerator),
    folder,
  };
  await mkdir(folder);
  for (const disk of ['root.qcow2', 'pool.qcow2']) {
    await copyDisk(path.join(prepared.folder, disk), path.join(folder, disk));
  }
  await writeFile(unfinishedMark(host), '');
  const { folder: _, ...record } = host;
  const temporary = path.join(folder, 'host.json.tmp');
  await writeFile(temporary, JSON.stringify(record, undefined, 2));
  await rename(temporary, path.join(folder, 'host.json'));
  return host;
}

async function bringUp(host: Host): Promise<void> {
  await step(`${host.name}: restoring the prepared state`, async () => {
    await restore(host);
    // Every copy wakes up with the same name; the snapshot that reset goes back to has the host's own.
    const rename = `hostname '${host.name}' && echo '${host.name}' > /etc/hostname && sed -i 's/^127.0.1.1 .*/127.0.1.1 ${host.name}/' /etc/hosts && sync`;
    await sshRun(host, rename, { user: 'root' });
    await waitForDocker(host);
    await saveSnapshot(host.folder, PREPARED_TAG);
    await setClock(host);
    await rm(unfinishedMark(host));
  });
}

/** Removes prepared states and images that no host stands on, but for the newest of each release. */
async function removeOld(hosts: readonly Host[]): Promise<void> {
  const { prepared, images } = labPaths();
  const old = async (parent: string, used: (id: string) => boolean): Promise<void> => {
    const names = await readdir(parent).catch(() => []);
    for (const release of RELEASES) {
      const mine = names.filter((name) => name.startsWith(`${release}-`));
      const aged = await Promise.all(
        mine.map(async (name) => ({ name, at: (await stat(path.join(parent, name))).mtimeMs })),
      );
      aged.sort((a, b) => b.at - a.at);
      for (const { name } of aged.slice(KEPT_STATES)) {
        if (!used(name)) await removeFolder(path.join(parent, name));
      }
    }
  };
  await old(prepared, (id) => hosts.some((host) => host.prepared === id));
  await old(images, (id) => hosts.some((host) => path.basename(host.image) === id));
}

/**
 * Sees to it that so many hosts of each release are there and running, and gives them by name. Hosts that run are left
 * as they are; one that is off is booted from its disks as they are. Takes minutes when an image has to be built.
 */
export async function ensureHosts(counts: HostCounts, options: UpOptions = {}): Promise<Host[]> {
  const accelerator = options.accelerator ?? 'tcg';
  const paths = labPaths();
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  return await withLock(paths.lock, 'lab up', async () => {
    await installTools();
    await ensureKeys();
    const wanted: Host[] = [];
    const made: Host[] = [];
    const off: Host[] = [];
    const missing: { readonly name: string; readonly release: Release }[] = [];
    for (const release of RELEASES) {
      for (let number = 1; number <= (counts[release] ?? 0); number += 1) {
        const name = `${release}${number}`;
        const host = await readHost(name);
        if (host === undefined || (await isUnfinished(host))) {
          missing.push({ name, release });
          continue;
        }
        if (!isCurrent(host)) {
          say(
            `${name} was made by another version of the lab, whose snapshots this one cannot load: it is made again`,
          );
          missing.push({ name, release });
          continue;
        }
        if ((await qemuPid(host.folder)) === undefined) off.push(host);
        wanted.push(host);
      }
    }
    await writeFiles();
    const states = startPreparing(new Set(missing.map(({ release }) => release)), accelerator);
    try {
      for (const release of RELEASES) {
        const from = await states.get(release);
        const fresh: Host[] = [];
        for (const { name } of missing.filter((each) => each.release === release))
          if (from !== undefined) fresh.push(await makeHost(name, release, from, accelerator));
        await writeFiles();
        await Promise.all([
          ...fresh.map(bringUpOrRemove),
          ...off.filter((host) => host.release === release).map((host) => powerOn(host.name)),
        ]);
        made.push(...fresh);
        if ((counts[release] ?? 0) > 0) options.onUp?.(release);
      }
    } catch (error) {
      say(
        `failed, and told once nothing is being built any more: ${error instanceof Error ? error.message : String(error)}`,
      );
      throw error;
    } finally {
      // Waits for all even when one fails: once the caller learns of the failure, nothing is being built any more.
      await Promise.allSettled(states.values());
    }
    await removeOld(await listHosts());
    return [...wanted, ...made].sort(byName);
  });
}

/**
 * The prepared states of these releases. Images are built one after another and so are states, but the next image is
 * built while a state is prepared: emulating one processor leaves another idle.
 */
function startPreparing(
  releases: ReadonlySet<Release>,
  accelerator: Accelerator,
): ReadonlyMap<Release, Promise<Prepared>> {
  const states = new Map<Release, Promise<Prepared>>();
  let lastImage: Promise<unknown> = Promise.resolve();
  let lastState: Promise<unknown> = Promise.resolve();
  for (const release of releases) {
    const image = lastImage.then(() => ensureImage(release));
    const state = Promise.all([image, lastState]).then(([built]) =>
      ensurePrepared(release, built, accelerator),
    );
    states.set(release, state);
    lastImage = image;
    lastState = state;
  }
  // Each is waited for in its turn; until then, its failure is nobody's surprise.
  for (const state of states.values()) state.catch(() => undefined);
  return states;
}

async function bringUpOrRemove(host: Host): Promise<void> {
  try {
    await bringUp(host);
  } catch (error) {
    // Half a host would pass for a whole one at the next `up`.
    const log = path.join(labPaths().root, `${host.name}-console.log`);
    await cp(consoleOf(host.folder), log).catch(() => undefined);
    await removeFolder(host.folder);
    await writeFiles();
    throw error;
  }
}

/** Ends hosts and removes their disks; all of them where none is named. What they were copied from stays. */
export async function removeHosts(names: readonly string[]): Promise<string[]> {
  return await withLock(labPaths().lock, 'lab down', async () => {
    const hosts = names.length === 0 ? await listHosts() : await Promise.all(names.map(findHost));
    for (const host of hosts) await withHostLock(host.name, 'down', () => removeFolder(host.folder));
    if (hosts.length > 0) await writeFiles();
    return hosts.map((host) => host.name);
  });
}

// --- power, snapshots -------------------------------------------------------------------------------------------------

/** Brings a host back to its prepared state within seconds, whatever was done to it and whether it runs or not. */
export async function reset(name: string): Promise<void> {
  await withHostLock(name, 'reset', async (host) => {
    await restore(host);
  });
}

/** Cuts the power: the machine ends at once and stays off. Nothing is flushed. */
export async function powerOff(name: string): Promise<void> {
  await withHostLock(name, 'power off', (host) => killQemuIn(host.folder));
}

/** Boots a host that is off from its disks as they are, and waits until it can be logged in to. */
export async function powerOn(name: string): Promise<void> {
  await withHostLock(name, 'power on', async (host) => {
    if ((await qemuPid(host.folder)) !== undefined) return;
    await rm(consoleOf(host.folder), { force: true });
    await step(`${name}: booting`, async () => {
      await startQemu(host);
      await waitForLogin(host);
    });
  });
}

/** A power cut in full: off at once, then booted again from its disks; ends when it can be logged in to. */
export async function powercut(name: string): Promise<void> {
  await powerOff(name);
  await powerOn(name);
}

/** Reboots a host from within, as an administrator would; ends when it can be logged in to again. */
export async function reboot(name: string): Promise<void> {
  await withHostLock(name, 'reboot', async (host) => {
    const boot = (await sshRun(host, 'cat /proc/sys/kernel/random/boot_id', { user: 'root' })).trim();
    await step(`${name}: rebooting`, async () => {
      await sshTo(host, 'systemctl reboot', { user: 'root' });
      await waitForLogin(host, boot);
    });
  });
}

const tagPattern = /^[a-z][a-z0-9-]{0,30}$/;

function checkTag(tag: string): void {
  if (tagPattern.test(tag) && tag !== PREPARED_TAG) return;
  throw new LabError(
    `${tag} cannot name a snapshot`,
    `small letters, digits and hyphens; not "${PREPARED_TAG}"`,
  );
}

/** Saves a running host, memory and disks, under a tag of one's own. */
export async function saveState(name: string, tag: string): Promise<void> {
  checkTag(tag);
  await withHostLock(name, 'save', async (host) => {
    await saveSnapshot(host.folder, tag);
    await setClock(host);
  });
}

/**
 * Saves a running host as `saveState` does, but leaves it alone otherwise: it stands still for some seconds and goes on,
 * whatever it is doing. What a power cut at this instant would leave on the disks is what `bootState` boots.
 */
export async function recordState(name: string, tag: string): Promise<void> {
  checkTag(tag);
  await withHostLock(name, 'save', (host) => saveSnapshot(host.folder, tag));
}

/** Boots a host from its disks as they were in a saved state, as after a power cut at that instant. */
export async function bootState(name: string, tag: string): Promise<void> {
  checkTag(tag);
  await withHostLock(name, 'boot', async (host) => {
    checkCurrent(host);
    await killQemuIn(host.folder);
    await layDisks(host.folder, tag);
    await rm(consoleOf(host.folder), { force: true });
    await startQemu(host);
    await waitForLogin(host);
  });
}

/** Forgets the saved states whose tags begin so. The host is off afterwards. */
export async function forgetStates(name: string, beginning: string): Promise<void> {
  checkTag(beginning);
  await withHostLock(name, 'forget', async (host) => {
    await killQemuIn(host.folder);
    await dropSnapshots(host.folder, beginning);
  });
}

/** Brings a host back to a state that `saveState` saved, running. */
export async function loadState(name: string, tag: string): Promise<void> {
  checkTag(tag);
  await withHostLock(name, 'load', async (host) => {
    checkCurrent(host);
    await killQemuIn(host.folder);
    await startQemu(host, tag);
    await waitForLogin(host);
    await wakeUp(host);
  });
}

/** Runs a line of shell on a host through the OpenSSH client. As zrun, where no user is named; never throws on a status. */
export async function sshExec(
  name: string,
  command: string,
  options: SshOptions & { readonly user?: LabUser } = {},
): Promise<Finished> {
  return await sshTo(await findHost(name), command, options);
}

/** Waits until Docker answers on a host: after a boot that is some time after login. */
export async function dockerReady(name: string): Promise<void> {
  await waitForDocker(await findHost(name));
}

export interface HostStatus {
  readonly host: Host;
  /** The pid of its QEMU; undefined when it is off. */
  readonly pid: number | undefined;
}

export async function hostStatus(): Promise<HostStatus[]> {
  const hosts = await listHosts();
  return await Promise.all(hosts.map(async (host) => ({ host, pid: await qemuPid(host.folder) })));
}
