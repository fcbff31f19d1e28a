/**
 * Owns what documentation asks of the language: its helpers, its functions, its keywords, and which module a name means.
 * An index of its own, so that a run does not load it.
 */
import { runEnvironment } from './expression/cel-environment.js';
import { helpers } from './template/helpers.js';

export { keywords } from './playbook/reading/keywords.js';
export { moduleNamed, unknownModule } from './playbook/steps/doing.js';

/** A helper or a function, as documentation shows it. */
interface Callable {
  readonly name: string;
  readonly summary: string;
  /** As it is written: `{{sh x}}`, `replace(string, string): string`. */
  readonly forms: readonly string[];
}

export function listHelpers(): readonly Callable[] {
  return Object.entries(helpers).map(([name, { usage, summary }]) => ({ name, summary, forms: [usage] }));
}

export function listFunctions(): readonly Callable[] {
  const found = new Map<string, string[]>();
  for (const { name, signature } of runEnvironment.getDefinitions().functions)
    found.set(name, [...(found.get(name) ?? []), signature]);
  return [...found].map(([name, forms]) => ({ name, summary: forms[0] ?? '', forms }));
}
