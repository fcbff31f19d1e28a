/**
 * Owns how a playbook file becomes plays that are fit to run: read, with the playbooks that it imports, compiled, and
 * checked against everything that can be known before a connection is made. All that is wrong is said in one go.
 */
import path from 'node:path';
import type { Place } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import type { Play, Playbook } from '../../core/plan.js';
import type { VarsTemplate } from '../../core/template.js';
import { createFieldReader } from './reading/fields.js';
import type { Inventory } from '../inventory/inventory.js';
import { checkKeywords } from './reading/keywords.js';
import { createLanguage } from './reading/language.js';
import { createNameUse, type NameUse } from '../expression/declarations.js';
import { readWithContext, type PlaybookContext } from './reading/context.js';
import { readPlay, type PlayPlace } from './plays.js';
import { errorAt } from '../source/findings.js';
import { createScope } from '../expression/scope.js';
import { createIds, type OpenFile } from './reading/site.js';
import { readSource, shownName } from '../source/source.js';
import { readVars } from './reading/common.js';
import { noKeys, type Keyring } from '../../secrets/keyring.js';
import { readSealedYaml } from '../yaml/sealed.js';
import { describeNode, type MapEntry, type MapNode, type YamlNode } from '../yaml/yaml.js';

export interface LoadPlaybookOptions {
  readonly modules: ReadonlyMap<string, Module>;
  /** The user's current directory. */
  readonly cwd: string;
  /** What opens files and values that are encrypted. */
  readonly keys?: Keyring | undefined;
  /** Its variables may be used. */
  readonly inventory?: Inventory | undefined;
  /** The same for the plays of a folder, whose variables are theirs: for playbooks that are imported from elsewhere. */
  readonly inventoryFor?: ((folder: string) => Promise<Inventory>) | undefined;
  readonly extraVars?: VarsTemplate | undefined;
  /** Names that nothing defines are let through: an inventory that is not at hand may define them. */
  readonly openNames?: boolean | undefined;
  /** Gets the names that it uses and sets. */
  readonly use?: NameUse | undefined;
}

/**
 * Reads and checks a playbook. Throws ZrunError or, for several, ZrunErrors: `file-unreadable`, `yaml-syntax`,
 * `playbook-invalid`, `keyword-unsupported`, `module-unknown`, `parameter-invalid`, `template-syntax`,
 * `expression-syntax`, `expression-type`, `variable-unknown`.
 */
export async function loadPlaybook(file: string, options: LoadPlaybookOptions): Promise<Playbook> {
  const source = await readSource(options.cwd, file);
  return readPlaybook(file, options, ({ report }) =>
    readSealedYaml(source, report, { keys: options.keys ?? noKeys }),
  );
}

/** The same of plays that `parse` gives, wherever it has them from; `file` says to which folder they belong. */
export async function readPlaybook(
  file: string,
  options: LoadPlaybookOptions,
  parse: (context: PlaybookContext) => YamlNode | undefined | Promise<YamlNode | undefined>,
): Promise<Playbook> {
  const {
    modules,
    cwd,
    keys = noKeys,
    inventory,
    inventoryFor,
    extraVars = new Map(),
    openNames = false,
    use = createNameUse(),
  } = options;
  const language = createLanguage({ cwd });
  const work = { modules, language, cwd, keys, inventory, inventoryFor, extraVars, openNames, use };
  const plays = await readWithContext(work, async (context) =>
    readPlays(await parse(context), context, {
      file: {
        path: path.resolve(cwd, file),
        named: undefined,
        outer: undefined,
        isConditional: false,
        content: {},
      },
      tags: [],
      vars: new Map(),
      when: [],
      uniqueId: createIds(),
    }),
  );
  return { path: file, plays, language };
}

async function readPlays(
  root: YamlNode | undefined,
  context: PlaybookContext,
  place: PlayPlace,
): Promise<readonly Play[]> {
  const { report } = context;
  if (!root) return [];
  if (root.kind !== 'list') {
    refuseRoot(root, context);
    return [];
  }
  if (root.items.length === 0) report(errorAt(root.at, 'playbook-invalid', 'this playbook has no plays'));
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
      plays.push(...(await importPlaybook(node, imported, context, place)));
      continue;
    }
    if (isTask(node, context)) {
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
    const play = await readPlay(node, context, place);
    if (play) plays.push(play);
  }
  return plays;
}

function refuseRoot(root: Exclude<YamlNode, { kind: 'list' }>, { report }: PlaybookContext): void {
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
}

function isTask(node: MapNode, { modules }: PlaybookContext): boolean {
  const bare = [...node.entries.keys()].map((key) => key.replace(/^ansible\.\w+\./, ''));
  return (
    !node.entries.has('hosts') &&
    bare.some((key) => modules.has(key) || /^(?:block|(?:import|include)_(?:tasks|role))$/.test(key))
  );
}

/** The plays of another playbook, which get what the import says: its variables, its tags, its conditions. */
async function importPlaybook(
  node: MapNode,
  entry: MapEntry,
  context: PlaybookContext,
  place: PlayPlace,
): Promise<readonly Play[]> {
  checkKeywords(node, 'playbook import', new Set([entry.key]), context.report);
  const folder = path.dirname(place.file.path);
  const known = createScope([{ playbook_dir: folder }, context.extraVars], context.use.used);
  const read = createFieldReader('playbook-invalid', context.report, known);
  const name = read.text(entry);
  const vars = readVars(node.entries.get('vars'), { context, read });
  const tagsEntry = node.entries.get('tags');
  const when = node.entries.get('when');
  const tags = tagsEntry ? read.texts(tagsEntry, { split: true }).map(({ text }) => text) : [];
  if (name === undefined) return [];
  const file = path.resolve(folder, name);
  const { at } = entry.value;
  if (!checkCircle(file, at, place.file, context)) return [];
  const root = await context.readYaml(file, at);
  await context.enterFolder(path.dirname(file));
  return await readPlays(root, context, {
    ...place,
    file: { path: file, named: undefined, outer: place.file, isConditional: false, content: {} },
    // The outermost import's are the strongest, as each is put over the plays that the ones inside it bring.
    vars: new Map([...vars, ...place.vars]),
    tags: [...place.tags, ...tags],
    when: when ? [...place.when, when] : place.when,
  });
}

function checkCircle(file: string, at: Place, from: OpenFile, { cwd, report }: PlaybookContext): boolean {
  const chain: string[] = [];
  for (let open: OpenFile | undefined = from; open; open = open.outer) {
    chain.unshift(open.path);
    if (open.path !== file) continue;
    const said = [...chain, file].map((one) => shownName(one, cwd)).join(' → ');
    report(errorAt(at, 'playbook-invalid', `this playbook imports itself: ${said}`));
    return false;
  }
  return true;
}
