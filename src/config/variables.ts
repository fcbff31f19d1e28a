/**
 * Owns the names that every playbook may use without defining them, and what a registered result holds.
 */
import type { Module } from '../core/module.js';
import type { DeclaredNames, ShapeSource } from './declarations.js';
import { ignoreFindings } from './report.js';
import {
  anyShape,
  boolShape,
  itemOf,
  listOf,
  mapOf,
  maybe,
  objectOf,
  shapeOfSchema,
  textShape,
  type Shape,
} from './shape.js';
import type { CompiledTemplate } from './template.js';

/** Ansible's magic variables, as far as the engine sets them. */
export const magicNames: ReadonlyMap<string, readonly Shape[]> = new Map([
  ['inventory_hostname', [textShape]],
  ['inventory_hostname_short', [textShape]],
  ['group_names', [listOf(textShape)]],
  ['groups', [mapOf(listOf(textShape))]],
  ['ansible_check_mode', [boolShape]],
  ['zrun_run_id', [textShape]],
  ['playbook_dir', [textShape]],
]);

/** What a block's rescue knows besides. */
export const rescueNames: DeclaredNames = new Map<string, readonly ShapeSource[]>([
  ['ansible_failed_task', [objectOf([['name', textShape]])]],
  ['ansible_failed_result', [objectOf([['msg', textShape]], { open: true })]],
]);

const resultFields: readonly (readonly [string, Shape])[] = [
  ['changed', boolShape],
  ['failed', boolShape],
  ['skipped', boolShape],
  ['msg', maybe(anyShape)],
];

/** What `register` gets from a module, once or from a loop. */
export function resultShape(module: Module, isLoop: boolean): Shape {
  const returned = shapeOfSchema(module.returns);
  const fields = returned.type === 'object' ? returned.fields : new Map<string, Shape>();
  const open = returned.type !== 'object' || returned.open;
  if (!isLoop) return objectOf([...resultFields, ...fields], { open });
  const item = objectOf([...resultFields, ['item', anyShape], ...fields], { open });
  return objectOf([...resultFields, ['results', listOf(item)]]);
}

/** The item of a loop over what a template renders to. */
export function loopItem(loop: CompiledTemplate): ShapeSource {
  return { check: (declared) => itemOf(loop.check(declared, ignoreFindings)) };
}

/** Why a name may be missing, where more can be said than that. */
export function explainUnknownName(name: string): string | undefined {
  if (name === 'facts')
    return "facts are there unless 'gather_facts: false' says no; take that out, or add a task 'setup:'";
  if (
    name === 'ansible_facts' ||
    /^ansible_(?:distribution|os_family|kernel|hostname|memtotal_mb|mounts|processor)/.test(name)
  ) {
    return "facts stand below 'facts'; 'zrun doc setup' lists them";
  }
  if (name === 'item') return "'item' is there in a task with loop:";
  if (name === 'hostvars' || name.startsWith('ansible_play_')) return `zrun does not have '${name}' yet`;
  if (name === 'omit') return 'leave the parameter out; there is no omit';
  if (name === 'lookup' || name === 'query')
    return 'there are no lookups; give values with -e @file.yaml or vars_files:';
  return undefined;
}
