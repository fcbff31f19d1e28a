/**
 * Owns `npm run bench:downtime`: how long Docker is down during a move, with the data once and ten times, on one host, in
 * one run. Volumes are written to while the first copy is made. What is compared is the ratio of both.
 */
import { parseArgs } from 'node:util';
import { ensureHosts, labPaths, reset, sshExec } from './index.js';
import { explain, finished, zrun } from './zrun.js';

const migrate = 'playbooks/overlay2.yaml';

interface Measured {
  readonly mebibytes: number;
  readonly dockerDown: number;
  readonly containersDown: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, mib: { type: 'string', default: '60' }, on: { type: 'string' } },
  });
  if (values.help) {
    console.log(
      'npm run bench:downtime [-- --mib N] [--on NAME]: N MiB of data (60), then ten times as much.',
    );
    return;
  }
  const names =
    values.on === undefined ? (await ensureHosts({ bookworm: 1 })).map(({ name }) => name) : [values.on];
  const [host] = names;
  if (host === undefined) throw new Error('the lab has no host');
  const once = await measure(host, Number(values.mib));
  const tenfold = await measure(host, 10 * Number(values.mib));
  console.log('\n| data | Docker down | containers down |\n|---|---|---|');
  for (const { mebibytes, dockerDown, containersDown } of [once, tenfold]) {
    console.log(`| ${mebibytes} MiB | ${dockerDown} s | ${containersDown} s |`);
  }
  console.log(
    `\nten times the data: ${(tenfold.dockerDown / once.dockerDown).toFixed(2)} times the downtime`,
  );
}

async function ask(name: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await sshExec(name, command, { user: 'root', timeoutMs: 30 * 60_000 });
  if (code !== 0) throw new Error(`${name}: ${command}\n${stderr}`);
  return stdout.trim();
}

async function measure(name: string, mebibytes: number): Promise<Measured> {
  await reset(name);
  await ask(
    name,
    `docker volume create load >/dev/null && cd /var/lib/docker/volumes/load/_data && head -c ${mebibytes}M /dev/urandom | split -b 512K -a 4 - part && sync
docker run -d --name writer --restart always -v load:/load lab/base:1 /bin/sh -c 'while :; do date > /load/now; sleep 1; done' >/dev/null`,
  );
  const run = await zrun([migrate, '-i', labPaths().inventory, '--limit', name]);
  if (run.exitCode !== 0) throw new Error(explain(run));
  const said = finished(run, name).flatMap(({ result }) => result?.message ?? []);
  const seconds = (what: string): number => {
    const found = said
      .map((line) => new RegExp(`^${what} down for (\\d+) seconds`).exec(line)?.[1])
      .find(Boolean);
    if (found === undefined) throw new Error(`the run does not say how long ${what} down`);
    return Number(found);
  };
  const measured = {
    mebibytes,
    dockerDown: seconds('Docker was'),
    containersDown: seconds('Containers were'),
  };
  console.log(JSON.stringify(measured));
  return measured;
}

await main();
