/**
 * Owns how a variable's name becomes its value: layers, the strongest first, each template rendered when it is asked
 * for and once. Knows nothing of templates but that they render.
 */
import { errorAt } from '../source/findings.js';
import type { Scope, Template, VarsTemplate } from '../../core/template.js';
import { isMap, Unknown, UnknownValueError, type Value, type ValueMap } from '../../core/value.js';

/** A template that can hand out what is known of it while the rest waits for a task. */
export interface PartialTemplate extends Template {
  /** As `render`, but what rests on an unknown value is an `Unknown` itself. */
  renderPartial(scope: Scope): Value;
}

function canRenderPartially(template: Template): template is PartialTemplate {
  return 'renderPartial' in template;
}

/**
 * Layers from the weakest to the strongest. Values are handed out as they are: only what came from the user's files is
 * a template. A template in any layer sees the names of all layers. `asked` gets every name that is looked for.
 */
export function createScope(layers: readonly (ValueMap | VarsTemplate)[], asked?: Set<string>): Scope {
  const strongestFirst = [...layers].reverse();
  const rendered = new Map<string, Value>();
  const rendering: string[] = [];

  function find(name: string): { readonly value: Value } | { readonly template: Template } | undefined {
    asked?.add(name);
    for (const layer of strongestFirst) {
      if (isVarsTemplate(layer)) {
        const template = layer.get(name);
        if (template) return { template };
      } else if (Object.hasOwn(layer, name)) {
        const value = layer[name];
        if (value !== undefined) return { value };
      }
    }
    return name === 'vars' ? { value: everything() } : undefined;
  }

  /** Ansible's `vars`: all of them by their names, each rendered when it is asked for. */
  function everything(): ValueMap {
    const all: Record<string, Value> = {};
    for (const each of scope.names())
      Object.defineProperty(all, each, { enumerable: true, get: () => scope.peek(each) ?? null });
    return all;
  }

  function render(name: string, template: Template): Value {
    if (rendering.includes(name)) {
      const circle = [...rendering.slice(rendering.indexOf(name)), name].join(' → ');
      throw errorAt(
        template.at,
        'variable-cycle',
        rendering.length === 1
          ? `'${name}' refers to itself`
          : `variables refer to each other in a circle: ${circle}`,
        'give one of them a value of its own',
      );
    }
    rendering.push(name);
    try {
      return canRenderPartially(template) ? template.renderPartial(scope) : template.render(scope);
    } catch (error) {
      if (error instanceof UnknownValueError) return new Unknown(error.waitsFor);
      throw error;
    } finally {
      rendering.pop();
    }
  }

  const scope: Scope = {
    peek(name) {
      const known = rendered.get(name);
      if (known !== undefined) return known;
      const found = find(name);
      if (!found) return undefined;
      const value = 'value' in found ? found.value : render(name, found.template);
      rendered.set(name, value);
      return value;
    },
    get(name) {
      const value = scope.peek(name);
      if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
      return value;
    },
    has: (name) => find(name) !== undefined,
    names() {
      const names = new Set<string>();
      for (const layer of strongestFirst) {
        for (const name of isVarsTemplate(layer) ? layer.keys() : Object.keys(layer)) names.add(name);
      }
      return names;
    },
  };
  return scope;
}

function isVarsTemplate(layer: ValueMap | VarsTemplate): layer is VarsTemplate {
  return layer instanceof Map;
}

/** A part of a value by its own keys: nothing that a prototype has is ever reached. Undefined: it is not there. */
export function ownPart(value: Value, key: string): Value | undefined {
  if (isMap(value)) return Object.hasOwn(value, key) ? value[key] : undefined;
  if (!Array.isArray(value)) return undefined;
  const list: readonly Value[] = value;
  if (key === 'length') return list.length;
  return /^\d+$/.test(key) ? list[Number(key)] : undefined;
}
