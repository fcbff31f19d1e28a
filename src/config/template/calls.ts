/**
 * Owns what a template may call: refuses helpers and blocks that this dialect does not have, and compiles the CEL in
 * `cel` calls.
 */
import { nearest } from '../../core/errors.js';
import { compileExpression, type CompiledExpression } from '../expression/expression.js';
import { errorAt, type Report } from '../source/findings.js';
import type { PositionedText } from '../source/source.js';
import { blockHelpers, findHelper } from './helpers.js';
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
  type Block,
  type Call,
  type Node,
  type TextTemplate,
} from './tree.js';

/** One walk over a template's tree. */
interface Walk {
  readonly template: TextTemplate;
  /** Takes what `cel` calls have in them. */
  readonly expressions: Map<Node, CompiledExpression>;
  readonly report: Report;
}

export function compileCalls(
  template: TextTemplate,
  expressions: Map<Node, CompiledExpression>,
  report: Report,
): void {
  compileProgram({ template, expressions, report }, template.program);
}

function compileProgram(walk: Walk, program: hbs.AST.Program | undefined): void {
  for (const statement of program?.body ?? []) {
    if (isMustache(statement)) compileCall(walk, statement, true);
    else if (isBlock(statement)) compileBlock(walk, statement);
    else if (statement.type !== 'ContentStatement' && statement.type !== 'CommentStatement')
      refuse(walk, statement, 'partials and decorators are not supported in templates');
  }
}

function compileBlock(walk: Walk, block: Block): void {
  const name = pathText(block.path);
  if (!blockHelpers.includes(name)) {
    const known = nearest(name, blockHelpers);
    const hint = known
      ? `did you mean '#${known}'?`
      : `there are ${blockHelpers.map((one) => `#${one}`).join(', ')}`;
    refuse(walk, block.path, `there is no block '#${name}'`, hint);
  } else if (block.params.length !== 1) {
    const message = `'#${name}' takes one value, not ${block.params.length}`;
    refuse(walk, block.path, message, 'for a condition, write {{#if (cel "a == b")}}');
  }
  compileParams(walk, block.params);
  const [named] = hashPairs(block);
  if (named) refuse(walk, named, 'blocks take no named values here');
  compileProgram(walk, block.program);
  compileProgram(walk, block.inverse);
}

/** `asValue`: a name alone is a variable, not a helper. */
function compileCall(walk: Walk, call: Call, asValue: boolean): void {
  const [named] = hashPairs(call);
  if (named) refuse(walk, named, 'helpers take no named values here');
  compileParams(walk, call.params);
  if (!isPath(call.path) || (call.params.length === 0 && asValue)) return;
  const name = pathText(call.path);
  const helper = findHelper(name);
  if (!helper) {
    refuse(walk, call.path, `there is no helper '${name}'`, helperHint(name));
    return;
  }
  const [least, most] = helper.arity;
  if (call.params.length < least || call.params.length > most) {
    const counts =
      least === most
        ? String(least)
        : most === Infinity
          ? `at least ${least}`
          : `${least} ${most === least + 1 ? 'or' : 'to'} ${most}`;
    const message = `'${name}' takes ${counts} value${most === 1 ? '' : 's'}, not ${call.params.length}`;
    refuse(walk, call.path, message, `write ${helper.usage}`);
  }
  if (name === 'cel') compileCel(walk, call.params[0]);
}

function compileParams(walk: Walk, params: readonly hbs.AST.Expression[]): void {
  for (const param of params) if (isSubExpression(param)) compileCall(walk, param, false);
}

function compileCel(walk: Walk, param: hbs.AST.Expression | undefined): void {
  if (!param) return;
  const { template, expressions, report } = walk;
  if (!isString(param)) {
    refuse(walk, param, "'cel' takes a quoted expression, not a value", 'write {{cel "a + b"}}');
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
}

function refuse({ template, report }: Walk, node: Node, message: string, hint?: string): void {
  report(errorAt(placeOf(template, node), 'template-syntax', message, hint));
}
