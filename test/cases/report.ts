/** Owns the table of cases as Markdown. */
import type { Case, Proof } from './case.js';

interface Row {
  readonly of: Case;
  /** What came of each proof, in their order; undefined where it failed. */
  readonly outcomes: readonly (string | undefined)[];
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ of, outcomes }) => {
    const said = of.proofs
      .map((proof, i) => (isRunHere(proof) ? (outcomes[i] ?? 'FAILED, or not run') : undefined))
      .filter((text) => text !== undefined);
    const open = of.open === undefined ? [] : [`Open: ${of.open}`];
    const cells = [
      String(of.number),
      of.what,
      of.expected,
      [`**${statusOf({ of, outcomes })}**`, ...said, ...open].join('<br>'),
      of.proofs.map(nameOf).join('<br>'),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  return [
    '| # | Case | Expected | Outcome | Proof |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    '“recorded” is a host that answers in the formats of such a system; ⊘ marks systems that no host of the lab can be.',
    '`ready` is seen as far as the first step that would change something; what follows is seen on real hosts only.',
    '“lab” is a test on real hosts (`npm run test:lab`, `npm run test:faults`), “test” one of `npm test`: here they are',
    'only seen to be there.',
    '',
  ].join('\n');
}

function statusOf({ of: { proofs, open }, outcomes }: Row): string {
  if (outcomes.includes(undefined)) return 'FAILED, or not run';
  if (proofs.length === 0) return 'open';
  if (open !== undefined) return 'holds in part';
  return proofs.some(isRunHere) ? 'holds' : 'holds where its tests pass';
}

function isRunHere({ by }: Proof): boolean {
  return by === 'recording' || by === 'look';
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
