/**
 * Owns what is known of a variable before anything runs: its shape, from a module's schema or from a literal in a
 * file. The static checks of templates and expressions rest on it. Knows no file format.
 */
import * as z from 'zod';
import type { Value } from '../../core/value.js';

export type Shape =
  /** Nothing is known. */
  | { readonly type: 'any' }
  | { readonly type: 'string' | 'int' | 'number' | 'bool' | 'null' }
  | { readonly type: 'list'; readonly item: Shape }
  /** A map with free keys. */
  | { readonly type: 'map'; readonly value: Shape }
  /** A map with known keys. `declared`: by a schema, as opposed to seen in a literal. `open`: others may be there. */
  | {
      readonly type: 'object';
      readonly fields: ReadonlyMap<string, Shape>;
      readonly declared: boolean;
      readonly open: boolean;
    }
  /** May be null, or not there. */
  | { readonly type: 'maybe'; readonly of: Shape };

export const anyShape: Shape = { type: 'any' };
export const textShape: Shape = { type: 'string' };
export const boolShape: Shape = { type: 'bool' };
export const intShape: Shape = { type: 'int' };

export function listOf(item: Shape): Shape {
  return { type: 'list', item };
}

export function mapOf(value: Shape): Shape {
  return { type: 'map', value };
}

export function objectOf(
  fields: Iterable<readonly [string, Shape]>,
  { declared = true, open = false }: { declared?: boolean; open?: boolean } = {},
): Shape & { readonly type: 'object' } {
  return { type: 'object', fields: new Map(fields), declared, open };
}

export function maybe(of: Shape): Shape {
  return of.type === 'maybe' || of.type === 'any' ? of : { type: 'maybe', of };
}

/** The shape of a part; undefined where there certainly is no such part. */
export function partOf(shape: Shape, key: string): Shape | undefined {
  switch (shape.type) {
    case 'any':
    case 'null':
      return anyShape;
    case 'maybe':
      return partOf(shape.of, key);
    case 'map':
      return shape.value;
    case 'object':
      return shape.fields.get(key) ?? (shape.open ? anyShape : undefined);
    case 'list':
      if (key === 'length') return intShape;
      return /^\d+$/.test(key) ? shape.item : undefined;
    case 'string':
    case 'int':
    case 'number':
    case 'bool':
      return undefined;
  }
}

/** The same where it is known that a part is there; what a schema rules out is not there all the same. */
export function withPart(shape: Shape, [first, ...rest]: readonly string[]): Shape {
  if (first === undefined) return shape;
  if (shape.type === 'maybe') return maybe(withPart(shape.of, [first, ...rest]));
  if (shape.type !== 'object' || shape.declared) return shape;
  const before = shape.fields.get(first);
  const field = withPart(before ?? anyShape, rest);
  return field === before ? shape : { ...shape, fields: new Map([...shape.fields, [first, field]]) };
}

/** The names of a shape's parts, for hints. */
export function partNames(shape: Shape): Iterable<string> {
  if (shape.type === 'maybe') return partNames(shape.of);
  return shape.type === 'object' ? shape.fields.keys() : [];
}

/** The shape of an item, where the shape is iterated. */
export function itemOf(shape: Shape): Shape {
  if (shape.type === 'maybe') return itemOf(shape.of);
  if (shape.type === 'list') return shape.item;
  return shape.type === 'map' ? shape.value : anyShape;
}

/** What a variable is that has one of two shapes. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a === b) return a;
  if (a.type === 'any' || b.type === 'any') return anyShape;
  if (a.type === 'null') return maybe(b);
  if (b.type === 'null') return maybe(a);
  if (a.type === 'maybe' || b.type === 'maybe') return maybe(mergeShapes(withoutMaybe(a), withoutMaybe(b)));
  if (a.type === 'list' && b.type === 'list') return listOf(mergeShapes(a.item, b.item));
  if (a.type === 'map' && b.type === 'map') return mapOf(mergeShapes(a.value, b.value));
  if (a.type === 'object' && b.type === 'object') {
    const fields = new Map<string, Shape>();
    for (const name of new Set([...a.fields.keys(), ...b.fields.keys()])) {
      const [left, right] = [a.fields.get(name), b.fields.get(name)];
      if (left && right) fields.set(name, mergeShapes(left, right));
      else fields.set(name, maybe(left ?? right ?? anyShape));
    }
    return objectOf(fields, { declared: a.declared && b.declared, open: a.open || b.open });
  }
  if (isNumeric(a) && isNumeric(b)) return a.type === b.type ? a : { type: 'number' };
  return a.type === b.type ? a : anyShape;
}

export function withoutMaybe(shape: Shape): Shape {
  return shape.type === 'maybe' ? shape.of : shape;
}

function isNumeric(shape: Shape): boolean {
  return shape.type === 'int' || shape.type === 'number';
}

/** The shape of a value that is known. */
export function shapeOfValue(value: Value): Shape {
  if (value === null) return { type: 'null' };
  if (typeof value === 'string') return textShape;
  if (typeof value === 'boolean') return boolShape;
  if (typeof value !== 'number') return anyShape;
  return Number.isSafeInteger(value) ? intShape : { type: 'number' };
}

/** The shape that a schema's output has. */
export function shapeOfSchema(schema: z.core.$ZodType, depth = 0): Shape {
  // Schemas may refer to themselves; nobody looks this deep.
  if (depth > 12) return anyShape;
  const inner = (next: z.core.$ZodType): Shape => shapeOfSchema(next, depth + 1);
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    const fields = Object.entries(shape);
    const catchall = schema.def.catchall;
    return objectOf(
      fields.map(([name, field]) => [name, inner(field)] as const),
      { open: catchall !== undefined && !(catchall instanceof z.ZodNever) },
    );
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return maybe(inner(schema.unwrap()));
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return inner(schema.unwrap());
  if (schema instanceof z.ZodReadonly || schema instanceof z.ZodNonOptional) return inner(schema.unwrap());
  if (schema instanceof z.ZodPipe) return inner(schema.def.out);
  if (schema instanceof z.ZodLazy) return inner(schema.unwrap());
  if (schema instanceof z.ZodArray) return listOf(inner(schema.element));
  if (schema instanceof z.ZodRecord) return mapOf(inner(schema.valueType));
  if (schema instanceof z.ZodUnion) return schema.options.map(inner).reduce(mergeShapes);
  if (schema instanceof z.ZodEnum) return schema.options.map(shapeOfValue).reduce(mergeShapes);
  if (schema instanceof z.ZodLiteral) return shapeOfLiterals(schema.values);
  if (schema instanceof z.ZodBoolean) return boolShape;
  if (schema instanceof z.ZodNull) return { type: 'null' };
  if (schema instanceof z.ZodNumber)
    return schema.format?.includes('int') === true ? intShape : { type: 'number' };
  // Formats (z.iso.datetime(), z.ipv4() …) are texts, but no ZodString.
  return schema._zod.def.type === 'string' ? textShape : anyShape;
}

function shapeOfLiterals(values: ReadonlySet<z.core.util.Literal>): Shape {
  const shapes = [...values].map((value) => {
    if (value === undefined) return maybe(anyShape);
    return typeof value === 'bigint' ? intShape : shapeOfValue(value);
  });
  return shapes.length === 0 ? anyShape : shapes.reduce(mergeShapes);
}
