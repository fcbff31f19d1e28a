/**
 * Owns the reading of single fields of a known type from YAML nodes, with errors that name the field and its place.
 * Knows no keyword.
 */
import { ZrunError, type ErrorCode, type Place } from '../../../core/errors.js';
import type { Scope } from '../../../core/template.js';
import { isList, isMap, Unknown, type Value } from '../../../core/value.js';
import { refuseJinja } from '../../functions/jinja-hints.js';
import { errorAt, throwFindings, type Report } from '../../source/findings.js';
import { looseText } from '../../source/source.js';
import { compileTemplate, isTemplateText } from '../../template/template.js';
import {
  ansibleBoolean,
  describeNode,
  readBoolean,
  type ListNode,
  type MapEntry,
  type MapNode,
  type YamlNode,
} from '../../yaml/yaml.js';

export interface FieldReader {
  /** Undefined where the value is none of these, which is reported. */
  text(entry: MapEntry): string | undefined;
  boolean(entry: MapEntry): boolean | undefined;
  number(entry: MapEntry, limits: NumberLimits): number | undefined;
  /** Texts of a list, or of one text (split at commas where that is the custom). */
  texts(entry: MapEntry, options?: { readonly split?: boolean }): readonly PlacedText[];
  list(entry: MapEntry): ListNode | undefined;
  map(entry: MapEntry): MapNode | undefined;
  /** What a text's template gives; undefined where it gives no text, which is not reported. */
  quietly(entry: MapEntry): string | undefined;
  /** Whether a template says `omit`: the field is then as good as not there. */
  omits(entry: MapEntry): boolean;
  /** The entry with its template rendered, where it is one and is needed before the run. */
  settled(entry: MapEntry): MapEntry | undefined;
}

export interface PlacedText {
  readonly text: string;
  readonly at: Place;
}

interface NumberLimits {
  readonly least: number;
  readonly whole?: boolean;
}

/** What every field is read with. */
interface Reading {
  readonly code: ErrorCode;
  readonly report: Report;
  readonly known: Scope | undefined;
}

/**
 * `known`: what templates may use in fields that are needed before the run, where no host is at hand; left out, they
 * may use nothing.
 */
export function createFieldReader(code: ErrorCode, report: Report, known?: Scope): FieldReader {
  const reading: Reading = { code, report, known };
  return {
    text: (entry) => readText(entry, reading),
    boolean: (entry) => readTruth(entry, reading),
    number: (entry, limits) => readNumber(entry, limits, reading),
    texts: (entry, { split = false } = {}) => readTexts(entry, split, reading),
    list: (entry) => readList(entry, reading),
    map: (entry) => readMap(entry, reading),
    quietly: (entry) => renderQuietly(entry, reading),
    omits: (entry) => saysOmit(entry, reading),
    settled: (entry) => settleEntry(entry, reading),
  };
}

function refuse({ key, keyAt, value }: MapEntry, wanted: string, reading: Reading, hint?: string): void {
  const isEmpty = value.kind === 'scalar' && value.value === null;
  const message = `'${key}' must be ${wanted}, but is ${describeNode(value)}`;
  reading.report(errorAt(isEmpty ? keyAt : value.at, reading.code, message, hint));
}

/** The node, or what its template gives; undefined where it gives nothing, which is reported. */
function settle(key: string, node: YamlNode, { report, known }: Reading): YamlNode | undefined {
  if (!isTemplateNode(node)) return node;
  if (!known) {
    report(errorAt(node.at, 'keyword-unsupported', `'${key}' cannot be a template`, 'write it out'));
    return undefined;
  }
  try {
    return toNode(compileTemplate(node, throwFindings).render(known), node.at);
  } catch (error) {
    if (!(error instanceof ZrunError)) throw error;
    const hint = `'${key}' is needed before the run: its template sees only the variables of -e and of the play`;
    report(error.code === 'template-syntax' ? error : errorAt(error.at, error.code, error.message, hint));
    return undefined;
  }
}

function settleEntry(entry: MapEntry, reading: Reading): MapEntry | undefined {
  const value = settle(entry.key, entry.value, reading);
  return value && { ...entry, value };
}

function readText(written: MapEntry, reading: Reading): string | undefined {
  const entry = settleEntry(written, reading);
  if (!entry) return undefined;
  const { value } = entry;
  if (value.kind === 'scalar' && value.value !== null) return value.text.text;
  refuse(entry, 'text', reading);
  return undefined;
}

function readTruth(written: MapEntry, reading: Reading): boolean | undefined {
  const entry = settleEntry(written, reading);
  if (!entry) return undefined;
  const found = booleanOf(entry.value, written.value);
  if (found === undefined) refuse(entry, 'true or false', reading);
  return found;
}

function readNumber(
  written: MapEntry,
  { least, whole = false }: NumberLimits,
  reading: Reading,
): number | undefined {
  const entry = settleEntry(written, reading);
  if (!entry) return undefined;
  const { value } = entry;
  const found = numberOf(value, written.value);
  const noun = whole ? 'a whole number' : 'a number';
  if (found === undefined) {
    refuse(entry, noun, reading, quotedNumberHint(value));
    return undefined;
  }
  if (found < least || (whole && !Number.isInteger(found))) {
    reading.report(errorAt(value.at, reading.code, `'${entry.key}' must be ${noun} of at least ${least}`));
    return undefined;
  }
  return found;
}

function readTexts(written: MapEntry, split: boolean, reading: Reading): readonly PlacedText[] {
  const entry = settleEntry(written, reading);
  if (!entry) return [];
  const { value } = entry;
  if (value.kind === 'map' || (value.kind === 'scalar' && value.value === null)) {
    refuse(entry, 'a text or a list of texts', reading);
    return [];
  }
  const found: PlacedText[] = [];
  for (const listed of value.kind === 'list' ? value.items : [value]) {
    const item = settle(entry.key, listed, reading);
    if (!item) continue;
    if (item.kind !== 'scalar' || item.value === null) {
      const message = `'${entry.key}' must be a list of texts, but this is ${describeNode(item)}`;
      reading.report(errorAt(item.at, reading.code, message));
    } else {
      const texts = split ? item.text.text.split(',').map((text) => text.trim()) : [item.text.text];
      found.push(...texts.map((text) => ({ text, at: item.at })));
    }
  }
  return found;
}

function readList(entry: MapEntry, reading: Reading): ListNode | undefined {
  if (entry.value.kind === 'list') return entry.value;
  refuse(entry, 'a list', reading, entry.value.kind === 'map' ? "begin each item with '- '" : undefined);
  return undefined;
}

function readMap(entry: MapEntry, reading: Reading): MapNode | undefined {
  if (entry.value.kind === 'map') return entry.value;
  const hint = entry.value.kind === 'list' ? "leave out the '- ' before each key" : undefined;
  refuse(entry, 'a map', reading, hint);
  return undefined;
}

function renderQuietly({ value }: MapEntry, { known }: Reading): string | undefined {
  try {
    const text = known && compileTemplate(value, throwFindings).render(known);
    return typeof text === 'string' ? text : undefined;
  } catch (error) {
    if (error instanceof ZrunError) return undefined;
    throw error;
  }
}

function saysOmit({ value }: MapEntry, { known }: Reading): boolean {
  if (!known || !isTemplateNode(value)) return false;
  try {
    return compileTemplate(value, throwFindings).renderEntry(known) === undefined;
  } catch (error) {
    if (error instanceof ZrunError) return false;
    throw error;
  }
}

/** Jinja's statements count as one, so that they are refused as that. */
export function isTemplateNode(node: YamlNode): boolean {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return false;
  if (node.sealed) return true;
  if (node.raw) return false;
  return isTemplateText(node) || refuseJinja(node.text, 'yaml') !== undefined;
}

/** A value that a template gave, as if it had been written. */
function toNode(value: Value, at: Place): YamlNode {
  if (isList(value)) return { kind: 'list', at, items: value.map((item) => toNode(item, at)) };
  if (isMap(value)) {
    const entries = Object.entries(value).map(
      ([key, inner]) => [key, { key, keyAt: at, value: toNode(inner, at) }] as const,
    );
    return { kind: 'map', at, entries: new Map(entries) };
  }
  const plain = value instanceof Unknown ? null : value;
  const text = { ...looseText('', plain === null ? '' : String(plain)), at, inside: () => at };
  return { kind: 'scalar', at, value: plain, raw: true, plain: true, text };
}

/** What -e gives is text: where a template gave it, its words are read. */
function booleanOf(node: YamlNode, written: YamlNode): boolean | undefined {
  if (node === written) return readBoolean(node);
  return node.kind === 'scalar' && typeof node.value === 'string'
    ? ansibleBoolean(node.value.trim())
    : readBoolean(node);
}

function numberOf(node: YamlNode, written: YamlNode): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'number') return node.value;
  const isNumeric =
    node !== written && typeof node.value === 'string' && /^\s*-?\d+(?:\.\d+)?\s*$/.test(node.value);
  return isNumeric ? Number(node.value) : undefined;
}

function quotedNumberHint(value: YamlNode): string | undefined {
  const isQuoted = value.kind === 'scalar' && typeof value.value === 'string' && /^\d+$/.test(value.value);
  return isQuoted ? 'leave out the quotes' : undefined;
}
