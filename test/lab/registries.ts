/**
 * Owns the trial of images that come from registries: real ones, on the loopback of a lab host, one of which wants
 * credentials and one of which is down. And that the second dockerd, which is in the host's network for it, changes
 * nothing of that network at any moment: interfaces, addresses, routes, rules, sysctls.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { AssertionError, expect } from 'chai';
import type { BoundPlan, Module } from '../../src/core/module.js';
import { isList, isMap, type ValueMap } from '../../src/core/value.js';
import { modules } from '../../src/modules/index.js';
import { failureOf, planOf, textIn, type Host } from '../modules/harness.js';
import { guestFolder } from './recipe.js';

const dataRoot = '/var/lib/scratch-registry';
const unit = 'zrun-staged-docker.service';

const app = '127.0.0.1:5000/shop/app:1';
const privateApp = '127.0.0.1:5001/shop/private:1';
const gone = '127.0.0.1:5000/shop/gone:1';
const down = '127.0.0.1:5002/shop/down:1';
const local = 'shop/local:1';
const images = [app, privateApp, gone, down, local];
const wish: ValueMap = { data_root: dataRoot, images, source: 'pull' };

const copy = moduleOf('docker_image_copy');

/** Timers and counters, which the kernel moves by itself, are left out. */
const networkScript = `{ ip -d link; ip addr; ip route show table all; ip rule; } | sed -E 's/[a-z_]*_timer +[0-9.]+//g; s/[0-9]+sec//g'
docker network ls --no-trunc; for save in iptables-save ip6tables-save; do $save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; done
command -v nft >/dev/null && nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'
cd /proc/sys/net && for f in ipv4 ipv6 bridge; do [ ! -d $f ] || grep -r -s '' $f; done; cut -d ' ' -f 1 /proc/modules | sort`;

/** @param host a lab host, whose Docker runs, and which is not needed as it is any more */
export function describeRegistries(host: () => Host): void {
  /** Ids and digests, by tags. */
  let known: ReadonlyMap<string, { readonly id: string; readonly digest: string }>;
  const idOf = (image: string) => known.get(image)?.id;

  async function ask(shellText: string, stdin?: Uint8Array): Promise<string> {
    const { status, stdout, stderr } = await host().run({ shellText }, stdin);
    expect(status, `${shellText}\n${stderr.toString()}`).to.equal(0);
    return stdout.toString().trim();
  }

  async function expectNothingLeft(): Promise<void> {
    const left = `systemctl is-active ${unit}; ls -d /run/zrun-staged-docker 2>/dev/null; ls -A ${dataRoot} | grep tmp; grep -l zrun-staged /proc/[0-9]*/mountinfo; true`;
    expect(await ask(left)).to.equal('inactive');
  }

  before(async function () {
    const folder = await mkdtemp(path.join(tmpdir(), 'zrun-registry-'));
    const run = promisify(execFile);
    try {
      await run('apt-get', ['-qq', 'download', 'docker-registry'], { cwd: folder });
      const [deb = ''] = await readdir(folder);
      const unpack =
        'mkdir -p /root/registries && cat >/root/registries/deb && dpkg-deb -x /root/registries/deb /root/registries';
      await ask(unpack, await readFile(path.join(folder, deb)));
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      console.log(`  skipped: apt does not give docker-registry here: ${String(error)}`);
      return this.skip();
    } finally {
      await rm(folder, { recursive: true });
    }
    await ask(await readFile(path.join(guestFolder, 'registries.sh'), 'utf8'));
    const format = '{{index .RepoTags 0}} {{.Id}} {{range .RepoDigests}}{{.}}{{end}}';
    const rows = await ask(`docker image inspect -f '${format}' ${images.join(' ')}`);
    known = new Map(
      rows.split('\n').map((row) => {
        const [tag = '', id = '', digest = ''] = row.split(' ');
        return [tag, { id, digest }];
      }),
    );
    expect([...known.keys()]).to.have.members(images);
    await ask(`mkdir ${dataRoot}`);
  });

  after(() =>
    host().run({
      shellText: `systemctl stop lab-monitor lab-registry-5000 lab-registry-5001; docker logout 127.0.0.1:5001; docker rmi ${images.join(' ')}; rm -rf ${dataRoot} /root/registries /root/events`,
    }),
  );

  let plan: BoundPlan & { readonly change: 'some' };
  let network: string;

  it('says in check mode which images no registry gives, and why', async () => {
    const planned = await planOf(copy, { ...wish, images: [app, privateApp, down, local] }, host().read, {
      check: true,
    });
    if (planned.change !== 'some') throw new Error('nothing to be done');
    plan = planned;
    expect(plan.summary).to.match(/^pull 2 images and copy 2 images \(at most /);
    expect(plan.predicted['pulled']).to.have.members([idOf(app), idOf(privateApp)]);
    const reasons = reasonsIn(plan.predicted);
    expect([...reasons.keys()]).to.have.members([down, local]);
    expect(reasons.get(down)).to.match(/^127\.0\.0\.1:5002 does not give it: .*connection refused/);
    expect(reasons.get(local)).to.equal('no registry is known to have it');
    expect(JSON.stringify(plan)).not.to.contain('secret');
    expect(await ask(`ls -A ${dataRoot}`)).to.equal('');
  });

  it('leaves the network of the host as it is at every moment, and a dockerd that is killed leaves nothing', async () => {
    network = await ask(networkScript);
    // What comes and goes in between is seen by who listens.
    await ask(
      `systemd-run --quiet --collect --unit=lab-monitor -p StandardOutput=file:/root/events ip monitor link address route rule netconf`,
    );
    const applied = failureOf(plan.apply(host().write));
    // Until it answers, and then to the end.
    await ask(`timeout 600 sh -c 'until [ -S /run/zrun-staged-docker/docker.sock ]; do sleep 0.1; done'`);
    expect(await ask(networkScript), 'while it runs').to.equal(network);
    const pid = await ask(`systemctl show -p MainPID --value ${unit}`);
    const namespaces = await ask(
      `cat /proc/${pid}/comm; readlink /proc/${pid}/ns/net /proc/1/ns/net | uniq | wc -l`,
    );
    expect(namespaces).to.equal('dockerd\n1');
    const tried = `nsenter -t ${pid} -m sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' 2>&1 || true`;
    expect(await ask(tried)).to.match(/Read-only file system/);
    await ask(`systemctl kill -s KILL ${unit}`);
    await applied;
    await expectNothingLeft();
  });

  it('pulls by digest what a registry gives, and saves and loads the rest, also what it no longer gives', async () => {
    const planned = await planOf(copy, wish, host().read);
    if (planned.change !== 'some') throw new Error('nothing to be done');
    const given = planned.predicted['pulled'];
    if (!isList(given)) throw new Error('the plan has no pulled');
    // What the killed one had put there already stays there.
    expect(given).to.include(idOf(gone));
    await ask('rm -r /root/registries/5000/docker/registry/v2/repositories/shop/gone');
    const result = await planned.apply(host().write);
    expect(result['pulled']).to.deep.equal(given.filter((id) => id !== idOf(gone)));
    expect(result['images']).to.have.members(images.map(idOf));
    expect(result['lost_digests']).to.deep.equal([]);
    const reasons = reasonsIn(result);
    expect([...reasons.keys()]).to.include(gone);
    expect(reasons.get(gone)).to.match(/^127\.0\.0\.1:5000 did not give it: .*(unknown|not found)/);
    const names = await ask(`cat ${dataRoot}/image/overlay2/repositories.json`);
    for (const [tag, { id, digest }] of known) {
      expect(names).to.contain(`"${tag}":"${id}"`);
      if (tag !== local) expect(names).to.contain(`"${digest}":"${id}"`);
    }
    await expectNothingLeft();
    expect(await ask(networkScript), 'afterwards').to.equal(network);
    expect(await ask('systemctl stop lab-monitor; cat /root/events')).to.equal('');
    const again = await planOf(copy, wish, host().read);
    expect(again.change === 'none' && again.reason).to.equal('every image is there');
  });
}

function reasonsIn(result: ValueMap): ReadonlyMap<string, string> {
  const list = result['not_pulled'];
  if (!isList(list)) throw new Error('the result has no not_pulled');
  return new Map(list.filter(isMap).map((each) => [textIn(each, 'image'), textIn(each, 'reason')]));
}

function moduleOf(name: string): Module {
  const found = modules.get(name);
  if (!found) throw new Error(`there is no module ${name}`);
  return found;
}
