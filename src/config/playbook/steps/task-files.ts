/**
 * Owns how a file of tasks is found, opened, and kept from containing itself without end.
 */
import path from 'node:path';
import type { Place } from '../../../core/errors.js';
import type { Step } from '../../../core/plan.js';
import { errorAt } from '../../source/findings.js';
import { findFile } from '../../source/search.js';
import type { OpenFile, Site } from '../reading/site.js';
import { shownName } from '../../source/source.js';
import { readSteps } from './steps.js';
import type { Common } from '../reading/common.js';
import { describeNode, type YamlNode } from '../../yaml/yaml.js';

/** Ansible looks for what is imported in other folders than for what is included. */
type TakenIn = 'import' | 'include';

/**
 * As in Ansible: an include in a role looks beside the role's `main.yml` first, and only then in the folder that the file
 * around it was named with; an import looks in that folder first. A file that the role began with (`tasks_from: sub/x`)
 * has no such folder. Outside of roles, the folder goes before the playbook's.
 */
export function foldersOf({ file, role, play }: Site, how: TakenIn): readonly string[] {
  const named: string[] = [];
  let begun = file;
  for (let folder = ''; begun.named !== undefined && begun.outer; begun = begun.outer) {
    if (!path.isAbsolute(folder)) folder = path.join(path.dirname(begun.named), folder);
    named.push(folder);
  }
  if (!role) {
    const around = named.flatMap((folder) => [path.resolve(play.folder, folder), play.folder]);
    return [...around, play.folder];
  }
  const part = begun.path.startsWith(`${role.folder}/handlers/`) ? 'handlers' : 'tasks';
  const within = (folder: string): readonly string[] => [`${folder}/${part}`, `${folder}/tasks`, folder];
  const around = named.map((folder) => path.resolve(role.folder, part, folder)).map(within);
  const beside = [`${play.folder}/${part}`, play.folder];
  if (how === 'include') return [...within(role.folder), ...beside, ...around.flat()];
  const [nearest = [], ...further] = around;
  return [
    ...nearest,
    ...(around.length > 0 ? beside : []),
    ...further.flat(),
    ...within(role.folder),
    ...beside,
  ];
}

export async function findTasks(name: string, at: Place, site: Site, how: TakenIn): Promise<string> {
  return await findFile('file of tasks', name, foldersOf(site, how), site.context.cwd, at);
}

export function openFileOf(file: string, site: Site): OpenFile | undefined {
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

/** Reads a file of tasks into where it is named. `named`: see OpenFile. */
export async function openTasks(
  file: string,
  at: Place,
  site: Site,
  { named, isConditional }: Pick<OpenFile, 'named' | 'isConditional'>,
): Promise<readonly Step[]> {
  const inside = enterFile(file, site, { named, isConditional });
  const root = await site.context.readYaml(file, at);
  if (!root || !isTasks(root, site)) return [];
  const steps = await readSteps(root, inside);
  inside.file.content.steps = steps;
  return steps;
}

/** The site of what stands in a file. */
export function enterFile(
  file: string,
  site: Site,
  { named, isConditional }: Pick<OpenFile, 'named' | 'isConditional'>,
): Site {
  const roleFolders: string[] = [];
  for (let { role } = site; role; role = role.outer) roleFolders.push(role.folder);
  const own = [...new Set([...roleFolders, path.dirname(file)])].filter((one) => one !== site.play.folder);
  return {
    ...site,
    file: { path: file, named, outer: site.file, isConditional, content: {} },
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
