/**
 * Owns how values go into CEL and come out of it. CEL tells whole numbers (BigInt in JavaScript) from fractions; YAML
 * and JSON do not: a whole number goes in as an int, anything else as a double. Everything below the top is converted
 * when it is touched, so that an unknown value hurts only who looks at it.
 */
import { Optional } from '@marcbachmann/cel-js';
import { FunctionError, mostValues } from '../functions/function.js';
import { isList, Unknown, UnknownValueError, type Value, type ValueMap } from '../../core/value.js';

type OnUnknown = (error: UnknownValueError) => void;

/** The values that a converted map or list stands for, so that they come out as they went in, and who hears of them. */
const originals = new WeakMap<object, { readonly value: Value; readonly onUnknown: OnUnknown }>();

/** Who hears of what is unknown in a converted value. */
export function listenerOf(converted: unknown): OnUnknown | undefined {
  return typeof converted === 'object' && converted !== null
    ? originals.get(converted)?.onUnknown
    : undefined;
}

/** `onUnknown` hears of each unknown value that is touched, just before UnknownValueError is thrown. */
export function toCel(value: Value, onUnknown: OnUnknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Unknown) {
    const error = new UnknownValueError(value.waitsFor);
    onUnknown(error);
    throw error;
  }
  return isList(value) ? toCelList(value, onUnknown) : toCelMap(value, onUnknown);
}

function toCelList(list: readonly Value[], onUnknown: OnUnknown): unknown[] {
  const converted: unknown[] = [];
  list.forEach((item, i) => {
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(converted, i, {
      enumerable: true,
      configurable: true,
      get: () => (known ??= { value: toCel(item, onUnknown) }).value,
    });
  });
  originals.set(converted, { value: list, onUnknown });
  return converted;
}

/** What CEL sees of a map: its own keys and nothing else. Neither its keys nor its values are walked. */
function toCelMap(map: ValueMap, onUnknown: OnUnknown): object {
  const known = new Map<string, unknown>();
  const valueOf = (key: string | symbol): unknown => {
    if (typeof key !== 'string' || !Object.hasOwn(map, key)) return undefined;
    if (!known.has(key)) known.set(key, toCel(map[key] ?? null, onUnknown));
    return known.get(key);
  };
  // Without a prototype, and always `configurable`: the target itself stays empty.
  const converted = new Proxy(Object.create(null) as object, {
    get: (_, key) => (key === 'constructor' ? undefined : valueOf(key)),
    has: (_, key) => Object.hasOwn(map, key),
    ownKeys: () => Object.keys(map),
    getOwnPropertyDescriptor: (_, key) =>
      Object.hasOwn(map, key) ? { configurable: true, enumerable: true, get: () => valueOf(key) } : undefined,
  });
  originals.set(converted, { value: map, onUnknown });
  return converted;
}

/** A list may hold another one twice, and that one a third: without a bound, a few bytes become gigabytes. */
interface Budget {
  left: number;
}

/**
 * A result of CEL's as a value. An int beyond 2^53 comes out as text, so that no digit is lost; times and durations
 * come out as text in CEL's own notation.
 */
export function fromCel(result: unknown, budget: Budget = { left: mostValues }): Value {
  budget.left -= 1;
  if (budget.left < 0) throw new FunctionError(`this has more than ${mostValues} values in it`);
  if (typeof result === 'string' || typeof result === 'boolean') return result;
  if (typeof result === 'number') return finite(result);
  if (typeof result === 'bigint') return isSafe(result) ? Number(result) : String(result);
  return typeof result === 'object' && result !== null ? fromCelObject(result, budget) : null;
}

/** JSON has no infinity, and neither have the values of variables. */
function finite(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new FunctionError(
    Number.isNaN(number) ? 'this gives no number' : 'this gives a number without end',
    'it comes of a division by zero, or of a number that is too large',
  );
}

function fromCelObject(result: object, budget: Budget): Value {
  const original = originals.get(result);
  if (original !== undefined) return original.value;
  if (Array.isArray(result)) return result.map((item) => fromCel(item, budget));
  if (result instanceof Uint8Array) return Buffer.from(result).toString('utf8');
  if (result instanceof Date) return result.toISOString();
  // `x.?part` without an orValue behind it.
  if (result instanceof Optional) return fromCel(result.orValue(null), budget);
  const prototype: unknown = Object.getPrototypeOf(result);
  if (prototype === null || prototype === Object.prototype) {
    return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, fromCel(value, budget)]));
  }
  // Unsigned ints, durations and types say themselves as text.
  const primitive: unknown = result.valueOf();
  if (typeof primitive === 'bigint') return fromCel(primitive, budget);
  const text = (result as { toString(): string }).toString();
  // `cel` and `optional` by themselves: names of the language, behind which something must follow.
  if (text.startsWith('[object ')) throw new TypeError('this is a part of CEL itself, and no value');
  return text;
}

function isSafe(integer: bigint): boolean {
  return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER);
}
