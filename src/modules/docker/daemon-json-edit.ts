/**
 * Owns what is changed in Docker's daemon.json, and how little: settings merged in, keys and storage options taken
 * out, everything else of the user's kept to the byte. Pure.
 */
import { ZrunError } from '../../core/errors.js';
import { withGaps } from '../../core/glob.js';
import { compileRegex } from '../../core/regex.js';
import { isList, isMap, type Value, type ValueMap } from '../../core/value.js';
import { parseJson, removeIn, setIn, valueOf } from './json-text.js';

export interface DaemonJsonEdit {
  readonly settings: ValueMap;
  /** Each a key, or the path to one. */
  readonly remove: readonly (readonly string[])[];
  /** Patterns (`zfs.*`) over the entries of `storage-opts`. */
  readonly removeStorageOpts: readonly string[];
}

/** What the file says. An empty file says nothing, as to dockerd. Throws ZrunError `task-failed` with the place. */
export function readDaemonJson(text: string, name: string): ValueMap {
  if (text.trim() === '') return {};
  const node = parseJson(text, name);
  const value = valueOf(node);
  if (isMap(value)) return value;
  throw new ZrunError('task-failed', `${name} holds no JSON object, so dockerd cannot start with it`, {
    at: { source: { name, text }, start: node.start, end: node.end },
    hint: 'its content must be an object: {"key": value, …}',
  });
}

/** The file's new text; the same text where nothing is to be changed. `text` undefined: there is no file. */
export function editDaemonJson(text: string | undefined, edit: DaemonJsonEdit, name: string): string {
  const before = text ?? '';
  const isEmpty = before.trim() === '';
  const start = isEmpty ? '{}\n' : before;
  readDaemonJson(start, name);
  let edited = start;
  for (const path of edit.remove) edited = removeIn(edited, path);
  edited = removeStorageOpts(edited, edit.removeStorageOpts, name);
  edited = merge(edited, [], edit.settings, name);
  // An empty file that needs nothing is not filled with `{}`.
  return edited === start ? before : edited;
}

function removeStorageOpts(text: string, patterns: readonly string[], name: string): string {
  const options = readDaemonJson(text, name)['storage-opts'];
  if (patterns.length === 0 || !isList(options)) return text;
  const kept = options.filter(
    (option) => !patterns.some((pattern) => typeof option === 'string' && matches(option, pattern)),
  );
  if (kept.length === options.length) return text;
  return kept.length === 0 ? removeIn(text, ['storage-opts']) : setIn(text, ['storage-opts'], kept);
}

/** `*` stands for any text. The pattern is matched against the whole option, or its name before `=`. */
function matches(option: string, pattern: string): boolean {
  return compileRegex(`(?s)^${withGaps(pattern.split('*'))}(=.*)?$`).test(option.trim());
}

function merge(text: string, path: readonly string[], settings: ValueMap, name: string): string {
  let edited = text;
  for (const [key, wanted] of Object.entries(settings)) {
    const here = [...path, key];
    const present = lookUp(readDaemonJson(edited, name), here);
    if (isMap(wanted) && isMap(present)) edited = merge(edited, here, wanted, name);
    else if (!equal(present, wanted)) edited = setIn(edited, here, wanted);
  }
  return edited;
}

function lookUp(value: Value, path: readonly string[]): Value | undefined {
  let inner: Value | undefined = value;
  for (const key of path) inner = isMap(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  return inner;
}

function equal(a: Value | undefined, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i] ?? null));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key] ?? null))
  );
}
