/**
 * Owns how a module's parameters become JSON Schema: what zod makes of them, with templates let in where the language
 * lets them in. Knows no keyword.
 */
import * as z from 'zod';
import type { Module } from '../../core/module.js';
import { roleOf } from '../playbook/reading/parameters.js';
import { boolean, oneOrMore, template, type JsonSchema } from './json-schema.js';

interface ModuleSchema {
  readonly schema: JsonSchema;
  /** What it refers to, by names of its own. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** The value of a module's key in a task. */
export function moduleSchema(module: Module): ModuleSchema {
  const made = z.toJSONSchema(module.params, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as JsonSchema;
  const names = Object.keys(made.definitions ?? {});
  const rename = (name: string): string => `${module.name}.${name}`;
  const definitions = Object.fromEntries(
    names.map((name) => [rename(name), widen(made.definitions?.[name] ?? {}, rename)]),
  );
  const properties = Object.fromEntries(
    Object.entries(made.properties ?? {}).map(([name, field]) => [
      name,
      parameter(module, name, field, rename),
    ]),
  );
  for (const [alias, name] of module.aliases) properties[alias] = properties[name] ?? {};
  const namesOf = (name: string): readonly string[] => [
    name,
    ...[...module.aliases].filter(([, parameter]) => parameter === name).map(([alias]) => alias),
  ];
  const required = (made.required ?? []).filter((name) => namesOf(name).length === 1);
  const underSomeName = (made.required ?? []).filter((name) => namesOf(name).length > 1);
  const free = made.additionalProperties;
  const params: JsonSchema = {
    type: 'object',
    properties,
    additionalProperties: typeof free === 'object' ? widen(free, rename) : (free ?? false),
    ...(required.length > 0 && { required }),
    ...(underSomeName.length > 0 && {
      allOf: underSomeName.map((name) => ({ oneOf: namesOf(name).map((one) => ({ required: [one] })) })),
    }),
  };
  const forms: JsonSchema[] = [params];
  if (module.freeForm !== undefined) {
    const said = properties[module.freeForm]?.description;
    forms.push({ type: ['string', 'number'], ...(said !== undefined && { description: said }) });
  } else if ((made.required ?? []).length === 0) forms.push({ type: 'null' });
  const [only] = forms;
  const schema = forms.length === 1 && only ? only : { anyOf: forms };
  return { schema: { description: module.summary, ...schema }, definitions };
}

function parameter(
  module: Module,
  name: string,
  field: JsonSchema,
  rename: (name: string) => string,
): JsonSchema {
  const role = roleOf(module, name);
  const condition: JsonSchema = { type: ['string', 'boolean'] };
  if (role === 'expression') return { ...described(field), ...condition };
  if (role === 'expressions') return { ...described(field), ...oneOrMore(condition) };
  return widen(field, rename);
}

/** A template may stand for any value that is not just any text anyway. */
function widen(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const inner = widenParts(schema, rename);
  if (takesAnyText(schema)) return inner;
  const { description, default: preset, ...bare } = inner;
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [...(Object.keys(bare).length === 1 && bare.anyOf ? bare.anyOf : [bare]), template],
  };
}

function widenParts(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const { anyOf, oneOf, properties, additionalProperties, items, type, $ref } = schema;
  if ($ref !== undefined) return { $ref: `#/definitions/${rename($ref.replace(/^#\/definitions\//, ''))}` };
  if (type === 'boolean') return { ...described(schema), ...boolean };
  const widenAll = (fields: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, widen(field, rename)]));
  const part: Record<string, unknown> = { ...schema };
  // Formats of zod's own mean nothing elsewhere, and the largest whole number is no limit that anybody meant.
  delete part['format'];
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete part['maximum'];
  if (anyOf) part['anyOf'] = anyOf.map((one) => widenParts(one, rename));
  if (oneOf) part['oneOf'] = oneOf.map((one) => widenParts(one, rename));
  if (properties) part['properties'] = widenAll(properties);
  if (typeof additionalProperties === 'object')
    part['additionalProperties'] = widen(additionalProperties, rename);
  if (isSchema(items)) part['items'] = widen(items, rename);
  return part;
}

function isSchema(items: JsonSchema['items']): items is JsonSchema {
  return items !== undefined && !Array.isArray(items);
}

function described({ description, default: preset }: JsonSchema): JsonSchema {
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
  };
}

function takesAnyText(schema: JsonSchema): boolean {
  const { type, pattern, minLength, enum: values, anyOf, oneOf, $ref } = schema;
  const choices = anyOf ?? oneOf;
  if (choices) return choices.some(takesAnyText);
  if ($ref !== undefined || values || schema.const !== undefined) return false;
  if (type === undefined) return true;
  const types = typeof type === 'string' ? [type] : type;
  return types.includes('string') && pattern === undefined && (minLength ?? 0) <= 1;
}
