/**
 * Owns the story of the first migration on real hosts: audit, check, migrate, again, reboot; what is refused; what a
 * failure after Docker's stop leaves behind. One host after another, each reset first, so that any story can be run
 * alone with --grep.
 */
import { expect } from 'chai';
import { dockerReady, ensureHosts, type HostCounts, labPaths, reboot, reset, sshExec } from './index.js';
import { snapshotOf, type HostSnapshot } from './state.js';
import { FaultyHost } from './faults.js';
import { compareInspected, inspectScript, readInspected, type Inspected } from './docker-inspect.js';
import { leftOutOfSetting, makeSetting } from './docker-setting.js';
import { explain, finished, tasksWith, zrun, type ZrunRun } from './zrun.js';

const migrate = 'playbooks/overlay2.yaml';
const audit = 'playbooks/audit.yaml';
const rollback = 'playbooks/rollback.yaml';
const finalize = 'playbooks/finalize.yaml';
const grow = 'playbooks/grow.yaml';
const host = 'bookworm1';

function on(name: string, playbook: string, ...more: readonly string[]): Promise<ZrunRun> {
  return zrun([playbook, '-i', labPaths().inventory, '--limit', name, ...more]);
}

/** What a command that must succeed writes. */
async function ask(name: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await sshExec(name, command, { user: 'root', timeoutMs: 15 * 60_000 });
  expect(code, `${name}: ${command}\n${stderr}`).to.equal(0);
  return stdout.trim();
}

/** Everything that Docker says of what it holds. */
const inspect = async (name: string): Promise<Inspected> => readInspected(await ask(name, inspectScript));

const runningOn = (name: string): Promise<string> => ask(name, "docker ps --format '{{.Names}}' | sort");

const driverOf = (name: string): Promise<string> => ask(name, "docker info --format '{{.Driver}}'");

/** Hosts are made where they are not there yet, which takes minutes, and longer where images are to be built first. */
/** The setting has a container that was started with --rm, which the run only takes where it is told to. */
const agreed = ['-e', 'allow_auto_remove=true'] as const;

const hostsFor = (counts: HostCounts) =>
  async function (this: Mocha.Context): Promise<void> {
    this.timeout('55m');
    await ensureHosts(counts);
  };

before(hostsFor({ bookworm: 1 }));

describe('a host on the zfs driver is moved to overlay2', () => {
  let checksums: string;
  let held: Inspected;
  let untouched: HostSnapshot;
  let predictedChanges: readonly string[];

  before(async () => {
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

  it('--check lists changes and makes none', async () => {
    const run = await on(host, migrate, ...agreed, '--check', '--diff');
    expect(run.exitCode, explain(run)).to.equal(0);
    predictedChanges = tasksWith(run, host, 'changed');
    expect(predictedChanges).to.have.length.greaterThan(8);
    expect(await snapshotOf(host)).to.deep.equal(untouched);
  });

  it('the run changes exactly what --check said, task by task', async () => {
    const run = await on(host, migrate, ...agreed);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(tasksWith(run, host, 'changed')).to.deep.equal(predictedChanges);
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
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(0);
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
    const smaller = await on(host, grow, '-e', 'zvol_size=8GiB');
    expect(explain(smaller)).to.match(/cannot be made smaller/);
  });

  it('finalize.yaml shows what would go and keeps it, until it is told to destroy it', async () => {
    const shown = await on(host, finalize);
    expect(shown.exitCode, explain(shown)).to.equal(0);
    const said = finished(shown, host).flatMap((event) => event.result?.message ?? []);
    expect(said.join('\n')).to.contain('destroy\ttank/docker-zfs-backup');
    expect(await ask(host, 'zfs list -H -o name -d 0 tank/docker-zfs-backup')).to.equal(
      'tank/docker-zfs-backup',
    );

    const done = await on(host, finalize, '-e', 'confirm=destroy');
    expect(done.exitCode, explain(done)).to.equal(0);
    expect(await ask(host, 'zfs list -H -o name | grep backup || echo none')).to.equal('none');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);

    const back = await on(host, rollback);
    expect(explain(back)).to.match(/there is no backup/);
    expect(await driverOf(host)).to.equal('overlay2');
  });
});

describe('a host on overlay2 is left alone', () => {
  before(hostsFor({ trixie: 1 }));

  it('trixie: ok, changed=0, nothing touched', async () => {
    await reset('trixie1');
    const before = await snapshotOf('trixie1');
    const run = await on('trixie1', migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(tasksWith(run, 'trixie1', 'changed')).to.deep.equal([]);
    expect(await snapshotOf('trixie1')).to.deep.equal(before);
    expect(await on('trixie1', audit).then((again) => verdictOf(again, 'trixie1'))).to.match(/^already\b/);
  });
});

interface Refusal {
  readonly what: string;
  /** Run as root; makes the host one that must be refused. */
  readonly prepare: string;
  readonly reason: RegExp;
  readonly args?: readonly string[];
  /** Docker cannot even be up in this state. */
  readonly dockerIsDown?: true;
}

const refusals: readonly Refusal[] = [
  {
    what: 'a daemon.json that is not JSON',
    prepare: 'printf \'{"log-driver": "json-file",,}\' > /etc/docker/daemon.json',
    reason: /daemon\.json/,
  },
  {
    what: 'a zvol name that is taken',
    prepare: 'zfs create -s -V 1G tank/docker-overlay2 && udevadm settle',
    reason: /tank\/docker-overlay2/,
  },
  {
    what: 'a pool without room',
    prepare: 'true',
    args: ['-e', 'zvol_size=900GiB'],
    reason: /room|space|available/i,
  },
  {
    what: 'a data-root that is not its own dataset',
    // As Docker is installed on a host whose /var/lib is one dataset: the layers are children of what holds more.
    prepare: [
      'systemctl stop docker.socket docker.service',
      'zfs create -o mountpoint=/srv/all tank/all && mkdir /srv/all/docker',
      'sed -i \'s#^{#{ "data-root": "/srv/all/docker",#\' /etc/docker/daemon.json',
      'systemctl start docker',
    ].join(' && '),
    reason: /not .*(its own|a dataset of its own)/i,
  },
];

describe('what is not safe is refused before Docker is stopped', () => {
  for (const refusal of refusals) {
    it(refusal.what, async () => {
      await reset(host);
      await ask(host, refusal.prepare);
      const before = await snapshotOf(host);
      for (const mode of [['--check'], []]) {
        const run = await on(host, migrate, ...mode, ...(refusal.args ?? []));
        expect(run.exitCode, explain(run)).to.equal(2);
        const failed = finished(run, host).find((event) => event.result?.status === 'failed');
        expect(failed?.result?.problem?.message).to.match(refusal.reason);
        expect(tasksWith(run, host, 'changed'), 'changed before refusing').to.deep.equal([]);
        expect(await snapshotOf(host), mode.join(' ') || 'run').to.deep.equal(before);
      }
      const verdict = verdictOf(await on(host, audit, ...(refusal.args ?? [])), host);
      expect(verdict).to.match(/^blocked\b/);
      expect(verdict).to.match(refusal.reason);
    });
  }
});

describe('a failure after Docker was stopped puts the host back', () => {
  let before: HostSnapshot;
  let checksums: string;

  it('Docker refuses to start on the new file system', async () => {
    await reset(host);
    await ask(
      host,
      [
        'mkdir -p /etc/systemd/system/docker.service.d',
        'printf \'[Service]\\nExecStartPre=/bin/sh -c "test $(stat -f -c %%%%T /var/lib/docker) = zfs"\\n\' > /etc/systemd/system/docker.service.d/no-ext4.conf',
        'systemctl daemon-reload',
      ].join(' && '),
    );
    checksums = await ask(host, 'lab-volume-checksums');
    before = await snapshotOf(host);
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(finished(run, host).some((event) => event.task?.section === 'rescue')).to.equal(true);
    const last = finished(run, host).findLast((event) => event.result?.status === 'failed');
    expect(last?.result?.problem?.message).to.match(/put back as it was/i);

    await expectAsBefore();
  });

  it('and the next run, with the cause removed, finishes', async () => {
    await ask(host, 'rm /etc/systemd/system/docker.service.d/no-ext4.conf && systemctl daemon-reload');
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
  });

  it('rollback.yaml says what has changed since the move, and does nothing unasked', async () => {
    await ask(
      host,
      'docker volume create since >/dev/null && docker exec web sh -c "echo new > /data/since-the-move"',
    );
    const run = await on(host, rollback);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/volume data has changed; volume since is new/);
    expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
    expect(await driverOf(host)).to.equal('overlay2');
  });

  it('rollback.yaml puts the host back as it was, byte for byte', async () => {
    const run = await on(host, rollback, '-e', 'discard_changes=true');
    expect(run.exitCode, explain(run)).to.equal(0);
    await expectAsBefore(['dropIns']);
    const again = await on(host, rollback);
    expect(tasksWith(again, host, 'changed', 'failed'), explain(again)).to.deep.equal([]);
  });

  /** @param except parts in which this test itself has changed something */
  async function expectAsBefore(except: readonly string[] = []): Promise<void> {
    const after = await snapshotOf(host);
    for (const part of ['fstab', 'daemonJson', 'dropIns', 'mounts', 'containers', 'dataRoot']) {
      if (!except.includes(part)) expect(after[part], part).to.equal(before[part]);
    }
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, 'zfs get -H -o value canmount,mountpoint tank/docker')).to.equal(
      'on\n/var/lib/docker',
    );
  }
});

/** One of the table that `npm run test:faults` fills: the power goes between two names of the only copy. */
describe('the power goes in the middle of it', () => {
  it('and the next run finishes, with everything that was there', async () => {
    const faulty = await FaultyHost.prepare(host);
    const task = 'Rename the old dataset and mark it as the backup';
    const verdict = await faulty.try({ cut: 'power cut', task, when: 'inside' });
    expect(verdict).to.deep.equal({ first: 'killed', second: 'finished', wrong: [] });
  });
});

/** What the audit's last word on a host is. */
function verdictOf(run: ZrunRun, name: string): string {
  const verdicts = finished(run, name).flatMap((event) => event.result?.message ?? []);
  return verdicts.at(-1) ?? explain(run);
}
