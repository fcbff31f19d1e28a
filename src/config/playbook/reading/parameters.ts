/**
 * Owns what is said of a module's parameters that do not fit its schema, before a run and during one.
 */
import * as z from 'zod';
import { nearest, type Place, type ZrunError } from '../../../core/errors.js';
import { parameterRoles, type Module, type ParameterRole } from '../../../core/module.js';
import type { Template } from '../../../core/template.js';
import { shorten } from '../../../core/secret.js';
import type { Value } from '../../../core/value.js';
import { errorAt } from '../../source/findings.js';
import type { CompiledTemplate } from '../../template/template.js';
import { ansibleBoolean, toValue, type ScalarNode, type YamlNode } from '../../yaml/yaml.js';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** Where an issue's path leads in the playbook. */
interface ArgumentPlaces {
  /** The task's module, as written. */
  readonly module: Place;
  placeOf(path: readonly PropertyKey[]): { readonly value: Place; readonly key: Place | undefined };
}

/**
 * Turns what a module's `bind` throws into an error that a person can act on. `at` is the task's `args`, as compiled
 * from a playbook (the error then points at the parameter), or any place. `params` are the values that were bound.
 */
export function explainParameters(
  module: Module,
  error: z.ZodError,
  at: Template | Place,
  params?: Readonly<Record<string, Value>>,
): ZrunError {
  const place = 'at' in at ? at.at : at;
  const compiled = 'placeOf' in at ? (at as CompiledTemplate) : undefined;
  const places: ArgumentPlaces = {
    module: place,
    placeOf: (path) => compiled?.placeOf(path) ?? { value: place, key: undefined },
  };
  const [first] = error.issues.flatMap((issue) => explainIssue(module, issue, params, places));
  return first ?? errorAt(place, 'parameter-invalid', `the parameters of '${module.name}' are not right`);
}

/** One error for each thing that is wrong. */
export function explainIssue(
  module: Module,
  issue: Issue,
  params: Value | undefined,
  places: ArgumentPlaces,
): readonly ZrunError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownParameter(module, key, issue.path, places));
  }
  const value = valueAt(params, issue.path);
  const { value: at, key } = places.placeOf(issue.path);
  const name = pathName(issue.path);
  const isGiven = params === undefined ? !isMissing(issue) : value !== undefined;
  if (!isGiven && issue.path.length > 0) {
    const schema = schemaAt(module.params, issue.path);
    const parent = places.placeOf(issue.path.slice(0, -1)).key;
    const said = schema?.description ?? '';
    return [
      errorAt(
        parent ?? places.module,
        'parameter-invalid',
        `'${module.name}' needs '${name}'`,
        said === '' ? undefined : `${name}: ${said}`,
      ),
    ];
  }
  const [message, hint] = describeIssue(issue, value);
  const subject = name === '' ? `'${module.name}'` : `'${name}'`;
  const text = issue.code === 'custom' ? message : `${subject} ${message}`;
  const place = name === '' ? places.module : at;
  return [
    errorAt(
      place,
      'parameter-invalid',
      text,
      hint ?? (key ? undefined : schemaAt(module.params, issue.path)?.description),
    ),
  ];
}

function unknownParameter(
  module: Module,
  key: string,
  path: readonly PropertyKey[],
  places: ArgumentPlaces,
): ZrunError {
  const container = path.length === 0 ? module.params : schemaAt(module.params, path);
  const names = container ? fieldNames(container) : [];
  const near = nearest(key, names);
  const owner = path.length === 0 ? `'${module.name}'` : `'${pathName(path)}'`;
  const { key: at, value } = places.placeOf([...path, key]);
  const known = names.length > 0 ? `it has ${names.join(', ')}` : undefined;
  return errorAt(
    at ?? value,
    'parameter-invalid',
    `${owner} has no parameter '${key}'`,
    near === undefined ? known : `did you mean '${near}'?`,
  );
}

function describeIssue(
  issue: Issue,
  value: Value | undefined,
): readonly [message: string, hint?: string | undefined] {
  switch (issue.code) {
    case 'invalid_type':
      return describeType(issue.expected, value);
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof value === 'string' ? nearest(value, values) : undefined;
      const wanted = values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`;
      return [
        `must be ${wanted}, not ${say(value)}`,
        near === undefined ? undefined : `did you mean '${near}'?`,
      ];
    }
    case 'invalid_union':
      return describeUnion(issue, value);
    case 'too_small':
      return [describeLimit('at least', issue.origin, Number(issue.minimum), issue.inclusive ?? true)];
    case 'too_big':
      return [describeLimit('at most', issue.origin, Number(issue.maximum), issue.inclusive ?? true)];
    case 'invalid_format':
      return [`is not right: ${lowerFirst(issue.message)}, not ${say(value)}`];
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return [`is not right: ${lowerFirst(issue.message)}`];
    case 'custom': {
      // A module says what to do about it on a second line.
      const [message = '', hint] = issue.message.split('\n');
      return [message, hint];
    }
  }
}

function describeType(expected: string, value: Value | undefined): readonly [string, (string | undefined)?] {
  const nouns: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
    record: 'a map',
    null: 'empty',
  };
  const wanted = nouns[expected] ?? expected;
  const message = `must be ${wanted}, not ${say(value)}`;
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return [message, `quote it: '${value}'; what a template gives becomes text by {{cel 'string(…)'}}`];
  if (
    (expected === 'number' || expected === 'int') &&
    typeof value === 'string' &&
    /^-?\d+(?:\.\d+)?$/.test(value)
  ) {
    return [message, 'leave out the quotes; for a template, one single {{ expression }} keeps its type'];
  }
  if (expected === 'array' && value !== null && typeof value !== 'object')
    return [message, "write it as a list: ['…']"];
  if (expected === 'boolean' && typeof value === 'string' && ansibleBoolean(value) !== undefined)
    return [
      message,
      'write it without quotes; a template keeps its type only where it is one single {{ expression }}',
    ];
  return [message];
}

/** The alternative that fits best speaks; where none does, their types are named. */
function describeUnion(
  issue: Issue & { code: 'invalid_union' },
  value: Value | undefined,
): readonly [string, (string | undefined)?] {
  const alternatives = issue.errors.map((issues) =>
    issues.filter((one) => one.code !== 'custom' || issues.length === 1),
  );
  const deeper = alternatives.find(
    (issues) => issues.length > 0 && issues.every((one) => one.path.length > 0),
  );
  const [inner] = deeper ?? [];
  if (inner) {
    const [message, hint] = describeIssue(inner, valueAt(value, inner.path));
    return [`is not right: '${pathName(inner.path)}' ${message}`, hint];
  }
  const sameType = alternatives.find(
    (issues) => issues.length > 0 && issues.every((one) => one.code !== 'invalid_type'),
  );
  const [closest] = sameType ?? [];
  if (closest) return describeIssue(closest, value);
  const expected = alternatives.flatMap((issues) =>
    issues.flatMap((one) => (one.code === 'invalid_type' ? [one.expected] : [])),
  );
  const wanted = [...new Set(expected)].map((type) =>
    describeType(type, value)[0].replace(/^must be (.*), not .*$/s, '$1'),
  );
  if (wanted.length === 0) return [`does not fit: ${say(value)}`];
  return [`must be ${wanted.join(' or ')}, not ${say(value)}`];
}

function describeLimit(relation: string, origin: string, limit: number, inclusive: boolean): string {
  const bound = inclusive
    ? `${relation} ${limit}`
    : `${relation === 'at least' ? 'more than' : 'less than'} ${limit}`;
  if (origin === 'string') {
    return limit === 1 && relation === 'at least' ? 'must not be empty' : `must have ${bound} characters`;
  }
  if (origin === 'array' || origin === 'set') {
    return limit === 1 && relation === 'at least' ? 'must not be empty' : `must have ${bound} items`;
  }
  return `must be ${bound}`;
}

function say(value: Value | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (typeof value === 'string') return `the text '${shorten(value, 41)}'`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a map';
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Without the values, a missing one shows only in the message that zod has for it. */
function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && /received undefined/.test(issue.message);
}

function valueAt(value: Value | undefined, path: readonly PropertyKey[]): Value | undefined {
  let at: unknown = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return at as Value | undefined;
}

function pathName(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

// ---------------------------------------------------------------- schemas

/** A schema without what wraps it. */
function unwrap(schema: Schema): Schema {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch
  ) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in) : schema;
}

function schemaAt(
  schema: Schema,
  path: readonly PropertyKey[],
): (Schema & { readonly description?: string | undefined }) | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return schema;
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) {
    const fields = bare.shape as Readonly<Record<string, Schema>>;
    const name = String(first);
    const field = Object.hasOwn(fields, name) ? fields[name] : bare.def.catchall;
    return field && schemaAt(field, rest);
  }
  if (bare instanceof z.ZodArray) return schemaAt(bare.element, rest);
  return bare instanceof z.ZodRecord ? schemaAt(bare.valueType, rest) : undefined;
}

function fieldNames(schema: Schema): readonly string[] {
  const bare = unwrap(schema);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

/** What a parameter means beyond its type. */
export function roleOf(module: Module, parameter: string): ParameterRole['role'] | undefined {
  const schema = schemaAt(module.params, [parameter]);
  return schema && findRole(schema);
}

function findRole(schema: Schema): ParameterRole['role'] | undefined {
  const own = parameterRoles.get(schema as z.ZodString)?.role;
  if (own) return own;
  if (schema instanceof z.ZodUnion) {
    return schema.options.map(findRole).find((role) => role !== undefined);
  }
  if (schema instanceof z.ZodArray) return findRole(schema.element);
  const bare = unwrap(schema);
  return bare === schema ? undefined : findRole(bare);
}

/** True where a boolean may stand and a text may not: Ansible's `yes` then means true. */
function wantsBoolean(module: Module, path: readonly PropertyKey[]): boolean {
  const schema = schemaAt(module.params, path);
  if (!schema) return false;
  const bare = unwrap(schema);
  if (bare instanceof z.ZodUnion) {
    const options = bare.options.map(unwrap);
    return (
      options.some((one) => one instanceof z.ZodBoolean) &&
      !options.some((one) => one._zod.def.type === 'string')
    );
  }
  return bare instanceof z.ZodBoolean;
}

/** The literal values of a node, Ansible's booleans read where the schema wants booleans. */
export function literalValue(module: Module, node: YamlNode, path: readonly PropertyKey[]): Value {
  if (node.kind === 'list') return node.items.map((item, i) => literalValue(module, item, [...path, i]));
  if (node.kind === 'map') {
    const entries = [...node.entries.values()];
    return Object.fromEntries(
      entries.map(({ key, value }) => [key, literalValue(module, value, [...path, key])]),
    );
  }
  // `on` is a word where a word is wanted, and `y` a boolean where a boolean is.
  if (typeof node.value === 'boolean') return wantsText(module, path) ? writtenWord(node) : node.value;
  if (typeof node.value !== 'string' || !node.plain || !wantsBoolean(module, path)) return toValue(node);
  return ansibleBoolean(node.value) ?? node.value;
}

/** `true` and `false` stay what they are to every reader of YAML. */
function writtenWord({ value, text: { text } }: ScalarNode): Value {
  return /^(?:true|false)$/i.test(text) ? value : text;
}

/** True where a text may stand and a boolean may not. */
function wantsText(module: Module, path: readonly PropertyKey[]): boolean {
  const schema = schemaAt(module.params, path);
  const bare = schema && unwrap(schema);
  const options = bare instanceof z.ZodUnion ? bare.options.map(unwrap) : bare ? [bare] : [];
  const isText = (one: Schema): boolean => one._zod.def.type === 'string' || one._zod.def.type === 'enum';
  return options.some(isText) && !options.some((one) => one instanceof z.ZodBoolean);
}
