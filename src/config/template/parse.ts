/**
 * Owns how a text becomes a template: the package's parser makes the tree, and errors say in a user's words what does
 * not parse. What parses and yet is none, or calls what there is not, is refused here too.
 */
import parser from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { nearest, type Place, type ZrunError } from '../../core/errors.js';
import { isMarkedSecret } from '../../core/secret.js';
import { compileExpression, type CompiledExpression } from '../expression/expression.js';
import { errorAt, type Report } from '../source/findings.js';
import { hintForJinja } from '../source/jinja-hints.js';
import type { PositionedText } from '../source/source.js';
import { blockHelpers, helpers } from './helpers.js';
import { helperHint } from './hints.js';
import {
  hashPairs,
  isBlock,
  isMustache,
  isPath,
  isString,
  isSubExpression,
  offsetsOf,
  pathText,
  placeOf,
  type Call,
  type Node,
  type TextTemplate,
} from './tree.js';

/** What the package's parser counts as a line. */
const lineBreak = /\r\n?|\n/g;

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
