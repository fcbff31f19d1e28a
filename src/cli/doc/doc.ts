/**
 * Owns `zrun doc`: what a word of its command line means, and which page is shown.
 */
import { functionOfFilter, hintForAnsibleWord, moduleNamed, unknownModule } from '../../config/reference.js';
import { nearest, ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import type { Module } from '../../core/module.js';
import { modules } from '../../modules/index.js';
import { choosePaint, type Paint } from '../../report/style.js';
import type { Environment } from '../environment.js';
import { readVerbWords } from '../verb-options.js';
import {
  entriesOf,
  formatEntry,
  formatTopic,
  formatTopicMarkdown,
  topics,
  type Entry,
  type Topic,
} from './entries.js';
import { COLUMNS, wrap } from './layout.js';
import {
  formatIndex,
  formatMarkdown,
  formatModule,
  formatParameter,
  formatReference,
  sortedModules,
} from './modules.js';
import { searchFor } from './search.js';

const HELP = `Usage: zrun doc [NAME...] [--markdown]
       zrun doc ${topics.join('|')} [NAME...]
       zrun doc MODULE PARAMETER...
       zrun doc --search WORD...

Shows what modules there are, or what the named ones take, do and return. A NAME
can also be a helper, a function, a keyword, a fact or the code of an error.

Options:
  -s, --search  look for the words in everything that is documented
  --markdown    modules or a topic as Markdown; without a name, all modules
  -h, --help    show this

Examples:
  zrun doc                        all modules
  zrun doc copy                   one module; ansible.builtin.copy is the same
  zrun doc copy mode              one of its parameters
  zrun doc facts                  what is known of a host
  zrun doc facts.docker.driver    one fact
  zrun doc serial                 a keyword
  zrun doc auth-failed            an error, and what to do about it
  zrun doc --search permission    whatever is about that
`;

export function showDocumentation({ argv, stdout, env }: Environment): Promise<number> {
  const words = readVerbWords('doc', argv, {
    markdown: { type: 'boolean' },
    search: { type: 'boolean', short: 's' },
  });
  const { names } = words;
  if (words.has('help')) stdout.write(HELP);
  else if (words.has('search')) stdout.write(search(names));
  else if (words.has('markdown')) {
    const found = names.map((name) =>
      isTopic(name) ? formatTopicMarkdown(name) : formatMarkdown(findModule(name)),
    );
    stdout.write(found.length > 0 ? found.join('\n') : formatReference(sortedModules()));
  } else if (names.length === 0) stdout.write(formatIndex(sortedModules()));
  else {
    const paint = choosePaint(env, stdout.isTTY === true);
    const [topic = '', ...rest] = names;
    // `zrun doc keywords serial` is what one would try for `zrun doc serial`.
    const isWithin = isTopic(topic) && rest.length > 0 && !rest.some(isTopic);
    const found = isWithin
      ? rest.flatMap((name) => entriesNamed(name, topic))
      : (parametersOf(topic, rest, paint) ?? names.flatMap(pagesOf));
    const pages = found.map((page) => ('params' in page ? formatModule(page, paint) : page.text));
    stdout.write(pages.join('\n'));
  }
  return Promise.resolve(exitCodes.ok);
}

function search(words: readonly string[]): string {
  if (words.length === 0)
    throw new ZrunError('usage', 'nothing to look for is given', { hint: 'zrun doc --search WORD' });
  const found = searchFor(words);
  if (found !== undefined) return found;
  throw new ZrunError('usage', `nothing is documented about '${words.join(' ')}'`, {
    hint: 'try a part of the word; zrun doc lists the modules',
  });
}

function isTopic(name: string): name is Topic {
  return topics.some((topic) => topic === name);
}

/** `zrun doc copy mode`: parameters of a module. Undefined where that is not what the names mean. */
function parametersOf(
  first: string,
  names: readonly string[],
  paint: Paint,
): readonly (Module | Page)[] | undefined {
  const module = moduleNamed(first, modules);
  if (!module || names.length === 0) return undefined;
  const found = names.map((name) => parameterOf(module, name, paint));
  if (!found.some((page) => page !== undefined)) return undefined;
  return names.flatMap((name, i) => found[i] ?? pagesOf(name));
}

function parameterOf(module: Module, name: string, paint: Paint): Page | undefined {
  if (moduleNamed(name, modules)) return undefined;
  const text = formatParameter(module, name, paint);
  if (text !== undefined) return { text };
  if (isDocumented(name)) return undefined;
  const near = nearest(name, Object.keys(module.params.shape));
  throw new ZrunError('usage', `${module.name} has no parameter '${name}', and nothing else has that name`, {
    hint: near === undefined ? `zrun doc ${module.name} lists its parameters` : `did you mean '${near}'?`,
  });
}

function isDocumented(name: string): boolean {
  const isEntry = isTopic(name) || topics.flatMap(entriesOf).some((entry) => isNamed(entry, name));
  return isEntry || functionOfFilter(name) !== undefined || hintForAnsibleWord(name) !== undefined;
}

interface Page {
  readonly text: string;
}

function pageOf(entry: Entry): Page {
  return { text: formatEntry(entry) };
}

/** Never empty. */
function entriesNamed(name: string, topic: Topic): readonly Page[] {
  const entries = entriesOf(topic);
  const found = entries.filter((entry) => isNamed(entry, name));
  if (found.length > 0) return found.map(pageOf);
  const near = nearest(
    name,
    entries.map((entry) => entry.name),
  );
  throw new ZrunError('usage', `there is no '${name}' among the ${topic}`, {
    hint: near === undefined ? `zrun doc ${topic} lists them` : `did you mean '${near}'?`,
  });
}

/** All that goes by a name: `user` is a module and a keyword. Never empty. */
function pagesOf(name: string): readonly (Module | Page)[] {
  if (name === 'modules') return [{ text: formatIndex(sortedModules()) }];
  if (isTopic(name)) return [{ text: formatTopic(name) }];
  const module = moduleNamed(name, modules);
  const entries = topics.flatMap(entriesOf).filter((entry) => isNamed(entry, name));
  const texts = entries.map(pageOf);
  // `user` is a module, and a keyword only in Ansible.
  if (module) return [module, ...(entries.some(({ isMissing }) => isMissing) ? [] : texts)];
  if (texts.length > 0) return texts;
  const instead = functionOfFilter(name);
  if (instead !== undefined)
    return [{ text: `In place of the filter '${name}', zrun has a function:\n` }, ...pagesOf(instead)];
  const hint = hintForAnsibleWord(name);
  if (hint !== undefined)
    return [{ text: wrap(`'${name}' is a word of Ansible's: ${hint}`, COLUMNS).join('\n') + '\n' }];
  throw unknown(name);
}

/** Facts go by their whole name, with or without what stands before all of them. */
function isNamed({ kind, name }: Entry, wanted: string): boolean {
  return name === wanted || (kind === 'fact' && wanted.includes('.') && name === `facts.${wanted}`);
}

function findModule(name: string): Module {
  const module = moduleNamed(name, modules);
  if (module) return module;
  throw unknown(name);
}

function unknown(name: string): ZrunError {
  const known = topics.flatMap((topic) => [
    topic,
    ...entriesOf(topic).flatMap((entry) => [entry.name, entry.name.replace(/^facts\./, '')]),
  ]);
  const near = nearest(name, [...modules.keys(), ...known]);
  const asModule = unknownModule({ key: name, modules });
  if (near === undefined || modules.has(near) || asModule.hint?.startsWith("zrun's") === true)
    return asModule;
  return new ZrunError('usage', `nothing that is called '${name}' is documented`, {
    hint: `did you mean '${near}'?`,
  });
}
