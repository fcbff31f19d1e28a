/**
 * Owns what is worked out for each host while a run goes on: templates, expressions, and the names that they see. The
 * configuration compiles them; everybody else only asks for their values.
 */
import type { Place } from './errors.js';
import type { Value } from './value.js';

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

/** A keyword whose value is a template: it is rendered for each host. Throws as Template does. */
interface Dynamic<T> {
  of(scope: Scope): T;
}

/** What a keyword says: a value as it is written, or one that each host has of its own. */
export type Setting<T extends string | number | boolean | undefined> = T | Dynamic<T>;

export function settle<T extends string | number | boolean | undefined>(
  setting: Setting<T>,
  scope: Scope,
): T {
  return typeof setting === 'object' ? setting.of(scope) : setting;
}

/** Variables whose values may be templates over each other and over everything else in scope. */
export type VarsTemplate = ReadonlyMap<string, Template>;
