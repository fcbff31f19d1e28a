/**
 * Owns the list of everything that can be looked up by its name, beside modules: helpers, functions, keywords, facts and
 * error codes. Each is read off the table that zrun itself works by.
 */
import { keywordValues } from '../../config/schema/keyword-values.js';
import { keywords, listFunctions, listHelpers } from '../../config/reference.js';
import { errorCodes, type ErrorCode } from '../../core/errors.js';
import { modules } from '../../modules/index.js';
import { errorAdvice } from './error-advice.js';
import { listFacts, type Fact } from './facts.js';
import { COLUMNS, formatList, indent, markdownCell, wrap } from './layout.js';

/** What `zrun doc` has a page of. */
export const topics = ['helpers', 'functions', 'keywords', 'facts', 'errors'] as const;

export type Topic = (typeof topics)[number];

export interface Entry {
  /** What it is: `helper`. */
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
  /** Ansible has it, and zrun does not. */
  readonly isMissing?: boolean;
  /** More than the summary, for a page of its own. */
  readonly details: () => string;
}

const kinds: Readonly<Record<Topic, string>> = {
  helpers: 'helper',
  functions: 'function',
  keywords: 'keyword',
  facts: 'fact',
  errors: 'error',
};

/** What is said above the list of a topic. */
const introductions: Readonly<Record<Topic, string>> = {
  helpers:
    'Templates are Handlebars: {{name}}, {{helper value}}, and blocks with #if, #unless, #each and #with. Helpers can stand in each other: {{upper (basename path)}}.',
  functions: 'Conditions, !cel values and {{cel "…"}} are CEL expressions (https://cel.dev).',
  keywords: 'What plays, blocks, tasks and handlers take, as in Ansible.',
  facts:
    'What is known of a host at its first task. Conditions and templates use these names: when: facts.docker.driver == "zfs". What may be missing is null. zrun facts HOST shows those of a host.',
  errors: 'The codes of errors, as reports, journals and --json have them.',
};

export function entriesOf(topic: Topic): readonly Entry[] {
  const kind = kinds[topic];
  switch (topic) {
    case 'helpers':
      return listHelpers().map((each) => ({ kind, ...each, details: () => formatCallable(each) }));
    case 'functions':
      return listFunctions().map((each) => ({ kind, ...each, details: () => formatCallable(each) }));
    case 'keywords':
      return keywordEntries(kind);
    case 'facts': {
      const all = listFacts();
      return all.map((fact) => factEntry(kind, fact, all));
    }
    case 'errors':
      return Object.entries(errorCodes).map(([name, summary]) => ({
        kind,
        name,
        summary,
        details: () => paragraph(isErrorCode(name) ? errorAdvice[name] : ''),
      }));
  }
}

/** A page: what it is about, and a line for each. */
export function formatTopic(topic: Topic): string {
  const list = entriesOf(topic).map(({ name, summary }) => [name, summary] as const);
  const last =
    list.length > 0 ? `\nzrun doc NAME says more of one; zrun doc --search WORD looks everywhere.\n` : '';
  return `${paragraph(introductions[topic])}\n${formatList(list)}${last}`;
}

/** The same as a table of Markdown. */
export function formatTopicMarkdown(topic: Topic): string {
  const rows = entriesOf(topic).map(
    ({ name, summary }) => `| \`${name.replaceAll('|', '\\|')}\` | ${markdownCell(summary)} |\n`,
  );
  return `## ${topic}\n\n${introductions[topic]}\n\n| Name | Meaning |\n| --- | --- |\n${rows.join('')}`;
}

export function formatEntry({ kind, name, summary, details }: Entry): string {
  const more = details();
  return `${wrap(`${name} (${kind}): ${summary}`, COLUMNS).join('\n')}\n${more === '' ? '' : `\n${more}`}`;
}

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorCodes, name);
}

function formatCallable({ forms, examples }: ReturnType<typeof listFunctions>[number]): string {
  const lines = (texts: readonly string[]): string => texts.map((text) => `  ${text}\n`).join('');
  return lines(forms) + (examples.length === 0 ? '' : `\nExamples\n${lines(examples)}`);
}

function paragraph(text: string): string {
  return text === '' ? '' : `${wrap(text, COLUMNS).join('\n')}\n`;
}

function keywordEntries(kind: string): readonly Entry[] {
  return Object.entries(keywords).map(([name, { in: places, status, instead }]) => {
    const value = Object.hasOwn(keywordValues, name) ? keywordValues[name] : undefined;
    const said = value?.description ?? '';
    const missing = `not there yet${instead === undefined ? '' : `: ${instead}`}`;
    return {
      kind,
      name,
      summary: status === 'supported' ? said : missing,
      isMissing: status !== 'supported',
      details: () => paragraph(`Stands on: ${places.join(', ')}.`),
    };
  });
}

function factEntry(kind: string, { path, type, description }: Fact, all: readonly Fact[]): Entry {
  const name = `facts.${path}`;
  const inner = all.filter((fact) => fact.path.startsWith(`${path}.`) || fact.path.startsWith(`${path}[]`));
  return {
    kind,
    name,
    summary: description === '' ? type : `${description} (${type})`,
    details: () =>
      formatList(inner.map((fact) => [`facts.${fact.path}`, `${fact.description} (${fact.type})`] as const)),
  };
}

/** A parameter of a module, for the search. */
export function parameterEntries(): readonly Entry[] {
  return [...modules.values()].flatMap((module) =>
    Object.entries(module.params.shape).map(([name, schema]) => ({
      kind: 'parameter',
      name: `${module.name}.${name}`,
      summary: descriptionOf(schema),
      details: () => indent(`zrun doc ${module.name}`, '  '),
    })),
  );
}

function descriptionOf(schema: unknown): string {
  const isDescribed = typeof schema === 'object' && schema !== null && 'description' in schema;
  return isDescribed && typeof schema.description === 'string' ? schema.description : '';
}
