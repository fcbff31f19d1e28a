/**
 * Owns how a task is read: what it does, its keywords, and the names that it leaves behind.
 */
import type { Task } from '../../../core/plan.js';
import type { Template } from '../../../core/template.js';
import { readArguments, type ModuleCall } from './arguments.js';
import type { Doing } from './doing.js';
import { foreseeBrought } from './brought.js';
import { optionalConditions, readConditions } from '../reading/conditions.js';
import { addNames } from '../../expression/declarations.js';
import { errorAt, type Report } from '../../source/findings.js';
import { checkKeywords } from '../reading/keywords.js';
import { findLoop, readName } from '../reading/loops.js';
import type { PlaybookContext } from '../reading/context.js';
import { neutralSettings, numberSetting } from '../reading/settings.js';
import { intShape, shapeOfSchema } from '../../expression/shape.js';
import type { Settings, Site } from '../reading/site.js';
import { readCommon } from '../reading/common.js';
import { resultShape, type ResultParts } from '../reading/variables.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';

export function readTask(
  node: MapNode,
  doing: Doing | { readonly blamed: readonly string[] },
  site: Site,
  kind: 'task' | 'handler',
): Task | undefined {
  const { context } = site;
  const { report } = context;
  const found = 'module' in doing ? doing : undefined;
  const accounted = 'blamed' in doing ? doing.blamed : [doing.entry.key];
  checkKeywords(node, kind, new Set(accounted), report, (key) =>
    found && (Object.hasOwn(found.module.params.shape, key) || found.module.aliases.has(key))
      ? `it is a parameter of ${found.module.name}: indent it below '${found.entry.key}:'`
      : undefined,
  );
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const loop = findLoop(node, site);
  const common = readCommon(node, site, found?.entry.keyAt ?? node.at, loop.names);
  const inside = common.site;

  const call = found && readArguments(found.module, found.entry, get('args'), inside);
  const register = readName(get('register'), site);
  const madeLoop = loop.finish(inside.names, common.outside);
  const parts: ResultParts = {
    isTried: node.entries.has('until') || node.entries.has('retries'),
    isJudged: node.entries.has('failed_when'),
    isAsync: node.entries.has('async'),
  };
  if (call && register !== undefined) context.declare(register, resultShape(call.module, madeLoop, parts));
  if (call) declareResults(call, context);
  if (call && call.module.brings.length > 0) declareBrought(call, inside);
  // A loop's conditions see one item's result under the name; afterwards it holds the results of all.
  const ofOne = call && madeLoop && resultShape(call.module, undefined, parts);
  const after: Site =
    ofOne && register !== undefined
      ? { ...inside, names: addNames(inside.names, new Map([[register, [ofOne]]])) }
      : inside;
  const until = get('until');
  const listen = get('listen');
  const name = common.name ?? call?.module.name ?? '';
  const shown = fullName(site, name);
  const listensTo = listen ? site.read.texts(listen).map(({ text }) => text) : [];
  const task: Omit<Task, 'module' | 'args' | 'setsVars'> = {
    ...taskSettings(inside.settings),
    type: 'task',
    id: site.uniqueId(`${site.path} / ${shown}`),
    name: shown,
    ownName: common.name,
    title: common.title && fullTitle(site, common.title),
    at: common.at,
    defaults: new Map(),
    params: new Map(),
    when: common.when,
    vars: common.vars,
    become: common.become,
    tags: inside.tags,
    files: site.files,
    register,
    loop: madeLoop && { ...madeLoop, breakWhen: readConditions(loop.breakWhen, after) },
    notify: inside.notify,
    answersTo: [],
    listen: listensTo,
    changedWhen: optionalConditions(get('changed_when'), after),
    failedWhen: optionalConditions(get('failed_when'), after),
    until: optionalConditions(until, after),
    retries: numberSetting(get('retries'), inside, { least: 0, whole: true }, until ? 3 : 0),
    delay: numberSetting(get('delay'), inside, { least: 0 }, 5),
    async: numberSetting(get('async'), inside, { least: 0, whole: true }, 0),
    poll: numberSetting(get('poll'), inside, { least: 0, whole: true }, defaultPoll),
  };
  if (found) checkBackground(node, found.module, report);
  if (!call) return undefined;
  const { module, args, parameters } = call;
  const setsVars = module.paramsAreVars
    ? { by: 'set_fact' as const, names: [...parameters.keys()] }
    : undefined;
  return { ...task, module, args, setsVars };
}

/** Seconds, as in Ansible. */
const defaultPoll = 15;

/** What outlives a connection is a command on the host: everything else is zrun's own work, which ends with it. */
function checkBackground(node: MapNode, module: ModuleCall['module'], report: Report): void {
  const [limit, poll] = [node.entries.get('async'), node.entries.get('poll')];
  if (limit && !module.background)
    report(
      errorAt(limit.keyAt, 'playbook-invalid', `${module.name} cannot run in the background`, backgroundHint),
    );
  else if (poll && !limit)
    report(
      errorAt(
        poll.keyAt,
        'playbook-invalid',
        "'poll' says nothing without 'async'",
        "Say 'async: SECONDS' too.",
      ),
    );
}

const backgroundHint = "'async' is for command and shell. Other tasks have 'timeout'.";

/** As Ansible shows the tasks of roles. */
export function fullName({ role }: Site, name: string): string {
  return role ? `${role.name} : ${name}` : name;
}

function fullTitle({ role }: Site, title: Template): Template {
  if (!role) return title;
  return {
    at: title.at,
    isConstant: title.isConstant,
    render(scope) {
      const text = title.render(scope);
      return typeof text === 'object' ? text : `${role.name} : ${String(text)}`;
    },
  };
}

/** A task of the configuration's own making, with what it takes over from where it stands. */
export function plainTask(
  site: Site,
  task: Pick<Task, 'name' | 'at' | 'module' | 'args'> & Partial<Task>,
): Task {
  return {
    ...taskSettings(site.settings),
    type: 'task',
    id: site.uniqueId(`${site.path} / ${task.name}`),
    ownName: task.name,
    title: undefined,
    defaults: new Map(),
    params: new Map(),
    when: [],
    vars: new Map(),
    become: {},
    tags: site.tags,
    setsVars: undefined,
    files: site.files,
    register: undefined,
    loop: undefined,
    notify: [],
    answersTo: [],
    listen: [],
    changedWhen: undefined,
    failedWhen: undefined,
    until: undefined,
    retries: 0,
    delay: 5,
    async: 0,
    poll: defaultPoll,
    ...task,
  };
}

/** A copy, so that a task has these and no more. */
function taskSettings(settings: Settings): Settings {
  return { ...neutralSettings, ...settings };
}

function declareResults({ module, parameters }: ModuleCall, context: PlaybookContext): void {
  if (module.paramsAreVars) for (const [name, template] of parameters) context.declare(name, template);
  declareModuleVars(module, context);
}

const portNames = ['ansible_port', 'ansible_ssh_port'] as const;

/** What a task may bring, and the variables of that: all that it is given beside the parameters that have a meaning. */
function declareBrought({ module, parameters, entries }: ModuleCall, site: Site): void {
  foreseeBrought(module, entries, site);
  for (const [name, template] of parameters)
    if (!Object.hasOwn(module.params.shape, name)) site.context.declare(name, template);
  // Of a port behind a host's name.
  if (entries.has('name')) for (const name of portNames) site.context.declare(name, intShape);
}

/** The variables that a module gives its host, whatever its parameters. */
export function declareModuleVars(module: ModuleCall['module'], context: PlaybookContext): void {
  const shape = module.vars && shapeOfSchema(module.vars);
  if (shape?.type !== 'object') return;
  for (const [name, field] of shape.fields) context.declare(name, field);
}
