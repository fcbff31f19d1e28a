/**
 * Owns roles: folders of tasks, handlers, defaults and variables, what they need first, and the block of steps that
 * one of them stands for. Who asks for a role, and in what words, is not known here.
 */
import { mergeBecome } from '../../../core/become.js';
import path from 'node:path';
import type { Place } from '../../../core/errors.js';
import type { Block, Handler, Step, Task } from '../../../core/plan.js';
import { addNames, namesOfVars, type NameLayer, type ShapeSource } from '../../expression/declarations.js';
import { createFieldReader } from '../reading/fields.js';
import { readHandlers } from '../steps/handlers.js';
import { filesBelow } from '../steps/vars-folder.js';
import { enterFile, isTasks, openTasks } from '../steps/task-files.js';
import { errorAt } from '../../source/findings.js';
import { findSpecs, validationTask } from './arguments.js';
import { readRoleMeta } from './meta.js';
import { createScope } from '../../expression/scope.js';
import { firstFile, kindOf } from '../../source/search.js';
import { surround, type RoleFrame, type Site } from '../reading/site.js';
import { shownName } from '../../source/source.js';
import { constant, type CompiledTemplate } from '../../template/template.js';
import { readVarsNode } from '../steps/vars-files.js';
import type { YamlNode } from '../../yaml/yaml.js';
import { mainParts, type RoleRequest, type RoleUse, type Vars } from './request.js';

interface RoleVars {
  readonly defaults: Vars;
  readonly vars: Vars;
}

const endings = ['.yml', '.yaml', '.json', ''];

/** The steps of a role and of those that it depends on. */
export async function readRole(request: RoleRequest): Promise<Block> {
  return (await readRoleAndVars(request)).block;
}

async function readRoleAndVars(request: RoleRequest): Promise<RoleVars & { readonly block: Block }> {
  const { folder, name, at, parts, given, params, site, when, become, asker } = request;
  const { play } = site;
  const named = asker === 'role' ? play.neededRoleNames : play.roleNames;
  if (!named.includes(name)) named.push(name);
  const role: RoleFrame = { name, folder, parents: parentsOf(request), outer: site.role };
  const around = surround(site.around, { vars: given, params });
  const meta = await readRoleMeta(folder, at, { ...site, role, around });
  const own: RoleVars = {
    defaults: await readPart(folder, 'defaults', parts.defaults, at, site),
    vars: await readPart(folder, 'vars', parts.vars, at, site),
  };
  const needed = await readNeeded(meta.dependencies, role, request);
  const all = joined(needed, own);
  const vars: Vars = new Map([...all.vars, ...fixedVars(role, at), ...given]);
  const inside: Site = {
    ...roleSite(role, site, all.defaults, new Map([...vars, ...params])),
    around: surround(around, { defaults: all.defaults, vars }),
  };
  for (const template of [...own.defaults.values(), ...own.vars.values()])
    site.context.later(inside.names, (declared, report) => void template.check(declared, report));
  if (request.isExported) exportVars(own, site);
  const isExportedLater = request.isExported && site.isIncluded;
  const handlers = await readRoleHandlers(request, inside);
  const { ofRoles, ofImports, ofIncludes } = play.handlers;
  (site.isIncluded ? ofIncludes : request.isOfPlay ? ofRoles : ofImports).push(...handlers);
  const block: Block = {
    type: 'block',
    role: { key: signatureOf(request), mayRepeat: request.mayRepeat ?? meta.allowsDuplicates },
    name,
    at,
    when,
    defaults: all.defaults,
    vars,
    params,
    handlers: site.isIncluded ? handlers : [],
    ...(isExportedLater && { exports: own }),
    become,
    tags: site.tags,
    tasks: [
      ...(await readValidation(request, meta.specs, inside)),
      ...(await readRoleTasks(request, inside)),
    ],
    rescue: [],
    always: [],
  };
  if (needed.blocks.length === 0) return { block, ...all };
  const whole: Block = {
    ...block,
    role: undefined,
    defaults: new Map(),
    vars: given,
    handlers: [],
    tasks: [...needed.blocks, { ...block, when: [], become: {} }],
  };
  return { block: whole, ...all };
}

/** What a role depends on gets what the role is given, and is done before it. */
async function readNeeded(
  dependencies: readonly RoleUse[],
  role: RoleFrame,
  { isExported, isOfPlay, site }: RoleRequest,
): Promise<RoleVars & { readonly blocks: readonly Block[] }> {
  const blocks: Block[] = [];
  let inherited: RoleVars = { defaults: new Map(), vars: new Map() };
  for (const dependency of dependencies) {
    if (!checkCircle(dependency.folder, dependency.at, role, site)) continue;
    const found = await readRoleAndVars({
      ...dependency,
      asker: 'role',
      parts: mainParts,
      mayRepeat: undefined,
      isValidated: true,
      isExported,
      isOfPlay,
    });
    blocks.push(found.block);
    inherited = joined(inherited, found);
  }
  return { ...inherited, blocks };
}

function fixedVars({ name, folder, parents }: RoleFrame, at: Place): Vars {
  return new Map([
    ['role_name', constant(name, at)],
    ['role_path', constant(folder, at)],
    ['ansible_role_name', constant(name, at)],
    ['ansible_parent_role_names', constant(parents, at)],
  ]);
}

/** The roles whose tasks it stands among, the nearest first. A role that others need is as one of theirs. */
function parentsOf({ asker, site: { role } }: RoleRequest): readonly string[] {
  if (!role) return [];
  return asker === 'step' ? [role.name, ...role.parents] : role.parents;
}

function joined(weak: RoleVars, strong: RoleVars): RoleVars {
  return {
    defaults: new Map([...weak.defaults, ...strong.defaults]),
    vars: new Map([...weak.vars, ...strong.vars]),
  };
}

function addRoleNames(outer: NameLayer, defaults: Vars, vars: Vars): NameLayer {
  return addNames(addNames(outer, namesOfVars(defaults), { isWeak: true }), namesOfVars(vars));
}

/** What is needed before the run may use the role's variables; its defaults are any inventory's to change. */
function roleSite(role: RoleFrame, site: Site, defaults: Vars, vars: Vars): Site {
  const { context, play } = site;
  const names = addRoleNames(site.names, defaults, vars);
  const fixedVars = { playbook_dir: play.folder, role_name: role.name, role_path: role.folder };
  const known = createScope([...play.knownLayers, vars, fixedVars, context.extraVars], context.use.used);
  const fixed = createScope([fixedVars, context.extraVars], context.use.used);
  const read = createFieldReader('playbook-invalid', context.report, known);
  return { ...site, role, names, known, fixed, read };
}

/**
 * A role is the same again where it is given the same; what it takes over from around it does not count. As in
 * Ansible, one that stands among the tasks counts apart.
 */
function signatureOf({ folder, parts, given, params, when, ownTags, asker }: RoleRequest): string {
  const [vars, inline] = [given, params].map((all) =>
    [...all].map(([name, { at }]) => [name, at.source.text.slice(at.start, at.end)] as const),
  );
  return JSON.stringify([
    folder,
    parts,
    vars,
    inline,
    when.map(({ text }) => text),
    ownTags,
    asker === 'step',
  ]);
}

/** Names are known from the start; what an included role says holds for those hosts, and from there on, that come to it. */
function exportVars({ defaults, vars }: RoleVars, { play, isIncluded }: Site): void {
  for (const [name, template] of defaults) {
    if (!isIncluded) play.defaults.set(name, template);
    addSource(play.defaultNames, name, template);
  }
  for (const [name, template] of vars) {
    if (!isIncluded) play.vars.set(name, template);
    addSource(play.varNames, name, template);
  }
}

function addSource(names: Map<string, ShapeSource[]>, name: string, source: ShapeSource): void {
  const known = names.get(name);
  if (known) known.push(source);
  else names.set(name, [source]);
}

/** `defaults/main.yml` and its like; where that is a folder, all files in it. */
async function readPart(
  folder: string,
  kind: 'defaults' | 'vars',
  part: string,
  at: Place,
  site: Site,
): Promise<Vars> {
  const { context } = site;
  const vars = new Map<string, CompiledTemplate>();
  const base = pathOfPart(folder, kind, part, at, site);
  if (base === undefined) return vars;
  const file = await firstFile(endings.map((ending) => `${base}${ending}`));
  const files = file !== undefined ? [file] : (await kindOf(base)) === 'folder' ? await filesBelow(base) : [];
  if (files.length === 0 && part !== 'main') missingPart(folder, kind, part, at, site);
  for (const one of files) {
    const root = await context.readYaml(one, at);
    for (const [name, template] of root ? readVarsNode(root, context.report) : []) vars.set(name, template);
  }
  return vars;
}

async function readValidation(
  { folder, at, parts, isValidated }: RoleRequest,
  inMeta: YamlNode | undefined,
  inside: Site,
): Promise<readonly Task[]> {
  const specs = isValidated ? await findSpecs(folder, at, inMeta, inside) : undefined;
  const task = specs && validationTask(specs, parts.tasks, inside);
  return task ? [task] : [];
}

async function readRoleTasks({ folder, parts, at }: RoleRequest, inside: Site): Promise<readonly Step[]> {
  const file = await partFile(folder, 'tasks', parts.tasks, at, inside);
  if (file === undefined) return [];
  for (let open: Site['file'] | undefined = inside.file; open; open = open.outer) {
    if (open.path !== file) continue;
    const message = `this role's tasks take in the same role and file again: ${shownName(file, inside.context.cwd)}`;
    const hint = 'tasks_from names another file of the role';
    inside.context.report(errorAt(at, 'playbook-invalid', message, hint));
    return [];
  }
  return await openTasks(file, at, inside, { named: undefined, isConditional: inside.isConditional });
}

async function partFile(
  folder: string,
  kind: 'tasks' | 'handlers',
  part: string,
  at: Place,
  site: Site,
): Promise<string | undefined> {
  const base = pathOfPart(folder, kind, part, at, site);
  const file = base && (await firstFile(endings.map((ending) => `${base}${ending}`)));
  if (base !== undefined && file === undefined && part !== 'main') missingPart(folder, kind, part, at, site);
  return file;
}

/** Without an ending; undefined, which is reported, if it lies outside of the role's folder for it, as Ansible refuses too. */
function pathOfPart(
  folder: string,
  kind: string,
  part: string,
  at: Place,
  { context }: Site,
): string | undefined {
  const inside = path.join(folder, kind);
  const base = path.join(inside, part);
  if (base.startsWith(inside + path.sep)) return base;
  const message = `'${part}' leads out of the ${kind} of the role '${path.basename(folder)}'`;
  context.report(errorAt(at, 'file-unreadable', message, `it must lie in ${shownName(inside, context.cwd)}`));
  return undefined;
}

function missingPart(folder: string, kind: string, part: string, at: Place, { context }: Site): void {
  const message = `the role '${path.basename(folder)}' has no '${part}' among its ${kind}`;
  const looked = shownName(path.join(folder, kind), context.cwd);
  context.report(errorAt(at, 'file-unreadable', message, `looked for it in ${looked}`));
}

/** Handlers of a role answer to `role : name`, and to the plain name where nobody else does; so do topics. */
async function readRoleHandlers(
  { folder, name, parts, at }: RoleRequest,
  inside: Site,
): Promise<readonly Handler[]> {
  const file = await partFile(folder, 'handlers', parts.handlers, at, inside);
  const root = file === undefined ? undefined : await inside.context.readYaml(file, at);
  if (file === undefined || !root || !isTasks(root, inside)) return [];
  const site: Site = { ...enterFile(file, inside, { named: undefined, isConditional: false }), notify: [] };
  const { defaults, vars, params, become } = inside.around;
  return (await readHandlers(root, site)).map((handler): Handler => {
    const listen = [...handler.listen, ...handler.listen.map((topic) => `${name} : ${topic}`)];
    if (handler.type === 'include') return { ...handler, listen, given: { defaults, vars, params, become } };
    return {
      ...handler,
      listen,
      defaults,
      params,
      vars: new Map([...vars, ...handler.vars]),
      become: mergeBecome(become, handler.become),
    };
  });
}

function checkCircle(folder: string, at: Place, from: RoleFrame, { context }: Site): boolean {
  const chain: string[] = [];
  for (let role: RoleFrame | undefined = from; role; role = role.outer) {
    chain.unshift(role.name);
    if (role.folder !== folder) continue;
    const said = [...chain, role.name].join(' → ');
    context.report(errorAt(at, 'playbook-invalid', `roles depend on each other in a circle: ${said}`));
    return false;
  }
  return true;
}
