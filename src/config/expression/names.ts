/**
 * Owns the walk over an expression's tree: which names it uses, what their parts are, and which of them nothing has.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { type ZrunError, nearest } from '../../core/errors.js';
import { typeNames } from './cel-environment.js';
import { grantPart, grantParts, type Declarations } from './declarations.js';
import { grantsOf, pathOf, type PartPath } from './grants.js';
import { missingHostOf } from './hostvars.js';
import { signaturesOf } from '../functions/signature.js';
import { functionsByName } from '../functions/table.js';
import { shapeOfUse } from './function-shapes.js';
import { errorAt } from '../source/findings.js';
import {
  anyShape,
  boolShape,
  intShape,
  itemOf,
  listOf,
  maybe,
  mergeShapes,
  partNames,
  partOf,
  textShape,
  withoutMaybe,
  type Shape,
} from './shape.js';
import type { PositionedText } from '../source/source.js';

/** `part` of a known thing, or a name of its own where `of` is left out. */
interface Missing {
  readonly name: string;
  readonly of?: Shape;
}

interface NameVisitor {
  /** Left out: shapes are not followed. */
  readonly declared?: Declarations;
  /**
   * Each variable that is not the expression's own (as `x` in `list.all(x, …)` is), with the part of it that is asked for;
   * undefined: all of it.
   */
  onPart?(name: string, part: string | undefined): void;
  onMissing?(node: ASTNode, missing: Missing): void;
}

type Locals = ReadonlyMap<string, Shape>;

const itemMacros = new Set(['all', 'exists', 'exists_one', 'filter', 'map', 'sortBy']);

/** Gives the shape of the expression's value. */
export function walkExpression(root: ASTNode, visitor: NameVisitor): Shape {
  return walk(root, new Map(), visitor);
}

/** `locals`: the expression's own names at this point. */
function walk(node: ASTNode, locals: Locals, visitor: NameVisitor): Shape {
  switch (node.op) {
    case 'value':
      return literalShape(node.args);
    case 'id':
      if (node.args === 'facts') visitor.declared?.onFacts?.(undefined);
      if (!locals.has(node.args)) visitor.onPart?.(node.args, undefined);
      return nameShape(node, node.args, locals, visitor);
    case '.':
      return partShape(node, walkBase(node.args[0], node.args[1], locals, visitor), node.args[1], visitor);
    case '.?': {
      const base = walkBase(node.args[0], node.args[1], locals, visitor);
      return maybe(askedShape(node, base, node.args[1], visitor));
    }
    case '[]':
    case '[?]':
      return walkIndex(node, locals, visitor);
    case 'call':
      return walkCall(node, locals, visitor);
    case 'rcall':
      return walkMethod(node, locals, visitor);
    case 'list':
      return listOf(mergeAll(walkAll(node.args, locals, visitor)));
    case 'map':
      for (const entry of node.args) walkAll(entry, locals, visitor);
      return anyShape;
    case '?:': {
      const [condition, then, otherwise] = node.args;
      walk(condition, locals, visitor);
      return mergeShapes(
        walkWhere(then, grantsOf(condition, true), locals, visitor),
        walkWhere(otherwise, grantsOf(condition, false), locals, visitor),
      );
    }
    case '!_':
      walk(node.args, locals, visitor);
      return boolShape;
    case '-_':
      return walk(node.args, locals, visitor);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      walkAll(node.args, locals, visitor);
      return anyShape;
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
      walkAll(node.args, locals, visitor);
      return boolShape;
    case '&&':
    case '||': {
      // Either side may decide alone: what one has made sure of, the other can use.
      const [left, right] = node.args;
      const holds = node.op === '&&';
      walkWhere(left, grantsOf(right, holds), locals, visitor);
      walkWhere(right, grantsOf(left, holds), locals, visitor);
      return boolShape;
    }
  }
}

/** `granted`: what conditions around have made sure of. */
function walkWhere(node: ASTNode, granted: readonly PartPath[], locals: Locals, visitor: NameVisitor): Shape {
  const { declared } = visitor;
  if (!declared || granted.length === 0) return walk(node, locals, visitor);
  const own = new Map(locals);
  for (const path of granted) {
    const local = own.get(path[0] ?? '');
    if (local) own.set(path[0] ?? '', grantPart(local, path));
  }
  const others = granted.filter(([first = '']) => !locals.has(first));
  return walk(node, own, { ...visitor, declared: grantParts(declared, others) });
}

function walkAll(nodes: readonly ASTNode[], locals: Locals, visitor: NameVisitor): readonly Shape[] {
  return nodes.map((node) => walk(node, locals, visitor));
}

/** What stands before `.part`. Of the facts, only that part counts as asked for. */
function walkBase(base: ASTNode, part: string, locals: Locals, visitor: NameVisitor): Shape {
  const isFacts = lastName(base) === 'facts';
  if (isFacts) visitor.declared?.onFacts?.(part);
  if (base.op === 'id') {
    if (!locals.has(base.args)) visitor.onPart?.(base.args, part);
    return nameShape(base, base.args, locals, visitor);
  }
  if (!isFacts) return walk(base, locals, visitor);
  const declared = visitor.declared && withoutFacts(visitor.declared);
  return walk(base, locals, declared ? { ...visitor, declared } : visitor);
}

/** The last name of `hostvars[x].facts`. */
function lastName(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op === '.' || node.op === '.?') return node.args[1];
  return node.op === '[]' && node.args[1].op === 'value' ? String(node.args[1].args) : undefined;
}

function withoutFacts(declared: Declarations): Declarations {
  return { ...declared, onFacts: () => undefined };
}

function nameShape(node: ASTNode, name: string, locals: Locals, visitor: NameVisitor): Shape {
  const local = locals.get(name);
  if (local) return local;
  // CEL's own words for types, as in type(x) == string.
  if (typeNames.has(name)) {
    if (visitor.declared?.get(name)) visitor.onMissing?.(node, { name });
    return anyShape;
  }
  const shape = visitor.declared?.get(name);
  if (shape) return shape;
  if (visitor.declared) visitor.onMissing?.(node, { name });
  return anyShape;
}

function partShape(node: ASTNode, base: Shape, part: string, visitor: NameVisitor): Shape {
  const shape = part === 'length' && base.type === 'list' ? undefined : partOf(base, part);
  if (shape) return shape;
  visitor.onMissing?.(node, { name: part, of: base });
  return anyShape;
}

/** Of a part that may be missing, as the expression itself says. */
function askedShape(node: ASTNode, base: Shape, part: string, visitor: NameVisitor): Shape {
  return partShape(node, base, part, { ...visitor, ...forgive(visitor) });
}

function walkIndex(node: ASTNode & { op: '[]' | '[?]' }, locals: Locals, visitor: NameVisitor): Shape {
  const [of, index] = node.args;
  const part = index.op === 'value' && typeof index.args === 'string' ? index.args : undefined;
  const base = part === undefined ? walk(of, locals, visitor) : walkBase(of, part, locals, visitor);
  walk(index, locals, visitor);
  if (part === undefined) return itemOf(base);
  return node.op === '[?]'
    ? maybe(askedShape(node, base, part, visitor))
    : partShape(node, base, part, visitor);
}

function walkCall(node: ASTNode & { op: 'call' }, locals: Locals, visitor: NameVisitor): Shape {
  const [name, args] = node.args;
  const [only] = args;
  if (name === 'has' && only?.op === '.') {
    askedShape(only, walkBase(only.args[0], only.args[1], locals, visitor), only.args[1], visitor);
    return boolShape;
  }
  const [value, otherwise] = args;
  if (name === 'default' && value && otherwise) {
    const forgiven = walk(value, locals, { ...visitor, ...forgive(visitor) });
    return mergeShapes(withoutMaybe(forgiven), walk(otherwise, locals, visitor));
  }
  const shapes = walkAll(args, locals, visitor);
  return shapeOfCall(name, undefined, shapes);
}

/**
 * `default`, `has` and a question mark are there for what may be missing: what a literal does not show, another place
 * may add. What a schema rules out can never be there, and `visitor` hears of that alone.
 */
function forgive(visitor: NameVisitor): Pick<NameVisitor, 'onMissing'> {
  return {
    onMissing(node, missing) {
      const of = missing.of?.type === 'maybe' ? missing.of.of : missing.of;
      if (of?.type === 'object' && of.declared && !of.open) visitor.onMissing?.(node, missing);
    },
  };
}

/** `receiver.name(…)`: a method, a macro, or a function in a namespace. */
function walkMethod(node: ASTNode & { op: 'rcall' }, locals: Locals, visitor: NameVisitor): Shape {
  const [name, receiver, args] = node.args;
  if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel')
    return walkBind(args, locals, visitor);
  if (receiver.op === 'id' && receiver.args === 'optional' && !locals.has('optional')) {
    walkAll(args, locals, visitor);
    return anyShape;
  }
  if (itemMacros.has(name) && args.length >= 2) return walkMacro(node, locals, visitor);
  const on = walk(receiver, locals, visitor);
  return shapeOfCall(name, on, walkAll(args, locals, visitor));
}

/** What a function of the table gives. `on`: what stands before the dot of a method. */
function shapeOfCall(name: string, on: Shape | undefined, args: readonly Shape[]): Shape {
  const entry = functionsByName.get(name);
  if (!entry) return anyShape;
  const signatures = signaturesOf(entry).filter(
    (each) =>
      (each.on !== undefined) === (on !== undefined) &&
      (each.isVariadic || each.params.length === args.length),
  );
  return shapeOfUse(entry, signatures, on ?? args[0]);
}

function walkMacro(node: ASTNode & { op: 'rcall' }, locals: Locals, visitor: NameVisitor): Shape {
  const [name, receiver, args] = node.args;
  const [variable, ...bodies] = args;
  const subject = walk(receiver, locals, visitor);
  if (variable?.op !== 'id') return anyShape;
  // Over a map, the macros go through the keys.
  const isMapLike = subject.type === 'map' || subject.type === 'object';
  const item = isMapLike ? textShape : itemOf(subject);
  const inner = new Map([...locals, [variable.args, item] as const]);
  // `map(x, condition, x.part)`.
  const [first, last = first] = bodies;
  if (!first || !last) return anyShape;
  const granted = grantsOf(first, true);
  if (first !== last) walk(first, inner, visitor);
  const shape = walkWhere(last, first === last ? [] : granted, inner, visitor);
  if (name === 'map') return listOf(shape);
  if (name !== 'filter' && name !== 'sortBy') return boolShape;
  if (isMapLike) return listOf(textShape);
  const ofItem = granted.filter(([root]) => root === variable.args);
  if (name === 'sortBy' || ofItem.length === 0) return subject;
  return listOf(ofItem.reduce(grantPart, item));
}

function walkBind(args: readonly ASTNode[], locals: Locals, visitor: NameVisitor): Shape {
  const [variable, value, body] = args;
  if (variable?.op !== 'id' || !value || !body) return anyShape;
  const inner = new Map([...locals, [variable.args, walk(value, locals, visitor)] as const]);
  return walk(body, inner, visitor);
}

function mergeAll(shapes: readonly Shape[]): Shape {
  return shapes.length === 0 ? anyShape : shapes.reduce(mergeShapes);
}

function literalShape(value: unknown): Shape {
  if (typeof value === 'string') return textShape;
  if (typeof value === 'bigint') return intShape;
  return typeof value === 'boolean' ? boolShape : anyShape;
}

/** Words of other languages, and what CEL says. */
const foreignNames: Readonly<Record<string, string>> = {
  True: 'true',
  False: 'false',
  None: 'null',
  yes: 'true',
  no: 'false',
  not: '! in its place, and the condition in quotes',
};

/** The names that are written behind a node: `.a`, `['b']`. */
function partsBehind(text: string, { end }: ASTNode): readonly string[] {
  const [behind = ''] = /^(?:\.[A-Za-z_]\w*|\[\s*(?:'\w+'|"\w+")\s*\])*/.exec(text.slice(end)) ?? [];
  return behind.match(/\w+/g) ?? [];
}

/** A function that is not called is read as a variable. */
function functionHint(name: string): string | undefined {
  const form = functionsByName.get(name)?.signatures[0];
  return form === undefined ? undefined : `'${name}' is a function: write ${form.replace(/: [^:]*$/, '')}`;
}

function functionsByNamespace(name: string): readonly string[] {
  return [...functionsByName.keys()].filter((each) => each.startsWith(`${name}.`));
}

export function explainMissing(
  positioned: PositionedText,
  node: ASTNode,
  missing: Missing,
  declared: Declarations,
): ZrunError {
  const { name, of } = missing;
  const place = positioned.inside(node.start, node.end);
  if (!of && typeNames.has(name)) {
    const message = `'${name}' is the name of a type in CEL, and hides the variable of that name`;
    return errorAt(place, 'variable-unknown', message, 'give the variable another name');
  }
  if (!of && functionsByNamespace(name).length > 0) {
    const called = /^\.(\w+)\s*\(/.exec(positioned.text.slice(node.end))?.[1];
    const own = functionsByNamespace(name);
    const near = called === undefined ? undefined : nearest(`${name}.${called}`, own);
    if (called !== undefined) {
      const hint = near === undefined ? `there are ${own.join(', ')}` : `did you mean '${near}'?`;
      return errorAt(place, 'expression-type', `there is no function '${name}.${called}'`, hint);
    }
  }
  if (!of) {
    const meant = foreignNames[name];
    const best = nearest(name, declared.names());
    const hint = meant
      ? `write ${meant}`
      : (declared.explain?.(name, partsBehind(positioned.text, node)) ??
        functionHint(name) ??
        (best === undefined ? undefined : `did you mean '${best}'?`));
    return errorAt(place, 'variable-unknown', `nothing defines '${name}'`, hint);
  }
  const parent =
    node.op === '.' || node.op === '.?' || node.op === '[]' || node.op === '[?]' ? node.args[0] : node;
  const said = positioned.text.slice(parent.start, parent.end);
  const at = node.op === '.' ? positioned.inside(node.end - name.length, node.end) : place;
  const noHost = missingHostOf(pathOf(parent) ?? [], declared.hosts);
  if (noHost) {
    const host = positioned.inside(parent.start, parent.end);
    return errorAt(host, 'variable-unknown', noHost.message, noHost.hint);
  }
  const best = nearest(name, partNames(of));
  const names = [...partNames(of)];
  if (names.length === 0) {
    return errorAt(at, 'variable-unknown', `${said} is ${nounOf(of)}, and has no '${name}'`);
  }
  const shown = `${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`;
  return errorAt(
    at,
    'variable-unknown',
    `${said} has no '${name}'`,
    best === undefined ? `it has ${shown}` : `did you mean '${best}'?`,
  );
}

function nounOf(shape: Shape): string {
  const nouns: Readonly<Partial<Record<Shape['type'], string>>> = {
    string: 'text',
    int: 'a number',
    number: 'a number',
    bool: 'true or false',
    list: 'a list',
  };
  if (shape.type === 'maybe') return nounOf(shape.of);
  return nouns[shape.type] ?? 'a value';
}
