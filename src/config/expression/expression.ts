/**
 * Owns CEL expressions: parsing, the check against what is declared, evaluation over a scope, and errors that point at
 * the character. Nothing but text from the user's own files is ever parsed.
 */
import { EvaluationError, ParseError, TypeError as CelTypeError, type ASTNode } from '@marcbachmann/cel-js';
import { nearest, ZrunError } from '../../core/errors.js';
import type { Expression, Scope } from '../../core/template.js';
import { shorten } from '../../core/secret.js';
import { isMap, Unknown, UnknownValueError, type Value } from '../../core/value.js';
import { badRegex, environmentFor, runEnvironment } from './cel-environment.js';
import { fromCel, toCel } from './cel-values.js';
import type { Declarations } from './declarations.js';
import { explainMissing, walkExpression } from './names.js';
import { expressionHint } from './hints.js';
import { missingHost } from './hostvars.js';
import { celMethod } from '../source/jinja-hints.js';
import { errorAt, throwFindings, type Report } from '../source/findings.js';
import { ownPart } from './scope.js';
import { anyShape, boolShape, intShape, textShape, type Shape } from './shape.js';
import type { PositionedText } from '../source/source.js';

export interface CompiledExpression extends Expression {
  /** Reports names that nothing defines and types that do not fit; gives the shape of the result. */
  check(declared: Declarations, report: Report): Shape;
}

interface ExpressionOptions {
  /** Its result must be true or false: what is called a condition in errors. */
  readonly condition?: boolean;
}

/** Undefined where it does not parse, which is reported. */
export function compileExpression(
  positioned: PositionedText,
  report: Report,
  { condition = false }: ExpressionOptions = {},
): CompiledExpression | undefined {
  const { text, at } = positioned;
  let parsed: ReturnType<typeof runEnvironment.parse>;
  try {
    parsed = runEnvironment.parse(text);
  } catch (error) {
    report(syntaxError(positioned, error));
    return undefined;
  }
  if (isTooDeep(parsed.ast)) {
    const message = `this expression is nested more than ${deepest} levels deep`;
    report(errorAt(at, 'expression-syntax', message, 'give parts of it names, in vars:'));
    return undefined;
  }
  const names = new Set<string>();
  walkExpression(parsed.ast, { onName: (name) => names.add(name) });

  const literal = { true: true, false: false }[text.trim()];

  function evaluate(scope: Scope): Value {
    // `changed_when: false` is what most commands have.
    if (literal !== undefined) return literal;
    let touched: UnknownValueError | undefined;
    const onUnknown = (error: UnknownValueError): void => {
      touched ??= error;
    };
    try {
      const result = fromCel(parsed(contextFor(names, scope, onUnknown)));
      if (condition && typeof result !== 'boolean') throw notACondition(positioned, describe(result));
      return result;
    } catch (error) {
      if (error instanceof UnknownValueError || error instanceof ZrunError) throw error;
      // CEL may have gone on past an unknown value (`a || b`) and stumbled elsewhere: the unknown is the reason.
      if (touched) throw touched;
      throw evaluationError(positioned, error, scope);
    }
  }

  return {
    text,
    at,
    evaluate,
    check(declared, onError) {
      const failed: unknown[] = [];
      const tell: Report = (error) => {
        failed.push(error);
        onError(error);
      };
      const shape = walkExpression(parsed.ast, {
        declared,
        onMissing: (node, missing) => tell(explainMissing(positioned, node, missing, declared)),
      });
      if (failed.length > 0) return anyShape;
      return checkTypes(positioned, names, declared, shape, condition, tell);
    },
  };
}

/** Deeper than any person writes, and well within what a walk over the tree has stack for. */
const deepest = 500;

/** Without recursion, which is what it guards. */
function isTooDeep(root: ASTNode): boolean {
  let level: readonly unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((node) => nodesIn((node as ASTNode).args));
  }
  return false;
}

/** The nodes among a node's arguments, which also are names, values, and lists of these. */
function nodesIn(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn);
  return typeof args === 'object' && args !== null && 'op' in args ? [args] : [];
}

/** The names that an expression uses, converted when CEL asks for them. */
function contextFor(
  names: ReadonlySet<string>,
  scope: Scope,
  onUnknown: (error: UnknownValueError) => void,
): Record<string, unknown> {
  const context = Object.create(null) as Record<string, unknown>;
  for (const name of names) {
    Object.defineProperty(context, name, {
      get() {
        const value = scope.peek(name);
        return value === undefined ? undefined : toCel(value, onUnknown);
      },
    });
  }
  return context;
}

function checkTypes(
  positioned: PositionedText,
  names: ReadonlySet<string>,
  declared: Declarations,
  shape: Shape,
  condition: boolean,
  report: Report,
): Shape {
  const known: (readonly [string, Shape])[] = [];
  for (const name of names) {
    const found = declared.get(name);
    if (found) known.push([name, found]);
  }
  const result = environmentFor(known).check(positioned.text);
  if (!result.valid) {
    report(typeError(positioned, result.error));
    return anyShape;
  }
  const type = result.type ?? 'dyn';
  if (condition && type !== 'bool' && type !== 'dyn' && !type.startsWith('dyn<')) {
    report(notACondition(positioned, typeNoun(type)));
  }
  if (shape.type !== 'any') return shape;
  const shapes: Readonly<Record<string, Shape>> = { bool: boolShape, string: textShape, int: intShape };
  return shapes[type] ?? anyShape;
}

// ---------------------------------------------------------------- errors

function syntaxError(positioned: PositionedText, error: unknown): ZrunError {
  const { text } = positioned;
  const range = error instanceof ParseError ? error.range : undefined;
  const hinted = expressionHint(text);
  if (hinted) {
    const at = positioned.inside(hinted.start, hinted.end);
    return errorAt(at, 'expression-syntax', hinted.message, hinted.hint);
  }
  const start = Math.min(range?.start ?? 0, text.length);
  const end = Math.max(range?.end ?? text.length, start + 1);
  if (text.trim() === '') {
    return errorAt(
      positioned.at,
      'expression-syntax',
      'an expression is missing',
      'write true, or leave it out',
    );
  }
  if (start >= text.trimEnd().length) {
    const last = text.trimEnd().length;
    const at = positioned.inside(last - 1, last);
    return errorAt(at, 'expression-syntax', 'the expression ends where something must follow');
  }
  const found = text.slice(start, end);
  return errorAt(
    positioned.inside(start, end),
    'expression-syntax',
    `'${found}' cannot stand here in a CEL expression`,
  );
}

function typeError(positioned: PositionedText, error: unknown): ZrunError {
  const { text } = positioned;
  const range = error instanceof CelTypeError || error instanceof ParseError ? error.range : undefined;
  const at = positioned.inside(range?.start ?? 0, range?.end ?? text.length);
  if (!(error instanceof CelTypeError)) {
    return errorAt(at, 'expression-type', error instanceof Error ? error.message : String(error));
  }
  return errorAt(at, 'expression-type', ...explainType(error.code, error.summary));
}

function explainType(code: string, summary: string): readonly [message: string, hint: string | undefined] {
  if (code === badRegex) {
    const [reason = '', hint] = summary.split('\n');
    return [`this regular expression does not work: ${reason}`, hint === '' ? undefined : hint];
  }
  if (/^has\(\) invalid argument/.test(summary))
    return [
      'has() takes a part of something, named by dots alone',
      "has(a.b.c); where a name is computed, write 'c' in a[x]",
    ];
  const call = /for '(?:(\S+?)\.)?(\w+)\((.*)\)'$/.exec(summary);
  if (code === 'no_matching_overload' && call) return explainCall(call[1], call[2] ?? '', call[3] ?? '');
  const operator = /overload: (\S.*?) (==|!=|<=?|>=?|[-+*/%]|in) (\S.*)$/.exec(summary);
  if (operator) {
    const [, left = '', sign = '', right = ''] = operator;
    const [leftNoun, rightNoun] = [typeNoun(left), typeNoun(right)];
    const hint =
      leftNoun === 'text' || rightNoun === 'text'
        ? conversionHint(leftNoun, rightNoun)
        : nullHint(leftNoun, rightNoun);
    const verb =
      sign === 'in'
        ? `'in' cannot look for ${leftNoun} in ${rightNoun}`
        : `'${sign}' does not work between ${leftNoun} and ${rightNoun}`;
    return [verb, hint];
  }
  const operand = /requires bool operands, got '(.*)'/.exec(summary);
  if (operand) {
    return [
      `&& and || need true or false on both sides, but one is ${typeNoun(operand[1] ?? '')}`,
      'compare it, as in x != ""',
    ];
  }
  const ternary = /^Ternary condition must be bool, got '(.*)'/.exec(summary);
  if (ternary) {
    return [`what stands before ? must be true or false, but is ${typeNoun(ternary[1] ?? '')}`, undefined];
  }
  const range = /^Expression of type '(.*)' cannot be range of a comprehension/.exec(summary);
  if (range) {
    return [
      `all, exists, filter and map go through a list or a map, not ${typeNoun(range[1] ?? '')}`,
      undefined,
    ];
  }
  const indexed = /^Cannot index type '(.*)'/.exec(summary);
  if (indexed) return [`${typeNoun(indexed[1] ?? '')} has no parts`, undefined];
  const unary = /overload: ([-!])(\S+)/.exec(summary);
  if (unary) return [`'${unary[1] ?? ''}' does not work on ${typeNoun(unary[2] ?? '')}`, undefined];
  return [summary.replace(/'?\bundefined\b'?/g, typeNoun('undefined')), undefined];
}

function nullHint(left: string, right: string): string | undefined {
  if (left !== 'null' && right !== 'null') return undefined;
  const other = left === 'null' ? right : left;
  return `it is always ${other} here, and never null: leave the comparison out`;
}

function conversionHint(left: string, right: string): string | undefined {
  const other = left === 'text' ? right : left;
  if (other === 'a whole number')
    return 'leave out the quotes to compare numbers; int(x) makes a number of a text, string(x) a text of a number';
  return other === 'a boolean' ? 'leave out the quotes: true and false are no texts' : undefined;
}

function explainCall(
  receiver: string | undefined,
  name: string,
  args: string,
): readonly [string, string | undefined] {
  const known = runEnvironment
    .getDefinitions()
    .functions.filter((one) => (one.receiverType !== null) === (receiver !== undefined));
  // Of a macro in place of a function, only the function says what it takes.
  const same = known.filter((one) => one.name === name && one.receiverType !== 'null');
  const noun = receiver === undefined ? 'function' : 'method';
  if (same.length > 0) {
    const given = args === '' ? 'nothing' : args.split(', ').map(typeNoun).join(', ');
    const on = receiver === undefined ? '' : ` on ${typeNoun(receiver)}`;
    return [
      `'${name}' does not take ${given}${on}`,
      `it is written ${same.map((one) => one.signature).join(', or ')}`,
    ];
  }
  if (name === 'not') return ["CEL has no 'not'", 'write ! in its place, and the condition in quotes'];
  if (['lookup', 'query', 'q'].includes(name))
    return [
      'there are no lookups',
      'give the value on the command line (-e name=value, -e @file) or in vars:',
    ];
  const method = receiver === undefined ? undefined : celMethod(name);
  if (method !== undefined) return [`there is no method '${name}'`, `CEL calls it '${method}'`];
  if (name === 'defined')
    return ["there is no function 'defined'", 'write has(a.b), or give the variable a default in vars'];
  const best = nearest(
    name,
    known.map((one) => one.name),
  );
  return [`there is no ${noun} '${name}'`, best === undefined ? undefined : `did you mean '${best}'?`];
}

function typeNoun(type: string): string {
  const bare = type.replace(/^dyn<(.*)>$/, '$1');
  const nouns: Readonly<Record<string, string>> = {
    string: 'text',
    int: 'a whole number',
    uint: 'a whole number',
    double: 'a number',
    bool: 'a boolean',
    null: 'null',
    dyn: 'a value of any type',
    bytes: 'bytes',
    undefined: 'something that is not there',
  };
  const noun = nouns[bare];
  if (noun !== undefined) return noun;
  if (bare.startsWith('list')) return 'a list';
  return bare.startsWith('map') || bare.startsWith('Object') ? 'a map' : bare;
}

function notACondition(positioned: PositionedText, what: string): ZrunError {
  return errorAt(
    positioned.at,
    'expression-type',
    `a condition must be true or false, but this is ${what}`,
    'compare it, as in x != "" or size(x) > 0',
  );
}

function describe(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text '${shorten(value, 41)}'`;
  if (typeof value === 'number') return `the number ${value}`;
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** What went wrong with values that only the run knows. */
function evaluationError(positioned: PositionedText, error: unknown, scope: Scope): Error {
  if (!(error instanceof EvaluationError)) {
    const message = error instanceof Error ? error.message : String(error);
    return errorAt(positioned.at, 'expression-type', message, undefined, { cause: error });
  }
  const { node, range, code, summary } = error;
  const at = range ? positioned.inside(range.start, range.end) : positioned.at;
  if (code === 'unknown_variable') {
    const name = /: (\S+)$/.exec(summary)?.[1] ?? '';
    const best = nearest(name, scope.names());
    return errorAt(
      at,
      'variable-unknown',
      `nothing defines '${name}' on this host`,
      best === undefined ? undefined : `did you mean '${best}'?`,
    );
  }
  if (code === 'no_such_key' && node) return missingPart(positioned, node, at, summary, scope);
  return errorAt(at, 'expression-type', ...explainType(code, summary));
}

function missingPart(
  positioned: PositionedText,
  node: ASTNode,
  at: ZrunError['at'],
  summary: string,
  scope: Scope,
): Error {
  const index = node.op === '[]' ? node.args[1] : undefined;
  const key = /: (.*)$/.exec(summary)?.[1] ?? '';
  // What is no text has no name of its own.
  const part = index && key.startsWith('[object ') ? positioned.text.slice(index.start, index.end) : key;
  const [parent] = node.op === '.' || node.op === '[]' ? node.args : [];
  const said = parent ? positioned.text.slice(parent.start, parent.end) : 'this';
  const value = parent && plainValue(parent, scope);
  if (value === null) {
    return errorAt(
      at,
      'variable-unknown',
      `${said} is null, so it has no '${part}'`,
      `ask first: ${said} != null && …`,
    );
  }
  const noHost = missingHost(said, part, value && isMap(value) ? Object.keys(value) : []);
  if (noHost) return errorAt(at, 'variable-unknown', noHost.message, noHost.hint);
  const wasSkipped = value !== undefined && isMap(value) && value['skipped'] === true;
  const hint = wasSkipped
    ? `the task that registers it was skipped; ask first: !${said}.skipped && …`
    : `ask first, where it may be missing: has(${said}.${part})`;
  return errorAt(at, 'variable-unknown', `${said} has no '${part}' on this host`, hint);
}

/** The value of `a.b.c`, without CEL; undefined where it is anything more. */
function plainValue(node: ASTNode, scope: Scope): Value | undefined {
  if (node.op === 'id') return scope.peek(node.args);
  if (node.op !== '.') return undefined;
  const parent = plainValue(node.args[0], scope);
  return parent === undefined || parent instanceof Unknown ? undefined : ownPart(parent, node.args[1]);
}

/** Compiles an expression that no file places. Throws ZrunError. */
export function compileLooseExpression(positioned: PositionedText): CompiledExpression {
  const compiled = compileExpression(positioned, throwFindings);
  if (!compiled) throw new ZrunError('internal', `expression not compiled: ${positioned.text}`);
  return compiled;
}
