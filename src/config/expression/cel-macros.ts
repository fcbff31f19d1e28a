/**
 * Owns what zrun adds to CEL beyond plain functions: `matches` on RE2, `default`, which forgives what is missing, and
 * `sortBy`, which has an expression of its own. cel-js calls them macros: its README, "Custom macros".
 */
import { EvaluationError, type ASTNode, type Environment } from '@marcbachmann/cel-js';
import { compileRegex, RegexError } from '../../core/regex.js';
import { isList } from '../../core/value.js';
import { demandKnown, FunctionError } from '../functions/function.js';
import { sortByKeys } from '../functions/lists.js';
import { functionFailed } from './cel-functions.js';
import { fromCel } from './cel-values.js';

interface CelType {
  readonly name: string;
  readonly kind: string;
  readonly valueType?: CelType;
}

type MakeError = (code: string, message: string, node: ASTNode) => Error;

interface CelChecker {
  check(node: ASTNode, context: unknown): CelType;
  getType(name: string): CelType;
  readonly createError: MakeError;
}

interface CelEvaluator {
  run(node: ASTNode, context: unknown): unknown;
  debugType(value: unknown): CelType;
  readonly createError: MakeError;
}

/** What cel-js hands to a macro. */
interface MacroCall {
  readonly receiver: ASTNode;
  readonly args: readonly ASTNode[];
}

/** Where names of an expression's own are known: cel-js makes one around each of its macros' bodies. */
interface CelContext {
  forkWithVariable(name: string, type: CelType): CelContext;
  reuse(around: unknown): CelContext;
  setIterValue(value: unknown, evaluator: CelEvaluator): CelContext;
}

/** Macros go before functions of their name, whatever is in front of the dot; `null` is what no other overload has. */
export function registerMacros(environment: Environment): void {
  environment
    .registerFunction('null.matches(ast): bool', expandMatches)
    .registerFunction('null.sortBy(ast, ast): list', expandSortBy)
    .registerFunction('default(ast, ast): dyn', expandDefault);
}

/**
 * `text.matches(pattern)`, on RE2 as CEL defines it. cel-js has it on JavaScript's engine, which a text of a host's can
 * make run for ever, and takes no second function of that name and those types: but a macro it takes.
 */
function expandMatches({ receiver, args }: MacroCall): object {
  const [pattern = receiver] = args;
  const isText = ({ name }: CelType): boolean =>
    name === 'string' || name === 'dyn' || name === 'dyn<string>';
  const noOverload = (on: CelType, given: CelType): string =>
    `found no matching overload for '${on.name}.matches(${given.name})'`;
  return {
    async: false,
    typeCheck(checker: CelChecker, _macro: unknown, context: unknown): CelType {
      const [on, given] = [checker.check(receiver, context), checker.check(pattern, context)];
      if (!isText(on) || !isText(given))
        throw checker.createError('no_matching_overload', noOverload(on, given), receiver);
      return checker.getType('bool');
    },
    evaluate(evaluator: CelEvaluator, _macro: unknown, context: unknown): boolean {
      const text = evaluator.run(receiver, context);
      const written = evaluator.run(pattern, context);
      if (typeof text !== 'string' || typeof written !== 'string') {
        const said = noOverload(evaluator.debugType(text), evaluator.debugType(written));
        throw evaluator.createError('no_matching_overload', said, receiver);
      }
      return matchText(text, written, (message) => evaluator.createError(badRegex, message, pattern));
    },
  };
}

/** The code of cel-js for it. The message has the reason, and the hint behind a line break. */
export const badRegex = 'invalid_regular_expression';

function matchText(text: string, pattern: string, makeError: (message: string) => Error): boolean {
  try {
    return compileRegex(pattern).test(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw makeError([error.reason, error.hint ?? ''].join('\n'));
  }
}

/** What cel-js says where a name or a part is not there. */
const missing: ReadonlySet<string> = new Set(['no_such_key', 'unknown_variable', 'index_out_of_bounds']);

/** `default(a.b, c)`: c where `a.b` is null, or anything on the way to it is not there. */
function expandDefault({ args }: MacroCall): object {
  const [value, otherwise] = args;
  if (!value || !otherwise) throw new TypeError('default without its values');
  return {
    async: false,
    typeCheck(checker: CelChecker, _macro: unknown, context: unknown): CelType {
      // Names are checked before types, and there what may be missing is told from what nothing has (names.ts).
      const [first, second] = [checker.check(value, context), checker.check(otherwise, context)];
      return first === second ? first : checker.getType('dyn');
    },
    evaluate(evaluator: CelEvaluator, _macro: unknown, context: unknown): unknown {
      try {
        const found = evaluator.run(value, context);
        if (found !== null) return found;
      } catch (error) {
        if (!(error instanceof EvaluationError) || !missing.has(error.code)) throw error;
      }
      return evaluator.run(otherwise, context);
    },
  };
}

/** `list.sortBy(x, x.part)`, as CEL's extension `lists` has it. */
function expandSortBy({ receiver, args }: MacroCall): object {
  const [variable, key] = args;
  if (!variable || !key) throw new TypeError('sortBy without its values');
  let inner: CelContext | undefined;
  return {
    async: false,
    typeCheck(checker: CelChecker, _macro: unknown, context: CelContext): CelType {
      const list = checker.check(receiver, context);
      if (variable.op !== 'id')
        throw checker.createError(
          functionFailed,
          'sortBy\nneeds a name for each item first\nwrite it as in list.sortBy(x, x.name)',
          variable,
        );
      if (list.kind !== 'list' && list.kind !== 'dyn')
        throw checker.createError(
          'no_matching_overload',
          `found no matching overload for '${list.name}.sortBy(dyn, dyn)'`,
          receiver,
        );
      inner = context.forkWithVariable(variable.args, list.valueType ?? checker.getType('dyn'));
      checker.check(key, inner);
      return list.kind === 'list' ? list : checker.getType('list');
    },
    evaluate(evaluator: CelEvaluator, _macro: unknown, context: unknown): unknown {
      const list = evaluator.run(receiver, context);
      if (!Array.isArray(list) || !inner)
        throw evaluator.createError(
          'no_matching_overload',
          `found no matching overload for '${evaluator.debugType(list).name}.sortBy(dyn, dyn)'`,
          receiver,
        );
      const items: readonly unknown[] = list;
      const around = inner.reuse(context);
      const keys = items.map((item) => fromCel(evaluator.run(key, around.setIterValue(item, evaluator))));
      try {
        keys.forEach(demandKnown);
        const order = sortByKeys(
          items.map((_, i) => i),
          keys,
        );
        return isList(order) ? order.map((i) => items[Number(i)]) : [];
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        throw evaluator.createError(
          functionFailed,
          `sortBy\n${error.message}\n${error.hint ?? ''}`,
          receiver,
        );
      }
    },
  };
}
