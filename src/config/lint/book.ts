/**
 * Owns what rules look at: every task of a playbook as it is written and as the loader understood it, in whatever file
 * it stands. Knows no rule.
 */
import type { Place, Source } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import { handlersIn, stepsOf, type Play, type Playbook, type Step } from '../../core/plan.js';
import { ignoreFindings } from '../source/findings.js';
import { actionEntry } from '../playbook/steps/action-key.js';
import { moduleNamed } from '../playbook/steps/doing.js';
import { parseYaml, readBoolean, type MapEntry, type MapNode, type YamlNode } from '../yaml/yaml.js';

export interface Book {
  readonly playbook: Playbook;
  readonly modules: ReadonlyMap<string, Module>;
  /** Plays as they are written. */
  readonly plays: readonly MapNode[];
  readonly blocks: readonly MapNode[];
  readonly tasks: readonly WrittenTask[];
  readonly files: readonly BookFile[];
  /** Texts besides: files of variables, inventories, template files. A name that stands there is in use. */
  readonly others: readonly Source[];
  /** Every text is at hand, so that a name that stands in none of them is nowhere used. */
  readonly isComplete: boolean;
}

interface BookFile {
  readonly source: Source;
  readonly root: YamlNode;
}

/** One task as it stands in a file. */
export interface WrittenTask {
  readonly node: MapNode;
  /** A handler, or a rescue's: it runs only after something else happened. */
  readonly isOnDemand: boolean;
  /** Undefined for what is no module: `include_tasks`, `meta`. */
  readonly call: { readonly module: Module; readonly entry: MapEntry } | undefined;
  /** Its parameters by name, in whatever form they are written. */
  readonly params: ReadonlyMap<string, MapEntry>;
  /** Its own or from around it. */
  readonly noLog: boolean;
  /** Where a finding about the task as a whole points. */
  readonly at: Place;
}

/** Finds the files by the places of what was loaded, so that what a playbook includes is looked at too. */
export function createBook(
  playbook: Playbook,
  options: {
    readonly main: Source;
    readonly modules: ReadonlyMap<string, Module>;
    readonly others: readonly Source[];
    readonly isComplete: boolean;
  },
): Book {
  const { main, modules, others, isComplete } = options;
  const loaded = playbook.plays.flatMap((play) => stepsOfPlay(play));
  const sources = new Map<string, Source>([[main.name, main]]);
  for (const { at } of [...playbook.plays, ...loaded.map(({ step }) => step)]) {
    if (!sources.has(at.source.name)) sources.set(at.source.name, at.source);
  }
  const known = new Map<string, LoadedStep[]>();
  for (const one of loaded) {
    const key = placeKey(one.step.at);
    const same = known.get(key);
    if (same) same.push(one);
    else known.set(key, [one]);
  }
  const walk: Walk = { modules, known, plays: [], blocks: [], tasks: [] };
  const files: BookFile[] = [];
  for (const source of sources.values()) {
    const root = parseYaml(source, ignoreFindings);
    if (!root) continue;
    files.push({ source, root });
    for (const node of root.kind === 'list' ? root.items : []) {
      if (node.kind !== 'map') continue;
      if (node.entries.has('hosts')) walkPlay(walk, node);
      else walkStep(walk, node, { isOnDemand: false, noLog: false });
    }
  }
  const { plays, blocks, tasks } = walk;
  // What is only included once a host is there to say which file is not at hand.
  const isOpen = loaded.some(({ step }) => step.type === 'include' && !step.steps);
  return { playbook, modules, plays, blocks, tasks, files, others, isComplete: isComplete && !isOpen };
}

interface LoadedStep {
  readonly step: Step;
  readonly isHandler: boolean;
}

interface Walk {
  readonly modules: ReadonlyMap<string, Module>;
  /** By the place of the task. One file may be included several times. */
  readonly known: ReadonlyMap<string, readonly LoadedStep[]>;
  readonly plays: MapNode[];
  readonly blocks: MapNode[];
  readonly tasks: WrittenTask[];
}

interface Around {
  readonly isOnDemand: boolean;
  readonly noLog: boolean;
}

/** The lists of a play that hold tasks. */
const taskLists = ['pre_tasks', 'tasks', 'post_tasks', 'between_batches', 'handlers'] as const;

function stepsOfPlay(play: Play): LoadedStep[] {
  const handlers = [...handlersIn(play)].map((step) => ({ step, isHandler: true }));
  const others = [...stepsOf([...play.tasks, ...play.betweenBatches])];
  return [...others.map((step) => ({ step, isHandler: false })), ...handlers];
}

function placeKey(at: Place): string {
  return `${at.start}:${at.source.name}`;
}

function walkPlay(walk: Walk, node: MapNode): void {
  walk.plays.push(node);
  const noLog = isTrue(node.entries.get('no_log'));
  for (const key of taskLists) {
    for (const step of itemsOf(node.entries.get(key))) {
      walkStep(walk, step, { isOnDemand: key === 'handlers', noLog });
    }
  }
}

function walkStep(walk: Walk, node: YamlNode, around: Around): void {
  if (node.kind !== 'map') return;
  const own = node.entries.get('no_log');
  const noLog = own ? isTrue(own) : around.noLog;
  if (!node.entries.has('block')) {
    walk.tasks.push(readTask(walk, node, { ...around, noLog }));
    return;
  }
  walk.blocks.push(node);
  for (const key of ['block', 'rescue', 'always']) {
    const isOnDemand = around.isOnDemand || key === 'rescue';
    for (const step of itemsOf(node.entries.get(key))) walkStep(walk, step, { isOnDemand, noLog });
  }
}

function readTask(walk: Walk, node: MapNode, around: Around): WrittenTask {
  const call = findCall(node, walk.modules);
  const name = node.entries.get('name');
  const candidates = [name?.value.at, call?.entry.keyAt, node.at];
  const loaded = candidates.flatMap((at) => (at && walk.known.get(placeKey(at))) ?? []);
  return {
    node,
    call,
    params: call ? readParams(call, node.entries.get('args')) : new Map<string, MapEntry>(),
    isOnDemand: around.isOnDemand || loaded.some(({ isHandler }) => isHandler),
    noLog: around.noLog || (loaded.length > 0 && loaded.every(({ step }) => isHidden(step))),
    at: call?.entry.keyAt ?? [...node.entries.values()][0]?.keyAt ?? node.at,
  };
}

/** A `no_log` that only a host can tell counts: somebody has thought of it. */
function isHidden(step: Step): boolean {
  return step.type === 'task' && step.noLog !== false;
}

function findCall(node: MapNode, modules: ReadonlyMap<string, Module>): WrittenTask['call'] {
  for (const written of node.entries.values()) {
    const isAction = written.key === 'action' || written.key === 'local_action';
    const entry = isAction ? (actionEntry(written) ?? written) : written;
    const module = moduleNamed(entry.key, modules);
    if (module) return { module, entry };
  }
  return undefined;
}

function readParams(
  { module, entry }: NonNullable<WrittenTask['call']>,
  args: MapEntry | undefined,
): ReadonlyMap<string, MapEntry> {
  const params = new Map<string, MapEntry>();
  const take = (key: string, value: MapEntry): void => void params.set(module.aliases.get(key) ?? key, value);
  if (entry.value.kind === 'map') for (const [key, value] of entry.value.entries) take(key, value);
  else if (module.freeForm !== undefined && entry.value.kind === 'scalar')
    params.set(module.freeForm, { ...entry, key: module.freeForm });
  if (args?.value.kind === 'map') for (const [key, value] of args.value.entries) take(key, value);
  return params;
}

function itemsOf(entry: MapEntry | undefined): readonly YamlNode[] {
  return entry?.value.kind === 'list' ? entry.value.items : [];
}

/** True where a keyword is there and says yes. */
export function isTrue(entry: MapEntry | undefined): boolean {
  return entry !== undefined && readBoolean(entry.value) === true;
}

/** True where a keyword is there and says no. */
export function isFalse(entry: MapEntry | undefined): boolean {
  return entry !== undefined && readBoolean(entry.value) === false;
}

/** A key of a task without Ansible's own collections before it. */
export function bareAction(key: string): string {
  return key.replace(/^ansible\.(?:builtin|legacy)\./, '');
}
