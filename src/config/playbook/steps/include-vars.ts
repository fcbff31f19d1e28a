/**
 * Owns `include_vars`: variables that a host takes from files when it comes to the task. To the engine it is a task like
 * others, whose module hands over what the files hold as templates: as in Ansible, they are rendered where they are used.
 */
import { allFacts } from '../../expression/declarations.js';
import path from 'node:path';
import * as z from 'zod';
import type { Place } from '../../../core/errors.js';
import { defineModule, type Module } from '../../../core/module.js';
import type { Task } from '../../../core/plan.js';
import { isTemplateNode } from '../reading/fields.js';
import { fixedText, reportTo } from '../reading/names.js';
import { readName } from '../reading/loops.js';
import { readOptions } from '../reading/options.js';
import { errorAt } from '../../source/findings.js';
import { findFile, foreseeFiles, firstFolder } from '../../source/search.js';
import { createIds, siteIn, type Site } from '../reading/site.js';
import { readTask } from './tasks.js';
import { chooseFiles, folderOptions, readFolderChoice } from './vars-folder.js';
import { mapTemplate, type CompiledTemplate } from '../../template/template.js';
import { readVarsNode } from './vars-files.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';

type Vars = ReadonlyMap<string, CompiledTemplate>;

/** What a host takes from files. */
interface Taken {
  readonly files: readonly string[];
  readonly vars: Vars;
}

export async function readIncludedVars(
  node: MapNode,
  entry: MapEntry,
  site: Site,
): Promise<Task | undefined> {
  const isFolder = entry.value.kind === 'map' && entry.value.entries.has('dir');
  const source = isFolder ? 'dir' : 'file';
  const names = [source, 'name'] as const;
  const language = isFolder ? ([...names, ...folderOptions] as const) : names;
  const only = (of: MapEntry): MapEntry => withOnly(names, of);
  const options = readOptions(entry, node.entries.get('args'), site, {
    names: language,
    freeForm: 'file',
  });
  const option = options?.get(source);
  if (!option) return undefined;
  const holder = readName(options?.get('name'), site);
  const { at } = option.value;
  const choice = options && isFolder ? readFolderChoice(options, site) : undefined;
  const read = async (found: string, within: Site): Promise<Taken> => {
    const files = choice ? await chooseFiles(found, choice, at, within) : [found];
    return { files, vars: await readFiles(files, at, holder, within) };
  };

  const written = option.value.kind === 'scalar' ? option.value.text.text : '';
  const fixed = fixedText(option.value, site) ?? (isTemplateNode(option.value) ? undefined : written);
  if (fixed !== undefined) {
    const found = await findVars(fixed, at, site, isFolder).catch(reportTo(site));
    if (found === undefined) return undefined;
    const taken = await read(found, site);
    return taskOf(() => Promise.resolve(taken), [...taken.vars.keys()]);
  }
  const foreseen = await foreseeFiles(written, foldersOf(site, isFolder));
  if (foreseen.length === 0) site.context.use.facts.add(allFacts);
  for (const found of foreseen) {
    if (isFolder || /\.(?:ya?ml|json)$/.test(found))
      await site.context.foresee(found, (context) => read(found, siteIn(context, site)));
  }
  const known = new Map<string, Promise<Taken>>();
  return taskOf(async (name) => {
    const found = await findVars(name, at, site, isFolder);
    const taken =
      known.get(found) ??
      site.context.readNow((context) => read(found, { ...siteIn(context, site), uniqueId: createIds() }));
    known.set(found, taken);
    return await taken;
  }, []);

  function taskOf(load: (name: string) => Promise<Taken>, names: readonly string[]): Task | undefined {
    // What it does not have is reported above.
    const args = node.entries.get('args');
    const known: MapNode = args
      ? { ...node, entries: new Map([...node.entries, ['args', only(args)]]) }
      : node;
    const task = readTask(known, { module: moduleOf(load), entry: only(entry) }, site, 'task');
    return task && { ...task, setsVars: { by: 'include_vars', names } };
  }
}

function withOnly(names: readonly string[], entry: MapEntry): MapEntry {
  const { value } = entry;
  if (value.kind !== 'map') return entry;
  const entries = new Map([...value.entries].filter(([key]) => names.includes(key)));
  return { ...entry, value: { ...value, entries } };
}

/** `load` gives what the file, or the folder, of a name holds. */
function moduleOf(load: (name: string) => Promise<Taken>): Module {
  return defineModule({
    name: 'include_vars',
    summary: 'Take the variables of a file, or of a folder of files',
    params: z.strictObject({
      file: z.string().min(1).optional().describe('The file.'),
      dir: z.string().min(1).optional().describe('A folder, of which every file is taken.'),
      name: z.string().min(1).optional().describe('The one variable that is to hold them all.'),
    }),
    freeForm: 'file',
    returns: z.strictObject({
      ansible_included_var_files: z.array(z.string()).describe('The files, in their order.'),
    }),
    examples: [],
    async plan(_read, { file, dir }) {
      const { files, vars } = await load((file ?? dir ?? '').trimEnd());
      const result = { ansible_included_var_files: files };
      return { change: 'none', reason: `set ${[...vars.keys()].join(', ')}`, result, fileVars: vars };
    },
  });
}

/** Ansible looks in `vars/` of the role first; for a folder, beside the file of tasks before `vars/` there. */
function foldersOf({ file, role, play }: Site, isFolder: boolean): readonly string[] {
  const roleFolders = role ? [`${role.folder}/vars`, role.folder] : [];
  const here = path.dirname(file.path);
  const near = isFolder ? [here, `${here}/vars`] : [`${here}/vars`, here];
  return [...roleFolders, ...near, `${play.folder}/vars`, play.folder];
}

async function findVars(name: string, at: Place, site: Site, isFolder: boolean): Promise<string> {
  const { cwd } = site.context;
  if (!isFolder) return await findFile('file of variables', name, foldersOf(site, false), cwd, at);
  const folders = foldersOf(site, true).map((folder) => path.resolve(folder, name));
  const found = await firstFolder(folders);
  if (found !== undefined) return found;
  throw errorAt(at, 'file-unreadable', `there is no folder '${name}'`);
}

/** What they hold; `holder`: the one variable that holds it all. Their names are declared, and their templates checked. */
async function readFiles(
  files: readonly string[],
  at: Place,
  holder: string | undefined,
  { context, names }: Site,
): Promise<Vars> {
  const vars = new Map<string, CompiledTemplate>();
  for (const file of files) {
    const root = await context.readYaml(file, at);
    for (const [name, template] of root ? readVarsNode(root, context.report) : []) vars.set(name, template);
  }
  const all = mapTemplate(
    at,
    [...vars].map(([key, template]) => ({ key, keyAt: template.at, template })),
  );
  const set: Vars = holder === undefined ? vars : new Map([[holder, all]]);
  for (const [key, template] of set) context.declare(key, template);
  context.later(names, (declared, report) => void all.check(declared, report));
  return set;
}
