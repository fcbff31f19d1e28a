/**
 * Owns `include_vars`: variables that a host takes from files when it comes to the task. The files are read by the
 * configuration, and become a task that sets what they hold.
 */
import path from 'node:path';
import type { Place } from '../core/errors.js';
import type { Include, Step, Task } from '../core/plan.js';
import { readConditions } from './conditions.js';
import { isTemplateNode } from './fields.js';
import { compileName, fixedText, includeStep, loadOnce, nameIn, reportTo } from './includes.js';
import { checkKeywords } from './keywords.js';
import { findLoop, readName } from './loops.js';
import { readOptions } from './options.js';
import { errorAt } from './report.js';
import { findFile, foreseeFiles, firstFolder, namesIn } from './search.js';
import { createIds, siteIn, type Site } from './site.js';
import { readCommon } from './steps.js';
import { fullName, plainTask } from './tasks.js';
import { mapTemplate, type CompiledTemplate } from './template.js';
import { readVarsNode } from './vars-files.js';
import type { MapEntry, MapNode } from './yaml.js';

export async function readIncludedVars(
  node: MapNode,
  entry: MapEntry,
  site: Site,
): Promise<Step | undefined> {
  const { report } = site.context;
  checkKeywords(node, 'include', new Set([entry.key]), report);
  const loop = findLoop(node, site, 'include');
  const common = readCommon(node, site, entry.keyAt, loop.names);
  const isFolder = entry.value.kind === 'map' && entry.value.entries.has('dir');
  const options = readOptions(entry, node.entries.get('args'), site, {
    names: isFolder ? ['dir', 'name'] : ['file', 'name'],
    freeForm: 'file',
  });
  const source = options?.get(isFolder ? 'dir' : 'file');
  if (!source) return undefined;
  const holder = readName(options?.get('name'), site);
  const { at } = source.value;
  const written = source.value.kind === 'scalar' ? source.value.text.text : '';
  const title = fullName(site, common.name ?? `include_vars: ${written}`);
  const setting = async (found: string, within: Site): Promise<Task | undefined> => {
    const files = isFolder ? await filesBelow(found) : [found];
    const vars = await readVars(files, at, within);
    return varsTask(title, common.at, holder, vars, { ...within, names: common.site.names });
  };

  const made = loop.finish(common.site.names, common.outside);
  const name = fixedText(source.value, site) ?? (isTemplateNode(source.value) ? undefined : written);
  if (name !== undefined && !made) {
    const found = await findVars(name, at, site, isFolder).catch(reportTo(site));
    const task = found === undefined ? undefined : await setting(found, site);
    return (
      task && {
        ...task,
        when: readConditions(node.entries.get('when'), common.site),
        vars: common.vars,
        tags: common.site.tags,
      }
    );
  }
  const include: Omit<Include, 'steps' | 'load'> = {
    ...includeStep(common, made, `include_vars: ${written}`, site),
    // It is a task in Ansible, whose own variables are no parameters of what it reads.
    vars: common.vars,
    params: new Map(),
  };
  const template = compileName(source, common.site);
  for (const found of await foreseeFiles(written, foldersOf(site))) {
    if (isFolder || /\.(?:ya?ml|json)$/.test(found))
      await site.context.foresee(found, (context) => setting(found, siteIn(context, site)));
  }
  return {
    ...include,
    steps: undefined,
    load: loadOnce(
      async (scope) => await findVars(nameIn(template, source, scope), at, site, isFolder),
      (found) =>
        site.context.readNow(async (context) => {
          const within: Site = {
            ...siteIn(context, site),
            path: `${include.id} / ${path.basename(found)}`,
            uniqueId: createIds(),
          };
          const task = await setting(found, within);
          return task ? [task] : [];
        }),
    ),
  };
}

/** Ansible looks in `vars/` of the role first. */
function foldersOf({ file, role, play }: Site): readonly string[] {
  const roleFolders = role ? [`${role.folder}/vars`, role.folder] : [];
  const here = path.dirname(file.path);
  return [...roleFolders, `${here}/vars`, here, `${play.folder}/vars`, play.folder];
}

async function findVars(name: string, at: Place, site: Site, isFolder: boolean): Promise<string> {
  const { cwd } = site.context;
  if (!isFolder) return await findFile('file of variables', name, foldersOf(site), cwd, at);
  const folders = foldersOf(site).map((folder) => path.resolve(folder, name));
  const found = await firstFolder(folders);
  if (found !== undefined) return found;
  throw errorAt(at, 'file-unreadable', `there is no folder '${name}'`);
}

/** Every file of variables in a folder and the folders in it, in alphabetical order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of await namesIn(folder)) {
    const file = path.join(folder, name);
    if (/\.(?:ya?ml|json)$/.test(name)) files.push(file);
    else if (!name.startsWith('.')) files.push(...(await filesBelow(file)));
  }
  return files;
}

async function readVars(
  files: readonly string[],
  at: Place,
  { context }: Site,
): Promise<Map<string, CompiledTemplate>> {
  const vars = new Map<string, CompiledTemplate>();
  for (const file of files) {
    const root = await context.readYaml(file, at);
    for (const [name, template] of root ? readVarsNode(root, context.report) : []) vars.set(name, template);
  }
  return vars;
}

/** `holder`: the one variable that holds them all. */
function varsTask(
  name: string,
  at: Place,
  holder: string | undefined,
  vars: ReadonlyMap<string, CompiledTemplate>,
  site: Site,
): Task | undefined {
  const { context } = site;
  const module = context.modules.get('set_fact');
  if (!module || vars.size === 0) return undefined;
  const all = mapTemplate(
    at,
    [...vars].map(([key, template]) => ({ key, keyAt: template.at, template })),
  );
  const held = holder === undefined ? all : mapTemplate(at, [{ key: holder, keyAt: at, template: all }]);
  const set = holder === undefined ? vars : new Map([[holder, all]]);
  for (const [key, template] of set) context.declare(key, template);
  context.later(site.names, (declared, report) => void held.check(declared, report));
  return plainTask(site, {
    name,
    at,
    module: { ...module, name: 'include_vars' },
    args: held,
    setsVars: { by: 'include_vars', names: [...set.keys()] },
  });
}
