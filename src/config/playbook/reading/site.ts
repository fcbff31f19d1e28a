/**
 * Owns where a step stands while it is read: what it takes over from the play, the blocks and the imports around it,
 * the file it is written in, and the names that hold there.
 */
import { mergeBecome } from '../../../core/become.js';
import type { Place } from '../../../core/errors.js';
import type { BecomeSettings, Handler, Step, Task } from '../../../core/plan.js';
import type { Scope, Setting, Template, VarsTemplate } from '../../../core/template.js';
import type { ValueMap } from '../../../core/value.js';
import type { NameLayer, ShapeSource } from '../../expression/declarations.js';
import { createFieldReader, type FieldReader } from './fields.js';
import type { Action } from './keywords.js';
import type { PlaybookFiles } from './playbook-files.js';
import type { PlaybookContext } from './context.js';
import type { CompiledTemplate } from '../../template/template.js';
import type { MapEntry, MapNode } from '../../yaml/yaml.js';

export interface Site {
  readonly context: PlaybookContext;
  readonly read: FieldReader;
  /** What templates may use that are needed before the run. */
  readonly known: Scope;
  /** Of it, what no run can change: names of files that rest on nothing else are known before the run. */
  readonly fixed: Scope;
  readonly play: PlayFrame;
  readonly role: RoleFrame | undefined;
  /** The file that is being read. */
  readonly file: OpenFile;
  /** What tasks may name. */
  readonly files: PlaybookFiles;
  /** `play / block`, of which ids are made. */
  readonly path: string;
  readonly tags: readonly string[];
  readonly notify: Task['notify'];
  readonly settings: Settings;
  /** Names that hold here: variables of the play and of the blocks around. */
  readonly names: NameLayer;
  /** True where a condition or a loop decides, between the file's beginning and here, whether this is reached. */
  readonly isConditional: boolean;
  /** Hosts come here by an include. */
  readonly isIncluded: boolean;
  readonly around: Around;
  readonly readers: StepReaders;
  /** Hands out each id once. */
  uniqueId(path: string): string;
}

/** Reads a step that is no module's. `entry`: its action, as a key of the node. */
type StepReader = (
  node: MapNode,
  entry: MapEntry,
  site: Site,
) => Step | undefined | Promise<Step | undefined>;

/** One for each action: files of tasks hold all kinds of steps, and steps name files of tasks. */
export type StepReaders = Readonly<Record<Action, StepReader>>;

/** Settings that plays, blocks and tasks all have; the innermost wins. */
export interface Settings {
  readonly ignoreErrors: Setting<boolean>;
  readonly ignoreUnreachable: Setting<boolean>;
  readonly noLog: Setting<boolean>;
  readonly checkMode: Setting<boolean | undefined>;
  readonly diff: Setting<boolean | undefined>;
  readonly timeout: Setting<number | undefined>;
  readonly connection: Setting<string | undefined>;
  readonly remoteUser: Setting<string | undefined>;
  readonly anyErrorsFatal: boolean;
  readonly throttle: number | undefined;
  readonly runOnce: boolean;
  readonly delegateTo: Template | undefined;
  readonly delegateFacts: boolean;
  readonly environment: readonly Template[];
}

/** What the steps of one play share. */
export interface PlayFrame {
  /** The folder of its playbook, absolute. */
  readonly folder: string;
  /** What templates may use that are needed before the run: its variables, weaker than those of -e. */
  readonly knownLayers: readonly (ValueMap | VarsTemplate)[];
  /** Of the roles whose variables the whole play sees; both grow while the play is read. */
  readonly defaults: Map<string, CompiledTemplate>;
  readonly vars: Map<string, CompiledTemplate>;
  /** The same as names. */
  readonly defaultNames: Map<string, ShapeSource[]>;
  readonly varNames: Map<string, ShapeSource[]>;
  /** Of roles that the play or its steps name, once each. Grows while a run names others. */
  readonly roleNames: string[];
  /** Of those that roles need, once each. */
  readonly neededRoleNames: string[];
  /** See Play. Grows like the names of roles. */
  readonly brings: string[];
  readonly handlers: PlayHandlers;
  /** Told of every `notify`, to be checked when the handlers are known. */
  onNotify(name: string, at: Place, context: PlaybookContext): void;
}

/** What steps here take over from blocks, imports and roles when they run; handlers are run from elsewhere. */
interface Around {
  readonly defaults: ReadonlyMap<string, CompiledTemplate>;
  readonly vars: ReadonlyMap<string, CompiledTemplate>;
  readonly params: ReadonlyMap<string, CompiledTemplate>;
  readonly become: BecomeSettings;
}

export const nothingAround: Around = { defaults: new Map(), vars: new Map(), params: new Map(), become: {} };

/** With that of one more block or role, which goes before it. */
export function surround(outer: Around, { defaults, vars, params, become }: Partial<Around>): Around {
  return {
    defaults: defaults ? new Map([...outer.defaults, ...defaults]) : outer.defaults,
    vars: vars ? new Map([...outer.vars, ...vars]) : outer.vars,
    params: params ? new Map([...outer.params, ...params]) : outer.params,
    become: become ? mergeBecome(outer.become, become) : outer.become,
  };
}

/** The handlers of a play by where they come from; they grow while it is read. */
export interface PlayHandlers {
  /** Of the roles in `roles:`, and of those that they depend on. */
  readonly ofRoles: Handler[];
  /** Of roles that are imported among the tasks. */
  readonly ofImports: Handler[];
  /** Of roles that are included: hosts have them only then. */
  readonly ofIncludes: Handler[];
  /** One of them could not be read. */
  areIncomplete: boolean;
}

export interface RoleFrame {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  /** See `ansible_parent_role_names`. */
  readonly parents: readonly string[];
  /** What needs it. */
  readonly outer: RoleFrame | undefined;
}

/** A file that is being read, and the one that names it. */
export interface OpenFile {
  /** Absolute. */
  readonly path: string;
  /** How an import or an include names it; undefined of what a playbook or a role begins with. */
  readonly named: string | undefined;
  readonly outer: OpenFile | undefined;
  /** True where a condition or a loop decides whether the outer file comes to it. */
  readonly isConditional: boolean;
  /** What it holds, once it is read: what includes its own file again gets it from here. */
  readonly content: { steps?: readonly Step[] };
}

/** The same place, read into another context. */
export function siteIn(context: PlaybookContext, site: Site): Site {
  const read = createFieldReader('playbook-invalid', context.report, site.known);
  return { ...site, context, read };
}

/** The same for what a run may come to name, and perhaps never does. */
export function foreseenIn(context: PlaybookContext, site: Site): Site {
  const there = siteIn(context, site);
  return { ...there, play: { ...there.play, roleNames: [], neededRoleNames: [] } };
}

/** Hands out each id once; a second task of one name gets a number. */
export function createIds(): (wanted: string) => string {
  const ids = new Map<string, number>();
  return (wanted) => {
    const count = (ids.get(wanted) ?? 0) + 1;
    ids.set(wanted, count);
    return count === 1 ? wanted : `${wanted}#${count}`;
  };
}
