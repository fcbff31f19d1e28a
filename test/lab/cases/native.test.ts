/**
 * Owns the stories of a host whose ZFS carries overlayfs: where Docker has chosen overlay2 by itself it is left alone, and
 * where it has not it needs no volume. Docker is 26 there.
 */
import { expect } from 'chai';
import { withFailureAfter } from '../broken-playbook.js';
import { compareInspected, type Inspected } from '../docker-inspect.js';
import { dockerReady, reboot, reset } from '../index.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import {
  ask,
  audit,
  driverOf,
  finalize,
  hostsFor,
  inspect,
  migrate,
  moveAsChecked,
  on,
  rollBack,
  verdictOf,
} from '../story.js';
import { explain, tasksWith } from '../zrun.js';

const name = 'trixie1';

describe('a host on overlay2 is left alone', () => {
  before(hostsFor({ trixie: 1 }));

  it('trixie: ok, changed=0, nothing touched', async () => {
    await reset(name);
    const before = await snapshotOf(name);
    const run = await on(name, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(tasksWith(run, name, 'changed')).to.deep.equal([]);
    expect(await snapshotOf(name)).to.deep.equal(before);
    expect(await on(name, audit).then((again) => verdictOf(again, name))).to.match(/^already\b/);
  });
});

/** Debian 13 chooses overlay2 by itself. Here somebody has kept zfs, as after an upgrade from Debian 12. */
const keepsZfs = `set -eu
docker save -o /root/images.tar lab/base:1 lab/web:1
docker rm -f $(docker ps -aq) >/dev/null
systemctl stop docker.socket docker.service
rm -rf /var/lib/docker/overlay2 /var/lib/docker/image /var/lib/docker/buildkit
sed -i 's#^{#{ "storage-driver": "zfs",#' /etc/docker/daemon.json
systemctl start docker.service
docker load -q -i /root/images.tar
docker run -d --name web --restart unless-stopped --network backend --network-alias www --publish 8080:80 \\
  --volume data:/data --env 'MOTTO=two words' --label 'lab.note=kept as it is' --memory 64m lab/web:1
docker run -d --name plain --volume /cache lab/base:1
docker create --name made lab/base:1`;

describe('a host whose ZFS carries overlayfs needs no volume', () => {
  let checksums: string;
  let held: Inspected;
  let untouched: HostSnapshot;

  before(async function () {
    await hostsFor({ trixie: 1 }).call(this);
    await reset(name);
    await ask(name, keepsZfs);
    held = await inspect(name);
    checksums = await ask(name, 'lab-volume-checksums');
    untouched = await snapshotOf(name);
    expect(await driverOf(name)).to.equal('zfs');
  });

  it('goes back where nothing is mounted at the data-root yet', async () => {
    const run = await withFailureAfter('Keep the backup from being mounted', (playbook) =>
      on(name, playbook, '-e', 'strategy=auto'),
    );
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/put back as it was, Docker runs on zfs again.* broken by the test/);
    expect(await driverOf(name)).to.equal('zfs');
    expect(await ask(name, 'lab-volume-checksums')).to.equal(checksums);
    const left = await on(name, finalize, '-e', 'confirm=destroy-volume');
    expect(left.exitCode, explain(left)).to.equal(0);
    await ask(name, 'rm -rf /var/lib/zrun');
    untouched = await snapshotOf(name);
  });

  it('strategy auto takes a dataset on ZFS 2.3', async () => {
    const seen = await on(name, audit, '-e', 'strategy=auto');
    expect(verdictOf(seen, name)).to.match(/^ready: .* a dataset tank\/docker-overlay2 \(strategy native: /);
    await moveAsChecked(name, untouched, '-e', 'strategy=auto');
  });

  it('Docker runs on overlay2 over zfs and holds what it held, also after a reboot', async () => {
    for (const what of ['after the move', 'after the reboot']) {
      expect(await ask(name, "docker info --format '{{.Driver}} {{json .DriverStatus}}'"), what).to.match(
        /^overlay2 .*"Backing Filesystem","zfs"/,
      );
      expect(await ask(name, 'findmnt -n -o SOURCE,FSTYPE /var/lib/docker'), what).to.match(
        /^tank\/docker-overlay2 +zfs$/,
      );
      expect(await ask(name, 'lab-volume-checksums'), what).to.equal(checksums);
      if (what === 'after the reboot') continue;
      expect(compareInspected(held, await inspect(name), [])).to.deep.equal([]);
      const again = await on(name, migrate);
      expect(tasksWith(again, name, 'changed', 'failed'), explain(again)).to.deep.equal([]);
      await reboot(name);
      await dockerReady(name);
    }
    expect(
      await ask(name, 'zfs get -H -o value compression,recordsize,acltype tank/docker-overlay2'),
    ).to.equal('lz4\n64K\nposix');
  });

  it('and goes back to the zfs driver', async () => {
    await rollBack(name, untouched);
    expect(await driverOf(name)).to.equal('zfs');
    expect(await ask(name, 'lab-volume-checksums')).to.equal(checksums);
  });
});
