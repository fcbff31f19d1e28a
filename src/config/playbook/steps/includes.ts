/**
 * Owns files of tasks that other files name: `import_tasks`, which is read before the run and stands for a block, and
 * `include_tasks`, which hosts decide about, and whose file only they may know.
 */
import { allFacts } from '../../expression/declarations.js';
import path from 'node:path';
import type { Block, Include, Loop, Step } from '../../../core/plan.js';
import { isTemplateNode } from '../reading/fields.js';
import { checkKeywords, type Action } from '../reading/keywords.js';
import { findLoop } from '../reading/loops.js';
import { readOptions } from '../reading/options.js';
import { foreseeFiles } from '../../source/search.js';
import { createIds, foreseenIn, siteIn, type Site } from '../reading/site.js';
import { blockOf, readCommon, type Common } from '../reading/common.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';
import { compileName, nameIn, fixedText, reportTo } from '../reading/names.js';
import { openTasks, canOpen, findTasks, foldersOf, openFileOf } from './task-files.js';
import { includeStep, ownSettings, insideOf, readApplied, loadOnce } from './include-step.js';

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
  const found = await findTasks(name, at, site, 'import').catch(reportTo(site));
  if (found === undefined || !canOpen(found, at, common, site, false)) return undefined;
  const tasks = await openTasks(found, at, inside, {
    named: name,
    isConditional: common.site.isConditional,
  });
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
  const open = async (found: string, named: string, inside: Site): Promise<readonly Step[]> => {
    const around = openFileOf(found, site);
    if (around) {
      // What comes back to a file that is being read is that file's own content.
      canOpen(found, at, common, inside, true);
      return around.content.steps ?? [];
    }
    return await readApplied(apply, inside, (within) =>
      openTasks(found, at, within, { named, isConditional: common.site.isConditional }),
    );
  };
  const inside = insideOf(include.id, common, site);
  const name = fixedText(file.value, site) ?? (isTemplateNode(file.value) ? undefined : written);
  if (name !== undefined) {
    const found = await findTasks(name, at, site, 'include').catch(reportTo(site));
    if (found === undefined) return { ...include, steps: [], load: () => Promise.resolve([]) };
    const around = openFileOf(found, site);
    const steps = around ? undefined : await open(found, name, inside);
    if (around) canOpen(found, at, common, site, true);
    return {
      ...include,
      steps,
      load: () => Promise.resolve(steps ?? around?.content.steps ?? []),
    };
  }
  const template = compileName(file, common.site);
  const foreseen = await foreseeFiles(written, foldersOf(site, 'include'));
  if (foreseen.length === 0) site.context.use.facts.add(allFacts);
  for (const found of foreseen) {
    if (!openFileOf(found, site) && /\.(?:ya?ml|json)$/.test(found))
      await site.context.foresee(found, (context) => open(found, written, foreseenIn(context, inside)));
  }
  const names = new Map<string, string>();
  return {
    ...include,
    steps: undefined,
    load: loadOnce(
      async (scope) => {
        const named = nameIn(template, file, scope);
        const found = await findTasks(named, at, site, 'include');
        names.set(found, named);
        return found;
      },
      (found) =>
        site.context.readNow((context) =>
          open(found, names.get(found) ?? written, {
            ...siteIn(context, inside),
            path: `${include.id} / ${path.basename(found)}`,
            uniqueId: createIds(),
          }),
        ),
    ),
  };
}
