/**
 * Owns what is said of an expression that does not parse, whose types do not fit, or that fails on a host's values: in a
 * user's words, with the place and what to write instead.
 */
import {
  EvaluationError,
  ParseError,
  TypeError as CelTypeError,
  type ASTNode,
  type ErrorLocation,
} from '@marcbachmann/cel-js';
import { nearest, type Place, type ZrunError } from '../../core/errors.js';
import { shorten } from '../../core/secret.js';
import type { Scope } from '../../core/template.js';
import { isMap, Unknown, type Value } from '../../core/value.js';
import { errorAt } from '../source/findings.js';
import type { PositionedText } from '../source/source.js';
import { functionFailed } from './cel-functions.js';
import { FunctionError, saidOf } from '../functions/function.js';
import { expressionHints } from './hints.js';
import { missingHost, ungathered } from './hostvars.js';
import { createScope, ownPart } from './scope.js';
import { explainType } from './type-errors.js';

/** One for each form of another language's, and one in the parser's words if there is no such form. */
export function syntaxErrors(positioned: PositionedText, error: unknown): readonly ZrunError[] {
  const hints = expressionHints(positioned.text);
  if (hints.length === 0) return [syntaxError(positioned, error)];
  return hints.map(({ start, end, message, hint }) =>
    errorAt(positioned.inside(start, end), 'expression-syntax', message, hint),
  );
}

function syntaxError(positioned: PositionedText, error: unknown): ZrunError {
  const { text } = positioned;
  const range = error instanceof ParseError ? error.range : undefined;
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

export function typeError(positioned: PositionedText, error: unknown): ZrunError {
  const { text } = positioned;
  const range = error instanceof CelTypeError || error instanceof ParseError ? error.range : undefined;
  const at = positioned.inside(range?.start ?? 0, range?.end ?? text.length);
  if (!(error instanceof CelTypeError)) {
    return errorAt(at, 'expression-type', error instanceof Error ? error.message : String(error));
  }
  if (error.code === functionFailed) return explainFunction(positioned, error, at);
  return errorAt(at, 'expression-type', ...explainType(error.code, error.summary));
}

/** What a function says of its values: the first of them is its subject. */
function explainFunction(
  positioned: PositionedText,
  { node, summary }: CelTypeError | EvaluationError,
  at: Place,
): ZrunError {
  const [name = '', message = '', hint = ''] = summary.split('\n');
  const first = firstArgument(node) ?? node;
  const subject = first ? positioned.text.slice(first.start, first.end) : `what '${name}' is given`;
  return errorAt(
    at,
    'expression-type',
    saidOf(new FunctionError(message), subject),
    hint === '' ? undefined : hint,
  );
}

function firstArgument(node: ASTNode | ErrorLocation | undefined): ASTNode | undefined {
  const { op, args } = (node ?? {}) as Partial<ASTNode>;
  if (!Array.isArray(args)) return undefined;
  const given: readonly unknown[] = op === 'call' ? [args[1]].flat() : op === 'rcall' ? [args[1]] : [];
  const first = given[0] as ASTNode | undefined;
  return given.length === 1 && first?.op === 'list' ? (first.args[0] ?? first) : first;
}

export function notACondition(positioned: PositionedText, what: string): ZrunError {
  return errorAt(
    positioned.at,
    'expression-type',
    `a condition must be true or false, but this is ${what}`,
    'compare it, as in x != "" or size(x) > 0',
  );
}

export function describeValue(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text '${shorten(value, 41)}'`;
  if (typeof value === 'number') return `the number ${value}`;
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** What is wrong with values that are written out. `positioned`: the part of the expression that has them. */
export function misuseError(positioned: PositionedText, error: EvaluationError | FunctionError): ZrunError {
  if (error instanceof FunctionError)
    return errorAt(positioned.at, 'expression-type', error.message, error.hint);
  return evaluationError(positioned, error, noNames);
}

const noNames = createScope([]);

/** What went wrong with values that only the run knows. */
export function evaluationError(positioned: PositionedText, error: unknown, scope: Scope): ZrunError {
  if (!(error instanceof EvaluationError)) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof FunctionError ? error.hint : undefined;
    return errorAt(positioned.at, 'expression-type', message, hint, { cause: error });
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
  if (code === 'index_out_of_bounds' && node) return missingItem(positioned, node, at, summary);
  if (code === 'no_such_key' && node) return missingPart(positioned, node, at, summary, scope);
  if (code === functionFailed) return explainFunction(positioned, error, at);
  return errorAt(at, 'expression-type', ...explainType(code, summary));
}

/** `items[9]` of a list that has three. */
function missingItem(positioned: PositionedText, node: ASTNode, at: Place, summary: string): ZrunError {
  const [, index = '', size = '0'] = /index (-?\d+) (?:< 0|>= size (\d+))/.exec(summary) ?? [];
  const list = node.op === '[]' ? positioned.text.slice(node.args[0].start, node.args[0].end) : 'the list';
  const [message, hint] = index.startsWith('-')
    ? ['a list is counted from 0', `${list}.last().value() is the last item`]
    : [
        `${list} has ${size} item${size === '1' ? '' : 's'}, counted from 0, and none at ${index}`,
        `write ${list}[?${index}].orValue(…) where it may be missing`,
      ];
  return errorAt(at, 'variable-unknown', message, hint);
}

function missingPart(
  positioned: PositionedText,
  node: ASTNode,
  at: ZrunError['at'],
  summary: string,
  scope: Scope,
): ZrunError {
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
  if (said === 'facts')
    return errorAt(at, 'variable-unknown', `facts has no '${part}' on this host`, ungathered(part));
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
