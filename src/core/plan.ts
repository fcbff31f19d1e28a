/**
 * Owns the shape of a playbook once it is read and checked: plays, tasks, blocks, with templates and expressions
 * compiled. The configuration makes it, the engine walks it.
 */
import type { ZodError } from 'zod';
import type { Place, ZrunError } from './errors.js';
import type { Module } from './module.js';
import type { Value, ValueMap } from './value.js';

/** Names and what they hold, looked up lazily: a variable's template is rendered when it is asked for. */
export interface Scope {
  /** Undefined where nothing of this name exists. Throws UnknownValueError, or ZrunError `variable-cycle`. */
  get(name: string): Value | undefined;
  /** Undefined where nothing of this name exists. Throws ZrunError `variable-cycle`. Unknowns are handed out. */
  peek(name: string): Value | undefined;
  has(name: string): boolean;
  names(): Iterable<string>;
}

/** A value from a YAML file whose strings may be templates; compiled once a play. */
export interface Template {
  readonly at: Place;
  /** True where there is nothing to render. */
  readonly isConstant: boolean;
  /** Throws ZrunError with the place, or UnknownValueError. */
  render(scope: Scope): Value;
}

/** A CEL expression, compiled and type-checked. */
export interface Expression {
  readonly text: string;
  readonly at: Place;
  evaluate(scope: Scope): Value;
}

export interface Playbook {
  readonly path: string;
  readonly plays: readonly Play[];
  readonly language: Language;
}

export interface Play {
  readonly name: string;
  readonly at: Place;
  /** The pattern of hosts, as written. */
  readonly hosts: string;
  readonly vars: VarsTemplate;
  /** The task that gathers facts first (`setup`), unless `gather_facts: false`. */
  readonly gatherFacts: Task | undefined;
  readonly become: BecomeSettings;
  /** Hosts at a time; undefined: all at once. */
  readonly serial: number | undefined;
  readonly tags: readonly string[];
  readonly tasks: readonly Step[];
  readonly handlers: readonly Task[];
}

/** Variables whose values may be templates over each other and over everything else in scope. */
export type VarsTemplate = ReadonlyMap<string, Template>;

export interface BecomeSettings {
  readonly become?: boolean;
  readonly becomeUser?: string;
}

export type Step = Task | Block;

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
  readonly module: Module;
  /** The module's parameters; renders to a map. Expressions are left as text. */
  readonly args: Template;
  /** Variables that the task sets by its parameters (`set_fact`). */
  readonly setsVars: readonly string[];
  readonly register: string | undefined;
  readonly loop: Template | undefined;
  readonly loopVar: string;
  /** CEL over the item, for one-line output; undefined: the item itself. */
  readonly loopLabel: Template | undefined;
  readonly notify: readonly string[];
  /** For handlers: the other names that wake it. */
  readonly listen: readonly string[];
  readonly checkMode: boolean | undefined;
  readonly changedWhen: readonly Expression[] | undefined;
  readonly failedWhen: readonly Expression[] | undefined;
  readonly ignoreErrors: boolean;
  readonly until: readonly Expression[] | undefined;
  readonly retries: number;
  /** Seconds. */
  readonly delay: number;
  /** Seconds; undefined: the run's own limit. */
  readonly timeout: number | undefined;
  readonly noLog: boolean;
}

export interface Block extends StepBase {
  readonly type: 'block';
  readonly tasks: readonly Step[];
  readonly rescue: readonly Step[];
  readonly always: readonly Step[];
}

/** Every task below these steps, in the order in which they stand in the file. */
export function* tasksOf(steps: readonly Step[]): Generator<Task> {
  for (const step of steps) {
    if (step.type === 'task') yield step;
    else yield* tasksOf([...step.tasks, ...step.rescue, ...step.always]);
  }
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
  /** See TaskContext. Read and compiled once a run. */
  renderTemplateFile(path: string, scope: Scope): Promise<string>;
  readControllerFile(path: string): Promise<Uint8Array>;
  /** What a person can do about parameters that came out wrong when they were rendered; points at the parameter. */
  explainParameters(task: Task, error: ZodError, params: ValueMap): ZrunError;
}
