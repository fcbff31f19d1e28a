/**
 * Owns a task's arguments: the forms in which they are written, and their check against the module's schema as far as
 * they are literal.
 */
import { allFacts } from '../../expression/declarations.js';
import { nearest, type Place } from '../../../core/errors.js';
import type { Module } from '../../../core/module.js';
import { isMap } from '../../../core/value.js';
import { compileExpression, type CompiledExpression } from '../../expression/expression.js';
import { namesWhere } from '../reading/conditions.js';
import { isTemplateNode } from '../reading/fields.js';
import { checkText } from '../../template/check.js';
import { holdsTemplate } from '../../template/tree.js';
import { explainIssue, literalValue, roleOf } from '../reading/parameters.js';
import type { PlaybookContext } from '../reading/context.js';
import { errorAt } from '../../source/findings.js';
import { anyShape } from '../../expression/shape.js';
import type { Site } from '../reading/site.js';
import {
  compileTemplate,
  constant,
  isTemplateText,
  mapTemplate,
  type CompiledTemplate,
} from '../../template/template.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../../yaml/yaml.js';

export interface ModuleCall {
  readonly module: Module;
  readonly at: Place;
  readonly args: CompiledTemplate;
  /** The parameters as templates, for modules whose parameters are variables. */
  readonly parameters: ReadonlyMap<string, CompiledTemplate>;
  /** The same as they are written. */
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** Reads the arguments in whatever form they are written. `site`: the task's own, with the names that hold in it. */
export function readArguments(
  module: Module,
  entry: MapEntry,
  argsEntry: MapEntry | undefined,
  site: Site,
): ModuleCall {
  const { context, names, read } = site;
  const map = toMap(module, entry, context);
  const extra = argsEntry && read.map(argsEntry);
  const written = new Map([...(map?.entries ?? []), ...(extra?.entries ?? [])]);
  const entries = underOwnNames(module, written, context);
  const merged: MapNode = { kind: 'map', at: entry.value.at, entries };
  const parameters = new Map<string, CompiledTemplate>();
  for (const parameter of entries.values()) {
    parameters.set(parameter.key, compileParameter(module, parameter, site));
  }
  const args = mapTemplate(
    entry.keyAt,
    [...entries.values()].map(({ key, keyAt }) => ({
      key,
      keyAt,
      template: parameters.get(key) ?? constant(null, keyAt),
    })),
  );
  if (map) checkLiterals(module, merged, entry.keyAt, args, context);
  context.later(names, (declared, report) => void args.check(declared, report));
  return { module, at: entry.keyAt, args, parameters, entries };
}

/** One that is given under two names is reported. */
function underOwnNames(
  module: Module,
  written: ReadonlyMap<string, MapEntry>,
  { report }: PlaybookContext,
): ReadonlyMap<string, MapEntry> {
  const found = new Map<string, MapEntry>();
  const writtenAs = new Map<string, string>();
  for (const entry of written.values()) {
    const key = module.aliases.get(entry.key) ?? entry.key;
    const other = writtenAs.get(key);
    writtenAs.set(key, entry.key);
    found.set(key, { ...entry, key });
    if (other === undefined) continue;
    const hint = `'${other}' and '${entry.key}' are the same: leave out one of them`;
    report(errorAt(entry.keyAt, 'parameter-invalid', `'${key}' is given twice, under two names`, hint));
  }
  return found;
}

/** The map that an argument in another form stands for; undefined if it is none, which is reported. */
function toMap(
  module: Module,
  { key, keyAt, value }: MapEntry,
  context: PlaybookContext,
): MapNode | undefined {
  const { report } = context;
  if (value.kind === 'map') return value;
  if (value.kind === 'scalar' && value.value === null) return { kind: 'map', at: keyAt, entries: new Map() };
  const pairs = value.kind === 'scalar' ? keyValuePairs(value.text.text) : undefined;
  const known = new Set(Object.keys(module.params.shape));
  if (pairs && value.kind === 'scalar') {
    const misplaced = module.freeForm === undefined ? pairs : pairs.filter(([name]) => known.has(name));
    if (module.freeForm === undefined || misplaced.length > 0) {
      const isAll =
        misplaced.length === pairs.length && value.text.text.replaceAll(pairForm, '').trim() === '';
      const form =
        isAll || module.freeForm === undefined ? yamlForm(key, pairs) : `args:\n${indented(misplaced)}`;
      report(
        errorAt(
          value.at,
          'parameter-invalid',
          `the parameters of '${key}' are written as name=value, which zrun does not read`,
          `write\n${form}`,
        ),
      );
      return undefined;
    }
  }
  if (module.freeForm !== undefined && value.kind === 'scalar') {
    const entry: MapEntry = { key: module.freeForm, keyAt, value: asText(value) };
    return { kind: 'map', at: value.at, entries: new Map([[module.freeForm, entry]]) };
  }
  const names = [...known].slice(0, 6).join(', ');
  report(
    errorAt(
      value.at,
      'parameter-invalid',
      `the parameters of '${key}' must be a map, but are ${describeNode(value)}`,
      `it has ${names}`,
    ),
  );
  return undefined;
}

/** `command: 42` runs the text `42`. */
function asText(node: YamlNode): YamlNode {
  if (node.kind !== 'scalar' || typeof node.value === 'string') return node;
  return { ...node, value: node.text.text };
}

const pairForm = /(?:^|\s)([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\{\{.*?\}\}\S*|\S*)/g;

function keyValuePairs(text: string): readonly (readonly [string, string])[] | undefined {
  const pairs = [...text.matchAll(pairForm)];
  return pairs.length === 0 ? undefined : pairs.map(([, name = '', value = '']) => [name, value] as const);
}

function yamlForm(module: string, pairs: readonly (readonly [string, string])[]): string {
  return `${module}:\n${indented(pairs)}`;
}

function indented(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `  ${name}: ${needsQuotes(value) ? `"${value}"` : value}`).join('\n');
}

/** A template would be read as a map, and 0644 as a number. */
function needsQuotes(value: string): boolean {
  return /^0\d/.test(value) || (holdsTemplate(value) && !/^["']/.test(value));
}

/** A parameter's own meaning decides whether its text is a template, an expression, or the name of a file. */
function compileParameter(module: Module, parameter: MapEntry, site: Site): CompiledTemplate {
  const { context, files, names } = site;
  const { key, value } = parameter;
  const role = roleOf(module, key);
  if (role === 'expression' || role === 'expressions') return compileConditions(parameter, site);
  const template = compileLiterals(module, value, [key], context);
  // What a file asks for whose name only the run knows, nobody can tell before.
  if (role === 'template-file' && !template.isConstant) context.use.facts.add(allFacts);
  if (value.kind !== 'scalar' || typeof value.value !== 'string' || !template.isConstant) return template;
  // One that cannot be read has been reported as that.
  if (isTemplateNode(value)) return template;
  const { report } = context;
  const name = value.value;
  if (role === 'controller-file') context.wait(files.check(name, value.at, report));
  if (role === 'controller-script') context.wait(files.check(firstWord(name), value.at, report));
  if (role === 'template-file') {
    context.wait(
      files.checkTemplate(name, value.at, report).then((file) => {
        if (file) context.later(names, (declared, tell) => void checkText(file, declared, tell));
      }),
    );
  }
  return template;
}

/** Of a command line, as `script` reads it. */
function firstWord(text: string): string {
  const found: readonly (string | undefined)[] =
    /^\s*(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(text)?.slice(1) ?? [];
  return found.find((word) => word !== undefined) ?? '';
}

/** As a template, but with Ansible's booleans read where the module wants booleans. */
function compileLiterals(
  module: Module,
  node: YamlNode,
  path: readonly PropertyKey[],
  context: PlaybookContext,
): CompiledTemplate {
  const isWord = node.kind === 'scalar' && node.plain && !isTemplateNode(node);
  if (isWord && (typeof node.value === 'string' || typeof node.value === 'boolean')) {
    return constant(literalValue(module, node, path), node.at);
  }
  if (node.kind !== 'map') return compileTemplate(node, context.report);
  return mapTemplate(
    node.at,
    [...node.entries.values()].map(({ key, keyAt, value }) => ({
      key,
      keyAt,
      template: compileLiterals(module, value, [...path, key], context),
    })),
  );
}

function compileConditions({ key, value }: MapEntry, { context, names }: Site): CompiledTemplate {
  const { language, report } = context;
  const texts: string[] = [];
  const before: CompiledExpression[] = [];
  for (const item of value.kind === 'list' ? value.items : [value]) {
    if (item.kind !== 'scalar' || item.value === null) {
      report(
        errorAt(item.at, 'parameter-invalid', `'${key}' must be an expression, but is ${describeNode(item)}`),
      );
      continue;
    }
    texts.push(item.text.text);
    const compiled = compileExpression(item.text, report);
    if (!compiled) continue;
    language.rememberExpression(compiled);
    context.later(namesWhere(names, before), (declared, tell) => void compiled.check(declared, tell));
    before.push(compiled);
  }
  const [only = ''] = texts;
  return { ...constant(value.kind === 'list' ? texts : only, value.at), check: () => anyShape };
}

/** Stands for what only the run knows; no schema is likely to like it, and its issues are set aside. */
const rendered = '{{…}}';

/** The check of everything that is written out: what templates will render to is checked when they have. */
function checkLiterals(
  module: Module,
  map: MapNode,
  moduleAt: Place,
  args: CompiledTemplate,
  { report }: PlaybookContext,
): void {
  const open: (readonly PropertyKey[])[] = [];
  const params = valuesOf(module, map, [], open);
  if (!isMap(params)) return;
  let parsed: ReturnType<Module['params']['safeParse']>;
  try {
    parsed = module.params.safeParse(params);
  } catch {
    // A transformation that stumbles over a stand-in says nothing of the playbook.
    return;
  }
  const issues = parsed.error?.issues ?? [];
  // `dst` for `dest` is one mistake, not two.
  const meant = new Set(
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0
        ? issue.keys.map((key) => nearest(key, Object.keys(module.params.shape)))
        : [],
    ),
  );
  for (const issue of issues) {
    const [parameter, ...below] = issue.path;
    if (below.length === 0 && meant.has(String(parameter)) && !isThere(params, issue.path)) continue;
    // Keys are always written out, and what is not there is not rendered either.
    const isCertain = issue.code === 'unrecognized_keys' || !isThere(params, issue.path);
    if (!isCertain && open.some((path) => isWithin(issue.path, path) || isWithin(path, issue.path))) continue;
    for (const error of explainIssue(module, issue, params, {
      module: moduleAt,
      placeOf: (path) => args.placeOf(path),
    })) {
      report(error);
    }
  }
}

function valuesOf(
  module: Module,
  node: YamlNode,
  path: readonly PropertyKey[],
  open: (readonly PropertyKey[])[],
): ReturnType<typeof literalValue> {
  if (node.kind === 'list') return node.items.map((item, i) => valuesOf(module, item, [...path, i], open));
  if (node.kind === 'map') {
    const entries = [...node.entries.values()];
    return Object.fromEntries(
      entries.map(({ key, value }) => [key, valuesOf(module, value, [...path, key], open)]),
    );
  }
  const [parameter] = path;
  const role = typeof parameter === 'string' ? roleOf(module, parameter) : undefined;
  if (role === 'expression' || role === 'expressions') return node.value === null ? null : node.text.text;
  if (isTemplateText(node)) {
    open.push(path);
    return rendered;
  }
  return literalValue(module, node, path);
}

function isThere(value: unknown, [first, ...rest]: readonly PropertyKey[]): boolean {
  if (first === undefined) return value !== undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return false;
  return isThere((value as Readonly<Record<PropertyKey, unknown>>)[first], rest);
}

/** True where `path` is, or lies below, `above`. */
function isWithin(path: readonly PropertyKey[], above: readonly PropertyKey[]): boolean {
  return above.every((part, i) => path[i] === part);
}
