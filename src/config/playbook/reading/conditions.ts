/**
 * Owns how conditions are read: CEL, one or a list of which all must hold.
 */
import type { Expression } from '../../../core/template.js';
import { grantNames, type NameLayer } from '../../expression/declarations.js';
import { compileExpression, type CompiledExpression } from '../../expression/expression.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from './site.js';
import { looseText } from '../../source/source.js';
import { describeNode, readBoolean, type MapEntry } from '../../yaml/yaml.js';

export function readConditions(
  entry: MapEntry | undefined,
  { context, names }: Pick<Site, 'context' | 'names'>,
): readonly CompiledExpression[] {
  if (!entry) return [];
  const { report, later } = context;
  const conditions: CompiledExpression[] = [];
  for (const item of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
    if (item.kind !== 'scalar' || item.value === null) {
      const hint = item.kind === 'map' ? 'quote the condition if it holds a colon or braces' : undefined;
      const at = item.at.end > item.at.start ? item.at : entry.keyAt;
      report(
        errorAt(
          at,
          'playbook-invalid',
          `'${entry.key}' must be a condition, but is ${describeNode(item)}`,
          hint,
        ),
      );
      continue;
    }
    const plain = readBoolean(item);
    const text = plain === undefined ? item.text : { ...looseText('', String(plain)), at: item.at };
    const compiled = compileExpression(text, report, { condition: true });
    if (!compiled) continue;
    // Each is asked only where those before it hold.
    later(namesWhere(names, conditions), (declared, tell) => void compiled.check(declared, tell));
    conditions.push(compiled);
  }
  return conditions;
}

/** The names where conditions hold, with the parts that these have made sure of. */
export function namesWhere(names: NameLayer, conditions: readonly CompiledExpression[]): NameLayer {
  return grantNames(
    names,
    conditions.flatMap((condition) => condition.grants(true)),
  );
}

/** As in Ansible, an empty list decides nothing: it is as good as none. */
export function optionalConditions(
  entry: MapEntry | undefined,
  site: Pick<Site, 'context' | 'names'>,
): readonly Expression[] | undefined {
  const conditions = readConditions(entry, site);
  return conditions.length === 0 ? undefined : conditions;
}
