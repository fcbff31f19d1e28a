/**
 * Owns what a function of the language is: one entry serves expressions, templates (as a helper), the check before the
 * run, and the documentation. Also what all functions share: how they take their values, and the bounds that they keep.
 */
import { isList, isMap, Unknown, UnknownValueError, type Value, type ValueMap } from '../../core/value.js';

type Topic =
  | 'text'
  | 'regular expressions'
  | 'lists'
  | 'maps'
  | 'numbers'
  | 'encodings'
  | 'paths'
  | 'versions'
  | 'networks'
  | 'time'
  | 'values';

interface FunctionExample {
  /** An expression, or a template with `{{`. */
  readonly text: string;
  readonly gives: Value;
}

export interface FunctionEntry {
  /** As it is called: `replace`, `math.greatest`. */
  readonly name: string;
  readonly topic: Topic;
  /** For `zrun doc functions`: what it gives, in one line. */
  readonly summary: string;
  /**
   * What CEL takes, with names: `string.replace(old: string, new: string): string`. What stands before the dot, the
   * receiver, is a helper's first value. `...` before a name: as many as there are.
   */
  readonly signatures: readonly string[];
  /** What its helper takes, where that is something else. */
  readonly helperSignatures?: readonly string[];
  /** Documentation and test in one. */
  readonly examples: readonly FunctionExample[];
  /** Its names as a helper; its own if left out, none where it is of no use there. */
  readonly helpers?: readonly string[];
  /** Names that Ansible's filters and Jinja's have for it. */
  readonly filters?: readonly string[];
  /** It looks at no more than its values themselves: what is in a list or a map may be unknown. */
  readonly isShallow?: true;
  /** What is in its result is what is in its first value: names of parts can be checked on. */
  readonly keepsItems?: true;
  /** The package of CEL has it; `apply`, if there is one, is for the helper. */
  readonly isBuiltIn?: true;
  /** The package has a method of this name that takes less: this one stands in its place. */
  readonly replacesBuiltIn?: true;
  /**
   * What can be said before the run of values that are written out; undefined stands for one that only the run knows.
   * Throws FunctionError. Where all are written out, `apply` is tried.
   */
  readonly precheck?: (...values: readonly (Value | undefined)[]) => void;
  /** Left out: only the evaluator can do it (`map`, `has`), or there is no helper. Throws FunctionError. */
  readonly apply?: (...values: readonly (Value | undefined)[]) => Value;
}

/** What a function says of its values. The caller knows the place. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';

  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** UTF-16 units: the longest text that a function makes, and so the most that a chain of them can make of a few bytes. */
const longestText = 16 * 1024 * 1024;
/** Values in a result, or looked at in one call. */
export const mostValues = 1_000_000;
const deepest = 500;

/** As a sentence: what begins with a verb is said of the first value, `subject`. */
export function saidOf({ message }: FunctionError, subject: string): string {
  return /^(?:is|has|holds|would|cannot) /.test(message) ? `${subject} ${message}` : message;
}

export function checkLength(length: number): void {
  if (length > longestText)
    throw new FunctionError(`would make a text of ${length} characters, and ${longestText} is the most`);
}

export function checkCount(count: number): void {
  if (count > mostValues)
    throw new FunctionError(`would make a list of ${count} values, and ${mostValues} is the most`);
}

/**
 * Throws UnknownValueError where something in a value is not known yet, and FunctionError where there is more in it than
 * a function looks at in time. A list that holds another one twice has its values twice.
 */
export function demandKnown(value: Value): void {
  let count = 0;
  const visit = (each: Value, depth: number): void => {
    count += 1;
    if (count > mostValues) throw new FunctionError(`has more than ${mostValues} values in it`);
    if (depth > deepest) throw new FunctionError(`is nested more than ${deepest} levels deep`);
    if (each instanceof Unknown) throw new UnknownValueError(each.waitsFor);
    if (typeof each !== 'object' || each === null) return;
    for (const inner of Object.values<Value>(each)) visit(inner, depth + 1);
  };
  visit(value, 0);
}

/** A value as it stands in a text. Throws FunctionError where a value has no one form as text. */
export function toText(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || value === undefined)
    throw new FunctionError(
      'is null, and null has no form as text',
      '{{default x "…"}} says what stands there instead',
    );
  if (isList(value))
    throw new FunctionError(
      'is a list, which has no one form as text',
      'write {{join x ", "}} or {{json x}}',
    );
  throw new FunctionError(
    'is a map, which has no one form as text',
    'name the part that is meant, as in {{x.part}}, or write {{json x}}',
  );
}

export function toList(value: Value | undefined): readonly Value[] {
  if (isList(value)) return value;
  throw new FunctionError(`is ${nounOf(value)}, and must be a list`);
}

export function toMap(value: Value | undefined): ValueMap {
  if (isMap(value)) return value;
  throw new FunctionError(`is ${nounOf(value)}, and must be a map`);
}

/** A whole number; digits too, as `-e count=3` gives them. */
export function toInt(value: Value | undefined): number {
  const count = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof count === 'number' && Number.isSafeInteger(count)) return count;
  throw new FunctionError(`is ${nounOf(value)}, and must be a whole number`);
}

export function toNumber(value: Value | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value);
  throw new FunctionError(`is ${nounOf(value)}, and must be a number`);
}

export function nounOf(value: Value | undefined): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  if (typeof value === 'boolean') return 'true or false';
  if (value === null || value === undefined) return 'null';
  return isList(value) ? 'a list' : 'a map';
}

/** A key that equal values share, whatever the order of a map's keys. Its length is that of the value as JSON. */
export function keyOf(value: Value): string {
  if (isList(value)) return `[${value.map(keyOf).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${keyOf(value[key] ?? null)}`).join(',')}}`;
}

/** What `sort`, `min` and `max` go by: numbers by size, texts by their characters. They do not go together. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new FunctionError(`holds ${nounOf(a)} and ${nounOf(b)}, which cannot be put in order`);
}
