/**
 * Owns the story of a host that has several cases at once: its data-root is elsewhere, behind a link; it manages a swarm
 * that runs a service; Docker mounts one of its volumes from elsewhere; a plugin keeps another; and somebody keeps things
 * of his own in the data-root.
 */
import { expect } from 'chai';
import { compareInspected, type Inspected } from '../docker-inspect.js';
import { dockerReady, reboot, reset } from '../index.js';
import { snapshotOf, type HostSnapshot } from '../state.js';
import {
  ask,
  audit,
  driverOf,
  hostsFor,
  inspect,
  moveAsChecked,
  on,
  rollBack,
  rollback,
  runInGuest,
  verdictOf,
} from '../story.js';
import { explain } from '../zrun.js';

const host = 'bookworm3';

const prepare = `set -eu
ran=$(docker ps -q)
docker stop -t 120 $ran >/dev/null
systemctl stop docker.socket docker.service
zfs create -o mountpoint=none tank/apps
zfs rename tank/docker tank/apps/docker
zfs set mountpoint=/srv/docker tank/apps/docker
rmdir /var/lib/docker && ln -s /srv/docker /var/lib/docker
systemctl start docker
docker start $ran >/dev/null
docker volume create --opt type=none --opt o=bind --opt device=/srv/home site >/dev/null
docker run -d --name sited --restart always -v site:/site lab/base:1 >/dev/null
mkdir '/srv/docker/app data' && echo theirs >'/srv/docker/app data/note.txt'
docker run -d --name bound --restart always -v '/srv/docker/app data:/app' lab/base:1 >/dev/null
docker swarm init --advertise-addr 10.0.2.15 >/dev/null
docker service create --quiet --detach --name shop --replicas 2 --mount type=volume,source=data,target=/data lab/web:1 >/dev/null
`;

/** Both replicas run, within ten minutes. */
const isUp =
  'i=0; until [ "$(docker service ls --format "{{.Name}} {{.Replicas}}")" = "shop 2/2" ]; do i=$((i + 1)); [ $i -lt 300 ] || exit 1; sleep 2; done';

const nodes = "docker node ls --format '{{.ID}} {{.Hostname}} {{.ManagerStatus}}'";

/** Whether it takes tasks, and what zrun has written to it. */
const spec = "docker node inspect --format '{{.Spec.Availability}} {{.Spec.Labels}}' self";

const drained = ['-e', 'drain_swarm=true'];

const plugins = "docker plugin ls --format '{{.ID}} {{.Name}} {{.Enabled}}'";

/** A swarm recreates its tasks, under other names. */
const withoutTasks = ({ containers, ...rest }: Inspected): Inspected => ({
  ...rest,
  containers: containers.filter((each) => !JSON.stringify(each).includes('com.docker.swarm.task.id')),
});

describe('a manager of a swarm, with its data-root elsewhere, a volume that Docker mounts and one of a plugin', () => {
  let checksums: string;
  let held: Inspected;
  let untouched: HostSnapshot;
  let swarm: string;
  let plugged: string;

  before(async function () {
    await hostsFor({ bookworm: 3 }).call(this);
    await reset(host);
    await ask(host, prepare);
    await runInGuest(host, 'volume-plugin.sh', 'volume-plugin.py');
    await ask(host, 'docker run -d --name shelved --restart always -v shelf:/shelf lab/base:1');
    await ask(host, isUp);
    held = withoutTasks(await inspect(host));
    checksums = await ask(host, 'lab-volume-checksums');
    untouched = await snapshotOf(host);
    swarm = await ask(host, nodes);
    plugged = await ask(host, plugins);
  });

  it('is blocked until the swarm is agreed to, and says what it does with such a volume', async () => {
    expect(verdictOf(await on(host, audit), host)).to.match(
      /^blocked: .*part of a swarm: run with -e allow_swarm=true/,
    );
    const agreed = await on(host, audit, '-e', 'allow_swarm=true');
    expect(verdictOf(agreed, host)).to.match(/^ready: .* a volume tank\/apps\/docker-overlay2/);
    expect(agreed.stdout).to.contain('carried as settings, without what lies there: site');
    expect(agreed.stdout).to.contain('holds what is not of Docker, and is carried along: app data');
    expect(agreed.stdout).to.contain('volumes of plugins stay where they are: shelf (lab/folders:1)');
  });

  it('is moved as --check says, and drained meanwhile', async () => {
    await moveAsChecked(host, untouched, '-e', 'allow_swarm=true', ...drained);
    expect(await ask(host, spec)).to.equal('active map[]');
  });

  it('is the same manager with the same service, before and after a reboot', async () => {
    for (const what of ['after the move', 'after the reboot']) {
      expect(await driverOf(host), what).to.equal('overlay2');
      expect(await ask(host, 'findmnt -n -o FSTYPE /srv/docker'), what).to.equal('ext4');
      await ask(host, isUp);
      expect(await ask(host, nodes), what).to.equal(swarm);
      expect(await ask(host, 'docker exec sited cat /site/note.txt'), what).to.contain("not Docker's");
      expect(await ask(host, 'docker exec shelved cat /shelf/note.txt'), what).to.equal('kept');
      expect(await ask(host, 'docker exec bound cat /app/note.txt'), what).to.equal('theirs');
      expect(await ask(host, plugins), what).to.equal(plugged);
      expect(await ask(host, 'lab-volume-checksums'), what).to.equal(checksums);
      if (what === 'after the reboot') continue;
      expect(compareInspected(held, withoutTasks(await inspect(host)), [])).to.deep.equal([]);
      await reboot(host);
      await dockerReady(host);
    }
  });

  it('and goes back, where it is agreed that the swarm does without it meanwhile', async () => {
    const unasked = await on(host, rollback, '-e', 'discard_changes=true');
    expect(unasked.exitCode, explain(unasked)).to.equal(2);
    expect(explain(unasked)).to.match(/not put back, nothing was touched: the host is part of a swarm/);
    // Tasks that the swarm has made again are nobody's changes.
    const check = await on(host, rollback, '-e', 'allow_swarm=true', '--check');
    expect(check.exitCode, explain(check)).to.equal(0);
    await ask(host, 'echo late | docker config create late - >/dev/null');
    const late = await on(host, rollback, '-e', 'allow_swarm=true');
    expect(late.exitCode, explain(late)).to.equal(2);
    expect(explain(late)).to.match(/since the move, config late of the swarm has changed\./);
    await rollBack(host, untouched, '-e', 'allow_swarm=true', ...drained);
    expect(await ask(host, spec)).to.equal('active map[]');
    await ask(host, isUp);
    expect(await ask(host, 'docker exec shelved cat /shelf/note.txt')).to.equal('kept');
    expect(await ask(host, nodes)).to.equal(swarm);
    expect(await ask(host, 'lab-volume-checksums')).to.equal(checksums);
  });
});
