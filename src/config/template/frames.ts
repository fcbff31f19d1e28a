/**
 * Owns what names mean at a point of a template while it is checked: the blocks around, with shapes in place of values,
 * and what their conditions have made sure of.
 */
import { grantParts, type Declarations } from '../expression/declarations.js';
import type { PartPath } from '../expression/grants.js';
import { withPart, type Shape } from '../expression/shape.js';
import { isPath, isSubExpression, pathText, type Path, type TextTemplate } from './tree.js';

export interface ShapeFrame {
  readonly context: { readonly root: Declarations } | { readonly shape: Shape };
  readonly locals: ReadonlyMap<string, Shape>;
  readonly data: readonly string[];
  readonly outer: ShapeFrame | undefined;
}

export function rootDeclarations(frame: ShapeFrame): Declarations {
  let at = frame;
  while (at.outer) at = at.outer;
  if ('root' in at.context) return at.context.root;
  throw new TypeError('a template frame without a root');
}

export function celDeclarations(frame: ShapeFrame): Declarations {
  const locals = new Map<string, Shape>();
  let at = frame;
  for (;;) {
    for (const [name, shape] of at.locals) if (!locals.has(name)) locals.set(name, shape);
    if (!at.outer) break;
    at = at.outer;
  }
  if (!('root' in at.context)) throw new TypeError('a template frame without a root');
  const { root } = at.context;
  const explain = root.explain?.bind(root);
  const { hosts } = root;
  const onFacts = root.onFacts?.bind(root);
  return {
    get: (name) => locals.get(name) ?? root.get(name),
    names: () => new Set([...locals.keys(), ...root.names()]),
    ...(explain && { explain }),
    ...(onFacts && { onFacts }),
    hosts,
  };
}

/** A frame in which what a condition has asked for is there. `holds`: the condition. */
export function grantAsked(
  template: TextTemplate,
  param: hbs.AST.Expression,
  holds: boolean,
  frame: ShapeFrame,
): ShapeFrame {
  if (isPath(param)) return holds ? grantPath(frame, param) : frame;
  if (!isSubExpression(param)) return frame;
  const [first] = param.params;
  const name = pathText(param.path);
  if (name === 'cel') {
    const granted = (first && template.expressions.get(first)?.grants(holds)) ?? [];
    return granted.reduce(grantNamed, frame);
  }
  if (name === 'default' && first && isPath(first)) return grantPath(frame, first);
  // Of what a helper makes of it, nobody knows which of its values it rests on.
  return param.params.reduce(
    (granted, each) => (isSubExpression(each) ? grantAsked(template, each, holds, granted) : granted),
    frame,
  );
}

/** A path of Handlebars's, which goes by blocks. */
export function grantPath(frame: ShapeFrame, path: Path): ShapeFrame {
  const [first, ...others] = path.parts as unknown as readonly string[];
  if (path.data) return first === 'root' ? grantRoot(frame, others) : frame;
  const isScoped = /^(?:this\b|\.\/|\.$)/.test(path.original);
  if (first === undefined) return frame;
  if (path.depth === 0 && !isScoped && localFrame(frame, first)) return grantNamed(frame, [first, ...others]);
  let at: ShapeFrame | undefined = frame;
  for (let i = 0; i < path.depth; i++) at = at?.outer;
  if (!at) return frame;
  if ('root' in at.context) return grantRoot(frame, [first, ...others]);
  const { shape } = at.context;
  return replaceFrame(frame, at, { ...at, context: { shape: withPart(shape, [first, ...others]) } });
}

/** A path of an expression's: a block's own name, or a variable. */
function grantNamed(frame: ShapeFrame, path: PartPath): ShapeFrame {
  const [first = '', ...others] = path;
  const at = localFrame(frame, first);
  const local = at?.locals.get(first);
  if (!at || !local) return grantRoot(frame, path);
  const locals = new Map([...at.locals, [first, withPart(local, others)] as const]);
  return replaceFrame(frame, at, { ...at, locals });
}

function grantRoot(frame: ShapeFrame, path: PartPath): ShapeFrame {
  let at = frame;
  while (at.outer) at = at.outer;
  if (!('root' in at.context)) return frame;
  return replaceFrame(frame, at, { ...at, context: { root: grantParts(at.context.root, [path]) } });
}

function localFrame(frame: ShapeFrame, name: string): ShapeFrame | undefined {
  let at: ShapeFrame | undefined = frame;
  while (at && !at.locals.has(name)) at = at.outer;
  return at;
}

function replaceFrame(frame: ShapeFrame, old: ShapeFrame, by: ShapeFrame): ShapeFrame {
  if (frame === old) return by;
  return { ...frame, outer: frame.outer && replaceFrame(frame.outer, old, by) };
}
