/**
 * Owns the story of units that are hard to stop and to start again: what cannot be done is refused before anything is touched,
 * and the rest comes back, with the containers that it stops, and with those that live in the namespaces of these.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { withFailureAfter } from '../broken-playbook.js';
import { reset } from '../index.js';
import { guestFolder } from '../recipe.js';
import {
  ask,
  audit,
  driverOf,
  finalize,
  hostsFor,
  migrate,
  on,
  rollback,
  runningOn,
  verdictOf,
} from '../story.js';
import { explain, tasksWith } from '../zrun.js';

const host = 'bookworm1';

/** Left alone by name, which systemd does not heed. */
const leave = ['-e', '{"leave_units": ["lab-refuses.service", "lab-waits.service"]}'];

const units = 'lab-web lab-anew lab-stops lab-refuses lab-folder';

async function odd(word: string): Promise<void> {
  await ask(host, `set -- ${word}\n${await readFile(path.join(guestFolder, 'odd-units.sh'), 'utf8')}`);
}

async function expectAll(driver: string, what: string): Promise<void> {
  expect(await driverOf(host), what).to.equal(driver);
  expect(await ask(host, `systemctl is-active ${units} || :`), what).to.equal(
    units.replaceAll(/\S+/g, 'active').replaceAll(' ', '\n'),
  );
  expect(await runningOn(host), what).to.equal('anew\ncache\nside\nweb');
  // Its network is the one that web has now.
  expect(await ask(host, 'docker exec side wget -qO- http://127.0.0.1:80'), what).to.match(/lab/);
  const left =
    'find /run/systemd/system -name "zrun-*"; ls /var/lib/zrun/overlay2 | grep "^units" | grep -v after || :';
  expect(await ask(host, left), what).to.equal('');
}

describe('units that are hard to stop and to start again', () => {
  before(async function () {
    await hostsFor({ bookworm: 1 }).call(this);
    await reset(host);
    await odd('comes-back');
    await odd('does-not');
  });

  it('those that cannot be started again are refused, each with what to do, and nothing is touched', async () => {
    const run = await on(host, audit, ...leave);
    const verdict = verdictOf(run, host);
    for (const said of [
      'lab-transient.service was started by systemd-run',
      'lab-deleted.service has lost its unit file',
      'lab-changed.service has other files now',
      'lab-masked.service is masked',
    ])
      expect(verdict)
        .to.match(/^blocked: /)
        .and.to.contain(said);
    expect(run.stdout).to.contain(
      'these jobs are under way, are ended and start over afterwards: lab-works.service.',
    );
    expect(verdictOf(await on(host, audit), host)).to.contain('lab-waits.service refuses to be stopped');
    const moved = await on(host, migrate, ...leave);
    expect(moved.exitCode, explain(moved)).to.equal(2);
    expect(tasksWith(moved, host, 'changed')).to.deep.equal([]);
    await odd('clean');
    await expectAll('zfs', 'after the refusal');
  });

  it('a host that goes back while Docker was not stopped has all of it again', async () => {
    const run = await withFailureAfter('Write down what Docker holds', (playbook) =>
      on(host, playbook, ...leave),
    );
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/put back as it was, Docker runs on zfs again.* broken by the test/);
    await expectAll('zfs', 'after a failure before the stop');
  });

  it('a move brings the rest back, with the containers that these have stopped', async () => {
    const run = await on(host, migrate, ...leave);
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAll('overlay2', 'after the move');
    const again = await on(host, migrate, ...leave);
    expect(again.exitCode, explain(again)).to.equal(0);
    expect(tasksWith(again, host, 'changed')).to.deep.equal([]);
  });

  it('a backup that something else has mounted: rollback.yaml and finalize.yaml name it, and what to do', async () => {
    await ask(
      host,
      `systemd-run --quiet --unit=lab-keeps --property=PrivateMounts=yes sh -c 'mkdir -p /mnt/kept; mount -t zfs -o zfsutil tank/docker-zfs-backup /mnt/kept; exec sleep infinity'
i=0; until grep -q kept "/proc/$(systemctl show --value -p MainPID lab-keeps)/mountinfo"; do i=$((i + 1)); [ $i -lt 60 ]; sleep 1; done`,
    );
    const run = await on(host, rollback, ...leave, '--check');
    expect(run.exitCode, explain(run)).to.equal(2);
    const [failed] = run.events.filter(({ result }) => result?.status === 'failed');
    expect(explain(run)).to.contain('not put back, nothing was touched: ');
    expect(failed?.result?.problem?.stderr).to.match(
      /^tank\/docker-zfs-backup is mounted at \/mnt\/kept by process \d+ \(sleep, lab-keeps\.service\), .*: systemctl stop lab-keeps\.service, and run again$/m,
    );
    const final = await on(host, finalize);
    expect(explain(final) + final.stdout).to.contain('lab-keeps.service');
    await ask(host, 'systemctl stop lab-keeps');
    await expectAll('overlay2', 'after the refusals');
  });

  it('and the way back does, too', async () => {
    const discard = ['-e', 'discard_changes=true'];
    const check = await on(host, rollback, ...leave, ...discard, '--check');
    expect(check.exitCode, explain(check)).to.equal(0);
    const run = await on(host, rollback, ...leave, ...discard);
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAll('zfs', 'after the way back');
  });

  it('a unit that does not start again fails the host, with its name, and so does its container', async () => {
    await ask(
      host,
      `printf '[Service]\\nExecStart=\\nExecStart=/bin/sh -c "test -e /run/lab-breaks || exec sleep infinity"\\n' >/tmp/lab-breaks.conf
mkdir -p /etc/systemd/system/lab-folder.service.d; cp /tmp/lab-breaks.conf /etc/systemd/system/lab-folder.service.d/
systemctl daemon-reload; systemctl restart lab-folder; touch /run/lab-breaks`,
    );
    const run = await on(host, migrate, ...leave);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/These do not run as they did: lab-folder\.service \(was active, is /);
  });
});
