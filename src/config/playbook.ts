/**
 * Owns how a playbook file becomes plays that are fit to run: read, compiled, and checked against everything that can
 * be known before a connection is made. All that is wrong is said in one go.
 */
import path from 'node:path';
import type { Module } from '../core/module.js';
import type { Play, Playbook, VarsTemplate } from '../core/plan.js';
import {
  createDeclarations,
  extendDeclarations,
  openDeclarations,
  type DeclaredNames,
  type ShapeSource,
} from './declarations.js';
import type { Inventory } from './inventory.js';
import { createLanguage } from './language.js';
import { createContext, type ContextWork, type PlaybookContext } from './playbook-context.js';
import { readPlay, type PlayFiles } from './plays.js';
import { collectFindings, errorAt, type Report } from './report.js';
import { readSource } from './source.js';
import { compiledOf } from './template.js';
import { explainUnknownName, magicNames } from './variables.js';
import { describeNode, parseYaml, type YamlNode } from './yaml.js';

export interface LoadPlaybookOptions {
  readonly modules: ReadonlyMap<string, Module>;
  /** The user's current directory. */
  readonly cwd: string;
  /** Its variables may be used. */
  readonly inventory?: Inventory | undefined;
  readonly extraVars?: VarsTemplate | undefined;
  /** Names that nothing defines are let through: an inventory that is not at hand may define them. */
  readonly openNames?: boolean | undefined;
}

/**
 * Reads and checks a playbook. Throws ZrunError or, for several, ZrunErrors: `file-unreadable`, `yaml-syntax`,
 * `playbook-invalid`, `keyword-unsupported`, `module-unknown`, `parameter-invalid`, `template-syntax`,
 * `expression-syntax`, `expression-type`, `variable-unknown`.
 */
export async function loadPlaybook(file: string, options: LoadPlaybookOptions): Promise<Playbook> {
  const { modules, cwd, extraVars = new Map() } = options;
  const source = await readSource(cwd, file);
  const findings = collectFindings();
  const playbookDir = path.dirname(path.resolve(cwd, file));
  const language = createLanguage({ playbookDir, cwd });
  const work = createContext(modules, language, findings.report);
  const root = parseYaml(source, findings.report);
  const shownDir = path.dirname(file) === '.' ? '' : path.dirname(file);
  const plays = root ? await readPlays(root, work.context, { playbookDir, shownDir }, extraVars) : [];
  await checkNames(work, options, findings.report);
  findings.throwAll();
  return { path: file, plays, language };
}

async function readPlays(
  root: YamlNode,
  context: PlaybookContext,
  files: PlayFiles,
  extraVars: VarsTemplate,
): Promise<Play[]> {
  const { report } = context;
  if (root.kind !== 'list') {
    const looksLikeInventory =
      root.kind === 'map' &&
      [...root.entries.values()].some(
        ({ value }) => value.kind === 'map' && (value.entries.has('hosts') || value.entries.has('children')),
      );
    const isEmpty = root.kind === 'scalar' && root.value === null;
    const message = isEmpty
      ? 'this playbook is empty'
      : `a playbook is a list of plays, but this is ${describeNode(root)}`;
    const hint = looksLikeInventory
      ? 'this looks like an inventory: give it with -i'
      : "begin with '- name: …' and, below it, 'hosts: …'";
    const start = isEmpty ? 0 : root.at.start;
    report(errorAt({ ...root.at, start, end: start + 1 }, 'playbook-invalid', message, hint));
    return [];
  }
  const ids = new Map<string, number>();
  const uniqueId = (wanted: string): string => {
    const count = (ids.get(wanted) ?? 0) + 1;
    ids.set(wanted, count);
    return count === 1 ? wanted : `${wanted}#${count}`;
  };
  const plays: Play[] = [];
  for (const node of root.items) {
    if (node.kind !== 'map') {
      report(
        errorAt(
          node.at,
          'playbook-invalid',
          `a play must be a map, but is ${describeNode(node)}`,
          "write '- name: …' and, below it, 'hosts: …'",
        ),
      );
      continue;
    }
    const imported = [...node.entries.values()].find(({ key }) =>
      /^(?:ansible\.builtin\.)?import_playbook$/.test(key),
    );
    if (imported) {
      report(
        errorAt(
          imported.keyAt,
          'keyword-unsupported',
          `zrun does not have '${imported.key}' yet`,
          'name several playbooks on the command line',
        ),
      );
      continue;
    }
    const isTask =
      !node.entries.has('hosts') &&
      [...node.entries.keys()].some((key) => context.modules.has(key) || key === 'block');
    if (isTask) {
      const at = [...node.entries.values()][0]?.keyAt;
      report(
        errorAt(
          at,
          'playbook-invalid',
          'a task stands where a play belongs',
          "write '- hosts: …' with 'tasks:' below it, and the tasks there",
        ),
      );
      continue;
    }
    const play = await readPlay(node, context, files, extraVars, uniqueId);
    if (play) plays.push(play);
  }
  if (root.items.length === 0) report(errorAt(root.at, 'playbook-invalid', 'this playbook has no plays'));
  return plays;
}

/** Everything that may be used is known now; everything that is used is checked. */
async function checkNames(
  work: ContextWork,
  { inventory, extraVars = new Map(), openNames = false }: LoadPlaybookOptions,
  report: Report,
): Promise<void> {
  await Promise.all(work.waiting);
  const declared = new Map<string, readonly ShapeSource[]>(magicNames);
  for (const names of [inventoryNames(inventory), work.declared]) {
    for (const [name, sources] of names) declared.set(name, [...(declared.get(name) ?? []), ...sources]);
  }
  const closed = createDeclarations(declared, explainUnknownName);
  const base = openNames ? openDeclarations(closed) : closed;
  const given: DeclaredNames = new Map(
    [...compiledOf(extraVars)].map(([name, template]) => [name, [template]] as const),
  );
  for (const { local, check } of work.checks) {
    // What tasks set under a play's own names wins over the play's value, so both shapes count.
    const visible = new Map(
      [...local].map(([name, sources]) => [name, [...sources, ...(work.declared.get(name) ?? [])]] as const),
    );
    check(extendDeclarations(extendDeclarations(base, visible), given), report);
  }
}

/** The variables of all hosts together; hosts of one group share its templates. */
function inventoryNames(inventory: Inventory | undefined): Map<string, readonly ShapeSource[]> {
  const distinct = new Map<string, Set<ShapeSource>>();
  for (const host of inventory ? [...inventory.hosts.values(), inventory.implicitLocalhost] : []) {
    for (const [name, template] of compiledOf(host.vars)) {
      const known = distinct.get(name);
      if (known) known.add(template);
      else distinct.set(name, new Set([template]));
    }
  }
  return new Map([...distinct].map(([name, templates]) => [name, [...templates]] as const));
}
