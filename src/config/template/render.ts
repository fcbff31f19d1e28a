/**
 * Owns rendering: it walks a template's tree, strictly and without escaping. Walking it here rather than having the
 * package compile it to JavaScript keeps values' types, points at the character that is wrong, lets unknown values
 * through untouched, and leaves nothing that a host's text could ever become code in.
 */
import { ZrunError } from '../../core/errors.js';
import type { Scope } from '../../core/template.js';
import { isList, isMap, Unknown, UnknownValueError, type Value } from '../../core/value.js';
import { missingHost, ungathered, type MissingHost } from '../expression/hostvars.js';
import { ownPart } from '../expression/scope.js';
import { errorAt } from '../source/findings.js';
import {
  demandKnown as demandAllKnown,
  FunctionError,
  saidOf,
  toText,
  type FunctionEntry,
} from '../functions/function.js';
import { checkArgument, signaturesFor } from '../functions/signature.js';
import { findHelper, isEmpty } from './helpers.js';
import { helperHint, nearestHint } from './hints.js';
import {
  blockParams,
  endsInOmit,
  isBlock,
  isContent,
  isMustache,
  isPath,
  isSubExpression,
  omitFallback,
  pathText,
  placeOf,
  scalarOf,
  type Block,
  type Call,
  type Node,
  type Path,
  type TextTemplate,
} from './tree.js';

/** What names mean at a point of the template. */
interface Frame {
  /** `root`: the variables themselves. */
  readonly context: { readonly root: Scope } | { readonly value: Value };
  readonly locals: ReadonlyMap<string, Value>;
  readonly data: ReadonlyMap<string, Value>;
  readonly outer: Frame | undefined;
}

const nothing: ReadonlyMap<string, Value> = new Map();

/** The value of a template that is one single expression, else its text. */
export function renderText(template: TextTemplate, scope: Scope): Value {
  if (template.single) return renderSingle(template, template.single, scope);
  return renderAsText(template, scope);
}

/** Always text, as a template file is. */
export function renderAsText(template: TextTemplate, scope: Scope): string {
  return renderProgram(template, template.program, rootFrame(scope));
}

/** As `renderText`, for the value of a parameter: undefined where the whole of it says `omit`. */
export function renderEntry(template: TextTemplate, scope: Scope): Value | undefined {
  const { single } = template;
  if (!single || !endsInOmit(single)) return renderText(template, scope);
  const value = evaluateOmittable(template, single, rootFrame(scope));
  if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
  return value;
}

function evaluateOmittable(template: TextTemplate, call: Call, frame: Frame): Value | undefined {
  const [subject] = call.params;
  const value = subject && evaluateValue(template, subject, frame, true);
  if (value !== undefined && value !== null) return value;
  const otherwise = omitFallback(call);
  return otherwise && isSubExpression(otherwise) ? evaluateOmittable(template, otherwise, frame) : undefined;
}

function renderSingle(template: TextTemplate, call: Call, scope: Scope): Value {
  const value = evaluateCall(template, call, rootFrame(scope), true, false);
  if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
  return value ?? null;
}

function rootFrame(scope: Scope): Frame {
  return { context: { root: scope }, locals: nothing, data: nothing, outer: undefined };
}

function renderProgram(template: TextTemplate, program: hbs.AST.Program | undefined, frame: Frame): string {
  let text = '';
  for (const statement of program?.body ?? []) {
    if (isContent(statement)) text += statement.value;
    else if (isMustache(statement))
      text += textAt(template, statement, evaluateCall(template, statement, frame, true, false));
    else if (isBlock(statement)) text += renderBlock(template, statement, frame);
  }
  return text;
}

function textAt(template: TextTemplate, node: Call, value: Value | undefined): string {
  const subject = node.params.length === 0 ? subjectOf(node.path) : 'this';
  return guard(template, node.path, subject, () => toText(demandKnown(value ?? null)));
}

function renderBlock(template: TextTemplate, block: Block, frame: Frame): string {
  const [param] = block.params;
  if (!param) return '';
  const name = pathText(block.path);
  const isCondition = name === 'if' || name === 'unless';
  const value = demandKnown(evaluateValue(template, param, frame, isCondition) ?? null);
  if (isCondition) {
    const holds = isEmpty(value) === (name === 'unless');
    return renderProgram(template, holds ? block.program : block.inverse, frame);
  }
  if (isEmpty(value)) return renderProgram(template, block.inverse, frame);
  if (name === 'with') return renderProgram(template, block.program, innerFrame(block, frame, value));
  return renderEach(template, block, param, frame, value);
}

function renderEach(
  template: TextTemplate,
  block: Block,
  param: hbs.AST.Expression,
  frame: Frame,
  value: Value,
): string {
  if (!isList(value) && !isMap(value)) {
    throw errorAt(
      placeOf(template, param),
      'expression-type',
      `'#each' needs a list or a map, but this is ${nounOf(value)}`,
    );
  }
  const keys: readonly (number | string)[] = isList(value) ? value.map((_, i) => i) : Object.keys(value);
  return keys
    .map((key, i) => {
      const item = ownPart(value, String(key)) ?? null;
      const data = new Map<string, Value>([
        ['key', key],
        ['index', i],
        ['first', i === 0],
        ['last', i === keys.length - 1],
      ]);
      return renderProgram(template, block.program, innerFrame(block, frame, item, key, data));
    })
    .join('');
}

function innerFrame(block: Block, outer: Frame, value: Value, key: Value = null, data = outer.data): Frame {
  const [itemName, keyName] = blockParams(block);
  const locals = new Map<string, Value>();
  if (itemName !== undefined) locals.set(itemName, value);
  if (keyName !== undefined) locals.set(keyName, key);
  return { context: { value }, locals, data, outer };
}

function evaluateCall(
  template: TextTemplate,
  call: Call,
  frame: Frame,
  asValue: boolean,
  lenient: boolean,
): Value | undefined {
  if (!isPath(call.path)) return evaluateValue(template, call.path, frame, lenient);
  if (call.params.length === 0 && asValue) return evaluatePath(template, call.path, frame, lenient);
  const name = pathText(call.path);
  const helper = findHelper(name);
  if (!helper)
    throw errorAt(
      placeOf(template, call.path),
      'template-syntax',
      `there is no helper '${name}'`,
      helperHint(name),
    );
  if (name === 'cel') {
    const [param] = call.params;
    const expression = param && template.expressions.get(param);
    if (!expression)
      throw errorAt(placeOf(template, call.path), 'template-syntax', "'cel' takes a quoted expression");
    return expression.evaluate(celScope(frame));
  }
  if (name === 'lookup') return evaluateLookup(template, call, frame, lenient);
  return helper.entry && callFunction(template, call, helper.entry, frame);
}

function callFunction(template: TextTemplate, call: Call, entry: FunctionEntry, frame: Frame): Value {
  const { params } = call;
  const signatures = signaturesFor(entry, params.length);
  const values = params.map((param, i) => {
    const value = evaluateValue(template, param, frame, entry.name === 'default' && i === 0);
    const known = value === undefined ? null : demandKnown(value);
    return guard(template, param, subjectOf(param), () => {
      if (!entry.isShallow) demandAllKnown(known);
      checkArgument(signatures, i, known);
      return known;
    });
  });
  const [first] = params;
  return guard(
    template,
    first ?? call.path,
    first ? subjectOf(first) : 'this',
    () => entry.apply?.(...values) ?? null,
  );
}

function subjectOf(node: Node): string {
  return isPath(node) ? `'${pathText(node)}'` : 'this';
}

/** `{{lookup map key …}}`: parts whose names are values themselves. */
function evaluateLookup(
  template: TextTemplate,
  call: Call,
  frame: Frame,
  lenient: boolean,
): Value | undefined {
  const [subject, ...keys] = call.params;
  if (!subject) return undefined;
  let value = evaluateValue(template, subject, frame, lenient);
  let said = isPath(subject) ? pathText(subject) : 'this';
  for (const node of keys) {
    const key = evaluateValue(template, node, frame, lenient);
    if (value === undefined || key === undefined) return undefined;
    const name = guard(template, node, 'the key', () => toText(demandKnown(key)));
    value = demandKnown(value);
    const part = value === null ? undefined : ownPart(value, name);
    if (part === undefined && lenient) return undefined;
    if (part === undefined) {
      const { message, hint } =
        value === null
          ? { message: `'${said}' is null, so it has no '${name}'`, hint: undefined }
          : describeAbsent(said, value, name);
      throw errorAt(placeOf(template, node), 'variable-unknown', message, hint);
    }
    value = part;
    said += `.${name}`;
  }
  return value;
}

/** An expression sees the blocks' own names too. */
function celScope(frame: Frame): Scope {
  let at: Frame | undefined = frame;
  const locals = new Map<string, Value>();
  while (at) {
    for (const [name, value] of at.locals) if (!locals.has(name)) locals.set(name, value);
    if ('root' in at.context) {
      const { root } = at.context;
      if (locals.size === 0) return root;
      return {
        peek: (name) => locals.get(name) ?? root.peek(name),
        get: (name) => (locals.has(name) ? demandKnown(locals.get(name) ?? null) : root.get(name)),
        has: (name) => locals.has(name) || root.has(name),
        names: () => new Set([...locals.keys(), ...root.names()]),
      };
    }
    at = at.outer;
  }
  throw new TypeError('a template frame without a root');
}

/** `lenient`: what is not there is undefined rather than an error. */
function evaluateValue(
  template: TextTemplate,
  node: hbs.AST.Expression,
  frame: Frame,
  lenient: boolean,
): Value | undefined {
  if (isPath(node)) return evaluatePath(template, node, frame, lenient);
  if (isSubExpression(node)) return evaluateCall(template, node, frame, false, lenient);
  return scalarOf(node);
}

function evaluatePath(template: TextTemplate, path: Path, frame: Frame, lenient: boolean): Value | undefined {
  const missing = (message: string, hint?: string): Value | undefined => {
    if (lenient) return undefined;
    throw errorAt(placeOf(template, path), 'variable-unknown', message, hint);
  };
  const [first, ...others] = path.parts as unknown as readonly string[];
  const start = startOfPath(path, first, others, frame);
  if ('missing' in start) return missing(start.missing, start.hint);
  let value = start.value;
  let said = start.said;
  for (const part of start.rest) {
    value = demandKnown(value);
    if (value === null) return missing(`'${said}' is null, so it has no '${part}'`);
    const next = ownPart(value, part);
    if (next === undefined) {
      const { message, hint } = describeAbsent(said, value, part);
      return missing(message, hint);
    }
    said += `.${part}`;
    value = next;
  }
  return value;
}

type PathStart =
  | { readonly value: Value; readonly said: string; readonly rest: readonly string[] }
  | { readonly missing: string; readonly hint?: string | undefined };

function startOfPath(
  path: Path,
  first: string | undefined,
  others: readonly string[],
  frame: Frame,
): PathStart {
  if (path.data) {
    if (first === 'root') return fromRoot(rootOf(frame), others[0], others.slice(1));
    const value = first === undefined ? undefined : frame.data.get(first);
    if (value === undefined) return { missing: `there is no '@${first ?? ''}' here` };
    return { value, said: `@${first ?? ''}`, rest: others };
  }
  const isScoped = /^(?:this\b|\.\/|\.$)/.test(path.original);
  if (first !== undefined && path.depth === 0 && !isScoped) {
    for (let at: Frame | undefined = frame; at; at = at.outer) {
      const local = at.locals.get(first);
      if (local !== undefined) return { value: local, said: first, rest: others };
    }
  }
  let at: Frame | undefined = frame;
  for (let i = 0; i < path.depth; i++) at = at?.outer;
  if (!at) return { missing: `'${path.original}' reaches above the template` };
  if ('root' in at.context) return fromRoot(at.context.root, first, others);
  const { value } = at.context;
  if (first === undefined) return { value, said: 'this', rest: [] };
  if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
  const part = ownPart(value, first);
  if (part !== undefined) return { value: part, said: first, rest: others };
  const hint = rootOf(frame).has(first) ? `inside a block a variable is @root.${first}` : undefined;
  return { missing: `the item has no '${first}'`, hint };
}

function fromRoot(scope: Scope, name: string | undefined, rest: readonly string[]): PathStart {
  if (name === undefined) return { missing: "'this' stands for no value here", hint: 'name a variable' };
  const value = scope.peek(name);
  if (value !== undefined) return { value, said: name, rest };
  return { missing: `nothing defines '${name}'`, hint: nearestHint(name, scope.names()) };
}

function rootOf(frame: Frame): Scope {
  let at = frame;
  while (at.outer) at = at.outer;
  if ('root' in at.context) return at.context.root;
  throw new TypeError('a template frame without a root');
}

function demandKnown(value: Value): Value {
  if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
  return value;
}

/** What is said of a part that a value does not have. */
function describeAbsent(said: string, value: Value, part: string): MissingHost {
  return (
    missingHost(said, part, isMap(value) ? Object.keys(value) : []) ?? {
      message: `'${said}' has no '${part}'`,
      hint: absentHint(value, part, said),
    }
  );
}

function absentHint(value: Value, part: string, said: string): string | undefined {
  if (said === 'facts') return ungathered(part);
  if (isMap(value) && value['skipped'] === true) return 'the task that would have set it was skipped';
  return isMap(value) ? nearestHint(part, Object.keys(value)) : undefined;
}

/** Turns what a helper says into an error at the value's place. */
function guard<T>(template: TextTemplate, node: Node, subject: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ZrunError || error instanceof UnknownValueError) throw error;
    if (!(error instanceof FunctionError)) throw error;
    throw errorAt(placeOf(template, node), 'expression-type', saidOf(error, subject), error.hint);
  }
}

function nounOf(value: Value): string {
  if (typeof value === 'string') return 'text';
  if (value === null) return 'null';
  return typeof value === 'number' ? 'a number' : 'a boolean';
}
