/**
 * Owns the demonstration: three real hosts, the whole way from the audit to the reboot, with what was measured before
 * and after. It runs zrun as a user would and stops at the first thing that is not as promised.
 */
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { showFirstTaste } from './first-taste.js';
import { dockerReady, ensureHosts, labPaths, reboot, reset, sshExec } from './index.js';
import { elapsed } from './progress.js';
import { demand, title, zrun } from './show.js';

const migrated = ['bookworm1', 'bookworm2'] as const;
const rest = ['bookworm2', 'trixie1'] as const;
const all = [migrated[0], ...rest] as const;

const started = Date.now();

/** The article's case: a Dockerfile whose steps do nothing but make layers. */
const dockerfile = [
  'FROM scratch',
  ...Array.from({ length: 15 }, (_, i) => (i % 2 ? `ENV E${i}=${i}` : `ARG A${i}=${i}`)),
];

interface Measured {
  readonly driver: string;
  readonly backing: string;
  readonly checksums: string;
  /** Seconds for the fifteen-step Dockerfile, without cache; undefined where it was not built. */
  readonly build: number | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(
      'npm run demo: three virtual machines, migrated from the zfs driver to overlay2 before your eyes.',
    );
    return;
  }
  const { inventory } = labPaths();
  title('1. Three hosts with real ZFS and Docker (built once, kept in your cache folder)');
  console.log(await describeWait());
  let first: Promise<ReadonlyMap<string, Measured>> | undefined;
  const isUp = ensureHosts(
    { bookworm: 2, trixie: 1 },
    {
      onUp(release) {
        if (release !== 'bookworm') return;
        first = moveFirst();
        first.catch(() => undefined);
      },
    },
  );
  isUp.catch(() => undefined);
  await showFirstTaste();
  title('The hosts are being built; the first one is moved as soon as it is up');
  await isUp;
  const beforeFirst = (await first) ?? new Map<string, Measured>();
  await Promise.all(rest.map((host) => reset(host)));

  title('3. The other two: driver, and how long fifteen ARG/ENV steps take to build');
  const before = new Map([...beforeFirst, ...(await measureAll(rest))]);
  show(before);

  title('4. The audit: what each host is, and what it would take. Nothing is changed');
  await zrunOn(all, 'playbooks/audit.yaml');

  title('5. What would be done (--check --diff), and the migration');
  await zrunOn(rest, 'playbooks/overlay2.yaml', '--check', '--diff');
  await zrunOn(rest, 'playbooks/overlay2.yaml');

  title('6. Once more: nothing is left to do');
  const again = await zrunOn(all, 'playbooks/overlay2.yaml');
  demand(
    again.includes(`${all.length} done (nothing changed)`),
    'a second run should have had nothing to change',
  );

  title('7. A reboot of every migrated host');
  for (const host of migrated) {
    await reboot(host);
    await dockerReady(host);
    console.log(
      `${host}: up again, ${await ask(host, 'findmnt -n -o TARGET,SOURCE,FSTYPE /var/lib/docker')}`,
    );
    console.log(
      `  the way back is kept: ${await ask(host, 'zfs list -H -o name,used,mounted tank/docker-zfs-backup')}`,
    );
  }

  title('8. After');
  const after = await measureAll(all);
  show(after, before);
  for (const host of all) {
    demand(after.get(host)?.driver === 'overlay2', `${host} should be on overlay2`);
    demand(after.get(host)?.checksums === before.get(host)?.checksums, `${host}: volumes differ`);
  }
  for (const host of migrated) demand(after.get(host)?.backing === 'extfs', `${host} should be on ext4`);
  console.log('\nEvery volume has the checksum that it had. Try it yourself:');
  console.log('  npm run lab -- reset bookworm1 && npm run lab -- ssh bookworm1');
  console.log(`  npx zrun playbooks/overlay2.yaml -i ${inventory} --limit bookworm1 --check --diff`);
  console.log('  npm run lab -- down');
}

/** While the others are still being built, which is no time to measure builds. */
async function moveFirst(): Promise<ReadonlyMap<string, Measured>> {
  const host = migrated[0];
  await reset(host);
  title(`2. ${host} is up, and is moved`);
  const before = new Map([[host, { ...(await look(host)), build: undefined }]]);
  show(before);
  await zrunOn([host], 'playbooks/overlay2.yaml');
  console.log(`\n${host} is on overlay2, ${elapsed(started)} after the start.`);
  return before;
}

/** On a quiet machine of two cores; one that is busy takes longer. */
async function describeWait(): Promise<string> {
  const isBuilt = await readdir(labPaths().prepared).catch(() => []);
  const has = (release: string): boolean => isBuilt.some((name) => name.startsWith(`${release}-`));
  const [first, whole] = has('bookworm') ? [2, has('trixie') ? 6 : 12] : [8, 20];
  return `On a quiet machine with two cores the first host is moved in about ${first} minutes, and all is seen in ${whole}.`;
}

async function measureAll(hosts: readonly string[]): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  // One after another: they share two cores, and the figures are to be compared.
  for (const host of hosts) measured.set(host, await measure(host));
  return measured;
}

async function measure(host: string): Promise<Measured> {
  const file = dockerfile.join('\\n');
  const build = await ask(
    host,
    `cd "$(mktemp -d)" && printf '${file}\\n' > Dockerfile && s=$(date +%s%N) && ` +
      'DOCKER_BUILDKIT=0 docker build -q --no-cache -t demo-layers . >/dev/null 2>&1 && ' +
      'echo $(( ($(date +%s%N) - s) / 1000000 )) && docker rmi demo-layers >/dev/null',
  );
  return { ...(await look(host)), build: Number(build) / 1000 };
}

async function look(host: string): Promise<Omit<Measured, 'build'>> {
  const status = await ask(host, "docker info --format '{{.Driver}} {{json .DriverStatus}}'");
  return {
    driver: status.split(' ')[0] ?? '',
    backing: /"Backing Filesystem","(\w+)"/.exec(status)?.[1] ?? 'zfs',
    checksums: await ask(host, 'lab-volume-checksums | sha256sum'),
  };
}

function show(rows: ReadonlyMap<string, Measured>, before?: ReadonlyMap<string, Measured>): void {
  for (const [host, { driver, backing, build, checksums }] of rows) {
    const was = before?.get(host);
    const built = build === undefined ? '' : `; 15 steps built in ${build.toFixed(1)} s`;
    const faster =
      was?.build === undefined || build === undefined
        ? ''
        : `, was ${was.build.toFixed(1)} s on ${was.driver} (${(was.build / build).toFixed(1)}×)`;
    console.log(`${host.padEnd(10)} ${driver} on ${backing}${built}${faster}`);
    console.log(
      `${' '.repeat(10)} volumes ${checksums.slice(0, 16)}…${was ? equality(was.checksums, checksums) : ''}`,
    );
  }
}

function equality(a: string, b: string): string {
  return a === b ? ' (unchanged)' : ' (DIFFERENT)';
}

/** The lab may have other hosts too: they are somebody else's. */
async function zrunOn(
  hosts: readonly string[],
  playbook: string,
  ...more: readonly string[]
): Promise<string> {
  return await zrun([playbook, '-i', labPaths().inventory, '--limit', hosts.join(','), ...more]);
}

async function ask(host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await sshExec(host, command, { user: 'root', timeoutMs: 15 * 60_000 });
  demand(code === 0, `${host}: ${command}\n${stderr}`);
  return stdout.trim();
}

try {
  await main();
} catch (error) {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
