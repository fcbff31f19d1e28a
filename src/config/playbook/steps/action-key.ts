/**
 * Owns Ansible's older way to name a module, `action:` and `local_action:`, and makes the newer way of it.
 */
import type { Place } from '../../../core/errors.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from '../reading/site.js';
import { describeNode, type MapEntry, type MapNode, type ScalarNode } from '../../yaml/yaml.js';

/** A task with the module that it names as a key of its own; undefined if that is none, which is reported. */
export function withoutAction(node: MapNode, { context }: Site): MapNode | undefined {
  const entry = node.entries.get('action') ?? node.entries.get('local_action');
  if (!entry) return node;
  const named = actionEntry(entry);
  if (!named) {
    const message = `'${entry.key}' must name a module, but is ${describeNode(entry.value)}`;
    const hint = 'write the module as a key of the task: copy: {…}';
    context.report(errorAt(entry.value.at, 'playbook-invalid', message, hint));
    return undefined;
  }
  const entries = new Map(
    [...node.entries].filter(([key]) => key !== entry.key).concat([[named.key, named]]),
  );
  if (entry.key === 'local_action' && !entries.has('delegate_to')) {
    const value = textNode('localhost', entry.keyAt);
    entries.set('delegate_to', { key: 'delegate_to', keyAt: entry.keyAt, value });
  }
  if (entry.key === 'local_action' && !entries.has('connection')) {
    // Whatever the play says of the way to its hosts.
    const value = textNode('local', entry.keyAt);
    entries.set('connection', { key: 'connection', keyAt: entry.keyAt, value });
  }
  return { ...node, entries };
}

/** What `action: copy …` names, as the module's own key would say it; undefined where it names none. */
export function actionEntry({ value }: MapEntry): MapEntry | undefined {
  if (value.kind === 'map') {
    const module = value.entries.get('module');
    if (module?.value.kind !== 'scalar' || typeof module.value.value !== 'string') return undefined;
    const entries = new Map([...value.entries].filter(([key]) => key !== 'module'));
    return {
      key: module.value.value,
      keyAt: module.value.at,
      value: { kind: 'map', at: value.at, entries },
    };
  }
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return undefined;
  const { text } = value;
  const [, word = '', space = '', rest = ''] = /^(\S+)(\s*)([\s\S]*)$/.exec(text.text) ?? [];
  if (word === '') return undefined;
  const from = word.length + space.length;
  const at = rest === '' ? value.at : text.inside(from, text.text.length);
  const free: ScalarNode = {
    ...value,
    at,
    value: rest === '' ? null : rest,
    text: { text: rest, at, inside: (start, end) => text.inside(from + start, from + end) },
  };
  return { key: word, keyAt: text.inside(0, word.length), value: free };
}

function textNode(text: string, at: Place): ScalarNode {
  return {
    kind: 'scalar',
    at,
    value: text,
    raw: false,
    plain: true,
    text: { text, at, inside: () => at },
  };
}
