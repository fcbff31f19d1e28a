/**
 * Owns the tree of a template: what its nodes are called, where they stand in the text, and which values are put in.
 */
import type { Place } from '../../core/errors.js';
import type { CompiledExpression } from '../expression/expression.js';
import type { PositionedText } from '../source/source.js';

export type Node = hbs.AST.Node;
export type Path = hbs.AST.PathExpression;
export type Block = hbs.AST.BlockStatement & { readonly path: Path };
export type Call = Pick<hbs.AST.MustacheStatement, 'path' | 'params' | 'hash' | 'loc'>;

/** A text with Handlebars in it, parsed. */
export interface TextTemplate {
  readonly text: PositionedText;
  readonly program: hbs.AST.Program;
  /** Set where the whole text is one `{{expression}}`: its value keeps its type. */
  readonly single: Call | undefined;
  /** What `{{cel "…"}}` calls have in them. */
  readonly expressions: ReadonlyMap<Node, CompiledExpression>;
  /** Offset of each line's beginning. */
  readonly lineStarts: readonly number[];
}

export function holdsTemplate(text: string): boolean {
  return text.includes('{{');
}

export function isMustache(node: Node): node is hbs.AST.MustacheStatement {
  return node.type === 'MustacheStatement';
}

export function isBlock(node: Node): node is Block {
  return node.type === 'BlockStatement';
}

export function isContent(node: Node): node is hbs.AST.ContentStatement {
  return node.type === 'ContentStatement';
}

export function isPath(node: Node): node is Path {
  return node.type === 'PathExpression';
}

export function isSubExpression(node: Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression';
}

export function isString(node: Node): node is hbs.AST.StringLiteral {
  return node.type === 'StringLiteral';
}

export function scalarOf(node: Node): string | number | boolean | null {
  if (isString(node)) return node.value;
  if (node.type === 'NumberLiteral') return (node as hbs.AST.NumberLiteral).value;
  if (node.type === 'BooleanLiteral') return (node as hbs.AST.BooleanLiteral).value;
  return null;
}

export function pathText(node: Node): string {
  return isPath(node) ? node.original : '';
}

/** The package's types say that these are always there; its parser leaves them out where they are empty. */
export function blockParams({ program }: Block): readonly string[] {
  return (program as Partial<hbs.AST.Program>).blockParams ?? [];
}

export function hashPairs({ hash }: Pick<Call, 'hash'>): readonly hbs.AST.HashPair[] {
  return (hash as hbs.AST.Hash | undefined)?.pairs ?? [];
}

export function offsetsOf(
  template: Pick<TextTemplate, 'text' | 'lineStarts'>,
  node: Pick<Node, 'loc'>,
): readonly [start: number, end: number] {
  const { start, end } = node.loc;
  const startLine = template.lineStarts[start.line - 1] ?? 0;
  const endLine = template.lineStarts[end.line - 1] ?? 0;
  const length = template.text.text.length;
  return [Math.min(startLine + start.column, length), Math.min(endLine + end.column, length)];
}

export function placeOf(template: TextTemplate, node: Node): Place {
  return template.text.inside(...offsetsOf(template, node));
}

/** `{{omit}}`, or `{{default x omit}}`. */
export function endsInOmit(call: Call): boolean {
  const otherwise = omitFallback(call);
  if (!otherwise) return isOmit(call.path) && call.params.length === 0;
  return isOmit(otherwise) || (isSubExpression(otherwise) && endsInOmit(otherwise));
}

export function omitFallback({ path, params }: Call): hbs.AST.Expression | undefined {
  return pathText(path) === 'default' && params.length === 2 ? params[1] : undefined;
}

function isOmit(node: Node): boolean {
  return pathText(node) === 'omit';
}

/** A value that a template puts into its text. */
export interface InsertedValue {
  /** The helper that it goes through: `sh` in `{{sh x}}`. */
  readonly helper: string | undefined;
  /** As it is written, without the braces: `sh x`. */
  readonly written: string;
  readonly at: Place;
  /** Offsets in the template's own text. */
  readonly start: number;
  readonly end: number;
}

/** Every `{{…}}` that gives text, those inside blocks among them, in the order in which they stand. */
export function valuesIn(template: TextTemplate): readonly InsertedValue[] {
  const found: InsertedValue[] = [];
  const visit = (program: hbs.AST.Program | undefined): void => {
    for (const statement of program?.body ?? []) {
      if (isMustache(statement)) {
        const [start, end] = offsetsOf(template, statement);
        const written = template.text.text.slice(start, end).replace(/^\{+[~&]?\s*|\s*~?\}+$/g, '');
        const helper = statement.params.length > 0 ? pathText(statement.path) : undefined;
        found.push({ helper, written, at: placeOf(template, statement), start, end });
      } else if (isBlock(statement)) {
        visit(statement.program);
        visit(statement.inverse);
      }
    }
  };
  visit(template.program);
  return found;
}
