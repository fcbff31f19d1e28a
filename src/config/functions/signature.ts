/**
 * Owns how a function's signatures are read: what its values must be, and what it gives.
 */
import { isList, isMap, type Value } from '../../core/value.js';
import { nounOf, toInt, toNumber, toText, FunctionError, type FunctionEntry } from './function.js';

interface Parameter {
  readonly name: string;
  /** As CEL names it: `string`, `list`, `dyn`, … */
  readonly type: string;
}

export interface Signature {
  /** The type of what stands before the dot of a method. */
  readonly on: string | undefined;
  readonly params: readonly Parameter[];
  /** It takes as many values of its one parameter as there are. */
  readonly isVariadic: boolean;
  readonly gives: string;
  /** What a helper takes: the receiver is its first value. */
  readonly values: readonly Parameter[];
}

const known = new WeakMap<readonly string[], readonly Signature[]>();

/** What CEL takes. */
export function signaturesOf({ name, signatures }: FunctionEntry): readonly Signature[] {
  return readAll(signatures, name);
}

function signaturesOfHelper({ name, signatures, helperSignatures }: FunctionEntry): readonly Signature[] {
  return readAll(helperSignatures ?? signatures, name);
}

function readAll(signatures: readonly string[], name: string): readonly Signature[] {
  const before = known.get(signatures);
  if (before) return before;
  const read = signatures.map((text) => readSignature(text, name));
  known.set(signatures, read);
  return read;
}

function readSignature(text: string, name: string): Signature {
  const [, head = '', inside = '', gives = ''] = /^([^(]+)\((.*)\): (.+)$/.exec(text) ?? [];
  const params = inside === '' ? [] : inside.split(', ').map(readParameter);
  const on = head === name ? undefined : head.slice(0, -name.length - 1);
  return {
    on,
    values: on === undefined ? params : [{ name: receiverName(on), type: on }, ...params],
    params,
    isVariadic: inside.startsWith('...'),
    gives,
  };
}

function readParameter(written: string): Parameter {
  const [name = '', type = 'dyn'] = written.replace('...', '').split(': ');
  return { name, type };
}

function receiverName(type: string): string {
  const names: Readonly<Record<string, string>> = { string: 'text', int: 'number', double: 'number' };
  return type.startsWith('google.protobuf.') ? 'time' : (names[type] ?? type);
}

const byCount = new WeakMap<FunctionEntry, Map<number, readonly Signature[]>>();

/** The signatures that a helper with so many values may be meant by. Asked for at each call. */
export function signaturesFor(entry: FunctionEntry, count: number): readonly Signature[] {
  const known = byCount.get(entry) ?? new Map<number, readonly Signature[]>();
  byCount.set(entry, known);
  const before = known.get(count);
  if (before) return before;
  const found = signaturesOfHelper(entry).filter(
    (signature) => signature.isVariadic || signature.values.length === count,
  );
  known.set(count, found);
  return found;
}

/** How few and how many values a helper takes. */
export function arityOf(entry: FunctionEntry): readonly [least: number, most: number] {
  const counts = signaturesOfHelper(entry).map((signature) => signature.values.length);
  const isVariadic = signaturesOfHelper(entry).some((signature) => signature.isVariadic);
  return isVariadic ? [1, Infinity] : [Math.min(...counts), Math.max(...counts)];
}

/** A helper as a user writes it: `{{replace text old new}}`. */
export function usageOf(entry: FunctionEntry, name: string): string {
  const [signature] = signaturesOfHelper(entry);
  if (!signature) return `{{${name}}}`;
  const words = signature.values.map((parameter) => parameter.name);
  return `{{${[name, ...words, ...(signature.isVariadic ? ['…'] : [])].join(' ')}}}`;
}

/**
 * Throws FunctionError where no signature takes the value at this position. `signatures`: those that are left.
 * A number or a boolean is a text too, and digits are a number: templates do not tell them apart.
 */
export function checkArgument(signatures: readonly Signature[], position: number, value: Value): void {
  let failed: FunctionError | undefined;
  for (const signature of signatures) {
    const parameter = signature.values[signature.isVariadic ? 0 : position];
    if (!parameter) continue;
    const error = refuse(parameter.type, value);
    if (!error) return;
    failed ??= error;
  }
  if (failed) throw failed;
}

function refuse(type: string, value: Value): FunctionError | undefined {
  const must = (what: string): FunctionError => new FunctionError(`is ${nounOf(value)}, and must be ${what}`);
  try {
    if (type === 'string' || type.startsWith('google.protobuf.')) toText(value);
    else if (type === 'int') toInt(value);
    else if (type === 'double') toNumber(value);
  } catch (error) {
    if (error instanceof FunctionError) return error;
    throw error;
  }
  if (type === 'bool' && typeof value !== 'boolean') return must('true or false');
  if (type.startsWith('list') && !isList(value)) return must('a list');
  return type.startsWith('map') && !isMap(value) ? must('a map') : undefined;
}
