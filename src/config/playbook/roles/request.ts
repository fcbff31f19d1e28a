/**
 * Owns what is said of a role where it is asked for.
 */
import type { Place } from '../../../core/errors.js';
import type { BecomeSettings } from '../../../core/plan.js';
import type { Expression } from '../../../core/template.js';
import type { Site } from '../reading/site.js';
import type { CompiledTemplate } from '../../template/template.js';

export type Vars = ReadonlyMap<string, CompiledTemplate>;

/** Which file of each kind is meant: `main`, unless `tasks_from` and its like say otherwise. */
export interface RoleParts {
  readonly tasks: string;
  readonly handlers: string;
  readonly vars: string;
  readonly defaults: string;
}

export const mainParts: RoleParts = { tasks: 'main', handlers: 'main', vars: 'main', defaults: 'main' };

export interface RoleRequest {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  readonly at: Place;
  readonly parts: RoleParts;
  /** The `vars` that it is given: stronger than the role's own variables. */
  readonly given: Vars;
  /** What it is given beside its keywords: stronger than what tasks set. */
  readonly params: Vars;
  readonly when: readonly Expression[];
  readonly become: BecomeSettings;
  readonly ownTags: readonly string[];
  /** Where it is asked for, with the tags and settings that it is given. */
  readonly site: Site;
  /** What names it: `roles:` of the play, another role that needs it, or a step. */
  readonly asker: 'play' | 'role' | 'step';
  /** Whether a host that has done it may do it again; undefined: as the role itself says. */
  readonly mayRepeat: boolean | undefined;
  /** The whole play sees its defaults and variables. */
  readonly isExported: boolean;
  /** What it is given is held against its `argument_specs`. */
  readonly isValidated: boolean;
  /** Stands in `roles:`, or is needed by one that does. */
  readonly isOfPlay: boolean;
}

export type RoleUse = Omit<
  RoleRequest,
  'asker' | 'parts' | 'mayRepeat' | 'isValidated' | 'isExported' | 'isOfPlay'
>;
