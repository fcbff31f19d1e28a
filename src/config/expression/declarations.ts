/**
 * Owns which names a template or an expression may use, what shape each has, and which of them are used. Made before anything
 * runs.
 */
import { typeNames } from './cel-environment.js';
import { ignoreFindings, type Report } from '../source/findings.js';
import type { PartPath } from './grants.js';
import { anyShape, mergeShapes, withPart, type Shape } from './shape.js';

export interface Declarations {
  /** Undefined where nothing of this name is ever defined. */
  get(name: string): Shape | undefined;
  names(): Iterable<string>;
  /** Why a name is not there, where more can be said than that. */
  explain?(name: string, parts: readonly string[]): string | undefined;
  /** Hears of each part of the facts that is asked for; undefined: of all of them. */
  onFacts?(part: string | undefined): void;
  /** Those of the inventory; undefined if there is none. */
  readonly hosts?: ReadonlySet<string> | undefined;
}

/** What can say which shape it will have: a template. */
interface Checkable {
  check(declared: Declarations, report: Report): Shape;
}

/** What a name may come to hold: several where several places define it. */
export type ShapeSource = Shape | Checkable;

export type DeclaredNames = ReadonlyMap<string, readonly ShapeSource[]>;

/** Names that hold in one place, on top of those that hold around it. They may still grow while files are read. */
export interface NameLayer {
  readonly outer: NameLayer | undefined;
  readonly names: DeclaredNames;
  /** As a role's defaults are: what else defines the name wins. */
  readonly isWeak: boolean;
  /** Parts that a condition has made sure of. */
  readonly granted?: readonly PartPath[];
}

/** The same names with others put before them: a loop's item, a task's own variables. */
export function addNames(
  outer: NameLayer | undefined,
  names: DeclaredNames,
  { isWeak = false }: { readonly isWeak?: boolean } = {},
): NameLayer {
  return { outer, names, isWeak };
}

/** The same names where a condition has made sure of parts. */
export function grantNames(outer: NameLayer, granted: readonly PartPath[]): NameLayer {
  return granted.length === 0 ? outer : { outer, names: new Map(), isWeak: false, granted };
}

/** The same for declarations that are there already. */
export function grantParts(declared: Declarations, granted: readonly PartPath[]): Declarations {
  if (granted.length === 0) return declared;
  return {
    ...declared,
    get(name) {
      const shape = declared.get(name);
      return shape && granted.filter(([first]) => first === name).reduce(grantPart, shape);
    },
  };
}

/** Of the variable or the item that a path begins with. */
export function grantPart(shape: Shape, [, ...parts]: PartPath): Shape {
  return withPart(shape, parts);
}

/** The names of variables that have templates. */
export function namesOfVars(vars: ReadonlyMap<string, Checkable>): DeclaredNames {
  return new Map([...vars].map(([name, template]) => [name, [template]] as const));
}

/** What holds everywhere in a playbook, whatever layer a name is looked up from. */
export interface CommonNames {
  /** Magic variables, those of the inventory, and what tasks set. */
  readonly base: DeclaredNames;
  /** What tasks set by a name wins over a layer's own value, so both shapes count. */
  readonly setByTasks: DeclaredNames;
  /** Those of -e, which win over all others. */
  readonly given: DeclaredNames;
  /** Any other name is let through, with nothing known of it. */
  readonly isOpen: boolean;
  explain(name: string, parts: readonly string[]): string | undefined;
  readonly hosts: ReadonlySet<string> | undefined;
  /** Gets what is asked for, and what layers define. */
  readonly use: NameUse;
}

/** Turns layers into declarations, once each: many tasks share a layer. */
export function createResolver(common: CommonNames): (layer: NameLayer | undefined) => Declarations {
  const { base, given, setByTasks, hosts, use } = common;
  const explain = common.explain.bind(common);
  const onFacts = factsOf(common.use);
  const known = new Map<NameLayer, Declarations>();
  const closed = layerOf((name) => given.get(name) ?? base.get(name), undefined, [given, base], use);
  const root: Declarations = { ...(common.isOpen ? opened(closed) : closed), explain, onFacts, hosts };

  function resolve(layer: NameLayer | undefined): Declarations {
    if (!layer) return root;
    const found = known.get(layer);
    if (found) return found;
    const outer = resolve(layer.outer);
    if (layer.granted) {
      const granted = grantParts(outer, layer.granted);
      known.set(layer, granted);
      return granted;
    }
    const sourcesOf = (name: string): readonly ShapeSource[] | undefined => {
      const own = given.has(name) ? undefined : layer.names.get(name);
      return own && [...own, ...(setByTasks.get(name) ?? [])];
    };
    for (const name of layer.names.keys()) use.set.add(name);
    const made = { ...layerOf(sourcesOf, outer, [layer.names], use, layer.isWeak), explain, onFacts, hosts };
    known.set(layer, made);
    return made;
  }
  return resolve;
}

function factsOf({ facts }: NameUse): NonNullable<Declarations['onFacts']> {
  return (part) => void facts.add(part ?? allFacts);
}

function layerOf(
  sourcesOf: (name: string) => readonly ShapeSource[] | undefined,
  outer: Declarations | undefined,
  owners: readonly DeclaredNames[],
  use: NameUse,
  isWeak = false,
): Declarations {
  const { used } = use;
  const known = new Map<string, Shape>();
  const declarations: Declarations = {
    onFacts: factsOf(use),
    names: () => new Set([...owners.flatMap((owner) => [...owner.keys()]), ...(outer?.names() ?? [])]),
    get(name) {
      used.add(name);
      const shape = known.get(name);
      if (shape) return shape;
      const sources = sourcesOf(name);
      if (!sources) return outer?.get(name);
      // A variable that refers to itself is for the run to refuse.
      known.set(name, anyShape);
      const shapes = sources.map((source) => shapeOfSource(source, declarations));
      const stronger = isWeak ? outer?.get(name) : undefined;
      const all = stronger ? [...shapes, stronger] : shapes;
      const found = all.length === 0 ? anyShape : all.reduce(mergeShapes);
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
function opened(closed: Declarations): Declarations {
  return { ...closed, get: (name) => closed.get(name) ?? (typeNames.has(name) ? undefined : anyShape) };
}

/** Collected over all playbooks of a run. */
export interface NameUse {
  /** Templates and conditions ask for them, whether or not anything defines them. */
  readonly used: Set<string>;
  /** Plays, roles, files of variables and tasks define them. */
  readonly set: Set<string>;
  /** Parts of the facts that anything asks for, and `allFacts` where it cannot be told which. */
  readonly facts: Set<string>;
}

/** In place of a part's name. */
export const allFacts = 'all';

export function createNameUse(): NameUse {
  return { used: new Set(), set: new Set(), facts: new Set() };
}

/** Every name may exist, and is written down where it is asked for. */
export function watchNames(use: NameUse): Declarations {
  const { used } = use;
  return {
    onFacts: factsOf(use),
    get(name) {
      used.add(name);
      return anyShape;
    },
    names: () => [],
  };
}
