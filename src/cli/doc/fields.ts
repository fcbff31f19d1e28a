/**
 * Owns how a schema reads to a person: its fields, their types in words, what they hold.
 */
import * as z from 'zod';

/** One field of a schema, as a person reads it. */
export interface Field {
  readonly name: string;
  readonly type: string;
  /** Of a parameter: it must be given. Of a result: it is always there. */
  readonly isRequired: boolean;
  readonly defaultText: string | undefined;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly fields: readonly Field[];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

export function fieldsOf(schema: z.ZodType, io: 'input' | 'output'): readonly Field[] {
  return fieldsOfObject(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
}

function fieldsOfObject(schema: JsonSchema): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return [];
    return {
      name,
      type: describeType(property),
      isRequired: schema.required?.includes(name) ?? false,
      defaultText: property.default === undefined ? undefined : JSON.stringify(property.default),
      description: property.description ?? '',
      aliases: [],
      fields: fieldsOfObject(objectIn(property)),
    };
  });
}

/** The object that a property holds, itself, in a list or as one of several possibilities. */
function objectIn(property: JsonSchema): JsonSchema {
  if (property.properties) return property;
  const { items, additionalProperties: values } = property;
  for (const inner of [items, values, ...(property.anyOf ?? [])]) {
    if (typeof inner !== 'object' || Array.isArray(inner)) continue;
    const found = objectIn(inner);
    if (found.properties) return found;
  }
  return {};
}

function describeType(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => String(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((each) => describeAny(each)))].join(' | ');
  // zod writes ["string", "null"] for what may be null.
  const type: unknown = schema.type;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.map((each) => describeNamed(each, schema)).join(' | ');
}

function describeNamed(type: unknown, schema: JsonSchema): string {
  switch (type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true | false';
    case 'array':
      return `list of ${Array.isArray(schema.items) ? 'anything' : describeAny(schema.items)}`;
    case 'object':
      return typeof schema.additionalProperties === 'object' && !schema.properties
        ? `map of ${describeAny(schema.additionalProperties)}`
        : 'map';
    case 'number':
    case 'null':
      return type;
    default:
      return 'anything';
  }
}

function describeAny(schema: JsonSchema | boolean | undefined): string {
  return typeof schema === 'object' ? describeType(schema) : 'anything';
}
