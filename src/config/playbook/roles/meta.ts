/**
 * Owns `meta/main.yml` of a role: what it depends on, and whether it may be done twice, and what it says of its arguments.
 */
import { nearest, type Place } from '../../../core/errors.js';
import { errorAt } from '../../source/findings.js';
import { readRoleUse } from './use.js';
import type { RoleUse } from './request.js';
import { firstFile } from '../../source/search.js';
import type { Site } from '../reading/site.js';
import { describeNode, type MapEntry, type YamlNode } from '../../yaml/yaml.js';

interface RoleMeta {
  readonly dependencies: readonly RoleUse[];
  readonly allowsDuplicates: boolean;
  /** Its `argument_specs`, as they are written. */
  readonly specs: YamlNode | undefined;
}

const used = ['dependencies', 'allow_duplicates', 'argument_specs'];
/** For Ansible Galaxy; they change nothing about what a role does. */
const unused = ['galaxy_info', 'collections', 'standalone'];

const noMeta: RoleMeta = { dependencies: [], allowsDuplicates: false, specs: undefined };

export async function readRoleMeta(folder: string, at: Place, site: Site): Promise<RoleMeta> {
  const { context, read } = site;
  const file = await firstFile(['yml', 'yaml', 'json'].map((ending) => `${folder}/meta/main.${ending}`));
  const root = file === undefined ? undefined : await context.readYaml(file, at);
  if (!root || (root.kind === 'scalar' && root.value === null)) {
    return noMeta;
  }
  if (root.kind !== 'map') {
    const message = `the meta file of a role must be a map, but is ${describeNode(root)}`;
    context.report(errorAt({ ...root.at, end: root.at.start + 1 }, 'playbook-invalid', message));
    return noMeta;
  }
  const get = (name: string): MapEntry | undefined => root.entries.get(name);
  for (const { key, keyAt } of root.entries.values()) {
    if (used.includes(key) || unused.includes(key)) continue;
    const near = nearest(key, used);
    const hint = near === undefined ? `it has ${used.join(', ')}` : `did you mean '${near}'?`;
    context.report(errorAt(keyAt, 'playbook-invalid', `the meta of a role has no '${key}'`, hint));
  }
  const duplicates = get('allow_duplicates');
  const dependencies = get('dependencies');
  const isNone = dependencies?.value.kind === 'scalar' && dependencies.value.value === null;
  const list = dependencies && !isNone ? read.list(dependencies) : undefined;
  const found: RoleUse[] = [];
  for (const item of list?.items ?? []) {
    const use = await readRoleUse(item, site);
    if (use) found.push(use);
  }
  return {
    dependencies: found,
    allowsDuplicates: (duplicates && read.boolean(duplicates)) ?? false,
    specs: get('argument_specs')?.value,
  };
}
