/**
 * Owns the story of what stands around Docker: units that require it, that call it, that write into its volumes. They are
 * stopped before it, held, and run again on every way out, and not one line that they have written is lost.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { dockerReady, reboot, reset } from '../index.js';
import { guestFolder } from '../recipe.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import {
  ask,
  audit,
  driverOf,
  grow,
  hostsFor,
  migrate,
  moveAsChecked,
  on,
  rollback,
  verdictOf,
} from '../story.js';
import { explain, tasksWith } from '../zrun.js';

const host = 'bookworm1';

const units = [
  'lab-needs.service',
  'lab-bound.service',
  'lab-writer.service',
  'lab-job.timer',
  'lab-done.service',
];

/** A line a unit: its state, as it is once nothing about it is under way any more. */
const states = `for u in ${units.join(' ')}; do
i=0; while a=$(systemctl is-active $u); [ "$a" = activating ] && [ $i -lt 120 ]; do i=$((i + 1)); sleep 1; done; echo "$u $a"
done`;
const allActive = units.map((unit) => `${unit} active`).join('\n');

const lines = '/var/lib/docker/volumes/lines/_data/log';

/** Lines that the journal knows of, and the volume does not. A line is written before it is told. */
const lost = `journalctl -b -u lab-writer -o cat | sed -n 's/^line //p' | sort >/tmp/told
sort ${lines} >/tmp/kept; comm -23 /tmp/told /tmp/kept`;

const count = async (): Promise<number> => Number(await ask(host, `wc -l <${lines}`));

/** The writer writes on. */
async function expectWriting(): Promise<void> {
  await ask(
    host,
    `n=$(wc -l <${lines}); i=0; until [ "$(wc -l <${lines})" -gt "$n" ]; do i=$((i + 1)); [ $i -lt 120 ] || exit 1; sleep 1; done`,
  );
}

/** Everything around Docker is as it was, on this driver. */
async function expectAround(driver: string, what: string): Promise<void> {
  expect(await driverOf(host), what).to.equal(driver);
  expect(await ask(host, states), what).to.equal(allActive);
  await expectWriting();
  expect(await ask(host, "docker ps --format '{{.Names}}' | sort | tr '\\n' ' '"), what).to.equal(
    'cache web writer',
  );
  expect(await ask(host, 'ls /run/systemd/system | grep -c zrun || :'), what).to.equal('0');
  expect(
    await ask(
      host,
      'find /run/systemd/system -name "zrun-*"; ls /var/lib/zrun/overlay2 | grep -x units || :',
    ),
    what,
  ).to.equal('');
}

describe('what stands around Docker stands again', () => {
  let untouched: HostSnapshot;

  before(async function () {
    await hostsFor({ bookworm: 1 }).call(this);
    await reset(host);
    await ask(host, await readFile(path.join(guestFolder, 'units.sh'), 'utf8'));
    await expectAround('zfs', 'before');
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
    await expectAround('overlay2', 'after the move');
    expect(await ask(host, lost)).to.equal('');
    const again = await on(host, migrate);
    expect(tasksWith(again, host, 'changed', 'failed'), explain(again)).to.deep.equal([]);
  });

  it('also when the volume is enlarged, and after a reboot', async () => {
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround('overlay2', 'after growing');
    expect(await ask(host, lost)).to.equal('');
    const before = await count();
    await reboot(host);
    await dockerReady(host);
    await ask(host, 'systemctl start lab-done lab-job.timer');
    await expectAround('overlay2', 'after the reboot');
    expect(await count()).to.be.at.least(before);
  });

  it('rollback.yaml does not discard the lines unasked, and starts everything again where it is told to', async () => {
    const refused = await on(host, rollback);
    expect(refused.exitCode, explain(refused)).to.equal(2);
    expect(explain(refused)).to.match(/volume lines has changed/);
    await expectAround('overlay2', 'after the refusal');
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround('zfs', 'after the way back');
  });

  it('and is moved again', async () => {
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAround('overlay2', 'after the second move');
    expect(await ask(host, lost)).to.equal('');
  });
});
