/**
 * Owns the stories of an encrypted data-root: its key is loaded at boot by what zfs-mount-generator makes of the old dataset,
 * and of that nothing is left after the move. With ZED, which keeps the generator's lists up to date, and with a list that
 * nobody keeps.
 */
import { expect } from 'chai';
import { dockerReady, reboot, reset } from '../index.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import {
  ask,
  audit,
  driverOf,
  finalize,
  hostsFor,
  moveAsChecked,
  on,
  rollBack,
  verdictOf,
} from '../story.js';
import { explain } from '../zrun.js';

const name = 'trixie1';
const list = '/etc/zfs/zfs-list.cache/tank';

/** Docker on zfs below an encrypted dataset, and a list for the generator, which ZED has filled. */
const encrypt = `set -eu
docker save -o /root/images.tar lab/base:1 lab/web:1
docker rm -f $(docker ps -aq) >/dev/null
systemctl stop docker.socket docker.service
zfs umount tank/docker
zfs set canmount=off tank/docker
head -c 32 /dev/urandom >/root/tank.key
zfs create -o encryption=on -o keyformat=raw -o keylocation=file:///root/tank.key -o mountpoint=none -o canmount=off tank/enc
zfs create -o mountpoint=/var/lib/docker tank/enc/docker
sed -i 's#^{#{ "storage-driver": "zfs",#' /etc/docker/daemon.json
systemctl start docker.service
docker load -q -i /root/images.tar
docker run -d --name web --restart unless-stopped --volume data:/data lab/web:1
docker exec web sh -c 'echo kept >/data/note'
mkdir -p /etc/zfs/zfs-list.cache
: >${list}
zfs set canmount=noauto tank/enc
zfs set canmount=off tank/enc
i=0; until grep -q /var/lib/docker ${list}; do i=$((i + 1)); [ $i -lt 100 ] || exit 1; sleep 1; done`;

const isMounted = 'findmnt -n -o SOURCE /var/lib/docker';
const winner = `systemctl show -p SourcePath --value var-lib-docker.mount`;
const linesThere = `awk '$2 == "/var/lib/docker" && $3 == "on"' ${list} | wc -l`;

/** After the move, or the way back, and a boot. */
async function expectAfterBoot(driver: string, mounted: RegExp, source: string): Promise<void> {
  await reboot(name);
  await dockerReady(name);
  expect(await driverOf(name)).to.equal(driver);
  expect(await ask(name, isMounted)).to.match(mounted);
  expect(await ask(name, winner)).to.equal(source);
  expect(await ask(name, 'docker exec web cat /data/note')).to.equal('kept');
}

for (const zed of [true, false]) {
  describe(`an encrypted data-root, ${zed ? 'with ZED' : 'with a list that nobody keeps up to date'}`, () => {
    let untouched: HostSnapshot;

    before(async function () {
      await hostsFor({ trixie: 1 }).call(this);
      await reset(name);
      await ask(name, encrypt);
      if (!zed) await ask(name, 'systemctl disable --now zfs-zed.service');
      untouched = await snapshotOf(name);
    });

    it('is moved to a volume as --check says, and comes up after a boot', async () => {
      expect(verdictOf(await on(name, audit), name)).to.match(
        /^ready: .* a volume tank\/enc\/docker-overlay2/,
      );
      await moveAsChecked(name, untouched);
      expect(await ask(name, linesThere)).to.equal('0');
      await expectAfterBoot('overlay2', /^\/dev\/zd/, '/etc/fstab');
    });

    // What boots with ZED asks for the key alike: once is enough.
    if (!zed)
      it('fails at once where its key is missing, and the host boots', async () => {
        await ask(name, 'mv /root/tank.key /root/elsewhere && sync');
        await reboot(name);
        const state = await ask(name, 'timeout 600 systemctl is-system-running --wait || true');
        expect(state).to.equal('degraded');
        expect(await ask(name, 'systemctl list-jobs --no-legend')).not.to.contain('dev-zvol');
        expect(
          await ask(name, "systemctl list-units --failed --no-legend --plain 'zrun*' | cut -d ' ' -f 1"),
        ).to.equal('zrun-docker-key.service');
        expect(await ask(name, 'ls -A /var/lib/docker | wc -l')).to.equal('0');
        await ask(name, 'mv /root/elsewhere /root/tank.key && systemctl start docker.service');
        expect(await driverOf(name)).to.equal('overlay2');
      });

    it('goes back, as it was', async () => {
      await rollBack(name, untouched);
      expect(await driverOf(name)).to.equal('zfs');
      expect(await ask(name, linesThere)).to.equal('1');
      if (!zed) expect((await snapshotOf(name))['mountLists']).to.equal(untouched['mountLists']);
      const end = await on(name, finalize, '-e', 'confirm=destroy-volume');
      expect(end.exitCode, explain(end)).to.equal(0);
    });

    it('is moved to a dataset as --check says, and comes up after a boot', async () => {
      const before = await snapshotOf(name);
      await moveAsChecked(name, before, '-e', 'strategy=native');
      expect(await ask(name, linesThere)).to.equal('0');
      await expectAfterBoot('overlay2', /^tank\/enc\/docker-overlay2$/, '/etc/fstab');
    });

    it('and comes up on zfs after the way back and a boot', async () => {
      await rollBack(name, untouched);
      await expectAfterBoot('zfs', /^tank\/enc\/docker$/, list);
    });
  });
}
