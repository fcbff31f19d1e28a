/**
 * Owns the controller's own files that tasks name: where they are looked for, and that each template among them is
 * parsed once a run.
 */
import { ZrunError, ZrunErrors, type Place } from '../../../core/errors.js';
import type { TaskFiles } from '../../../core/plan.js';
import { createControllerFiles } from '../../source/controller-files.js';
import { collectFindings, type Report } from '../../source/findings.js';
import { findJinja } from '../../functions/jinja-hints.js';
import { findFile } from '../../source/search.js';
import { shownName, unreadable, wholeText } from '../../source/source.js';
import { parseText } from '../../template/parse.js';
import { renderAsText } from '../../template/render.js';
import type { TextTemplate } from '../../template/tree.js';

/** The files of a task, before it runs. */
export interface PlaybookFiles extends TaskFiles {
  /** Finds and parses a template file; undefined where that is reported. `at` is where a playbook names it. */
  checkTemplate(name: string, at: Place, report: Report): Promise<TextTemplate | undefined>;
  /** Reports a file that is not there. */
  check(name: string, at: Place, report: Report): Promise<void>;
}

/** What tasks may name that stand in a playbook of this folder, in a role of that one. Both absolute. */
export type FilesOf = (playbookFolder: string, own: readonly string[]) => PlaybookFiles;

/** `cwd`: the user's current directory, absolute. */
export function createFilesOf(cwd: string): FilesOf {
  const reader = createReader(cwd);
  const known = new Map<string, PlaybookFiles>();
  return (playbookFolder, own) => {
    const key = JSON.stringify([playbookFolder, ...own]);
    const files = known.get(key) ?? createFiles(playbookFolder, own, cwd, reader);
    known.set(key, files);
    return files;
  };
}

/** Reads what was found. Throws ZrunError; `at` is where a playbook names the file. */
interface Reader extends Pick<TaskFiles, 'open' | 'readFolder' | 'read'> {
  template(file: string, at: Place | undefined): Promise<TextTemplate>;
}

function createReader(cwd: string): Reader {
  const controllerFiles = createControllerFiles();
  const templates = new Map<string, Promise<TextTemplate>>();

  async function orUnreadable<T>(file: string, at: Place | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ZrunError) throw error;
      throw unreadable(shownName(file, cwd), error, at);
    }
  }

  async function parseTemplateFile(file: string, at: Place | undefined): Promise<TextTemplate> {
    const content = await orUnreadable(file, at, () => controllerFiles.read(file));
    const whole = wholeText({ name: shownName(file, cwd), text: content.toString('utf8') });
    const findings = collectFindings();
    findJinja(whole, 'file').forEach(findings.report);
    const parsed = parseText(whole, findings.report);
    findings.throwAll();
    if (!parsed) throw new ZrunError('internal', `template not parsed: ${file}`);
    return parsed;
  }

  return {
    read: (file) => orUnreadable(file, undefined, () => controllerFiles.read(file)),
    open: (file) => orUnreadable(file, undefined, () => controllerFiles.open(file)),
    readFolder: (folder) => orUnreadable(folder, undefined, () => controllerFiles.readFolder(folder)),
    template(file, at) {
      const parsed = templates.get(file) ?? parseTemplateFile(file, at);
      templates.set(file, parsed);
      return parsed;
    },
  };
}

function createFiles(
  playbookFolder: string,
  own: readonly string[],
  cwd: string,
  reader: Reader,
): PlaybookFiles {
  const folders = {
    template: [
      ...own.flatMap((folder) => [`${folder}/templates`, folder]),
      `${playbookFolder}/templates`,
      `${playbookFolder}/../templates`,
      playbookFolder,
      `${cwd}/templates`,
    ],
    file: [
      ...own.flatMap((folder) => [`${folder}/files`, folder]),
      `${playbookFolder}/files`,
      playbookFolder,
      cwd,
    ],
  };
  // A name is looked for once; what is not there may come to be there (a file that the run itself fetches).
  const found = new Map<string, string>();
  const find = async (what: 'template' | 'file', name: string, at?: Place): Promise<string> => {
    const key = `${what} ${name}`;
    const file = found.get(key) ?? (await findFile(what, name, folders[what], cwd, at));
    found.set(key, file);
    return file;
  };
  return {
    searchPath: [...own, playbookFolder],
    renderTemplate: async (name, scope) =>
      renderAsText(await reader.template(await find('template', name), undefined), scope),
    read: async (name) => await reader.read(await find('file', name)),
    open: async (name) => await reader.open(await find('file', name)),
    readFolder: async (name) => await reader.readFolder(await find('file', name)),
    checkTemplate: (name, at, report) =>
      orReport(report, async () => await reader.template(await find('template', name, at), at)),
    check: async (name, at, report) => {
      await orReport(report, () => find('file', name, at));
    },
  };
}

async function orReport<T>(report: Report, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ZrunErrors) error.errors.forEach(report);
    else if (error instanceof ZrunError) report(error);
    else throw error;
    return undefined;
  }
}
