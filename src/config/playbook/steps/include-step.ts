/**
 * Owns what every include is, whether it takes in a file of tasks or a role.
 */
import type { Include, Loop, Step } from '../../../core/plan.js';
import type { Scope } from '../../../core/template.js';
import { checkKeywords } from '../reading/keywords.js';
import { readName } from '../reading/loops.js';
import type { Site } from '../reading/site.js';
import { blockOf, readCommon, type Common } from '../reading/common.js';
import { fullName } from './tasks.js';
import { includeResult } from '../reading/variables.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';

/** What all includes share. */
export function includeStep(
  common: Common,
  loop: Loop | undefined,
  title: string,
  site: Site,
): Omit<Include, 'steps' | 'load'> {
  const name = fullName(site, common.name ?? title);
  return {
    type: 'include',
    id: site.uniqueId(`${site.path} / ${name}`),
    name,
    ownName: common.name,
    at: common.at,
    when: common.when,
    vars: new Map(),
    params: common.vars,
    become: common.become,
    tags: common.site.tags,
    anyErrorsFatal: common.site.settings.anyErrorsFatal,
    ignoreErrors: false,
    runOnce: false,
    runsEachOnce: false,
    register: undefined,
    answersTo: [],
    listen: [],
    given: undefined,
    loop,
  };
}

/** What an include says of itself, and not of what is inside. */
export function ownSettings(
  node: MapNode,
  common: Common,
  loop: Loop | undefined,
  site: Site,
): Pick<Include, 'ignoreErrors' | 'runOnce' | 'runsEachOnce' | 'register'> {
  const { ignoreErrors, runOnce } = common.site.settings;
  const register = readName(node.entries.get('register'), site);
  if (register !== undefined) site.context.declare(register, includeResult(loop));
  return { ignoreErrors, runOnce, runsEachOnce: runOnce && site.settings.runOnce, register };
}

/** As in Ansible, what is inside an include takes over its variables, and the rest from what is around it. */
export function insideOf(id: string, common: Common, site: Site): Site {
  return { ...site, path: id, names: common.site.names, isIncluded: true };
}

/** The steps of `read` in a block that has what `apply` says. */
export async function readApplied(
  apply: MapEntry | undefined,
  inside: Site,
  read: (site: Site) => Promise<readonly Step[]>,
): Promise<readonly Step[]> {
  const map = apply && inside.read.map(apply);
  if (!map) return await read(inside);
  checkKeywords(map, 'role', new Set(), inside.context.report);
  const common = readCommon(map, inside, apply.keyAt);
  return [blockOf(common, common.name ?? 'apply', { tasks: await read(common.site) })];
}

/** Each thing that a run names is read once, however many hosts name it. */
export function loadOnce(
  find: (scope: Scope) => Promise<string>,
  read: (found: string) => Promise<readonly Step[]>,
): (scope: Scope) => Promise<readonly Step[]> {
  const loaded = new Map<string, Promise<readonly Step[]>>();
  return async (scope) => {
    const found = await find(scope);
    const steps = loaded.get(found) ?? read(found);
    loaded.set(found, steps);
    return await steps;
  };
}
