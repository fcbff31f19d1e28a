/**
 * Owns what the engine may ask of the language while it runs: scopes, expressions given as text, and the controller's
 * own files. Templates and expressions are compiled once a run.
 */
import type { Language } from '../../../core/plan.js';
import { compileLooseExpression, type CompiledExpression } from '../../expression/expression.js';
import { createScope } from '../../expression/scope.js';
import { looseText } from '../../source/source.js';
import { explainParameters } from './parameters.js';
import { createFilesOf, type FilesOf } from './playbook-files.js';

/** A language that also takes what a check of the playbook has compiled already. */
export interface PlaybookLanguage extends Language {
  /** Errors of an expression that stands in a file are shown there. */
  rememberExpression(expression: CompiledExpression): void;
  readonly filesOf: FilesOf;
}

/** `cwd`: the user's current directory, absolute. */
export function createLanguage({ cwd }: { readonly cwd: string }): PlaybookLanguage {
  const expressions = new Map<string, CompiledExpression>();

  function expressionFor(text: string): CompiledExpression {
    const compiled = expressions.get(text) ?? compileLooseExpression(looseText('expression', text));
    expressions.set(text, compiled);
    return compiled;
  }

  return {
    scope: createScope,
    evaluate: (text, scope) => expressionFor(text).evaluate(scope),
    explainParameters: (task, error, params) => explainParameters(task.module, error, task.args, params),
    rememberExpression(expression) {
      if (!expressions.has(expression.text)) expressions.set(expression.text, expression);
    },
    filesOf: createFilesOf(cwd),
  };
}
