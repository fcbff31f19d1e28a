/**
 * Owns a variable of an inventory: a template like any other, compiled when it is first used, which also knows how it
 * was written. People bring inventories that were made for Ansible: what zrun cannot read in them (Jinja, values that no
 * key opens) is an error where it is used, and none where it merely stands.
 */
import type { Place, ZrunError } from '../../core/errors.js';
import { keepSecret } from '../../core/secret.js';
import { isList, isMap, type Value } from '../../core/value.js';
import type { Keyring } from '../../secrets/keyring.js';
import { holdsTemplate } from '../template/tree.js';
import { hintForJinja, refuseJinja } from '../functions/jinja-hints.js';
import { errorAt } from '../source/findings.js';
import { compileLater, compileSealed, constant, type CompiledTemplate } from '../template/template.js';
import type { ScalarNode, YamlNode } from '../yaml/yaml.js';

export interface InventoryVariable extends CompiledTemplate {
  /** The value with its templates as they are written; `!vault` and `!unsafe` as `ansible-inventory` shows them. */
  readonly written: Value;
}

export type InventoryVariables = ReadonlyMap<string, InventoryVariable>;

/** A value in an inventory of the user's. */
export function variableOf(node: YamlNode): InventoryVariable {
  // Most are plain, and an inventory may hold very many.
  if (node.kind === 'scalar' && !node.raw && !mayBeTemplate(node.value))
    return plainVariable(node.value, node.at);
  return withWritten(node, compileLater(node, refuseForeign, explainJinja));
}

/** A template that also knows how it was written. */
export function withWritten(node: YamlNode, template: CompiledTemplate): InventoryVariable {
  let written: { readonly value: Value } | undefined;
  return {
    ...template,
    get written() {
      written ??= { value: writtenValue(node) };
      return written.value;
    },
  };
}

/** A value that is as it is, whatever braces it holds. */
export function plainVariable(value: Value, at: Place): InventoryVariable {
  return { ...constant(value, at), written: value };
}

/** Each entry of a map. Any key will do: what no template can name does no harm. */
export function variablesOf(node: YamlNode & { readonly kind: 'map' }): Map<string, InventoryVariable> {
  return new Map([...node.entries.values()].map(({ key, value }) => [key, variableOf(value)]));
}

/** What a program printed: never a template, for a name or a tag in it may be somebody else's. */
export function programVariable(value: Value, at: Place, keys: Keyring): InventoryVariable {
  if (!holdsVault(value)) return { ...constant(withoutMarks(value), at), written: value };
  let opened: Value | undefined;
  return { ...compileSealed(at, () => (opened ??= openMarks(value, at, keys))), written: value };
}

function writtenValue(node: YamlNode): Value {
  if (node.kind === 'list') return node.items.map(writtenValue);
  if (node.kind === 'map')
    return Object.fromEntries([...node.entries.values()].map(({ key, value }) => [key, writtenValue(value)]));
  if (node.sealed) return { [node.sealed.tag === 'vault' ? '__ansible_vault' : '__age']: node.value };
  return node.raw ? { __ansible_unsafe: node.value } : node.value;
}

/** Ansible's own marks in JSON: a map with this one key stands for its value. */
function withoutMarks(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (!isMap(value)) return value;
  const unsafe = value['__ansible_unsafe'];
  if (unsafe !== undefined) return unsafe;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutMarks(inner)]));
}

function holdsVault(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isMap(value) && Object.hasOwn(value, '__ansible_vault')) return true;
  return (Object.values(value) as readonly Value[]).some(holdsVault);
}

/** Throws ZrunError `decrypt-failed`. */
function openMarks(value: Value, at: Place, keys: Keyring): Value {
  if (isList(value)) return value.map((inner) => openMarks(inner, at, keys));
  if (!isMap(value)) return value;
  const vault = value['__ansible_vault'];
  if (typeof vault === 'string') {
    const text = keys.open(vault, at).content.toString('utf8');
    keepSecret(text);
    return text;
  }
  const unsafe = value['__ansible_unsafe'];
  if (unsafe !== undefined) return unsafe;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, openMarks(inner, at, keys)]));
}

function mayBeTemplate(value: ScalarNode['value']): boolean {
  return typeof value === 'string' && value.includes('{');
}

function refuseForeign(node: ScalarNode): ZrunError | undefined {
  if (typeof node.value !== 'string' || node.raw) return undefined;
  return refuseJinja(node.text, 'yaml');
}

/** What a person who wrote Jinja is told, in place of what one is told who writes Handlebars. */
function explainJinja(error: ZrunError): ZrunError {
  const { at, message } = error;
  if (!at || error.code !== 'template-syntax') return error;
  // The place may be a part of the braces: all of them are needed.
  const { text } = at.source;
  const start = text.slice(at.start, at.start + 2) === '{{' ? at.start : text.lastIndexOf('{{', at.start);
  const end = text.indexOf('}}', at.start);
  if (start < 0 || end < 0) return error;
  const hint = hintForJinja(text.slice(start, end + 2));
  return hint === undefined ? error : errorAt(at, error.code, message, hint, { cause: error });
}

/** True where a value from elsewhere looks as if it were meant as a template. */
export function looksLikeTemplate(value: Value): boolean {
  if (typeof value === 'string') return holdsTemplate(value);
  if (typeof value !== 'object' || value === null) return false;
  return (Object.values(value) as readonly Value[]).some(looksLikeTemplate);
}
