/**
 * Owns how a YAML node becomes a template: strings with `{{` are compiled, everything else is itself. Rendering gives
 * a value of the node's form; a static check gives its shape.
 */
import { ZrunError, type Place } from '../../core/errors.js';
import type { Scope, VarsTemplate } from '../../core/template.js';
import { Unknown, UnknownValueError, type Value } from '../../core/value.js';
import { grantParts, type Declarations } from '../expression/declarations.js';
import { checkEntry, checkText } from './check.js';
import { readText } from './parse.js';
import { renderEntry, renderText } from './render.js';
import { holdsTemplate, type TextTemplate } from './tree.js';
import { findJinja } from '../functions/jinja-hints.js';
import { collectFindings, errorAt, type Report } from '../source/findings.js';
import type { PartialTemplate } from '../expression/scope.js';
import { anyShape, listOf, mergeShapes, objectOf, shapeOfValue, type Shape } from '../expression/shape.js';
import { describeNode, type ListNode, type MapNode, type ScalarNode, type YamlNode } from '../yaml/yaml.js';
import { compileExpression, type CompiledExpression } from '../expression/expression.js';

export interface CompiledTemplate extends PartialTemplate {
  /** Reports names that nothing defines; gives the shape of what it renders to. */
  check(declared: Declarations, report: Report): Shape;
  /**
   * As `render` (or `renderPartial`) and `check`, for the value of a parameter: undefined where it says `omit`, and is
   * to be left out.
   */
  renderEntry(scope: Scope, isPartial?: boolean): Value | undefined;
  checkEntry(declared: Declarations, report: Report): Shape;
  /** Where the part at this path stands (the nearest that does), and its key. */
  placeOf(path: readonly PropertyKey[]): { readonly value: Place; readonly key: Place | undefined };
}

/** Errors of syntax are reported, and the text is then taken as it is. */
export function compileTemplate(node: YamlNode, report: Report): CompiledTemplate {
  if (node.kind === 'scalar') {
    if (node.cel) return compileCel(node, report);
    if (node.sealed) {
      const { sealed } = node;
      return compileSealed(node.at, () => sealed.open());
    }
    if (typeof node.value !== 'string' || node.raw) return constant(node.value, node.at);
    const jinja = findJinja(node.text, 'yaml');
    if (jinja.length > 0) {
      jinja.forEach(report);
      return broken(node, holdsTemplate(node.value) ? readText(node.text, report).template : undefined);
    }
    if (!holdsTemplate(node.value)) return constant(node.value, node.at);
    const { template: parsed, isWhole } = readText(node.text, report);
    if (!parsed || !isWhole) return broken(node, parsed);
    return {
      ...leaf({
        at: node.at,
        isConstant: false,
        render: (scope) => renderText(parsed, scope),
        check: (declared, onError) => checkText(parsed, declared, onError),
      }),
      renderEntry: (scope, isPartial = false) =>
        isPartial ? orUnknown(() => renderEntry(parsed, scope)) : renderEntry(parsed, scope),
      checkEntry: (declared, onError) => checkEntry(parsed, declared, onError),
    };
  }
  if (node.kind === 'list')
    return node.rules
      ? compileRules(node, report)
      : compileList(
          node.at,
          node.items.map((item) => compileTemplate(item, report)),
        );
  return compileMap(node, report);
}

/** Stands for a text that was reported: what can be read of it is checked, so that all is said at once. */
function broken(node: ScalarNode, readable: TextTemplate | undefined): CompiledTemplate {
  const check = (declared: Declarations, report: Report): Shape => {
    if (readable) checkText(readable, declared, report);
    return anyShape;
  };
  return { ...constant(node.value, node.at), check, checkEntry: check };
}

/** Whether there is anything to render: a text with `{{`, an expression, or what is encrypted. */
export function isTemplateText({ cel, sealed, value, raw }: ScalarNode): boolean {
  return cel === true || sealed !== undefined || (typeof value === 'string' && !raw && holdsTemplate(value));
}

/** `!cel a + b`: the value of an expression, whatever its type. */
function compileCel(node: ScalarNode, report: Report): CompiledTemplate {
  const expression = compileExpression(node.text, report);
  if (!expression) return { ...constant(null, node.at), check: () => anyShape };
  return leaf({
    at: node.at,
    isConstant: false,
    render: (scope) => expression.evaluate(scope),
    check: (declared, onError) => expression.check(declared, onError),
  });
}

/** What is encrypted, opened where it is used. It is a text as it is, and no template. */
export function compileSealed(at: Place, open: () => Value): CompiledTemplate {
  return leaf({
    at,
    isConstant: false,
    render: open,
    check(_declared, report) {
      try {
        return shapeOfConstant(open());
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        report(error);
        return anyShape;
      }
    },
  });
}

interface CompiledRule {
  readonly when: CompiledExpression;
  readonly say: CompiledTemplate;
}

/**
 * `!rules`, a list of `{when, say}`: what those say whose conditions hold, in their order. Nothing is rendered of the
 * others, so that a text may use what its condition has made sure of.
 */
function compileRules({ at, items }: ListNode, report: Report): CompiledTemplate {
  const rules = items.map((item) => compileRule(item, report)).filter((rule) => rule !== undefined);
  return leaf({
    at,
    isConstant: false,
    render: (scope) =>
      rules.flatMap(({ when, say }) => (when.evaluate(scope) === true ? [say.render(scope)] : [])),
    check(declared, onError) {
      const shapes = rules.map(({ when, say }) => {
        when.check(declared, onError);
        return say.check(grantParts(declared, when.grants(true)), onError);
      });
      return listOf(shapes.length === 0 ? anyShape : shapes.reduce(mergeShapes));
    },
  });
}

/** Undefined if it is none, which is reported. */
function compileRule(node: YamlNode, report: Report): CompiledRule | undefined {
  const hint = 'write {when: CONDITION, say: TEXT}';
  if (node.kind !== 'map') {
    report(errorAt(node.at, 'playbook-invalid', `a rule must be a map, but is ${describeNode(node)}`, hint));
    return undefined;
  }
  for (const { key, keyAt } of node.entries.values())
    if (key !== 'when' && key !== 'say')
      report(errorAt(keyAt, 'playbook-invalid', `a rule has no '${key}'`, hint));
  const [when, say] = [node.entries.get('when')?.value, node.entries.get('say')?.value];
  if (when?.kind !== 'scalar' || !say) {
    report(errorAt(node.at, 'playbook-invalid', "a rule needs 'when', a condition, and 'say'", hint));
    return undefined;
  }
  const condition = compileExpression(when.text, report, { condition: true });
  return condition && { when: condition, say: compileTemplate(say, report) };
}

/**
 * As `compileTemplate`, but a text is parsed when it is first asked for, and what is wrong in it is an error only then:
 * an inventory may hold what another tool alone can read. `check` reports the error; `render` throws it. `refuse` says
 * what is wrong with a text before it is parsed; `explain` may put an error in other words.
 */
export function compileLater(
  node: YamlNode,
  refuse: (node: ScalarNode) => ZrunError | undefined,
  explain: (error: ZrunError) => ZrunError,
): CompiledTemplate {
  if (node.kind === 'list' && !node.rules)
    return compileList(
      node.at,
      node.items.map((item) => compileLater(item, refuse, explain)),
    );
  if (node.kind === 'map') {
    const entries = [...node.entries.values()];
    return mapTemplate(
      node.at,
      entries.map(({ key, keyAt, value }) => ({
        key,
        keyAt,
        template: compileLater(value, refuse, explain),
      })),
    );
  }
  const refused = node.kind === 'scalar' ? refuse(node) : undefined;
  if (!refused && node.kind === 'scalar' && !isTemplateText(node)) return constant(node.value, node.at);
  let compiled: CompiledTemplate | ZrunError | undefined = refused;
  const compile = (): CompiledTemplate | ZrunError => {
    if (compiled) return compiled;
    const findings = collectFindings();
    const template = compileTemplate(node, findings.report);
    const [error] = findings.errors;
    compiled = error ? explain(error) : template;
    return compiled;
  };
  return leaf({
    at: node.at,
    isConstant: false,
    render(scope) {
      const template = compile();
      if (template instanceof ZrunError) throw template;
      return template.render(scope);
    },
    check(declared, report) {
      const template = compile();
      if (!(template instanceof ZrunError)) return template.check(declared, report);
      report(template);
      return anyShape;
    },
  });
}

/** Each entry of a map as a variable. */
export function compileVars(node: MapNode, report: Report): Map<string, CompiledTemplate> {
  const vars = new Map<string, CompiledTemplate>();
  for (const { key, keyAt, value } of node.entries.values()) {
    if (isVariableName(key)) vars.set(key, compileTemplate(value, report));
    else {
      report(
        errorAt(
          keyAt,
          'playbook-invalid',
          `'${key}' cannot be a variable's name`,
          'use letters, digits and _, a letter first',
        ),
      );
    }
  }
  return vars;
}

/** Names that both templates and CEL can say. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** The templates of a map that the configuration itself compiled. */
export function compiledOf(vars: VarsTemplate): Map<string, CompiledTemplate> {
  const compiled = new Map<string, CompiledTemplate>();
  for (const [name, template] of vars) {
    compiled.set(
      name,
      'check' in template
        ? (template as CompiledTemplate)
        : { ...constant(null, template.at), check: () => anyShape },
    );
  }
  return compiled;
}

/** A value that is no template, whatever it holds. */
export function constant(value: Value, at: Place): CompiledTemplate {
  const render = (): Value => value;
  const check = (): Shape => shapeOfConstant(value);
  return {
    at,
    isConstant: true,
    render,
    renderPartial: render,
    renderEntry: render,
    check,
    checkEntry: check,
    placeOf: () => ({ value: at, key: undefined }),
  };
}

function leaf(template: Pick<CompiledTemplate, 'at' | 'isConstant' | 'render' | 'check'>): CompiledTemplate {
  return {
    ...template,
    renderEntry: (scope, isPartial = false) =>
      isPartial ? orUnknown(() => template.render(scope)) : template.render(scope),
    checkEntry: (declared, report) => template.check(declared, report),
    renderPartial: (scope) => orUnknown(() => template.render(scope)),
    placeOf: () => ({ value: template.at, key: undefined }),
  };
}

function orUnknown<T extends Value | undefined>(render: () => T): T | Unknown {
  try {
    return render();
  } catch (error) {
    if (error instanceof UnknownValueError) return new Unknown(error.waitsFor);
    throw error;
  }
}

function compileList(at: Place, items: readonly CompiledTemplate[]): CompiledTemplate {
  const list: CompiledTemplate = {
    at,
    isConstant: items.every((item) => item.isConstant),
    render: (scope) => items.map((item) => item.render(scope)),
    renderPartial: (scope) => items.map((item) => item.renderPartial(scope)),
    check(declared, report) {
      const shapes = items.map((item) => item.check(declared, report));
      return listOf(shapes.length === 0 ? anyShape : shapes.reduce(mergeShapes));
    },
    placeOf([first, ...rest]) {
      const item = typeof first === 'number' ? items[first] : undefined;
      return item ? item.placeOf(rest) : { value: at, key: undefined };
    },
    renderEntry: (scope, isPartial = false) => (isPartial ? list.renderPartial(scope) : list.render(scope)),
    checkEntry: (declared, report) => list.check(declared, report),
  };
  return list;
}

function compileMap(node: MapNode, report: Report): CompiledTemplate {
  for (const { key, keyAt } of node.entries.values()) {
    if (holdsTemplate(key)) {
      report(errorAt(keyAt, 'playbook-invalid', 'a key cannot be a template', 'only values are rendered'));
    }
  }
  const entries = [...node.entries.values()].map(
    ({ key, keyAt, value }) => ({ key, keyAt, template: compileTemplate(value, report) }) as const,
  );
  return mapTemplate(node.at, entries);
}

/** A map made of templates. */
export function mapTemplate(
  at: Place,
  entries: readonly { readonly key: string; readonly keyAt: Place; readonly template: CompiledTemplate }[],
): CompiledTemplate {
  const without = (valueOf: (template: CompiledTemplate) => Value | undefined): Value => {
    const values: (readonly [string, Value])[] = [];
    for (const { key, template } of entries) {
      const value = valueOf(template);
      if (value !== undefined) values.push([key, value]);
    }
    return Object.fromEntries(values);
  };
  const map: CompiledTemplate = {
    at,
    isConstant: entries.every(({ template }) => template.isConstant),
    render: (scope) => without((template) => template.renderEntry(scope)),
    renderPartial: (scope) => without((template) => template.renderEntry(scope, true)),
    check(declared, report) {
      const fields = entries.map(
        ({ key, template }) => [key, template.checkEntry(declared, report)] as const,
      );
      return objectOf(fields, { declared: false });
    },
    placeOf([first, ...rest]) {
      const entry = entries.find(({ key }) => key === first);
      if (!entry) return { value: at, key: undefined };
      const inner = entry.template.placeOf(rest);
      return rest.length === 0 ? { value: inner.value, key: entry.keyAt } : inner;
    },
    renderEntry: (scope, isPartial = false) => (isPartial ? map.renderPartial(scope) : map.render(scope)),
    checkEntry: (declared, report) => map.check(declared, report),
  };
  return map;
}

function shapeOfConstant(value: Value): Shape {
  if (Array.isArray(value)) return listOf(anyShape);
  return shapeOfValue(value);
}
