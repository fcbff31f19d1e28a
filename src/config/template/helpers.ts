/**
 * Owns the helpers that templates can call: what each takes and gives. The list is short on purpose; what is to be
 * computed is said in CEL, by `cel`.
 */
import path from 'node:path';
import { quote } from '../../core/shell.js';
import { isList, type Value } from '../../core/value.js';
import { formatBytes, parseBytes } from '../../core/bytes.js';

interface Helper {
  /** As a user writes it. */
  readonly usage: string;
  readonly summary: string;
  /** How many values it takes. */
  readonly arity: readonly [least: number, most: number];
  /** What it gives; a text if left out. */
  readonly gives?: 'bool' | 'any';
  /** Throws an Error that says what is wrong with the values. */
  readonly apply: (...values: readonly (Value | undefined)[]) => Value;
}

/** A value as it stands in a text. Throws an Error where a value has no one form as text. */
export function toText(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || value === undefined)
    throw new HelperError(
      'is null, and null has no form as text',
      '{{default x "…"}} says what stands there instead',
    );
  if (isList(value))
    throw new HelperError('is a list, which has no one form as text', 'write {{join x ", "}} or {{json x}}');
  throw new HelperError(
    'is a map, which has no one form as text',
    'name the part that is meant, as in {{x.part}}, or write {{json x}}',
  );
}

/** What a helper says of the value that it was given; the caller knows its name and place. */
export class HelperError extends Error {
  override readonly name = 'HelperError';

  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

function textOf(value: Value | undefined): string {
  return toText(value);
}

/**
 * `cel`, `default` and `lookup` are the evaluator's own: one compiles, the others must not look at what is missing, or
 * is not asked for.
 */
export const helpers: Readonly<Record<string, Helper>> = {
  sh: {
    usage: '{{sh x}}',
    summary: 'quotes a value as one word of a shell; a list as several',
    arity: [1, 1],
    apply: (value) =>
      value !== undefined && isList(value)
        ? value.map((item) => quote(textOf(item))).join(' ')
        : quote(textOf(value)),
  },
  json: {
    usage: '{{json x}}',
    summary: 'a value as JSON; {{json x 2}} indents it',
    arity: [1, 2],
    apply: (value, indent) =>
      JSON.stringify(value ?? null, null, typeof indent === 'number' ? indent : undefined),
  },
  default: {
    usage: '{{default x "y"}}',
    summary: 'x, or y where x is null or not there',
    arity: [2, 2],
    gives: 'any',
    apply: (value, otherwise) => value ?? otherwise ?? null,
  },
  bool: {
    usage: '{{bool x}}',
    summary: 'a text as true or false, as -e flag=yes gives one: yes, on, true, 1 and their opposites',
    arity: [1, 1],
    gives: 'bool',
    apply(value) {
      if (typeof value === 'boolean') return value;
      const text = textOf(value).toLowerCase();
      if (['true', 'yes', 'on', 'y', 't', '1'].includes(text)) return true;
      if (['false', 'no', 'off', 'n', 'f', '0', ''].includes(text)) return false;
      throw new HelperError(`is neither yes nor no: ${JSON.stringify(text)}`);
    },
  },
  join: {
    usage: '{{join list ", "}}',
    summary: 'a list\'s items with a text between them (", " if left out)',
    arity: [1, 2],
    apply(list, separator) {
      if (list === undefined || !isList(list)) throw new HelperError('is not a list');
      return list.map(textOf).join(separator === undefined ? ', ' : textOf(separator));
    },
  },
  upper: {
    usage: '{{upper x}}',
    summary: 'in capitals',
    arity: [1, 1],
    apply: (value) => textOf(value).toUpperCase(),
  },
  lower: {
    usage: '{{lower x}}',
    summary: 'in small letters',
    arity: [1, 1],
    apply: (value) => textOf(value).toLowerCase(),
  },
  basename: {
    usage: '{{basename path}}',
    summary: "a path's last part",
    arity: [1, 1],
    apply: (value) => path.posix.basename(textOf(value)),
  },
  dirname: {
    usage: '{{dirname path}}',
    summary: 'a path without its last part',
    arity: [1, 1],
    apply: (value) => path.posix.dirname(textOf(value)),
  },
  bytes: {
    usage: '{{bytes n}}',
    summary: 'a number of bytes for people: 8589934592 is 8 GiB',
    arity: [1, 1],
    apply(value) {
      const count = typeof value === 'string' ? parseBytes(value) : value;
      if (typeof count !== 'number') throw new HelperError('is not a number of bytes');
      return formatBytes(count);
    },
  },
  lookup: {
    usage: '{{lookup map key}}',
    summary: 'a part whose name is a value, as in {{lookup hostvars item "address"}}',
    arity: [2, Infinity],
    apply: () => null,
  },
  cel: {
    usage: '{{cel "a + b"}}',
    summary: 'the value of a CEL expression',
    arity: [1, 1],
    apply: () => null,
  },
};

/** Blocks: `{{#if x}}…{{else}}…{{/if}}` and so on, as Handlebars has them. */
export const blockHelpers: readonly string[] = ['if', 'unless', 'each', 'with'];

export function isEmpty(value: Value | undefined): boolean {
  if (value === undefined || value === null) return true;
  return isList(value) ? value.length === 0 : value === false || value === '' || value === 0;
}
