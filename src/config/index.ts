/**
 * Owns what the rest of zrun may use of the configuration: text in, validated values with positions out.
 * What only one verb needs (lint, schema) has an index of its own, so that a run does not load it.
 */
export { parseExtraVars } from './inventory/extra-vars.js';
export {
  checkConnections,
  type Group,
  type Inventory,
  type InventoryOptions,
} from './inventory/inventory.js';
export { loadInventory, readInventory, type InventorySources } from './inventory/read-inventory.js';
export { keywords } from './playbook/reading/keywords.js';
export { findMisspelt } from './playbook/name-use.js';
export { createNameUse } from './expression/declarations.js';
export { countsPlaces, readLimit, selectHosts, type Limit } from './inventory/patterns.js';
export { loadAdHocTask, type AdHocTask } from './playbook/ad-hoc/play.js';
export { loadPlaybook } from './playbook/playbook.js';
export { createScope } from './expression/scope.js';
export { formatJson, formatPython, formatYaml } from './template/value-text.js';
