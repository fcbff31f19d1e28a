/**
 * Owns how the arguments of a module are written on a command line: `name=value` as Ansible's `-a` has them, a map in
 * JSON or YAML, or the text of a module that takes one (`command`). What they mean, the module's schema says.
 */
import * as z from 'zod';
import type { Place, Source } from '../../../core/errors.js';
import type { Module } from '../../../core/module.js';
import { errorAt, throwFindings } from '../../source/findings.js';
import { wholeText } from '../../source/source.js';
import { holdsTemplate } from '../../template/tree.js';
import {
  ansibleBoolean,
  describeNode,
  parseYaml,
  type ListNode,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  type YamlNode,
} from '../../yaml/yaml.js';

/** Reads what is behind `-a`. Throws ZrunError. */
export function readWritten(module: Module, source: Source): MapNode {
  const whole = wholeText(source);
  const entries = new Map<string, MapEntry>();
  const map: MapNode = { kind: 'map', at: whole.at, entries };
  if (/^\s*\{(?!\{)/.test(source.text)) return readMap(source) ?? map;
  const free: Token[] = [];
  for (const token of tokensOf(source)) {
    const { key, at } = token;
    const isParameter = key !== undefined && (module.freeForm === undefined || isKnown(module, key));
    if (isParameter) entries.set(key, { key, keyAt: token.keyAt, value: valueNode(module, key, token) });
    else if (module.freeForm !== undefined) free.push(token);
    else throw errorAt(at, 'usage', `'${token.written}' is no name=value`, formsOf(module));
  }
  if (module.freeForm === undefined || free.length === 0) return map;
  const value = freeText(source, free);
  entries.set(module.freeForm, { key: module.freeForm, keyAt: value.at, value });
  return map;
}

/** Throws what is wrong first: of half a map, everything else would be wrong too. */
function readMap(source: Source): MapNode | undefined {
  const root = parseYaml(source, throwFindings);
  if (!root || root.kind === 'map') return root;
  const message = `the arguments must be a map, but are ${describeNode(root)}`;
  throw errorAt(root.at, 'usage', message, `write '{"name": "value"}'`);
}

function isKnown({ params, aliases }: Module, key: string): boolean {
  return Object.hasOwn(params.shape, key) || aliases.has(key);
}

function formsOf({ name, params }: Module): string {
  const [first = 'name'] = Object.keys(params.shape);
  return `write name=value, as in ${first}=…, or a map in JSON; zrun doc ${name} lists the names`;
}

/** A word of `-a`, quotes and all. */
interface Token {
  readonly written: string;
  readonly at: Place;
  /** Of `key=value`. */
  readonly key: string | undefined;
  readonly keyAt: Place;
  /** What is behind the `=`, or all of it. */
  readonly rest: string;
  readonly restAt: number;
}

/** Words end at blanks outside quotes and templates. */
function tokensOf(source: Source): readonly Token[] {
  const word = /(?:"(?:[^"\\]|\\[\s\S])*"|'[^']*'|\{\{[\s\S]*?\}\}|\S)+/g;
  return [...source.text.matchAll(word)].map(({ 0: written, index: start }) => {
    const at = { source, start, end: start + written.length };
    const key = /^([A-Za-z_]\w*)=/.exec(written)?.[1];
    const length = key === undefined ? 0 : key.length + 1;
    const keyAt = { source, start, end: start + Math.max(0, length - 1) };
    return { written, at, key, keyAt, rest: written.slice(length), restAt: start + length };
  });
}

/** The text that is left when the parameters are taken out, as it is written: a shell or the module reads its quotes. */
function freeText(source: Source, free: readonly Token[]): ScalarNode {
  const [first, last] = [free[0], free.at(-1)];
  const at = { source, start: first?.at.start ?? 0, end: last?.at.end ?? 0 };
  const isWhole = free.every((token, i) => {
    const next = free[i + 1];
    return !next || source.text.slice(token.at.end, next.at.start).trim() === '';
  });
  const text = isWhole ? source.text.slice(at.start, at.end) : free.map(({ written }) => written).join(' ');
  return textNode(text, at, isWhole);
}

/** `isExact`: the text stands in the source letter for letter. */
function textNode(text: string, at: Place, isExact: boolean): ScalarNode {
  const inside = (from: number, to: number): Place =>
    isExact ? { ...at, start: at.start + from, end: at.start + to } : at;
  return { kind: 'scalar', at, value: text, raw: false, plain: false, text: { text, at, inside } };
}

function valueNode(module: Module, key: string, { rest, restAt, at: { source } }: Token): YamlNode {
  const isQuoted = /^(?:"[\s\S]*"|'[\s\S]*')$/.test(rest);
  const inner = isQuoted ? rest.slice(1, -1) : rest;
  const text = isQuoted && rest.startsWith('"') ? unescape(inner) : inner;
  const start = restAt + (isQuoted ? 1 : 0);
  const node = textNode(text, { source, start, end: start + inner.length }, text === inner);
  return holdsTemplate(text) ? node : fitted(module, module.aliases.get(key) ?? key, node);
}

/** In double quotes, Ansible reads `\n` and its like. */
function unescape(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.replace(/\\([\s\S])/g, (_, letter: string) => meanings[letter] ?? letter);
}

/**
 * All is text on a command line. The first reading that the parameter takes is the one that is meant: as text, as a
 * boolean, as a number, as JSON, as a list with commas. If none fits, the text is refused for what it is.
 */
function fitted(module: Module, key: string, node: ScalarNode): YamlNode {
  const shape: z.ZodRawShape = module.params.shape;
  const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (!schema) return node;
  const { text } = node.text;
  const takes = (value: unknown): boolean => z.safeParse(schema, value).success;
  if (takes(text)) return node;
  const boolean = ansibleBoolean(text);
  if (boolean !== undefined && takes(boolean)) return { ...node, value: boolean };
  const number = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && takes(number)) return { ...node, value: number };
  if (/^[[{]/.test(text)) {
    const parsed = parseYaml({ name: node.at.source.name, text }, () => undefined);
    return parsed ? movedTo(parsed, node.at) : node;
  }
  const items = text.split(',').map((item) => item.trim());
  const list: ListNode = {
    kind: 'list',
    at: node.at,
    items: items.map((item) => textNode(item, node.at, false)),
  };
  return takes(items) ? list : node;
}

/** A value that was parsed by itself, with the place that it has among the arguments. */
function movedTo(node: YamlNode, at: Place): YamlNode {
  if (node.kind === 'list') return { ...node, at, items: node.items.map((item) => movedTo(item, at)) };
  if (node.kind === 'scalar') return { ...node, at, text: { text: node.text.text, at, inside: () => at } };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { key, keyAt: at, value: movedTo(entry.value, at) }] as const,
  );
  return { ...node, at, entries: new Map(entries) };
}
