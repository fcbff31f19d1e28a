/**
 * Owns the one table of functions. Expressions and templates call what is in it, the check before the run rests on it,
 * and `zrun doc functions`, `zrun doc helpers` and completions read it.
 */
import type { FunctionEntry } from './function.js';
import { encodingFunctions } from './encodings.js';
import { listFunctions } from './lists.js';
import { mapFunctions, valueFunctions } from './maps.js';
import { networkFunctions } from './networks.js';
import { numberFunctions } from './numbers.js';
import { pathFunctions, versionFunctions } from './paths.js';
import { regexFunctions } from './regexes.js';
import { builtInFunctions } from './built-in.js';
import { textFunctions } from './text.js';
import { timeFunctions } from './times.js';

export const functionTable: readonly FunctionEntry[] = [
  ...valueFunctions,
  ...textFunctions,
  ...regexFunctions,
  ...listFunctions,
  ...mapFunctions,
  ...numberFunctions,
  ...encodingFunctions,
  ...pathFunctions,
  ...versionFunctions,
  ...networkFunctions,
  ...timeFunctions,
  ...builtInFunctions,
];

/** The names by which a template calls a function, and the function. */
export const functionsByHelper: ReadonlyMap<string, FunctionEntry> = new Map(
  functionTable.flatMap((entry) =>
    entry.apply ? helperNamesOf(entry).map((name) => [name, entry] as const) : [],
  ),
);

export const functionsByName: ReadonlyMap<string, FunctionEntry> = new Map(
  functionTable.map((entry) => [entry.name, entry]),
);

/** The functions that take the place of a filter of Ansible's or Jinja's. */
export const functionsByFilter: ReadonlyMap<string, FunctionEntry> = new Map(
  functionTable.flatMap((entry) => (entry.filters ?? []).map((filter) => [filter, entry] as const)),
);

/** The names that a function has in templates; none where it has no helper. */
export function helperNamesOf({ name, helpers, apply }: FunctionEntry): readonly string[] {
  return apply ? (helpers ?? [name]) : [];
}
