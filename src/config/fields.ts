/**
 * Owns the reading of single fields of a known type from YAML nodes, with errors that name the field and its place.
 * Knows no keyword.
 */
import type { ErrorCode, Place } from '../core/errors.js';
import { holdsTemplate } from './handlebars.js';
import { errorAt, type Report } from './report.js';
import {
  describeNode,
  readBoolean,
  type ListNode,
  type MapEntry,
  type MapNode,
  type YamlNode,
} from './yaml.js';

export interface FieldReader {
  /** Undefined where the value is none of these, which is reported. */
  text(entry: MapEntry): string | undefined;
  boolean(entry: MapEntry): boolean | undefined;
  number(entry: MapEntry, limits: NumberLimits): number | undefined;
  /** Texts of a list, or of one text (split at commas where that is the custom). */
  texts(entry: MapEntry, options?: { readonly split?: boolean }): readonly PlacedText[];
  list(entry: MapEntry): ListNode | undefined;
  map(entry: MapEntry): MapNode | undefined;
}

export interface PlacedText {
  readonly text: string;
  readonly at: Place;
}

export interface NumberLimits {
  readonly least: number;
  readonly whole?: boolean;
}

export function createFieldReader(code: ErrorCode, report: Report): FieldReader {
  const refuse = (entry: MapEntry, wanted: string, hint?: string): void => {
    const { key, keyAt, value } = entry;
    const isEmpty = value.kind === 'scalar' && value.value === null;
    const at = isEmpty ? keyAt : value.at;
    if (value.kind === 'scalar' && typeof value.value === 'string' && holdsTemplate(value.value)) {
      report(errorAt(at, 'keyword-unsupported', `'${key}' cannot be a template yet`, `write ${wanted}`));
    } else {
      report(errorAt(at, code, `'${key}' must be ${wanted}, but is ${describeNode(value)}`, hint));
    }
  };
  return {
    text(entry) {
      const { value } = entry;
      if (value.kind !== 'scalar' || value.value === null) {
        refuse(entry, 'text');
        return undefined;
      }
      if (typeof value.value === 'string' && holdsTemplate(value.value) && !value.raw) {
        refuse(entry, 'plain text');
        return undefined;
      }
      return value.text.text;
    },
    boolean(entry) {
      const found = readBoolean(entry.value);
      if (found === undefined) refuse(entry, 'true or false');
      return found;
    },
    number(entry, { least, whole = false }) {
      const { value } = entry;
      if (value.kind !== 'scalar' || typeof value.value !== 'number') {
        refuse(entry, whole ? 'a whole number' : 'a number', quotedNumberHint(value));
        return undefined;
      }
      if (value.value < least || (whole && !Number.isInteger(value.value))) {
        const wanted = `${whole ? 'a whole number' : 'a number'} of at least ${least}`;
        report(errorAt(value.at, code, `'${entry.key}' must be ${wanted}`));
        return undefined;
      }
      return value.value;
    },
    texts(entry, { split = false } = {}) {
      const { value } = entry;
      if (value.kind === 'map' || (value.kind === 'scalar' && value.value === null)) {
        refuse(entry, 'a text or a list of texts');
        return [];
      }
      const found: PlacedText[] = [];
      for (const item of value.kind === 'list' ? value.items : [value]) {
        if (item.kind !== 'scalar' || item.value === null) {
          report(
            errorAt(
              item.at,
              code,
              `'${entry.key}' must be a list of texts, but this is ${describeNode(item)}`,
            ),
          );
        } else if (typeof item.value === 'string' && holdsTemplate(item.value)) {
          report(
            errorAt(
              item.at,
              'keyword-unsupported',
              `'${entry.key}' cannot be a template yet`,
              'write plain text',
            ),
          );
        } else {
          const texts = split ? item.text.text.split(',').map((text) => text.trim()) : [item.text.text];
          found.push(...texts.map((text) => ({ text, at: item.at })));
        }
      }
      return found;
    },
    list(entry) {
      if (entry.value.kind === 'list') return entry.value;
      refuse(entry, 'a list', entry.value.kind === 'map' ? "begin each item with '- '" : undefined);
      return undefined;
    },
    map(entry) {
      if (entry.value.kind === 'map') return entry.value;
      const hint = entry.value.kind === 'list' ? "leave out the '- ' before each key" : undefined;
      refuse(entry, 'a map', hint);
      return undefined;
    },
  };
}

function quotedNumberHint(value: YamlNode): string | undefined {
  const isQuoted = value.kind === 'scalar' && typeof value.value === 'string' && /^\d+$/.test(value.value);
  return isQuoted ? 'leave out the quotes' : undefined;
}
