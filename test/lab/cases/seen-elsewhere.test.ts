/**
 * Owns the story of volumes that are used from outside the data-root: a bind mount, services that see them in mount
 * namespaces of their own, and processes of the host that write into them while the host is moved.
 */
import { expect } from 'chai';
import { reset } from '../index.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import { ask, audit, driverOf, hostsFor, migrate, on, rollback, verdictOf } from '../story.js';
import { explain, messagesOf, tasksWith } from '../zrun.js';

const host = 'bookworm3';
const data = '/var/lib/docker/volumes/data/_data';

/**
 * Two services that see the volume elsewhere, two whose namespaces follow the host's, a bind mount, and a namespace that
 * follows nobody. A writer notes each line elsewhere once it is written.
 */
const prepare = `set -eu
cat >/usr/local/bin/lab-writes <<'U'
#!/bin/sh
n=0
while :; do n=$((n + 1)); if echo $n >>"$2"; then echo $n >>"/root/$1.told"; fi 2>>"/root/$1.said"; sleep 0.05; done
U
chmod 755 /usr/local/bin/lab-writes
service() { printf '[Service]\\n' >"/etc/systemd/system/$1.service"; cat >>"/etc/systemd/system/$1.service"; }
service lab-sftp <<'U'
BindPaths=${data}:/srv/sftp
ExecStart=/usr/local/bin/lab-writes sftp /srv/sftp/sftp.log
U
service lab-strict <<'U'
ProtectSystem=strict
ReadWritePaths=${data}
ExecStart=/bin/sleep infinity
U
service lab-own <<'U'
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
InaccessiblePaths=/srv/home
ExecStart=/bin/sleep infinity
U
service lab-slave <<'U'
MountFlags=slave
ExecStart=/bin/sleep infinity
U
service lab-uploads <<'U'
ExecStart=/usr/local/bin/lab-writes uploads ${data}/uploads.log
U
mkdir -p /srv/sftp /srv/upload
systemctl daemon-reload
systemctl restart systemd-udevd systemd-logind
systemctl start lab-sftp lab-strict lab-own lab-slave lab-uploads
mount --bind ${data} /srv/upload
systemd-run -q --unit=lab-private unshare -m --propagation private sleep infinity
echo theirs >/var/lib/docker/containers/notes.txt
zfs set snapdir=visible tank/docker`;

const held = ['-e', '{"hold_units": ["lab-sftp.service", "lab-strict.service"]}'];

/** Lines that a writer has told of and the volume lacks. */
const lost = (writer: string): Promise<string> =>
  ask(
    host,
    `systemctl stop lab-${writer}; sort /root/${writer}.told >/tmp/told; sort ${data}/${writer}.log >/tmp/kept
comm -23 /tmp/told /tmp/kept; systemctl start lab-${writer}`,
  );

describe('volumes that are used from outside the data-root', () => {
  before(hostsFor({ bookworm: 3 }));

  let untouched: HostSnapshot;

  it('the audit, --check and the run name each, and what to do, and touch nothing', async () => {
    await reset(host);
    await ask(host, prepare);
    untouched = await snapshotOf(host);
    const verdict = verdictOf(await on(host, audit), host);
    expect(verdict).to.match(/^blocked: /);
    for (const reason of [
      `${data} at /srv/upload: unmount it`,
      /_data at \/srv\/sftp in the mount namespace of process \d+ \([^)]*, lab-sftp\.service\): stop lab-sftp\.service, or name it in hold_units/,
      /_data at \S+\/_data in the mount namespace of process \d+ \(sleep, lab-strict\.service\)/,
      /\/var\/lib\/docker at \/var\/lib\/docker in the mount namespace of process \d+ \(sleep, lab-private\.service\)/,
    ])
      expect(verdict).to.match(typeof reason === 'string' ? new RegExp(reason) : reason);
    expect(verdict).not.to.match(/systemd-|lab-own|lab-slave|lab-uploads|docker-[0-9a-f]/);
    for (const mode of [['--check'], []]) {
      const run = await on(host, migrate, ...mode);
      expect(run.exitCode, explain(run)).to.equal(2);
      expect(tasksWith(run, host, 'changed')).to.deep.equal([]);
      expect(await snapshotOf(host)).to.deep.equal(untouched);
    }
  });

  it('a file that is open for writing, once Docker is stopped, puts the host back, writable', async () => {
    await ask(
      host,
      `umount /srv/upload; systemctl stop lab-private
systemd-run -q --unit=lab-open sh -c 'exec 3>>${data}/open; exec sleep infinity'; sleep 2`,
    );
    const run = await on(host, migrate, ...held);
    expect(run.exitCode, explain(run)).to.equal(2);
    const said = messagesOf(run, host);
    expect(said.join('\n')).to.match(
      /these processes use files of the data-root, .*\d+ \(sleep, lab-open\.service, \S+\/open\)/,
    );
    expect(said.join('\n')).to.contain('not carried: containers/notes.txt');
    expect(explain(run)).to.match(
      /put back as it was.*could not be made read-only.*process \d+ \(sleep\) has \S+\/open open for writing/s,
    );
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'zfs get -H -o value,source readonly tank/docker')).to.equal('off\tdefault');
    expect((await snapshotOf(host))['fstab']).to.equal(untouched['fstab']);
    for (const writer of ['uploads', 'sftp']) expect(await lost(writer), writer).to.equal('');
  });

  it('the move loses no line of what is written all the while', async () => {
    await ask(host, 'systemctl stop lab-open');
    const run = await on(host, migrate, ...held);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(explain(run)).not.to.contain('.zfs/snapshot');
    expect(await driverOf(host)).to.equal('overlay2');
    for (const writer of ['uploads', 'sftp']) expect(await lost(writer), writer).to.equal('');
    expect(await ask(host, 'cat /root/uploads.said')).to.contain('Read-only file system');
    expect(await ask(host, 'zfs get -H -o value readonly,mounted tank/docker-zfs-backup')).to.equal(
      'off\nno',
    );
  });

  it('the way back refuses likewise, and leaves nothing read-only', async () => {
    const refused = await on(host, rollback, '-e', 'discard_changes=true');
    expect(explain(refused)).to.match(/nothing was touched: .*lab-sftp\.service\): stop lab-sftp\.service/);
    expect(tasksWith(refused, host, 'changed')).to.deep.equal([]);
    const run = await on(host, rollback, '-e', 'discard_changes=true', ...held);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('zfs');
    expect(await ask(host, 'zfs get -H -o value readonly tank/docker')).to.equal('off');
  });
});
