/**
 * Owns the list of steps that are no module's, and who reads each: one line each.
 */
import { readIncludedVars } from './steps/include-vars.js';
import { readTasksFile } from './steps/includes.js';
import { readMeta } from './steps/meta.js';
import { readRoleStep } from './roles/steps.js';
import type { StepReaders } from './reading/site.js';

export const stepReaders: StepReaders = {
  import_tasks: (node, entry, site) => readTasksFile(node, 'import_tasks', entry, site),
  include_tasks: (node, entry, site) => readTasksFile(node, 'include_tasks', entry, site),
  import_role: (node, entry, site) => readRoleStep(node, 'import_role', entry, site),
  include_role: (node, entry, site) => readRoleStep(node, 'include_role', entry, site),
  include_vars: readIncludedVars,
  meta: readMeta,
};
