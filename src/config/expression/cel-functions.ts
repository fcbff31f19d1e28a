/**
 * Owns how the functions of the table become CEL's: values are taken out of CEL's form, and what comes of them is put
 * back.
 */
import { Optional, type Environment } from '@marcbachmann/cel-js';
import { UnknownValueError, type Value } from '../../core/value.js';
import { demandKnown, FunctionError, toText, type FunctionEntry } from '../functions/function.js';
import { signaturesOf, type Signature } from '../functions/signature.js';
import { functionTable } from '../functions/table.js';
import { fromCel, listenerOf, toCel } from './cel-values.js';

/** The code of cel-js for what a function says. The message has the hint behind a line break. */
export const functionFailed = 'function_failed';

/** Functions that macros of this house put together with others (cel-macros.ts). */
const ownMacros: ReadonlySet<string> = new Set(['default', 'sortBy', 'matches']);

export function registerFunctions(environment: Environment): void {
  for (const entry of functionTable) {
    const { apply } = entry;
    if (!apply || entry.isBuiltIn || ownMacros.has(entry.name)) continue;
    for (const signature of signaturesOf(entry)) register(environment, entry, apply, signature);
  }
}

/** Stands before the name of a method that replaces one of cel-js's, which takes no second one of the same types. */
export const ownPrefix = 'own.';

type Apply = NonNullable<FunctionEntry['apply']>;

function register(environment: Environment, entry: FunctionEntry, apply: Apply, signature: Signature): void {
  const { on, params, values, isVariadic, gives } = signature;
  const isOwn = entry.replacesBuiltIn === true;
  environment.registerFunction({
    name: isOwn ? ownPrefix + entry.name : entry.name,
    ...(on !== undefined && !isOwn && { receiverType: on }),
    params: isVariadic
      ? [{ name: 'values', type: 'list' }]
      : (isOwn ? values : params).map(({ name, type }) => ({ name, type })),
    returnType: gives,
    async: false,
    handler(this: { createError(code: string, message: string): Error }, ...given: readonly unknown[]) {
      const args = isVariadic && Array.isArray(given[0]) ? (given[0] as readonly unknown[]) : given;
      try {
        return call(entry, apply, args, gives);
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        throw this.createError(functionFailed, `${entry.name}\n${error.message}\n${error.hint ?? ''}`);
      }
    },
  });
}

function call(entry: FunctionEntry, apply: Apply, args: readonly unknown[], gives: string): unknown {
  const onUnknown = args.map(listenerOf).find((each) => each !== undefined) ?? (() => undefined);
  const values = args.map((arg) => fromCel(arg));
  try {
    if (!entry.isShallow) values.forEach(demandKnown);
    return giveBack(apply(...values), gives, onUnknown);
  } catch (error) {
    if (error instanceof UnknownValueError) onUnknown(error);
    throw error;
  }
}

function giveBack(value: Value, gives: string, onUnknown: (error: UnknownValueError) => void): unknown {
  if (gives === 'google.protobuf.Timestamp') return new Date(toText(value));
  const converted = toCel(value, onUnknown);
  if (!gives.startsWith('optional')) return converted;
  return converted === null ? Optional.none() : Optional.of(converted);
}
