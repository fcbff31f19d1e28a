/**
 * Owns the demonstration: three real hosts, the whole way from the audit to the reboot, with what was measured before
 * and after. It runs zrun as a user would and stops at the first thing that is not as promised.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dockerReady, ensureHosts, labPaths, reboot, reset, sshExec } from './index.js';
import { projectRoot } from './zrun.js';

const migrated = ['bookworm1', 'bookworm2'] as const;
const all = [...migrated, 'trixie1'] as const;

/** The article's case: a Dockerfile whose steps do nothing but make layers. */
const dockerfile = [
  'FROM scratch',
  ...Array.from({ length: 15 }, (_, i) => (i % 2 ? `ENV E${i}=${i}` : `ARG A${i}=${i}`)),
];

interface Measured {
  readonly driver: string;
  readonly backing: string;
  readonly checksums: string;
  /** Seconds for the fifteen-step Dockerfile, without cache. */
  readonly build: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(
      'npm run demo: three virtual machines, migrated from the zfs driver to overlay2 before your eyes.',
    );
    return;
  }
  title('1. Three hosts with real ZFS and Docker (built once, kept in your cache folder)');
  await ensureHosts({ bookworm: 2, trixie: 1 });
  await Promise.all(all.map((host) => reset(host)));
  const { inventory } = labPaths();

  title('2. Before: driver, and how long fifteen ARG/ENV steps take to build');
  const before = await measureAll();
  show(before);

  title('3. The audit: what each host is, and what it would take. Nothing is changed');
  await zrun('playbooks/audit.yaml');

  title('4. What would be done: --check --diff');
  await zrun('playbooks/overlay2.yaml', '--check', '--diff');

  title('5. The migration');
  await zrun('playbooks/overlay2.yaml');

  title('6. Once more: nothing is left to do');
  const again = await zrun('playbooks/overlay2.yaml');
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
  const after = await measureAll();
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

async function measureAll(): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  // One after another: they share two cores, and the figures are to be compared.
  for (const host of all) measured.set(host, await measure(host));
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
  const status = await ask(host, "docker info --format '{{.Driver}} {{json .DriverStatus}}'");
  return {
    driver: status.split(' ')[0] ?? '',
    backing: /"Backing Filesystem","(\w+)"/.exec(status)?.[1] ?? 'zfs',
    checksums: await ask(host, 'lab-volume-checksums | sha256sum'),
    build: Number(build) / 1000,
  };
}

function show(rows: ReadonlyMap<string, Measured>, before?: ReadonlyMap<string, Measured>): void {
  for (const [host, { driver, backing, build, checksums }] of rows) {
    const was = before?.get(host);
    const faster = was
      ? `, was ${was.build.toFixed(1)} s on ${was.driver} (${(was.build / build).toFixed(1)}×)`
      : '';
    console.log(
      `${host.padEnd(10)} ${driver} on ${backing}; 15 steps built in ${build.toFixed(1)} s${faster}`,
    );
    console.log(
      `${' '.repeat(10)} volumes ${checksums.slice(0, 16)}…${was ? equality(was.checksums, checksums) : ''}`,
    );
  }
}

function equality(a: string, b: string): string {
  return a === b ? ' (unchanged)' : ' (DIFFERENT)';
}

/**
 * Runs zrun on the demonstration's hosts, with its output on the user's screen, and gives that output. Anything but exit
 * code 0 ends the demo. The lab may have other hosts too: they are somebody else's.
 */
async function zrun(playbook: string, ...more: readonly string[]): Promise<string> {
  const args = [playbook, '-i', labPaths().inventory, '--limit', all.join(','), ...more];
  console.log(`\n$ zrun ${args.join(' ')}`);
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(projectRoot, 'src/main.ts'), ...args], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  demand(code === 0, `zrun ended with exit code ${code ?? 'none'}`);
  return output;
}

async function ask(host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await sshExec(host, command, { user: 'root', timeoutMs: 15 * 60_000 });
  demand(code === 0, `${host}: ${command}\n${stderr}`);
  return stdout.trim();
}

function title(text: string): void {
  console.log(`\n\x1b[1m${text}\x1b[0m`);
}

function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}

try {
  await main();
} catch (error) {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
