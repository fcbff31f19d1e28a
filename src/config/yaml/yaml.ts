/**
 * Owns how YAML becomes positioned nodes: every key, value and item knows its place. YAML 1.2 core schema, with the
 * booleans and numbers of YAML 1.1, which Ansible has. Knows nothing of playbooks or inventories, but refuses what YAML reads
 * differently from how users of Ansible mean it.
 */
import {
  isAlias,
  isMap as isYamlMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { hideText, lineAndColumn, type Place, type Source } from '../../core/errors.js';
import { isSecretSource, keepSecret, passwordNames } from '../../core/secret.js';
import type { Value } from '../../core/value.js';
import { noKeys, type Keyring } from '../../secrets/keyring.js';
import { errorAt, type Report } from '../source/findings.js';
import { bareTemplateError, deepest, syntaxError, depthError } from './errors.js';
import { readPlain } from './plain.js';
import { alignScalar } from './scalar-offsets.js';
import { readYaml11 } from './yaml-1.1.js';
import type { PositionedText } from '../source/source.js';

export type YamlNode = ScalarNode | MapNode | ListNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Place;
  readonly value: string | number | boolean | null;
  /** Tagged `!raw`: never a template. */
  readonly raw: boolean;
  /** Tagged `!cel`: all of it is one expression. */
  readonly cel?: true;
  /** Tagged `!vault` or `!age`: the value is the encrypted text, what it stands for is opened when it is used. */
  readonly sealed?: SealedText;
  /** Written without quotes, on its own: `yes` may stand for a boolean. */
  readonly plain: boolean;
  /** The value as text, with its places; for numbers and booleans as written. */
  readonly text: PositionedText;
}

export interface MapNode {
  readonly kind: 'map';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: YamlNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: Place;
  /** Tagged `!rules`: what those of its items say whose conditions hold. */
  readonly rules?: true;
  readonly items: readonly YamlNode[];
}

interface SealedText {
  readonly tag: 'vault' | 'age';
  /** The text in clear, which is a secret from then on. Throws ZrunError `decrypt-failed` at its place. */
  open(): string;
}

export interface YamlOptions {
  /**
   * Reads a file as Ansible reads an inventory, so that people can bring theirs: scalars are those of YAML 1.1 (`yes`,
   * `0644`), and of two equal keys the last one counts, which is warned of.
   */
  readonly inventory?: { readonly warn: Report } | undefined;
  /** What opens single values: it is ready for this text (`prepare`). */
  readonly keys?: Keyring | undefined;
}

/** More nodes than a file of this many characters honestly has; aliases of aliases reach it quickly. */
function maxNodesOf({ text }: Source): number {
  return Math.max(100_000, text.length);
}

/**
 * Reads one YAML document. What is wrong is reported; undefined where nothing of use is left, an empty scalar for an
 * empty file.
 */
export function parseYaml(source: Source, report: Report, options: YamlOptions = {}): YamlNode | undefined {
  const document = parseDocumentOf(source, report);
  if (!document) return undefined;
  const [first] = [...document.errors].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first) {
    report(syntaxError(source, first));
    return undefined;
  }
  const reader = new Reader(source, document, report, options);
  if (!document.contents) return emptyScalar(source, source.text.length);
  const root = reader.read(document.contents);
  if (isSecretSource(source)) keepValues(root);
  return root;
}

/** Of a text with templates, what stands between them: what they become is another value's affair. */
function keepValues(node: YamlNode): void {
  if (node.kind === 'list') node.items.forEach(keepValues);
  else if (node.kind === 'map') for (const { value } of node.entries.values()) keepValues(value);
  else if (node.sealed) return;
  else if (typeof node.value === 'string') node.value.split(/\{\{[\s\S]*?\}\}/).forEach(keepSecret);
  else if (typeof node.value === 'number') keepSecret(node.text.text);
}

/** Undefined where it is nested too deeply for the package's parser, which is reported. */
function parseDocumentOf(source: Source, report: Report): Document.Parsed | undefined {
  try {
    return parseDocument(source.text, {
      prettyErrors: false,
      uniqueKeys: false,
      version: '1.2',
      logLevel: 'error',
    });
  } catch (error) {
    // The parser calls itself for each level, and knows no limit but the stack.
    if (!(error instanceof RangeError)) throw error;
    report(depthError(deepestLine(source)));
    return undefined;
  }
}

/** The line with the most that opens a level. */
function deepestLine(source: Source): Place {
  let found = { source, start: 0, end: 0 };
  let most = -1;
  for (const line of source.text.matchAll(/[^\n]+/g)) {
    const levels = (line[0].match(/[[{]|[-?:] |^ +/g) ?? []).join('').length;
    if (levels <= most) continue;
    most = levels;
    const start = line.index + (/\S/.exec(line[0])?.index ?? 0);
    found = { source, start, end: line.index + line[0].length };
  }
  return found;
}

/** Ansible's booleans: YAML 1.1's words, written plainly, where a boolean is expected. Undefined: it is none. */
export function readBoolean(node: YamlNode): boolean | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'boolean') return node.value;
  if (typeof node.value !== 'string' || !node.plain) return undefined;
  return ansibleBoolean(node.value);
}

/** What YAML 1.1, and so Ansible, takes for a boolean. */
export function ansibleBoolean(text: string): boolean | undefined {
  if (/^(?:y|yes|on|true)$/i.test(text)) return true;
  if (/^(?:n|no|off|false)$/i.test(text)) return false;
  return undefined;
}

/** A node's plain value, templates left as text. */
export function toValue(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toValue);
  const entries = [...node.entries.values()].map(({ key, value }) => [key, toValue(value)] as const);
  return Object.fromEntries(entries);
}

/** What a node is called in an error: `a list`. */
export function describeNode(node: YamlNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a map' : 'a list';
  if (node.value === null) return 'empty';
  if (typeof node.value === 'string') return 'text';
  return typeof node.value === 'number' ? 'a number' : 'a boolean';
}

/** Of `no_log`: whatever it is but a plain no. */
function mayHide(entry: MapEntry | undefined): boolean {
  return entry !== undefined && readBoolean(entry.value) !== false;
}

type Anchored = Scalar | YAMLMap | YAMLSeq;

/** What each alias stands for: the last node before it that has its anchor. */
function findTargets(document: Document.Parsed): ReadonlyMap<Alias, Anchored> {
  const anchored = new Map<string, Anchored>();
  const targets = new Map<Alias, Anchored>();
  visit(document, {
    Alias(_key, alias) {
      const target = anchored.get(alias.source);
      if (target) targets.set(alias, target);
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
    },
  });
  return targets;
}

type ParsedNode = Alias | Scalar | YAMLMap | { readonly items: readonly unknown[] };

/** Walks a parsed document once. A class, because the count of nodes and the open anchors belong to one walk. */
class Reader {
  private nodes = 0;
  private depth = 0;
  /** Inside a list or map that is `!unsafe` as a whole. */
  private unsafe = 0;
  private readonly maxNodes: number;
  private readonly open = new Set<unknown>();
  private targets: ReadonlyMap<Alias, Anchored> | undefined;

  constructor(
    private readonly source: Source,
    private readonly document: Document.Parsed,
    private readonly report: Report,
    private readonly options: YamlOptions,
  ) {
    this.maxNodes = maxNodesOf(source);
  }

  read(node: unknown): YamlNode {
    this.nodes += 1;
    if (this.nodes > this.maxNodes) {
      throw errorAt(
        this.place(node),
        'yaml-syntax',
        `aliases make this file larger than ${this.maxNodes} nodes`,
        'write out what is needed, or use fewer aliases of aliases',
      );
    }
    if (isAlias(node)) return this.readAlias(node);
    if (isScalar(node)) return this.readScalar(node);
    if (!isYamlMap(node) && !isSeq(node)) return emptyScalar(this.source, 0);
    this.open.add(node);
    const isUnsafe = this.options.inventory !== undefined && node.tag === '!unsafe';
    const isRules = isSeq(node) && node.tag === '!rules';
    if (!isUnsafe && !isRules && !this.isKnownTag(node.tag)) this.refuseTag(node.tag ?? '', this.place(node));
    this.unsafe += isUnsafe ? 1 : 0;
    this.depth += 1;
    if (this.depth > deepest) throw depthError(this.place(node));
    const read = isYamlMap(node) ? this.readMap(node) : this.readList(node.items, this.place(node));
    this.open.delete(node);
    this.depth -= 1;
    this.unsafe -= isUnsafe ? 1 : 0;
    return isRules && read.kind === 'list' ? { ...read, rules: true } : read;
  }

  private readList(items: readonly unknown[], at: Place): ListNode {
    return { kind: 'list', at, items: items.map((item) => this.read(item)) };
  }

  private readAlias(node: Alias): YamlNode {
    const target = this.resolve(node);
    if (!target) {
      this.report(errorAt(this.place(node), 'yaml-syntax', `no anchor '&${node.source}' stands before this`));
      return emptyScalar(this.source, this.place(node).start);
    }
    if (this.open.has(target)) {
      this.report(errorAt(this.place(node), 'yaml-syntax', `'*${node.source}' contains itself`));
      return emptyScalar(this.source, this.place(node).start);
    }
    return this.read(target);
  }

  /** All aliases at once: the package searches the whole document for the anchor of each. */
  private resolve(node: Alias): Anchored | undefined {
    this.targets ??= findTargets(this.document);
    return this.targets.get(node);
  }

  private readScalar(node: Scalar): ScalarNode {
    const at = this.place(node);
    const written = node.source ?? '';
    const sealed = /^!(vault|age)(?:-encrypted)?$/.exec(node.tag ?? '')?.[1];
    if (sealed === 'vault' || sealed === 'age') return this.readSealed(written, sealed, at);
    if (node.tag === '!cel')
      return {
        kind: 'scalar',
        at,
        value: written,
        raw: false,
        cel: true,
        plain: false,
        text: alignScalar(written, at),
      };
    const tagged = node.tag === '!raw' || node.tag === '!unsafe';
    if (!tagged && !this.isKnownTag(node.tag)) return this.refuseTag(node.tag ?? '', at);
    const plain = node.type === 'PLAIN' && node.tag === undefined;
    let value = tagged ? written : scalarValue(node.value);
    if (plain)
      value = this.options.inventory ? readYaml11(written) : readPlain(written, value, at, this.report);
    const raw = tagged || (this.unsafe > 0 && typeof value === 'string');
    const text = typeof value === 'string' ? value : written;
    return { kind: 'scalar', at, value, raw, plain, text: alignScalar(text, at) };
  }

  private readSealed(written: string, tag: SealedText['tag'], at: Place): ScalarNode {
    const { keys = noKeys } = this.options;
    let text: string | undefined;
    const open = (): string => {
      if (text !== undefined) return text;
      text = keys.open(written, at).content.toString('utf8');
      keepSecret(text);
      return text;
    };
    return { ...plainText(written, at), sealed: { tag, open } };
  }

  private readMap(node: YAMLMap): YamlNode {
    const at = this.place(node);
    if (node.flow && isTemplateBraces(node)) return this.refuseBareTemplate(at);
    const entries = new Map<string, MapEntry>();
    const merged: MapNode[] = [];
    for (const pair of node.items) this.readPair(pair, entries, merged);
    if (mayHide(entries.get('no_log'))) hideText(at);
    if (merged.length === 0) return { kind: 'map', at, entries };
    // Of several the first wins, and the map's own keys over all; they stand in PyYAML's order.
    const layers = [...merged.reverse().map((map) => map.entries), entries];
    return { kind: 'map', at, entries: new Map(layers.flatMap((layer) => [...layer])) };
  }

  private readPair(pair: Pair, entries: Map<string, MapEntry>, merged: MapNode[]): void {
    if (!isScalar(pair.key)) {
      const at = this.place(pair.key);
      const isBraces = isYamlMap(pair.key) && pair.key.flow === true;
      this.report(isBraces ? bareTemplateError(at) : errorAt(at, 'yaml-syntax', 'a key must be plain text'));
      return;
    }
    const keyAt = this.place(pair.key);
    const key = typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? '');
    const value = pair.value === null ? emptyScalar(this.source, keyAt.end) : this.read(pair.value);
    if (key === '<<' && pair.key.type === 'PLAIN') {
      this.readMerge(value, merged);
      return;
    }
    const earlier = entries.get(key);
    if (earlier) {
      const { line } = lineAndColumn(earlier.keyAt);
      const message = `the key '${key}' stands twice in this map`;
      const { inventory } = this.options;
      const hint = `the first one is in line ${line}`;
      if (!inventory) {
        this.report(errorAt(keyAt, 'yaml-syntax', message, hint));
        return;
      }
      inventory.warn(errorAt(keyAt, 'yaml-syntax', `${message}; only the last one counts`, hint));
    }
    if (passwordNames.has(key)) keepValues(value);
    entries.set(key, { key, keyAt, value });
  }

  /** `<<: *defaults`, or a list of them: what is not given here. */
  private readMerge(value: YamlNode, merged: MapNode[]): void {
    for (const map of value.kind === 'list' ? value.items : [value]) {
      if (map.kind === 'map') merged.push(map);
      else this.report(errorAt(map.at, 'yaml-syntax', `'<<' merges maps, but this is ${describeNode(map)}`));
    }
  }

  private refuseBareTemplate(at: Place): ScalarNode {
    this.report(bareTemplateError(at));
    return { ...plainText(at.source.text.slice(at.start, at.end), at), value: null };
  }

  private isKnownTag(tag: string | undefined): boolean {
    return tag === undefined || /^(?:tag:yaml\.org,2002:|!!)(?:str|int|float|bool|null|map|seq)$/.test(tag);
  }

  /** Gives the text as it is written: more often than not, the tag is the beginning of a condition. */
  private refuseTag(resolved: string, at: Place): ScalarNode {
    const tag = resolved.replace(/^tag:yaml\.org,2002:/, '!!');
    const found = this.source.text.lastIndexOf(tag, at.start);
    const start = found < 0 ? at.start : found;
    const end = found < 0 ? at.end : found + tag.length;
    const written = this.source.text.slice(start, Math.max(at.end, end)).trimEnd();
    const isCondition = tag.includes('(') || written === tag || /[!=<>&|?]|\bin\b/.test(written.slice(1));
    const quoted = written.includes('"') ? `'${written.replaceAll("'", "''")}'` : `"${written}"`;
    const whole = { ...at, start, end: start + written.length };
    let hint =
      'there are !raw (a text that is never a template), !cel (one expression), !rules (a list of conditions and texts), !vault and !age (encrypted texts)';
    if (isCondition && !written.includes('\n'))
      hint = `a text that begins with ! must be in quotes: write ${quoted}`;
    const message = `the tag ${tag} is not one that zrun knows`;
    this.report(errorAt({ ...whole, end }, 'yaml-syntax', message, hint));
    return plainText(written, whole);
  }

  private place(node: unknown): Place {
    const range = (node as ParsedNode & { range?: readonly [number, number, number] | null }).range;
    const start = range?.[0] ?? 0;
    return { source: this.source, start, end: Math.max(start, range?.[1] ?? start) };
  }
}

function scalarValue(value: unknown): ScalarNode['value'] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'bigint' ? String(value) : null;
}

/** Text that is never a template. */
function plainText(text: string, at: Place): ScalarNode {
  return { kind: 'scalar', at, value: text, raw: true, plain: false, text: alignScalar(text, at) };
}

function emptyScalar(source: Source, offset: number): ScalarNode {
  const at = { source, start: offset, end: offset };
  return { kind: 'scalar', at, value: null, raw: false, plain: true, text: alignScalar('', at) };
}

/** `{{ x }}` is, to YAML, a map whose only key is the map `{x: null}`. */
function isTemplateBraces(node: YAMLMap): boolean {
  const [only] = node.items;
  return node.items.length === 1 && only !== undefined && isYamlMap(only.key) && only.key.flow === true;
}
