/**
 * Owns the values of INI inventories: Ansible reads them as Python literals, and as text where they are none.
 */
import type { Value } from '../../core/value.js';

/**
 * `1`, `0x1f`, `1.5`, `True`, `None`, `'text'`, `[1, 'a']`, `{'a': 1}`, `(1, 2)`; anything else is itself, as text.
 * Numbers that JavaScript cannot hold exactly stay text too. Source: Python's ast.literal_eval.
 */
export function readPythonLiteral(written: string): Value {
  if (!/^[ \t]*[-+0-9.'"([{bBuUrRTFN#]/.test(written)) return written;
  const reader: Reader = { text: written, position: 0, depth: 0 };
  try {
    const value = readValue(reader, true);
    skipSpace(reader);
    return reader.position === written.length ? value : written;
  } catch (error) {
    if (error instanceof NoLiteral) return written;
    throw error;
  }
}

interface Reader {
  readonly text: string;
  position: number;
  depth: number;
}

class NoLiteral extends Error {}

/** Thrown for most texts: one for all, for making each a stack of its own takes longer than the reading. */
const noLiteral = new NoLiteral();

/** Deeper than any line that a person wrote. */
const maxDepth = 100;

function skipSpace(reader: Reader): void {
  const space = /[ \t\f\r\n]*(?:#.*)?/y;
  space.lastIndex = reader.position;
  reader.position += space.exec(reader.text)?.[0].length ?? 0;
}

/** `form` is sticky. */
function take(reader: Reader, form: RegExp): RegExpExecArray | undefined {
  form.lastIndex = reader.position;
  const match = form.exec(reader.text);
  if (!match) return undefined;
  reader.position += match[0].length;
  return match;
}

/** `isTop`: commas make a tuple without parentheses. */
function readValue(reader: Reader, isTop = false): Value {
  const first = readOne(reader);
  if (!isTop) return first;
  skipSpace(reader);
  if (reader.text[reader.position] !== ',') return first;
  const items = [first];
  while (take(reader, /,/y)) {
    skipSpace(reader);
    if (reader.position === reader.text.length) break;
    items.push(readOne(reader));
    skipSpace(reader);
  }
  return items;
}

function readOne(reader: Reader): Value {
  skipSpace(reader);
  const character = reader.text[reader.position] ?? '';
  if (character === '[') return readItems(reader, ']');
  if (character === '(') return readTuple(reader);
  if (character === '{') return readBraces(reader);
  if (/['"bBuUrRfF]/.test(character)) {
    const text = readStrings(reader);
    if (text !== undefined) return text;
  }
  const word = take(reader, /(?:True|False|None)(?![\w])/y)?.[0];
  if (word !== undefined) return word === 'None' ? null : word === 'True';
  return readNumber(reader);
}

function enter(reader: Reader): void {
  reader.position += 1;
  reader.depth += 1;
  if (reader.depth > maxDepth) throw noLiteral;
}

function readItems(reader: Reader, close: string): Value[] {
  enter(reader);
  const items: Value[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.position] === close) break;
    items.push(readValue(reader));
    skipSpace(reader);
    if (!take(reader, /,/y)) break;
  }
  leave(reader, close);
  return items;
}

function leave(reader: Reader, close: string): void {
  skipSpace(reader);
  if (reader.text[reader.position] !== close) throw noLiteral;
  reader.position += 1;
  reader.depth -= 1;
}

/** `(1)` is 1; `(1,)` and `()` are tuples, which JSON has as lists. */
function readTuple(reader: Reader): Value {
  const start = reader.position;
  const items = readItems(reader, ')');
  const [only] = items;
  const isTuple = items.length !== 1 || /,\s*\)$/.test(reader.text.slice(start, reader.position));
  return isTuple ? items : (only ?? null);
}

/** A dict, or a set, which becomes a list: JSON has none. */
function readBraces(reader: Reader): Value {
  enter(reader);
  const entries: [string, Value][] = [];
  const items: Value[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.position] === '}') break;
    const key = readValue(reader);
    skipSpace(reader);
    if (take(reader, /:/y)) entries.push([keyText(key), readValue(reader)]);
    else items.push(key);
    skipSpace(reader);
    if (!take(reader, /,/y)) break;
  }
  leave(reader, '}');
  if (items.length > 0 && entries.length > 0) throw noLiteral;
  return items.length > 0 ? items : Object.fromEntries(entries);
}

/** As Python's json.dumps writes keys. */
function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null || typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw noLiteral;
}

/** One string, or several in a row, which Python joins. */
function readStrings(reader: Reader): string | undefined {
  let text: string | undefined;
  for (;;) {
    skipSpace(reader);
    const opening = take(reader, /([bBuUrR]{0,2})('''|"""|'|")/y);
    if (!opening) return text;
    const [, prefix = '', quote = ''] = opening;
    text = (text ?? '') + readString(reader, quote, /r/i.test(prefix));
  }
}

function readString(reader: Reader, quote: string, isRaw: boolean): string {
  let text = '';
  for (;;) {
    const { position } = reader;
    if (reader.text.startsWith(quote, position)) {
      reader.position += quote.length;
      return text;
    }
    const character = reader.text[position];
    if (character === undefined || (character === '\n' && quote.length === 1)) throw noLiteral;
    if (character !== '\\') {
      text += character;
      reader.position += 1;
    } else if (isRaw) {
      text += reader.text.slice(position, position + 2);
      reader.position += 2;
    } else text += readEscape(reader);
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function readEscape(reader: Reader): string {
  const octal = take(reader, /\\([0-7]{1,3})/y)?.[1];
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const code = take(reader, /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y);
  if (code) {
    const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16);
    if (point > 0x10ffff) throw noLiteral;
    return String.fromCodePoint(point);
  }
  const letter = reader.text[reader.position + 1];
  if (letter === undefined || /[xuUN]/.test(letter)) throw noLiteral;
  reader.position += 2;
  return escapes[letter] ?? `\\${letter}`;
}

function readNumber(reader: Reader): number {
  // Python's literals have one sign at most.
  const sign = take(reader, /[-+]?[ \t]*/y)?.[0] ?? '';
  const based = take(reader, /0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)(?![\w.])/y)?.[0];
  const decimal =
    based ??
    take(
      reader,
      /(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.)(?:[eE][-+]?\d(?:_?\d)*)?(?![\w.])|\d(?:_?\d)*[eE][-+]?\d(?:_?\d)*(?![\w.])|(?:0(?:_?0)*|[1-9](?:_?\d)*)(?![\w.])/y,
    )?.[0];
  if (decimal === undefined) throw noLiteral;
  const value = Number(decimal.replaceAll('_', ''));
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (!isExact) throw noLiteral;
  return sign.startsWith('-') ? 0 - value : value;
}
