/** Owns the list of schemas that there are, by the name under which a user asks for one. */
import type { Module } from '../../core/module.js';
import { inventorySchema, variablesSchema } from './inventory.js';
import type { JsonSchema } from './json-schema.js';
import { playbookSchema, tasksSchema } from './playbook.js';

export const schemas: Readonly<
  Record<string, { readonly of: string; make(modules: ReadonlyMap<string, Module>): JsonSchema }>
> = {
  playbook: { of: 'playbooks', make: playbookSchema },
  tasks: { of: 'files of tasks, as roles have them', make: tasksSchema },
  inventory: { of: 'inventories in YAML', make: inventorySchema },
  vars: { of: 'files of variables: group_vars, host_vars, vars_files', make: variablesSchema },
};
