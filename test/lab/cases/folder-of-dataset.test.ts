/**
 * Owns the story of a data-root that is a plain folder of a larger dataset, as ZFS roots have it (moby#40132): the folder is
 * moved, and what stands beside it, some of it named like Docker's own, is as it was to the end.
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
const of = 'tank/ROOT/debian';
const backup = '/var/lib/docker-zfs-backup';

/** Named like a layer, and like one of BuildKit's: neither is of this Docker. */
const [likeLayer, likeBuildKit] = ['d'.repeat(64), 'k'.repeat(25)] as const;

/** What is somebody else's: files beside the folder, datasets beside the layers, and a snapshot of all of it. */
const decoys = `cat /var/lib/docker-zfs-backup.txt /var/lib/docker.theirs/note /srv/app/note
zfs get -H -o name,property,value guid,mountpoint,mounted ${[likeLayer, likeBuildKit, 'app'].map((name) => `${of}/${name}`).join(' ')}
zfs list -H -o name ${of}/${likeLayer}@kept ${of}@daily
zfs get -H -o property,value guid,canmount,mountpoint,mounted ${of}`;

/** Sets $layer to the last layer that was written down. */
const setLayer = `layer=${of}/$(sed -n '$s/.*\\t//p' ${backup}/.zrun-layers)`;
const layers = `zfs list -H -d 1 -t filesystem -o name,guid ${of} | sort`;
const snapshots = `zfs list -H -d 1 -t snapshot -o name ${of}`;
/** Every file of the data-root, with what it is, and without what Docker changes as it starts. */
const files = `cd /var/lib/docker && find . -xdev ! -path './tmp*' ! -path './runtimes*' ! -path './containers/*' ! -path './network/*' ! -path './buildkit/*' ! -path './plugins/tmp*' -printf '%p %y %m %U:%G %n\\n' | sort | sha256sum`;

describe('a data-root that is a folder of a larger dataset', () => {
  let untouched: HostSnapshot;
  let checksums: string;
  let held: Inspected;
  let theirs: string;
  let known: string;
  let content: string;

  before(async function () {
    await hostsFor({ bookworm: 4 }).call(this);
    await reset(host);
    await ask(host, await readFile(path.join(guestFolder, 'folder.sh'), 'utf8'));
    await dockerReady(host);
    held = await inspect(host);
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
    theirs = await ask(host, decoys);
    known = await ask(host, layers);
    content = await ask(host, files);
  });

  const expectTheirs = async (what: string): Promise<void> => {
    expect(await ask(host, decoys), what).to.equal(theirs);
  };

  it('is ready, and the audit names what is only named like a layer', async () => {
    const run = await on(host, audit);
    expect(verdictOf(run, host)).to.match(
      /^ready: .* a folder of tank\/ROOT\/debian .* a volume tank\/docker-overlay2 .* stays, as \/var\/lib\/docker-zfs-backup/,
    );
    expect(run.stdout).to.match(/not known to be of this Docker.*d{64}, tank\/ROOT\/debian\/k{25}/);
  });

  it('is moved as --check says, and the snapshot of the larger dataset is gone', async () => {
    await moveAsChecked(host, untouched);
    expect(await ask(host, snapshots)).to.equal(`${of}@daily`);
    expect(await ask(host, layers)).to.equal(known);
    await expectTheirs('after the move');
  });

  it('is as it was on the new file system, before and after a reboot, and a second run changes nothing', async () => {
    await expectMoved(host, checksums, held);
    await expectTheirs('after the reboot');
  });

  it('goes back as it was', async () => {
    await rollBack(host, untouched);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, files)).to.equal(content);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, layers)).to.equal(known);
    expect(await ask(host, `ls -d ${backup} 2>&1 || :`)).to.match(/No such file/);
    await expectTheirs('after the way back');
  });

  it('comes back held, or as it was, where the power goes in the middle of the switch, and the next run goes on', async () => {
    await resumesAfterPowerCut(host, 'Rename it, and make the folder that is mounted on', checksums);
    await expectTheirs('after the power cut');
  });

  it('is finalized: its layers and its folder go, and nothing of others', async () => {
    const shown = await on(host, finalize);
    expect(shown.exitCode, explain(shown)).to.equal(0);
    expect(tasksWith(shown, host, 'changed')).to.deep.equal([]);
    const said = messagesOf(shown, host).join('\n');
    expect(said).to.match(/^keep\ttank\/ROOT\/debian\/d{64} /m);
    expect(said).to.contain(`remove\t${backup}`);
    expect(await ask(host, layers)).to.equal(known);
    await ask(host, `${setLayer}; zfs snapshot $layer@held && zfs hold keep $layer@held`);
    const kept = await on(host, finalize, '-e', 'confirm=destroy', '-e', 'min_soak_days=0');
    expect(kept.exitCode, explain(kept)).to.equal(2);
    expect(explain(kept)).to.match(/nothing was touched: the snapshot \S+@held is held/);
    await ask(host, `${setLayer}; zfs release keep $layer@held && zfs destroy $layer@held`);
    const done = await on(host, finalize, '-e', 'confirm=destroy', '-e', 'min_soak_days=0');
    expect(done.exitCode, explain(done)).to.equal(0);
    expect(
      await ask(host, `zfs list -H -d 1 -t filesystem -o name ${of} | sed 's#.*/##' | sort | tr '\\n' ' '`),
    ).to.equal(`app ${likeLayer} debian ${likeBuildKit}`);
    expect(await ask(host, `ls -d ${backup} 2>&1 || :`)).to.match(/No such file/);
    await expectTheirs('after the end');
    expect(await driverOf(host)).to.equal('overlay2');
    const back = await on(host, rollback);
    expect(back.exitCode, explain(back)).to.equal(2);
    expect(explain(back)).to.match(/there is no backup/);
  });
});
