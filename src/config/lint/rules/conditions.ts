/** Owns the rules about conditions. */
import type { Scope } from '../../../core/template.js';
import { Unknown } from '../../../core/value.js';
import { compileExpression } from '../../expression/expression.js';
import { ignoreFindings } from '../../source/findings.js';
import { readBoolean, type MapNode, type ScalarNode } from '../../yaml/yaml.js';
import type { Rule } from '../rule.js';

export const conditionConstant: Rule = {
  id: 'condition-constant',
  summary: "a 'when' or 'until' that is always true, or never",
  check(book, report) {
    const nodes: readonly MapNode[] = [...book.blocks, ...book.tasks.map(({ node }) => node)];
    for (const node of nodes) {
      for (const keyword of ['when', 'until'] as const) {
        const value = node.entries.get(keyword)?.value;
        for (const item of value?.kind === 'list' ? value.items : value ? [value] : []) {
          const result = item.kind === 'scalar' ? constantResult(item) : undefined;
          if (result === undefined) continue;
          report({
            at: item.at,
            message: `this condition is always ${result}`,
            hint: hints[keyword][`${result}`],
          });
        }
      }
    }
  },
};

const hints = {
  when: {
    true: "take it away: without a 'when' a task runs as well",
    false: "it never runs: take the task away, or give it 'tags: never' to run it by hand",
  },
  until: {
    true: "take it away with 'retries' and 'delay': the task runs once as well",
    false: 'it fails after the last try, whatever happens',
  },
} as const;

/** The value of a condition that is the same whatever its variables hold. */
function constantResult(node: ScalarNode): boolean | undefined {
  const plain = readBoolean(node);
  if (plain !== undefined) return plain;
  const compiled = compileExpression(node.text, ignoreFindings);
  if (!compiled) return undefined;
  const unknown = new Unknown('nothing');
  const scope: Scope = { get: () => unknown, peek: () => unknown, has: () => true, names: () => [] };
  try {
    const value = compiled.evaluate(scope);
    return typeof value === 'boolean' ? value : undefined;
  } catch {
    return undefined;
  }
}
