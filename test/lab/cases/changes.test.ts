/**
 * Owns what changes in the very moments in which nobody looks: containers that come between the record and the stop, and
 * data that is written because something is stopped. It is carried, or the run goes back and says why.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { withTaskAfter } from '../broken-playbook.js';
import { reset } from '../index.js';
import { ask, driverOf, hostsFor, migrate, on, rollback, runningOn } from '../story.js';
import { explain } from '../zrun.js';

const host = 'bookworm2';

/** Writes a line into its volume as it ends. */
const saver = `docker volume create saved >/dev/null
docker run -d --name saver --restart always -v saved:/saved lab/base:1 sh -c 'trap "echo ended >>/saved/log; exit 0" TERM; while :; do sleep 1; done' >/dev/null`;
const saved = 'cat /var/lib/docker/volumes/saved/_data/log';

/** As a cron job would: before Docker is stopped, and in nobody's list. */
const makesLate = [
  '- name: Make a container that nobody has written down',
  '  command: docker run -d --name late --restart always lab/base:1 sleep 1000000',
];

describe('what changes while nobody looks', () => {
  let hooks: string;

  before(async function () {
    await hostsFor({ bookworm: 2 }).call(this);
    await reset(host);
    await ask(host, saver);
    hooks = await mkdtemp(path.join(tmpdir(), 'zrun-hooks-'));
    await writeFile(
      path.join(hooks, 'before.yaml'),
      `- name: Make a container in the last moment
  command: docker run -d --name hooked --restart always lab/base:1 sleep 1000000
`,
    );
  });

  after(() => rm(hooks, { recursive: true, force: true }));

  it('a container that comes between the record and the stop: the host goes back, and says which', async () => {
    const run = await withTaskAfter('Write down what Docker holds', makesLate, (playbook) =>
      on(host, playbook),
    );
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/put back as it was, .*containers have changed .*: late was made\./);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await runningOn(host)).to.equal('cache\nlate\nsaver\nweb');
    expect(await ask(host, saved)).to.equal('ended');
  });

  it('one that before_host starts is carried, and so is what is written as containers end', async () => {
    const run = await on(host, migrate, '-e', `before_host=${path.join(hooks, 'before.yaml')}`);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await runningOn(host)).to.equal('cache\nhooked\nlate\nsaver\nweb');
    expect(await ask(host, saved)).to.equal('ended\nended');
  });

  it('rollback.yaml sees what is written as Docker stops, and stays', async () => {
    const check = await on(host, rollback, '--check');
    expect(check.exitCode, explain(check)).to.equal(0);
    const run = await on(host, rollback);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(
      /not put back, and Docker runs on overlay2 again: .*volume saved has changed/,
    );
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await runningOn(host)).to.equal('cache\nhooked\nlate\nsaver\nweb');
    expect(await ask(host, saved)).to.equal('ended\nended\nended');
  });

  it('and goes back where that is agreed to', async () => {
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await runningOn(host)).to.equal('cache\nhooked\nlate\nsaver\nweb');
    expect(await ask(host, saved)).to.equal('ended\nended');
  });
});
