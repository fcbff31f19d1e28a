/**
 * Owns how the options of the language's own actions are read (`include_tasks: {file: …}`): their names and forms.
 */
import { nearest } from '../../../core/errors.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from './site.js';
import { describeNode, type MapEntry } from '../../yaml/yaml.js';

interface OptionForms {
  /** The first of them is needed, by its own name or one of `aliases`. */
  readonly names: readonly [string, ...string[]];
  readonly aliases?: Readonly<Record<string, string>>;
  /** The option that a plain text gives. */
  readonly freeForm?: string;
}

/** The options by their names, `args:` put in; undefined where the needed one is missing, which is reported. */
export function readOptions(
  entry: MapEntry,
  args: MapEntry | undefined,
  { read, context }: Site,
  { names, aliases = {}, freeForm }: OptionForms,
): ReadonlyMap<string, MapEntry> | undefined {
  const { report } = context;
  const { key, keyAt, value } = entry;
  const options = new Map<string, MapEntry>();
  const [needed] = names;
  if (value.kind === 'scalar' && value.value !== null && freeForm !== undefined) {
    const pairs = /(?:^|\s)([a-z_]+)=\S/.exec(value.text.text);
    if (pairs) {
      const message = `the options of '${key}' are written as name=value, which zrun does not read`;
      report(errorAt(value.at, 'playbook-invalid', message, `write them as a map below '${key}:'`));
      return undefined;
    }
    // A folded text (`include_tasks: >`) ends with a newline that is not meant.
    const text = { ...value.text, text: value.text.text.trimEnd() };
    const trimmed = typeof value.value === 'string' ? { ...value, value: text.text, text } : value;
    options.set(freeForm, { ...entry, key, value: trimmed });
  } else if (value.kind !== 'map' && !(value.kind === 'scalar' && value.value === null)) {
    const hint = `write '${needed}: …' below it`;
    const message = `the options of '${key}' must be a map, but are ${describeNode(value)}`;
    report(errorAt(value.at, 'playbook-invalid', message, hint));
    return undefined;
  }
  const own = value.kind === 'map' ? [...value.entries.values()] : [];
  const more = args && read.map(args);
  for (const option of [...own, ...(more?.entries.values() ?? [])]) {
    const name = Object.hasOwn(aliases, option.key) ? (aliases[option.key] ?? option.key) : option.key;
    if (names.includes(name)) {
      options.set(name, option);
      continue;
    }
    const near = nearest(name, names);
    const hint = near === undefined ? `it has ${names.join(', ')}` : `did you mean '${near}'?`;
    report(errorAt(option.keyAt, 'playbook-invalid', `'${key}' has no option '${name}'`, hint));
  }
  const found = options.get(needed);
  if (found?.value.kind === 'scalar' && found.value.value !== null) return options;
  const at = found ? found.value.at : keyAt;
  const message = found
    ? `'${needed}' must be text, but is ${describeNode(found.value)}`
    : `'${key}' needs '${needed}'`;
  report(errorAt(at, 'playbook-invalid', message, found ? undefined : `write '${needed}: …' below it`));
  return undefined;
}
