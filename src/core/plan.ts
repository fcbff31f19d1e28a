/**
 * Owns the shape of a playbook once it is read and checked: plays, tasks, blocks, with templates and expressions
 * compiled. The configuration makes it, the engine walks it.
 */
import type { ZodError } from 'zod';
import type { Content } from './content.js';
import type { Place, ZrunError } from './errors.js';
import type { ControllerFolder, Module } from './module.js';
import type { Value, ValueMap } from './value.js';
import type { Scope, Template, Expression, Setting, VarsTemplate } from './template.js';

export interface Playbook {
  readonly path: string;
  readonly plays: readonly Play[];
  readonly language: Language;
}

/** So many hosts, or such a part of them. */
export interface Amount {
  readonly value: number;
  readonly unit: 'hosts' | 'percent';
}

/**
 * How much may go wrong before a play begins no other host. Each amount must be exceeded, as in Ansible; hosts that
 * failed and hosts that could not be reached are counted apart.
 */
export interface FailureBudget {
  /** Of each batch: `max_fail_percentage`, `max_unreachable_percentage`. */
  readonly batch: Budget;
  /** Of all hosts of the play, whatever their batch: `max_fail_total`, `max_unreachable_total`. */
  readonly play: Budget;
}

export interface Budget {
  readonly failed: Amount | undefined;
  readonly unreachable: Amount | undefined;
}

export type HostOrder = 'inventory' | 'reverse_inventory' | 'sorted' | 'reverse_sorted' | 'shuffle';

/** A variable that the user is asked for before the run (`vars_prompt`). */
export interface VarsPrompt {
  readonly name: string;
  readonly at: Place;
  readonly text: string;
  /** What is typed is not shown. */
  readonly isPrivate: boolean;
  readonly default: string | undefined;
  /** Is asked for twice. */
  readonly confirm: boolean;
}

export interface Play {
  readonly name: string;
  readonly at: Place;
  /** Of the file that it stands in, absolute: `group_vars/` and `host_vars/` there are about its hosts. */
  readonly folder: string;
  /** The pattern of hosts, as written. */
  readonly hosts: string;
  /** Roles that it or its steps name; those that only a run names are among them from then on. */
  readonly roleNames: readonly string[];
  /** The same of those that only other roles need. */
  readonly neededRoleNames: readonly string[];
  /** Hosts and groups that its tasks may bring, as globs; those of tasks that only a run names are among them. */
  readonly brings: readonly string[];
  /** The defaults of its roles: weaker than everything else. */
  readonly defaults: VarsTemplate;
  readonly vars: VarsTemplate;
  /** Asked for before the run; the answers go before `vars`. */
  readonly prompts: readonly VarsPrompt[];
  /** The task that gathers facts first (`setup`), unless `gather_facts: false`. */
  readonly gatherFacts: Task | undefined;
  readonly become: BecomeSettings;
  /** `free`: hosts walk independently of each other. `linear`: no host begins a task before all have come to it. */
  readonly strategy: 'free' | 'linear';
  readonly order: HostOrder;
  /** The sizes of the batches; the last one holds for all that follow. Empty: all hosts at once. */
  readonly serial: readonly Amount[];
  readonly budget: FailureBudget;
  /** Handlers that were notified run although the host failed. Undefined: as `--force-handlers` says. */
  readonly forceHandlers: boolean | undefined;
  /** Its tasks guard each other: no run takes some of them and leaves out others. */
  readonly whole: boolean;
  readonly tags: readonly string[];
  /** `pre_tasks`, roles, `tasks` and `post_tasks`, with a `flush_handlers` after each of them. */
  readonly tasks: readonly Step[];
  readonly handlers: readonly Handler[];
  /** `between_batches`: run on a batch's good hosts before the next batch; where one fails, there is no next one. */
  readonly betweenBatches: readonly Step[];
}

export interface BecomeSettings {
  /** Undefined where it says nothing. */
  readonly become?: Setting<boolean | undefined>;
  readonly becomeUser?: Setting<string | undefined>;
  /** In Ansible's words. */
  readonly becomeMethod?: Setting<string | undefined>;
}

export type Step = Task | Block | Include | Meta;

interface StepBase {
  readonly name: string;
  readonly at: Place;
  readonly when: readonly Expression[];
  readonly vars: VarsTemplate;
  readonly become: BecomeSettings;
  /** Own and inherited. */
  readonly tags: readonly string[];
}

export interface Task extends StepBase {
  readonly type: 'task';
  /** Stable over runs of the same file: what the journal, `--check` and the report compare by. */
  readonly id: string;
  /** The name as it is written, without its role's before it; undefined where it has none. */
  readonly ownName: string | undefined;
  /** Gives the name, where it is a template; `name` then is its text. */
  readonly title: Template | undefined;
  readonly module: Module;
  /** The module's parameters; renders to a map. Expressions are left as text. */
  readonly args: Template;
  /** Of the role whose handler it is: weaker than everything else. A role's other tasks have them from their block. */
  readonly defaults: VarsTemplate;
  /** The same of that role's parameters. */
  readonly params: VarsTemplate;
  /** Variables that the task sets by its parameters. */
  readonly setsVars: SetVars | undefined;
  /** Where its templates and files are found. */
  readonly files: TaskFiles;
  readonly register: string | undefined;
  readonly loop: Loop | undefined;
  /** Handlers and topics; a template is rendered for each item, before the task is run. */
  readonly notify: readonly (string | NotifyTemplate)[];
  /** For handlers: the names that wake it as long as no later handler has the same. */
  readonly answersTo: readonly string[];
  /** For handlers: the names that wake it beside others. */
  readonly listen: readonly string[];
  readonly checkMode: Setting<boolean | undefined>;
  /** Undefined: as `--diff` says. */
  readonly diff: Setting<boolean | undefined>;
  readonly changedWhen: readonly Expression[] | undefined;
  readonly failedWhen: readonly Expression[] | undefined;
  readonly ignoreErrors: Setting<boolean>;
  readonly ignoreUnreachable: Setting<boolean>;
  /** A failure on one host halts all others of the batch before their next task. */
  readonly anyErrorsFatal: boolean;
  readonly until: readonly Expression[] | undefined;
  readonly retries: Setting<number>;
  /** Seconds. */
  readonly delay: Setting<number>;
  /** Seconds after which it is ended, as it outlives the connection meanwhile; 0: it does not. */
  readonly async: Setting<number>;
  /** Seconds between two looks whether it has ended; 0: it is not waited for. */
  readonly poll: Setting<number>;
  /** The way to the host, in Ansible's words. Variables of the host go before it. */
  readonly connection: Setting<string | undefined>;
  readonly remoteUser: Setting<string | undefined>;
  /** Seconds; undefined: the run's own limit. */
  readonly timeout: Setting<number | undefined>;
  readonly noLog: Setting<boolean>;
  /** Maps of environment variables, from the play's to the task's own. */
  readonly environment: readonly Template[];
  /** Hosts that work on it at a time; undefined: as many as there are. */
  readonly throttle: number | undefined;
  /** One host of the batch runs it for all. */
  readonly runOnce: boolean;
  /** The host that does it in the place of the one that walks: a name of the inventory, or `localhost`. */
  readonly delegateTo: Template | undefined;
  /** Variables that the module sets go to the host that did it. */
  readonly delegateFacts: boolean;
}

/** What gives the names of handlers on a host. */
export interface NotifyTemplate {
  /** Throws ZrunError with its place, or UnknownValueError. */
  of(scope: Scope): readonly string[];
  /** Whether it might give this name. */
  mayGive(name: string): boolean;
}

/**
 * What `set_fact` says of a host is stronger than what `include_vars` reads, whichever came first. `names`: those that are
 * known before the run.
 */
interface SetVars {
  readonly by: 'set_fact' | 'include_vars';
  readonly names: readonly string[];
}

export interface Loop {
  readonly items: Template;
  /** `item`, unless `loop_control` says otherwise. */
  readonly variable: string;
  /** For one-line output; undefined: the item itself. */
  readonly label: Template | undefined;
  /** The variable that counts the items from 0. */
  readonly indexVariable: string | undefined;
  /** Seconds between two items. */
  readonly pause: Setting<number>;
  /** `ansible_loop` is there. */
  readonly isExtended: boolean;
  /** The whole list is in it (`extended_allitems`). */
  readonly hasAllItems: boolean;
  /** After an item of which all of these hold, no other is taken. Empty: all are. */
  readonly breakWhen: readonly Expression[];
}

/** The files of the controller that a task may name: beside its playbook, in its role. */
export interface TaskFiles {
  /** The folders in which they are looked for, absolute (`ansible_search_path`). */
  readonly searchPath: readonly string[];
  /** A template file, rendered. Read and compiled once a run. See TaskContext. */
  renderTemplate(path: string, scope: Scope): Promise<string>;
  /** Read once for all hosts, as long as it does not change. */
  read(path: string): Promise<Uint8Array>;
  /** The same for a file of any size: hashed once for all hosts, as long as it does not change. */
  open(path: string): Promise<Content>;
  /** Undefined where it is no folder. Read once a run. */
  readFolder(path: string): Promise<ControllerFolder | undefined>;
}

/** One use of a role among others. */
interface RoleUse {
  /** The same for uses that are given the same. */
  readonly key: string;
  /** Otherwise a host that has done an equal one, with at least one of its tasks, passes this one over. */
  readonly mayRepeat: boolean;
}

export interface Block extends StepBase {
  readonly type: 'block';
  /** Where it is all of a role's own tasks, which `meta: end_role` ends. */
  readonly role: RoleUse | undefined;
  /** A role's: weaker than everything else, and only inside. */
  readonly defaults: VarsTemplate;
  /** What a role is given beside its keywords (`{role: web, port: 80}`): stronger than what tasks set. */
  readonly params: VarsTemplate;
  /** Of a role that is included: a host has them once it comes here. Those of other roles are the play's. */
  readonly handlers: readonly Handler[];
  /** Of a role that is included with `public`: the play's, for a host that has come here. Those of others are so from the start. */
  readonly exports?: RoleExports;
  readonly tasks: readonly Step[];
  readonly rescue: readonly Step[];
  readonly always: readonly Step[];
}

/** What a role's files say: its own defaults and variables. */
export interface RoleExports {
  readonly defaults: VarsTemplate;
  readonly vars: VarsTemplate;
}

/** `include_tasks`, `include_role`: decided about when a host comes to it. (An import is a block.) */
export interface Include extends StepBase {
  readonly type: 'include';
  readonly id: string;
  /** Its `vars`: stronger than what tasks set, and than the parameters of roles. */
  readonly params: VarsTemplate;
  /** As a task's. */
  readonly ownName: string | undefined;
  readonly anyErrorsFatal: boolean;
  /** Of the include itself, not of what is inside. */
  readonly ignoreErrors: Setting<boolean>;
  /** One host of the batch takes it in, and no other does what is inside. */
  readonly runOnce: boolean;
  /** A block around it says `run_once`: so is each task inside, and all hosts know the results. */
  readonly runsEachOnce: boolean;
  readonly register: string | undefined;
  /** For handlers: as a task's. */
  readonly answersTo: readonly string[];
  readonly listen: readonly string[];
  /** What the role gives it whose handler it is. A role's other includes have that from their block. */
  readonly given: RoleGiven | undefined;
  readonly loop: Loop | undefined;
  /** What it holds, where that is known before the run. */
  readonly steps: readonly Step[] | undefined;
  /** What it holds. Read once a run for each file. Throws ZrunErrors where the file is not right. */
  load(scope: Scope): Promise<readonly Step[]>;
}

/** A task, or a file of tasks, that runs where it was notified. */
export type Handler = Task | Include;

/** As of the block that a role's own tasks stand in. */
type RoleGiven = Pick<Block, 'defaults' | 'vars' | 'params' | 'become'>;

/** A step that is the engine's own (`meta`). It is not counted. */
export interface Meta extends StepBase {
  readonly type: 'meta';
  readonly action: MetaAction;
  /** The flush behind a section of a play, which nobody has written. */
  readonly endsSection?: true;
}

export const metaActions = [
  'noop',
  'flush_handlers',
  'clear_facts',
  'clear_host_errors',
  'refresh_inventory',
  'reset_connection',
  'end_role',
  'end_host',
  'end_batch',
  'end_play',
] as const;

export type MetaAction = (typeof metaActions)[number];

/** These steps and every one below them, in the order in which they stand in the file, as far as that is known. */
export function* stepsOf(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if (step.type === 'include') yield* stepsOf(step.steps ?? []);
    if (step.type === 'block') yield* stepsOf([...step.tasks, ...step.rescue, ...step.always]);
  }
}

/** The tasks among them. */
export function* tasksOf(steps: readonly Step[]): Generator<Task> {
  for (const step of stepsOf(steps)) if (step.type === 'task') yield step;
}

/** Every handler that a host may come to have in a play, as far as that is known before the run. */
export function* handlersIn({ handlers, tasks, betweenBatches }: Play): Generator<Handler> {
  yield* handlers;
  for (const step of stepsOf([...tasks, ...betweenBatches])) if (step.type === 'block') yield* step.handlers;
}

/**
 * What the engine asks of the language while it runs; made by the configuration together with a playbook, so that the
 * engine knows neither templates nor CEL.
 */
export interface Language {
  /** Layers from the weakest to the strongest. A template in any layer sees the names of all. */
  scope(layers: readonly (ValueMap | VarsTemplate)[]): Scope;
  /** A CEL expression given as text (a module's parameter). Compiled once for each text. */
  evaluate(text: string, scope: Scope): Value;
  /** What a person can do about parameters that came out wrong when they were rendered; points at the parameter. */
  explainParameters(task: Task, error: ZodError, params: ValueMap): ZrunError;
}
