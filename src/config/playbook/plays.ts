/**
 * Owns how a play is read: its own keywords, and the order in which its sections make its steps.
 */
import path from 'node:path';
import type { Place } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import type { Handler, Play, Step, Task, VarsPrompt } from '../../core/plan.js';
import type { Expression } from '../../core/template.js';
import type { Value } from '../../core/value.js';
import { readConditions } from './reading/conditions.js';
import { readBudget, readOrder, readSerial, readStrategy } from './batches.js';
import { splitTerms } from '../inventory/patterns.js';
import {
  addNames,
  allFacts,
  namesOfVars,
  type NameUse,
  type ShapeSource,
} from '../expression/declarations.js';
import { createFieldReader, isTemplateNode, type FieldReader } from './reading/fields.js';
import { checkNotification, readHandlers } from './steps/handlers.js';
import { checkKeywords } from './reading/keywords.js';
import type { PlaybookContext } from './reading/context.js';
import { stepReaders } from './step-readers.js';
import { readPrompts } from './prompts.js';
import { errorAt } from '../source/findings.js';
import { readRoleUse } from './roles/use.js';
import { readRole } from './roles/roles.js';
import { mainParts } from './roles/request.js';
import { createScope } from '../expression/scope.js';
import { neutralSettings, readBecome, readSettings } from './reading/settings.js';
import { partNames, partOf, shapeOfSchema, textShape } from '../expression/shape.js';
import {
  nothingAround,
  type OpenFile,
  type PlayFrame,
  type PlayHandlers,
  type Site,
} from './reading/site.js';
import { readSteps } from './steps/steps.js';
import { flushHandlers, readVars } from './reading/common.js';
import { declareModuleVars, plainTask } from './steps/tasks.js';
import { constant, type CompiledTemplate } from '../template/template.js';
import { readVarsFiles } from './steps/vars-files.js';
import type { MapEntry, MapNode } from '../yaml/yaml.js';

/** Where a play stands: its file, and what an `import_playbook` of that file gives it. */
export interface PlayPlace {
  readonly file: OpenFile;
  readonly tags: readonly string[];
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
  /** The imports' conditions, to be read with the names of each play. */
  readonly when: readonly MapEntry[];
  readonly uniqueId: (path: string) => string;
}

export async function readPlay(
  node: MapNode,
  context: PlaybookContext,
  place: PlayPlace,
): Promise<Play | undefined> {
  const { report } = context;
  checkKeywords(node, 'play', new Set(), report);
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const first = [...node.entries.values()][0];
  const at = get('name')?.value.at ?? get('hosts')?.keyAt ?? first?.keyAt ?? node.at;
  const folder = path.dirname(place.file.path);

  const vars = new Map<string, CompiledTemplate>([['playbook_dir', constant(folder, at)]]);
  const readerOf = (more: ReadonlyMap<string, CompiledTemplate>): FieldReader =>
    createFieldReader(
      'playbook-invalid',
      report,
      createScope([vars, more, context.extraVars], context.use.used),
    );
  const written = readVars(get('vars'), { context, read: readerOf(new Map()) });
  for (const [name, template] of [...written, ...place.vars]) vars.set(name, template);
  const fileVars = await readVarsFiles(get('vars_files'), context, folder, readerOf);
  for (const [name, template] of fileVars) vars.set(name, template);
  const read = readerOf(new Map());
  const hosts = readHosts(get('hosts'), at, read, context);
  const prompts = readPrompts(get('vars_prompt'), read, report);

  const frame = createFrame(folder, vars, prompts);
  const site = siteOfPlay(node, frame, place, context, read, nameOf(get('name'), read) ?? hosts ?? '');
  for (const template of vars.values())
    context.later(site.names, (declared, tell) => void template.check(declared, tell));
  const become = readBecome(node, site);

  // What an import of this playbook says goes for each of its steps.
  const when = place.when.flatMap((entry) => readConditions(entry, site));
  const preTasks = await readSection(get('pre_tasks'), site);
  const roles = await readRoles(get('roles'), site);
  const tasks = await readSection(get('tasks'), site);
  const postTasks = await readSection(get('post_tasks'), site);
  const between = await readSection(get('between_batches'), site);
  const handlersEntry = get('handlers');
  const own = handlersEntry ? await readHandlers(handlersEntry.value, site) : [];
  const handlers = [...frame.handlers.ofRoles, ...own, ...frame.handlers.ofImports];
  frame.known.push(...handlers);
  const force = get('force_handlers');
  const whole = get('whole');
  const play: Play = {
    name: site.path,
    at,
    folder,
    hosts: hosts ?? '',
    roleNames: frame.roleNames,
    neededRoleNames: frame.neededRoleNames,
    brings: frame.brings,
    defaults: frame.defaults,
    vars: frame.vars,
    prompts,
    gatherFacts: readGatherFacts(get('gather_facts'), site, at, when),
    become,
    strategy: readStrategy(get('strategy'), read, report),
    order: readOrder(get('order'), read, report),
    serial: readSerial(get('serial'), read, report),
    budget: readBudget(node, read, report),
    forceHandlers: force && read.boolean(force),
    whole: (whole && read.boolean(whole)) ?? false,
    tags: site.tags,
    tasks: joinSections(at, [preTasks, [...roles, ...tasks], postTasks], when),
    handlers,
    betweenBatches: under(when, between),
  };
  return hosts === undefined ? undefined : play;
}

function nameOf(entry: MapEntry | undefined, read: FieldReader): string | undefined {
  if (!entry) return undefined;
  if (!isTemplateNode(entry.value)) return read.text(entry);
  // A name may say what is not known yet: it is then shown as it is written.
  const { value } = entry;
  const written = value.kind === 'scalar' ? value.text.text : undefined;
  return read.quietly(entry) ?? written;
}

function createFrame(
  folder: string,
  vars: Map<string, CompiledTemplate>,
  prompts: readonly VarsPrompt[],
): PlayFrame & { readonly known: Handler[] } {
  const varNames = new Map<string, ShapeSource[]>(
    [...namesOfVars(vars)].map(([name, sources]) => [name, [...sources]] as const),
  );
  for (const { name } of prompts) varNames.set(name, [...(varNames.get(name) ?? []), textShape]);
  const known: Handler[] = [];
  const handlers: PlayHandlers = { ofRoles: [], ofImports: [], ofIncludes: [], areIncomplete: false };
  return {
    folder,
    knownLayers: [vars],
    defaults: new Map(),
    vars,
    defaultNames: new Map(),
    varNames,
    roleNames: [],
    neededRoleNames: [],
    brings: [],
    handlers,
    known,
    onNotify(name, at, from) {
      from.atEnd((report) => {
        if (handlers.areIncomplete) return;
        checkNotification(name, at, [...known, ...handlers.ofIncludes], report);
      });
    },
  };
}

function siteOfPlay(
  node: MapNode,
  frame: PlayFrame,
  place: PlayPlace,
  context: PlaybookContext,
  read: FieldReader,
  name: string,
): Site {
  const tags = node.entries.get('tags');
  const own = tags ? read.texts(tags, { split: true }).map(({ text }) => text) : [];
  const names = addNames(addNames(undefined, frame.defaultNames, { isWeak: true }), frame.varNames);
  const site: Site = {
    context,
    read,
    known: createScope([frame.vars, context.extraVars], context.use.used),
    fixed: createScope([{ playbook_dir: frame.folder }, context.extraVars], context.use.used),
    play: frame,
    role: undefined,
    file: place.file,
    files: context.language.filesOf(frame.folder, []),
    path: name,
    tags: [...new Set([...own, ...place.tags])],
    notify: [],
    settings: neutralSettings,
    names,
    isConditional: place.when.length > 0,
    isIncluded: false,
    around: nothingAround,
    readers: stepReaders,
    uniqueId: place.uniqueId,
  };
  return { ...site, settings: readSettings(node, site, names) };
}

/** The pattern. */
function readHosts(
  entry: MapEntry | undefined,
  at: Place,
  read: FieldReader,
  { report }: PlaybookContext,
): string | undefined {
  if (!entry) {
    report(
      errorAt(at, 'playbook-invalid', "this play has no 'hosts'", "add 'hosts: all', or the name of a group"),
    );
    return undefined;
  }
  const found = read.texts(entry);
  // Each of a list is a pattern of its own, and may have colons.
  const patterns = found.flatMap(({ text }) => (found.length === 1 ? text : splitTerms(text)));
  const hosts = patterns.join(',');
  if (hosts.trim() !== '') return hosts;
  const { value } = entry;
  const isSaid = value.kind === 'map' || (value.kind === 'scalar' && value.value === null);
  if (!isSaid && (found.length > 0 || value.kind === 'list')) {
    report(errorAt(value.at, 'playbook-invalid', "'hosts' names no host", "write 'all' for every host"));
  }
  return undefined;
}

async function readSection(entry: MapEntry | undefined, site: Site): Promise<readonly Step[]> {
  return entry ? await readSteps(entry.value, site, entry.key) : [];
}

async function readRoles(entry: MapEntry | undefined, site: Site): Promise<readonly Step[]> {
  if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return [];
  const steps: Step[] = [];
  for (const item of site.read.list(entry)?.items ?? []) {
    const use = await readRoleUse(item, site);
    const block =
      use &&
      (await readRole({
        ...use,
        asker: 'play',
        parts: mainParts,
        mayRepeat: undefined,
        isValidated: true,
        isExported: true,
        isOfPlay: true,
      }));
    if (block) steps.push(block);
  }
  return steps;
}

/**
 * Handlers that were notified in one section run before the next one begins. As in Ansible, an empty section has a flush
 * too: a handler that another one has notified too late runs there.
 */
function joinSections(
  at: Place,
  sections: readonly (readonly Step[])[],
  when: readonly Expression[],
): readonly Step[] {
  const first = sections.findIndex((steps) => steps.length > 0);
  if (first < 0) return [flushHandlers(at)];
  // Not before the first task: what an interrupted run has left to this one would run there.
  return sections.slice(first).flatMap((steps) => [...under(when, steps), flushHandlers(at)]);
}

function under(when: readonly Expression[], steps: readonly Step[]): readonly Step[] {
  return when.length === 0 ? steps : steps.map((step) => ({ ...step, when: [...when, ...step.when] }));
}

function readGatherFacts(
  entry: MapEntry | undefined,
  site: Site,
  at: Place,
  when: readonly Expression[],
): Task | undefined {
  const { context, read } = site;
  const wanted = entry ? read.boolean(entry) : true;
  const module = context.modules.get('setup');
  if (wanted === false || !module) return undefined;
  declareModuleVars(module, context);
  return plainTask(site, {
    name: 'Gathering Facts',
    at: entry?.keyAt ?? at,
    module,
    args: factsInUse(module, context.use, at),
    when,
    tags: [...site.tags, 'always'],
  });
}

/**
 * What `setup` is to gather for a play: whatever any template or condition of the run's playbooks asks for, for facts that
 * one play gathers are there in the next. `host` is what says that a host answers at all.
 */
function factsInUse(module: Module, { facts }: NameUse, at: Place): CompiledTemplate {
  const parameter = 'gather_subset';
  if (!Object.hasOwn(module.params.shape, parameter)) return constant({}, at);
  const shape = module.vars && partOf(shapeOfSchema(module.vars), 'facts');
  const known = shape ? [...partNames(shape)] : [];
  // Asked when the play runs, for by then all is read.
  const render = (): Value => ({
    [parameter]: facts.has(allFacts) ? ['all'] : known.filter((part) => part === 'host' || facts.has(part)),
  });
  return { ...constant({}, at), isConstant: false, render, renderPartial: render, renderEntry: render };
}
