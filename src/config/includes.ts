/**
 * Owns files of tasks that other files name: `import_tasks`, which is read before the run and stands for a block, and
 * `include_tasks`, which hosts decide about, and whose file only they may know.
 */
import path from 'node:path';
import { ZrunError, type Place } from '../core/errors.js';
import type { Block, Include, Loop, Step } from '../core/plan.js';
import type { Scope } from '../core/template.js';
import { isTemplateNode } from './fields.js';
import { checkKeywords, type Action } from './keywords.js';
import { findLoop, readName } from './loops.js';
import { readOptions } from './options.js';
import { errorAt, throwFindings } from './report.js';
import { findFile, foreseeFiles } from './search.js';
import { createIds, foreseenIn, siteIn, type OpenFile, type Site } from './site.js';
import { shownName } from './source.js';
import { blockOf, readCommon, readSteps, type Common } from './steps.js';
import { fullName } from './tasks.js';
import { compileTemplate, type CompiledTemplate } from './template.js';
import { includeResult } from './variables.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from './yaml.js';

export async function readTasksFile(
  node: MapNode,
  action: Action & ('import_tasks' | 'include_tasks'),
  entry: MapEntry,
  site: Site,
): Promise<Step | undefined> {
  const isImport = action === 'import_tasks';
  checkKeywords(node, isImport ? 'import' : 'include', new Set([entry.key]), site.context.report);
  const loop = isImport ? undefined : findLoop(node, site, 'include');
  const common = readCommon(node, site, entry.keyAt, loop?.names);
  const options = readOptions(entry, node.entries.get('args'), site, {
    names: isImport ? ['file'] : ['file', 'apply'],
    freeForm: 'file',
  });
  const file = options?.get('file');
  if (!file) return undefined;
  if (isImport) return await importTasks(file, common, site);
  const made = loop?.finish(common.site.names, common.outside);
  return await includeTasks(node, file, options?.get('apply'), common, made, site);
}

async function importTasks(file: MapEntry, common: Common, site: Site): Promise<Block | undefined> {
  const name = common.site.read.text(file);
  if (name === undefined) return undefined;
  const { at } = file.value;
  const inside: Site = {
    ...common.site,
    path: common.name === undefined ? site.path : site.uniqueId(`${site.path} / ${common.name}`),
  };
  const found = await findTasks(name, at, site).catch(reportTo(site));
  if (found === undefined || !canOpen(found, at, common, site, false)) return undefined;
  const tasks = await openTasks(found, at, inside, common.site.isConditional);
  return blockOf(common, common.name ?? `import_tasks: ${name}`, { tasks });
}

async function includeTasks(
  node: MapNode,
  file: MapEntry,
  apply: MapEntry | undefined,
  common: Common,
  loop: Loop | undefined,
  site: Site,
): Promise<Include> {
  const { at } = file.value;
  const written = file.value.kind === 'scalar' ? file.value.text.text : '';
  const include = {
    ...includeStep(common, loop, `include_tasks: ${written}`, site),
    ...ownSettings(node, common, loop, site),
  };
  const open = async (found: string, inside: Site): Promise<readonly Step[]> => {
    const around = openFileOf(found, site);
    if (around) {
      // What comes back to a file that is being read is that file's own content.
      canOpen(found, at, common, inside, true);
      return around.content.steps ?? [];
    }
    return await readApplied(apply, inside, (within) =>
      openTasks(found, at, within, common.site.isConditional),
    );
  };
  const inside = insideOf(include.id, common, site);
  const name = fixedText(file.value, site) ?? (isTemplateNode(file.value) ? undefined : written);
  if (name !== undefined) {
    const found = await findTasks(name, at, site).catch(reportTo(site));
    if (found === undefined) return { ...include, steps: [], load: () => Promise.resolve([]) };
    const around = openFileOf(found, site);
    const steps = around ? undefined : await open(found, inside);
    if (around) canOpen(found, at, common, site, true);
    return {
      ...include,
      steps,
      load: () => Promise.resolve(steps ?? around?.content.steps ?? []),
    };
  }
  const template = compileName(file, common.site);
  for (const found of await foreseeFiles(written, foldersOf(site))) {
    if (!openFileOf(found, site) && /\.(?:ya?ml|json)$/.test(found))
      await site.context.foresee(found, (context) => open(found, foreseenIn(context, inside)));
  }
  return {
    ...include,
    steps: undefined,
    load: loadOnce(
      async (scope) => await findTasks(nameIn(template, file, scope), at, site),
      (found) =>
        site.context.readNow((context) =>
          open(found, {
            ...siteIn(context, inside),
            path: `${include.id} / ${path.basename(found)}`,
            uniqueId: createIds(),
          }),
        ),
    ),
  };
}

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
): Pick<Include, 'ignoreErrors' | 'runOnce' | 'register'> {
  const { ignoreErrors, runOnce } = common.site.settings;
  const register = readName(node.entries.get('register'), site);
  if (register !== undefined) site.context.declare(register, includeResult(loop));
  return { ignoreErrors, runOnce, register };
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

/** A template of a name, to be rendered by each host. `mayOmit`: it may say `omit`. */
export function compileName(
  { value }: MapEntry,
  { context, names }: Site,
  mayOmit = false,
): CompiledTemplate {
  const template = compileTemplate(value, context.report);
  context.later(names, (declared, report) => {
    if (mayOmit) template.checkEntry(declared, report);
    else template.check(declared, report);
  });
  return template;
}

export function nameIn(template: CompiledTemplate, { key, value }: MapEntry, scope: Scope): string {
  const name = template.render(scope);
  if (typeof name === 'string' && name !== '') return name;
  throw errorAt(value.at, 'expression-type', `'${key}' must be a name, and this gives none`);
}

/** What a text says, if it says the same in every run and on every host. */
export function fixedText(node: YamlNode, { fixed }: Site): string | undefined {
  if (!isTemplateNode(node)) return undefined;
  try {
    // What cannot be read is reported by whoever compiles it for the run.
    const text = compileTemplate(node, throwFindings).render(fixed);
    return typeof text === 'string' ? text : undefined;
  } catch (error) {
    if (error instanceof ZrunError) return undefined;
    throw error;
  }
}

export function reportTo({ context }: Site): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ZrunError)) throw error;
    context.report(error);
    return undefined;
  };
}

/** As in Ansible: beside the file that names it, then in the role, then beside the playbook. */
function foldersOf({ file, role, play }: Site): readonly string[] {
  const roleFolders = role ? [`${role.folder}/tasks`, role.folder] : [];
  return [path.dirname(file.path), ...roleFolders, play.folder];
}

export async function findTasks(name: string, at: Place, site: Site): Promise<string> {
  return await findFile('file of tasks', name, foldersOf(site), site.context.cwd, at);
}

function openFileOf(file: string, site: Site): OpenFile | undefined {
  let open: OpenFile | undefined = site.file;
  while (open && open.path !== file) open = open.outer;
  return open;
}

/** False where a file would contain itself without end, which is reported. */
export function canOpen(file: string, at: Place, common: Common, site: Site, mayRepeat: boolean): boolean {
  const chain: OpenFile[] = [];
  for (let open: OpenFile | undefined = site.file; open; open = open.outer) {
    chain.unshift(open);
    if (open.path !== file) continue;
    const isConditional = common.site.isConditional || chain.slice(1).some((one) => one.isConditional);
    if (mayRepeat && isConditional) return true;
    const circle = [...chain.map((one) => one.path), file].map((one) => shownName(one, site.context.cwd));
    const said = circle.join(' → ');
    const [message, hint] = mayRepeat
      ? [`this file includes itself without end: ${said}`, 'say with when: how long it goes on']
      : [
          `this file contains itself: ${said}`,
          'an import is read before the run; include_tasks can be repeated',
        ];
    site.context.report(errorAt(at, 'playbook-invalid', message, hint));
    return false;
  }
  return true;
}

/** Reads a file of tasks into where it is named. */
export async function openTasks(
  file: string,
  at: Place,
  site: Site,
  isConditional: boolean,
): Promise<readonly Step[]> {
  const inside = enterFile(file, site, isConditional);
  const root = await site.context.readYaml(file, at);
  if (!root || !isTasks(root, site)) return [];
  const steps = await readSteps(root, inside);
  inside.file.content.steps = steps;
  return steps;
}

/** The site of what stands in a file. */
export function enterFile(file: string, site: Site, isConditional: boolean): Site {
  const roleFolders: string[] = [];
  for (let { role } = site; role; role = role.outer) roleFolders.push(role.folder);
  const own = [...new Set([...roleFolders, path.dirname(file)])].filter((one) => one !== site.play.folder);
  return {
    ...site,
    file: { path: file, outer: site.file, isConditional, content: {} },
    files: site.context.language.filesOf(site.play.folder, own),
    isConditional: false,
  };
}

export function isTasks(root: YamlNode, { context }: Site): boolean {
  const isEmpty = root.kind === 'scalar' && root.value === null;
  if (isEmpty) return false;
  const start = { ...root.at, end: root.at.start + 1 };
  if (root.kind !== 'list') {
    const message = `a file of tasks is a list of tasks, but this is ${describeNode(root)}`;
    context.report(errorAt(start, 'playbook-invalid', message, "begin each task with '- '"));
    return false;
  }
  const [first] = root.items;
  if (first?.kind === 'map' && first.entries.has('hosts')) {
    const message = 'this is a playbook, and a file of tasks is wanted here';
    context.report(errorAt(start, 'playbook-invalid', message, 'a playbook takes it in by import_playbook'));
    return false;
  }
  return true;
}
