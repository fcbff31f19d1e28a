/**
 * Owns the story of what stands around Docker: units that require it, that call it, that write into its volumes. They are
 * stopped before it, held, and run again on every way out, and not one line that they have written is lost.
 */
import { expect } from 'chai';
import { dockerReady, reboot, reset } from '../index.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import { ask, audit, grow, hostsFor, migrate, moveAsChecked, on, rollback, verdictOf } from '../story.js';
import { explain, tasksWith } from '../zrun.js';
import { expectAround, lineCount, linesLost, setUpUnits } from './around.js';

const host = 'bookworm1';

describe('what stands around Docker stands again', () => {
  let untouched: HostSnapshot;
  /** Lines that the way back was told to discard. */
  let discarded: string;

  before(async function () {
    await hostsFor({ bookworm: 1 }).call(this);
    await reset(host);
    await setUpUnits(host);
    await expectAround(host, 'zfs', 'before');
    untouched = await snapshotOf(host);
  });

  it('the audit names what is stopped, beforehand', async () => {
    const run = await on(host, audit);
    expect(verdictOf(run, host)).to.match(/^ready\b/);
    expect(run.stdout).to.contain(
      'stopped before Docker and started again after it: lab-bound.service, lab-job.timer, lab-needs.service, lab-writer.service',
    );
  });

  it('is moved as --check says, and all of it runs again, with every line', async () => {
    await moveAsChecked(host, untouched);
    await expectAround(host, 'overlay2', 'after the move');
    expect(await linesLost(host)).to.equal('');
    const again = await on(host, migrate);
    expect(tasksWith(again, host, 'changed', 'failed'), explain(again)).to.deep.equal([]);
  });

  it('also when the volume is enlarged, and after a reboot', async () => {
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround(host, 'overlay2', 'after growing');
    expect(await linesLost(host)).to.equal('');
    const before = await lineCount(host);
    await reboot(host);
    await dockerReady(host);
    await ask(host, 'systemctl start lab-done lab-job.timer');
    await expectAround(host, 'overlay2', 'after the reboot');
    expect(await lineCount(host)).to.be.at.least(before);
  });

  it('rollback.yaml does not discard the lines unasked, and starts everything again where it is told to', async () => {
    const refused = await on(host, rollback);
    expect(refused.exitCode, explain(refused)).to.equal(2);
    expect(explain(refused)).to.match(/volume lines has changed/);
    await expectAround(host, 'overlay2', 'after the refusal');
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround(host, 'zfs', 'after the way back');
    discarded = await linesLost(host);
  });

  it('and is moved again', async () => {
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround(host, 'overlay2', 'after the second move');
    expect(await linesLost(host), 'besides those that were discarded').to.equal(discarded);
  });
});
