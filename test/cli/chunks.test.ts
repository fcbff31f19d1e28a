/**
 * The loader of the bundle takes what a chunk exports by value once the chunk is loaded (src/cli/bundle.ts): an export that
 * has a value by then may not be assigned any more, or others would go on with the old one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { makeChunks } from '../build/chunks.js';

describe('the chunks of the bundle', () => {
  it('assign no export that has a value when they are loaded', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-chunks-'));
    try {
      const { chunks } = await makeChunks(folder);
      const found = chunks.map(({ name, text }) => ({ name, ...lookAt(name, text) }));
      expect(found.flatMap(({ exported }) => exported)).to.include('loadPlaybook');
      expect(found.flatMap(({ name, assigned }) => assigned.map((each) => `${name}: ${each}`))).to.deep.equal(
        [],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** What a chunk exports, by its own names for it, and what of that it assigns in its functions though it had a value. */
function lookAt(name: string, text: string): { exported: readonly string[]; assigned: readonly string[] } {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const exported = exportsOf(source);
  const valued = new Set<string>();
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name) valued.add(statement.name.text);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: declared, initializer } of statement.declarationList.declarations)
      if (initializer && ts.isIdentifier(declared)) valued.add(declared.text);
  }
  const late = new Set<string>();
  const visit = (node: ts.Node, isInFunction: boolean): void => {
    const target = assignedBy(node);
    if (target !== undefined) (isInFunction ? late : valued).add(target);
    ts.forEachChild(node, (child) => visit(child, isInFunction || ts.isFunctionLike(node)));
  };
  visit(source, false);
  return { exported, assigned: exported.filter((each) => late.has(each) && valued.has(each)) };
}

/** As esbuild writes it: `__export(chunk_exports, { loadPlaybook: () => loadPlaybook })`. */
function exportsOf(source: ts.SourceFile): readonly string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === '__export') {
      const [, all] = node.arguments;
      if (all && ts.isObjectLiteralExpression(all))
        for (const each of all.properties)
          if (ts.isPropertyAssignment(each) && ts.isArrowFunction(each.initializer))
            names.push(each.initializer.body.getText());
    }
    ts.forEachChild(node, visit);
  };
  source.statements.filter(ts.isExpressionStatement).forEach(visit);
  return names;
}

function assignedBy(node: ts.Node): string | undefined {
  const target =
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
      ? node.left
      : (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) &&
          [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator)
        ? node.operand
        : undefined;
  return target && ts.isIdentifier(target) ? target.text : undefined;
}
