/**
 * Owns how lists of steps and blocks are read. Who reads each of the other steps, the site says.
 */
import type { Block, Step } from '../../../core/plan.js';
import { withoutAction } from './action-key.js';
import { findDoing } from './doing.js';
import { addNames } from '../../expression/declarations.js';
import { checkKeywords } from '../reading/keywords.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from '../reading/site.js';
import { readTask } from './tasks.js';
import { alwaysNames, rescueNames } from '../reading/variables.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../../yaml/yaml.js';
import { readCommon, blockOf, isEmpty } from '../reading/common.js';

export async function readSteps(node: YamlNode, site: Site, key = 'tasks'): Promise<readonly Step[]> {
  if (isEmpty(node)) return [];
  if (node.kind !== 'list') {
    site.read.list({ key, keyAt: node.at, value: node });
    return [];
  }
  const steps: Step[] = [];
  for (const item of node.items) {
    const step = await readStep(item, site);
    if (step) steps.push(step);
  }
  return steps;
}

async function readStep(node: YamlNode, site: Site): Promise<Step | undefined> {
  const { report } = site.context;
  if (node.kind !== 'map') {
    const hint = node.kind === 'scalar' ? "write '- name: …' and, below it, the module" : undefined;
    report(errorAt(node.at, 'playbook-invalid', `a task must be a map, but is ${describeNode(node)}`, hint));
    return undefined;
  }
  const parts = ['block', 'rescue', 'always']
    .map((key) => node.entries.get(key))
    .filter((entry) => entry !== undefined);
  const [first] = parts;
  if (first?.key === 'block') return await readBlock(node, first, site);
  if (first) {
    report(
      errorAt(
        first.keyAt,
        'playbook-invalid',
        `'${first.key}' needs a 'block' beside it`,
        "put the tasks that may fail below 'block:'",
      ),
    );
    return undefined;
  }
  const task = withoutAction(node, site);
  if (!task) return undefined;
  const doing = findDoing(task, site.context);
  if (!('action' in doing)) return readTask(task, doing, site, 'task');
  return await site.readers[doing.action](task, doing.entry, site);
}

function isNothing(node: YamlNode): boolean {
  return isEmpty(node) || (node.kind === 'list' && node.items.length === 0);
}

async function readBlock(node: MapNode, body: MapEntry, site: Site): Promise<Block> {
  checkKeywords(node, 'block', new Set(), site.context.report);
  const common = readCommon(node, site, body.keyAt);
  const name = common.name ?? 'block';
  const inside: Site = { ...common.site, path: site.uniqueId(`${site.path} / ${name}`) };
  const rescue = node.entries.get('rescue');
  const always = node.entries.get('always');
  const idle = isNothing(body.value)
    ? [rescue, always].find((part) => part && !isNothing(part.value))
    : undefined;
  if (idle) {
    const message = `'${idle.key}' belongs to a block, but this one has no tasks`;
    const hint = "put the tasks that may fail below 'block:'";
    site.context.report(errorAt(idle.keyAt, 'playbook-invalid', message, hint));
  }
  const inRescue: Site = { ...inside, names: addNames(inside.names, rescueNames), isConditional: true };
  const inAlways: Site = { ...inside, names: addNames(inside.names, alwaysNames) };
  return blockOf(common, name, {
    tasks: await readSteps(body.value, inside, body.key),
    rescue: rescue ? await readSteps(rescue.value, inRescue, rescue.key) : [],
    always: always ? await readSteps(always.value, inAlways, always.key) : [],
  });
}
