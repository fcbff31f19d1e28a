/**
 * Owns which names a template or an expression may use, and what shape each has. Made before anything runs.
 */
import { typeNames } from './cel-environment.js';
import type { CompiledTemplate } from './template.js';
import { ignoreFindings } from './report.js';
import { anyShape, mergeShapes, type Shape } from './shape.js';

export interface Declarations {
  /** Undefined where nothing of this name is ever defined. */
  get(name: string): Shape | undefined;
  names(): Iterable<string>;
  /** Why a name is not there, where more can be said than that. */
  explain?(name: string): string | undefined;
}

/** What a name may come to hold: several where several places define it. */
export type ShapeSource = Shape | Pick<CompiledTemplate, 'check'>;

export type DeclaredNames = ReadonlyMap<string, readonly ShapeSource[]>;

/** Shapes are worked out when they are asked for: a variable's template may use the other variables. */
export function createDeclarations(
  declared: DeclaredNames,
  explain?: (name: string) => string | undefined,
): Declarations {
  return { ...layerOf(declared, undefined), ...(explain && { explain }) };
}

/** The same names with others put before them: a loop's item, a task's own variables. */
export function extendDeclarations(outer: Declarations, inner: DeclaredNames): Declarations {
  if (inner.size === 0) return outer;
  const explain = outer.explain?.bind(outer);
  return { ...layerOf(inner, outer), ...(explain && { explain }) };
}

function layerOf(declared: DeclaredNames, outer: Declarations | undefined): Declarations {
  const known = new Map<string, Shape>();
  const declarations: Declarations = {
    names: () => new Set([...declared.keys(), ...(outer?.names() ?? [])]),
    get(name) {
      const sources = declared.get(name);
      if (!sources) return outer?.get(name);
      const shape = known.get(name);
      if (shape) return shape;
      // A variable that refers to itself is for the run to refuse.
      known.set(name, anyShape);
      const shapes = sources.map((source) => shapeOfSource(source, declarations));
      const found = shapes.length === 0 ? anyShape : shapes.reduce(mergeShapes);
      known.set(name, found);
      return found;
    },
  };
  return declarations;
}

function shapeOfSource(source: ShapeSource, declarations: Declarations): Shape {
  return 'type' in source ? source : source.check(declarations, ignoreFindings);
}

/** The same names, and any other: nothing is known of it. CEL's own words for types stay what they are. */
export function openDeclarations(closed: Declarations): Declarations {
  return { ...closed, get: (name) => closed.get(name) ?? (typeNames.has(name) ? undefined : anyShape) };
}

/** Where nothing can be known: every name may exist. */
export const anythingDeclared: Declarations = { get: () => anyShape, names: () => [] };
