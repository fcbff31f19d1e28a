/**
 * Owns the hints for names that a template has wrong: helpers, variables and parts of values.
 */
import { nearest } from '../../core/errors.js';
import { helpers } from './helpers.js';

export function helperHint(name: string): string {
  const known = nearest(name, Object.keys(helpers));
  if (known) return `did you mean '${known}'?`;
  if (name === 'not') return 'write {{#unless x}}, or {{cel "!x"}}';
  return `there are ${Object.keys(helpers).join(', ')}; to compute, write {{cel "…"}}`;
}

/** A helper without a value is read as a variable. */
export function usageHint(name: string): string | undefined {
  const helper = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
  return helper && `'${name}' is a helper: write ${helper.usage}`;
}

export function nearestHint(name: string, names: Iterable<string>): string | undefined {
  const best = nearest(name, names);
  return best === undefined ? undefined : `did you mean '${best}'?`;
}
