/**
 * Owns Handlebars: the package's parser makes the tree, this file walks it, strictly and without escaping. Walking it
 * here rather than having it compiled to JavaScript keeps values' types, points at the character that is wrong, lets
 * unknown values through untouched, and leaves nothing that a host's text could ever become code in.
 */
import parser from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { nearest, ZrunError, type Place } from '../../core/errors.js';
import type { Scope } from '../../core/template.js';
import { isMarkedSecret } from '../../core/secret.js';
import { isList, isMap, Unknown, UnknownValueError, type Value } from '../../core/value.js';
import type { Declarations } from '../expression/declarations.js';
import { compileExpression, type CompiledExpression } from '../expression/expression.js';
import { blockHelpers, HelperError, helpers, isEmpty, toText } from './helpers.js';
import { missingHost, missingHostOf, type MissingHost } from '../expression/hostvars.js';
import { hintForJinja } from '../source/jinja-hints.js';
import { errorAt, ignoreFindings, type Report } from '../source/findings.js';
import { ownPart } from '../expression/scope.js';
import { anyShape, intShape, itemOf, partNames, partOf, textShape, type Shape } from '../expression/shape.js';
import type { PositionedText } from '../source/source.js';

type Node = hbs.AST.Node;
type Path = hbs.AST.PathExpression;
type Call = Pick<hbs.AST.MustacheStatement, 'path' | 'params' | 'hash' | 'loc'>;

/** A text with Handlebars in it, parsed. */
export interface TextTemplate {
  readonly text: PositionedText;
  readonly program: hbs.AST.Program;
  /** Set where the whole text is one `{{expression}}`: its value keeps its type. */
  readonly single: Call | undefined;
  /** What `{{cel "…"}}` calls have in them. */
  readonly expressions: ReadonlyMap<Node, CompiledExpression>;
  /** Offset of each line's beginning. */
  readonly lineStarts: readonly number[];
}

/** What the package's parser counts as a line. */
const lineBreak = /\r\n?|\n/g;

export function holdsTemplate(text: string): boolean {
  return text.includes('{{');
}

// ---------------------------------------------------------------- parsing

/** Undefined where it does not parse, which is reported. */
export function parseText(text: PositionedText, report: Report): TextTemplate | undefined {
  const program = parse(text, report);
  if (!program) return undefined;
  const lineStarts = [0];
  for (const match of text.text.matchAll(lineBreak)) lineStarts.push(match.index + match[0].length);
  const foreign = findForeign(program);
  if (foreign) {
    const [start, end] = offsetsOf({ text, lineStarts }, foreign);
    report(unreadable(text.inside(start, end), text.text.slice(start, end)));
    return undefined;
  }
  const [only, ...others] = program.body;
  const expressions = new Map<Node, CompiledExpression>();
  const parsed: TextTemplate = {
    text,
    program,
    single: only && others.length === 0 && isMustache(only) ? only : undefined,
    expressions,
    lineStarts,
  };
  compileCalls(program, parsed, expressions, report);
  return parsed;
}

/** Deeper than any person writes. The package takes ever longer for each level. */
const deepest = 100;

function tooDeep(text: PositionedText): ZrunError | undefined {
  let depth = 0;
  for (const match of text.text.matchAll(/\{\{~?([#^/])\s*[\w(]/g)) {
    depth += match[1] === '/' ? -1 : 1;
    if (depth <= deepest) continue;
    const at = text.inside(match.index, match.index + match[0].length);
    return errorAt(at, 'template-syntax', `blocks are nested more than ${deepest} levels deep here`);
  }
  return undefined;
}

function parse(text: PositionedText, report: Report): hbs.AST.Program | undefined {
  const deep = tooDeep(text);
  if (deep) {
    report(deep);
    return undefined;
  }
  try {
    return parser.parse(text.text);
  } catch (error) {
    report(syntaxError(text, error instanceof Error ? error : new Error(String(error))));
    return undefined;
  }
}

/** What those write who have braces of another language in mind: a Go program's own, or Jinja's. */
function foreignHint(written: string): string | undefined {
  if (/^\{\{-?\s*\./.test(written))
    return "for a program's own braces (docker's --format), write !raw before the quoted text";
  return hintForJinja(written);
}

const foreignWords = new Set(['if', 'else', 'is', 'in', 'and', 'or', 'not']);

/** `{{ 'a' if x else 'b' }}` parses, as a call of something with four values, and yet is none. */
function findForeign(program: hbs.AST.Program | undefined): Call | undefined {
  for (const statement of program?.body ?? []) {
    if (isMustache(statement) && isForeign(statement)) return statement;
    if (!isBlock(statement)) continue;
    const inside = findForeign(statement.program) ?? findForeign(statement.inverse);
    if (inside) return inside;
  }
  return undefined;
}

function isForeign({ path, params }: Call): boolean {
  if (params.length === 0) return false;
  if (!isPath(path)) return true;
  if (Object.hasOwn(helpers, pathText(path))) return false;
  return params.some((param) => isPath(param) && foreignWords.has(pathText(param)));
}

function syntaxError(text: PositionedText, error: Error): ZrunError {
  // The parser's own position is a line and a drawing; the mustache that does not parse by itself is exact.
  for (const match of text.text.matchAll(/(?<!\\)\{\{\{?[\s\S]*?\}?\}\}/g)) {
    const [written] = match;
    if (/^\{\{\{?~?\s*(?:[#/^!>&]|else\b)/.test(written) || parsesAlone(written)) continue;
    const at = text.inside(match.index, match.index + written.length);
    return unreadable(at, written);
  }
  const mismatch = /^(\S+) doesn't match (\S+) - (\d+):(\d+)/.exec(error.message);
  if (mismatch) {
    const [, opened = '', closed = '', line = '1', column = '0'] = mismatch;
    const start = offsetOf(text.text, Number(line), Number(column));
    return errorAt(
      text.inside(start, start + opened.length),
      'template-syntax',
      `{{#${opened}}} is closed by {{/${closed}}}`,
      `close it with {{/${opened}}}`,
    );
  }
  const open = unclosedBlock(text.text);
  if (open) {
    const at = text.inside(open.index, open.index + open.length);
    return errorAt(at, 'template-syntax', `{{#${open.name}}} is never closed`, `add {{/${open.name}}}`);
  }
  const nul = text.text.indexOf('\0');
  if (nul >= 0) {
    const at = text.inside(nul, nul + 1);
    return errorAt(at, 'template-syntax', 'a NUL character stands here, which no text file holds');
  }
  const brace = text.text.lastIndexOf('{{');
  const at = text.inside(brace, brace + 2);
  const line = Number(/on line (\d+)/.exec(error.message)?.[1] ?? 1);
  if (!text.text.slice(brace).includes('}}')) {
    return errorAt(
      at,
      'template-syntax',
      '{{ is never closed',
      'close it with }}, or write \\{{ for plain braces',
    );
  }
  return errorAt(at, 'template-syntax', `line ${line} of this template cannot be read`);
}

function unreadable(at: Place, written: string): ZrunError {
  const shown = isMarkedSecret(at.source.text) ? '' : `: ${written}`;
  const message = `this is not a template that can be read${shown}`;
  return errorAt(at, 'template-syntax', message, foreignHint(written));
}

function parsesAlone(mustache: string): boolean {
  try {
    parser.parse(mustache);
    return true;
  } catch {
    return false;
  }
}

function unclosedBlock(text: string): { index: number; length: number; name: string } | undefined {
  const open: { index: number; length: number; name: string }[] = [];
  for (const match of text.matchAll(/\{\{~?([#/])\s*(\w+)[\s\S]*?\}\}/g)) {
    const [written, kind, name = ''] = match;
    if (kind === '#') open.push({ index: match.index, length: written.length, name });
    else open.pop();
  }
  return open.at(-1);
}

function offsetOf(text: string, line: number, column: number): number {
  const breaks = [...text.matchAll(lineBreak)];
  const before = breaks[line - 2];
  const start = before === undefined ? 0 : before.index + before[0].length;
  return Math.min(start + column, text.length);
}

/** Refuses what this dialect does not have, and compiles the CEL that is in `cel` calls. */
function compileCalls(
  program: hbs.AST.Program,
  template: TextTemplate,
  expressions: Map<Node, CompiledExpression>,
  report: Report,
): void {
  const refuse = (node: Node, message: string, hint?: string): void => {
    report(errorAt(placeOf(template, node), 'template-syntax', message, hint));
  };
  const visitCall = (call: Call, asValue: boolean): void => {
    const [named] = hashPairs(call);
    if (named) refuse(named, 'helpers take no named values here');
    for (const param of call.params) visitValue(param);
    if (!isPath(call.path) || (call.params.length === 0 && asValue)) return;
    const name = pathText(call.path);
    const helper = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
    if (!helper) {
      refuse(call.path, `there is no helper '${name}'`, helperHint(name));
      return;
    }
    const [least, most] = helper.arity;
    if (call.params.length < least || call.params.length > most) {
      const counts =
        least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} or ${most}`;
      refuse(
        call.path,
        `'${name}' takes ${counts} value${most === 1 ? '' : 's'}, not ${call.params.length}`,
        `write ${helper.usage}`,
      );
    }
    if (name === 'cel') compileCel(call.params[0]);
  };
  const compileCel = (param: hbs.AST.Expression | undefined): void => {
    if (!param) return;
    if (!isString(param)) {
      refuse(param, "'cel' takes a quoted expression, not a value", 'write {{cel "a + b"}}');
      return;
    }
    const [start] = offsetsOf(template, param);
    const positioned: PositionedText = {
      text: param.value,
      at: placeOf(template, param),
      inside: (from, to) => template.text.inside(start + 1 + from, start + 1 + to),
    };
    const compiled = compileExpression(positioned, report);
    if (compiled) expressions.set(param, compiled);
  };
  const visitValue = (node: hbs.AST.Expression): void => {
    if (isSubExpression(node)) visitCall(node, false);
  };
  const visit = (body: hbs.AST.Program | undefined): void => {
    for (const statement of body?.body ?? []) {
      if (isMustache(statement)) visitCall(statement, true);
      else if (isBlock(statement)) {
        const name = pathText(statement.path);
        if (!blockHelpers.includes(name)) {
          const known = nearest(name, blockHelpers);
          refuse(
            statement.path,
            `there is no block '#${name}'`,
            known
              ? `did you mean '#${known}'?`
              : `there are ${blockHelpers.map((one) => `#${one}`).join(', ')}`,
          );
        } else if (statement.params.length !== 1) {
          refuse(
            statement.path,
            `'#${name}' takes one value, not ${statement.params.length}`,
            'for a condition, write {{#if (cel "a == b")}}',
          );
        }
        for (const param of statement.params) visitValue(param);
        const [named] = hashPairs(statement);
        if (named) refuse(named, 'blocks take no named values here');
        visit(statement.program);
        visit(statement.inverse);
      } else if (statement.type !== 'ContentStatement' && statement.type !== 'CommentStatement') {
        refuse(statement, 'partials and decorators are not supported in templates');
      }
    }
  };
  visit(program);
}

function helperHint(name: string): string {
  const known = nearest(name, Object.keys(helpers));
  if (known) return `did you mean '${known}'?`;
  if (name === 'not') return 'write {{#unless x}}, or {{cel "!x"}}';
  return `there are ${Object.keys(helpers).join(', ')}; to compute, write {{cel "…"}}`;
}

// ---------------------------------------------------------------- rendering

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

/** `{{omit}}`, or `{{default x omit}}`. */
function endsInOmit(call: Call): boolean {
  const otherwise = omitFallback(call);
  if (!otherwise) return isOmit(call.path) && call.params.length === 0;
  return isOmit(otherwise) || (isSubExpression(otherwise) && endsInOmit(otherwise));
}

function omitFallback({ path, params }: Call): hbs.AST.Expression | undefined {
  return pathText(path) === 'default' && params.length === 2 ? params[1] : undefined;
}

function isOmit(node: Node): boolean {
  return pathText(node) === 'omit';
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
  const subject = node.params.length === 0 && isPath(node.path) ? `'${pathText(node.path)}'` : 'this';
  return guard(template, node.path, subject, () => toText(known(value ?? null)));
}

function renderBlock(template: TextTemplate, block: hbs.AST.BlockStatement, frame: Frame): string {
  const [param] = block.params;
  if (!param) return '';
  const name = pathText(block.path);
  const isCondition = name === 'if' || name === 'unless';
  const value = known(evaluateValue(template, param, frame, isCondition) ?? null);
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
  block: hbs.AST.BlockStatement,
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

function innerFrame(
  block: hbs.AST.BlockStatement,
  outer: Frame,
  value: Value,
  key: Value = null,
  data = outer.data,
): Frame {
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
  const helper = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
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
  const values = call.params.map((param, i) => {
    const value = evaluateValue(template, param, frame, name === 'default' && i === 0);
    return value === undefined ? null : known(value);
  });
  const subject = call.params[0] && isPath(call.params[0]) ? `'${pathText(call.params[0])}'` : 'this';
  return guard(template, call.params[0] ?? call.path, subject, () => helper.apply(...values));
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
    const name = guard(template, node, 'the key', () => toText(known(key)));
    value = known(value);
    const part = value === null ? undefined : ownPart(value, name);
    if (part === undefined && lenient) return undefined;
    if (part === undefined) {
      const { message, hint } =
        value === null
          ? { message: `'${said}' is null, so it has no '${name}'`, hint: undefined }
          : absent(said, value, name);
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
        get: (name) => (locals.has(name) ? known(locals.get(name) ?? null) : root.get(name)),
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
  return literalValue(node);
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
    value = known(value);
    if (value === null) return missing(`'${said}' is null, so it has no '${part}'`);
    const next = ownPart(value, part);
    if (next === undefined) {
      const { message, hint } = absent(said, value, part);
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

function known(value: Value): Value {
  if (value instanceof Unknown) throw new UnknownValueError(value.waitsFor);
  return value;
}

/** What is said of a part that a value does not have. */
function absent(said: string, value: Value, part: string): MissingHost {
  return (
    missingHost(said, part, isMap(value) ? Object.keys(value) : []) ?? {
      message: `'${said}' has no '${part}'`,
      hint: absentHint(value, part),
    }
  );
}

function absentHint(value: Value, part: string): string | undefined {
  if (isMap(value) && value['skipped'] === true) return 'the task that would have set it was skipped';
  return isMap(value) ? nearestHint(part, Object.keys(value)) : undefined;
}

function nearestHint(name: string, names: Iterable<string>): string | undefined {
  const best = nearest(name, names);
  return best === undefined ? undefined : `did you mean '${best}'?`;
}

/** Turns what a helper says into an error at the value's place. */
function guard<T>(template: TextTemplate, node: Node, subject: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ZrunError || error instanceof UnknownValueError) throw error;
    const hint = error instanceof HelperError ? error.hint : undefined;
    const message = error instanceof Error ? error.message : String(error);
    throw errorAt(placeOf(template, node), 'expression-type', `${subject} ${message}`, hint);
  }
}

function nounOf(value: Value): string {
  if (typeof value === 'string') return 'text';
  if (value === null) return 'null';
  return typeof value === 'number' ? 'a number' : 'a boolean';
}

// ---------------------------------------------------------------- looking

/** A value that a template puts into its text. */
export interface InsertedValue {
  /** The helper that it goes through: `sh` in `{{sh x}}`. */
  readonly helper: string | undefined;
  /** As it is written, without the braces: `sh x`. */
  readonly written: string;
  readonly at: Place;
  /** Offsets in the template's own text. */
  readonly start: number;
  readonly end: number;
}

/** Every `{{…}}` that gives text, those inside blocks among them, in the order in which they stand. */
export function valuesIn(template: TextTemplate): readonly InsertedValue[] {
  const found: InsertedValue[] = [];
  const visit = (program: hbs.AST.Program | undefined): void => {
    for (const statement of program?.body ?? []) {
      if (isMustache(statement)) {
        const [start, end] = offsetsOf(template, statement);
        const written = template.text.text.slice(start, end).replace(/^\{+[~&]?\s*|\s*~?\}+$/g, '');
        const helper = statement.params.length > 0 ? pathText(statement.path) : undefined;
        found.push({ helper, written, at: placeOf(template, statement), start, end });
      } else if (isBlock(statement)) {
        visit(statement.program);
        visit(statement.inverse);
      }
    }
  };
  visit(template.program);
  return found;
}

// ---------------------------------------------------------------- checking

interface ShapeFrame {
  readonly context: { readonly root: Declarations } | { readonly shape: Shape };
  readonly locals: ReadonlyMap<string, Shape>;
  readonly data: readonly string[];
  readonly outer: ShapeFrame | undefined;
}

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
    if (!(error instanceof HelperError)) throw error;
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

function checkBlock(
  template: TextTemplate,
  block: hbs.AST.BlockStatement,
  frame: ShapeFrame,
  report: Report,
): void {
  const [param] = block.params;
  if (!param) return;
  const name = pathText(block.path);
  const shape = checkValue(template, param, frame, report);
  if (name === 'if' || name === 'unless') {
    checkProgram(template, block.program, frame, report);
  } else {
    const item = name === 'each' ? itemOf(shape) : shape;
    const [itemName, keyName] = blockParams(block);
    const locals = new Map<string, Shape>();
    if (itemName !== undefined) locals.set(itemName, item);
    if (keyName !== undefined) locals.set(keyName, anyShape);
    const data = name === 'each' ? ['key', 'index', 'first', 'last'] : frame.data;
    checkProgram(template, block.program, { context: { shape: item }, locals, data, outer: frame }, report);
  }
  checkProgram(template, block.inverse, frame, report);
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
  call.params.forEach((param, i) => {
    // `default` is there for names that may not exist.
    checkValue(template, param, frame, name === 'default' && i === 0 ? ignoreFindings : report);
  });
  const gives = Object.hasOwn(helpers, name) ? helpers[name]?.gives : undefined;
  return gives === undefined ? textShape : { type: gives };
}

function checkLookup(template: TextTemplate, call: Call, frame: ShapeFrame, report: Report): Shape {
  const [subject, ...keys] = call.params;
  let shape = subject ? checkValue(template, subject, frame, report) : anyShape;
  let said = subject && isPath(subject) ? pathText(subject) : 'this';
  for (const node of keys) {
    checkValue(template, node, frame, report);
    const key = isPath(node) || isSubExpression(node) ? undefined : String(scalarOf(node));
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

function celDeclarations(frame: ShapeFrame): Declarations {
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
  return {
    get: (name) => locals.get(name) ?? root.get(name),
    names: () => new Set([...locals.keys(), ...root.names()]),
    ...(explain && { explain }),
    hosts,
  };
}

function checkValue(
  template: TextTemplate,
  node: hbs.AST.Expression,
  frame: ShapeFrame,
  report: Report,
): Shape {
  if (isPath(node)) return checkPath(template, node, frame, report);
  if (isSubExpression(node)) return checkCall(template, node, frame, report, false);
  const value = literalValue(node);
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
  const shape = declared.get(name);
  if (!shape)
    return refuse(
      `nothing defines '${name}'`,
      () => usageHint(name) ?? declared.explain?.(name) ?? nearestHint(name, declared.names()),
    );
  const noHost = missingHostOf([name, ...rest], declared.hosts);
  return followParts(shape, name, rest, noHost ? () => refuse(noHost.message, () => noHost.hint) : refuse);
}

/** A helper without a value is read as a variable. */
function usageHint(name: string): string | undefined {
  const helper = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
  return helper && `'${name}' is a helper: write ${helper.usage}`;
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

function rootDeclarations(frame: ShapeFrame): Declarations {
  let at = frame;
  while (at.outer) at = at.outer;
  if ('root' in at.context) return at.context.root;
  throw new TypeError('a template frame without a root');
}

// ---------------------------------------------------------------- the tree

function isMustache(node: Node): node is hbs.AST.MustacheStatement {
  return node.type === 'MustacheStatement';
}

function isBlock(node: Node): node is hbs.AST.BlockStatement & { readonly path: Path } {
  return node.type === 'BlockStatement';
}

function isContent(node: Node): node is hbs.AST.ContentStatement {
  return node.type === 'ContentStatement';
}

function isPath(node: Node): node is Path {
  return node.type === 'PathExpression';
}

function isSubExpression(node: Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression';
}

function isString(node: Node): node is hbs.AST.StringLiteral {
  return node.type === 'StringLiteral';
}

function literalValue(node: Node): Value {
  return scalarOf(node);
}

function scalarOf(node: Node): string | number | boolean | null {
  if (isString(node)) return node.value;
  if (node.type === 'NumberLiteral') return (node as hbs.AST.NumberLiteral).value;
  if (node.type === 'BooleanLiteral') return (node as hbs.AST.BooleanLiteral).value;
  return null;
}

function pathText(node: Node): string {
  return isPath(node) ? node.original : '';
}

/** The package's types say that these are always there; its parser leaves them out where they are empty. */
function blockParams({ program }: hbs.AST.BlockStatement): readonly string[] {
  return (program as Partial<hbs.AST.Program>).blockParams ?? [];
}

function hashPairs({ hash }: Pick<Call, 'hash'>): readonly hbs.AST.HashPair[] {
  return (hash as hbs.AST.Hash | undefined)?.pairs ?? [];
}

function offsetsOf(
  template: Pick<TextTemplate, 'text' | 'lineStarts'>,
  node: Pick<Node, 'loc'>,
): readonly [start: number, end: number] {
  const { start, end } = node.loc;
  const startLine = template.lineStarts[start.line - 1] ?? 0;
  const endLine = template.lineStarts[end.line - 1] ?? 0;
  const length = template.text.text.length;
  return [Math.min(startLine + start.column, length), Math.min(endLine + end.column, length)];
}

function placeOf(template: TextTemplate, node: Node): Place {
  return template.text.inside(...offsetsOf(template, node));
}
