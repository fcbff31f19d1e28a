/**
 * Owns `npm run bench:downtime`: how long Docker is down during a move, with the data once and ten times, on one host, in
 * one run. The host has twenty containers, a Compose project, networks with aliases, and a large volume that is written to
 * while the first copy is made; afterwards all of it must be there. What is compared is the ratio of both.
 */
import { parseArgs } from 'node:util';
import { compareInspected, inspectScript, readInspected } from './docker-inspect.js';
import { leftOutOfSetting, makeSetting } from './docker-setting.js';
import { ensureHosts, labPaths, reset, sshExec } from './index.js';
import { explain, messagesOf, zrun } from './zrun.js';

const migrate = 'playbooks/overlay2.yaml';

interface Measured {
  readonly mebibytes: number;
  readonly dockerDown: number;
  readonly containersDown: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, mib: { type: 'string', default: '205' }, on: { type: 'string' } },
  });
  if (values.help) {
    console.log(
      'npm run bench:downtime [-- --mib N] [--on NAME]: N MiB of data (205), then ten times as much.',
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

/** One file is changed over and over, one grows, files come and go: the copy is made meanwhile. Started anew it goes on. */
const writer = `i=0; [ ! -e /load/grown ] || i=$(wc -l </load/grown)
while :; do
  echo $i >/load/changed; echo $i >>/load/grown; echo $i >/load/come-$i; rm -f /load/come-$((i - 5))
  i=$((i + 1)); sleep 1
done`;

/** Everything but what the writer writes. */
const checksums = "lab-volume-checksums | grep -v ' load/_data/\\(changed\\|grown\\|come-[0-9]*\\)$'";

/** Numbers in order, as far as the writer had come: nothing that it had written is lost. */
const written =
  "cd /var/lib/docker/volumes/load/_data && awk '$1 != NR - 1 { exit 1 } END { print NR }' grown";

async function measure(name: string, mebibytes: number): Promise<Measured> {
  await reset(name);
  await ask(name, makeSetting);
  await ask(
    name,
    `docker volume create load >/dev/null && cd /var/lib/docker/volumes/load/_data && head -c ${mebibytes}M /dev/urandom | split -b 512K -a 4 - part && sync`,
  );
  await ask(
    name,
    `docker run -d --name writer --restart always -v load:/load lab/base:1 /bin/sh -c '${writer}' >/dev/null`,
  );
  const held = readInspected(await ask(name, inspectScript));
  const sums = await ask(name, checksums);
  let grownTo = 0;
  let asked: Promise<void> | undefined;
  const run = await zrun(
    [migrate, '-i', labPaths().inventory, '--limit', name, '-e', 'allow_auto_remove=true'],
    (event) => {
      // Just before the stop.
      if (event.type === 'task-finished' && event.task?.name === 'Write down what Docker holds') {
        asked ??= ask(name, written).then((lines) => void (grownTo = Number(lines)));
      }
    },
  );
  if (run.exitCode !== 0) throw new Error(explain(run));
  await asked;
  const now = readInspected(await ask(name, inspectScript));
  const wrong = [...compareInspected(held, now, leftOutOfSetting)];
  if ((await ask(name, checksums)) !== sums) wrong.push('volumes differ');
  const after = Number(await ask(name, written));
  if (!(grownTo > 0 && after >= grownTo)) wrong.push(`written up to ${grownTo}, found up to ${after}`);
  if (wrong.length > 0) throw new Error(`not everything is as it was:\n${wrong.join('\n')}`);
  const said = messagesOf(run, name);
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
  console.log(JSON.stringify({ ...measured, containers: held.containers.length, writtenUpTo: grownTo }));
  return measured;
}

await main();
