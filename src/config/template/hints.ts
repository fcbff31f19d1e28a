/**
 * Owns the hints for names that a template has wrong: helpers, variables and parts of values.
 */
import { nearest } from '../../core/errors.js';
import { hintForLookup, isLookup } from '../functions/ansible-words.js';
import { functionsByFilter, functionsByName, helperNamesOf } from '../functions/table.js';
import { usageOf } from '../functions/signature.js';
import { findHelper, helperNames } from './helpers.js';

export function helperHint(name: string): string {
  if (name === 'not') return 'write {{#unless x}}, or {{cel "!x"}}';
  const entry = functionsByFilter.get(name) ?? functionsByName.get(name);
  const [own] = entry ? helperNamesOf(entry) : [];
  if (entry && own !== undefined) return `zrun's is called '${own}': write ${usageOf(entry, own)}`;
  if (isLookup(name)) return hintForLookup();
  if (entry)
    return `it is a function of expressions: write {{cel "…"}} with ${entry.signatures.join(', or ')}`;
  const known = nearest(name, helperNames());
  if (known) return `did you mean '${known}'?`;
  return `'zrun doc helpers' lists them; to compute, write {{cel "…"}}`;
}

/** A helper or a function without a value is read as a variable. */
export function usageHint(name: string): string | undefined {
  const helper = findHelper(name);
  if (helper) return `'${name}' is a helper: write ${helper.usage}`;
  const form = functionsByName.get(name)?.signatures[0]?.replace(/: [^:]*$/, '');
  return form === undefined ? undefined : `'${name}' is a function of expressions: write {{cel "${form}"}}`;
}

export function nearestHint(name: string, names: Iterable<string>): string | undefined {
  const best = nearest(name, names);
  return best === undefined ? undefined : `did you mean '${best}'?`;
}
