/**
 * Owns the story of the first migration on a real host: audit, check, migrate, again, reboot, grow, finalize. It resets its
 * host first.
 */
import { expect } from 'chai';
import { compareInspected, type Inspected } from './docker-inspect.js';
import { leftOutOfSetting, makeSetting } from './docker-setting.js';
import { dockerReady, reboot, reset } from './index.js';
import { snapshotOf, type HostSnapshot } from './state.js';
import {
  ask,
  audit,
  driverOf,
  finalize,
  grow,
  hostsFor,
  inspect,
  migrate,
  on,
  rollback,
  runningOn,
  verdictOf,
} from './story.js';
import { explain, messagesOf, tasksWith, type ZrunRun } from './zrun.js';

const host = 'bookworm2';

/** The setting has a container that was started with --rm, which the run only takes where it is told to. */
const agreed = ['-e', 'allow_auto_remove=true'] as const;

describe('a host on the zfs driver is moved to overlay2', () => {
  let checksums: string;
  let held: Inspected;
  let untouched: HostSnapshot;
  let predictedChanges: readonly string[];

  before(async function () {
    await hostsFor({ bookworm: 2 }).call(this);
    await reset(host);
    await ask(host, makeSetting);
    held = await inspect(host);
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
  });

  it('starts as the article describes: Docker chose zfs by itself', async () => {
    expect(await driverOf(host)).to.equal('zfs');
    expect(checksums).to.have.length.greaterThan(200);
  });

  it('the audit names what would be lost, unless that was agreed to', async () => {
    const verdict = verdictOf(await on(host, audit), host);
    expect(verdict).to.match(/^blocked: .*--rm .*: carry-passing\b/);
  });

  it('the audit says that it is ready, and leaves it as it was', async () => {
    const run = await on(host, audit, ...agreed);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(verdictOf(run, host)).to.match(/^ready\b/);
    expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
    expect(await snapshotOf(host)).to.deep.equal(untouched);
  });

  it('strategy auto takes a volume on ZFS 2.1, where the probe sees overlayfs fail', async () => {
    const run = await on(host, audit, ...agreed, '-e', 'strategy=auto');
    expect(verdictOf(run, host)).to.match(
      /^ready: .* a volume .*\(strategy zvol: overlayfs does not work on ZFS 2\.1/,
    );
    expect(await snapshotOf(host)).to.deep.equal(untouched);
  });

  it('--check lists changes and makes none', async () => {
    const run = await on(host, migrate, ...agreed, '--check', '--diff');
    expect(run.exitCode, explain(run)).to.equal(0);
    predictedChanges = tasksWith(run, host, 'changed');
    expect(predictedChanges).to.have.length.greaterThan(8);
    expect(await snapshotOf(host)).to.deep.equal(untouched);
  });

  let migration: ZrunRun;

  it('the run changes exactly what --check said, task by task', async () => {
    migration = await on(host, migrate, ...agreed);
    expect(migration.exitCode, explain(migration)).to.equal(0);
    expect(tasksWith(migration, host, 'changed')).to.deep.equal(predictedChanges);
  });

  it('the run says what it does not carry of what containers have written', () => {
    const said = messagesOf(migration, host);
    expect(said.find((line) => line.startsWith('not carried'))).to.contain('carry-written (+ /kept)');
  });

  it('Docker runs on overlay2 over ext4, with every volume as it was', async () => {
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await ask(host, "docker info --format '{{json .DriverStatus}}'")).to.contain('extfs');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, "docker volume ls --format '{{.Name}}' | sort")).to.contain('data');
  });

  it('Docker holds what it held: containers, images, networks and volumes, field by field', async () => {
    expect(compareInspected(held, await inspect(host), leftOutOfSetting)).to.deep.equal([]);
  });

  it('a second run changes nothing', async () => {
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(tasksWith(run, host, 'changed', 'failed', 'unknown')).to.deep.equal([]);
    expect(await on(host, audit).then((again) => verdictOf(again, host))).to.match(/^already\b/);
  });

  it('keeps all of it over a reboot, with the old dataset renamed and not mounted', async () => {
    await reboot(host);
    await dockerReady(host);
    expect(await ask(host, 'findmnt -n -o FSTYPE /var/lib/docker')).to.equal('ext4');
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, 'zfs get -H -o value mounted tank/docker-zfs-backup')).to.equal('no');
    expect(await ask(host, 'zfs list -H -o name tank/docker 2>&1 || true')).to.contain('does not exist');
    expect(await ask(host, 'systemctl is-enabled docker.service')).to.equal('enabled');
  });

  it('grow.yaml enlarges the volume and its file system, and starts again what ran', async () => {
    const ran = await runningOn(host);
    // The way back needs what the move has written down.
    const records = 'cd /var/lib/zrun/overlay2 && sha256sum docker.json docker.json.restored';
    const written = await ask(host, records);
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await ask(host, records)).to.equal(written);
    expect(await ask(host, 'zfs get -Hp -o value volsize tank/docker-overlay2')).to.equal(
      String(9 * 1024 ** 3),
    );
    expect(Number(await ask(host, 'df -B1 --output=size /var/lib/docker | tail -n 1'))).to.be.greaterThan(
      8.5 * 1024 ** 3,
    );
    expect(await runningOn(host)).to.equal(ran);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    const again = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(tasksWith(again, host, 'changed', 'failed'), explain(again)).to.deep.equal([]);
    const idle = await on(host, grow, '-e', 'grow_above=80', '-e', 'grow_by=50');
    expect(idle.exitCode, explain(idle)).to.equal(0);
    expect(tasksWith(idle, host, 'changed')).to.deep.equal([]);
    expect(idle.stdout).to.match(/ % of the file system is used: it is enlarged from 80 % on/);
    const smaller = await on(host, grow, '-e', 'zvol_size=8GiB');
    expect(explain(smaller)).to.match(/cannot be made smaller/);
  });

  it('finalize.yaml shows what would go and keeps it, until it is told to destroy it', async () => {
    const shown = await on(host, finalize);
    expect(shown.exitCode, explain(shown)).to.equal(0);
    const said = messagesOf(shown, host);
    expect(said.join('\n')).to.contain('destroy\ttank/docker-zfs-backup');
    expect(await ask(host, 'zfs list -H -o name -d 0 tank/docker-zfs-backup')).to.equal(
      'tank/docker-zfs-backup',
    );

    const early = await on(host, finalize, '-e', 'confirm=destroy');
    expect(early.exitCode, explain(early)).to.equal(2);
    expect(explain(early)).to.match(/nothing was touched: the move was finished less than a day ago/);

    const done = await on(host, finalize, '-e', 'confirm=destroy', '-e', 'min_soak_days=0');
    expect(done.exitCode, explain(done)).to.equal(0);
    expect(await ask(host, 'zfs list -H -o name | grep backup || echo none')).to.equal('none');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);

    const back = await on(host, rollback);
    expect(explain(back)).to.match(/there is no backup/);
    expect(await driverOf(host)).to.equal('overlay2');
  });
});
