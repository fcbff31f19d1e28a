/**
 * `mount` against this machine's kernel, in a mount namespace of the test's own; fstab is a file of the test's. Needs
 * root, which a run without it says.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { formatProblem } from '../../../src/core/errors.js';
import { directoryContentProbe } from '../../../src/modules/host/directory.js';
import { mount } from '../../../src/modules/storage/mount.js';
import { stat } from '../../../src/modules/files/stat.js';
import {
  createCheck,
  createHost,
  failureOf,
  localRun,
  perform,
  performTwice,
  planOf,
  type Host,
} from '../harness.js';

const canUnshare = spawnSync('unshare', ['-m', 'true']).status === 0;

describe('mount, for real', function () {
  let keeper: ChildProcess;
  let host: Host;
  let folder: string;
  let fstab: string;

  before(async function () {
    if (!canUnshare) {
      console.log('      not tried: making a mount namespace needs root and unshare(1)');
      this.skip();
    }
    keeper = spawn('unshare', ['-m', 'sh', '-c', 'echo ready; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (keeper.stdout) await once(keeper.stdout, 'data');
    const enter = localRun(['nsenter', '-t', String(keeper.pid), '-m', 'sh']);
    host = createHost(enter);
  });
  after(() => {
    if (canUnshare) keeper.kill('SIGKILL');
  });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zrun-mount-'));
    fstab = path.join(folder, 'fstab');
    await writeFile(fstab, '# mine\nproc /proc  proc');
  });
  afterEach(async () => {
    await host.run({ shellText: `for i in 1 2 3; do umount ${folder}/* 2>/dev/null; done; :` });
    await rm(folder, { recursive: true, force: true });
  });

  const sh = async (shellText: string): Promise<string> => {
    const { status, stdout, stderr } = await host.run({ shellText });
    expect(status, stderr.toString()).to.equal(0);
    return stdout.toString();
  };
  const memory = (state: string, more = {}) => ({
    path: `${folder}/a b`,
    src: 'tmpfs',
    fstype: 'tmpfs',
    opts: 'size=1m,nofail,x-systemd.device-timeout=9',
    state,
    fstab,
    ...more,
  });
  const line = (): string => `\ntmpfs ${folder}/a\\040b tmpfs size=1m,nofail,x-systemd.device-timeout=9 0 0`;

  it('mounts, writes the line, and takes both away to the byte', async () => {
    const done = await performTwice(mount, memory('mounted'), host);
    expect(done.exchanges).to.equal(2);
    expect(await readFile(fstab, 'utf8')).to.equal(`# mine\nproc /proc  proc${line()}`);
    expect(await sh(`stat -f -c %T '${folder}/a b'`)).to.equal('tmpfs\n');
    const gone = await performTwice(mount, { path: `${folder}/a b`, state: 'absent', fstab }, host);
    expect(gone.exchanges).to.equal(2);
    expect(gone.plan).to.have.property('summary', `unmount ${folder}/a b, remove its line in ${fstab}`);
    expect(await readFile(fstab, 'utf8')).to.equal('# mine\nproc /proc  proc');
    expect(await sh('cat /proc/self/mountinfo')).not.to.contain(folder);
  });

  it('ephemeral and unmounted leave fstab alone, present leaves the mount alone', async () => {
    await performTwice(mount, memory('ephemeral'), host);
    await performTwice(mount, memory('unmounted'), host);
    expect(await readFile(fstab, 'utf8')).to.equal('# mine\nproc /proc  proc');
    await performTwice(mount, memory('present'), host);
    expect(await sh('cat /proc/self/mountinfo')).not.to.contain(folder);
    expect(await readFile(fstab, 'utf8')).to.contain(line());
  });

  it('finds a device by its number, whatever it is called', async function () {
    const image = `${folder}/image`;
    const made = await host.run({
      shellText: `truncate -s 16M ${image} && mkfs.ext4 -q ${image} && losetup -f --show ${image}`,
    });
    const loop = made.stdout.toString().trim();
    if (made.status !== 0) {
      console.log('      not tried: no loop device to be had here');
      return this.skip();
    }
    try {
      await sh(`ln -s ${loop} ${folder}/link`);
      // The link is below no /dev, so it is told apart from a name by the module's own rule.
      const wish = { path: `${folder}/m`, src: loop, fstype: 'ext4', state: 'mounted', fstab };
      const done = await performTwice(mount, wish, host);
      expect(done.result).to.include({ src: loop, fstype: 'ext4', opts: 'defaults' });
      const other = await failureOf(planOf(mount, { ...wish, src: 'tmpfs', fstype: 'tmpfs' }, host.read));
      expect(other.message).to.equal(
        `${folder}/m has ${loop} (ext4) mounted, so tmpfs is not mounted over it`,
      );
      await performTwice(mount, { ...wish, state: 'absent' }, host);
    } finally {
      await sh(`losetup -d ${loop}`);
    }
  });

  it('knows a bind mount by folder and device', async () => {
    await sh(`mkdir ${folder}/from ${folder}/other; touch ${folder}/from/here`);
    const wish = {
      path: `${folder}/to`,
      src: `${folder}/from`,
      fstype: 'none',
      opts: 'bind',
      state: 'ephemeral',
    };
    await performTwice(mount, wish, host);
    expect(await sh(`ls ${folder}/to`)).to.equal('here\n');
    const error = await failureOf(planOf(mount, { ...wish, src: `${folder}/other` }, host.read));
    expect(error.message).to.contain('so');
  });

  it('does not hide files, unless told to', async () => {
    await mkdir(`${folder}/a b`);
    await writeFile(`${folder}/a b/left-over`, '');
    const error = await failureOf(planOf(mount, memory('mounted'), host.read));
    expect(error.message).to.equal(`${folder}/a b holds 1 entry, which the mount would hide`);
    await performTwice(mount, memory('mounted', { allow_nonempty: true }), host);
  });

  it('takes one of several stacked mounts, and only the top one', async () => {
    await sh(
      `mkdir '${folder}/a b' && mount -t tmpfs lower '${folder}/a b' && mount -t tmpfs upper '${folder}/a b'`,
    );
    const at = { path: `${folder}/a b`, state: 'unmounted' };
    const error = await failureOf(planOf(mount, { ...at, src: 'lower' }, host.read));
    expect(error.message).to.equal(`upper (tmpfs) is mounted over lower at ${folder}/a b`);
    await performTwice(mount, { ...at, src: 'upper' }, host);
    expect(await sh('cat /proc/self/mountinfo')).to.contain(' lower ');
    await sh(`mount -t tmpfs upper '${folder}/a b'`);
    await performTwice(mount, at, host);
    expect(await sh('cat /proc/self/mountinfo')).not.to.contain(folder);
  });

  it('says who keeps it busy, and leaves it mounted', async () => {
    await performTwice(mount, memory('ephemeral'), host);
    await sh(`mkdir '${folder}/a b/below'`);
    const holder = spawn('nsenter', [
      '-t',
      String(keeper.pid),
      '-m',
      'sh',
      '-c',
      `cd '${folder}/a b/below' && echo in && exec sleep 60`,
    ]);
    await once(holder.stdout, 'data');
    try {
      const error = await failureOf(perform(mount, memory('unmounted'), host));
      expect(error.message).to.equal(`${folder}/a b is busy and stays mounted`);
      expect(error.problem.stderr).to.contain(
        `process ${String(holder.pid)} (sleep): cwd is ${folder}/a b/below`,
      );
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'close');
    }
    await performTwice(mount, memory('unmounted'), host);
  });

  it('leaves no folder behind where mounting fails, and fstab has the line for the next boot', async () => {
    const error = await failureOf(perform(mount, memory('ephemeral', { opts: 'no-such-option' }), host));
    expect(error.code).to.equal('command-failed');
    expect(formatProblem(error.problem)).to.contain('mount -t tmpfs -o no-such-option');
    expect(await sh(`ls ${folder}`)).to.equal('fstab\n');
  });

  it('refuses to guess which of several lines is meant', async () => {
    await writeFile(fstab, `x ${folder}/m ext4\ny ${folder}/m ext4\n`);
    const error = await failureOf(planOf(mount, { path: `${folder}/m`, state: 'absent', fstab }, host.read));
    expect(error.message).to.equal(`${fstab} has several lines for ${folder}/m: 1, 2`);
    await performTwice(mount, { path: `${folder}/m`, src: 'y', state: 'absent', fstab }, host);
    expect(await readFile(fstab, 'utf8')).to.equal(`x ${folder}/m ext4\n`);
  });

  it('looks beneath a mount before it takes it away, so that check mode can go on', async () => {
    await sh(`mkdir -p '${folder}/a b' ${folder}/full && touch ${folder}/full/x`);
    await sh(
      `mount -t tmpfs one '${folder}/a b' && touch '${folder}/a b/data' && mount -t tmpfs two ${folder}/full`,
    );
    const check = createCheck(host);
    const away = await check(mount, { path: `${folder}/a b`, state: 'unmounted' });
    const again = await check(mount, memory('mounted'));
    const file = await check(stat, { path: `${folder}/a b/data` });
    expect([away, again].map((plan) => (plan.change === 'some' ? plan.summary : plan.reason))).to.deep.equal([
      `unmount ${folder}/a b`,
      `mount tmpfs at ${folder}/a b, add its line in ${fstab}`,
    ]);
    expect(file.change === 'none' && file.result['stat']).to.include({ exists: false });
    await check(mount, { path: `${folder}/full`, state: 'unmounted' });
    const hides = await failureOf(check(mount, memory('ephemeral', { path: `${folder}/full` })));
    expect(hides.message).to.equal(`${folder}/full holds 1 entry, which the mount would hide`);
    expect(await sh('cat /proc/self/mountinfo'), 'nothing was done')
      .to.contain(' one ')
      .and.to.contain(' two ');
  });

  // Whoever goes to `/` by that name sees nothing that is mounted over it.
  it('looks beneath a mount at the top of the file system too', async () => {
    const there = Number(await sh('ls -A /var | wc -l'));
    await sh('mount -t tmpfs top /var');
    try {
      const found = await host.read(directoryContentProbe('/var'));
      expect([found.entries, found.underneath]).to.deep.equal([0, there]);
    } finally {
      await sh('umount /var');
    }
  });

  for (const [what, overlay, mountpoint, argv] of [
    ['as ever where the property overlay is on', 'on', '/srv/d', 'mount -t zfs -o zfsutil -- tank/d /srv/d'],
    ['by zfs(8) where it is off', 'off', '/srv/d', 'zfs mount -O tank/d'],
    ['at another place', 'off', '/elsewhere', 'mount -s -t zfs -o zfsutil -- tank/d /srv/d'],
    ['a legacy one as ever', 'off', 'legacy', 'mount -t zfs -- tank/d /srv/d'],
  ] as const) {
    it(`mounts a dataset over files, ${what}`, async () => {
      const properties = `type\tfilesystem\t-\\nmountpoint\t${mountpoint}\tlocal\\noverlay\t${overlay}\tlocal\\n`;
      await writeFile(path.join(folder, 'zfs'), `#!/bin/sh\nprintf '${properties}'\n`, { mode: 0o755 });
      const run = localRun();
      const onZfs = createHost(({ shellText }) => run({ shellText: `PATH='${folder}':$PATH\n${shellText}` }));
      const wish = { path: '/srv/d', src: 'tank/d', fstype: 'zfs', state: 'ephemeral', allow_nonempty: true };
      const plan = await planOf(mount, wish, onZfs.read);
      expect(JSON.stringify(plan)).to.contain(`"argv":${JSON.stringify(argv.split(' '))}`);
    });
  }
});
