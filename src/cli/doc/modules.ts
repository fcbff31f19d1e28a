/**
 * Owns the reference of modules, read off the modules themselves, for a terminal or as Markdown.
 */
import type { Example, Module } from '../../core/module.js';
import { modules } from '../../modules/index.js';
import type { Paint } from '../../report/style.js';
import { fieldsOf, type Field } from './fields.js';
import { COLUMNS, formatList, indent, markdownCell, wrap } from './layout.js';

export function sortedModules(): readonly Module[] {
  return [...modules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function formatIndex(all: readonly Module[]): string {
  const lines = formatList(all.map(({ name, summary }) => [name, summary]));
  return `${lines}\nzrun doc MODULE shows what it takes, returns and does. There is more to look up:\nzrun doc helpers, functions, keywords, facts, errors; zrun doc --search WORD.\n`;
}

function parametersOf({ params, aliases }: Module): readonly Field[] {
  return fieldsOf(params, 'input').map((field) => ({
    ...field,
    aliases: [...aliases].filter(([, parameter]) => parameter === field.name).map(([alias]) => alias),
  }));
}

const ONCE = 'on the machine that zrun runs on';

export function formatModule(module: Module, paint: Paint): string {
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

/** One of a module's parameters; undefined if it has none of that name. */
export function formatParameter(module: Module, name: string, paint: Paint): string | undefined {
  const field = parametersOf(module).find((each) => each.name === name || each.aliases.includes(name));
  return field && `${paint('bold', module.name)}: ${formatField(field, 'input', paint, '').trimStart()}`;
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

function upper(name: string): string {
  return name.toUpperCase();
}

/** All modules, with a list of them to begin with. */
export function formatReference(all: readonly Module[]): string {
  const list = all.map(({ name, summary }) => `- [${name}](#${name}): ${summary}\n`).join('');
  return `# Modules\n\n${list}\n${all.map(formatMarkdown).join('\n')}`;
}

export function formatMarkdown(module: Module): string {
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
