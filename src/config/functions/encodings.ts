/** Owns the functions that write values in another form, and read them back: base64, JSON, YAML, hashes. */
import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import type { Value } from '../../core/value.js';
import { checkLength, demandKnown, FunctionError, toInt, toText, type FunctionEntry } from './function.js';

const topic = 'encodings';

/** UTF-16 units. YAML's parser takes long for what is long and strange. */
const longestYaml = 1024 * 1024;

const algorithms = ['sha256', 'sha512', 'sha1', 'md5'] as const;

export const encodingFunctions: readonly FunctionEntry[] = [
  {
    name: 'base64.encode',
    topic,
    summary: 'a text in base64',
    signatures: ['base64.encode(text: string): string', 'base64.encode(bytes: bytes): string'],
    examples: [
      { text: 'base64.encode("héllo")', gives: 'aMOpbGxv' },
      { text: '{{base64.encode "a"}}', gives: 'YQ==' },
    ],
    filters: ['b64encode'],
    apply(text) {
      const bytes = Buffer.from(toText(text));
      checkLength(bytes.length * 2);
      return bytes.toString('base64');
    },
  },
  {
    name: 'base64.decode',
    topic,
    summary: 'the text that stands in base64',
    signatures: ['base64.decode(text: string): string'],
    examples: [{ text: 'base64.decode("aMOpbGxv")', gives: 'héllo' }],
    filters: ['b64decode'],
    apply(value) {
      const text = toText(value).replace(/\s+/g, '');
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
        throw new FunctionError('is not base64');
      const bytes = Buffer.from(text, 'base64');
      const decoded = bytes.toString('utf8');
      if (!Buffer.from(decoded).equals(bytes))
        throw new FunctionError('holds bytes that are no text in UTF-8');
      return decoded;
    },
  },
  {
    name: 'hash',
    topic,
    summary: 'the hash of a text in hex: sha256, or the one that is named (sha512, sha1, md5)',
    signatures: ['hash(text: string): string', 'hash(text: string, algorithm: string): string'],
    examples: [
      { text: 'hash("a").substring(0, 12)', gives: 'ca978112ca1b' },
      { text: 'hash("a", "md5")', gives: '0cc175b9c0f1b6a831c399e269772661' },
    ],
    filters: ['hash', 'sha1', 'md5', 'checksum'],
    precheck: (_text, algorithm) => void algorithmOf(algorithm),
    apply: (text, algorithm) => createHash(algorithmOf(algorithm)).update(toText(text)).digest('hex'),
  },
  {
    name: 'json.encode',
    topic,
    summary: 'a value as JSON; with a number, indented by so many blanks',
    signatures: ['json.encode(value: dyn): string', 'json.encode(value: dyn, indent: int): string'],
    examples: [
      { text: 'json.encode({"a": [1, null]})', gives: '{"a":[1,null]}' },
      { text: '{{json (split "a,b" ",")}}', gives: '["a","b"]' },
    ],
    helpers: ['json', 'json.encode'],
    filters: ['to_json', 'tojson', 'to_nice_json'],
    apply(value, indent) {
      const made = JSON.stringify(value ?? null, null, indent === undefined ? undefined : toInt(indent));
      checkLength(made.length);
      return made;
    },
  },
  {
    name: 'json.decode',
    topic,
    summary: 'the value that stands in a text as JSON',
    signatures: ['json.decode(text: string): dyn'],
    examples: [{ text: 'json.decode("{\\"a\\": [1]}").a', gives: [1] }],
    filters: ['from_json', 'fromjson'],
    apply(text) {
      try {
        return checked(JSON.parse(toText(text)) as Value);
      } catch (error) {
        if (error instanceof SyntaxError) throw new FunctionError(`is not JSON: ${firstLine(error.message)}`);
        throw error;
      }
    },
  },
  {
    name: 'yaml.encode',
    topic,
    summary: 'a value as YAML',
    signatures: ['yaml.encode(value: dyn): string'],
    examples: [
      { text: 'yaml.encode({"a": [1, "no"]})', gives: 'a:\n  - 1\n  - "no"\n' },
      { text: '{{yaml (split "a,b" ",")}}', gives: '- a\n- b\n' },
    ],
    helpers: ['yaml', 'yaml.encode'],
    filters: ['to_yaml', 'to_nice_yaml'],
    apply(value) {
      const made = stringify(value ?? null, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
      checkLength(made.length);
      return made;
    },
  },
  {
    name: 'yaml.decode',
    topic,
    summary: 'the value that stands in a text as YAML',
    signatures: ['yaml.decode(text: string): dyn'],
    examples: [{ text: 'yaml.decode("a: [1, x]").a', gives: [1, 'x'] }],
    filters: ['from_yaml'],
    apply(value) {
      const text = toText(value);
      if (text.length > longestYaml)
        throw new FunctionError(`has ${text.length} characters, and ${longestYaml} is the most of YAML`);
      try {
        return checked(toValue(parse(text, { logLevel: 'error', maxAliasCount: 100 })));
      } catch (error) {
        if (error instanceof FunctionError) throw error;
        const said = error instanceof Error ? error.message : String(error);
        throw new FunctionError(`is not YAML: ${firstLine(said)}`);
      }
    },
  },
];

function algorithmOf(value: Value | undefined): (typeof algorithms)[number] {
  const wanted = value === undefined ? 'sha256' : toText(value);
  const known = algorithms.find((each) => each === wanted);
  if (known !== undefined) return known;
  throw new FunctionError(`there is no hash '${wanted}'`, `there are ${algorithms.join(', ')}`);
}

function checked(value: Value): Value {
  demandKnown(value);
  return value;
}

/** What JSON can say of what YAML can: dates and the like are texts. */
function toValue(parsed: unknown): Value {
  if (typeof parsed === 'string' || typeof parsed === 'number' || typeof parsed === 'boolean') return parsed;
  if (typeof parsed === 'bigint')
    return Number.isSafeInteger(Number(parsed)) ? Number(parsed) : String(parsed);
  if (parsed === null || typeof parsed !== 'object') return null;
  if (Array.isArray(parsed)) return parsed.map(toValue);
  if (parsed instanceof Date) return parsed.toISOString();
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, toValue(value)]));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
