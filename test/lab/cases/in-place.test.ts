/**
 * Owns the story of a data-root that is a whole pool, as Docker's own documents make it: it cannot be renamed, and becomes the
 * backup where it is, with the new volume in it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { Inspected } from '../docker-inspect.js';
import { dockerReady, reset } from '../index.js';
import { guestFolder } from '../recipe.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import {
  ask,
  audit,
  driverOf,
  expectMoved,
  finalize,
  hostsFor,
  inspect,
  moveAsChecked,
  on,
  resumesAfterPowerCut,
  rollback,
  rollBack,
  verdictOf,
} from '../story.js';
import { explain, messagesOf, tasksWith } from '../zrun.js';

const host = 'bookworm4';
const pool = 'zpool-docker';

/** Named like a layer, and not of this Docker; and a snapshot that somebody else has taken. */
const likeLayer = `${pool}/${'d'.repeat(64)}`;
const decoys = `zfs get -H -o name,property,value guid,mountpoint ${likeLayer} ${likeLayer}@kept; zfs list -H -o name,guid ${pool}@daily ${pool}`;

const layers = `zfs list -H -d 1 -t filesystem -o name,guid ${pool} | sort`;

describe('a data-root that is a whole pool', () => {
  let untouched: HostSnapshot;
  let checksums: string;
  let held: Inspected;
  let theirs: string;
  let known: string;

  before(async function () {
    await hostsFor({ bookworm: 4 }).call(this);
    await reset(host);
    await ask(host, await readFile(path.join(guestFolder, 'pool.sh'), 'utf8'));
    await dockerReady(host);
    held = await inspect(host);
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
    theirs = await ask(host, decoys);
    known = await ask(host, layers);
  });

  const expectTheirs = async (what: string): Promise<void> => {
    expect(await ask(host, decoys), what).to.equal(theirs);
  };

  it('is ready, and the volume is made in it', async () => {
    expect(verdictOf(await on(host, audit), host)).to.match(
      /^ready: .* a volume zpool-docker\/zrun-overlay2 .*dataset stays as it is, unmounted, with the new one in it/,
    );
  });

  it('is moved as --check says', async () => {
    await moveAsChecked(host, untouched);
    expect(await ask(host, layers)).to.equal(known);
    await expectTheirs('after the move');
  });

  it('is as it was on the new file system, before and after a reboot, and a second run changes nothing', async () => {
    await expectMoved(host, checksums, held);
  });

  it('goes back as it was', async () => {
    await rollBack(host, untouched);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, layers)).to.equal(known);
    expect(await ask(host, 'ls -A /var/lib/docker | grep zrun || echo none')).to.equal('none');
    await expectTheirs('after the way back');
  });

  it('comes back held where the power goes in the middle of the switch, and the next run goes on', async () => {
    await resumesAfterPowerCut(host, 'Mark the old dataset as the backup, where it is', checksums);
    await expectTheirs('after the power cut');
  });

  it('is finalized: its layers and its files go, the pool, the volume and what is of others stay', async () => {
    const shown = await on(host, finalize);
    expect(shown.exitCode, explain(shown)).to.equal(0);
    expect(tasksWith(shown, host, 'changed')).to.deep.equal([]);
    const said = messagesOf(shown, host).join('\n');
    expect(said).to.contain(`keep\t${likeLayer} `).and.to.contain(`empty\t${pool}`);
    expect(await ask(host, layers)).to.equal(known);
    const done = await on(host, finalize, '-e', 'confirm=destroy', '-e', 'min_soak_days=0');
    expect(done.exitCode, explain(done)).to.equal(0);
    expect(await ask(host, `zfs list -H -r -t all -o name ${pool} | sort`)).to.equal(
      [pool, `${pool}@daily`, likeLayer, `${likeLayer}@kept`, `${pool}/zrun-overlay2`].sort().join('\n'),
    );
    await expectTheirs('after the end');
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    const back = await on(host, rollback);
    expect(back.exitCode, explain(back)).to.equal(2);
    expect(explain(back)).to.match(/there is no backup/);
  });
});
