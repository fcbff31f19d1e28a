/**
 * Owns what comes of a failure between Docker's start on the new file system and the end of the switch, on a host with
 * units around Docker that write: the host goes back with every line, or it stays and says why. Nothing is left down.
 */
import { expect } from 'chai';
import { withFailureAfter } from '../broken-playbook.js';
import { reset } from '../index.js';
import { audit, hostsFor, migrate, on, rollback, verdictOf } from '../story.js';
import { explain, tasksWith } from '../zrun.js';
import { expectAround, linesLost, setUpUnits } from './around.js';

const host = 'bookworm1';

/** From the first moment at which Docker runs on the new file system to the last from which a host is put back. */
const tasks = [
  'Start Docker',
  'Ask Docker what it runs on',
  'Look at the clock, as Docker answers again',
  'Verify the driver and its file system',
  'Ask Docker for its volumes',
  'Verify that every volume is there',
  'Verify that a container runs and writes',
  'Make the containers again',
] as const;

describe('a failure once Docker runs on the new file system', () => {
  before(async function () {
    await hostsFor({ bookworm: 1 }).call(this);
    await reset(host);
    await setUpUnits(host);
    await expectAround(host, 'zfs', 'before');
  });

  for (const task of tasks) {
    it(`right after '${task}', puts everything back, with every line`, async () => {
      const run = await withFailureAfter(task, (playbook) => on(host, playbook));
      expect(run.exitCode, explain(run)).to.equal(2);
      expect(explain(run)).to.match(/put back as it was, Docker runs on zfs again.* broken by the test/);
      await expectAround(host, 'zfs', task);
      expect(await linesLost(host), task).to.equal('');
    });
  }

  it('where a unit that was not held has written meanwhile, the host stays, says why, and everything runs', async () => {
    const args = ['-e', '{"leave_units": ["lab-writer.service"]}'];
    const run = await withFailureAfter('Verify that a container runs and writes', (playbook) =>
      on(host, playbook, ...args),
    );
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/not put back, since that would discard .*: volume lines has changed/);
    expect(explain(run)).to.contain('broken by the test');
    await expectAround(host, 'overlay2', 'after the failure');
    expect(await linesLost(host)).to.equal('');
  });

  it('the next run finishes, and names the container that the unit has recreated', async () => {
    expect(verdictOf(await on(host, audit), host)).to.match(/^unfinished\b/);
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(
      /the move is done, .*were not made again: writer \(there is another container of this name: .*Env/,
    );
    await expectAround(host, 'overlay2', 'after the next run');
    expect(await linesLost(host)).to.equal('');
    const again = await on(host, migrate);
    expect(again.exitCode, explain(again)).to.equal(0);
    expect(tasksWith(again, host, 'changed')).to.deep.equal([]);
  });

  it('and the way back is still there', async () => {
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround(host, 'zfs', 'after the way back');
  });
});
