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
import { celMethod } from '../functions/jinja-hints.js';
import type { PositionedText } from '../source/source.js';
import { runEnvironment } from './cel-environment.js';
import { functionFailed } from './cel-functions.js';
import { badRegex } from './cel-macros.js';
import { FunctionError, saidOf } from '../functions/function.js';
import { signaturesOf } from '../functions/signature.js';
import { functionsByFilter, functionsByHelper, functionsByName, functionTable } from '../functions/table.js';
import { expressionHints } from './hints.js';
import { missingHost, ungathered } from './hostvars.js';
import { ownPart } from './scope.js';

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
  const full = `${receiver ?? ''}.${name}`;
  const isNamespaced = functionsByName.has(full);
  const isMethod = receiver !== undefined && !isNamespaced;
  const called = isNamespaced ? full : name;
  const written = writtenForms(called, isMethod);
  if (written.length > 0) {
    const given = args === '' ? 'nothing' : args.split(', ').map(typeNoun).join(', ');
    const on = isMethod ? ` on ${typeNoun(receiver)}` : '';
    return [`'${called}' does not take ${given}${on}`, `it is written ${written.join(', or ')}`];
  }
  const noun = isMethod ? 'method' : 'function';
  const message = `there is no ${noun} '${name}'`;
  if (name === 'not') return ["CEL has no 'not'", 'write ! in its place, and the condition in quotes'];
  if (['lookup', 'query', 'q'].includes(name))
    return [
      'there are no lookups',
      'give the value on the command line (-e name=value, -e @file) or in vars:',
    ];
  const method = isMethod ? celMethod(name) : undefined;
  if (method !== undefined) return [message, `CEL calls it '${method}'`];
  if (name === 'defined')
    return ["there is no function 'defined'", 'write has(a.b), or give the variable a default in vars'];
  const other = functionsByName.get(name) ?? functionsByFilter.get(name) ?? functionsByHelper.get(name);
  if (other) return [message, `it is written ${other.signatures.join(', or ')}`];
  const best = nearest(name, callableNames(isMethod));
  return [message, best === undefined ? "'zrun doc functions' lists them" : `did you mean '${best}'?`];
}

/** What a function or a method takes: as the table has it, or else as cel-js has it. */
function writtenForms(name: string, isMethod: boolean): readonly string[] {
  const entry = functionsByName.get(name);
  if (entry) {
    const own = signaturesOf(entry).map(({ on }) => (on !== undefined) === isMethod);
    return entry.signatures.filter((_, i) => own[i] === true);
  }
  // Of a macro in place of a function, only the function says what it takes.
  return runEnvironment
    .getDefinitions()
    .functions.filter(
      (one) => one.name === name && (one.receiverType !== null) === isMethod && one.receiverType !== 'null',
    )
    .map((one) => one.signature);
}

function callableNames(isMethod: boolean): readonly string[] {
  const others = runEnvironment
    .getDefinitions()
    .functions.filter((one) => (one.receiverType !== null) === isMethod);
  const own = functionTable.filter((entry) =>
    signaturesOf(entry).some(({ on }) => (on !== undefined) === isMethod),
  );
  return [...own, ...others].map((one) => one.name);
}

export function typeNoun(type: string): string {
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

/** What went wrong with values that only the run knows. */
export function evaluationError(positioned: PositionedText, error: unknown, scope: Scope): Error {
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
  if (code === functionFailed) return explainFunction(positioned, error, at);
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
