// Owns the building of a release's disk image: a root file system by mmdebstrap, then an ext4 disk, a kernel and an
// initrd for QEMU to start. It must not know of hosts.
import { access, copyFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LabError } from './error.js';
import { labPaths } from './paths.js';
import { publicKeys } from './keys.js';
import { asRoot, run } from './process.js';
import { step } from './progress.js';
import { bootstrapArguments, guestFolder, imageHash, machine, RELEASES, type Release } from './recipe.js';
import { buildFolder } from './temporary.js';
import { aptProxyArguments, debianMirror } from './tools.js';

export interface Image {
  /** Its release and the hash of its recipe. */
  readonly id: string;
  readonly folder: string;
}

const BOOTSTRAP_LIMIT_MS = 40 * 60_000;

async function buildRootFileSystem(
  release: Release,
  folder: string,
  log: string,
  note: (line: string) => void,
): Promise<string> {
  const target = path.join(folder, 'rootfs');
  const mirror = await debianMirror();
  const environment = [
    `LAB_KEYS=${labPaths().keys}`,
    `LAB_GUEST=${guestFolder}`,
    `TMPDIR=${folder}`,
    // Debugging information that nobody reads costs time to compile; trixie's modules do not link without it.
    ...(release === 'bookworm' ? ['KCFLAGS=-g0'] : []),
  ];
  // In namespaces of its own, which end with it, and it ends with us: what is killed leaves neither processes nor mounts.
  await run(
    asRoot([
      'setpriv',
      '--pdeathsig=KILL',
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'env',
      ...environment,
      // A second release takes what processors have to spare, and does not hold up the hosts of the first.
      ...(release === RELEASES[0] ? [] : ['nice', '-n', '19']),
      'mmdebstrap',
      ...bootstrapArguments(release),
      ...(await aptProxyArguments()),
      release,
      target,
      ...(mirror === undefined ? [] : [mirror]),
    ]),
    { log, timeoutMs: BOOTSTRAP_LIMIT_MS, onLine: note },
  );
  return target;
}

async function newest(folder: string, prefix: string): Promise<string> {
  const found = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .sort()
    .at(-1);
  if (found === undefined) throw new LabError(`the image has no /boot/${prefix}*`);
  return path.join(folder, found);
}

async function fillImage(release: Release, folder: string): Promise<void> {
  // Kept outside of the folder: it is what a person looks at after the folder of a failed build was removed.
  const log = path.join(labPaths().root, `build-${release}.log`);
  await rm(log, { force: true });
  const rootfs = await step(
    `${release}: root file system with the ZFS module built in it`,
    (note) => buildRootFileSystem(release, folder, log, note),
    5,
  );
  await step(`${release}: disk image`, async () => {
    const mine = `${os.userInfo().uid}:${os.userInfo().gid}`;
    for (const [prefix, name] of [
      ['vmlinuz-', 'vmlinuz'],
      ['initrd.img-', 'initrd.img'],
    ] as const) {
      const target = path.join(folder, name);
      await run(asRoot(['cp', await newest(path.join(rootfs, 'boot'), prefix), target]));
      await run(asRoot(['chown', mine, target]));
    }
    const disk = path.join(folder, 'root.raw');
    await run(['truncate', '-s', `${machine.rootGiB}G`, disk]);
    // As root, who alone can read everything that goes into it.
    await run(asRoot(['env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'mkfs.ext4', '-q', '-d', rootfs, disk]), {
      log,
    });
    await run(asRoot(['rm', '-rf', '--one-file-system', '--', rootfs]));
    // Hosts run with flushes switched off on top of this file: it must be on the disk for good itself.
    await run(['sync', disk]);
    await copyFile(log, path.join(folder, 'build.log'));
  });
}

/** The release's image, built first where it is not in the cache. Call it under the lab's lock. */
export async function ensureImage(release: Release): Promise<Image> {
  const id = `${release}-${await imageHash(release, await publicKeys())}`;
  const folder = path.join(labPaths().images, id);
  const isBuilt = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isBuilt) await buildFolder(folder, (temporary) => fillImage(release, temporary));
  return { id, folder };
}
