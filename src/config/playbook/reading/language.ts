/**
 * Owns what the engine may ask of the language while it runs: scopes, expressions given as text, and the controller's
 * own files. Templates and expressions are compiled once a run.
 */
import { ZrunError, type Place } from '../../../core/errors.js';
import type { Language, TaskFiles } from '../../../core/plan.js';
import { createControllerFiles } from '../../source/controller-files.js';
import { compileLooseExpression, type CompiledExpression } from '../../expression/expression.js';
import { parseText } from '../../template/parse.js';
import { renderAsText } from '../../template/render.js';
import type { TextTemplate } from '../../template/tree.js';
import { refuseJinja } from '../../source/jinja-hints.js';
import { explainParameters } from './parameters.js';
import { throwFindings, type Report } from '../../source/findings.js';
import { createScope } from '../../expression/scope.js';
import { findFile } from '../../source/search.js';
import { looseText, shownName, unreadable, wholeText } from '../../source/source.js';

/** A language that also takes what a check of the playbook has compiled already. */
export interface PlaybookLanguage extends Language {
  /** Errors of an expression that stands in a file are shown there. */
  rememberExpression(expression: CompiledExpression): void;
  /** What tasks may name that stand in a playbook of this folder, in a role of that one. Both absolute. */
  filesOf(playbookFolder: string, own: readonly string[]): PlaybookFiles;
}

/** The files of a task, before it runs. */
export interface PlaybookFiles extends TaskFiles {
  /** Finds and parses a template file; undefined where that is reported. `at` is where a playbook names it. */
  checkTemplate(name: string, at: Place, report: Report): Promise<TextTemplate | undefined>;
  /** Reports a file that is not there. */
  check(name: string, at: Place, report: Report): Promise<void>;
}

/** `cwd`: the user's current directory, absolute. */
export function createLanguage({ cwd }: { readonly cwd: string }): PlaybookLanguage {
  const expressions = new Map<string, CompiledExpression>();
  const templates = new Map<string, Promise<TextTemplate>>();
  const known = new Map<string, PlaybookFiles>();
  const controllerFiles = createControllerFiles();

  function expressionFor(text: string): CompiledExpression {
    const compiled = expressions.get(text) ?? compileLooseExpression(looseText('expression', text));
    expressions.set(text, compiled);
    return compiled;
  }

  function templateAt(file: string, at: Place | undefined): Promise<TextTemplate> {
    const parsed = templates.get(file) ?? parseTemplateFile(file, at);
    templates.set(file, parsed);
    return parsed;
  }

  async function parseTemplateFile(file: string, at: Place | undefined): Promise<TextTemplate> {
    const text = (await read(file, at)).toString('utf8');
    const whole = wholeText({ name: shownName(file, cwd), text });
    const jinja = refuseJinja(whole, 'file');
    if (jinja) throw jinja;
    const parsed = parseText(whole, throwFindings);
    if (!parsed) throw new ZrunError('internal', `template not parsed: ${file}`);
    return parsed;
  }

  function read(file: string, at: Place | undefined): Promise<Buffer> {
    return orUnreadable(file, at, () => controllerFiles.read(file));
  }

  async function orUnreadable<T>(file: string, at: Place | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ZrunError) throw error;
      throw unreadable(shownName(file, cwd), error, at);
    }
  }

  function createFiles(playbookFolder: string, own: readonly string[]): PlaybookFiles {
    const templateFolders = [
      ...own.flatMap((folder) => [`${folder}/templates`, folder]),
      `${playbookFolder}/templates`,
      `${playbookFolder}/../templates`,
      playbookFolder,
      `${cwd}/templates`,
    ];
    const fileFolders = [
      ...own.flatMap((folder) => [`${folder}/files`, folder]),
      `${playbookFolder}/files`,
      playbookFolder,
      cwd,
    ];
    // A name is looked for once; what is not there may come to be there (a file that the run itself fetches).
    const found = new Map<string, string>();
    const find = async (what: 'template' | 'file', name: string, at: Place | undefined): Promise<string> => {
      const key = `${what} ${name}`;
      const folders = what === 'template' ? templateFolders : fileFolders;
      const file = found.get(key) ?? (await findFile(what, name, folders, cwd, at));
      found.set(key, file);
      return file;
    };
    const reporting = async <T>(report: Report, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ZrunError)) throw error;
        report(error);
        return undefined;
      }
    };
    return {
      searchPath: [...own, playbookFolder],
      renderTemplate: async (name, scope) =>
        renderAsText(await templateAt(await find('template', name, undefined), undefined), scope),
      read: async (name) => await read(await find('file', name, undefined), undefined),
      async open(name) {
        const file = await find('file', name, undefined);
        return orUnreadable(file, undefined, () => controllerFiles.open(file));
      },
      async readFolder(name) {
        const folder = await find('file', name, undefined);
        return orUnreadable(folder, undefined, () => controllerFiles.readFolder(folder));
      },
      checkTemplate: (name, at, report) =>
        reporting(report, async () => await templateAt(await find('template', name, at), at)),
      check: async (name, at, report) => {
        await reporting(report, () => find('file', name, at));
      },
    };
  }

  return {
    scope: createScope,
    evaluate: (text, scope) => expressionFor(text).evaluate(scope),
    explainParameters: (task, error, params) => explainParameters(task.module, error, task.args, params),
    rememberExpression(expression) {
      if (!expressions.has(expression.text)) expressions.set(expression.text, expression);
    },
    filesOf(playbookFolder, own) {
      const key = JSON.stringify([playbookFolder, ...own]);
      const files = known.get(key) ?? createFiles(playbookFolder, own);
      known.set(key, files);
      return files;
    },
  };
}
