/**
 * Owns how a role is asked for in `roles:` and in another role's dependencies: by its name, or by a map of the name,
 * keywords, and parameters among them.
 */
import { nearest } from '../../../core/errors.js';
import { addNames, namesOfVars } from '../../expression/declarations.js';
import { reportTo } from '../reading/names.js';
import { checkKeywords, isKeywordOfRole, namesOf } from '../reading/keywords.js';
import { errorAt } from '../../source/findings.js';
import { findRole } from './search.js';
import type { Site } from '../reading/site.js';
import { isEmpty, readCommon } from '../reading/common.js';
import { compileTemplate, isVariableName, type CompiledTemplate } from '../../template/template.js';
import type { MapEntry, MapNode, YamlNode } from '../../yaml/yaml.js';
import type { RoleUse } from './request.js';

export async function readRoleUse(node: YamlNode, site: Site): Promise<RoleUse | undefined> {
  const { context, read } = site;
  if (node.kind !== 'map') {
    const name = read.text({ key: 'role', keyAt: node.at, value: node });
    if (name === undefined || isEmpty(node)) return undefined;
    const folder = await findRole(name, node.at, site).catch(reportTo(site));
    if (folder === undefined) return undefined;
    return {
      folder,
      name,
      at: node.at,
      given: new Map(),
      params: new Map(),
      when: [],
      become: {},
      ownTags: [],
      site,
    };
  }
  const entry = node.entries.get('role') ?? node.entries.get('name');
  const name = entry && read.text(entry);
  if (!entry || name === undefined) {
    if (!entry) {
      const at = [...node.entries.values()][0]?.keyAt ?? node.at;
      context.report(errorAt(at, 'playbook-invalid', 'this names no role', "add 'role: …'"));
    }
    return undefined;
  }
  const folder = await findRole(name, entry.value.at, site).catch(reportTo(site));
  if (folder === undefined) return undefined;
  const others = new Set([...node.entries.keys()].filter((key) => !isKeywordOfRole(key)));
  const keywordsOnly: MapNode = {
    ...node,
    entries: new Map([...node.entries].filter(([key]) => key !== 'role' && key !== 'name')),
  };
  checkKeywords(keywordsOnly, 'role', others, context.report);
  const params = readInline(node, others, site);
  const common = readCommon(keywordsOnly, site, entry.value.at);
  const names = addNames(common.site.names, namesOfVars(params));
  return {
    folder,
    name,
    at: entry.value.at,
    given: common.vars,
    params,
    when: common.when,
    become: common.become,
    ownTags: common.site.tags.filter((tag) => !site.tags.includes(tag)),
    site: { ...common.site, names },
  };
}

/** Keys that are no keywords are the role's parameters. What looks like a keyword is taken for a misspelt one. */
function readInline(
  node: MapNode,
  others: ReadonlySet<string>,
  { context, names }: Site,
): Map<string, CompiledTemplate> {
  const params = new Map<string, CompiledTemplate>();
  for (const key of others) {
    const entry: MapEntry | undefined = node.entries.get(key);
    if (!entry || key === 'role') continue;
    const near = nearest(key, namesOf('role'));
    if (!isVariableName(key) || (near !== undefined && Math.abs(near.length - key.length) < 2)) {
      const message = `a role has no '${key}'`;
      const hint =
        near === undefined
          ? "a parameter's name has letters, digits and _, a letter first"
          : `did you mean '${near}'? A parameter of the role of that name goes below vars:`;
      context.report(errorAt(entry.keyAt, 'playbook-invalid', message, hint));
      continue;
    }
    const template = compileTemplate(entry.value, context.report);
    context.later(names, (declared, report) => void template.check(declared, report));
    params.set(key, template);
  }
  return params;
}
