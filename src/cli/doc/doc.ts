/**
 * Owns `zrun doc`: the reference of modules, read off the modules themselves, for a terminal or as Markdown.
 */
import * as z from 'zod';
import { nearest, ZrunError } from '../../core/errors.js';
import type { Example, Module } from '../../core/module.js';
import { choosePaint, type Paint } from '../../report/style.js';
import { modules } from '../../modules/index.js';
import type { Environment } from '../environment.js';
import { exitCodes } from '../../core/exit-codes.js';

const HELP = `Usage: zrun doc [MODULE...] [--markdown]

Shows what modules there are, or what the named ones take, do and return.

Options:
  --markdown  as Markdown; without a name, the whole reference
  -h, --help  show this
`;

export function showDocumentation({ argv, stdout, env }: Environment): Promise<number> {
  const flags = argv.filter((word) => word.startsWith('-'));
  const names = argv.filter((word) => !word.startsWith('-'));
  const known = ['--markdown', '--help', '-h'];
  for (const flag of flags) {
    if (known.includes(flag)) continue;
    const near = nearest(flag, known);
    throw new ZrunError('usage', `unknown option ${flag}`, {
      hint: near === undefined ? 'zrun doc --help shows all options' : `did you mean ${near}?`,
    });
  }
  const markdown = flags.includes('--markdown');
  const found = names.map(findModule);
  if (flags.includes('--help') || flags.includes('-h')) stdout.write(HELP);
  else if (markdown) {
    stdout.write(found.length > 0 ? found.map(formatMarkdown).join('\n') : formatReference(sortedModules()));
  } else if (found.length === 0) stdout.write(formatIndex(sortedModules()));
  else {
    const paint = choosePaint(env, stdout.isTTY === true);
    stdout.write(found.map((module) => formatModule(module, paint)).join('\n'));
  }
  return Promise.resolve(exitCodes.ok);
}

function findModule(name: string): Module {
  const module = modules.get(name);
  if (module) return module;
  const near = nearest(name, modules.keys());
  throw new ZrunError('module-unknown', `there is no module '${name}'`, {
    hint: near === undefined ? 'zrun doc lists all modules' : `did you mean '${near}'?`,
  });
}

function sortedModules(): readonly Module[] {
  return [...modules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const COLUMNS = 80;

function formatIndex(all: readonly Module[]): string {
  const margin = Math.max(0, ...all.map(({ name }) => name.length)) + 2;
  const lines = all.map(({ name, summary }) => {
    const [first = '', ...rest] = wrap(summary, COLUMNS - margin);
    return [name.padEnd(margin) + first, ...rest.map((line) => ' '.repeat(margin) + line)].join('\n');
  });
  return `${lines.join('\n')}\n\nzrun doc MODULE shows what it takes, returns and does.\n`;
}

/** One field of a schema, as a person reads it. */
interface Field {
  readonly name: string;
  readonly type: string;
  /** Of a parameter: it must be given. Of a result: it is always there. */
  readonly isRequired: boolean;
  readonly defaultText: string | undefined;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly fields: readonly Field[];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function fieldsOf(schema: z.ZodType, io: 'input' | 'output'): readonly Field[] {
  return fieldsOfObject(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
}

function parametersOf({ params, aliases }: Module): readonly Field[] {
  return fieldsOf(params, 'input').map((field) => ({
    ...field,
    aliases: [...aliases].filter(([, parameter]) => parameter === field.name).map(([alias]) => alias),
  }));
}

function fieldsOfObject(schema: JsonSchema): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return [];
    return {
      name,
      type: describeType(property),
      isRequired: schema.required?.includes(name) ?? false,
      defaultText: property.default === undefined ? undefined : JSON.stringify(property.default),
      description: property.description ?? '',
      aliases: [],
      fields: fieldsOfObject(objectIn(property)),
    };
  });
}

/** The object that a property holds, itself, in a list or as one of several possibilities. */
function objectIn(property: JsonSchema): JsonSchema {
  if (property.properties) return property;
  const { items, additionalProperties: values } = property;
  for (const inner of [items, values, ...(property.anyOf ?? [])]) {
    if (typeof inner !== 'object' || Array.isArray(inner)) continue;
    const found = objectIn(inner);
    if (found.properties) return found;
  }
  return {};
}

function describeType(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => String(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((each) => describeAny(each)))].join(' | ');
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true | false';
    case 'array':
      return `list of ${Array.isArray(schema.items) ? 'anything' : describeAny(schema.items)}`;
    case 'object':
      return typeof schema.additionalProperties === 'object' && !schema.properties
        ? `map of ${describeAny(schema.additionalProperties)}`
        : 'map';
    case 'number':
    case 'null':
      return schema.type;
    case undefined:
    default:
      return 'anything';
  }
}

function describeAny(schema: JsonSchema | boolean | undefined): string {
  return typeof schema === 'object' ? describeType(schema) : 'anything';
}

const ONCE = 'on the machine that zrun runs on';

function formatModule(module: Module, paint: Paint): string {
  const heading = (text: string): string => `\n${paint('bold', text)}\n`;
  const section = (title: string, fields: readonly Field[], io: 'input' | 'output'): string =>
    fields.length === 0
      ? ''
      : heading(title) + fields.map((field) => formatField(field, io, paint, '  ')).join('');
  const title = wrap(`${module.name}: ${module.summary}`, COLUMNS).join('\n');
  return [
    `${paint('bold', module.name)}${title.slice(module.name.length)}\n`,
    module.once ? `\nRuns once for all hosts of a batch, ${ONCE}.\n` : '',
    section('Parameters', parametersOf(module), 'input'),
    module.freeForm === undefined ? '' : `\n  Short form: ${module.name}: ${upper(module.freeForm)}\n`,
    section('Returns', fieldsOf(module.returns, 'output'), 'output'),
    module.vars ? section('Variables that it gives the host', fieldsOf(module.vars, 'output'), 'output') : '',
    module.examples.length === 0 ? '' : heading('Examples'),
    module.examples.map((example) => indent(formatExample(example), '  ')).join('\n'),
  ].join('');
}

function formatField(field: Field, io: 'input' | 'output', paint: Paint, margin: string): string {
  const { name, type, isRequired, defaultText, description, aliases, fields } = field;
  const notes = [
    type,
    ...(io === 'input' && isRequired ? ['required'] : []),
    ...(io === 'output' && !isRequired ? ['not always'] : []),
    ...(defaultText === undefined ? [] : [`default ${defaultText}`]),
  ];
  const inner = `${margin}    `;
  const [head = '', ...more] = wrap(`${name} (${notes.join('; ')})`, COLUMNS - margin.length - 4);
  return [
    `${margin}${paint('green', name)}${head.slice(name.length)}\n`,
    ...more.map((line) => `${inner}${line}\n`),
    ...wrap(description, COLUMNS - inner.length).map((line) => `${inner}${line}\n`),
    ...(aliases.length === 0 ? [] : [`${inner}aliases: ${aliases.join(', ')}\n`]),
    ...fields.map((each) => formatField(each, io, paint, inner)),
  ].join('');
}

/**
 * A task as it stands in a playbook. The test's own folder becomes one that reads well; what only keeps an example from
 * being run, and a name that the title says already, are the test's too.
 */
function formatExample({ title, task }: Example): string {
  const text = task
    .trim()
    .replace(/^name: .*\n/, '')
    .replace(/\nwhen: false$/, '')
    .replaceAll('{{tmp}}', '/srv');
  return `- name: ${yamlText(title)}\n${indent(text, '  ')}\n`;
}

function yamlText(text: string): string {
  return /^[\w(][^#:'"{}[\]]*$/.test(text) ? text : JSON.stringify(text);
}

function indent(text: string, margin: string): string {
  return text.replace(/^(?=.)/gm, margin);
}

function upper(name: string): string {
  return name.toUpperCase();
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** All modules, with a list of them to begin with. */
function formatReference(all: readonly Module[]): string {
  const list = all.map(({ name, summary }) => `- [${name}](#${name}): ${summary}\n`).join('');
  return `# Modules\n\n${list}\n${all.map(formatMarkdown).join('\n')}`;
}

function formatMarkdown(module: Module): string {
  const params = parametersOf(module);
  const returns = fieldsOf(module.returns, 'output');
  const vars = module.vars ? fieldsOf(module.vars, 'output') : [];
  return [
    `## ${module.name}\n\n${module.summary}.\n`,
    module.once ? `\nRuns once for all hosts of a batch, ${ONCE}.\n` : '',
    params.length === 0
      ? ''
      : `\n| Parameter | Type | Default | Meaning |\n| --- | --- | --- | --- |\n${rows(params, (field) => [
          `\`${field.name}\``,
          field.type,
          field.isRequired ? '*required*' : field.defaultText === undefined ? '' : `\`${field.defaultText}\``,
          field.aliases.length === 0
            ? field.description
            : `${field.description} (aliases: ${field.aliases.map((alias) => `\`${alias}\``).join(', ')})`,
        ])}`,
    module.freeForm === undefined ? '' : `\nShort form: \`${module.name}: ${upper(module.freeForm)}\`\n`,
    valueTable('Returns', returns),
    valueTable('Variable', vars),
    module.examples.length === 0
      ? ''
      : `\n\`\`\`yaml\n${module.examples.map(formatExample).join('\n')}\`\`\`\n`,
  ].join('');
}

function valueTable(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return '';
  const cells = (field: Field): string[] => [`\`${field.name}\``, field.type, field.description];
  return `\n| ${title} | Type | Meaning |\n| --- | --- | --- |\n${rows(fields, cells)}`;
}

/** A row for each field, and for what it holds under its full name. */
function rows(fields: readonly Field[], cells: (field: Field) => readonly string[]): string {
  return fields
    .map((field) => {
      const row = cells(field).map(markdownCell);
      const below = field.fields.map((inner) => ({ ...inner, name: `${field.name}.${inner.name}` }));
      return `| ${row.join(' | ')} |\n${rows(below, cells)}`;
    })
    .join('');
}

/** A text in a table: no bar ends a cell, and no word in angle brackets passes for HTML, but for what stands in backticks. */
function markdownCell(text: string): string {
  const safe = text.split('`').map((part, i) => (i % 2 === 0 ? part.replaceAll('<', '&lt;') : part));
  return safe.join('`').replaceAll('|', '\\|').replaceAll('\n', ' ');
}
