/**
 * Owns the story of the end of a move: what finalize.yaml refuses to begin, and what is left where it is interrupted; and
 * what grow.yaml leaves alone.
 */
import { expect } from 'chai';
import { labPaths, reset } from '../index.js';
import {
  ask,
  audit,
  driverOf,
  finalize,
  grow,
  hostsFor,
  migrate,
  on,
  rollback,
  runningOn,
  verdictOf,
} from '../story.js';
import { explain, messagesOf, tasksWith, zrun, type ZrunRun } from '../zrun.js';

const host = 'bookworm3';
const backup = 'tank/docker-zfs-backup';
const volume = 'tank/docker-overlay2';
/** Where it stands in for the real one. */
const zfs = '/usr/local/sbin/zfs';

/** Everything that ZFS holds, with what zrun says of it. */
const everything = 'zfs list -H -t all -o name,zrun:role | sort';

const destroy = (word: string, ...more: readonly string[]): Promise<ZrunRun> =>
  on(host, finalize, '-e', `confirm=${word}`, '-e', 'min_soak_days=0', ...more);

const saidBy = (run: ZrunRun): string => messagesOf(run, host).join('\n');

/** Mounts something where nobody but one process sees it, which does not see the data-root. Prints the process. */
const mountApart = (mount: string): string => `mkdir -p /run/apart
setsid unshare --mount --propagation private sh -c 'umount -R -l /var/lib/docker; ${mount} /run/apart && : >/run/is-apart && exec sleep 3600' </dev/null >/dev/null 2>&1 &
pid=$!; until [ -e /run/is-apart ]; do kill -0 "$pid"; sleep 1; done; rm /run/is-apart; echo "$pid"`;

interface Obstacle {
  /** Prints what takes it away again. */
  readonly put: string;
  readonly says: RegExp;
}

/** @param of what is to be destroyed */
async function refuses(of: string, word: string, { put, says }: Obstacle): Promise<void> {
  const remove = await ask(host, put);
  const before = await ask(host, everything);
  const shown = await on(host, finalize);
  expect(shown.exitCode, explain(shown)).to.equal(0);
  expect(saidBy(shown)).to.match(says).and.to.contain(`${of} cannot be destroyed: `);
  for (const more of [['--check'], []]) {
    const run = await destroy(word, ...more);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(says).and.to.contain(`kept ${of}, nothing was touched: `);
    expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
  }
  expect(await ask(host, everything)).to.equal(before);
  await ask(host, remove);
}

describe('a volume of a host that is on zfs', () => {
  before(async function () {
    await hostsFor({ bookworm: 3 }).call(this);
    await reset(host);
    // As a move leaves it that did not get as far as the switch.
    await ask(
      host,
      `set -e
zfs create -V 64M -o zrun:role=overlay2 -o zrun:origin=tank/docker -o zrun:data-root=/var/lib/docker ${volume}
zfs snapshot -o zrun:run=r1 tank/docker@zrun-r1
udevadm settle; mkfs.ext4 -q /dev/zvol/${volume}`,
    );
  });

  it('is kept where a snapshot of the move is held', () =>
    refuses(volume, 'destroy-volume', {
      put: 'zfs hold keep tank/docker@zrun-r1; echo zfs release keep tank/docker@zrun-r1',
      says: /the snapshot tank\/docker@zrun-r1 is held/,
    }));

  it('is kept where it is mounted in another mount namespace', () =>
    refuses(volume, 'destroy-volume', {
      put: `echo kill "$(${mountApart(`mount /dev/zvol/${volume}`)})"`,
      says: /is mounted at \/run\/apart in the mount namespace of process \d+ \(sleep/,
    }));

  it('goes, with the snapshots of the move, where nothing holds it', async () => {
    const run = await destroy('destroy-volume');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await ask(host, everything)).not.to.match(/zrun|overlay2/);
    expect(await driverOf(host)).to.equal('zfs');
  });
});

describe('the backup of a host that was moved', () => {
  let checksums: string;
  let ran: string;
  /** A layer that nothing else needs, and the snapshot of one that others do. */
  let leaf: string;
  let snapshot: string;

  before(async function () {
    await hostsFor({ bookworm: 3 }).call(this);
    await reset(host);
    checksums = await ask(host, 'lab-volume-checksums');
    ran = await runningOn(host);
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    const layers = (await ask(host, `zfs list -H -o name,origin -r ${backup}`))
      .split('\n')
      .map((line) => line.split('\t'));
    const origins = layers.map(([, origin]) => origin ?? '-');
    const isNeeded = (name: string): boolean => origins.some((origin) => origin.startsWith(`${name}@`));
    leaf = layers.map(([name]) => name ?? '').find((name) => name !== backup && !isNeeded(name)) ?? '';
    snapshot = origins.find((origin) => origin !== '-') ?? '';
    expect([leaf, snapshot]).not.to.include('');
  });

  it('grow.yaml leaves a damaged file system unmounted and Docker stopped, and goes on when it is repaired', async () => {
    const standIn = '/usr/local/sbin/e2fsck';
    await ask(
      host,
      `printf '#!/bin/sh\\necho "RUN fsck MANUALLY"; exit 4\\n' >${standIn} && chmod +x ${standIn}`,
    );
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(
      /Docker is stopped, and stays so: .* is damaged, or cannot be checked: RUN fsck MANUALLY/,
    );
    expect(
      await ask(host, 'systemctl is-active docker.service || :; findmnt -n -o FSTYPE /var/lib/docker || :'),
    ).to.equal('inactive');
    await ask(host, `rm ${standIn}`);
    const again = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(again.exitCode, explain(again)).to.equal(0);
    expect(Number(await ask(host, 'df -B1 --output=size /var/lib/docker | tail -n 1'))).to.be.greaterThan(
      8.5 * 1024 ** 3,
    );
    expect(await runningOn(host)).to.equal(ran);
  });

  const isHeld = (): Obstacle => ({
    put: `zfs hold keep ${snapshot}; echo zfs release keep ${snapshot}`,
    says: new RegExp(`the snapshot ${snapshot} is held`),
  });
  const isBusy = (): Obstacle => ({
    put: `echo kill "$(${mountApart(`mount -t zfs ${leaf}`)})"`,
    says: new RegExp(`${leaf} is mounted at /run/apart in the mount namespace of process \\d+ \\(sleep`),
  });
  const isCloned = (): Obstacle => ({
    put: `zfs clone -o mountpoint=none ${snapshot} tank/copy; echo zfs destroy tank/copy`,
    says: new RegExp(`tank/copy is a clone of ${snapshot}`),
  });

  it('is kept where a snapshot of a layer is held', () => refuses(backup, 'destroy', isHeld()));

  it('is kept where a layer is mounted in another mount namespace', () =>
    refuses(backup, 'destroy', isBusy()));

  it('is kept where there is a clone of a layer elsewhere', () => refuses(backup, 'destroy', isCloned()));

  it('is a way back all the time, held, busy and cloned as it is', async () => {
    const end = await ask(host, isBusy().put);
    const release = [await ask(host, isHeld().put), await ask(host, isCloned().put)];
    const check = await on(host, rollback, '-e', 'discard_changes=true', '--check');
    expect(check.exitCode, explain(check)).to.equal(0);
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await runningOn(host)).to.equal(ran);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    await ask(host, end);
    const moved = await on(host, migrate);
    expect(moved.exitCode, explain(moved)).to.equal(0);
    await ask(host, release.join(' && '));
  });

  it('is none any more where finalize.yaml was interrupted: rollback.yaml and the audit say so', async () => {
    await ask(
      host,
      `cat >${zfs} <<END && chmod +x ${zfs}
#!/bin/sh
[ "\\$*" = 'destroy -r ${backup}' ] || exec $(command -v zfs) "\\$@"
$(command -v zfs) destroy -r ${leaf}
echo "\\$\\$" >/run/half && exec sleep 600
END`,
    );
    let halfWay: Promise<string> | undefined;
    const words = ['-e', 'confirm=destroy', '-e', 'min_soak_days=0'];
    const args = [finalize, '-i', labPaths().inventory, '--limit', host, ...words];
    const struck = await zrun(args, (event, { kill }) => {
      if (event.type !== 'task-started' || event.task?.name !== 'Destroy the backup') return;
      halfWay = ask(host, 'until [ -e /run/half ]; do sleep 1; done; cat /run/half');
      void halfWay.then(kill, kill);
    });
    expect(struck.exitCode, explain(struck)).to.equal(-1);
    await ask(host, `kill ${(await halfWay) ?? ''}; rm ${zfs}; ! zfs list ${leaf} 2>/dev/null`);
    for (const more of [['--check'], [], ['-e', 'discard_changes=true']]) {
      const run = await on(host, rollback, ...more);
      expect(run.exitCode, explain(run)).to.equal(2);
      expect(explain(run)).to.match(
        /not put back, nothing was touched: tank\/docker-zfs-backup is no way back any more: finalize\.yaml was interrupted/,
      );
      expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
    }
    const looked = await on(host, audit);
    expect(verdictOf(looked, host)).to.match(/^already\b/);
    expect(saidBy(looked)).to.match(/finalize\.yaml was interrupted while it destroyed .*: run it again/);
    const moved = await on(host, migrate);
    expect(moved.exitCode, explain(moved)).to.equal(0);
    expect(tasksWith(moved, host, 'changed')).to.deep.equal([]);
  });

  it('is then destroyed by finalize.yaml alone, to its end', async () => {
    await refuses(backup, 'destroy', {
      put: `zfs snapshot ${backup}@late; zfs hold keep ${backup}@late; echo zfs release keep ${backup}@late`,
      says: /docker-zfs-backup@late is held/,
    });
    const run = await destroy('destroy');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await ask(host, everything)).not.to.contain(backup);
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await runningOn(host)).to.equal(ran);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    const looked = await on(host, audit);
    expect(saidBy(looked)).not.to.contain('finalize.yaml was interrupted');
  });
});
