/**
 * Owns what the engine is handed for one run.
 */
import type { Place } from '../core/errors.js';
import type { Emit, RunRequest } from '../core/events.js';
import type { Connect, Host, InventoryChange } from '../core/host.js';
import type { Controller } from '../core/module.js';
import type { BecomeSettings, Play, Playbook } from '../core/plan.js';
import type { VarsTemplate } from '../core/template.js';
import type { Secret } from '../core/secret.js';
import type { ValueMap } from '../core/value.js';

export interface RunSettings {
  readonly runId: string;
  readonly version: string;
  /** Plan only, never apply. */
  readonly check: boolean;
  /** Plan again after each change, and demand that nothing is left to do. */
  readonly verify: boolean;
  /** Hosts worked on at a time. */
  readonly forks: number;
  /** From the command line: the weakest. */
  readonly become: BecomeSettings;
  readonly becomePassword: Secret | undefined;
  readonly connectTimeoutMs: number;
  /** For a task that sets no `timeout` of its own. */
  readonly taskTimeoutMs: number;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly startAtTask: string | undefined;
  readonly forceHandlers: boolean;
  /** Ask before each task; hosts then walk in step. */
  readonly step: boolean;
  /** `-e`: goes before everything else. Its values may be templates. */
  readonly extraVars: ValueMap | VarsTemplate;
  /** The rest is for the engine to hand on to playbooks that ask for it. */
  readonly limit: string | undefined;
  readonly inventorySources: readonly string[];
  readonly diff: boolean;
  readonly verbosity: number;
  /** What hosts write is told so that its bytes can be had again (core/exact-text.ts). */
  readonly exactOutput?: boolean;
}

/** What a run can change of its inventory: in memory, for its later plays. */
export interface LiveInventory {
  /**
   * Resolves with whether anything is new, once it is there for all who ask. `host`: the one that walks; `at`: the task.
   * Throws ZrunError or ZrunErrors where it cannot be; nothing is changed then.
   */
  change(change: InventoryChange, host: string, at: Place): Promise<boolean>;
  /** Reads all sources again. Throws as `change` does. */
  refresh(signal: AbortSignal): Promise<void>;
}

export interface PlaybookRun {
  readonly playbook: Playbook;
  /** The play's hosts after `--limit`, in the inventory's order, as far as they have come. */
  hostsOf(play: Play): readonly Host[];
  /** Tasks of earlier plays may change which hosts it has. Left out: of none. */
  isOpen?(play: Play): boolean;
  /** Every host by its name, `localhost` among them, with the variables that hold in the play's folder. */
  inventoryOf(play: Play): ReadonlyMap<string, Host>;
  /** A host of whom that knows nothing. Throws ZrunError or ZrunErrors where no host can have this name. */
  strangerOf(play: Play, name: string): Host;
  /** What the user answered to the play's `vars_prompt`. */
  answersOf(play: Play): ValueMap;
}

/** Before a task with `--step`: do it, pass over it, or do it and ask no more. */
export type StepAnswer = 'yes' | 'no' | 'continue';

export interface RunInput {
  readonly playbooks: readonly PlaybookRun[];
  /** Host names of each group, for the magic variable `groups`. */
  groups(): Readonly<Record<string, readonly string[]>>;
  /** Undefined where nothing can change it. */
  readonly inventory?: LiveInventory;
  /** Handlers that an earlier run notified and did not come to, by host. */
  readonly pendingHandlers?: ReadonlyMap<string, readonly string[]>;
  /** Told with `run-started`, for whoever resumes this run: what was asked for, and the run that it resumes. */
  readonly request?: RunRequest;
  readonly resumes?: string;
  readonly settings: RunSettings;
  readonly connect: Connect;
  /** The controller's terminal, clock and files, for the few modules that need them. */
  readonly controller: Controller;
  readonly emit: Emit;
  /**
   * Aborted when the user wants to stop: what runs on a host is killed there, blocks that have a `rescue` or an
   * `always` still run it, and nothing new begins.
   */
  readonly signal: AbortSignal;
  /** Asks the user; needed with `settings.step` only. */
  confirmStep?(task: string): Promise<StepAnswer>;
  /** Milliseconds, for durations and timestamps. */
  now(): number;
}
