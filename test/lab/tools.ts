// Owns the programs that the lab needs on the machine that it runs on: finds what is missing and installs it.
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { LabError, messageOf } from './error.js';
import { asRoot, exec, run } from './process.js';
import { step } from './progress.js';

/** A program and the Debian package that has it. */
const needed: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  'mkfs.ext4': 'e2fsprogs',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
};
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

// A user's PATH often leaves out the folders that mkfs is in.
const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'].filter(
  (folder) => folder !== '',
);

async function isThere(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of folders) {
    if (await isThere(path.join(folder, program), constants.X_OK)) return true;
  }
  return false;
}

async function missingPackages(): Promise<string[]> {
  const missing = new Set<string>();
  for (const [program, name] of Object.entries(needed)) {
    if (!(await isInstalled(program))) missing.add(name);
  }
  if (!(await isThere(keyring, constants.R_OK))) missing.add('debian-archive-keyring');
  return [...missing];
}

/** Installs what is missing; does nothing, and asks for nothing, where everything is there. */
export async function installTools(): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const byHand = `install by hand what the lab needs: ${missing.join(' ')}`;
  if (!(await isInstalled('apt-get'))) {
    throw new LabError(
      `missing here: ${missing.join(', ')}; the lab can only install Debian packages`,
      byHand,
    );
  }
  const install = [
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
  ];
  await step(`installing ${missing.join(' ')}`, async (note) => {
    const first = await exec(asRoot([...install, ...missing]), { onLine: note });
    if (first.code === 0) return;
    // Most often the package lists are older than the mirror, or were never fetched.
    try {
      await run(asRoot(['apt-get', 'update']), { onLine: note });
      await run(asRoot([...install, ...missing]), { onLine: note });
    } catch (error) {
      throw new LabError(messageOf(error), byHand, { cause: error });
    }
  });
}

/** The mirror that this machine's own apt uses for Debian; undefined where it uses none (another distribution). */
export async function debianMirror(): Promise<string | undefined> {
  const format = '$(ORIGIN)|$(LABEL)|$(REPO_URI)';
  const targets = await exec(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const found = targets.stdout.split('\n').find((line) => line.startsWith('Debian|Debian|'));
  return found?.split('|')[2];
}

/** apt's settings of this machine that a build needs to reach the mirror. */
export async function aptProxyArguments(): Promise<string[]> {
  const dump = await exec(['apt-config', 'dump', '--format', '%f "%v";%n']);
  return dump.stdout
    .split('\n')
    .filter((line) => /^Acquire::https?::Proxy(::[^ ]+)? "[^"]+";$/.test(line))
    .map((line) => `--aptopt=${line}`);
}

export async function qemuVersion(): Promise<string> {
  return (await run(['qemu-system-x86_64', '--version'])).split('\n')[0] ?? '';
}
