/**
 * The arrows between folders, and the rules of the house that a compiler does not know, read off the sources.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const src = path.join(root, 'src');

const belowPlaybooks = [
  'config/functions',
  'config/inventory',
  'config/template',
  'config/expression',
  'config/yaml',
  'config/source',
  'secrets',
  'core',
] as const;
const ofPlaybooks = ['config/playbook/roles', 'config/playbook/steps', 'config/playbook/reading'] as const;

/** What each room may import from, besides itself. `main` is src/main.ts. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  programs: ['core'],
  secrets: ['programs', 'core'],
  'config/source': ['secrets', 'programs', 'core'],
  'config/functions': ['config/source', 'core'],
  'config/yaml': ['config/source', 'secrets', 'core'],
  'config/expression': ['config/functions', 'config/yaml', 'config/source', 'core'],
  'config/template': ['config/expression', 'config/functions', 'config/yaml', 'config/source', 'core'],
  'config/inventory': [
    'config/template',
    'config/expression',
    'config/functions',
    'config/yaml',
    'config/source',
    'secrets',
    'core',
  ],
  'config/playbook/reading': [...belowPlaybooks],
  'config/playbook/steps': ['config/playbook/reading', ...belowPlaybooks],
  'config/playbook/roles': ['config/playbook/steps', 'config/playbook/reading', ...belowPlaybooks],
  'config/playbook': [...ofPlaybooks, ...belowPlaybooks],
  'config/lint': ['config/playbook', ...ofPlaybooks, ...belowPlaybooks],
  'config/schema': ['config/playbook', ...ofPlaybooks, ...belowPlaybooks],
  config: ['config/playbook', ...ofPlaybooks, ...belowPlaybooks],
  engine: ['core'],
  transport: ['programs', 'core'],
  report: ['core'],
  'modules/host': ['core'],
  'modules/files': ['modules/host', 'core'],
  'modules/zfs': ['modules/host', 'core'],
  'modules/system': ['modules/host', 'modules/files', 'core'],
  'modules/commands': ['modules/host', 'core'],
  'modules/control': ['core'],
  'modules/storage': ['modules/host', 'modules/files', 'modules/zfs', 'core'],
  'modules/docker': ['modules/host', 'modules/files', 'modules/system', 'core'],
  'modules/facts': [
    'modules/host',
    'modules/zfs',
    'modules/system',
    'modules/storage',
    'modules/docker',
    'core',
  ],
  modules: [
    'modules/control',
    'modules/commands',
    'modules/system',
    'modules/files',
    'modules/zfs',
    'modules/storage',
    'modules/docker',
    'modules/facts',
    'core',
  ],
  cli: [
    'config',
    'config/functions',
    'config/lint',
    'config/schema',
    'engine',
    'transport',
    'report',
    'modules',
    'secrets',
    'core',
  ],
  main: ['cli'],
};

/** No folder of src has more files, beside its folders: nobody reads more than that at a glance. */
const mostFiles = 30;

/** Libraries that belong to one folder, so that they can be replaced there. */
const homes: Readonly<Record<string, string>> = {
  'age-encryption': 'secrets',
  '@marcbachmann/cel-js': 'config',
  '@opentelemetry/api': 'report',
  '@opentelemetry/exporter-trace-otlp-http': 'report',
  '@opentelemetry/exporter-trace-otlp-proto': 'report',
  '@opentelemetry/resources': 'report',
  '@opentelemetry/sdk-trace-base': 'report',
  handlebars: 'config',
  re2js: 'core',
  yaml: 'config',
  ssh2: 'transport',
  'ssh-config': 'transport',
  commander: 'cli',
  diff: 'report',
  'log-update': 'report',
  winston: 'report',
};

interface SourceText {
  readonly file: string;
  readonly folder: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const sources: readonly SourceText[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => {
    const text = readFileSync(path.join(src, file), 'utf8');
    return {
      file,
      folder: folderOf(file),
      text,
      tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true),
    };
  });

function folderOf(file: string): string {
  if (file === 'main.ts') return 'main';
  return path.dirname(file);
}

/** The room that a folder belongs to: the innermost one that is named above. */
function roomOf(folder: string): string {
  return folder in allowed || !folder.includes('/') ? folder : roomOf(path.dirname(folder));
}

function mayImport(from: string, to: string): boolean {
  return allowed[from]?.includes(to) ?? false;
}

/** Everything that a file imports, by `import`, `export … from` and `import()`. */
function importsOf({ tree }: SourceText): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier =
      ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
        ? node.argument.literal
        : ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
          ? node.moduleSpecifier
          : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
            ? node.arguments[0]
            : undefined;
    if (specifier && ts.isStringLiteral(specifier)) found.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The first name of the path: what a library is at home in. */
function topOf({ folder }: SourceText): string {
  return folder.split('/')[0] ?? '';
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

describe('the architecture', () => {
  it('finds the sources', () => expect(sources.length).to.be.greaterThan(20));

  it('knows every folder of src', () => {
    expect(
      [...new Set(sources.map(({ folder }) => roomOf(folder)))].filter((folder) => !(folder in allowed)),
    ).to.deep.equal([]);
  });

  it('has arrows that point one way', () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => path.join(path.dirname(source.file), specifier))
        .filter((target) => {
          const [from, to] = [roomOf(source.folder), roomOf(folderOf(target.replace(/\.js$/, '.ts')))];
          return from !== to && !mayImport(from, to);
        })
        .map((target) => `${source.file} imports ${target}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no folder of more files than one reads at a glance', () => {
    const counts = new Map<string, number>();
    for (const { folder } of sources) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > mostFiles)).to.deep.equal([]);
  });

  it('has no circle of files, imports of types counted', () => {
    const targets = new Map(
      sources.map((source) => [
        source.file,
        importsOf(source)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => path.join(path.dirname(source.file), specifier).replace(/\.js$/, '.ts')),
      ]),
    );
    // Files that import nothing that is left are taken away, until nothing changes: what stays is on a circle, or above one.
    for (let before = -1; before !== targets.size;) {
      before = targets.size;
      for (const [file, imports] of targets)
        if (!imports.some((each) => targets.has(each))) targets.delete(file);
    }
    for (let before = -1; before !== targets.size;) {
      before = targets.size;
      const imported = new Set([...targets.values()].flat());
      for (const file of targets.keys()) if (!imported.has(file)) targets.delete(file);
    }
    expect(
      [...targets].map(
        ([file, imports]) => `${file} imports ${imports.filter((each) => targets.has(each)).join(', ')}`,
      ),
    ).to.deep.equal([]);
  });

  it('exports nothing that nobody imports', () => {
    const texts = new Map(
      ['src', 'test'].flatMap((top) =>
        readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ts'))
          .map((file) => [`${top}/${file}`, readFileSync(path.join(root, top, file), 'utf8')] as const),
      ),
    );
    const words = [...texts].map(([file, text]) => [file, new Set(text.match(/[A-Za-z_$][\w$]*/g))] as const);
    const wrong = sources.flatMap(({ file, tree }) =>
      exportedNames(tree)
        .filter((name) => !words.some(([other, named]) => other !== `src/${file}` && named.has(name)))
        .map((name) => `${file} exports ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('keeps each library in the folder that it belongs to', () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) => (homes[packageOf(specifier)] ?? topOf(source)) !== topOf(source))
        .map((specifier) => `${source.file} imports ${specifier}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('imports only what package.json names', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter((specifier) => !(packageOf(specifier) in manifest.devDependencies))
        .map((specifier) => `${source.file} imports ${specifier}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('touches the process in main.ts alone', () => {
    const wrong: string[] = [];
    for (const { file, tree } of sources) {
      // Programs end with the process, whoever ends it.
      if (file === 'main.ts' || file === 'programs/groups.ts') continue;
      const visit = (node: ts.Node): void => {
        const isProcess = ts.isIdentifier(node) && node.text === 'process' && !isMemberName(node);
        const isImport =
          ts.isStringLiteral(node) && (node.text === 'node:process' || node.text === 'process');
        // To end a group of processes that a file has started itself, there is no other way.
        const isKill =
          isProcess && ts.isPropertyAccessExpression(node.parent) && node.parent.name.text === 'kill';
        if ((isProcess && !isKill) || (isImport && ts.isImportDeclaration(node.parent))) {
          const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
          wrong.push(`${file}:${line + 1}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(tree);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('has a header in each file that says what it owns', () => {
    const wrong = sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*[\s\S]*?\bowns?\b[\s\S]*?\*\//i.test(text));
    expect(wrong.map(({ file }) => file)).to.deep.equal([]);
  });

  // Its files are listed by hand, since what matters most comes first.
  it('has each file of the lab in its suite', () => {
    const folder = path.join(root, 'test/lab');
    const listed = parse(readFileSync(path.join(folder, 'mocharc.yaml'), 'utf8')) as {
      readonly spec: string[];
    };
    const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
    expect(listed.spec).to.have.members(files.map((name) => `test/lab/${name}`));
  });

  it('has no default exports', () => {
    const wrong = sources.filter(({ tree }) =>
      tree.statements.some(
        (node) =>
          ts.isExportAssignment(node) ||
          (ts.canHaveModifiers(node) &&
            ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)),
      ),
    );
    expect(wrong.map(({ file }) => file)).to.deep.equal([]);
  });
});

/** What a file exports of its own, and passes on from others. */
function exportedNames(tree: ts.SourceFile): readonly string[] {
  return tree.statements.flatMap((node) => {
    if (ts.isExportDeclaration(node))
      return node.exportClause && ts.isNamedExports(node.exportClause)
        ? node.exportClause.elements.map(({ name }) => name.text)
        : [];
    const isExported =
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!isExported) return [];
    if (ts.isVariableStatement(node))
      return node.declarationList.declarations.map(({ name }) => name.getText(tree));
    return isNamed(node) ? [node.name.getText(tree)] : [];
  });
}

function isNamed(node: ts.Statement): node is ts.Statement & { readonly name: ts.Node } {
  return 'name' in node && node.name !== undefined;
}

/** `process` as a property, a parameter or a key is another thing. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    (ts.isPropertySignature(parent) && parent.name === node)
  );
}
