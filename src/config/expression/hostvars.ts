/**
 * Owns what is said where `hostvars` is asked for a host that the inventory does not have, or `facts` for what was not gathered.
 */
import { nearest } from '../../core/errors.js';

export interface MissingHost {
  readonly message: string;
  readonly hint: string | undefined;
}

/** `of`: what a part is missing of, as it is written; undefined where that is not `hostvars`. */
export function missingHost(of: string, name: string, hosts: Iterable<string>): MissingHost | undefined {
  if (of !== 'hostvars') return undefined;
  const near = nearest(name, hosts);
  return {
    message: `there is no host '${name}' in the inventory`,
    hint: near === undefined ? "'zrun inventory --list' shows its hosts" : `did you mean '${near}'?`,
  };
}

/** The same before the run, where only a variable of such a host can be known not to be there. */
export function missingHostOf(
  path: readonly string[],
  hosts: ReadonlySet<string> | undefined,
): MissingHost | undefined {
  const [first = '', name] = path;
  if (name === undefined || !hosts || hosts.has(name)) return undefined;
  return missingHost(first, name, hosts);
}

/** What to do about a part of the facts that was checked before the run, and is not there all the same. */
export function ungathered(part: string): string {
  return `no task has gathered it: setup: {gather_subset: [${part}]}`;
}
