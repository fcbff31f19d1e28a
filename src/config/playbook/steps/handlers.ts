/**
 * Owns how handlers are read: tasks that wait to be notified, in the play, in roles and in files that they name.
 */
import { mergeBecome } from '../../../core/become.js';
import { nearest, type Place } from '../../../core/errors.js';
import type { Handler } from '../../../core/plan.js';
import { withoutAction } from './action-key.js';
import { findDoing } from './doing.js';
import { readTasksFile } from './includes.js';
import { enterFile, findTasks, canOpen, isTasks } from './task-files.js';
import { fixedText, reportTo } from '../reading/names.js';
import { isTemplateNode } from '../reading/fields.js';
import { checkKeywords } from '../reading/keywords.js';
import { readOptions } from '../reading/options.js';
import { errorAt, type Report } from '../../source/findings.js';
import type { Site } from '../reading/site.js';
import { isEmpty, readCommon } from '../reading/common.js';
import { readTask } from './tasks.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../../yaml/yaml.js';

interface ReadHandler {
  readonly task: Handler;
  /** Its name as written, without the role's. */
  readonly plain: string;
}

/**
 * The handlers of a play or a role. As in Ansible, the first one of a list has its name; of several lists, the last
 * one wins.
 */
export async function readHandlers(node: YamlNode, site: Site): Promise<readonly Handler[]> {
  const taken = new Set<string>();
  const heard = new Set<string>();
  return (await readList(node, site)).map(({ task, plain }) => {
    const answersTo = [...new Set([task.name, plain])].filter((name) => !taken.has(name));
    answersTo.forEach((name) => taken.add(name));
    // The same for those of one name that listen to one topic.
    const keyOf = (topic: string): string => JSON.stringify([plain, topic]);
    const listen =
      task.ownName === undefined ? task.listen : task.listen.filter((topic) => !heard.has(keyOf(topic)));
    listen.forEach((topic) => heard.add(keyOf(topic)));
    return { ...task, answersTo, listen };
  });
}

async function readList(node: YamlNode, site: Site): Promise<readonly ReadHandler[]> {
  if (isEmpty(node)) return [];
  if (node.kind !== 'list') {
    site.read.list({ key: 'handlers', keyAt: node.at, value: node });
    return [];
  }
  const handlers: ReadHandler[] = [];
  for (const item of node.items) {
    const found = await readHandler(item, site);
    // What is wrong with it is reported; that its name wakes nothing is no mistake of those who notify it.
    if (found.length === 0) site.play.handlers.areIncomplete = true;
    handlers.push(...found);
  }
  return handlers;
}

async function readHandler(node: YamlNode, site: Site): Promise<readonly ReadHandler[]> {
  const { report } = site.context;
  if (node.kind !== 'map') {
    report(errorAt(node.at, 'playbook-invalid', `a handler must be a map, but is ${describeNode(node)}`));
    return [];
  }
  const block = node.entries.get('block');
  if (block) {
    report(
      errorAt(
        block.keyAt,
        'keyword-unsupported',
        'zrun does not have blocks as handlers yet',
        'write each task as a handler; listen: gives them one name',
      ),
    );
    return [];
  }
  const handler = withoutAction(node, site);
  if (!handler) return [];
  const doing = findDoing(handler, site.context);
  if (!('action' in doing)) {
    const task = readTask(handler, doing, site, 'handler');
    return task ? [{ task, plain: plainName(handler, task, site) }] : [];
  }
  const { action, entry } = doing;
  if (action === 'import_tasks') return await readHandlerFile(handler, entry, site);
  if (action === 'include_tasks') return await readIncludedFile(handler, entry, site);
  report(
    errorAt(
      entry.keyAt,
      'keyword-unsupported',
      `'${action}' cannot be a handler in zrun`,
      'a handler is a task with a module, or a file of such tasks',
    ),
  );
  return [];
}

/** A name that is a template is what the play's variables make of it, as far as they are known before the run. */
function plainName(node: MapNode, task: Handler, site: Site): string {
  const name = node.entries.get('name');
  if (name && isTemplateNode(name.value))
    return fixedText(name.value, { ...site, fixed: site.known }) ?? task.name;
  return site.role ? task.name.slice(`${site.role.name} : `.length) : task.name;
}

/** As in Ansible, a file that hosts take in where it is notified; what is inside has no names to be notified by. */
async function readIncludedFile(node: MapNode, entry: MapEntry, site: Site): Promise<readonly ReadHandler[]> {
  const listen = node.entries.get('listen');
  const others: MapNode = {
    ...node,
    entries: new Map([...node.entries].filter(([key]) => key !== 'listen')),
  };
  const step = await readTasksFile(others, 'include_tasks', entry, site);
  if (step?.type !== 'include') return [];
  const topics = listen ? site.read.texts(listen).map(({ text }) => text) : [];
  return [{ task: { ...step, listen: topics }, plain: plainName(node, step, site) }];
}

/** The handlers of a file: to notify the file's own name wakes all of them. */
async function readHandlerFile(node: MapNode, entry: MapEntry, site: Site): Promise<readonly ReadHandler[]> {
  const { context } = site;
  const listenEntry = node.entries.get('listen');
  checkKeywords(node, 'import', new Set([entry.key, 'listen']), context.report);
  const options = readOptions(entry, node.entries.get('args'), site, { names: ['file'], freeForm: 'file' });
  const common = readCommon(node, site, entry.keyAt);
  const file = options?.get('file');
  const name = file && site.read.text(file);
  if (!file || name === undefined) return [];
  const { at } = file.value;
  const found = await findTasks(name, at, site, 'import').catch(reportTo(site));
  if (found === undefined || !canOpen(found, at, common, site, false)) return [];
  const root = await context.readYaml(found, at);
  if (!root || !isTasks(root, site)) return [];
  const inside = enterFile(found, common.site, { named: name, isConditional: false });
  const wakes = [
    ...(common.name === undefined ? [] : [common.name]),
    ...(listenEntry ? site.read.texts(listenEntry).map(({ text }) => text) : []),
  ];
  return (await readList(root, inside)).map(({ task, plain }) => ({
    plain,
    task: {
      ...task,
      when: [...common.when, ...task.when],
      vars: new Map([...common.vars, ...task.vars]),
      become: mergeBecome(common.become, task.become),
      listen: [...task.listen, ...wakes],
    },
  }));
}

/** Whether each name that is notified wakes a handler. */
export function checkNotification(
  name: string,
  at: Place,
  handlers: readonly Handler[],
  report: Report,
): void {
  const known = new Set(handlers.flatMap(({ answersTo, listen }) => [...answersTo, ...listen]));
  if (known.has(name)) return;
  const near = nearest(name, known);
  const hint =
    near === undefined
      ? known.size === 0
        ? "this play has no 'handlers:'"
        : `there are ${[...known].join(', ')}`
      : `did you mean '${near}'?`;
  report(errorAt(at, 'playbook-invalid', `no handler is called '${name}', and none listens to it`, hint));
}
