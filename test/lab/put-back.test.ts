/**
 * Owns the stories of what goes wrong, on real hosts: what is refused before Docker is stopped, what a failure after it
 * leaves behind, and the way back. Each resets its host first.
 */
import { expect } from 'chai';
import { reset } from './index.js';
import { snapshotOf, type HostSnapshot } from './state.js';
import { ask, audit, driverOf, finalize, hostsFor, migrate, on, rollback, verdictOf } from './story.js';
import { explain, finished, messagesOf, tasksWith } from './zrun.js';

const host = 'bookworm3';

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
    what: 'a folder of a larger dataset, with a file in a volume that has another name outside of it',
    // As Docker is installed on a host whose /var/lib is one dataset: the layers are children of what holds more.
    prepare: [
      'systemctl stop docker.socket docker.service',
      'zfs create -o mountpoint=/srv/all tank/all && mkdir /srv/all/docker',
      'sed -i \'s#^{#{ "data-root": "/srv/all/docker",#\' /etc/docker/daemon.json',
      'systemctl start docker',
      'docker volume create linked >/dev/null && echo kept >/srv/all/docker/volumes/linked/_data/file',
      'ln /srv/all/docker/volumes/linked/_data/file /srv/all/file',
    ].join(' && '),
    reason: /another name outside of the data-root \(a hard link\).*volumes\/linked\/_data\/file/,
  },
];

describe('what is not safe is refused before Docker is stopped', () => {
  before(hostsFor({ bookworm: 3 }));

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
  before(hostsFor({ bookworm: 3 }));

  let untouched: HostSnapshot;
  let checksums: string;

  it('Docker refuses to start on the new file system, with containers that outlive it', async () => {
    await reset(host);
    await ask(
      host,
      [
        // Docker, when it is stopped, leaves them running: the playbook has to end them.
        'sed -i \'s#^{#{ "live-restore": true,#\' /etc/docker/daemon.json && systemctl reload docker',
        'until docker info --format "{{.LiveRestoreEnabled}}" | grep -q true; do sleep 1; done',
        // One that no signal ends, and one that is to be asked by a signal of its own.
        'docker run -d --name deaf --restart always lab/base:1 sleep 100000',
        `docker run -d --name quits --restart always --stop-signal QUIT -v /srv/home:/home lab/base:1 sh -c 'trap "echo heard >/home/heard; exit 0" QUIT; while :; do sleep 1; done'`,
        'mkdir -p /etc/systemd/system/docker.service.d',
        'printf \'[Service]\\nExecStartPre=/bin/sh -c "test $(stat -f -c %%%%T /var/lib/docker) = zfs"\\n\' > /etc/systemd/system/docker.service.d/no-ext4.conf',
        'systemctl daemon-reload',
      ].join(' && '),
    );
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(finished(run, host).some((event) => event.task?.section === 'rescue')).to.equal(true);
    const last = finished(run, host).findLast((event) => event.result?.status === 'failed');
    expect(last?.result?.problem?.message).to.match(/put back as it was/i);

    await expectAsBefore();
    expect(await ask(host, 'cat /srv/home/heard')).to.equal('heard');
  });

  it('and the next run, with the cause removed, finishes, with what a container wrote where that is asked for', async () => {
    await ask(host, 'rm /etc/systemd/system/docker.service.d/no-ext4.conf && systemctl daemon-reload');
    const run = await on(host, migrate, '-e', '{"carry_writable": ["job"]}');
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
    expect(await ask(host, 'docker cp job:/result - | tar -xO')).to.equal('kept');
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

  it('finalize.yaml takes what moves have left there only by a word of its own', async () => {
    const kept = await on(host, finalize, '-e', 'confirm=destroy');
    expect(kept.exitCode, explain(kept)).to.equal(0);
    expect(tasksWith(kept, host, 'changed')).to.deep.equal([]);
    const said = messagesOf(kept, host);
    expect(said.join('\n'))
      .to.contain('destroy\ttank/docker-overlay2')
      .and.to.contain('confirm=destroy-volume');
    const left = 'zfs list -H -t volume,snapshot -o name | grep -e overlay2 -e @zrun- || echo none';
    expect(await ask(host, left))
      .to.match(/^tank\/docker-overlay2$/m)
      .and.to.match(/^tank\/docker@zrun-/m);

    const done = await on(host, finalize, '-e', 'confirm=destroy-volume');
    expect(done.exitCode, explain(done)).to.equal(0);
    expect(await ask(host, left)).to.equal('none');
    await expectAsBefore(['dropIns']);
    const again = await on(host, finalize, '-e', 'confirm=destroy-volume');
    expect(tasksWith(again, host, 'changed', 'failed'), explain(again)).to.deep.equal([]);
  });

  /** @param except parts in which this test itself has changed something */
  async function expectAsBefore(except: readonly string[] = []): Promise<void> {
    const after = await snapshotOf(host);
    for (const part of ['fstab', 'daemonJson', 'dropIns', 'mounts', 'containers', 'dataRoot']) {
      if (!except.includes(part)) expect(after[part], part).to.equal(untouched[part]);
    }
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
    expect(await ask(host, 'zfs get -H -o value canmount,mountpoint tank/docker')).to.equal(
      'on\n/var/lib/docker',
    );
  }
});
