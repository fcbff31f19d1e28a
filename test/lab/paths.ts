// Owns where the lab keeps things: everything is below one folder of the user's cache, nothing in the repository.
// It must not know what the files hold.
import os from 'node:os';
import path from 'node:path';

export interface LabPaths {
  /** The folder of everything else here. */
  readonly root: string;
  /** Disk images before anything was prepared, a folder for each recipe. */
  readonly images: string;
  /** Prepared states, a folder for each recipe: disks with the machine's memory in a snapshot. */
  readonly prepared: string;
  /** A folder for each host: its disks, its console's log, its monitor's socket. */
  readonly hosts: string;
  readonly keys: string;
  /** The private key that root, zrun and pwsudo let in. */
  readonly clientKey: string;
  readonly inventory: string;
  readonly knownHosts: string;
  readonly lock: string;
}

/** Where the lab of this user is. The same in every process, so that tests and a person at a shell share one lab. */
export function labPaths(): LabPaths {
  const cache = process.env['XDG_CACHE_HOME'];
  // The specification of XDG_CACHE_HOME says that a relative path is to be ignored.
  const base = cache !== undefined && path.isAbsolute(cache) ? cache : path.join(os.homedir(), '.cache');
  const root = path.join(base, 'zrun', 'lab');
  return {
    root,
    images: path.join(root, 'images'),
    prepared: path.join(root, 'prepared'),
    hosts: path.join(root, 'hosts'),
    keys: path.join(root, 'keys'),
    clientKey: path.join(root, 'keys', 'client'),
    inventory: path.join(root, 'inventory.yaml'),
    knownHosts: path.join(root, 'known_hosts'),
    lock: path.join(root, 'lock'),
  };
}
