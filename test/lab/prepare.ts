// Owns the prepared state of a release: a machine that was booted once, filled by guest/prepare.sh, rebooted, checked
// and saved with its memory. Hosts are copies of it, which is why a new one is up in seconds.
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Image } from './image.js';
import { hostKeys } from './keys.js';
import { labPaths } from './paths.js';
import { freePort } from './ports.js';
import { step } from './progress.js';
import { createDisks, killQemuIn, saveSnapshot, startQemu, type Vm } from './qemu.js';
import { expectedDriver, guestFolder, preparedHash, type Accelerator, type Release } from './recipe.js';
import {
  knownHostsLines,
  sshRun,
  sshTo,
  waitFor,
  waitForDocker,
  waitForLogin,
  type Reachable,
} from './ssh.js';
import { buildFolder } from './temporary.js';
import { qemuVersion } from './tools.js';

export interface Prepared {
  /** Its release and the hash of everything that went into it. */
  readonly id: string;
  readonly folder: string;
  readonly image: Image;
}

/** The snapshot that `reset` goes back to. */
export const PREPARED_TAG = 'prepared';

const PREPARE_LIMIT_MS = 25 * 60_000;
const CHECK_LIMIT_MS = 10 * 60_000;

const guestScript = (name: string): Promise<Buffer> => readFile(path.join(guestFolder, name));

async function fillPrepared(
  release: Release,
  image: Image,
  accelerator: Accelerator,
  folder: string,
): Promise<void> {
  const port = await freePort([]);
  // A file of its own: the hosts that there are stay reachable through the lab's.
  const knownHosts = path.join(folder, 'known_hosts');
  await writeFile(knownHosts, knownHostsLines(port, await hostKeys()).join('\n'));
  const vm: Vm & Reachable = {
    name: `${release}-prepare`,
    folder,
    image: image.folder,
    port,
    accelerator,
    knownHosts,
  };
  const asRoot = { user: 'root' } as const;
  await createDisks(folder, image.folder);
  await step(`${release}: first boot`, async () => {
    await startQemu(vm);
    await waitForLogin(vm);
  });
  const boot = await step(
    `${release}: pool, Docker, images, volumes, containers`,
    async (note) => {
      await sshRun(
        vm,
        'cat > /usr/local/bin/lab-volume-checksums && chmod 755 /usr/local/bin/lab-volume-checksums',
        { ...asRoot, stdin: await guestScript('volume-checksums.py') },
      );
      await sshRun(vm, 'sh -s 2>&1', {
        ...asRoot,
        stdin: await guestScript('prepare.sh'),
        timeoutMs: PREPARE_LIMIT_MS,
        onLine: (line) => line.startsWith('lab: ') && note(line.slice(5)),
      });
      return (await sshRun(vm, 'cat /proc/sys/kernel/random/boot_id', asRoot)).trim();
    },
    3,
  );
  // A host that was never booted with its pool would prove nothing about one that is rebooted after a migration.
  await step(`${release}: reboot`, async () => {
    await sshTo(vm, 'systemctl reboot', asRoot);
    await waitForLogin(vm, boot);
    await waitForDocker(vm);
    await waitFor(vm, 'the containers to run', 'test "$(docker ps --quiet | wc -l)" -eq 2');
  });
  await step(`${release}: check and save`, async () => {
    await sshRun(vm, `sh -s ${expectedDriver[release]}`, {
      ...asRoot,
      stdin: await guestScript('check.sh'),
      timeoutMs: CHECK_LIMIT_MS,
    });
    await sshRun(vm, 'sync; echo 3 > /proc/sys/vm/drop_caches', asRoot);
    await saveSnapshot(folder, PREPARED_TAG);
    await killQemuIn(folder);
  });
}

/** What names the release's prepared state here and now. */
async function preparedId(release: Release, image: Image, accelerator: Accelerator): Promise<string> {
  return `${release}-${await preparedHash(release, image.id, accelerator, await qemuVersion())}`;
}

/** The release's prepared state, made first where it is not in the cache. Call it under the lab's lock. */
export async function ensurePrepared(
  release: Release,
  image: Image,
  accelerator: Accelerator,
): Promise<Prepared> {
  const id = await preparedId(release, image, accelerator);
  const folder = path.join(labPaths().prepared, id);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere)
    await buildFolder(folder, (temporary) => fillPrepared(release, image, accelerator, temporary));
  return { id, folder, image };
}
