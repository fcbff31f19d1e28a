/**
 * Owns which variables the hosts and groups may have that a run may bring: names are known before it, values are not.
 */
import { globToRegex } from '../../core/glob.js';
import { createVarsFolders } from './vars-files.js';
import { ignoreFindings } from '../source/findings.js';
import type { Keyring } from '../../secrets/keyring.js';
import type { CompiledTemplate } from '../template/template.js';

/** What `group_vars/` and `host_vars/` of these folders say of names like these. What is wrong in them is passed over. */
export async function variablesForeseen(
  globs: Iterable<string>,
  folders: readonly string[],
  cwd: string,
  keys: Keyring,
): Promise<ReadonlyMap<string, readonly CompiledTemplate[]>> {
  const patterns = [...globs].map(globToRegex);
  const found = new Map<string, CompiledTemplate[]>();
  const read = createVarsFolders(cwd, keys, ignoreFindings, ignoreFindings);
  for (const folder of folders) {
    for (const kind of ['group_vars', 'host_vars'] as const) {
      for (const name of await read.names(folder, kind)) {
        if (!patterns.some((pattern) => pattern.test(name))) continue;
        for (const [variable, template] of await read.read(folder, kind, name))
          found.set(variable, [...(found.get(variable) ?? []), template]);
      }
    }
  }
  return found;
}
