/**
 * Owns short ways from text to what the configuration makes of it, for tests.
 */
import { ZrunError } from '../../src/core/errors.js';
import type { Scope } from '../../src/core/template.js';
import type { Value, ValueMap } from '../../src/core/value.js';
import { compileExpression } from '../../src/config/expression/expression.js';
import { throwFindings } from '../../src/config/source/findings.js';
import { createScope } from '../../src/config/expression/scope.js';
import { looseText } from '../../src/config/source/source.js';
import { compileTemplate, compileVars, type CompiledTemplate } from '../../src/config/template/template.js';
import { parseYaml, type YamlNode } from '../../src/config/yaml/yaml.js';

export function readNode(text: string): YamlNode {
  const node = parseYaml({ name: 'test.yaml', text }, throwFindings);
  if (!node) throw new Error('no YAML');
  return node;
}

export function readTemplate(text: string): CompiledTemplate {
  return compileTemplate(readNode(text), throwFindings);
}

export function readVars(text: string): ReadonlyMap<string, CompiledTemplate> {
  const node = readNode(text);
  if (node.kind !== 'map') throw new Error('no map');
  return compileVars(node, throwFindings);
}

/** A map whose values are made when they are asked for. */
export function lazy(keys: readonly string[], valueOf: (key: string) => Value): ValueMap {
  const map: Record<string, Value> = {};
  for (const key of keys) Object.defineProperty(map, key, { enumerable: true, get: () => valueOf(key) });
  return map;
}

/** Renders a text that is no YAML. */
export function render(text: string, values: ValueMap): Value {
  return readTemplate(JSON.stringify(text)).render(createScope([values]));
}

export function evaluate(text: string, scope: Scope | ValueMap): Value {
  const compiled = compileExpression(looseText('expression', text), throwFindings);
  if (!compiled) throw new Error('not compiled');
  return compiled.evaluate(isScope(scope) ? scope : createScope([scope]));
}

function isScope(scope: Scope | ValueMap): scope is Scope {
  return typeof scope['peek'] === 'function';
}

/** The message and the place of the error that something throws: `expression:1:3: …`. */
export function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    return error.message;
  }
  throw new Error('nothing was thrown');
}
