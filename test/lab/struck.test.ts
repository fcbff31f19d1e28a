/**
 * Owns the stories of moves that are struck, on a real host: some of the table that `npm run test:faults` fills.
 */
import { expect } from 'chai';
import { isTooLate } from './announce.js';
import { FaultyHost, momentName, nameOf, type Cut, type Moment, type Verdict } from './faults.js';
import { hostsFor } from './story.js';

const host = 'bookworm4';

const cells: readonly (Moment & {
  readonly cut: Cut;
  readonly why: string;
  readonly ends: Partial<Verdict>;
})[] = [
  {
    cut: 'power cut',
    task: 'Rename the old dataset and mark it as the backup',
    when: 'inside',
    why: 'between two names of the only copy',
    ends: { first: 'killed', second: 'finished' },
  },
  {
    cut: 'power cut',
    task: 'Start the containers that ran',
    when: 'after it',
    why: 'before the file system has what Docker has said of them',
    ends: { first: 'killed', second: 'finished' },
  },
  {
    cut: 'controller killed',
    task: 'See to it that no container runs and no layer is mounted any more',
    when: 'inside',
    why: 'with Docker down, and nobody there to put it back',
    ends: { first: 'killed', second: 'finished' },
  },
  {
    cut: 'connection cut',
    task: 'Start Docker',
    when: 'inside',
    why: 'where nobody can say whether it starts',
    ends: {},
  },
];

describe('a move is struck, and the next run finishes with everything that was there', () => {
  before(hostsFor({ bookworm: 4 }));

  let faulty: FaultyHost;

  before(async function () {
    // A move is recorded here: long before the first of the tests begins.
    if (isTooLate(15)) this.skip();
    this.timeout('20m');
    faulty = await FaultyHost.prepare(host, 'forward');
    const wanted = cells.map(momentName);
    const moments = await faulty.record((moment) => wanted.includes(momentName(moment)));
    expect(moments.map(momentName)).to.include.members(wanted);
  });

  for (const { why, ends, ...fault } of cells) {
    it(`${nameOf(fault)}: ${why}`, async () => {
      const verdict = await faulty.try(fault);
      expect(verdict).to.deep.include({ ...ends, wrong: [] });
      expect(verdict.first).not.to.equal('not reached');
    });
  }
});
