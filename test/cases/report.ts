/** Owns the table of cases as Markdown. */
import type { Case, Proof } from './case.js';

export interface Row {
  readonly of: Case;
  /** What came of each proof, in their order; undefined where it failed. */
  readonly outcomes: readonly (string | undefined)[];
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ of, outcomes }) => {
    const failed = outcomes.includes(undefined);
    const said = of.proofs
      .map((proof, i) => (proof.by === 'lab' || proof.by === 'test' ? undefined : (outcomes[i] ?? 'FAILED')))
      .filter((text) => text !== undefined);
    const status = failed
      ? '**FAILED**'
      : of.open === undefined
        ? 'holds'
        : of.proofs.length > 0
          ? 'holds in part'
          : 'open';
    const open = of.open === undefined ? [] : [`Open: ${of.open}`];
    const cells = [
      String(of.number),
      of.what,
      of.expected,
      [`**${status}**`.replaceAll('****', '**'), ...said, ...open].join('<br>'),
      of.proofs.map(nameOf).join('<br>'),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  return [
    '| # | Case | Expected | Outcome | Proof |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    '“recorded” is a host that answers with what such a system prints; ⊘ marks systems that no host of the lab can be.',
    '“lab” is a test on real hosts (`npm run test:lab`, `npm run test:faults`), “test” one of `npm test`.',
    '',
  ].join('\n');
}

export function nameOf(proof: Proof): string {
  switch (proof.by) {
    case 'recording':
      return `recorded${proof.notInLab ? ' ⊘' : ''}: ${proof.of}`;
    case 'look':
      return `looked at: ${proof.at}`;
    case 'lab':
    case 'test':
      return `${proof.by}: ${proof.file}, ‘${proof.title}’`;
  }
}
