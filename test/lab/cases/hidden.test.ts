/**
 * Owns the story of a host where files lie hidden below the mount of the data-root: they are found before anything is
 * touched, moved aside where that is asked for, and never stand in the way of a host that goes back.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
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
import { explain, finished, tasksWith } from '../zrun.js';

const host = 'bookworm4';
const agreed = ['-e', 'move_hidden=true'];

/** As somebody does who keeps a copy of /var/lib elsewhere mounted: below the mount, with Docker running. */
const hide = `set -eu
mkdir -p /mnt/below && mount --bind /var/lib /mnt/below
mkdir -p /mnt/below/docker/volumes/lost/_data
echo precious >/mnt/below/docker/volumes/lost/_data/note
echo old >"/mnt/below/docker/old file"
chown 0:100 /mnt/below/docker && chmod 0711 /mnt/below/docker
umount /mnt/below && rmdir /mnt/below
`;

/** What lies below whatever is mounted on the data-root, seen from a mount namespace of its own. */
const below = (command: string): string =>
  `unshare --mount sh -c 'mount --make-rprivate / && mount --bind /var/lib /mnt && cd /mnt/docker && ${command}'`;

const asides = 'find /var/lib -maxdepth 1 -name "docker.hidden-*" | sort';

describe('files hidden below the mount of the data-root', () => {
  let checksums: string;
  let held: Inspected;
  let untouched: HostSnapshot;
  let hooks: string;

  before(async function () {
    await hostsFor({ bookworm: 4 }).call(this);
    await reset(host);
    hooks = await mkdtemp(path.join(tmpdir(), 'zrun-hooks-'));
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
    held = await inspect(host);
  });

  after(() => rm(hooks, { recursive: true }));

  it('that come after every look make the move fail, and the host goes back over them', async () => {
    const hook = path.join(hooks, 'hide.yaml');
    await writeFile(hook, `- shell: |\n${hide.replace(/^/gm, '    ')}\n`);
    // The controller need not have sudo.
    const controller = path.join(hooks, 'controller.yaml');
    await writeFile(
      controller,
      'all: {hosts: {localhost: {ansible_connection: local, ansible_become: false}}}\n',
    );
    const run = await on(host, migrate, '-i', controller, '-e', `before_host=${hook}`);
    expect(run.exitCode, explain(run)).to.equal(2);
    const last = finished(run, host).findLast((event) => event.result?.status === 'failed');
    expect(last?.result?.problem?.message).to.match(/put back as it was.*holds 2 entries, which the mount/);
    expect(await driverOf(host)).to.equal('zfs');
    const after = await snapshotOf(host);
    for (const part of ['fstab', 'daemonJson', 'dropIns', 'mounts', 'containers', 'dataRoot'])
      expect(after[part], part).to.equal(untouched[part]);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, below('cat volumes/lost/_data/note'))).to.equal('precious');
    // What a volume that is there already holds, --check does not know.
    const cleared = await on(host, finalize, '-e', 'confirm=destroy-volume');
    expect(cleared.exitCode, explain(cleared)).to.equal(0);
  });

  it('are named by the audit, and refused before anything is touched', async () => {
    untouched = await snapshotOf(host);
    const verdict = verdictOf(await on(host, audit), host);
    expect(verdict).to.match(/^blocked: the mount of the data-root hides files/);
    expect(verdict).to.contain('old file, volumes. They are what Docker wrote').and.to.contain('move_hidden');
    for (const mode of [['--check'], []]) {
      const run = await on(host, migrate, ...mode);
      expect(run.exitCode, explain(run)).to.equal(2);
      expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
      expect(explain(run)).to.match(/not moved, nothing was touched: the mount of the data-root hides files/);
      expect(await snapshotOf(host)).to.deep.equal(untouched);
    }
  });

  it('are moved aside where that is asked for, as --check says', async () => {
    const ready = await on(host, audit, ...agreed);
    expect(verdictOf(ready, host)).to.match(/^ready: /);
    expect(ready.stdout).to.contain('moved aside, to /var/lib/docker.hidden-…: old file, volumes');
    await moveAsChecked(host, untouched, ...agreed);
  });

  it('lie beside the data-root as they were, before and after a reboot', async () => {
    for (const what of ['after the move', 'after the reboot']) {
      expect(await driverOf(host), what).to.equal('overlay2');
      expect(await ask(host, 'findmnt -n -o FSTYPE /var/lib/docker'), what).to.equal('ext4');
      expect(await ask(host, 'lab-volume-checksums'), what).to.equal(checksums);
      const [aside = '', ...others] = (await ask(host, asides)).split('\n');
      expect(others, what).to.deep.equal([]);
      expect(await ask(host, `cd ${aside} && cat 'old file' volumes/lost/_data/note`), what).to.equal(
        'old\nprecious',
      );
      expect(await ask(host, below('ls -A; stat -c "%u:%g %a" .')), what).to.equal('0:100 711');
      if (what === 'after the reboot') continue;
      expect(compareInspected(held, await inspect(host), [])).to.deep.equal([]);
      const seen = await on(host, audit);
      expect(verdictOf(seen, host)).to.match(/^already: /);
      expect(seen.stdout).to.contain(`what the mount of the data-root hid is kept in ${aside}`);
      await reboot(host);
      await dockerReady(host);
    }
  });

  it('are mounted over by the way back, even where ZFS itself would not', async () => {
    await ask(host, `${hide}zfs set overlay=off tank/docker-zfs-backup`);
    const seen = await on(host, audit);
    expect(seen.stdout).to.contain('hides files, which stay where they are: old file, volumes');
    await rollBack(host, untouched);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, below('cat "old file"'))).to.equal('old');
    expect((await ask(host, asides)).split('\n')).to.have.length(1);
  });

  it('and are moved aside again by the next move', async () => {
    const run = await on(host, migrate, ...agreed);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect((await ask(host, asides)).split('\n')).to.have.length(2);
    expect(await ask(host, 'cat /var/lib/docker.hidden-*/volumes/lost/_data/note')).to.equal(
      'precious\nprecious',
    );
  });
});
