/**
 * Owns how values go into CEL and come out of it. CEL tells whole numbers (BigInt in JavaScript) from fractions; YAML
 * and JSON do not: a whole number goes in as an int, anything else as a double. Everything below the top is converted
 * when it is touched, so that an unknown value hurts only who looks at it.
 */
import { isList, Unknown, UnknownValueError, type Value, type ValueMap } from '../core/value.js';

/** The values that a converted map or list stands for, so that they come out as they went in. */
const originals = new WeakMap<object, Value>();

/** `onUnknown` is told of each unknown value that is touched, just before UnknownValueError is thrown. */
export function toCel(value: Value, onUnknown: (error: UnknownValueError) => void): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Unknown) {
    const error = new UnknownValueError(value.waitsFor);
    onUnknown(error);
    throw error;
  }
  return isList(value) ? toCelList(value, onUnknown) : toCelMap(value, onUnknown);
}

function toCelList(list: readonly Value[], onUnknown: (error: UnknownValueError) => void): unknown[] {
  const converted: unknown[] = [];
  list.forEach((item, i) => defineLazily(converted, String(i), item, onUnknown));
  originals.set(converted, list);
  return converted;
}

function toCelMap(map: ValueMap, onUnknown: (error: UnknownValueError) => void): object {
  // Without a prototype: CEL sees the map's own keys and nothing else.
  const converted = Object.create(null) as object;
  for (const [key, value] of Object.entries(map)) defineLazily(converted, key, value, onUnknown);
  originals.set(converted, map);
  return converted;
}

function defineLazily(
  target: object,
  key: string,
  value: Value,
  onUnknown: (error: UnknownValueError) => void,
): void {
  let converted: { readonly value: unknown } | undefined;
  Object.defineProperty(target, key, {
    enumerable: true,
    configurable: true,
    get: () => (converted ??= { value: toCel(value, onUnknown) }).value,
  });
}

/**
 * A result of CEL's as a value. An int beyond 2^53 comes out as text, so that no digit is lost; times and durations
 * come out as text in CEL's own notation.
 */
export function fromCel(result: unknown): Value {
  if (typeof result === 'string' || typeof result === 'boolean' || typeof result === 'number') return result;
  if (typeof result === 'bigint') return isSafe(result) ? Number(result) : String(result);
  return typeof result === 'object' && result !== null ? fromCelObject(result) : null;
}

function fromCelObject(result: object): Value {
  const original = originals.get(result);
  if (original !== undefined) return original;
  if (Array.isArray(result)) return result.map(fromCel);
  if (result instanceof Uint8Array) return Buffer.from(result).toString('utf8');
  if (result instanceof Date) return result.toISOString();
  const prototype: unknown = Object.getPrototypeOf(result);
  if (prototype === null || prototype === Object.prototype) {
    return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, fromCel(value)]));
  }
  // Unsigned ints, durations and types say themselves as text.
  const primitive: unknown = result.valueOf();
  return typeof primitive === 'bigint' ? fromCel(primitive) : (result as { toString(): string }).toString();
}

function isSafe(integer: bigint): boolean {
  return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER);
}
