/**
 * Owns how a play is read.
 */
import type { Amount, Meta, Play, Task, VarsTemplate } from '../core/plan.js';
import type { DeclaredNames } from './declarations.js';
import { nearest, ZrunError, type Place } from '../core/errors.js';
import { holdsTemplate } from './handlebars.js';
import { checkKeywords } from './keywords.js';
import type { PlaybookContext } from './playbook-context.js';
import { errorAt, type Report } from './report.js';
import { createScope } from './scope.js';
import { readSource } from './source.js';
import { compileTemplate, compileVars, constant, type CompiledTemplate } from './template.js';
import {
  declareModuleVars,
  readBecome,
  readHandlers,
  readSettings,
  readSteps,
  readVars,
  type Inherited,
  type Notification,
  type StepReader,
} from './tasks.js';
import { describeNode, parseYaml, type MapEntry, type MapNode } from './yaml.js';

export interface PlayFiles {
  /** The folder of the playbook, absolute. */
  readonly playbookDir: string;
  /** As the user would write it, for errors. */
  readonly shownDir: string;
}

export async function readPlay(
  node: MapNode,
  context: PlaybookContext,
  files: PlayFiles,
  extraVars: VarsTemplate,
  uniqueId: (path: string) => string,
): Promise<Play | undefined> {
  const { read, report } = context;
  checkKeywords(node, 'play', new Set(), report);
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const first = [...node.entries.values()][0];
  const at = get('name')?.value.at ?? get('hosts')?.keyAt ?? first?.keyAt ?? node.at;
  const hosts = readHosts(get('hosts'), at, extraVars, context);
  const nameEntry = get('name');
  const name = (nameEntry && read.text(nameEntry)) ?? hosts ?? '';

  const vars = new Map<string, CompiledTemplate>([['playbook_dir', constant(files.playbookDir, at)]]);
  for (const [key, template] of readVars(get('vars'), context)) vars.set(key, template);
  const fileVars = await readVarsFiles(get('vars_files'), context, files);
  for (const [key, template] of fileVars) vars.set(key, template);
  const names: DeclaredNames = new Map([...vars].map(([key, template]) => [key, [template]] as const));
  for (const template of vars.values())
    context.later(names, (declared, tell) => void template.check(declared, tell));

  const tagsEntry = get('tags');
  const tags = tagsEntry ? read.texts(tagsEntry, { split: true }).map(({ text }) => text) : [];
  const inherited: Inherited = {
    path: name,
    tags,
    notify: [],
    ...readSettings(
      node,
      { ignoreErrors: false, noLog: false, checkMode: undefined, timeout: undefined },
      context,
    ),
    names,
    uniqueId,
  };
  const notifications: Notification[] = [];
  const reader: StepReader = { context, onNotify: (notification) => notifications.push(notification) };
  const [tasks, handlers] = [get('tasks'), get('handlers')];
  const play: Play = {
    name,
    at,
    hosts: hosts ?? '',
    defaults: new Map(),
    vars,
    prompts: [],
    gatherFacts: readGatherFacts(get('gather_facts'), inherited, context, at),
    become: readBecome(node, context),
    strategy: 'free',
    order: 'inventory',
    serial: readSerial(get('serial'), context),
    budget: {
      batch: { failed: undefined, unreachable: undefined },
      play: { failed: undefined, unreachable: undefined },
    },
    forceHandlers: false,
    tags,
    tasks: [...(tasks ? readSteps(reader, tasks, inherited) : []), flushHandlers(at, tags)],
    handlers: handlers ? readHandlers(reader, handlers, inherited) : [],
    betweenBatches: [],
  };
  checkNotifications(notifications, play.handlers, report);
  return hosts === undefined ? undefined : play;
}

/** Handlers that wait are run here, whatever tags are chosen. */
function flushHandlers(at: Place, tags: readonly string[]): Meta {
  return {
    type: 'meta',
    action: 'flush_handlers',
    name: 'flush_handlers',
    at,
    when: [],
    vars: new Map(),
    become: {},
    tags: [...tags, 'always'],
  };
}

/** The pattern; a template may use extra variables, as nothing else is known yet. */
function readHosts(
  entry: MapEntry | undefined,
  at: Play['at'],
  extraVars: VarsTemplate,
  context: PlaybookContext,
): string | undefined {
  const { read, report } = context;
  if (!entry) {
    report(
      errorAt(at, 'playbook-invalid', "this play has no 'hosts'", "add 'hosts: all', or the name of a group"),
    );
    return undefined;
  }
  const { value } = entry;
  if (value.kind !== 'scalar' || typeof value.value !== 'string' || !holdsTemplate(value.value)) {
    const hosts = read
      .texts(entry)
      .map(({ text }) => text)
      .join(',');
    if (hosts.trim() !== '') return hosts;
    if (value.kind !== 'map' && !(value.kind === 'scalar' && value.value === null)) {
      report(errorAt(value.at, 'playbook-invalid', "'hosts' names no host", "write 'all' for every host"));
    }
    return undefined;
  }
  const scope = createScope([extraVars]);
  try {
    const rendered = compileTemplate(value, report).render(scope);
    if (typeof rendered === 'string' && rendered.trim() !== '') return rendered;
    if (Array.isArray(rendered)) return rendered.map(String).join(',');
    report(errorAt(value.at, 'playbook-invalid', "'hosts' must be text", 'it is a pattern of hosts'));
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    const hint = "a template in 'hosts' sees only the variables of -e";
    report(errorAt(error.at, error.code, error.message, error.hint ?? hint));
  }
  return undefined;
}

function readGatherFacts(
  entry: MapEntry | undefined,
  inherited: Inherited,
  context: PlaybookContext,
  at: Play['at'],
): Task | undefined {
  const wanted = entry ? context.read.boolean(entry) : true;
  const module = context.modules.get('setup');
  if (wanted === false || !module) return undefined;
  declareModuleVars(module, context);
  const name = 'Gathering Facts';
  return {
    type: 'task',
    id: inherited.uniqueId(`${inherited.path} / ${name}`),
    name,
    at: entry?.keyAt ?? at,
    module,
    args: constant({}, at),
    when: [],
    vars: new Map(),
    become: {},
    tags: [...inherited.tags, 'always'],
    setsVars: [],
    register: undefined,
    title: undefined,
    files: context.language.files,
    loop: undefined,
    notify: [],
    listen: [],
    checkMode: undefined,
    diff: undefined,
    ignoreUnreachable: false,
    anyErrorsFatal: false,
    environment: [],
    throttle: undefined,
    runOnce: false,
    delegateTo: undefined,
    delegateFacts: false,
    changedWhen: undefined,
    failedWhen: undefined,
    ignoreErrors: false,
    until: undefined,
    retries: 0,
    delay: 5,
    timeout: inherited.timeout,
    noLog: false,
  };
}

function readSerial(entry: MapEntry | undefined, { read, report }: PlaybookContext): readonly Amount[] {
  if (!entry) return [];
  const { value } = entry;
  const isPercentage =
    value.kind === 'scalar' && typeof value.value === 'string' && /^\d+%$/.test(value.value);
  if (value.kind === 'list' || isPercentage) {
    const form = isPercentage ? 'a percentage' : 'a list';
    report(
      errorAt(
        value.at,
        'keyword-unsupported',
        `zrun does not have 'serial' as ${form} yet`,
        'write a number of hosts',
      ),
    );
    return [];
  }
  const count = read.number(entry, { least: 1, whole: true });
  return count === undefined ? [] : [{ value: count, unit: 'hosts' }];
}

/** Later files win over earlier ones, and all of them over `vars`, as in Ansible. */
async function readVarsFiles(
  entry: MapEntry | undefined,
  context: PlaybookContext,
  { playbookDir, shownDir }: PlayFiles,
): Promise<Map<string, CompiledTemplate>> {
  const vars = new Map<string, CompiledTemplate>();
  if (!entry) return vars;
  for (const { text: file, at } of context.read.texts(entry)) {
    try {
      const source = await readSource(playbookDir, file, at);
      const shown = {
        ...source,
        name: shownDir === '' || file.startsWith('/') ? file : `${shownDir}/${file}`,
      };
      for (const [key, template] of readVarsSource(shown, context.report)) vars.set(key, template);
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      context.report(error);
    }
  }
  return vars;
}

/** A file that is a map of variables. */
export function readVarsSource(
  source: { readonly name: string; readonly text: string },
  report: Report,
): Map<string, CompiledTemplate> {
  const root = parseYaml(source, report);
  if (root?.kind === 'map') return compileVars(root, report);
  if (root && !(root.kind === 'scalar' && root.value === null)) {
    report(
      errorAt(
        { ...root.at, end: root.at.start + 1 },
        'playbook-invalid',
        `a file of variables must be a map, but is ${describeNode(root)}`,
        "write 'name: value'",
      ),
    );
  }
  return new Map<string, CompiledTemplate>();
}

function checkNotifications(
  notifications: readonly Notification[],
  handlers: readonly Task[],
  report: Report,
): void {
  const known = new Set(handlers.flatMap((handler) => [handler.name, ...handler.listen]));
  for (const { name, at } of notifications) {
    if (known.has(name)) continue;
    const near = nearest(name, known);
    const hint =
      near === undefined
        ? known.size === 0
          ? "this play has no 'handlers:'"
          : `there are ${[...known].join(', ')}`
        : `did you mean '${near}'?`;
    report(errorAt(at, 'playbook-invalid', `no handler is called '${name}', and none listens to it`, hint));
  }
}
