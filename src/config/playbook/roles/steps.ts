/**
 * Owns `import_role` and `include_role`: roles among the tasks.
 */
import { allFacts } from '../../expression/declarations.js';
import path from 'node:path';
import type { Place } from '../../../core/errors.js';
import type { Block, Include, Loop, Step } from '../../../core/plan.js';
import type { Scope } from '../../../core/template.js';
import { isTemplateNode } from '../reading/fields.js';
import { includeStep, insideOf, loadOnce, ownSettings, readApplied } from '../steps/include-step.js';
import { compileName, fixedText, nameIn, reportTo } from '../reading/names.js';
import { checkKeywords, type Action } from '../reading/keywords.js';
import { findLoop } from '../reading/loops.js';
import { readOptions } from '../reading/options.js';
import { errorAt } from '../../source/findings.js';
import { readRole } from './roles.js';
import { findRole, roleFolders } from './search.js';
import { mainParts, type RoleParts } from './request.js';
import { foreseeFiles } from '../../source/search.js';
import { createIds, foreseenIn, siteIn, type Site } from '../reading/site.js';
import { readCommon, type Common } from '../reading/common.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';

type Options = ReadonlyMap<string, MapEntry>;

const partOptions = ['tasks_from', 'handlers_from', 'vars_from', 'defaults_from'] as const;
const shared = ['name', ...partOptions, 'allow_duplicates', 'rolespec_validate', 'public'] as const;

export async function readRoleStep(
  node: MapNode,
  action: Action & ('import_role' | 'include_role'),
  entry: MapEntry,
  site: Site,
): Promise<Step | undefined> {
  const isImport = action === 'import_role';
  checkKeywords(node, isImport ? 'import' : 'include', new Set([entry.key]), site.context.report);
  const loop = isImport ? undefined : findLoop(node, site, 'include');
  const common = readCommon(node, site, entry.keyAt, loop?.names);
  const options = readOptions(entry, node.entries.get('args'), site, {
    names: isImport ? shared : [...shared, 'apply'],
    aliases: { role: 'name' },
  });
  if (!options) return undefined;
  if (isImport) return await importRole(options, common, site);
  return await includeRole(node, options, common, loop?.finish(common.site.names, common.outside), site);
}

async function importRole(options: Options, common: Common, site: Site): Promise<Block | undefined> {
  const words = new Map<string, string>();
  for (const key of ['name', ...partOptions]) {
    const entry = options.get(key);
    const text = entry && !omits(key, entry, common.site) ? common.site.read.text(entry) : undefined;
    if (text !== undefined) words.set(key, text);
  }
  const { name } = namedRole(words);
  const at = atOf(options);
  const folder = await findRole(name, at, site).catch(reportTo(site));
  if (folder === undefined) return undefined;
  return await readRole({
    folder,
    name,
    at,
    asker: 'step',
    parts: namedRole(words).parts,
    given: common.vars,
    params: new Map(),
    when: common.when,
    become: common.become,
    ownTags: [],
    site: common.site,
    mayRepeat: readFlag(options.get('allow_duplicates'), true, site),
    isValidated: readFlag(options.get('rolespec_validate'), true, site),
    isExported: readFlag(options.get('public'), true, site),
    isOfPlay: false,
  });
}

async function includeRole(
  node: MapNode,
  options: Options,
  common: Common,
  loop: Loop | undefined,
  site: Site,
): Promise<Include> {
  const at = atOf(options);
  const nameEntry = options.get('name');
  const written = nameEntry?.value.kind === 'scalar' ? nameEntry.value.text.text : '';
  const include = {
    ...includeStep(common, loop, `include_role: ${written}`, site),
    ...ownSettings(node, common, loop, site),
    // As in Ansible, the name of the role around it is not put before it.
    name: common.name ?? `include_role: ${written}`,
    // As in Ansible, what the role around it is given goes before what it gives itself.
    params: new Map([...common.vars, ...site.around.params]),
  };
  const inside = insideOf(include.id, common, site);
  const mayRepeat = readFlag(options.get('allow_duplicates'), true, site);
  const isValidated = readFlag(options.get('rolespec_validate'), true, site);
  const isExported = readFlag(options.get('public'), false, site);
  const open = (words: ReadonlyMap<string, string>, folder: string, around: Site): Promise<readonly Step[]> =>
    readApplied(options.get('apply'), around, async (within) => {
      const { name, parts } = namedRole(words);
      const made = await readRole({
        folder,
        name,
        at,
        asker: 'step',
        parts,
        given: common.vars,
        params: new Map(),
        when: [],
        become: {},
        ownTags: [],
        site: within,
        mayRepeat,
        isValidated,
        isExported,
        isOfPlay: false,
      });
      return [made];
    });

  const fixed = fixedWords(options, site);
  if (fixed) {
    const folder = await findRole(namedRole(fixed).name, at, site).catch(reportTo(site));
    const steps = folder === undefined ? [] : await open(fixed, folder, inside);
    return { ...include, steps, load: () => Promise.resolve(steps) };
  }
  const words = templatesOf(options, common.site);
  if (isExported) {
    const message =
      "'public' makes a role's variables the play's, and so the role must be known before the run";
    site.context.report(errorAt(options.get('public')?.keyAt, 'playbook-invalid', message));
  }
  const foreseen = await foreseeFiles(written, roleFolders(site));
  if (foreseen.length === 0) site.context.use.facts.add(allFacts);
  for (const folder of foreseen) {
    for (const found of await foreseeParts(options, folder)) {
      const key = [folder, ...found.entries()].join(' ');
      await site.context.foresee(key, (context) => open(found, folder, foreseenIn(context, inside)));
    }
  }
  return {
    ...include,
    steps: undefined,
    load: loadOnce(
      (scope) => Promise.resolve(JSON.stringify([...words(scope)])),
      (said) =>
        site.context.readNow(async (context) => {
          const found = new Map(JSON.parse(said) as [string, string][]);
          const { name } = namedRole(found);
          const folder = await findRole(name, at, site);
          return await open(found, folder, {
            ...siteIn(context, inside),
            path: `${include.id} / ${name}`,
            uniqueId: createIds(),
          });
        }),
    ),
  };
}

const folderOf = {
  tasks_from: 'tasks',
  handlers_from: 'handlers',
  vars_from: 'vars',
  defaults_from: 'defaults',
} as const;

/** What the options may come to say of a role: each file that one of them may stand for, with the others' own words. */
async function foreseeParts(
  options: Options,
  folder: string,
): Promise<readonly ReadonlyMap<string, string>[]> {
  const fixed = new Map([['name', path.basename(folder)]]);
  const open: (readonly [string, string])[] = [];
  for (const key of partOptions) {
    const value = options.get(key)?.value;
    if (value?.kind !== 'scalar') continue;
    const { text } = value.text;
    if (!isTemplateNode(value)) fixed.set(key, text);
    else {
      for (const ending of ['', '.yml', '.yaml', '.json']) {
        const files = await foreseeFiles(`${text}${ending}`, [`${folder}/${folderOf[key]}`]);
        open.push(...files.map((file) => [key, path.relative(`${folder}/${folderOf[key]}`, file)] as const));
      }
    }
  }
  return open.length === 0 ? [fixed] : open.map(([key, file]) => new Map([...fixed, [key, file]]));
}

function atOf(options: Options): Place {
  const entry = options.get('name');
  if (!entry) throw new TypeError('a role without a name');
  return entry.value.at;
}

function namedRole(words: ReadonlyMap<string, string>): { readonly name: string; readonly parts: RoleParts } {
  const part = (key: (typeof partOptions)[number]): string =>
    (words.get(key) ?? 'main').replace(/\.(?:ya?ml|json)$/, '');
  return {
    name: words.get('name') ?? '',
    parts: {
      ...mainParts,
      tasks: part('tasks_from'),
      handlers: part('handlers_from'),
      vars: part('vars_from'),
      defaults: part('defaults_from'),
    },
  };
}

/** What the options say, if they say the same in every run. */
function fixedWords(options: Options, site: Site): ReadonlyMap<string, string> | undefined {
  const words = new Map<string, string>();
  for (const key of ['name', ...partOptions]) {
    const entry = options.get(key);
    if (!entry) continue;
    const text = isTemplateNode(entry.value) ? fixedText(entry.value, site) : site.read.text(entry);
    if (text === undefined && isTemplateNode(entry.value)) return undefined;
    if (text !== undefined) words.set(key, text);
  }
  return words;
}

function templatesOf(options: Options, site: Site): (scope: Scope) => ReadonlyMap<string, string> {
  const templates = ['name', ...partOptions].flatMap((key) => {
    const entry = options.get(key);
    return entry ? [{ key, entry, template: compileName(entry, site, key !== 'name') }] : [];
  });
  return (scope) => {
    const words = new Map<string, string>();
    for (const { key, entry, template } of templates) {
      // A part that is left out is `main`.
      if (key !== 'name' && template.renderEntry(scope) === undefined) continue;
      words.set(key, nameIn(template, entry, scope));
    }
    return words;
  };
}

function omits(key: string, entry: MapEntry, { read }: Site): boolean {
  return key !== 'name' && read.omits(entry);
}

function readFlag(entry: MapEntry | undefined, otherwise: boolean, { read }: Site): boolean {
  return (entry && read.boolean(entry)) ?? otherwise;
}
