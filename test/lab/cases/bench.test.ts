/** Owns the story of what a move brings: a build measured before, in the move, and after it, on a host that keeps nothing of that. */
import { expect } from 'chai';
import { reset } from '../index.js';
import { ask, bench, driverOf, hostsFor, migrate, on } from '../story.js';
import { explain, messagesOf, type ZrunRun } from '../zrun.js';

const host = 'bookworm3';

/** What is left of a measurement, if anything. */
const traces = `docker images -aq --no-trunc | sort; docker ps -aq --no-trunc | sort; ls /sys/kernel/tracing/instances; ls /tmp | grep -c '^tmp\\.' || :`;

const saidBy = (run: ZrunRun): string => messagesOf(run, host).join('\n');

describe('what a move brings', () => {
  let untouched: string;

  before(async function () {
    await hostsFor({ bookworm: 3 }).call(this);
    await reset(host);
    untouched = await ask(host, traces);
  });

  it('bench.yaml measures a build on zfs and leaves nothing behind', async () => {
    const run = await on(host, bench);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(saidBy(run))
      .to.match(/^Build time: \d+\.\d+ s$/m)
      .and.to.match(/^Mounts of a build: \d+ calls$/m)
      .and.to.match(/^Storage: [\d.]+ ?[KMGT]iB$/m);
    expect(await ask(host, traces)).to.equal(untouched);
  });

  it('the move says what it was before and what it is after', async () => {
    const run = await on(host, migrate, '-e', 'bench=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
    expect(saidBy(run))
      .to.match(/^Build time: \d+\.\d+ s before, \d+\.\d+ s after$/m)
      .and.to.match(/^Mounts of a build: \d+ calls before, \d+ calls after$/m)
      .and.to.match(/^Storage: .* before, .* after$/m);
  });

  it('and bench.yaml says it again, weeks later', async () => {
    const run = await on(host, bench);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(saidBy(run)).to.match(/^Build time: \d+\.\d+ s before, \d+\.\d+ s after$/m);
  });
});
