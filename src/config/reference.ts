/**
 * Owns what documentation asks of the language: its helpers, its functions, its keywords, and which module a name means.
 * An index of its own, so that a run does not load it.
 */
import { runEnvironment } from './expression/cel-environment.js';
import { ownPrefix } from './expression/cel-functions.js';
import type { FunctionEntry } from './functions/function.js';
import { functionsByFilter, functionsByHelper, functionsByName, functionTable } from './functions/table.js';
import { hintForAnsibleKeyword, hintForAnsibleVariable } from './functions/ansible-words.js';
import { hintForFilterName } from './functions/jinja-filters.js';
import { expressionHints, isTestName } from './expression/hints.js';
import { evaluatorsOwn } from './template/helpers.js';
import { usageOf } from './functions/signature.js';

export { hintForAnsibleFact } from './functions/ansible-facts.js';
export { keywords } from './playbook/reading/keywords.js';
export { moduleNamed, unknownModule } from './playbook/steps/doing.js';

/** A helper or a function, as documentation shows it. */
interface Callable {
  readonly name: string;
  readonly summary: string;
  /** As it is written: `{{sh x}}`, `replace(string, string): string`. */
  readonly forms: readonly string[];
  /** What it gives: `{{lower "Web1"}} is "web1"`. */
  readonly examples: readonly string[];
}

export function listHelpers(): readonly Callable[] {
  const own = Object.entries(evaluatorsOwn).map(([name, { usage, summary }]) => ({
    ...{ name, summary, forms: [usage], examples: [] },
  }));
  const others = [...functionsByHelper].map(([name, entry]) => ({
    ...{ name, summary: entry.summary, forms: [usageOf(entry, name)], examples: examplesOf(entry, true) },
  }));
  return [...others, ...own];
}

export function listFunctions(): readonly Callable[] {
  const own = functionTable.map((entry) => ({
    ...{
      name: entry.name,
      summary: entry.summary,
      forms: entry.signatures,
      examples: examplesOf(entry, false),
    },
  }));
  return [...own, ...functionsOfCel()];
}

/** The function that stands for a filter of Ansible's or Jinja's. */
export function functionOfFilter(filter: string): string | undefined {
  return functionsByFilter.get(filter.replace(/^ansible\.builtin\./, ''))?.name;
}

/** What stands in the place of a word of Ansible's, whatever kind of word it is; undefined if it is none. */
export function hintForAnsibleWord(word: string): string | undefined {
  const bare = word.replace(/^ansible\.builtin\./, '');
  const [name = '', ...parts] = bare.split('.');
  return (
    hintForAnsibleVariable(name, parts) ??
    hintForAnsibleKeyword(bare) ??
    hintForFilterName(bare) ??
    hintForTest(bare)
  );
}

/** Of `x is defined` and the like. */
function hintForTest(name: string): string | undefined {
  return isTestName(name) ? expressionHints(`x is ${name}`)[0]?.hint : undefined;
}

function examplesOf({ examples }: FunctionEntry, ofHelper: boolean): readonly string[] {
  return examples
    .filter(({ text }) => text.includes('{{') === ofHelper)
    .map(({ text, gives }) => `${text} is ${JSON.stringify(gives)}`);
}

/** What the package of CEL has besides: parts of times, and conversions. */
function functionsOfCel(): readonly Callable[] {
  const found = new Map<string, string[]>();
  for (const { name, signature } of runEnvironment.getDefinitions().functions)
    if (!functionsByName.has(name) && !name.startsWith(ownPrefix))
      found.set(name, [...(found.get(name) ?? []), signature]);
  found.delete('bind');
  return [...found].map(([name, forms]) => ({ name, summary: forms[0] ?? '', forms, examples: [] }));
}
