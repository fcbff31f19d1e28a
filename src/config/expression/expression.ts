/**
 * Owns CEL expressions: parsing, the check against what is declared, and evaluation over a scope. Nothing but text from
 * the user's own files is ever parsed.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { ZrunError } from '../../core/errors.js';
import type { Expression, Scope } from '../../core/template.js';
import { UnknownValueError, type Value } from '../../core/value.js';
import { environmentFor, runEnvironment } from './cel-environment.js';
import { fromCel, toCel } from './cel-values.js';
import type { Declarations } from './declarations.js';
import { describeValue, evaluationError, notACondition, syntaxError, typeError, typeNoun } from './errors.js';
import { explainMissing, walkExpression } from './names.js';
import { errorAt, throwFindings, type Report } from '../source/findings.js';
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

/** Compiles an expression that no file places. Throws ZrunError. */
export function compileLooseExpression(positioned: PositionedText): CompiledExpression {
  const compiled = compileExpression(positioned, throwFindings);
  if (!compiled) throw new ZrunError('internal', `expression not compiled: ${positioned.text}`);
  return compiled;
}
