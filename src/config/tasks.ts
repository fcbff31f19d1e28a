/**
 * Owns how tasks and blocks are read: their keywords, what they inherit, and the names that hold inside them.
 */
import type { BecomeSettings, Block, Expression, Step, Task } from '../core/plan.js';
import type { Place } from '../core/errors.js';
import { findModule, readArguments, type ModuleCall } from './arguments.js';
import type { DeclaredNames, ShapeSource } from './declarations.js';
import { compileExpression } from './expression.js';
import { holdsTemplate } from './handlebars.js';
import { checkKeywords } from './keywords.js';
import { nearest } from '../core/errors.js';
import type { PlaybookContext } from './playbook-context.js';
import { errorAt } from './report.js';
import { anyShape, shapeOfSchema } from './shape.js';
import { looseText } from './source.js';
import { compileTemplate, compileVars, isVariableName, type CompiledTemplate } from './template.js';
import { loopItem, rescueNames, resultShape } from './variables.js';
import { describeNode, readBoolean, type MapEntry, type MapNode, type YamlNode } from './yaml.js';

/** What steps take over from the block or play around them. */
export interface Inherited {
  /** `play / block`, of which ids are made. */
  readonly path: string;
  readonly tags: readonly string[];
  readonly notify: readonly string[];
  readonly ignoreErrors: boolean;
  readonly noLog: boolean;
  readonly checkMode: boolean | undefined;
  readonly timeout: number | undefined;
  /** Names that hold here: variables of the play and of the blocks around. */
  readonly names: DeclaredNames;
  /** Hands out each id once. */
  uniqueId(path: string): string;
}

/** A handler that a task wants to wake. */
export interface Notification {
  readonly name: string;
  readonly at: Place;
}

export interface StepReader {
  readonly context: PlaybookContext;
  /** Told of every `notify`, to be checked when the handlers are known. */
  readonly onNotify: (notification: Notification) => void;
}

export function readSteps(reader: StepReader, entry: MapEntry, inherited: Inherited): Step[] {
  const list = isEmpty(entry.value) ? undefined : reader.context.read.list(entry);
  return (list?.items ?? []).flatMap((node) => readStep(reader, node, inherited) ?? []);
}

export function readHandlers(reader: StepReader, entry: MapEntry, inherited: Inherited): Task[] {
  const { report, read } = reader.context;
  const list = isEmpty(entry.value) ? undefined : read.list(entry);
  return (list?.items ?? []).flatMap((node) => {
    if (node.kind !== 'map') {
      report(errorAt(node.at, 'playbook-invalid', `a handler must be a map, but is ${describeNode(node)}`));
      return [];
    }
    const block = node.entries.get('block');
    if (block) {
      report(
        errorAt(
          block.keyAt,
          'keyword-unsupported',
          'zrun does not have blocks as handlers yet',
          'write each task as a handler; listen: gives them one name',
        ),
      );
      return [];
    }
    return readTask(reader, node, inherited, 'handler') ?? [];
  });
}

function readStep(reader: StepReader, node: YamlNode, inherited: Inherited): Step | undefined {
  if (node.kind !== 'map') {
    const hint = node.kind === 'scalar' ? "write '- name: …' and, below it, the module" : undefined;
    reader.context.report(
      errorAt(node.at, 'playbook-invalid', `a task must be a map, but is ${describeNode(node)}`, hint),
    );
    return undefined;
  }
  const parts = ['block', 'rescue', 'always']
    .map((key) => node.entries.get(key))
    .filter((entry) => entry !== undefined);
  const [first] = parts;
  if (!first) return readTask(reader, node, inherited, 'task');
  if (first.key === 'block') return readBlock(reader, node, first, inherited);
  reader.context.report(
    errorAt(
      first.keyAt,
      'playbook-invalid',
      `'${first.key}' needs a 'block' beside it`,
      "put the tasks that may fail below 'block:'",
    ),
  );
  return undefined;
}

function readBlock(reader: StepReader, node: MapNode, body: MapEntry, outer: Inherited): Block {
  const { context } = reader;
  checkKeywords(node, 'block', new Set(), context.report);
  const common = readCommon(reader, node, outer);
  const name = common.name ?? 'block';
  const inside: Inherited = { ...common.inherited, path: outer.uniqueId(`${outer.path} / ${name}`) };
  const rescue = node.entries.get('rescue');
  const always = node.entries.get('always');
  const inRescue: Inherited = { ...inside, names: merge(inside.names, rescueNames) };
  return {
    type: 'block',
    name,
    at: node.entries.get('name')?.value.at ?? body.keyAt,
    when: readConditions(node.entries.get('when'), common.inherited.names, context),
    vars: common.vars,
    become: common.become,
    tags: common.inherited.tags,
    defaults: new Map(),
    tasks: readSteps(reader, body, inside),
    rescue: rescue ? readSteps(reader, rescue, inRescue) : [],
    always: always ? readSteps(reader, always, inside) : [],
  };
}

function readTask(
  reader: StepReader,
  node: MapNode,
  outer: Inherited,
  kind: 'task' | 'handler',
): Task | undefined {
  const { context } = reader;
  const { read, report } = context;
  const found = findModule(node, context);
  const accounted = 'entry' in found ? [found.entry.key] : found.blamed;
  checkKeywords(node, kind, new Set(accounted), report);
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const loopEntry = get('loop');
  const loop = loopEntry && compileTemplate(loopEntry.value, report);
  const control = readLoopControl(get('loop_control'), context);
  const loopVar = control.loopVar ?? 'item';
  const hasOtherLoop = [...node.entries.keys()].some((key) => key.startsWith('with_'));
  const item = loop ? loopItem(loop) : hasOtherLoop ? anyShape : undefined;
  const common = readCommon(reader, node, outer, item && new Map([[loopVar, [item]]]));
  if (loop) checkLoop(loopEntry, loop, common.namesOutsideLoop, context);
  const { names } = common.inherited;
  const label = control.label && compileTemplate(control.label, report);
  if (label) context.later(names, (declared, tell) => void label.check(declared, tell));

  const call =
    'entry' in found ? readArguments(found.module, found.entry, get('args'), names, context) : undefined;
  const register = readRegister(get('register'), context);
  if (call) declareResults(call, register, loop !== undefined, context);
  // A loop's conditions see one item's result under the name; afterwards it holds the results of all.
  const ownResult: DeclaredNames =
    call && register !== undefined && loop
      ? new Map([[register, [resultShape(call.module, false)]]])
      : new Map<string, ShapeSource[]>();
  const after = merge(names, ownResult);

  const until = get('until');
  const retries = get('retries');
  if (retries && !until) {
    report(
      errorAt(
        retries.keyAt,
        'playbook-invalid',
        "'retries' says how often, but no 'until' says for what",
        "add 'until: …' with a condition",
      ),
    );
  }
  const attempts = retries && read.number(retries, { least: 0, whole: true });
  const delay = get('delay');
  const listen = get('listen');
  const name = common.name ?? call?.module.name ?? '';
  const task = {
    type: 'task' as const,
    id: outer.uniqueId(`${outer.path} / ${name}`),
    name,
    at: get('name')?.value.at ?? call?.at ?? node.at,
    when: readConditions(get('when'), names, context),
    vars: common.vars,
    become: common.become,
    tags: common.inherited.tags,
    title: undefined,
    files: context.language.files,
    register,
    loop: loop && {
      items: loop,
      variable: loopVar,
      label,
      indexVariable: undefined,
      pause: 0,
      isExtended: false,
    },
    diff: undefined,
    ignoreUnreachable: false,
    anyErrorsFatal: false,
    environment: [],
    throttle: undefined,
    runOnce: false,
    delegateTo: undefined,
    delegateFacts: false,
    notify: common.inherited.notify,
    listen: listen ? read.texts(listen).map(({ text }) => text) : [],
    checkMode: common.inherited.checkMode,
    changedWhen: optionalConditions(get('changed_when'), after, context),
    failedWhen: optionalConditions(get('failed_when'), after, context),
    ignoreErrors: common.inherited.ignoreErrors,
    until: optionalConditions(until, after, context),
    retries: attempts ?? (until ? 3 : 0),
    delay: (delay && read.number(delay, { least: 0 })) ?? 5,
    timeout: common.inherited.timeout,
    noLog: common.inherited.noLog,
  };
  if (!call) return undefined;
  const setsVars = call.module.paramsAreVars ? [...call.parameters.keys()] : [];
  return { ...task, module: call.module, args: call.args, setsVars };
}

interface Common {
  readonly name: string | undefined;
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
  readonly become: BecomeSettings;
  readonly namesOutsideLoop: DeclaredNames;
  /** For what is inside, its own settings put in. */
  readonly inherited: Inherited;
}

/** The keywords that tasks and blocks share. */
function readCommon(
  { context, onNotify }: StepReader,
  node: MapNode,
  outer: Inherited,
  loopNames: DeclaredNames = new Map(),
): Common {
  const { read } = context;
  const get = (name: string): MapEntry | undefined => node.entries.get(name);
  const name = get('name');
  const tags = get('tags');
  const notify = get('notify');
  const own = notify ? read.texts(notify) : [];
  for (const { text, at } of own) onNotify({ name: text, at });
  const vars = readVars(get('vars'), context);
  const ownNames: DeclaredNames = new Map([...vars].map(([key, template]) => [key, [template]] as const));
  // A task's variables may use the loop's item.
  const names = merge(merge(outer.names, loopNames), ownNames);
  for (const template of vars.values())
    context.later(names, (declared, tell) => void template.check(declared, tell));
  return {
    name: name && read.text(name),
    namesOutsideLoop: merge(outer.names, ownNames),
    vars,
    become: readBecome(node, context),
    inherited: {
      ...outer,
      ...readSettings(node, outer, context),
      names,
      tags: tags
        ? [...new Set([...outer.tags, ...read.texts(tags, { split: true }).map(({ text }) => text)])]
        : outer.tags,
      notify: [...outer.notify, ...own.map(({ text }) => text)],
    },
  };
}

type Settings = Pick<Inherited, 'ignoreErrors' | 'noLog' | 'checkMode' | 'timeout'>;

/** Settings that plays, blocks and tasks all have; the innermost wins. */
export function readSettings(node: MapNode, outer: Settings, { read }: PlaybookContext): Settings {
  const [ignoreErrors, noLog, checkMode, timeout] = ['ignore_errors', 'no_log', 'check_mode', 'timeout'].map(
    (key) => node.entries.get(key),
  );
  return {
    ignoreErrors: (ignoreErrors && read.boolean(ignoreErrors)) ?? outer.ignoreErrors,
    noLog: (noLog && read.boolean(noLog)) ?? outer.noLog,
    checkMode: (checkMode && read.boolean(checkMode)) ?? outer.checkMode,
    timeout: (timeout && read.number(timeout, { least: 1 })) ?? outer.timeout,
  };
}

export function readBecome(node: MapNode, { read }: PlaybookContext): BecomeSettings {
  const become = node.entries.get('become');
  const user = node.entries.get('become_user');
  const wants = become && read.boolean(become);
  const becomeUser = user && read.text(user);
  return { ...(wants !== undefined && { become: wants }), ...(becomeUser !== undefined && { becomeUser }) };
}

export function readVars(
  entry: MapEntry | undefined,
  context: PlaybookContext,
): Map<string, CompiledTemplate> {
  const map = entry && !isEmpty(entry.value) ? context.read.map(entry) : undefined;
  return map ? compileVars(map, context.report) : new Map<string, CompiledTemplate>();
}

function declareResults(
  call: ModuleCall,
  register: string | undefined,
  isLoop: boolean,
  context: PlaybookContext,
): void {
  const { module, parameters } = call;
  if (register !== undefined) context.declare(register, resultShape(module, isLoop));
  if (module.paramsAreVars) for (const [name, template] of parameters) context.declare(name, template);
  declareModuleVars(call.module, context);
}

/** The variables that a module gives its host, whatever its parameters. */
export function declareModuleVars(module: ModuleCall['module'], context: PlaybookContext): void {
  const shape = module.vars && shapeOfSchema(module.vars);
  if (shape?.type !== 'object') return;
  for (const [name, field] of shape.fields) context.declare(name, field);
}

function readRegister(entry: MapEntry | undefined, { read, report }: PlaybookContext): string | undefined {
  const name = entry && read.text(entry);
  if (!entry || name === undefined) return undefined;
  if (isVariableName(name)) return name;
  report(
    errorAt(
      entry.value.at,
      'playbook-invalid',
      `'${name}' cannot be a variable's name`,
      'use letters, digits and _, a letter first',
    ),
  );
  return undefined;
}

function checkLoop(
  { value }: MapEntry,
  template: CompiledTemplate,
  names: DeclaredNames,
  { report, later }: PlaybookContext,
): void {
  const isTemplate = value.kind === 'scalar' && typeof value.value === 'string' && holdsTemplate(value.value);
  if (value.kind !== 'list' && !isTemplate) {
    const hint =
      value.kind === 'map'
        ? "begin each item with '- '"
        : 'write a list, or a template of one: "{{ disks }}"';
    report(
      errorAt(value.at, 'playbook-invalid', `'loop' must be a list, but is ${describeNode(value)}`, hint),
    );
  }
  later(names, (declared, tell) => {
    const shape = template.check(declared, tell);
    if (isTemplate && !['any', 'list', 'maybe'].includes(shape.type)) {
      const hint =
        shape.type === 'string' ? 'a template that is one single {{ expression }} keeps its type' : undefined;
      tell(errorAt(value.at, 'expression-type', "'loop' needs a list, and this is none", hint));
    }
  });
}

function readLoopControl(
  entry: MapEntry | undefined,
  { read, report }: PlaybookContext,
): { readonly loopVar?: string | undefined; readonly label?: YamlNode | undefined } {
  const map = entry && read.map(entry);
  if (!map) return {};
  const known = ['loop_var', 'label'];
  for (const { key, keyAt } of map.entries.values()) {
    if (known.includes(key)) continue;
    if (['index_var', 'pause', 'extended', 'extended_allitems', 'break_when'].includes(key)) {
      report(errorAt(keyAt, 'keyword-unsupported', `zrun does not have '${key}' of loop_control yet`));
      continue;
    }
    const near = nearest(key, known);
    report(
      errorAt(
        keyAt,
        'playbook-invalid',
        `loop_control has no '${key}'`,
        near === undefined ? 'it has loop_var and label' : `did you mean '${near}'?`,
      ),
    );
  }
  const loopVar = map.entries.get('loop_var');
  return { loopVar: loopVar && read.text(loopVar), label: map.entries.get('label')?.value };
}

function optionalConditions(
  entry: MapEntry | undefined,
  names: DeclaredNames,
  context: PlaybookContext,
): readonly Expression[] | undefined {
  return entry && readConditions(entry, names, context);
}

/** CEL conditions: one, or a list of which all must hold. */
export function readConditions(
  entry: MapEntry | undefined,
  names: DeclaredNames,
  context: PlaybookContext,
): Expression[] {
  if (!entry) return [];
  const { report, later } = context;
  const conditions: Expression[] = [];
  for (const item of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
    if (item.kind !== 'scalar' || item.value === null) {
      const hint = item.kind === 'map' ? 'quote the condition if it holds a colon or braces' : undefined;
      const at = item.at.end > item.at.start ? item.at : entry.keyAt;
      report(
        errorAt(
          at,
          'playbook-invalid',
          `'${entry.key}' must be a condition, but is ${describeNode(item)}`,
          hint,
        ),
      );
      continue;
    }
    const plain = readBoolean(item);
    const text = plain === undefined ? item.text : { ...looseText('', String(plain)), at: item.at };
    const compiled = compileExpression(text, report, { condition: true });
    if (!compiled) continue;
    conditions.push(compiled);
    later(names, (declared, tell) => void compiled.check(declared, tell));
  }
  return conditions;
}

function merge(outer: DeclaredNames, inner: DeclaredNames): DeclaredNames {
  return inner.size === 0 ? outer : new Map([...outer, ...inner]);
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
