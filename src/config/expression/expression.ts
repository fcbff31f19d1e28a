/**
 * Owns CEL expressions: parsing, the check against what is declared, and evaluation over a scope. Nothing but text from
 * the user's own files is ever parsed.
 */
import { TypeError as CelTypeError, type ASTNode } from '@marcbachmann/cel-js';
import { ZrunError } from '../../core/errors.js';
import type { Expression, Scope } from '../../core/template.js';
import { UnknownValueError, type Value } from '../../core/value.js';
import { environmentFor, runEnvironment, typeNames } from './cel-environment.js';
import { deepestExpression, isTooDeep, parseCel } from './cel-parse.js';
import { fromCel, toCel } from './cel-values.js';
import { tryConstants } from './constants.js';
import type { Declarations } from './declarations.js';
import { grantsOf, type PartPath } from './grants.js';
import {
  describeValue,
  evaluationError,
  misuseError,
  notACondition,
  syntaxErrors,
  typeError,
} from './errors.js';
import { expressionHints, repair } from './hints.js';
import { explainMissing, walkExpression } from './names.js';
import { typeNoun } from './type-errors.js';
import { errorAt, ignoreFindings, throwFindings, type Report } from '../source/findings.js';
import { anyShape, boolShape, intShape, objectOf, textShape, type Shape } from './shape.js';
import type { PositionedText } from '../source/source.js';

export interface CompiledExpression extends Expression {
  /** Reports names that nothing defines and types that do not fit; gives the shape of the result. */
  check(declared: Declarations, report: Report): Shape;
  /** Parts that are asked for by it, and may be used where it holds, or where it does not. */
  grants(holds: boolean): readonly PartPath[];
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
  let parsed: ReturnType<typeof parseCel>;
  try {
    parsed = parseCel(runEnvironment, text);
  } catch (error) {
    const errors = syntaxErrors(positioned, error);
    errors.forEach(report);
    return readNames(positioned, errors);
  }
  if (isTooDeep(parsed.ast)) {
    const message = `this expression is nested more than ${deepestExpression} levels deep`;
    report(errorAt(at, 'expression-syntax', message, 'give parts of it names, in vars:'));
    return undefined;
  }
  const { ast } = parsed;
  const names = new Map<string, Set<string> | undefined>();
  walkExpression(ast, {
    onPart(name, part) {
      const known = names.has(name) ? names.get(name) : new Set<string>();
      names.set(name, part === undefined ? undefined : known?.add(part));
    },
  });

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
      if (condition && typeof result !== 'boolean') throw notACondition(positioned, describeValue(result));
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
    grants: (holds) => grantsOf(ast, holds),
    check(declared, onError) {
      const refused: ASTNode[] = [];
      const shape = walkExpression(ast, {
        declared,
        onMissing(node, missing) {
          refused.push(node);
          onError(explainMissing(positioned, node, missing, declared));
        },
      });
      const type = checkTypes(positioned, { names, declared, condition, refused }, onError);
      if (onError !== ignoreFindings)
        for (const { part, error } of tryConstants(ast, positioned)) onError(misuseError(part, error));
      if (type === undefined || refused.length > 0) return anyShape;
      if (shape.type !== 'any') return shape;
      const shapes: Readonly<Record<string, Shape>> = { bool: boolShape, string: textShape, int: intShape };
      return shapes[type] ?? anyShape;
    },
  };
}

/**
 * Of an expression that is another language's in parts, and was reported: the names in it can be checked all the same, so
 * that all is said at once. Undefined where that makes no expression.
 */
function readNames(
  positioned: PositionedText,
  [first]: readonly ZrunError[],
): CompiledExpression | undefined {
  const { text, at } = positioned;
  const hints = expressionHints(text);
  if (hints.length === 0) return undefined;
  let ast: ASTNode;
  try {
    ({ ast } = parseCel(runEnvironment, repair(text, hints)));
  } catch {
    return undefined;
  }
  if (isTooDeep(ast)) return undefined;
  return {
    text,
    at,
    evaluate() {
      throw first ?? new ZrunError('internal', `not an expression: ${text}`);
    },
    grants: (holds) => grantsOf(ast, holds),
    check(declared, report) {
      walkExpression(ast, {
        declared,
        onMissing: (node, missing) => report(explainMissing(positioned, node, missing, declared)),
      });
      return anyShape;
    },
  };
}

/** The names that an expression uses, converted when CEL asks for them. */
function contextFor(
  names: ReadonlyMap<string, unknown>,
  scope: Scope,
  onUnknown: (error: UnknownValueError) => void,
): Record<string, unknown> {
  const context = Object.create(null) as Record<string, unknown>;
  for (const name of names.keys()) {
    Object.defineProperty(context, name, {
      get() {
        const value = scope.peek(name);
        return value === undefined ? undefined : toCel(value, onUnknown);
      },
    });
  }
  return context;
}

/** As many as a person reads of one expression. */
const mostErrors = 20;

interface TypeCheck {
  /** With the parts that are asked for; undefined: the whole is. */
  readonly names: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  readonly declared: Declarations;
  readonly condition: boolean;
  /** Where it was said already that something is not there. */
  readonly refused: readonly ASTNode[];
}

/** CEL's name of the result's type; undefined where types do not fit, all of which is reported. */
function checkTypes(
  positioned: PositionedText,
  { names, declared, condition, refused }: TypeCheck,
  report: Report,
): string | undefined {
  // What nothing defines was reported, or is in `default(…)`.
  const typed = [...names].flatMap(([name, parts]) =>
    typeNames.has(name) ? [] : [[name, shapeWithin(declared.get(name) ?? anyShape, parts)] as const],
  );
  const parsed = parseCel(environmentFor(typed), positioned.text);
  let isValid = true;
  for (let i = 0; i < mostErrors; i++) {
    const result = parsed.check();
    if (result.valid) {
      const type = result.type ?? 'dyn';
      if (condition && type !== 'bool' && type !== 'dyn' && !type.startsWith('dyn<')) {
        report(notACondition(positioned, typeNoun(type)));
        return undefined;
      }
      return isValid ? type : undefined;
    }
    const { error } = result;
    const place = error instanceof CelTypeError ? error.node : undefined;
    isValid = false;
    // What comes of a name that nothing defines is no news.
    if (!place || !refused.some((each) => place.start <= each.start && each.end <= place.end))
      report(typeError(positioned, error));
    if (!(error instanceof CelTypeError) || !passOver(error)) break;
  }
  return undefined;
}

const narrowed = new WeakMap<Shape, Map<string, Shape>>();

/** Of a map with known keys, those that are asked for: types are dear to register, and facts have very many. */
function shapeWithin(shape: Shape, parts: ReadonlySet<string> | undefined): Shape {
  if (!parts || shape.type !== 'object' || !shape.declared || shape.open) return shape;
  const known = narrowed.get(shape) ?? new Map<string, Shape>();
  narrowed.set(shape, known);
  const key = [...parts].sort().join(' ');
  const before = known.get(key);
  if (before) return before;
  const made = objectOf([...shape.fields].filter(([name]) => parts.has(name)));
  known.set(key, made);
  return made;
}

/** What cel-js has found of a node's type. Read off cel-js 8.0.0, lib/type-checker.js, `check`. */
interface TypedNode {
  checkedType?: unknown;
}

/** Takes what has failed for a value of any type, so that the check goes on behind it. False: that was tried. */
function passOver({ node }: CelTypeError): boolean {
  if (!node) return false;
  const failed = node as TypedNode;
  if (failed.checkedType !== undefined) return false;
  const sample = runEnvironment.parse('dyn(0)');
  sample.check();
  failed.checkedType = (sample.ast as TypedNode).checkedType;
  return true;
}

/** Compiles an expression that no file places. Throws ZrunError. */
export function compileLooseExpression(positioned: PositionedText): CompiledExpression {
  const compiled = compileExpression(positioned, throwFindings);
  if (!compiled) throw new ZrunError('internal', `expression not compiled: ${positioned.text}`);
  return compiled;
}
