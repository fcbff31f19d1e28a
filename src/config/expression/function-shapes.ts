/**
 * Owns what the check before the run knows of functions: the shape of what they give, and whether a shape can be what
 * they take.
 */
import type { FunctionEntry } from '../functions/function.js';
import { signaturesFor, type Signature } from '../functions/signature.js';
import {
  anyShape,
  boolShape,
  intShape,
  listOf,
  mapOf,
  maybe,
  textShape,
  withoutMaybe,
  type Shape,
} from './shape.js';

/** What comes of a call with one of these signatures. `first`: the shape of what is put in first. */
export function shapeOfUse(
  entry: FunctionEntry,
  signatures: readonly Signature[],
  first: Shape | undefined,
): Shape {
  const given = first && withoutMaybe(first);
  const fitting = signatures.filter((each) => {
    const type = each.values[0]?.type ?? 'dyn';
    return !given || nouns[given.type] === undefined || fits(type, given);
  });
  const [signature, ...others] = fitting;
  if (!signature || others.some((other) => other.gives !== signature.gives)) return anyShape;
  return shapeOfResult(entry, signature, first);
}

function shapeOfResult({ keepsItems }: FunctionEntry, { gives }: Signature, first: Shape | undefined): Shape {
  if (keepsItems === true && first) {
    const given = withoutMaybe(first);
    if (given.type === 'list') return given;
  }
  return shapeOfType(gives);
}

function shapeOfType(type: string): Shape {
  const shapes: Readonly<Record<string, Shape>> = {
    string: textShape,
    int: intShape,
    bool: boolShape,
    double: { type: 'number' },
    list: listOf(anyShape),
    'list<string>': listOf(textShape),
    map: mapOf(anyShape),
    'optional<string>': maybe(textShape),
  };
  return shapes[type] ?? anyShape;
}

/** What a helper cannot take at a position, as a noun and what it must be; undefined where it may fit. */
export function misfitOf(
  entry: FunctionEntry,
  count: number,
  position: number,
  shape: Shape,
): { readonly is: string; readonly must: string } | undefined {
  const given = withoutMaybe(shape);
  const is = nouns[given.type];
  if (is === undefined) return undefined;
  const types = signaturesFor(entry, count).map(
    (signature) => signature.values[signature.isVariadic ? 0 : position]?.type ?? 'dyn',
  );
  if (types.length === 0 || types.some((type) => fits(type, given))) return undefined;
  return { is, must: [...new Set(types.map(nounOfType))].join(' or ') };
}

const nouns: Readonly<Partial<Record<Shape['type'], string>>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  bool: 'true or false',
  list: 'a list',
  map: 'a map',
  object: 'a map',
};

function nounOfType(type: string): string {
  const named: Readonly<Record<string, string>> = {
    string: 'a text',
    int: 'a whole number',
    double: 'a number',
    bool: 'true or false',
    map: 'a map',
  };
  return named[type] ?? (type.startsWith('list') ? 'a list' : 'a time');
}

/** Numbers and booleans have a form as text; a text may hold a number. */
function fits(type: string, { type: given }: Shape): boolean {
  const isPlain = given === 'string' || given === 'int' || given === 'number';
  if (type === 'dyn') return true;
  if (type === 'bool') return given === 'bool';
  if (type.startsWith('list')) return given === 'list';
  if (type === 'map') return given === 'map' || given === 'object';
  return isPlain || (given === 'bool' && type === 'string');
}
