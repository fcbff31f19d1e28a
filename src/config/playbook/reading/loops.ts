/**
 * Owns how a loop and its `loop_control` are read, and the names that hold in it.
 */
import { nearest } from '../../../core/errors.js';
import type { Loop } from '../../../core/plan.js';
import { addNames, type NameLayer } from '../../expression/declarations.js';
import { isTemplateNode } from './fields.js';
import { errorAt } from '../../source/findings.js';
import { numberSetting } from './settings.js';
import { anyShape } from '../../expression/shape.js';
import type { Site } from './site.js';
import { compileTemplate, isVariableName, type CompiledTemplate } from '../../template/template.js';
import { loopItem, loopNames } from './variables.js';
import { describeNode, type MapEntry, type MapNode } from '../../yaml/yaml.js';

/** What is known of a loop before the names that hold in it are. */
interface FoundLoop {
  readonly names: NameLayer;
  /** For the task to read: these conditions may ask for what came of an item. */
  readonly breakWhen: MapEntry | undefined;
  /**
   * `names`: those of a task in the loop, its vars too; `outside`: those that its list may use. No item breaks it yet.
   */
  finish(names: NameLayer, outside: NameLayer): Loop | undefined;
}

const controls = ['loop_var', 'label', 'index_var', 'pause', 'extended', 'extended_allitems', 'break_when'];

/** `of`: an include's loop cannot be ended early, for nothing comes of an item by itself. */
export function findLoop(node: MapNode, site: Site, of: 'task' | 'include' = 'task'): FoundLoop {
  const { context, read } = site;
  const entry = node.entries.get('loop');
  const controlEntry = node.entries.get('loop_control');
  const control = controlEntry && read.map(controlEntry);
  if (control) checkControls(control, site, of);
  const get = (name: string): MapEntry | undefined => control?.entries.get(name);
  const variable = readName(get('loop_var'), site) ?? 'item';
  const indexVariable = readName(get('index_var'), site);
  const extended = get('extended');
  const isExtended = (extended && read.boolean(extended)) ?? false;
  const allItems = get('extended_allitems');
  const hasAllItems = (allItems && read.boolean(allItems)) ?? true;
  const items = entry && compileTemplate(entry.value, context.report);
  // A loop of another form is an error already; what uses its item is none.
  const isOther = [...node.entries.keys()].some((key) => key.startsWith('with_'));
  const item = items ? loopItem(items) : isOther ? anyShape : undefined;
  return {
    breakWhen: get('break_when'),
    names: item
      ? addNames(site.names, loopNames(item, { variable, indexVariable, isExtended, hasAllItems }))
      : site.names,
    finish(names, outside) {
      if (!entry || !items) return undefined;
      checkItems(entry, items, { ...site, names: outside });
      const written = get('label');
      const compiledLabel = written && compileTemplate(written.value, context.report);
      if (compiledLabel)
        context.later(names, (declared, report) => void compiledLabel.check(declared, report));
      const pause = numberSetting(get('pause'), { ...site, names }, { least: 0 }, 0);
      const label = compiledLabel;
      return { items, variable, label, indexVariable, pause, isExtended, hasAllItems, breakWhen: [] };
    },
  };
}

function checkControls(control: MapNode, { context }: Site, of: 'task' | 'include'): void {
  const { report } = context;
  for (const { key, keyAt } of control.entries.values()) {
    if (key === 'break_when' && of === 'include') {
      const message = "an include's loop has no 'break_when'";
      report(errorAt(keyAt, 'keyword-unsupported', message, 'put a condition on what is inside'));
      continue;
    }
    if (controls.includes(key)) continue;
    const near = nearest(key, controls);
    const known = `it has ${controls.join(', ')}`;
    report(
      errorAt(
        keyAt,
        'playbook-invalid',
        `loop_control has no '${key}'`,
        near === undefined ? known : `did you mean '${near}'?`,
      ),
    );
  }
}

/** A variable's name. */
export function readName(entry: MapEntry | undefined, { read, context }: Site): string | undefined {
  const name = entry && read.text(entry);
  if (!entry || name === undefined || isVariableName(name)) return name;
  context.report(
    errorAt(
      entry.value.at,
      'playbook-invalid',
      `'${name}' cannot be a variable's name`,
      'use letters, digits and _, a letter first',
    ),
  );
  return undefined;
}

function checkItems({ value }: MapEntry, template: CompiledTemplate, { context, names }: Site): void {
  const isTemplate = isTemplateNode(value);
  if (value.kind !== 'list' && !isTemplate) {
    const hint =
      value.kind === 'map'
        ? "begin each item with '- '"
        : 'write a list, or a template of one: "{{ disks }}"';
    context.report(
      errorAt(value.at, 'playbook-invalid', `'loop' must be a list, but is ${describeNode(value)}`, hint),
    );
  }
  context.later(names, (declared, report) => {
    const shape = template.check(declared, report);
    if (isTemplate && !['any', 'list', 'maybe'].includes(shape.type)) {
      const hint =
        shape.type === 'string' ? 'a template that is one single {{ expression }} keeps its type' : undefined;
      report(errorAt(value.at, 'expression-type', "'loop' needs a list, and this is none", hint));
    }
  });
}
