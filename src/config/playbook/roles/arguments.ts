/**
 * Owns a role's `argument_specs`: what it says of the variables that it takes, and the task before its own ones that holds
 * them against that, as Ansible's `validate_argument_spec` does. Defaults are documentation there, and so they are here.
 */
import * as z from 'zod';
import { ZrunError, type Place } from '../../../core/errors.js';
import { defineModule, type Module } from '../../../core/module.js';
import type { Task } from '../../../core/plan.js';
import type { Scope } from '../../../core/template.js';
import { isList, isMap, type Value, type ValueMap } from '../../../core/value.js';
import { errorAt } from '../../source/findings.js';
import { firstFile } from '../../source/search.js';
import type { Site } from '../reading/site.js';
import { fullName, plainTask } from '../steps/tasks.js';
import { constant, type CompiledTemplate } from '../../template/template.js';
import { ansibleBoolean, describeNode, toValue, type MapNode, type YamlNode } from '../../yaml/yaml.js';

interface Option {
  readonly type: OptionType;
  readonly required: boolean;
  readonly choices: readonly Value[] | undefined;
  /** Of a list's items. */
  readonly elements: OptionType | undefined;
  /** Of a map, or of a list of maps. */
  readonly options: Options | undefined;
}

type Options = ReadonlyMap<string, Option>;

const types = [
  ...['str', 'path', 'raw', 'json', 'jsonarg', 'bytes', 'bits'],
  ...['int', 'float', 'bool', 'list', 'dict'],
] as const;
type OptionType = string;

/**
 * The specs of a role by the files of tasks that they are about; undefined where it has none. `inMeta`: those of its
 * meta/main.yml, which a file of their own goes before.
 */
export async function findSpecs(
  folder: string,
  at: Place,
  inMeta: YamlNode | undefined,
  { context }: Site,
): Promise<MapNode | undefined> {
  const own = await firstFile(
    ['yml', 'yaml', 'json'].map((ending) => `${folder}/meta/argument_specs.${ending}`),
  );
  const root = own === undefined ? undefined : await context.readYaml(own, at);
  const specs = root?.kind === 'map' ? root.entries.get('argument_specs')?.value : inMeta;
  if (specs === undefined || specs.kind === 'map') return specs;
  context.report(
    errorAt(specs.at, 'playbook-invalid', `argument_specs must be a map, but is ${describeNode(specs)}`),
  );
  return undefined;
}

/** The task that checks what the role is given; undefined where the spec of its file of tasks says nothing. */
export function validationTask(specs: MapNode, part: string, site: Site): Task | undefined {
  const entry = specs.entries.get(part);
  if (entry?.value.kind !== 'map') return undefined;
  const options = readOptions(entry.value.entries.get('options')?.value, site);
  if (options.size === 0) return undefined;
  const about = entry.value.entries.get('short_description')?.value;
  const said = about?.kind === 'scalar' && about.value !== null ? ` - ${about.text.text}` : '';
  for (const name of options.keys()) site.context.use.used.add(name);
  return plainTask(site, {
    name: fullName(site, `Validating arguments against arg spec '${part}'${said}`),
    at: entry.keyAt,
    module: moduleOf(options, part),
    args: givenOf(options, entry.keyAt),
    tags: [...site.tags, 'always'],
  });
}

function readOptions(node: YamlNode | undefined, site: Site): Options {
  const options = new Map<string, Option>();
  if (node?.kind !== 'map') return options;
  for (const { key, keyAt, value } of node.entries.values()) {
    if (value.kind !== 'map') {
      const message = `the option '${key}' must be a map, but is ${describeNode(value)}`;
      site.context.report(errorAt(keyAt, 'playbook-invalid', message, 'write type: and required: below it'));
      continue;
    }
    const get = (name: string): YamlNode | undefined => value.entries.get(name)?.value;
    const choices = get('choices');
    const elements = get('elements');
    const nested = get('options');
    const required = get('required');
    options.set(key, {
      type: readType(get('type'), site) ?? 'str',
      required: required?.kind === 'scalar' && required.value === true,
      choices: choices?.kind === 'list' ? choices.items.map(toValue) : undefined,
      elements: readType(elements, site),
      options: nested === undefined ? undefined : readOptions(nested, site),
    });
  }
  return options;
}

function readType(node: YamlNode | undefined, { context }: Site): OptionType | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  const { text } = node.text;
  if (types.some((type) => type === text)) return text;
  const message = `there is no type '${text}' of arguments`;
  context.report(errorAt(node.at, 'playbook-invalid', message, `there are ${types.join(', ')}`));
  return undefined;
}

/** Those of the options that are there, by their names. */
function givenOf(options: Options, at: Place): CompiledTemplate {
  const render = (scope: Scope): Value => {
    const given: Record<string, Value> = {};
    for (const name of options.keys()) {
      if (!scope.has(name)) continue;
      const value = scope.get(name);
      if (value !== undefined) given[name] = value;
    }
    return given;
  };
  return { ...constant({}, at), isConstant: false, render, renderPartial: render, renderEntry: render };
}

function moduleOf(options: Options, part: string): Module {
  return defineModule({
    name: 'validate_argument_spec',
    summary: 'Hold the variables that a role is given against what it says of them',
    params: z.object({}).catchall(z.custom<Value>()),
    returns: z.strictObject({}),
    examples: [],
    plan(_read, params) {
      const wrong = check(params, options, '');
      if (wrong.length === 0)
        return Promise.resolve({ change: 'none', reason: 'The arg spec validation passed', result: {} });
      const message = `what the role is given does not fit its argument spec '${part}': ${wrong.join('; ')}`;
      return Promise.reject(new ZrunError('task-failed', message));
    },
  });
}

/** What is wrong, each as it is said. `above`: the path to the map that is checked. */
function check(given: ValueMap, options: Options, above: string): readonly string[] {
  return [...options].flatMap(([name, option]) => {
    const path = `${above}${name}`;
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) return option.required ? [`'${path}' is missing`] : [];
    return value === null && !option.required ? [] : checkValue(value, option, path);
  });
}

function checkValue(value: Value, option: Option, path: string): readonly string[] {
  const { type, choices, elements, options } = option;
  if (!fits(value, type)) return [`'${path}' must be of type ${type}, not ${JSON.stringify(value)}`];
  const items: readonly Value[] = type === 'list' && isList(value) ? value : [value];
  const odd =
    choices && items.find((item) => !choices.some((choice) => isSame(item, choice, elements ?? type)));
  if (odd !== undefined)
    return [`'${path}' must be one of ${choices?.map(textOf).join(', ') ?? ''}, not ${textOf(odd)}`];
  const unfit = elements === undefined ? undefined : items.find((item) => !fits(item, elements));
  if (unfit !== undefined)
    return [`each item of '${path}' must be of type ${elements ?? ''}, not ${JSON.stringify(unfit)}`];
  if (!options) return [];
  return items.flatMap((item, i) => {
    const within = type === 'list' ? `${path}.${i}.` : `${path}.`;
    if (!isMap(item)) return [];
    const unknown = Object.keys(item).filter((key) => !options.has(key));
    return [...unknown.map((key) => `there is no '${within}${key}'`), ...check(item, options, within)];
  });
}

/** As ansible.module_utils.common.validation converts: a text of a number is one, and anything can be text. */
function fits(value: Value, type: OptionType): boolean {
  switch (type) {
    case 'int':
      return typeof value === 'boolean' || /^\s*[-+]?\d+\s*$/.test(textOf(value));
    case 'float':
      return typeof value === 'number' || (typeof value === 'string' && Number.isFinite(parseFloat(value)));
    case 'bool':
      return typeof value === 'boolean' || /^(?:[01tf])$/i.test(textOf(value)) || isBooleanWord(value);
    case 'list':
      return !isMap(value);
    case 'dict':
      return isMap(value) || (typeof value === 'string' && /^\s*(?:\{|[\w-]+=)/.test(value));
    case 'bytes':
    case 'bits':
      return /^\s*\d+(?:\.\d+)?\s*[KMGTPEZY]?[iI]?[bB]?\s*$/.test(textOf(value));
    default:
      return true;
  }
}

function isBooleanWord(value: Value): boolean {
  return typeof value === 'string' && ansibleBoolean(value.trim()) !== undefined;
}

function isSame(value: Value, choice: Value, type: OptionType): boolean {
  if (type === 'bool') return textOf(value) === textOf(choice) || isBooleanWord(value);
  return textOf(value) === textOf(choice);
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
