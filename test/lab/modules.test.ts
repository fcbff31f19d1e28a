/**
 * Owns the trial of single modules on a real host: every example that needs one, and what ZFS, mkfs and mounts do that
 * no machine without them can show. Works below tank/scratch-… and leaves Docker and its data alone.
 *
 * ZRUN_LAB_SSH, a command that reaches root on some other host with a pool `tank`, takes the lab's place:
 * `ZRUN_LAB_SSH='ssh root@10.0.0.7' npx mocha --no-config --node-option import=tsx
 * --node-option no-experimental-require-module --timeout 1200000 test/lab/modules.test.ts`. (With the configuration, the
 * files that it names would be tried as well.)
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { formatProblem } from '../../src/core/errors.js';
import type { BoundPlan, Module } from '../../src/core/module.js';
import type { ValueMap } from '../../src/core/value.js';
import { factsSchema, type Facts } from '../../src/modules/facts/schema.js';
import { modules } from '../../src/modules/index.js';
import {
  createCheck,
  createHost,
  failureOf,
  perform,
  performTwice,
  planOf,
  runExample,
  type Host,
  type RunScript,
} from '../modules/harness.js';
import { ensureHosts, reset, sshArguments, type LabUser } from './index.js';
import { over } from './reach.js';
import { guestFolder } from './recipe.js';
import { describeRegistries } from './registries.js';

let reach: (user: LabUser) => RunScript;
let host: Host;
let controlFolder: string;

function module(name: string): Module {
  const found = modules.get(name);
  if (!found) throw new Error(`there is no module ${name}`);
  return found;
}

async function ask(shellText: string): Promise<string> {
  const { status, stdout, stderr } = await host.run({ shellText });
  expect(status, `${shellText}\n${stderr.toString()}`).to.equal(0);
  return stdout.toString().trim();
}

const run = (name: string, params: ValueMap) => perform(module(name), params, host);
const runTwice = (name: string, params: ValueMap) => performTwice(module(name), params, host);
const refusal = (name: string, params: ValueMap) => failureOf(planOf(module(name), params, host.read));

/** Everything below tank/scratch…, whatever state a test has left it in. */
async function cleanUp(): Promise<void> {
  await host.run({
    shellText: `for m in $(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\(\\/scratch[^ ]*\\) .*/\\1/p' /proc/self/mountinfo | sort -r); do umount "$m"; done
for d in $(zfs list -H -o name -d 1 tank | grep '^tank/scratch'); do zfs destroy -r "$d"; done; rm -rf /scratch*; udevadm settle`,
  });
}

before(async function () {
  this.timeout('60m');
  controlFolder = await mkdtemp(path.join(tmpdir(), 'zrun-lab-'));
  const given = process.env['ZRUN_LAB_SSH'];
  if (given !== undefined) {
    reach = () => over(given.split(' '));
  } else {
    const [lab] = await ensureHosts({ bookworm: 1 });
    if (!lab) throw new Error('the lab has no host');
    await reset(lab.name);
    reach = (user) => {
      return over(sshArguments(lab, user), path.join(controlFolder, '%r'));
    };
  }
  host = createHost(reach('root'));
  await cleanUp();
});

after(async () => {
  await cleanUp();
  await rm(controlFolder, { recursive: true, force: true });
});

describe('examples on a real host', () => {
  before(async () => {
    // What somebody else's host installs from is its own affair.
    if (process.env['ZRUN_LAB_SSH'] !== undefined) return;
    await ask(await readFile(path.join(guestFolder, 'apt-repository.sh'), 'utf8'));
  });

  for (const one of modules.values()) {
    for (const example of one.examples) {
      if (example.needs === 'nothing') continue;
      if (one.name === 'reboot' && process.env['ZRUN_LAB_SSH'] !== undefined) {
        it('skipped: a host that is not the lab’s own is not rebooted');
        continue;
      }
      it(`${one.name}: ${example.title}`, () => runExample(one, example, reach('root')));
    }
  }
});

describe('check mode on a host where nothing has been made yet', () => {
  afterEach(cleanUp);

  const volume = 'tank/scratch-volume';
  const device = `/dev/zvol/${volume}`;
  const chain: readonly [module: string, params: ValueMap][] = [
    [
      'zfs',
      {
        name: volume,
        type: 'volume',
        volsize: '256MiB',
        volblocksize: '16K',
        properties: { 'zrun:role': 'test' },
      },
    ],
    ['filesystem', { dev: device, label: 'scratch' }],
    [
      'mount',
      { path: '/scratch/new', src: device, fstype: 'ext4', state: 'mounted', fstab: '/scratch-fstab' },
    ],
    ['file', { path: '/scratch/new/sub', state: 'directory' }],
    ['copy', { dest: '/scratch/new/sub/x', content: 'one\n' }],
    ['zfs_snapshot', { dataset: volume, name: 'first' }],
    ['mount', { path: '/scratch/new', src: device, state: 'unmounted' }],
    [
      'zfs',
      {
        name: volume,
        type: 'volume',
        volsize: '256MiB',
        properties: { 'zrun:role': null, compression: 'off' },
      },
    ],
    ['zfs_rename', { from: volume, to: 'tank/scratch-moved', properties: { 'zrun:origin': volume } }],
    ['zfs', { name: volume, type: 'volume', volsize: '128MiB' }],
    ['filesystem', { dev: '/dev/zvol/tank/scratch-moved' }],
    [
      'mount',
      { path: '/scratch/moved', src: '/dev/zvol/tank/scratch-moved', fstype: 'ext4', state: 'ephemeral' },
    ],
    ['mount', { path: '/scratch/new', state: 'absent', fstab: '/scratch-fstab' }],
    ['zfs', { name: 'tank/scratch-moved', state: 'absent', require_properties: { 'zrun:origin': volume } }],
  ];

  it('lists what the run then does, task by task, and the second run does nothing', async () => {
    const check = createCheck(host);
    const before = await ask(
      'zfs list -Hp -t all -o name | grep -v ^tank/docker; ls -A /scratch* 2>&1; grep -v /docker /proc/self/mountinfo',
    );
    const said: string[] = [];
    // The last one is refused, as it must be: the volume has a snapshot and is mounted.
    for (const [name, params] of chain.slice(0, -1)) said.push(sentence(await check(module(name), params)));
    expect(
      await ask(
        'zfs list -Hp -t all -o name | grep -v ^tank/docker; ls -A /scratch* 2>&1; grep -v /docker /proc/self/mountinfo',
      ),
    ).to.equal(before);
    const done: string[] = [];
    for (const [name, params] of chain.slice(0, -1)) {
      const { plan, exchanges } = await run(name, params);
      done.push(sentence(plan));
      expect(exchanges, `exchanges of: ${sentence(plan)}`).to.be.at.most(plan.change === 'some' ? 2 : 1);
    }
    expect(said).to.deep.equal(done);
    expect(await ask('cat /scratch/moved/sub/x')).to.equal('one');
    const [, last] = chain.at(-1) ?? [];
    const error = await refusal('zfs', last ?? {});
    expect(error.message).to.equal(
      'tank/scratch-moved has 0 datasets below it and 1 snapshots, which this task never destroys',
    );
  });

  it('follows a filesystem that is unmounted, renamed, replaced and put back', async () => {
    await ask('zfs create -o mountpoint=/scratch/root tank/scratch-data && echo hello >/scratch/root/file');
    const path_ = '/scratch/root';
    const steps: readonly [string, ValueMap][] = [
      ['mount', { path: path_, src: 'tank/scratch-data', fstype: 'zfs', state: 'unmounted' }],
      [
        'zfs_rename',
        { from: 'tank/scratch-data', to: 'tank/scratch-backup', properties: { 'zrun:role': 'backup' } },
      ],
      [
        'zfs',
        { name: 'tank/scratch-backup', properties: { canmount: 'noauto', mountpoint: '/scratch/backup' } },
      ],
      ['zfs', { name: 'tank/scratch-volume', type: 'volume', volsize: '64M' }],
      ['filesystem', { dev: '/dev/zvol/tank/scratch-volume' }],
      ['mount', { path: path_, src: '/dev/zvol/tank/scratch-volume', fstype: 'ext4', state: 'ephemeral' }],
      ['mount', { path: path_, src: '/dev/zvol/tank/scratch-volume', state: 'unmounted' }],
      ['zfs', { name: 'tank/scratch-backup', properties: { canmount: 'on', mountpoint: path_ } }],
      [
        'zfs_rename',
        { from: 'tank/scratch-backup', to: 'tank/scratch-data', properties: { 'zrun:role': null } },
      ],
      ['mount', { path: path_, src: 'tank/scratch-data', fstype: 'zfs', state: 'ephemeral' }],
    ];
    const check = createCheck(host);
    const said: string[] = [];
    for (const [name, params] of steps) said.push(sentence(await check(module(name), params)));
    const done: string[] = [];
    for (const [name, params] of steps) done.push(sentence((await run(name, params)).plan));
    expect(said).to.deep.equal(done);
    expect(
      await ask('cat /scratch/root/file; zfs get -H -o value,source zrun:role tank/scratch-data'),
    ).to.equal('hello\n-\t-');
  });
});

function sentence(plan: BoundPlan): string {
  return plan.change === 'some' ? plan.summary : `nothing: ${plan.reason}`;
}

describe('zfs on a real host', () => {
  afterEach(cleanUp);

  it('makes a thick volume by default, and its device has its size when the task is done', async () => {
    const done = await runTwice('zfs', {
      name: 'tank/scratch-a/b',
      type: 'volume',
      volsize: '100000000',
      create_parents: true,
    });
    expect(done.result).to.deep.equal({
      name: 'tank/scratch-a/b',
      state: 'present',
      type: 'volume',
      device: '/dev/zvol/tank/scratch-a/b',
      volsize: 100007936,
    });
    expect(await ask('blockdev --getsize64 /dev/zvol/tank/scratch-a/b')).to.equal('100007936');
    expect(Number(await ask('zfs get -Hp -o value refreservation tank/scratch-a/b'))).to.be.greaterThan(
      100007936,
    );
    await runTwice('zfs', { name: 'tank/scratch-sparse', type: 'volume', volsize: '100G', sparse: true });
    expect(await ask('zfs get -Hp -o value refreservation tank/scratch-sparse')).to.equal('0');
  });

  it('sets what differs, hands back what is null, and knows sizes however they are written', async () => {
    await ask('zfs create -o compression=off -o org.example:old=1 tank/scratch-p');
    const wish = {
      name: 'tank/scratch-p',
      properties: {
        compression: 'lz4',
        quota: '1GiB',
        recordsize: '128K',
        atime: false,
        'org.example:a': 'x y',
        'org.example:old': null,
      },
    };
    const { plan } = await runTwice('zfs', wish);
    expect(sentence(plan)).to.equal(
      'set compression, quota, org.example:a, org.example:old of tank/scratch-p',
    );
    expect(
      await ask('zfs get -Hp -o value compression,quota,org.example:a,org.example:old tank/scratch-p'),
    ).to.equal('lz4\n1073741824\nx y\n-');
  });

  it('refuses what does not fit, what is another’s, and what cannot be changed', async () => {
    await ask(
      'zfs create -o org.example:mark=1 tank/scratch-f && zfs create -V 64M -b 8K tank/scratch-f/v && udevadm settle',
    );
    const large = await refusal('zfs', { name: 'tank/scratch-large', type: 'volume', volsize: '1P' });
    expect(large.message).to.match(
      /^there is no room for tank\/scratch-large: it reserves 1 PiB \(\d+ bytes\), and tank has [\d.]+ GiB \(\d+ bytes\) available$/,
    );
    const texts: readonly [ValueMap, string][] = [
      [
        { name: 'tank/scratch-f', type: 'volume', volsize: '1G' },
        'tank/scratch-f is a filesystem, not a volume',
      ],
      [
        { name: 'tank/scratch-f/v', type: 'volume', volsize: '64M', volblocksize: '16K' },
        'tank/scratch-f/v has a volblocksize of 8192, not 16384, and it cannot be changed any more',
      ],
      [
        { name: 'tank/scratch-f/v', type: 'volume', volsize: '65M' },
        'tank/scratch-f/v has 64 MiB (67108864 bytes), smaller than the 65 MiB that are asked for',
      ],
      [
        {
          name: 'tank/scratch-f/v',
          type: 'volume',
          volsize: '64M',
          require_properties: { 'zrun:role': 'overlay2' },
        },
        "tank/scratch-f/v is taken by something else: zrun:role is not set, expected 'overlay2'",
      ],
      // A mark that is only inherited says nothing of the dataset itself.
      [
        {
          name: 'tank/scratch-f/v',
          type: 'volume',
          volsize: '64M',
          require_properties: { 'org.example:mark': '1' },
        },
        'tank/scratch-f/v is taken by something else: org.example:mark=1 is inherited from tank/scratch-f, not its own',
      ],
      [
        { name: 'tank/scratch-x/y', type: 'filesystem' },
        'tank/scratch-x does not exist, so tank/scratch-x/y cannot be created in it',
      ],
      [{ name: 'nopool/y', type: 'filesystem' }, 'there is no pool nopool on this host'],
      [
        { name: 'tank/scratch-f', state: 'absent', require_properties: { 'org.example:mark': '1' } },
        'tank/scratch-f has 1 datasets below it and 0 snapshots, which this task never destroys',
      ],
    ];
    for (const [params, message] of texts) expect((await refusal('zfs', params)).message).to.equal(message);
  });

  it('destroys what is marked, and says what goes', async () => {
    await ask('zfs create -o org.example:mark=1 tank/scratch-gone');
    const done = await runTwice('zfs', {
      name: 'tank/scratch-gone',
      state: 'absent',
      require_properties: { 'org.example:mark': '1' },
    });
    expect(done.plan.change === 'some' && done.plan.destroys).to.match(
      /^filesystem tank\/scratch-gone with .* of data$/,
    );
  });

  it('names the process that sees it in a mount namespace of its own (moby#24403)', async () => {
    await ask('zfs create -o mountpoint=/scratch/ns -o org.example:mark=1 tank/scratch-ns');
    await ask(
      '{ nohup unshare -m sleep 300 >/dev/null 2>&1 </dev/null & echo $! >/run/zrun-scratch-pid; }; sleep 2; zfs unmount tank/scratch-ns',
    );
    const pid = await ask('cat /run/zrun-scratch-pid');
    const wish = {
      name: 'tank/scratch-ns',
      state: 'absent',
      require_properties: { 'org.example:mark': '1' },
    };
    try {
      const error = await failureOf(run('zfs', wish));
      expect(error.message).to.equal('tank/scratch-ns could not be destroyed, and is as it was');
      expect(error.problem.stderr).to.contain(
        `process ${pid} (sleep): has it mounted in its own mount namespace`,
      );
    } finally {
      await ask(`kill ${pid}; sleep 1`);
    }
    await runTwice('zfs', wish);
  });
});

describe('zfs_snapshot on a real host', () => {
  afterEach(cleanUp);

  it('takes one of a tree at one moment, and knows it again', async () => {
    await ask('zfs create tank/scratch-s && zfs create tank/scratch-s/a && zfs create tank/scratch-s/b');
    const wish = {
      dataset: 'tank/scratch-s',
      name: 'all',
      recursive: true,
      properties: { 'zrun:run': 'r1' },
    };
    const done = await runTwice('zfs_snapshot', wish);
    expect(sentence(done.plan)).to.equal('take snapshot tank/scratch-s@all and of 2 datasets below');
    expect(done.result['guid']).to.equal(await ask('zfs get -Hp -o value guid tank/scratch-s@all'));
    await ask('zfs destroy tank/scratch-s/b@all');
    expect((await refusal('zfs_snapshot', wish)).message).to.contain(
      '1 datasets below it have no snapshot of that name',
    );
    const gone = {
      dataset: 'tank/scratch-s',
      name: 'all',
      state: 'absent',
      require_properties: { 'zrun:run': 'r2' },
    };
    expect((await refusal('zfs_snapshot', gone)).message).to.contain("zrun:run is 'r1', expected 'r2'");
    await runTwice('zfs_snapshot', { ...gone, require_properties: { 'zrun:run': 'r1' } });
  });
});

describe('zfs_rename on a real host', () => {
  afterEach(cleanUp);
  const wish = { from: 'tank/scratch-live', to: 'tank/scratch-kept', properties: { 'zrun:role': 'backup' } };

  it('takes children, snapshots and a mounted filesystem along', async () => {
    await ask(
      'zfs create -o mountpoint=/scratch/live tank/scratch-live && echo x >/scratch/live/f && zfs create -o mountpoint=legacy tank/scratch-live/layer && zfs snapshot tank/scratch-live/layer@s && zfs clone -o mountpoint=legacy tank/scratch-live/layer@s tank/scratch-live/clone',
    );
    const done = await runTwice('zfs_rename', wish);
    expect(done.exchanges).to.equal(2);
    expect(await ask('zfs list -Hr -t all -o name tank/scratch-kept; cat /scratch/live/f')).to.equal(
      'tank/scratch-kept\ntank/scratch-kept/clone\ntank/scratch-kept/layer\ntank/scratch-kept/layer@s\nx',
    );
  });

  it('goes on where a power cut has left the mark but not the name', async () => {
    await ask('zfs create -o mountpoint=none -o zrun:role=backup tank/scratch-live');
    expect(sentence((await runTwice('zfs_rename', wish)).plan)).to.equal(
      'rename tank/scratch-live to tank/scratch-kept',
    );
  });

  it('does not take another dataset for the renamed one, nor rename over one', async () => {
    await ask('zfs create -o mountpoint=none tank/scratch-kept');
    expect((await refusal('zfs_rename', wish)).message).to.equal(
      "tank/scratch-kept exists and tank/scratch-live does not, but it is not what was to be renamed: zrun:role is not set, expected 'backup'",
    );
    await ask('zfs create -o mountpoint=none tank/scratch-live');
    expect((await refusal('zfs_rename', wish)).message).to.equal(
      'both tank/scratch-live and tank/scratch-kept exist, so nothing is renamed',
    );
  });

  it('names the process that keeps it busy, and leaves it under its name', async () => {
    await ask('zfs create -o mountpoint=/scratch/live tank/scratch-live');
    await ask(
      'cd /scratch/live && { nohup sleep 300 >/dev/null 2>&1 </dev/null & echo $! >/run/zrun-scratch-pid; }',
    );
    const pid = await ask('cat /run/zrun-scratch-pid');
    try {
      const error = await failureOf(run('zfs_rename', wish));
      expect(formatProblem(error.problem)).to.contain(`process ${pid} (sleep): cwd is /scratch/live`);
      expect(await ask('zfs list -H -o name tank/scratch-live')).to.equal('tank/scratch-live');
    } finally {
      await ask(`kill ${pid}`);
    }
    await runTwice('zfs_rename', wish);
  });
});

describe('systemd_service on a real host', () => {
  const unit = 'zrun-scratch.service';
  const above = 'zrun-scratch-above.service';
  const folder = '/usr/local/lib/systemd/system';

  it('stops and masks what a watchdog starts again all the time, and what requires it', async () => {
    await ask(`mkdir -p ${folder}
printf '%s\\n' '[Service]' 'ExecStart=/bin/sleep infinity' 'ExecStop=/bin/sleep 4' >${folder}/${unit}
printf '%s\\n' '[Unit]' 'Requires=${unit}' 'After=${unit}' '[Service]' 'ExecStart=/bin/sleep infinity' 'ExecStop=/bin/sleep 4' >${folder}/${above}
systemctl daemon-reload; systemctl start ${above}
{ while :; do systemctl start ${above}; sleep 1; done >/run/zrun-scratch-log 2>&1 </dev/null & echo $! >/run/zrun-scratch-pid; }`);
    try {
      await runTwice('systemd_service', { name: unit, state: 'stopped', runtime_masked: true });
      expect(await ask(`systemctl is-active ${unit} ${above} || :`)).to.equal('inactive\ninactive');
      expect(await ask('grep -c refused /run/zrun-scratch-log')).not.to.equal('0');
      // Nothing is left of what has refused the starts.
      expect(await ask('ls -d /run/systemd/system/zrun-scratch*.d 2>/dev/null || :')).to.equal('');
      expect(await ask(`systemctl show --value -p NeedDaemonReload ${unit} ${above}`)).to.equal('no\n\nno');
    } finally {
      await ask(`kill "$(cat /run/zrun-scratch-pid)"; systemctl unmask --runtime ${unit}
mkdir -p /run/systemd/system/${above}.d; printf '[Unit]\\nRefuseManualStart=yes\\n' >/run/systemd/system/${above}.d/zrun-stopping.conf; systemctl daemon-reload`);
      // As a stop leaves it that was killed.
      await run('systemd_service', { name: above, state: 'started' });
      await ask(`
systemctl stop ${above} ${unit}; rm -f ${folder}/${unit} ${folder}/${above}; systemctl daemon-reload`);
    }
  });
});

describe('filesystem on a real host', () => {
  const device = '/dev/zvol/tank/scratch-fs';
  beforeEach(async () => {
    await run('zfs', { name: 'tank/scratch-fs', type: 'volume', volsize: '512M' });
  });
  afterEach(cleanUp);

  const foreign: readonly [what: string, how: string, type: string][] = [
    ['swap', `mkswap -q ${device}`, 'swap'],
    [
      'a partition table',
      // An entry of type 83 from sector 1 on, and the mark at the end of the first sector.
      `printf '\\000\\000\\002\\000\\203\\000\\000\\000\\001\\000\\000\\000\\000\\020\\000\\000' | dd of=${device} bs=1 seek=446 conv=notrunc 2>/dev/null && printf '\\125\\252' | dd of=${device} bs=1 seek=510 conv=notrunc,fsync 2>/dev/null`,
      'dos',
    ],
    [
      'another file system',
      `truncate -s 4M /scratch-img && mkfs.ext2 -q /scratch-img && dd if=/scratch-img of=${device} bs=1M conv=fsync 2>/dev/null`,
      'ext2',
    ],
    [
      'a pool',
      // Made in a file in memory: a pool on a volume of another pool locks both up now and then, for good
      // (openzfs#11253).
      `truncate -s "$(blockdev --getsize64 ${device})" /run/scratch-img && zpool create -f -o cachefile=none -O mountpoint=none -R /none scratchpool /run/scratch-img && zpool export scratchpool && dd if=/run/scratch-img of=${device} bs=1M conv=fsync,sparse 2>/dev/null && rm /run/scratch-img`,
      'zfs_member',
    ],
  ];
  for (const [what, how, type] of foreign) {
    it(`does not format over ${what}`, async function () {
      const made = await host.run({ shellText: how });
      if (made.status !== 0) {
        console.log(`      not tried: ${made.stderr.toString().trim()}`);
        return this.skip();
      }
      const error = await refusal('filesystem', { dev: device });
      expect(error.message).to.match(new RegExp(`^${device} is not empty: .*\\b${type}\\b`));
    });
  }

  it('is formatted whole after a mkfs that was killed', async () => {
    // Metadata is written before the superblock: what is killed in between leaves nothing that is taken for ext4.
    await ask(
      `mkfs.ext4 -q -m 0 -E nodiscard,lazy_itable_init=0 ${device} & pid=$!; sleep 0.05; kill -9 $pid; wait $pid; true`,
    );
    const { plan } = await runTwice('filesystem', { dev: device, label: 'after' });
    if (sentence(plan).startsWith('label')) console.log('      (mkfs was quicker than its killer)');
    expect(
      await ask(`e2fsck -fn ${device} >/dev/null 2>&1; echo $?; blkid -p -s LABEL -o value ${device}`),
    ).to.equal('0\nafter');
  });

  it('knows an existing one, labels it, and refuses another UUID', async () => {
    await runTwice('filesystem', { dev: device, uuid: '6a1f9c1e-0c0f-4c52-9d7e-3d2f1a0b9c8d' });
    await runTwice('filesystem', { dev: device, label: 'docker' });
    const error = await refusal('filesystem', { dev: device, uuid: '00000000-0000-4000-8000-000000000000' });
    expect(error.message).to.contain(
      "holds ext4 'docker' (uuid 6a1f9c1e-0c0f-4c52-9d7e-3d2f1a0b9c8d), not the file system",
    );
    expect((await refusal('filesystem', { dev: '/dev/zvol/tank/nope' })).message).to.equal(
      '/dev/zvol/tank/nope does not exist',
    );
  });
});

describe('setup on a real host', () => {
  async function factsAs(user: LabUser): Promise<Facts> {
    const done = await perform(module('setup'), {}, createHost(reach(user)));
    expect(done.exchanges).to.equal(1);
    return factsSchema.parse(done.result['facts']);
  }

  it('tells what the lab has made', async () => {
    const { docker, data_root: root, zfs, host: machine, tools } = await factsAs('root');
    expect(machine).to.include({ systemd: true, container: null, user: 'root', is_root: true });
    expect(machine.os.id).to.equal('debian');
    expect(tools).to.include({ zfs: true, docker: true, mkfs_ext4: true, blkid: true });
    expect(zfs).to.include({ present: true, versions_differ: false, zvol_flush_bug: false });
    expect(zfs.pools.map(({ name, health, readonly }) => ({ name, health, readonly }))).to.deep.equal([
      { name: 'tank', health: 'ONLINE', readonly: false },
    ]);
    expect(docker).to.include({
      running: true,
      error: null,
      root: '/var/lib/docker',
      snap: false,
      userns_remap: false,
    });
    expect(docker.daemon_json).to.include({ exists: true, valid: true, storage_driver: null });
    expect(docker.daemon_json.keys).to.deep.equal(['log-driver', 'log-opts', 'labels']);
    expect(docker.flags).to.deep.include({ key: 'hosts', value: 'fd://' });
    expect(docker.services.docker).to.deep.equal({
      load: 'loaded',
      active: 'active',
      file: 'enabled',
      changed: false,
    });
    expect(
      docker.volumes.some(
        (volume) => volume.name === 'data' && !volume.anonymous && volume.used_by.includes('web'),
      ),
    ).to.equal(true);
    expect(docker.volumes.some((volume) => volume.anonymous)).to.equal(true);
    expect(docker.containers.map(({ name }) => name)).to.include.members(['web', 'cache', 'job']);
    expect(root).to.include({
      path: '/var/lib/docker',
      exists: true,
      is_link: false,
      is_mount_point: true,
      dataset: 'tank/docker',
      is_own_dataset: true,
      pool: 'tank',
      fstype: 'zfs',
      volume: null,
      key_available: true,
    });
    expect(root.mountpoint).to.deep.equal({ value: '/var/lib/docker', source: 'local' });
    expect(root.foreign_children).to.deep.equal([]);
    expect(root.children).to.be.greaterThan(3);
    expect(root.user_properties).to.deep.equal({ 'lab:owner': 'platform team' });
    expect(root.volumes_bytes).to.be.greaterThan(1000);
    expect(root.mounts_below).to.deep.equal([]);
  });

  it('never starts Docker by asking', async () => {
    await ask('systemctl stop docker.service 2>/dev/null; systemctl start docker.socket');
    try {
      const { docker, data_root: root } = await factsAs('root');
      expect(docker).to.include({
        present: true,
        running: false,
        error: null,
        driver: null,
        root: '/var/lib/docker',
      });
      expect(docker.prior_drivers.length).to.equal(1);
      expect(docker.services.socket.active).to.equal('active');
      expect(root.is_own_dataset).to.equal(true);
      expect(await ask('systemctl is-active docker.service || true')).to.equal('inactive');
    } finally {
      await ask('systemctl start docker.service');
    }
  });

  it('finds out what it can as a user who may little', async function () {
    if (process.env['ZRUN_LAB_SSH'] !== undefined) return this.skip();
    const { docker, host: machine, zfs } = await factsAs('zrun');
    expect(machine).to.include({ user: 'zrun', is_root: false });
    expect(zfs.present).to.equal(true);
    expect(docker.present).to.equal(true);
  });
});

describe('docker_image_copy, from registries', () => {
  if (process.env['ZRUN_LAB_SSH'] === undefined) describeRegistries(() => host);
  else it('skipped: registries are only started on a host that is the lab’s own');
});
