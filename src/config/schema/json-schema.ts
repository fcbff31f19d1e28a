/**
 * Owns the JSON Schema that editors are given, as data: draft-07, which every release of VS Code's YAML extension reads
 * (2019-09 and 2020-12 only came with yaml-language-server 1.20, says its CHANGELOG.md). Knows no keyword and no module.
 */

export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly required?: readonly string[];
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

export const draft = 'http://json-schema.org/draft-07/schema#';

export const text: JsonSchema = { type: 'string' };

/** Where a value of another type is wanted, a template may give it. */
export const template: JsonSchema = { $ref: '#/definitions/template' };

/** Ansible's booleans are texts to a reader of YAML 1.2. */
export const boolean: JsonSchema = {
  anyOf: [{ type: 'boolean' }, { enum: ['yes', 'no', 'on', 'off'] }],
};

/** One, or several in a list. */
export function oneOrMore(item: JsonSchema): JsonSchema {
  return { anyOf: [item, { type: 'array', items: item }] };
}

/** A map whose keys are the user's own. */
export function mapOf(value: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: value };
}

/** Also empty: `hosts:` with nothing behind it. */
export function orEmpty(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

export const commonDefinitions: Readonly<Record<string, JsonSchema>> = {
  template: {
    description: 'a template: {{ name }}',
    type: 'string',
    pattern: '\\{\\{',
  },
  variables: {
    type: 'object',
    propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
  },
};

export const variables: JsonSchema = { $ref: '#/definitions/variables' };
