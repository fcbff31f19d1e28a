/**
 * Owns what is found out about extra variables from the names that playbooks use and set: one that nothing uses may be
 * another one, misspelt. Ansible passes over it in silence.
 */
import { nearest } from '../../core/errors.js';
import type { VarsTemplate } from '../../core/template.js';
import type { Inventory } from '../inventory/inventory.js';
import { ignoreFindings } from '../source/findings.js';
import { compiledOf } from '../template/template.js';
import { isMagicName } from './reading/variables.js';
import { watchNames, type NameUse } from '../expression/declarations.js';

/** Names that the run itself gives, which nobody means to. */
const given: ReadonlySet<string> = new Set(['facts', 'item', 'omit']);

/** What a person reads about extra variables that nothing uses; nothing, if no name is similar. */
export function findMisspelt(
  extraVars: VarsTemplate,
  { used, set }: Pick<NameUse, 'used' | 'set'>,
  inventories: ReadonlySet<Inventory>,
): readonly string[] {
  const unused = (known: Pick<NameUse, 'used' | 'set'>): readonly string[] =>
    [...extraVars.keys()].filter(
      (name) => !/^(?:ansible|zrun)_/.test(name) && !known.used.has(name) && !known.set.has(name),
    );
  if (unused({ used, set }).length === 0) return [];
  // What only the inventory uses and sets counts too. With many hosts that takes long, and is hardly ever needed.
  const all: NameUse = { used: new Set(used), set: new Set(set), facts: new Set() };
  const ofHosts = [...inventories].flatMap(({ hosts }) =>
    [...hosts.values()].map(({ vars }) => compiledOf(vars)),
  );
  for (const name of ofHosts.flatMap((vars) => [...vars.keys()])) all.set.add(name);
  const templates = new Set([compiledOf(extraVars), ...ofHosts].flatMap((vars) => [...vars.values()]));
  for (const template of templates) template.check(watchNames(all), ignoreFindings);

  const known = [...all.used, ...all.set].filter(
    (name) => !extraVars.has(name) && !given.has(name) && !isMagicName(name),
  );
  return unused(all).flatMap((name) => {
    const near = nearest(name, known, name.length < 10 ? 1 : 2);
    return near === undefined
      ? []
      : [`nothing uses '${name}' of -e, as far as is known before the run; did you mean '${near}'?`];
  });
}
