/**
 * Owns how one task that stands on a command line (`zrun exec`) becomes a play, read and checked as those of playbooks are.
 */
import type { Source } from '../../../core/errors.js';
import type { Playbook } from '../../../core/plan.js';
import { errorAt } from '../../source/findings.js';
import { wholeText } from '../../source/source.js';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from '../../yaml/yaml.js';
import { moduleNamed, unknownModule } from '../steps/doing.js';
import type { PlaybookContext } from '../reading/context.js';
import { readPlaybook, type LoadPlaybookOptions } from '../playbook.js';
import { readWritten } from './written.js';

/** What one task is to do on which hosts. */
export interface AdHocTask {
  /** What the user typed: `exec`, `ping`. */
  readonly verb: string;
  readonly hosts: string;
  readonly module: string;
  readonly name: string;
  /** What stands behind `-a`; or parameters, each taken as it is. */
  readonly args: string | Readonly<Record<string, string | readonly string[]>>;
}

/** Throws as `loadPlaybook` does. Its files are looked for in the current folder. */
export async function loadAdHocTask(task: AdHocTask, options: LoadPlaybookOptions): Promise<Playbook> {
  return readPlaybook(task.verb, options, (context) => playOf(task, context));
}

function playOf({ hosts, module: name, name: title, args }: AdHocTask, context: PlaybookContext): YamlNode {
  const source: Source = { name: '-m', text: name };
  const module = moduleNamed(name, context.modules);
  if (!module) throw unknownModule({ key: name, at: wholeText(source).at, modules: context.modules });
  const value =
    typeof args === 'string'
      ? readWritten(module, { name: '-a', text: args })
      : mapNode(
          Object.fromEntries(
            Object.entries(args).map(([key, given]) => [
              key,
              typeof given === 'string' ? rawNode('--', given) : listNode(given),
            ]),
          ),
        );
  if (module.freeForm !== undefined && value.entries.size === 0)
    throw errorAt(undefined, 'usage', `'${name}' needs to know what to run`, `zrun exec ${hosts} -- COMMAND`);
  const keyAt = wholeText(source).at;
  const call: MapEntry = { key: module.name, keyAt, value };
  const task = mapNode({ name: rawNode('task', title) }, call);
  const play = mapNode({
    hosts: rawNode('PATTERN', hosts),
    gather_facts: rawNode('gather_facts', false),
    tasks: { kind: 'list', at: keyAt, items: [task] },
  });
  return { kind: 'list', at: keyAt, items: [play] };
}

function listNode(items: readonly string[]): YamlNode {
  const nodes = items.map((item) => rawNode('--', item));
  return { kind: 'list', at: wholeText({ name: '--', text: items.join(' ') }).at, items: nodes };
}

function mapNode(values: Readonly<Record<string, YamlNode>>, ...more: readonly MapEntry[]): MapNode {
  const { at } = wholeText({ name: 'exec', text: '' });
  const entries = Object.entries(values).map(([key, value]) => ({ key, keyAt: value.at, value }));
  return { kind: 'map', at, entries: new Map([...entries, ...more].map((entry) => [entry.key, entry])) };
}

/** No template, whatever is in it. */
function rawNode(name: string, value: string | boolean): ScalarNode {
  const text = wholeText({ name, text: String(value) });
  return { kind: 'scalar', at: text.at, value, raw: true, plain: false, text };
}
