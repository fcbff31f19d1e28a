/**
 * Owns what the rest of zrun may use of the configuration: text in, validated values with positions out.
 * What only one verb needs (lint, schema) has an index of its own, so that a run does not load it.
 */
export { parseExtraVars } from './extra-vars.js';
export { helpers as templateHelpers } from './helpers.js';
export { celFunctions } from './cel-environment.js';
export {
  checkConnections,
  loadInventory,
  readInventory,
  type Group,
  type Inventory,
  type InventoryHost,
  type InventoryOptions,
  type InventorySources,
} from './inventory.js';
export { keywords } from './keywords.js';
export { createLanguage } from './language.js';
export { findMisspelt } from './name-use.js';
export { createNameUse, type NameUse } from './declarations.js';
export { readLimit, selectHosts, type Limit } from './patterns.js';
export { loadPlaybook, type LoadPlaybookOptions } from './playbook.js';
export { createScope } from './scope.js';
export { formatJson, formatPython, formatYaml } from './value-text.js';
