/**
 * Owns what the engine may ask of the language while it runs: scopes, expressions given as text, and the controller's
 * own files. Templates and expressions are compiled once a run.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError, nearest, type Place } from '../core/errors.js';
import type { Language, TaskFiles } from '../core/plan.js';
import { compileLooseExpression, type CompiledExpression } from './expression.js';
import { parseText, renderAsText, type TextTemplate } from './handlebars.js';
import { explainParameters } from './parameters.js';
import { errorAt, throwFindings, type Report } from './report.js';
import { createScope } from './scope.js';
import { looseText, unreadable, wholeText } from './source.js';

/** A language that also takes what a check of the playbook has compiled already. */
export interface PlaybookLanguage extends Language {
  /** What tasks of the playbook itself may name. */
  readonly files: TaskFiles;
  /** Errors of an expression that stands in a file are shown there. */
  rememberExpression(expression: CompiledExpression): void;
  /** Finds and parses a template file; undefined where that is reported. `at` is where a playbook names it. */
  checkTemplateFile(name: string, at: Place, report: Report): Promise<TextTemplate | undefined>;
  /** Reports a controller file that is not there. */
  checkControllerFile(name: string, at: Place, report: Report): Promise<void>;
}

export interface LanguageOptions {
  /** The folder of the playbook, absolute. */
  readonly playbookDir: string;
  /** The user's current directory, absolute. */
  readonly cwd: string;
}

export function createLanguage({ playbookDir, cwd }: LanguageOptions): PlaybookLanguage {
  const expressions = new Map<string, CompiledExpression>();
  const templates = new Map<string, Promise<TextTemplate>>();

  const templateFolders = [
    path.join(playbookDir, 'templates'),
    path.join(playbookDir, '..', 'templates'),
    playbookDir,
    path.join(cwd, 'templates'),
  ];
  const fileFolders = [path.join(playbookDir, 'files'), playbookDir, cwd];

  function expressionFor(text: string): CompiledExpression {
    const known = expressions.get(text);
    if (known) return known;
    const compiled = compileLooseExpression(looseText('expression', text));
    expressions.set(text, compiled);
    return compiled;
  }

  function templateFor(name: string, at: Place | undefined): Promise<TextTemplate> {
    const known = templates.get(name);
    if (known) return known;
    const parsed = parseTemplateFile(name, at);
    templates.set(name, parsed);
    return parsed;
  }

  async function parseTemplateFile(name: string, at: Place | undefined): Promise<TextTemplate> {
    const file = await findFile('template', name, templateFolders, cwd, at);
    const text = (await readNamed(file, name, at)).toString('utf8');
    const parsed = parseText(wholeText({ name: shownName(file, cwd), text }), throwFindings);
    if (!parsed) throw new ZrunError('internal', `template not parsed: ${name}`);
    return parsed;
  }

  return {
    scope: createScope,
    evaluate: (text, scope) => expressionFor(text).evaluate(scope),
    files: {
      async renderTemplate(name, scope) {
        return renderAsText(await templateFor(name, undefined), scope);
      },
      async read(name) {
        return await readNamed(await findFile('file', name, fileFolders, cwd, undefined), name, undefined);
      },
    },
    explainParameters: (task, error, params) => explainParameters(task.module, error, task.args, params),
    rememberExpression(expression) {
      if (!expressions.has(expression.text)) expressions.set(expression.text, expression);
    },
    async checkTemplateFile(name, at, report) {
      try {
        return await templateFor(name, at);
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        report(error);
        return undefined;
      }
    },
    async checkControllerFile(name, at, report) {
      try {
        await findFile('file', name, fileFolders, cwd, at);
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        report(error);
      }
    },
  };
}

/** Looks for a file in one folder after the other. Throws ZrunError `file-unreadable`. */
async function findFile(
  what: 'template' | 'file',
  name: string,
  folders: readonly string[],
  cwd: string,
  at: Place | undefined,
): Promise<string> {
  if (path.isAbsolute(name)) {
    if (await isThere(name)) return name;
    throw unreadable(name, Object.assign(new Error('missing'), { code: 'ENOENT' }), at);
  }
  const distinct = [...new Set(folders)];
  for (const folder of distinct) {
    const file = path.join(folder, name);
    if (await isThere(file)) return file;
  }
  const near = nearest(name, (await Promise.all(distinct.map(namesIn))).flat());
  const looked = distinct.map((folder) => shownName(folder, cwd)).join(', ');
  const hint =
    near === undefined ? `looked for it in ${looked}` : `did you mean '${near}'? (looked in ${looked})`;
  throw errorAt(at, 'file-unreadable', `there is no ${what} '${name}'`, hint);
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function readNamed(file: string, name: string, at: Place | undefined): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(name, error, at);
  }
}

/** A path as the user would write it from where they are. */
export function shownName(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  if (relative === '') return '.';
  return relative.startsWith(`..${path.sep}..`) ? file : relative;
}
