// Owns the lab's SSH keys: one for the client, and the host keys that every image carries. They are made before any
// image, so that known_hosts is right before the first connection and strict checking holds throughout.
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { labPaths } from './paths.js';
import { run } from './process.js';

const hostKeyTypes = ['ed25519', 'ecdsa', 'rsa'] as const;

/** Makes the keys once; all of them or none. Call it under the lab's lock. */
export async function ensureKeys(): Promise<void> {
  const { keys, clientKey } = labPaths();
  if (
    await readFile(clientKey).then(
      () => true,
      () => false,
    )
  )
    return;
  const temporary = `${keys}.tmp-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const make = (type: string, file: string, comment: string): Promise<string> =>
    run(['ssh-keygen', '-q', '-t', type, '-N', '', '-C', comment, '-f', path.join(temporary, file)]);
  await make('ed25519', 'client', 'zrun-lab');
  for (const type of hostKeyTypes) await make(type, `ssh_host_${type}_key`, 'zrun-lab-host');
  await rm(keys, { recursive: true, force: true });
  await rename(temporary, keys);
}

/** The public host keys, each as `TYPE BASE64`. */
export async function hostKeys(): Promise<string[]> {
  const { keys } = labPaths();
  const lines = await Promise.all(
    hostKeyTypes.map((type) => readFile(path.join(keys, `ssh_host_${type}_key.pub`), 'utf8')),
  );
  return lines.map((line) => line.split(' ').slice(0, 2).join(' '));
}

/** Every public key as text: an image is good only for the keys that are in it. */
export async function publicKeys(): Promise<string> {
  const client = await readFile(`${labPaths().clientKey}.pub`, 'utf8');
  return [client, ...(await hostKeys())].join('\n');
}
