/**
 * Owns how a chunk gets at what others export. esbuild makes `other.name` of each use, which is looked up again and again:
 * a chunk takes what it uses by its name instead, once, as it is loaded. What gets its value later only is left as it is.
 * Lines stay where they are, for the source map.
 */
import ts from 'typescript';

/** Chunks as esbuild writes modules, by the names of their files; returned with `require` in the place of most imports. */
export function takeByName(chunks: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const late = new Set([...chunks].filter(([, text]) => hasLateExports(text)).map(([name]) => name));
  return new Map(
    [...chunks].map(([name, text]) => [
      name,
      text.replace(/^import (\{[^}]*\}) from "\.\/([^"]+)";$/gm, (statement, names: string, other: string) =>
        late.has(other) ? statement : `const ${names.replaceAll(' as ', ': ')} = require("./${other}");`,
      ),
    ]),
  );
}

/** Whether a function gives an export its value: it may have none when the chunk is loaded. */
function hasLateExports(text: string): boolean {
  const source = ts.createSourceFile('chunk.js', text, ts.ScriptTarget.Latest, true);
  const exported = new Set<string>();
  for (const statement of source.statements)
    if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    )
      for (const { name, propertyName } of statement.exportClause.elements)
        exported.add((propertyName ?? name).text);
  const isLate = (node: ts.Node, isInFunction: boolean): boolean => {
    const target = assignedBy(node);
    if (isInFunction && target !== undefined && exported.has(target)) return true;
    return (
      ts.forEachChild(node, (child) => isLate(child, isInFunction || ts.isFunctionLike(node)) || undefined) ??
      false
    );
  };
  return isLate(source, false);
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
