/**
 * Owns how a text becomes a template: the package's parser makes the tree, and errors say in a user's words what does
 * not parse. What parses and yet is none, or calls what there is not, is refused here too.
 */
import parser from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import type { Place, ZrunError } from '../../core/errors.js';
import { isSecretSource } from '../../core/secret.js';
import type { CompiledExpression } from '../expression/expression.js';
import { errorAt, type Report } from '../source/findings.js';
import { hintForJinja } from '../functions/jinja-hints.js';
import type { PositionedText } from '../source/source.js';
import { compileCalls } from './calls.js';
import { findHelper } from './helpers.js';
import {
  isBlock,
  isMustache,
  isPath,
  offsetsOf,
  pathText,
  type Call,
  type Node,
  type TextTemplate,
} from './tree.js';

/** What the package's parser counts as a line. */
const lineBreak = /\r\n?|\n/g;

interface Reading {
  /** What can be read: what cannot is left out. Undefined: nothing can. */
  readonly template: TextTemplate | undefined;
  /** Nothing was left out. */
  readonly isWhole: boolean;
}

/** Undefined where it does not parse, which is reported. */
export function parseText(text: PositionedText, report: Report): TextTemplate | undefined {
  const { template, isWhole } = readText(text, report);
  return isWhole ? template : undefined;
}

/** Reports what does not parse, and reads the rest all the same: it may be checked, so that all is said at once. */
export function readText(text: PositionedText, report: Report): Reading {
  const tooDeep = checkDepth(text);
  if (tooDeep) {
    report(tooDeep);
    return { template: undefined, isWhole: false };
  }
  const lineStarts = [0];
  for (const match of text.text.matchAll(lineBreak)) lineStarts.push(match.index + match[0].length);
  const refused: Range[] = [];
  const refuse = (ranges: readonly Range[]): void => {
    refused.push(...ranges);
    for (const [start, end] of ranges.slice(0, mostErrors))
      report(unreadable(text.inside(start, end), text.text.slice(start, end)));
  };
  const parsed = parse(text.text);
  if (parsed instanceof Error) {
    const ranges = findUnreadable(text.text);
    if (ranges.length === 0) report(syntaxError(text, parsed));
    refuse(ranges);
  }
  const readable = refused.length === 0 ? parsed : parse(blankOut(text.text, refused));
  if (readable instanceof Error) return { template: undefined, isWhole: false };
  const foreign = findForeign(readable).map((each) => offsetsOf({ text, lineStarts }, each));
  refuse(foreign);
  const program = foreign.length === 0 ? readable : parse(blankOut(text.text, refused));
  if (program instanceof Error) return { template: undefined, isWhole: false };
  const [only, ...others] = program.body;
  const expressions = new Map<Node, CompiledExpression>();
  const template: TextTemplate = {
    text,
    program,
    single: only && others.length === 0 && isMustache(only) ? only : undefined,
    expressions,
    lineStarts,
  };
  compileCalls(template, expressions, report);
  return { template, isWhole: refused.length === 0 };
}

type Range = readonly [start: number, end: number];

/** As long as it was, and with its lines. */
function blankOut(text: string, ranges: readonly Range[]): string {
  let blanked = text;
  for (const [start, end] of ranges)
    blanked =
      blanked.slice(0, start) + blanked.slice(start, end).replace(/[^\r\n]/g, ' ') + blanked.slice(end);
  return blanked;
}

/** As many as a person reads of one text. */
const mostErrors = 20;

/** Deeper than any person writes. The package takes ever longer for each level. */
const deepest = 100;

function checkDepth(text: PositionedText): ZrunError | undefined {
  let depth = 0;
  for (const match of text.text.matchAll(/\{\{~?([#^/])\s*[\w(]/g)) {
    depth += match[1] === '/' ? -1 : 1;
    if (depth <= deepest) continue;
    const at = text.inside(match.index, match.index + match[0].length);
    return errorAt(at, 'template-syntax', `blocks are nested more than ${deepest} levels deep here`);
  }
  return undefined;
}

function parse(text: string): hbs.AST.Program | Error {
  try {
    return parser.parse(text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
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
function findForeign(program: hbs.AST.Program | undefined): readonly hbs.AST.MustacheStatement[] {
  return (program?.body ?? []).flatMap((statement): readonly hbs.AST.MustacheStatement[] => {
    if (isMustache(statement)) return isForeign(statement) ? [statement] : [];
    if (!isBlock(statement)) return [];
    return [...findForeign(statement.program), ...findForeign(statement.inverse)];
  });
}

function isForeign({ path, params }: Call): boolean {
  if (params.length === 0) return false;
  if (!isPath(path)) return true;
  if (findHelper(pathText(path))) return false;
  return params.some((param) => isPath(param) && foreignWords.has(pathText(param)));
}

/**
 * The parser's own position is a line and a drawing, and it stops at the first error; the mustaches that do not parse by
 * themselves are exact.
 */
function findUnreadable(text: string): readonly Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(/(?<!\\)\{\{\{?[\s\S]*?\}?\}\}/g)) {
    const [written] = match;
    if (/^\{\{\{?~?\s*(?:[#/^!>&]|else\b)/.test(written) || parsesAlone(written)) continue;
    found.push([match.index, match.index + written.length]);
  }
  return found;
}

function syntaxError(text: PositionedText, error: Error): ZrunError {
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
  const shown = isSecretSource(at.source) ? '' : `: ${written}`;
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
