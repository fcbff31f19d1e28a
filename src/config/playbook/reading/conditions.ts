/**
 * Owns how conditions are read: CEL, one or a list of which all must hold.
 */
import type { Expression } from '../../../core/template.js';
import { compileExpression } from '../../expression/expression.js';
import { errorAt } from '../../source/findings.js';
import type { Site } from './site.js';
import { looseText } from '../../source/source.js';
import { describeNode, readBoolean, type MapEntry } from '../../yaml/yaml.js';

export function readConditions(
  entry: MapEntry | undefined,
  { context, names }: Pick<Site, 'context' | 'names'>,
): readonly Expression[] {
  if (!entry) return [];
  const { report, later } = context;
  const conditions: Expression[] = [];
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
    conditions.push(compiled);
    later(names, (declared, tell) => void compiled.check(declared, tell));
  }
  return conditions;
}

/** As in Ansible, an empty list decides nothing: it is as good as none. */
export function optionalConditions(
  entry: MapEntry | undefined,
  site: Pick<Site, 'context' | 'names'>,
): readonly Expression[] | undefined {
  const conditions = readConditions(entry, site);
  return conditions.length === 0 ? undefined : conditions;
}
