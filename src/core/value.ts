/**
 * Owns the values that variables, parameters and results are made of: what JSON can say, and *unknown*.
 */

/** A value as YAML and JSON have it. Whole numbers stay JavaScript numbers; only expressions convert. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap | Unknown;

export interface ValueMap {
  readonly [key: string]: Value;
}

/**
 * What check mode cannot know: the output of a command that it did not run. Whatever reads it throws
 * `UnknownValueError`, so that nothing is ever decided by a guess.
 */
export class Unknown {
  constructor(
    /** The task whose run would make the value known. */
    readonly waitsFor: string,
  ) {}

  toJSON(): string {
    return `(known after '${this.waitsFor}' has run)`;
  }
}

/** Thrown where a template, an expression or a plan would rest on an unknown value. */
export class UnknownValueError extends Error {
  override readonly name = 'UnknownValueError';

  constructor(readonly waitsFor: string) {
    super(`rests on what '${waitsFor}' has not done yet`);
  }
}

export function isMap(value: Value | undefined): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The task that a value waits for, if it is or holds an unknown. */
export function findUnknown(value: Value): Unknown | undefined {
  if (value instanceof Unknown) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.values(value)) {
    const found = findUnknown(inner);
    if (found) return found;
  }
  return undefined;
}
