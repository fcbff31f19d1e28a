/** Owns what the stories of the lab share: a playbook on one host, what a host says, what a run said of it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { compareInspected, inspectScript, readInspected, type Inspected } from './docker-inspect.js';
import { powercut } from './hosts.js';
import { dockerReady, ensureHosts, labPaths, reboot, sshExec, type HostCounts } from './index.js';
import { guestFolder } from './recipe.js';
import { snapshotOf, type HostSnapshot } from './state.js';
import { explain, messagesOf, tasksWith, zrun, type ZrunRun } from './zrun.js';

export const migrate = 'playbooks/overlay2.yaml';
export const audit = 'playbooks/audit.yaml';
export const rollback = 'playbooks/rollback.yaml';
export const finalize = 'playbooks/finalize.yaml';
export const grow = 'playbooks/grow.yaml';
export const bench = 'playbooks/bench.yaml';

export function on(name: string, playbook: string, ...more: readonly string[]): Promise<ZrunRun> {
  return zrun([playbook, '-i', labPaths().inventory, '--limit', name, ...more]);
}

/** What a command that must succeed writes. */
export async function ask(name: string, command: string, stdin?: string): Promise<string> {
  const options = { user: 'root', timeoutMs: 15 * 60_000, ...(stdin !== undefined && { stdin }) } as const;
  const { code, stdout, stderr } = await sshExec(name, command, options);
  expect(code, `${name}: ${command}\n${stderr}`).to.equal(0);
  return stdout.trim();
}

/** A script of guest/, with what it reads from its standard input. */
export async function runInGuest(name: string, script: string, stdin: string): Promise<void> {
  const read = (file: string): Promise<string> => readFile(path.join(guestFolder, file), 'utf8');
  await ask(name, await read(script), await read(stdin));
}

/** Everything that Docker says of what it holds. */
export const inspect = async (name: string): Promise<Inspected> =>
  readInspected(await ask(name, inspectScript));

export const runningOn = (name: string): Promise<string> =>
  ask(name, "docker ps --format '{{.Names}}' | sort");

export const driverOf = (name: string): Promise<string> => ask(name, "docker info --format '{{.Driver}}'");

/** Hosts are made where they are not there yet, which takes minutes, and longer where images are to be built first. */
export const hostsFor = (counts: HostCounts) =>
  async function (this: Mocha.Context): Promise<void> {
    this.timeout('55m');
    await ensureHosts(counts);
  };

/** What the audit's last word on a host is. */
export function verdictOf(run: ZrunRun, name: string): string {
  const said = messagesOf(run, name);
  return said.findLast((text) => /^(already|unfinished|ready|blocked): /.test(text)) ?? explain(run);
}

/** --check leaves the host as it was, the run succeeds, and changes by exactly the tasks that --check told of. */
export async function moveAsChecked(
  name: string,
  untouched: HostSnapshot,
  ...more: readonly string[]
): Promise<void> {
  const check = await on(name, migrate, ...more, '--check');
  expect(check.exitCode, explain(check)).to.equal(0);
  expect(await snapshotOf(name)).to.deep.equal(untouched);
  const run = await on(name, migrate, ...more);
  expect(run.exitCode, explain(run)).to.equal(0);
  expect(tasksWith(run, name, 'changed')).to.deep.equal(tasksWith(check, name, 'changed'));
}

/** The host goes back, and what zrun had changed of it is as it was. */
export async function rollBack(
  name: string,
  untouched: HostSnapshot,
  ...more: readonly string[]
): Promise<void> {
  const run = await on(name, rollback, '-e', 'discard_changes=true', ...more);
  expect(run.exitCode, explain(run)).to.equal(0);
  const after = await snapshotOf(name);
  for (const part of ['fstab', 'daemonJson', 'dropIns', 'dataRoot'])
    expect(after[part], part).to.equal(untouched[part]);
}

/** Docker runs on ext4 with all that it held, also after a reboot, and a second run changes nothing. */
export async function expectMoved(name: string, checksums: string, held: Inspected): Promise<void> {
  for (const what of ['after the move', 'after the reboot']) {
    expect(await driverOf(name), what).to.equal('overlay2');
    expect(await ask(name, 'findmnt -n -o FSTYPE /var/lib/docker'), what).to.equal('ext4');
    expect(await ask(name, 'lab-volume-checksums'), what).to.equal(checksums);
    if (what === 'after the reboot') continue;
    expect(compareInspected(held, await inspect(name), [])).to.deep.equal([]);
    await reboot(name);
    await dockerReady(name);
  }
  const again = await on(name, migrate);
  expect(again.exitCode, explain(again)).to.equal(0);
  expect(tasksWith(again, name, 'changed'), explain(again)).to.deep.equal([]);
}

/** The power goes as soon as a task of the switch has ended: the host comes up with Docker held, and the next run moves it. */
export async function resumesAfterPowerCut(name: string, task: string, checksums: string): Promise<void> {
  let isCut = false;
  await zrun([migrate, '-i', labPaths().inventory, '--limit', name], (event, run) => {
    if (event.task?.name !== task || event.type !== 'task-finished' || isCut) return;
    isCut = true;
    run.kill();
  });
  expect(isCut).to.equal(true);
  await powercut(name);
  // Neither driver comes up on the empty folder.
  expect(await ask(name, 'systemctl is-active docker.service || :')).not.to.equal('active');
  expect(await ask(name, 'ls -A /var/lib/docker')).to.equal('');
  expect(verdictOf(await on(name, audit), name)).to.match(/^(unfinished|ready)/);
  const run = await on(name, migrate);
  expect(run.exitCode, explain(run)).to.equal(0);
  expect(await driverOf(name)).to.equal('overlay2');
  expect(await ask(name, 'lab-volume-checksums')).to.equal(checksums);
}
