// Owns the lint rules. Type-checked strictly: a floating promise or an `any` is an error, not a matter of taste.
import path from 'node:path';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '../..');

// As `z`, the bundle would hold 600 kB more, most of it error messages in other languages.
const wholeZod = {
  selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
  message: "Write import * as z from 'zod'.",
};

// Below /proc it never ends.
const recursiveMkdir = {
  selector:
    ":matches(CallExpression[callee.name=/^mkdir(Sync)?$/], CallExpression[callee.property.name=/^mkdir(Sync)?$/]) > ObjectExpression > Property[key.name='recursive']",
  message: 'Write makeFolder(…) of core/local-files.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', 'out/**', '**/node_modules/**', '**/coverage/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: path.join(root, 'test/tsconfig.json') } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', wholeZod],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', wholeZod, recursiveMkdir] },
  },
  {
    // What a browser runs: of hosts' texts it must never make mark-up.
    files: ['src/report/document/page/*.js'],
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|write|writeln)$/]',
          message: 'Texts of hosts are text: use append, textContent or replaceChildren.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', 'no-console': 'off' },
  },
);
