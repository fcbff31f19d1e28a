/**
 * Owns the task protocol: what a module is, what a plan says, and that applying is the engine's to decide.
 */
import * as z from 'zod';
import type { Content } from './content.js';
import { ZrunError } from './errors.js';
import type { Input, InventoryChange, Output } from './host.js';
import type { VarsTemplate } from './template.js';
import type { Effect, Read } from './probe.js';
import type { Progress } from './progress.js';
import type { ShellText } from './shell.js';
import type { Value, ValueMap } from './value.js';

/** What a task can have done on the controller itself: for `pause` and `fetch`. Nothing here touches a host. */
export interface Controller {
  /** Waits. Rejects with `interrupted` when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * A line that the user types on the terminal; questions of several tasks are put one after another. Rejects with
   * `task-failed` where there is no terminal, and with `interrupted`.
   */
  ask(question: string, options: { readonly echo: boolean; readonly signal: AbortSignal }): Promise<string>;
  /** The SHA-256 of a file in hex; undefined if there is none. Paths may be relative to where zrun was started. */
  hashFile(path: string): Promise<string | undefined>;
  /**
   * Puts a file in the place of an old one at once, or leaves the old one where the content breaks off. Makes the
   * folders that it needs; only the user of zrun can read what was not there before.
   */
  writeFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** A folder of the controller, links followed. All hosts are handed the same one. */
export interface ControllerFolder {
  /** A folder before what is in it. */
  readonly entries: readonly ControllerEntry[];
}

export type ControllerEntry =
  | { readonly type: 'directory'; readonly path: string }
  /** `path`: relative to the folder, parts with `/`. */
  | { readonly type: 'file'; readonly path: string; readonly content: Content };

/** A task that outlives the connection. */
export interface Background {
  /** It is ended after so many seconds. */
  readonly limitSeconds: number;
  /** Seconds between two looks whether it has ended; 0: it is not waited for. */
  readonly pollSeconds: number;
}

/** What a task can ask of its surroundings while it plans. Nothing here touches the host. */
export interface TaskContext {
  /** The inventory's name of the host. */
  readonly host: string;
  /** The host is the machine that zrun runs on, without a connection in between. */
  readonly isController: boolean;
  readonly runId: string;
  readonly check: boolean;
  /** The task's name as reports show it. */
  readonly task: string;
  /** The task's `async` and `poll`; only of modules that have `background`. Left out: it is waited for as it runs. */
  readonly background?: Background | undefined;
  /**
   * The task's own `check_mode`: true always plans only, false runs even in check mode (a read-only command),
   * undefined follows the run.
   */
  readonly checkMode: boolean | undefined;
  /** A CEL expression in the task's scope. Throws UnknownValueError where it rests on what was not run. */
  evaluate(expression: string): Value;
  /** A template file from `templates/` (beside the playbook, or its parent), rendered in the task's scope. */
  renderTemplate(path: string): Promise<string>;
  /** A file of the controller, found beside the playbook (or in `files/` there) unless absolute. */
  readControllerFile(path: string): Promise<Uint8Array>;
  /** The same for a file of any size. All hosts are handed the same content. */
  openControllerFile(path: string): Promise<Content>;
  /** A folder of the controller with all that is in it, found as a file is; undefined where the name is no folder's. */
  readControllerFolder(path: string): Promise<ControllerFolder | undefined>;
  /** The playbook's path, as the user gave it: what relative paths on the controller are relative to. */
  readonly playbook: string;
  readonly controller: Controller;
  /** Tells the user something while the task goes on. Of a task with `no_log`, nothing is told. */
  say(text: string): void;
  /**
   * Reports the progress of a long step to live views. May be called as often as one likes: what comes too soon after the
   * last report is left out.
   */
  progress(bytes: Progress): void;
  /** Aborted when the user stops the run. */
  readonly signal: AbortSignal;
}

/** How a change is shown with --diff. */
export type Diff =
  | {
      readonly type: 'text';
      readonly path: string;
      /** Undefined: there is no such file. */
      readonly before: string | undefined;
      readonly after: string | undefined;
    }
  | {
      readonly type: 'fields';
      /** What has the fields: `dataset tank/docker`. */
      readonly subject: string;
      readonly fields: readonly FieldDiff[];
    };

export interface FieldDiff {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The host already is as the task wants it, or the task only looks. */
export interface Nothing {
  readonly change: 'none';
  /** Why, in a few words: `already mounted`. */
  readonly reason: string;
  /** What `register` gets. */
  readonly result: ValueMap;
  /** Variables that the host has from now on (`setup`, `set_fact`). */
  readonly vars?: ValueMap;
  /** Variables that files give it, rendered where they are used (`include_vars`). */
  readonly fileVars?: VarsTemplate;
  /** What is to be another in the run's inventory; the engine says whether that is new, and so a change. */
  readonly inventory?: InventoryChange;
  /** Text that the user asked to see (`debug`). */
  readonly message?: string;
}

export interface Change<D> {
  readonly change: 'some';
  /** What is done, in the infinitive, without the host: `create volume tank/docker-overlay2 (8 GiB)`. */
  readonly summary: string;
  readonly diff: readonly Diff[];
  /** What is gone for good afterwards, if anything. */
  readonly destroys?: string;
  /** Doing it again would be a change again (a command, a restart): `--verify` does not ask for idempotence. */
  readonly repeats?: true;
  /** What later tasks will find, for check mode. What no probe sees need not be named. */
  readonly effects: readonly Effect[];
  /** It leaves more behind than its effects tell, as a package its files: what a later task misses may be there then. */
  readonly bringsMore?: true;
  /** What apply needs. */
  readonly detail: D;
  /** What `register` gets in check mode; an `Unknown` stands for what only the run can tell. */
  readonly predicted: ValueMap;
}

export type Plan<D> = Nothing | Change<D>;

/** An apply failed before it changed anything, and the task has a result all the same. */
export class UnchangedError extends ZrunError {
  constructor(
    message: string,
    readonly result: ValueMap,
  ) {
    super('task-failed', message);
  }
}

/** The handle that an apply works through. */
export interface Write {
  /**
   * Runs a script as the task's user, in one exchange. Rejects with `command-failed` when its status is not 0 or one
   * of `accept`. Write scripts so that a power cut between any two lines leaves the old state or the new one.
   */
  run(
    script: ShellText,
    options?: {
      readonly stdin?: Input;
      readonly accept?: readonly number[];
      /** What to show instead of the script when it fails: the command that matters. */
      readonly shownAs?: string;
      /** See RunOptions. */
      readonly isAnchored?: boolean;
      /**
       * It is the user's command: of an output beyond the user's limit, the head and the tail are kept. Left out: more
       * than what may be read as a whole is an error.
       */
      readonly keepsEnds?: boolean;
      /** Gets each line of standard output as it comes: such lines are the module's own talk, and told to nobody else. */
      readonly onLine?: (line: string) => void;
    },
  ): Promise<Output>;
  /**
   * Ends the connection and makes new ones until the host answers as wanted, as after a reboot. Rejects with
   * `task-timeout` when the time is over, with `interrupted`, and at once where the host is not the one that it was
   * (`host-key-changed`).
   */
  reconnect(options: ReconnectOptions): Promise<Output>;
}

export interface ReconnectOptions {
  /** Milliseconds until the host must have answered as wanted. */
  readonly timeoutMs: number;
  /** Milliseconds for one attempt; the run's own limit when left out. */
  readonly connectTimeoutMs?: number | undefined;
  /** Asked over each new connection, as the task's user. Must not change anything on the host. */
  readonly script: ShellText;
  /** False: not yet as wanted; it is asked again over another connection. */
  readonly isReady: (output: Output) => boolean;
}

/** One example: documentation and test in one. */
export interface Example {
  readonly title: string;
  /** One task, as it stands in a playbook. `{{tmp}}` is a folder of the example's own. */
  readonly task: string;
  /**
   * What a host must have for it. `nothing` runs on any machine, as any user; `apt` wherever there is one, as any user
   * too; the others run in the lab.
   */
  readonly needs: 'nothing' | 'apt' | 'root' | 'systemd' | 'zfs' | 'docker';
  /** sh that prepares the host. `$tmp` is the example's folder. */
  readonly before?: string;
  /** sh that must succeed afterwards. Its absence is no excuse for not checking: one example per module has it. */
  readonly after?: string;
  /** The example is meant to change something each time it runs (`command`); else its second run must not. */
  readonly everyRunChanges?: boolean;
}

/** What a module's author writes. `P` is what the schema makes of the parameters, `D` what plan hands to apply. */
interface ModuleDefinition<S extends z.ZodObject, R extends z.ZodObject, D> {
  readonly name: string;
  /** One line, in the imperative, for `zrun doc`. */
  readonly summary: string;
  /** Strict; every field has `.describe()`. Special meanings are marked by `expression()` and its like below. */
  readonly params: S;
  /** Other names of parameters, as Ansible has them. */
  readonly aliases?: { readonly [K in keyof S['shape'] & string]?: readonly string[] };
  /** The one parameter that can be given without a name, as in `command: zpool status`. */
  readonly freeForm?: string;
  /** What `register` holds, every field described; `changed`, `failed`, `skipped` and `unreachable` are added by the engine. */
  readonly returns: R;
  /** Variables that it gives the host, whatever its parameters: expressions are type-checked against them. */
  readonly vars?: z.ZodObject;
  /** Its parameters are the names of the variables that it sets (`set_fact`). */
  readonly paramsAreVars?: boolean;
  /** The engine runs it once for all hosts of a batch (`pause`). */
  readonly once?: boolean;
  /** It knows `async`: what it runs can outlive the connection. */
  readonly background?: boolean;
  /** It may bring hosts and groups whose names these parameters are: plays may name them that follow. */
  readonly brings?: readonly (keyof S['shape'] & string)[];
  readonly examples: readonly Example[];
  plan(read: Read, params: z.output<S>, context: TaskContext): Promise<Plan<D>>;
  /** Makes exactly the change that was planned. Left out where plan never wants one. Its result goes to `register`. */
  apply?(write: Write, change: Change<D>, params: z.output<S>, context: TaskContext): Promise<ValueMap>;
}

/** A module as the engine and the documentation use it: its types of parameters and details are its own affair. */
export interface Module {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  /** Parameters by their other names. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly freeForm: string | undefined;
  readonly returns: z.ZodObject;
  readonly vars: z.ZodObject | undefined;
  readonly paramsAreVars: boolean;
  readonly once: boolean;
  readonly background: boolean;
  /** Empty for most. */
  readonly brings: readonly string[];
  readonly examples: readonly Example[];
  /** Parameters are under their own names here. Throws a zod error where they are not right. */
  bind(params: ValueMap): BoundTask;
}

export interface BoundTask {
  plan(read: Read, context: TaskContext): Promise<BoundPlan>;
}

export type BoundPlan = Nothing | BoundChange;

export interface BoundChange extends Change<unknown> {
  /** For the engine alone. Check mode never calls it. */
  apply(write: Write): Promise<ValueMap>;
}

export function defineModule<S extends z.ZodObject, R extends z.ZodObject, D>(
  definition: ModuleDefinition<S, R, D>,
): Module {
  const {
    name,
    summary,
    params: schema,
    aliases = {},
    freeForm,
    returns,
    vars,
    paramsAreVars = false,
    once = false,
    background = false,
    brings = [],
    examples,
  } = definition;
  const parameterOf = new Map<string, string>();
  for (const [parameter, others] of Object.entries<readonly string[] | undefined>(aliases))
    for (const other of others ?? []) parameterOf.set(other, parameter);
  return {
    name,
    summary,
    params: schema,
    aliases: parameterOf,
    freeForm,
    returns,
    vars,
    paramsAreVars,
    once,
    background,
    brings,
    examples,
    bind(raw) {
      // zod passes over this one, whatever the schema says.
      if (Object.hasOwn(raw, '__proto__'))
        throw new ZrunError('parameter-invalid', `${name} takes nothing of the name '__proto__'`);
      const params = schema.parse(raw);
      return {
        async plan(read, context) {
          const plan = await definition.plan(read, params, context);
          if (plan.change === 'none') return plan;
          return {
            ...plan,
            apply(write) {
              if (definition.apply) return definition.apply(write, plan, params, context);
              throw new ZrunError('internal', `module ${name} plans a change but has no apply`);
            },
          };
        },
      };
    },
  };
}

/** What a parameter means beyond its type; read from the schema's metadata when a playbook is checked. */
export interface ParameterRole {
  readonly role: 'expression' | 'expressions' | 'template-file' | 'controller-file' | 'controller-script';
}

export const parameterRoles = z.registry<ParameterRole>();

/** A CEL expression: handed to the module as text, checked before any connection, evaluated by `context.evaluate`. */
export function expression(description: string): z.ZodString {
  return z.string().describe(description).register(parameterRoles, { role: 'expression' });
}

/** A template file on the controller. */
export function templateFile(description: string): z.ZodString {
  return z.string().min(1).describe(description).register(parameterRoles, { role: 'template-file' });
}

/** A plain file on the controller. */
export function controllerFile(description: string): z.ZodString {
  return z.string().min(1).describe(description).register(parameterRoles, { role: 'controller-file' });
}

/** A command line whose first word is a plain file on the controller. */
export function controllerScript(description: string): z.ZodString {
  return z.string().min(1).describe(description).register(parameterRoles, { role: 'controller-script' });
}
