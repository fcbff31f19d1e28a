/**
 * Owns JSON as text that is edited in place: a parser that knows where everything stands, and changes that leave every
 * other byte as it was. Pure. Stricter than JSON.parse in one thing: a key that stands twice is an error, because
 * nobody can say which one counts. jsonc-parser (3.3) is no substitute: its `modify` packs or reformats the line that it
 * changes, its parser overflows the stack on deep nesting and lets a number pass that cannot be held, and a bundle of its
 * entry file does not start. The parser is one function of 100 lines: a grammar reads best in one piece.
 */
import { ZrunError } from '../../core/errors.js';
import type { Value, ValueMap } from '../../core/value.js';

type JsonNode =
  | {
      readonly type: 'object';
      readonly start: number;
      readonly end: number;
      readonly members: readonly Member[];
    }
  | {
      readonly type: 'array';
      readonly start: number;
      readonly end: number;
      readonly items: readonly JsonNode[];
    }
  | { readonly type: 'scalar'; readonly start: number; readonly end: number; readonly value: Scalar };

type Scalar = string | number | boolean | null;

interface Member {
  readonly key: string;
  /** Offset of the key's opening quote. */
  readonly start: number;
  readonly value: JsonNode;
}

/** Docker's own decoder is Go's; nesting beyond this is no configuration. Keeps the parser's recursion bounded. */
const maximumDepth = 200;

/**
 * Parses one JSON document. `name` is what the user calls it. Throws ZrunError `task-failed` with the place as
 * `name:line:column` and the line with a caret.
 */
export function parseJson(text: string, name: string): JsonNode {
  let at = 0;
  const source = { name, text };

  function fail(message: string, start = at): never {
    throw new ZrunError('task-failed', message, { at: { source, start, end: start + 1 } });
  }
  function skipSpace(): void {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  }
  function found(): string {
    if (at >= text.length) return 'the end of the file';
    return JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
  }
  function parseString(): string {
    const start = at;
    for (at++; at < text.length; at++) {
      const char = text.charAt(at);
      if (char === '\\') at++;
      else if (char === '"') {
        at++;
        try {
          return JSON.parse(text.slice(start, at)) as string;
        } catch {
          fail('this string has an escape that JSON does not have', start);
        }
      } else if (char < ' ') fail('a string must not run over the end of its line');
    }
    return fail('this string is not closed', start);
  }
  function parseNode(depth: number): JsonNode {
    if (depth > maximumDepth) fail('this is nested too deeply');
    skipSpace();
    const start = at;
    const char = text.charAt(at);
    if (char === '{') return parseObject(depth);
    if (char === '[') return parseArray(depth);
    if (char === '"') {
      const value = parseString();
      return { type: 'scalar', start, end: at, value };
    }
    const word = /(?:true|false|null)\b|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    word.lastIndex = at;
    const match = word.exec(text);
    if (!match) return fail(`expected a value, found ${found()}`);
    const value = JSON.parse(match[0]) as Scalar;
    if (typeof value === 'number' && !Number.isFinite(value)) fail('this number is too large to be held');
    at += match[0].length;
    return { type: 'scalar', start, end: at, value };
  }
  function parseObject(depth: number): JsonNode {
    const start = at++;
    const members: Member[] = [];
    skipSpace();
    while (text.charAt(at) !== '}') {
      if (members.length > 0) {
        if (text.charAt(at) !== ',') fail(`expected ',' or '}', found ${found()}`);
        at++;
        skipSpace();
      }
      const keyStart = at;
      if (text.charAt(at) !== '"') {
        const comma = members.length > 0 && text.charAt(at) === '}';
        fail(
          comma ? `a ',' stands before the closing '}'` : `expected a key in double quotes, found ${found()}`,
        );
      }
      const key = parseString();
      if (members.some((member) => member.key === key))
        fail(`the key ${JSON.stringify(key)} stands twice`, keyStart);
      skipSpace();
      if (text.charAt(at) !== ':')
        fail(`expected ':' after the key ${JSON.stringify(key)}, found ${found()}`);
      at++;
      members.push({ key, start: keyStart, value: parseNode(depth + 1) });
      skipSpace();
    }
    at++;
    return { type: 'object', start, end: at, members };
  }
  function parseArray(depth: number): JsonNode {
    const start = at++;
    const items: JsonNode[] = [];
    skipSpace();
    while (text.charAt(at) !== ']') {
      if (items.length > 0) {
        if (text.charAt(at) !== ',') fail(`expected ',' or ']', found ${found()}`);
        at++;
      }
      items.push(parseNode(depth + 1));
      skipSpace();
    }
    at++;
    return { type: 'array', start, end: at, items };
  }

  if (text.startsWith('\uFEFF')) at++;
  const node = parseNode(0);
  skipSpace();
  if (at < text.length) fail(`expected nothing more, found ${found()}`);
  return node;
}

export function valueOf(node: JsonNode): Value {
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.items.map(valueOf);
    case 'object':
      return mapOf(node.members);
  }
}

function mapOf(members: readonly Member[]): ValueMap {
  const map: Record<string, Value> = {};
  for (const { key, value } of members)
    Object.defineProperty(map, key, {
      value: valueOf(value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return map;
}

/** What one level is indented by: taken from the first indented line, two spaces if there is none. */
function indentationOf(text: string): string {
  // Not \s: a byte order mark is white space to a regular expression, and none to JSON.
  return /^[ \t]+(?=\S)/m.exec(text)?.[0] ?? '  ';
}

/** The text with the value at a path set, objects on the way made where they are missing. `text` is an object. */
export function setIn(text: string, path: readonly string[], value: Value): string {
  let node = parseJson(text, 'JSON');
  let depth = 0;
  const indent = indentationOf(text);
  for (const [i, key] of path.entries()) {
    if (node.type !== 'object') return splice(text, node.start, node.end, render(wrap(path.slice(i), value)));
    const member: Member | undefined = node.members.find((candidate) => candidate.key === key);
    if (member === undefined)
      return insertMember(text, node, key, wrap(path.slice(i + 1), value), depth, indent);
    node = member.value;
    depth++;
  }
  return splice(text, node.start, node.end, render(value));

  function render(inner: Value): string {
    return stringify(inner, indent, depth, newlineOf(text));
  }
}

function wrap(path: readonly string[], value: Value): Value {
  return path.reduceRight<Value>((inner, key) => ({ [key]: inner }), value);
}

function insertMember(
  text: string,
  node: Extract<JsonNode, { type: 'object' }>,
  key: string,
  value: Value,
  depth: number,
  indent: string,
): string {
  const newline = newlineOf(text);
  const written = `${JSON.stringify(key)}: ${stringify(value, indent, depth + 1, newline)}`;
  const last = node.members.at(-1);
  if (last === undefined) {
    const inner = `${newline}${indent.repeat(depth + 1)}${written}${newline}${indent.repeat(depth)}`;
    return splice(text, node.start + 1, node.end - 1, inner);
  }
  const previousEnd = node.members.at(-2)?.value.end ?? node.start;
  const lead = /[ \t\r\n]*$/.exec(text.slice(previousEnd + 1, last.start))?.[0] ?? '';
  // Between the last two members stands what separates members in this file; a one-line object stays on its line.
  const gap = node.members.length > 1 ? lead : lead.includes('\n') ? lead : ' ';
  return splice(text, last.value.end, last.value.end, `,${gap}${written}`);
}

/** The text without the member at a path; unchanged if there is none. */
export function removeIn(text: string, path: readonly string[]): string {
  let node = parseJson(text, 'JSON');
  for (const [i, key] of path.entries()) {
    if (node.type !== 'object') return text;
    const index: number = node.members.findIndex((candidate) => candidate.key === key);
    const member: Member | undefined = node.members[index];
    if (member === undefined) return text;
    if (i < path.length - 1) {
      node = member.value;
      continue;
    }
    const next = node.members[index + 1];
    if (next) return splice(text, member.start, next.start, '');
    const previous = node.members[index - 1];
    return previous
      ? splice(text, previous.value.end, member.value.end, '')
      : splice(text, node.start + 1, node.end - 1, '');
  }
  return text;
}

function splice(text: string, start: number, end: number, put: string): string {
  return text.slice(0, start) + put + text.slice(end);
}

function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function stringify(value: Value, indent: string, depth: number, newline: string): string {
  return JSON.stringify(value, null, indent).replaceAll('\n', newline + indent.repeat(depth));
}
