/**
 * Owns the comments that silence a rule: `# zrun-lint: allow shell-unquoted`, on the line of the finding or on a line of
 * its own above it. What follows the ids is the reason, for people.
 */
import { lineAndColumn, nearest, type Source } from '../../core/errors.js';
import type { Finding } from './rule.js';

/** The rule under which a comment is reported that names no rule, or silences nothing. */
export const allowRule = {
  id: 'allow-unused',
  summary: "a comment '# zrun-lint: allow …' that names no rule, or silences nothing",
} as const;

interface Allowance {
  readonly rule: string;
  /** From 1. */
  readonly line: number;
  readonly start: number;
  readonly source: Source;
}

/** The findings that no comment allows, and a finding for each comment that is none or does nothing. */
export function applyAllowances(
  findings: readonly Finding[],
  sources: readonly Source[],
  ruleIds: readonly string[],
): readonly Finding[] {
  const allowances = sources.flatMap(readAllowances);
  const used = new Set<Allowance>();
  const left = findings.filter((finding) => {
    const { line } = lineAndColumn(finding.at);
    const allowed = allowances.filter(
      (one) => one.rule === finding.rule && one.line === line && one.source.name === finding.at.source.name,
    );
    for (const one of allowed) used.add(one);
    return allowed.length === 0;
  });
  return [...left, ...allowances.filter((one) => !used.has(one)).map((one) => explainUnused(one, ruleIds))];
}

function readAllowances(source: Source): readonly Allowance[] {
  const lines = source.text.split('\n');
  const found: Allowance[] = [];
  let offset = 0;
  for (const [i, text] of lines.entries()) {
    const comment = /#\s*zrun-lint:\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)/.exec(text);
    if (comment) {
      const isAlone = text.slice(0, comment.index).trim() === '';
      const [whole, list = ''] = comment;
      const first = offset + comment.index + whole.length - list.length;
      for (const id of list.matchAll(/[\w-]+/g)) {
        found.push({
          rule: id[0],
          line: isAlone ? lineBelow(lines, i) : i + 1,
          start: first + id.index,
          source,
        });
      }
    }
    offset += text.length + 1;
  }
  return found;
}

/** The line, from 1, that a comment on a line of its own speaks of: the next one that is no comment. */
function lineBelow(lines: readonly string[], index: number): number {
  let next = index + 1;
  while (next < lines.length && /^\s*(?:#|$)/.test(lines[next] ?? '')) next += 1;
  return next + 1;
}

function explainUnused({ rule, start, source }: Allowance, ruleIds: readonly string[]): Finding {
  const at = { source, start, end: start + rule.length };
  if (ruleIds.includes(rule)) {
    const message = `nothing here needs the allowance of '${rule}'`;
    return {
      rule: allowRule.id,
      at,
      message,
      hint: 'take the comment away, or put it on the line that a finding names',
    };
  }
  const near = nearest(rule, ruleIds);
  const hint = near === undefined ? "'zrun lint --list-rules' lists the rules" : `did you mean '${near}'?`;
  return { rule: allowRule.id, at, message: `there is no rule '${rule}'`, hint };
}
