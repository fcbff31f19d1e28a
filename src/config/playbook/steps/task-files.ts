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

/** As in Ansible: beside the file that names it, then in the role, then beside the playbook. */
export function foldersOf({ file, role, play }: Site): readonly string[] {
  const roleFolders = role ? [`${role.folder}/tasks`, role.folder] : [];
  return [path.dirname(file.path), ...roleFolders, play.folder];
}

export async function findTasks(name: string, at: Place, site: Site): Promise<string> {
  return await findFile('file of tasks', name, foldersOf(site), site.context.cwd, at);
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
