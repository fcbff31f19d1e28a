/**
 * Owns the check of a template before the run: names that nothing defines, parts that no value has, and what has no
 * form as text. It walks the tree as the renderer does, with shapes in place of values.
 */
import type { Value } from '../../core/value.js';
import type { Declarations } from '../expression/declarations.js';
import { missingHostOf } from '../expression/hostvars.js';
import {
  anyShape,
  intShape,
  itemOf,
  partNames,
  partOf,
  shapeOfValue,
  textShape,
  type Shape,
} from '../expression/shape.js';
import { hintForLookup } from '../functions/ansible-words.js';
import { errorAt, ignoreFindings, type Report } from '../source/findings.js';
import { FunctionError, saidOf, toText, type FunctionEntry } from '../functions/function.js';
import { misfitOf, shapeOfUse } from '../expression/function-shapes.js';
import { signaturesFor } from '../functions/signature.js';
import { celDeclarations, grantAsked, grantPath, rootDeclarations, type ShapeFrame } from './frames.js';
import { findHelper } from './helpers.js';
import { nearestHint, usageHint } from './hints.js';
import {
  blockParams,
  endsInOmit,
  isBlock,
  isMustache,
  isPath,
  isString,
  isSubExpression,
  pathText,
  placeOf,
  scalarOf,
  type Block,
  type Call,
  type Path,
  type TextTemplate,
} from './tree.js';

/** Looks for names that nothing defines, without rendering anything. Gives the shape of what it would render. */
export function checkText(template: TextTemplate, declared: Declarations, report: Report): Shape {
  const frame: ShapeFrame = { context: { root: declared }, locals: new Map(), data: [], outer: undefined };
  if (template.single) return checkCall(template, template.single, frame, report, true);
  checkProgram(template, template.program, frame, report);
  return textShape;
}

/** As `checkText`, for the value of a parameter, which may be `omit`. */
export function checkEntry(template: TextTemplate, declared: Declarations, report: Report): Shape {
  const { single } = template;
  if (!single || !endsInOmit(single)) return checkText(template, declared, report);
  return anyShape;
}

function checkProgram(
  template: TextTemplate,
  program: hbs.AST.Program | undefined,
  frame: ShapeFrame,
  report: Report,
): void {
  for (const statement of program?.body ?? []) {
    if (isMustache(statement)) {
      const shape = checkCall(template, statement, frame, report, true);
      refuseStructure(template, statement, shape, report);
    } else if (isBlock(statement)) checkBlock(template, statement, frame, report);
  }
}

function refuseStructure(template: TextTemplate, statement: Call, shape: Shape, report: Report): void {
  if (shape.type !== 'list' && shape.type !== 'map' && shape.type !== 'object') return;
  const subject = isPath(statement.path) ? `'${pathText(statement.path)}'` : 'this';
  try {
    toText(shape.type === 'list' ? [] : {});
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    report(
      errorAt(
        placeOf(template, statement.path),
        'expression-type',
        `${subject} ${error.message}`,
        error.hint,
      ),
    );
  }
}

function checkBlock(template: TextTemplate, block: Block, frame: ShapeFrame, report: Report): void {
  const [param] = block.params;
  if (!param) return;
  const name = pathText(block.path);
  if (name === 'if' || name === 'unless') {
    checkCondition(template, block, param, frame, report);
    return;
  }
  const shape = checkValue(template, param, frame, report);
  const item = name === 'each' ? itemOf(shape) : shape;
  const [itemName, keyName] = blockParams(block);
  const locals = new Map<string, Shape>();
  if (itemName !== undefined) locals.set(itemName, item);
  if (keyName !== undefined) locals.set(keyName, anyShape);
  const data = name === 'each' ? ['key', 'index', 'first', 'last'] : frame.data;
  checkProgram(template, block.program, { context: { shape: item }, locals, data, outer: frame }, report);
  checkProgram(template, block.inverse, frame, report);
}

/** What a condition asks for need not be there, and where it holds, it is. */
function checkCondition(
  template: TextTemplate,
  block: Block,
  param: hbs.AST.Expression,
  frame: ShapeFrame,
  report: Report,
): void {
  const holds = pathText(block.path) === 'if';
  checkValue(template, param, isPath(param) ? grantPath(frame, param) : frame, report);
  checkProgram(template, block.program, grantAsked(template, param, holds, frame), report);
  checkProgram(template, block.inverse, grantAsked(template, param, !holds, frame), report);
}

function checkCall(
  template: TextTemplate,
  call: Call,
  frame: ShapeFrame,
  report: Report,
  asValue: boolean,
): Shape {
  if (!isPath(call.path)) return checkValue(template, call.path, frame, report);
  if (call.params.length === 0 && asValue) return checkPath(template, call.path, frame, report);
  const name = pathText(call.path);
  if (name === 'cel') {
    const [param] = call.params;
    const expression = param && template.expressions.get(param);
    return expression?.check(celDeclarations(frame), report) ?? anyShape;
  }
  if (name === 'lookup') return checkLookup(template, call, frame, report);
  const shapes = call.params.map((param, i) =>
    // `default` is there for names that may not exist.
    checkValue(template, param, frame, name === 'default' && i === 0 ? ignoreFindings : report),
  );
  const entry = findHelper(name)?.entry;
  if (!entry) return anyShape;
  shapes.forEach((shape, i) => {
    const misfit = misfitOf(entry, shapes.length, i, shape);
    const param = call.params[i];
    if (!misfit || !param) return;
    const subject = isPath(param) ? `'${pathText(param)}'` : 'this';
    const hint = findHelper(name)?.usage;
    const message = `${subject} is ${misfit.is}, and '${name}' takes ${misfit.must} here`;
    report(errorAt(placeOf(template, param), 'expression-type', message, hint && `it is written ${hint}`));
  });
  if (name === 'default') return anyShape;
  if (report !== ignoreFindings) tryHelper(template, call, entry, report);
  return shapeOfUse(entry, signaturesFor(entry, shapes.length), shapes[0]);
}

/** What can be said of values that are written out. */
function tryHelper(
  template: TextTemplate,
  { path, params }: Call,
  entry: FunctionEntry,
  report: Report,
): void {
  const values = params.map((param) =>
    isPath(param) || isSubExpression(param) ? undefined : scalarOf(param),
  );
  const known = params.filter((_, i) => values[i] !== undefined);
  try {
    if (known.length < params.length) entry.precheck?.(...values);
    else if (misfits(entry, values)) return;
    else entry.apply?.(...values);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const [only = path] = known;
    const at = placeOf(template, known.length === 1 ? only : path);
    const [first] = params;
    const subject = first && isPath(first) ? `'${pathText(first)}'` : 'this';
    report(errorAt(at, 'expression-type', saidOf(error, subject), error.hint));
  }
}

/** Said already, of their types. */
function misfits(entry: FunctionEntry, values: readonly (Value | undefined)[]): boolean {
  return values.some(
    (value, i) => value !== undefined && misfitOf(entry, values.length, i, shapeOfValue(value)),
  );
}

function checkLookup(template: TextTemplate, call: Call, frame: ShapeFrame, report: Report): Shape {
  const [subject, ...keys] = call.params;
  if (subject && isString(subject)) {
    const [term] = keys;
    const hint = hintForLookup(subject.value, term && isString(term) ? term.value : undefined);
    const message = `'lookup' takes a list or a map, not the text '${subject.value}'`;
    report(errorAt(placeOf(template, subject), 'expression-type', message, hint));
    return anyShape;
  }
  let shape = subject ? checkValue(template, subject, frame, report) : anyShape;
  let said = subject && isPath(subject) ? pathText(subject) : 'this';
  for (const node of keys) {
    checkValue(template, node, frame, report);
    const key = isPath(node) || isSubExpression(node) ? undefined : String(scalarOf(node));
    if (key === undefined || key === 'facts') rootDeclarations(frame).onFacts?.(undefined);
    const next = key === undefined ? lookedUp(shape) : partOf(shape, key);
    if (!next) {
      const message = `'${said}' has no '${key ?? ''}'`;
      report(errorAt(placeOf(template, node), 'variable-unknown', message, partHint(key ?? '', shape)));
      return anyShape;
    }
    shape = next;
    said += `.${key ?? '…'}`;
  }
  return shape;
}

/** Some part of it: which one, only the run knows. */
function lookedUp(shape: Shape): Shape {
  return shape.type === 'object' ? anyShape : itemOf(shape);
}

function checkValue(
  template: TextTemplate,
  node: hbs.AST.Expression,
  frame: ShapeFrame,
  report: Report,
): Shape {
  if (isPath(node)) return checkPath(template, node, frame, report);
  if (isSubExpression(node)) return checkCall(template, node, frame, report, false);
  const value = scalarOf(node);
  if (typeof value === 'string') return textShape;
  return typeof value === 'number' && Number.isInteger(value) ? intShape : anyShape;
}

/** The hint is looked for only where somebody reads it: nearest names among hundreds take longer than the check. */
type Refuse = (message: string, hint?: () => string | undefined) => Shape;

function checkPath(template: TextTemplate, path: Path, frame: ShapeFrame, report: Report): Shape {
  const refuse: Refuse = (message, hint) => {
    if (report !== ignoreFindings)
      report(errorAt(placeOf(template, path), 'variable-unknown', message, hint?.()));
    return anyShape;
  };
  const parts = path.parts as unknown as readonly string[];
  const [first, ...others] = parts;
  if (path.data) {
    if (first === 'root') return fromDeclared(rootDeclarations(frame), others[0], others.slice(1), refuse);
    if (first !== undefined && frame.data.includes(first)) return anyShape;
    return refuse(
      `there is no '@${first ?? ''}' here`,
      () => 'inside {{#each}} there are @index, @key, @first and @last',
    );
  }
  const isScoped = /^(?:this\b|\.\/|\.$)/.test(path.original);
  if (first !== undefined && path.depth === 0 && !isScoped) {
    for (let at: ShapeFrame | undefined = frame; at; at = at.outer) {
      const local = at.locals.get(first);
      if (local) return followParts(local, first, others, refuse);
    }
  }
  let at: ShapeFrame | undefined = frame;
  for (let i = 0; i < path.depth; i++) at = at?.outer;
  if (!at) return refuse(`'${path.original}' reaches above the template`);
  if ('root' in at.context) {
    if (first === undefined) {
      return refuse(
        `'${path.original}' stands for no value here`,
        () =>
          "name a variable; for a program's own braces (docker's --format), write !raw before the quoted text",
      );
    }
    return fromDeclared(at.context.root, first, others, refuse);
  }
  const item = at.context.shape;
  if (first === undefined) return item;
  const shape = partOf(item, first);
  if (shape) return followParts(shape, first, others, refuse);
  const isVariable = rootDeclarations(frame).get(first) !== undefined;
  return refuse(`the item has no '${first}'`, () =>
    isVariable ? `inside a block a variable is @root.${first}` : nearestHint(first, partNames(item)),
  );
}

function fromDeclared(
  declared: Declarations,
  name: string | undefined,
  rest: readonly string[],
  refuse: Refuse,
): Shape {
  if (name === undefined) return refuse("'@root' stands for no value");
  watchFacts(declared, [name, ...rest]);
  const shape = declared.get(name);
  if (!shape)
    return refuse(
      `nothing defines '${name}'`,
      () => usageHint(name) ?? declared.explain?.(name, rest) ?? nearestHint(name, declared.names()),
    );
  const noHost = missingHostOf([name, ...rest], declared.hosts);
  return followParts(shape, name, rest, noHost ? () => refuse(noHost.message, () => noHost.hint) : refuse);
}

/** Another host's facts, or those of `vars`, are facts too; and so is whatever else is called that. */
function watchFacts(declared: Declarations, parts: readonly string[]): void {
  parts.forEach((part, i) => {
    if (part === 'facts') declared.onFacts?.(parts[i + 1]);
  });
}

function followParts(start: Shape, name: string, rest: readonly string[], refuse: Refuse): Shape {
  let shape = start;
  let said = name;
  for (const part of rest) {
    const next = partOf(shape, part);
    if (!next) return refuse(`'${said}' has no '${part}'`, () => partHint(part, shape));
    shape = next;
    said += `.${part}`;
  }
  return shape;
}

/** Which parts there are, where there is no near one. */
function partHint(part: string, shape: Shape): string | undefined {
  const names = [...partNames(shape)];
  const near = nearestHint(part, names);
  if (near !== undefined || names.length === 0) return near;
  const shown = names.slice(0, 12).join(', ');
  return `it has ${shown}${names.length > 12 ? ', …' : ''}`;
}
