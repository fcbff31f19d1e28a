/**
 * Owns the names of facts and what they mean, read off the module that gathers them.
 */
import { modules } from '../../modules/index.js';
import { fieldsOf, type Field } from './fields.js';

export interface Fact {
  /** `docker.driver`: what follows `facts.`; items of a list have `[]` behind the list's name. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
}

/** Each fact after the one that holds it. */
export function listFacts(): readonly Fact[] {
  const vars = modules.get('setup')?.vars;
  const facts = vars && fieldsOf(vars, 'output').find(({ name }) => name === 'facts');
  return (facts?.fields ?? []).flatMap((field) => factsIn(field, ''));
}

/** What can be asked for by name: what is in lists and maps, only a host knows. */
export function factPaths(): readonly string[] {
  return listFacts()
    .map(({ path }) => path)
    .filter((path) => !path.includes('[]'));
}

function factsIn({ name, type, description, fields }: Field, above: string): readonly Fact[] {
  const path = `${above}${name}`;
  const isMany = /\b(?:list|map) of\b/.test(type);
  const inner = isMany ? `${path}[].` : `${path}.`;
  return [{ path, type, description }, ...fields.flatMap((field) => factsIn(field, inner))];
}
