/** Owns the check that what a loose schema let through is a value as playbooks have them. */
import { Unknown, type Value } from './value.js';

export function isValue(value: unknown): value is Value {
  if (value === null || value instanceof Unknown) return true;
  if (Array.isArray(value)) return value.every(isValue);
  if (typeof value === 'object') return Object.values(value).every(isValue);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Why a name cannot be a variable's; undefined where it can. */
export function problemOfName(name: string): string | undefined {
  if (/^[A-Za-z_]\w*$/.test(name)) return undefined;
  return `'${name}' cannot be a variable's name: letters, digits and _ only, and no digit first`;
}
