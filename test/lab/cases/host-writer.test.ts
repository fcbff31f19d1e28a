/**
 * Owns the story of a process of the host that writes into a volume all the time, and makes the volume's folder again where
 * it is gone: what it was told is written is there afterwards. And of a container that has lost what it needs.
 */
import { expect } from 'chai';
import { reset } from '../index.js';
import { ask, driverOf, grow, hostsFor, migrate, on, rollback, verdictOf, audit } from '../story.js';
import { explain } from '../zrun.js';

const host = 'bookworm2';
const volume = '/var/lib/docker/volumes/backup/_data';

/** Ten times a second. A line is in `ok` once it was written. */
const writer = `docker volume create backup >/dev/null
cat >/usr/local/sbin/lab-writer <<'END'
#!/bin/bash
i=0
while :; do
  i=$((i + 1)); mkdir -p ${volume} 2>/dev/null
  if echo "$i" 2>/dev/null >>${volume}/log; then echo "$i" >>/root/ok; fi
  sleep 0.1
done 2>/dev/null
END
chmod +x /usr/local/sbin/lab-writer
setsid nohup /usr/local/sbin/lab-writer </dev/null >/dev/null 2>&1 & echo $! >/run/lab-writer`;

/** Lines that were written, and are not in the volume; with the writer stopped meanwhile. */
const missing = `kill -STOP "$(cat /run/lab-writer)"; sort ${volume}/log >/root/have; sort /root/ok | comm -23 - /root/have | head; kill -CONT "$(cat /run/lab-writer)"`;

/** What is said of the folder below the mount: immutable or not, and what it holds. */
const below = `unshare --mount sh -c 'mount --make-rprivate / && mount --bind /var/lib /mnt && lsattr -d /mnt/docker | cut -c 5 && ls -A /mnt/docker'`;

describe('a process of the host that writes into a volume', () => {
  before(async function () {
    await hostsFor({ bookworm: 2 }).call(this);
    await reset(host);
    await ask(host, writer);
  });

  const nothingLost = async (): Promise<void> => {
    expect(await ask(host, missing), 'written, and not in the volume').to.equal('');
    expect(await ask(host, below)).to.equal('-');
  };

  it('loses no line by a move', async () => {
    expect(verdictOf(await on(host, audit), host)).to.match(/^ready/);
    const run = await on(host, migrate);
    expect(run.exitCode, explain(run)).to.equal(0);
    expect(await driverOf(host)).to.equal('overlay2');
    await nothingLost();
  });

  it('grow.yaml leaves a host alone whose container could not be started again', async () => {
    const image = await ask(host, `docker ps --format '{{.Image}}' | head -n 1`);
    await ask(
      host,
      `mkdir /srv/gone && docker run -d --name needs-gone --mount type=bind,src=/srv/gone,dst=/g ${image} sleep 3600 && rmdir /srv/gone`,
    );
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(
      /nothing was touched: .* needs-gone \(\/srv\/gone, of its --mount type=bind\)/,
    );
    await ask(host, 'docker rm -f needs-gone');
    await nothingLost();
  });

  it('nor by a larger volume', async () => {
    const run = await on(host, grow, '-e', 'zvol_size=9GiB');
    expect(run.exitCode, explain(run)).to.equal(0);
    await nothingLost();
  });

  it('nor by a way back that would discard what it has written since', async () => {
    const run = await on(host, rollback);
    expect(run.exitCode, explain(run)).to.equal(2);
    expect(explain(run)).to.match(/volume backup has changed/);
    expect(await driverOf(host)).to.equal('overlay2');
    await nothingLost();
  });
});
