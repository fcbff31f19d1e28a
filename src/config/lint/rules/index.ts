/** Owns the list of rules: a rule exists when it stands here. */
import type { Rule } from '../rule.js';
import { checkModeRuns, commandChanged, commandGlob, commandModule, commandUnquoted } from './commands.js';
import { conditionConstant } from './conditions.js';
import { errorsIgnored } from './failures.js';
import { handlerUnused, notifyNever } from './handlers.js';
import { registerUnused, taskUnnamed } from './names.js';
import { modeOpen, secretShown } from './secrets.js';
import { shellErrexit, shellNeedless, shellUnquoted } from './shell.js';
import { varsHidden, varsOverridden } from './vars.js';

export const rules: readonly Rule[] = [
  checkModeRuns,
  commandChanged,
  commandGlob,
  commandModule,
  commandUnquoted,
  conditionConstant,
  errorsIgnored,
  handlerUnused,
  modeOpen,
  notifyNever,
  registerUnused,
  secretShown,
  shellErrexit,
  shellNeedless,
  shellUnquoted,
  taskUnnamed,
  varsHidden,
  varsOverridden,
];
