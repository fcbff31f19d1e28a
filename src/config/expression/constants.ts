/**
 * Owns what is tried of an expression before the run: calls whose values are written out, and of others, what a function
 * can say of those of its values that are.
 */
import { EvaluationError, TypeError as CelTypeError, type ASTNode } from '@marcbachmann/cel-js';
import { isMap, type Value } from '../../core/value.js';
import { FunctionError, saidOf, type FunctionEntry } from '../functions/function.js';
import { functionsByName } from '../functions/table.js';
import { runEnvironment } from './cel-environment.js';
import { ownPrefix } from './cel-functions.js';
import { nodesIn, parseCel } from './cel-parse.js';
import { fromCel } from './cel-values.js';
import type { PositionedText } from '../source/source.js';

/** What is wrong with a part of the text: `error` is cel-js's, of the part alone, or a function's own. */
interface Misuse {
  readonly part: PositionedText;
  readonly error: EvaluationError | FunctionError;
}

export function tryConstants(root: ASTNode, positioned: PositionedText): readonly Misuse[] {
  const found: Misuse[] = [];
  const visit = (node: ASTNode): void => {
    if (computes(node) && isConstant(node)) {
      const misuse = compute(node, positioned);
      if (misuse) found.push(misuse);
      return;
    }
    const misuse = askFunction(node, positioned);
    if (misuse) found.push(misuse);
    nodesIn(node.args).forEach(visit);
  };
  visit(root);
  return found;
}

function computes({ op }: ASTNode): boolean {
  return op === 'call' || op === 'rcall' || op === '/' || op === '%';
}

/** No name is in it, a macro's own neither. */
function isConstant(node: ASTNode): boolean {
  return node.op !== 'id' && nodesIn(node.args).every(isConstant);
}

function compute(node: ASTNode, positioned: PositionedText): Misuse | undefined {
  const part = partOf(node, positioned);
  try {
    const parsed = parseCel(runEnvironment, part.text);
    // Types that do not fit are reported with those of the rest.
    if (parsed.check().valid) fromCel(parsed({}));
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof FunctionError) return { part, error };
    if (!(error instanceof CelTypeError)) throw error;
  }
  return undefined;
}

/** A function that has something to say of the values that are known. */
function askFunction(node: ASTNode, positioned: PositionedText): Misuse | undefined {
  const [entry, args] = called(node) ?? [];
  if (!entry?.precheck || !args) return undefined;
  const values = args.map(constantOf);
  try {
    entry.precheck(...values);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const known = args.filter((_, i) => values[i] !== undefined);
    const [only = node] = known;
    const part = partOf(known.length === 1 ? only : node, positioned);
    const [first = node] = args;
    const subject = partOf(first, positioned).text;
    return { part, error: new FunctionError(saidOf(error, subject), error.hint) };
  }
  return undefined;
}

function called(node: ASTNode): readonly [FunctionEntry | undefined, readonly ASTNode[]] | undefined {
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args;
    return [functionsByName.get(name), [receiver, ...args]];
  }
  if (node.op !== 'call') return undefined;
  const [name, args] = node.args;
  return [functionsByName.get(name.replace(ownPrefix, '')), args];
}

/** Undefined where the node is no plain value. */
function constantOf(node: ASTNode): Value | undefined {
  if (node.op !== 'value') return undefined;
  const value = fromCel(node.args);
  return isMap(value) ? undefined : value;
}

function partOf({ start, end }: ASTNode, positioned: PositionedText): PositionedText {
  return {
    text: positioned.text.slice(start, end),
    at: positioned.inside(start, end),
    inside: (from, to) => positioned.inside(start + from, start + to),
  };
}
