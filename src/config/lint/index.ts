/**
 * Owns `lintPlaybook`: from a playbook's file to what is legal but unwise in it. The rules are in `rules`.
 */
import path from 'node:path';
import type { Place, Source } from '../../core/errors.js';
import type { Playbook } from '../../core/plan.js';
import { createLanguage } from '../playbook/reading/language.js';
import { roleOf } from '../playbook/reading/parameters.js';
import { loadPlaybook, type LoadPlaybookOptions } from '../playbook/playbook.js';
import { ignoreFindings } from '../source/findings.js';
import { readSource } from '../source/source.js';
import { compiledOf } from '../template/template.js';
import { allowRule, applyAllowances } from './allow.js';
import { createBook, type Book } from './book.js';
import type { Finding } from './rule.js';
import { rules } from './rules/index.js';

export type { Finding } from './rule.js';

/** Every rule's id and what it finds. */
export const lintRules: readonly { readonly id: string; readonly summary: string }[] = [
  ...rules.map(({ id, summary }) => ({ id, summary })),
  allowRule,
];

/**
 * Loads a playbook and says what is unwise in it, in the order in which it stands in the files. Without an inventory,
 * names that nothing defines are let through: an inventory may define them. Throws what `loadPlaybook` throws.
 */
export async function lintPlaybook(
  file: string,
  options: Omit<LoadPlaybookOptions, 'openNames'>,
): Promise<readonly Finding[]> {
  const { modules, cwd, inventory } = options;
  const playbook = await loadPlaybook(file, { ...options, openNames: inventory === undefined });
  const main = await readSource(cwd, file);
  const written = createBook(playbook, { main, modules, others: [], isComplete: true });
  const templates = await readTemplates(written, path.dirname(path.resolve(cwd, file)), cwd);
  const book: Book = {
    ...written,
    others: [...variableSources(playbook, options), ...templates.sources],
    isComplete: written.isComplete && templates.isComplete,
  };
  const findings: Finding[] = [];
  for (const rule of rules) rule.check(book, (finding) => findings.push({ rule: rule.id, ...finding }));
  const sources = written.files.map(({ source }) => source);
  const left = applyAllowances(
    distinct(findings),
    sources,
    lintRules.map(({ id }) => id),
  );
  const order = sources.map(({ name }) => name);
  return [...left].sort(
    (a, b) => order.indexOf(a.at.source.name) - order.indexOf(b.at.source.name) || a.at.start - b.at.start,
  );
}

/** A file that is included several times is written once. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map(
    findings.map((one) => [`${one.rule}:${one.at.start}:${one.at.source.name}`, one] as const),
  );
  return [...seen.values()];
}

/** The files in which variables are given their values. */
function variableSources(
  playbook: Playbook,
  { inventory, extraVars }: Pick<LoadPlaybookOptions, 'inventory' | 'extraVars'>,
): readonly Source[] {
  const layers = [
    ...playbook.plays.flatMap(({ defaults, vars }) => [defaults, vars]),
    ...[...(inventory?.hosts.values() ?? [])].map(({ vars }) => vars),
    ...(extraVars ? [extraVars] : []),
  ];
  const places: readonly Place[] = layers.flatMap((vars) =>
    [...compiledOf(vars).values()].map(({ at }) => at),
  );
  return [...new Map(places.map(({ source }) => [source.name, source] as const)).values()];
}

/** The template files that tasks name. Not all are found where a name is a template itself. */
async function readTemplates(
  { tasks, modules }: Book,
  playbookDir: string,
  cwd: string,
): Promise<{ readonly sources: readonly Source[]; readonly isComplete: boolean }> {
  const language = createLanguage({ cwd });
  const sources: Source[] = [];
  let isComplete = true;
  for (const { call, params } of tasks) {
    if (!call || !modules.has(call.module.name)) continue;
    for (const { key, value } of params.values()) {
      if (roleOf(call.module, key) !== 'template-file') continue;
      const name = value.kind === 'scalar' ? value.text.text : '';
      // A role's templates are beside the folder of its tasks.
      const here = path.resolve(cwd, path.dirname(value.at.source.name));
      const files = language.filesOf(playbookDir, [path.dirname(here), here]);
      const template = await files.checkTemplate(name, value.at, ignoreFindings);
      if (template) sources.push(template.text.at.source);
      else isComplete = false;
    }
  }
  return { sources, isComplete };
}
