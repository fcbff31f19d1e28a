/**
 * Owns the INI form of an inventory, as Ansible has it: `[group]` with hosts and their variables, `[group:vars]`,
 * `[group:children]`.
 */
import { nearest, type Place, type Source } from '../../core/errors.js';
import type { InventoryBuilder } from './builder.js';
import { checkName, readHosts } from './names.js';
import { variableOf, type InventoryVariable } from './variable.js';
import { readPythonLiteral } from './python-literal.js';
import { errorAt } from '../source/findings.js';
import { wordsOf, type Word } from './shell-words.js';
import type { ScalarNode, YamlNode } from '../yaml/yaml.js';
import { isList, isMap, type Value } from '../../core/value.js';

const sectionKinds = ['hosts', 'vars', 'children'] as const;
type SectionKind = (typeof sectionKinds)[number];

interface Section {
  readonly group: string;
  readonly kind: SectionKind;
}

/** A group that is named before it is declared. */
interface Awaited {
  readonly at: Place;
  readonly kind: 'vars' | 'children';
  readonly parents: { readonly group: string; readonly at: Place }[];
}

interface Line {
  readonly text: string;
  readonly at: Place;
}

/** Reads an INI inventory. What is wrong is reported, and the rest read on. */
export function readIniInventory(source: Source, builder: InventoryBuilder): void {
  const awaited = new Map<string, Awaited>();
  let section: Section | undefined = { group: 'ungrouped', kind: 'hosts' };
  for (const line of linesOf(source)) {
    const header = readHeader(line, builder);
    if (header !== 'none') {
      section = header;
      if (section) openSection(section, line, awaited, builder);
    } else if (section?.kind === 'hosts') readHostLine(line, section.group, builder);
    else if (section?.kind === 'vars') readVariableLine(line, section.group, builder);
    else if (section) readChildLine(line, section.group, awaited, builder);
  }
  refuseUndeclared(awaited, builder);
}

/** Without indentation, empty lines and comments. */
function* linesOf(source: Source): Generator<Line> {
  for (const match of source.text.matchAll(/[^\r\n]+/g)) {
    const text = match[0].trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
    const start = match.index + match[0].indexOf(text);
    yield { text, at: { source, start, end: start + text.length } };
  }
}

/** `none`: the line is no header. Undefined: it is a wrong one; what stands below it cannot be understood. */
function readHeader({ text, at }: Line, { report }: InventoryBuilder): Section | undefined | 'none' {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(text);
  if (!match) {
    if (!text.startsWith('[') || !text.endsWith(']')) return 'none';
    const hint = 'write [group], [group:vars] or [group:children], without spaces';
    report(errorAt(at, 'inventory-invalid', 'this is not the beginning of a section', hint));
    return undefined;
  }
  const [, group = '', written = 'hosts'] = match;
  const kind = sectionKinds.find((one) => one === written);
  if (kind) return { group, kind };
  const start = at.start + group.length + 2;
  const near = nearest(written, sectionKinds);
  report(
    errorAt(
      { ...at, start, end: start + written.length },
      'inventory-invalid',
      `there are no sections of the kind '${written}'`,
      near === undefined ? 'write [group], [group:vars] or [group:children]' : `did you mean '${near}'?`,
    ),
  );
  return undefined;
}

function openSection(
  { group, kind }: Section,
  { at }: Line,
  awaited: Map<string, Awaited>,
  builder: InventoryBuilder,
): void {
  const place = { ...at, start: at.start + 1, end: at.start + 1 + group.length };
  if (!checkName('group', group, place, builder.report)) return;
  if (kind === 'vars' && !builder.groups.has(group) && !awaited.has(group))
    awaited.set(group, { at: place, kind: 'vars', parents: [] });
  builder.addGroup(group, place);
  if (kind === 'vars') return;
  addAwaited(group, awaited, builder);
}

/** A group that was named as a child is declared now, so it can be hung below its parents. */
function addAwaited(group: string, awaited: Map<string, Awaited>, builder: InventoryBuilder): void {
  const found = awaited.get(group);
  awaited.delete(group);
  for (const parent of found?.parents ?? []) builder.addChild(parent.group, group, parent.at);
}

function readHostLine({ text, at }: Line, group: string, builder: InventoryBuilder): void {
  const { report } = builder;
  const words = wordsOf(text);
  if ('quote' in words) {
    const place = { ...at, start: at.start + words.start, end: at.start + words.start + 1 };
    if (words.quote === '\\')
      report(errorAt(place, 'inventory-invalid', 'nothing stands behind this \\', 'double it: \\\\'));
    else
      report(
        errorAt(
          place,
          'inventory-invalid',
          `this ${words.quote} is never closed`,
          `add ${words.quote} where the text ends; a text that holds one is quoted with the other kind`,
        ),
      );
    return;
  }
  const [name, ...assignments] = words;
  if (!name) return;
  const nameAt = wordPlace(at, name);
  if (looksLikeYaml(text)) {
    report(
      errorAt(
        nameAt,
        'inventory-invalid',
        'this looks like YAML, but the file is read as INI',
        "let its name end in '.yaml', or write 'name key=value'",
      ),
    );
    return;
  }
  const spaced = assignments.find(({ text: word }) => word.startsWith('='));
  if (spaced) {
    const message = 'there must be no spaces around =';
    const hint = 'write name=value; a value with spaces needs quotes: name="a b"';
    report(errorAt(wordPlace(at, spaced), 'inventory-invalid', message, hint));
    return;
  }
  const vars = new Map<string, InventoryVariable>();
  for (const word of assignments) {
    const equals = word.text.indexOf('=');
    const place = wordPlace(at, word);
    if (equals < 1) {
      const hint = 'write name=value; a value with spaces needs quotes: name="a b"';
      report(errorAt(place, 'inventory-invalid', `'${word.text}' is not a variable`, hint));
      continue;
    }
    const value = word.text.slice(equals + 1);
    vars.set(word.text.slice(0, equals), iniVariable(value, valuePlace(place, value)));
  }
  const { names, port } = readHosts(name.text, nameAt, report);
  for (const host of names) {
    const built = builder.addHost(host, group, nameAt, port);
    for (const [variable, value] of vars) built.vars.set(variable, value);
  }
}

function looksLikeYaml(text: string): boolean {
  return text === '---' || /^[\w.-]+:(?:\s|$)/.test(text);
}

function wordPlace(at: Place, { start, end }: Word): Place {
  return { ...at, start: at.start + start, end: at.start + end };
}

/** Where a word's value begins, if it stands in the file as it is; else the whole word, for quotes lie in between. */
function valuePlace(word: Place, value: string): Place {
  const written = word.source.text.slice(word.start, word.end);
  const bare = written.replace(/["']$/, '');
  return value !== '' && bare.endsWith(value)
    ? { ...word, start: word.start + bare.length - value.length, end: word.start + bare.length }
    : word;
}

function readVariableLine({ text, at }: Line, group: string, builder: InventoryBuilder): void {
  const equals = text.indexOf('=');
  if (equals < 1) {
    const colon = /^[\w.-]+:\s/.test(text);
    builder.report(
      errorAt(
        at,
        'inventory-invalid',
        `a variable belongs here, but this is not 'name=value'`,
        colon ? 'write = in place of the colon' : `or begin a section of hosts with [${group}]`,
      ),
    );
    return;
  }
  const value = text.slice(equals + 1).trim();
  const place = { ...at, start: at.end - value.length };
  builder.setGroupVariable(group, text.slice(0, equals).trim(), iniVariable(value, place));
}

function readChildLine(
  { text, at }: Line,
  group: string,
  awaited: Map<string, Awaited>,
  builder: InventoryBuilder,
): void {
  const child = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(text)?.[1];
  if (child === undefined) {
    const hint = `a group's variables stand below [${group}:vars], its hosts below [${group}]`;
    const message = 'the name of a group belongs here, and nothing else';
    builder.report(errorAt(at, 'inventory-invalid', message, hint));
    return;
  }
  const place = { ...at, end: at.start + child.length };
  const found = awaited.get(child);
  if (builder.groups.has(child)) builder.addChild(group, child, place);
  else if (found) found.parents.push({ group, at: place });
  else awaited.set(child, { at: place, kind: 'children', parents: [{ group, at: place }] });
}

function refuseUndeclared(awaited: ReadonlyMap<string, Awaited>, { groups, report }: InventoryBuilder): void {
  for (const [name, { at, kind }] of awaited) {
    const near = nearest(
      name,
      [...groups.keys()].filter((group) => group !== name),
    );
    const hint = near === undefined ? `declare it: write [${name}]` : `did you mean '${near}'?`;
    const message =
      kind === 'vars'
        ? `these are the variables of '${name}', but there is no such group`
        : `there is no group '${name}'`;
    report(errorAt(at, 'inventory-invalid', message, hint));
  }
}

/** A Python literal, or text, which may be a template. */
function iniVariable(written: string, at: Place): InventoryVariable {
  return variableOf(nodeOf(readPythonLiteral(written), at));
}

/** A value as a node, so that texts in it can be templates. Its parts have the place of the whole. */
function nodeOf(value: Value, at: Place): YamlNode {
  if (isList(value)) return { kind: 'list', at, items: value.map((item) => nodeOf(item, at)) };
  if (isMap(value)) {
    const entries = Object.entries(value).map(
      ([key, inner]) => [key, { key, keyAt: at, value: nodeOf(inner, at) }] as const,
    );
    return { kind: 'map', at, entries: new Map(entries) };
  }
  return scalarNode(typeof value === 'object' ? null : value, at);
}

function scalarNode(value: ScalarNode['value'], at: Place): ScalarNode {
  const text = typeof value === 'string' ? value : String(value ?? '');
  const isVerbatim = at.end - at.start === text.length;
  const inside = (start: number, end: number): Place =>
    isVerbatim ? { ...at, start: at.start + start, end: at.start + end } : at;
  return { kind: 'scalar', at, value, raw: false, plain: false, text: { text, at, inside } };
}
