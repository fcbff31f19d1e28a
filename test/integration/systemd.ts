/**
 * Owns a host of its own on this machine that runs systemd: a real one, as process 1 of its own namespaces, with no units
 * but those that transient units rest on. A real sshd on loopback lets in to it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sshdMissing, startSshd, type Sshd } from './sshd.js';

const program = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find(existsSync);

/** Why there can be none on this machine; undefined where there can. */
export function systemdMissing(): string | undefined {
  if (program === undefined) return 'systemd is not installed';
  if (process.getuid?.() !== 0) return 'only root can run a systemd of its own';
  return sshdMissing();
}

export interface SystemdHost {
  readonly sshd: Sshd;
  /** Runs sh there, past sshd; returns what it writes. */
  ask(script: string): string;
  stop(): Promise<void>;
}

const targets = ['lone', 'sysinit', 'basic', 'shutdown'];

/** Throws where systemd does not start: in a container without cgroups, say. */
export async function startSystemd(): Promise<SystemdHost> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-systemd-'));
  for (const name of targets)
    await writeFile(
      path.join(folder, `${name}.target`),
      `[Unit]\nDescription=${name}\nDefaultDependencies=no\n`,
    );
  const init = [
    'set -e',
    'mount -t tmpfs tmpfs /run',
    'mount -t tmpfs tmpfs /var/lib',
    'mkdir -p /run/systemd /run/lock /run/sshd',
    `export container=zrun SYSTEMD_UNIT_PATH=${folder}`,
    `exec ${program ?? 'systemd'} --system --unit=lone.target --log-target=console --show-status=no --crash-reboot=no`,
  ].join('\n');
  const words = ['--fork', '--pid', '--mount', '--uts', '--ipc', '--cgroup', '--mount-proc', '--kill-child'];
  const outer = spawn('unshare', [...words, 'sh', '-c', init], { stdio: 'ignore' });
  const pid = await firstChild(outer.pid ?? 0);
  const inside = ['--target', String(pid), '--all', '--'];
  const ask = (script: string): string =>
    execFileSync('nsenter', [...inside, 'sh', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  await until(() => ask('systemctl is-active lone.target').trim() === 'active');
  const sshd = await startSshd({
    config: [`ForceCommand exec nsenter ${inside.join(' ')} sh -c "$SSH_ORIGINAL_COMMAND"`],
  });
  return {
    sshd,
    ask,
    async stop() {
      await sshd.stop();
      const ended = new Promise((resolve) => outer.once('exit', resolve));
      process.kill(pid, 'SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function firstChild(pid: number): Promise<number> {
  let child = 0;
  await until(async () => {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    child = Number(text.trim().split(' ')[0] ?? 0);
    return child > 0;
  });
  return child;
}

/** Of something that comes within a minute, or not at all. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 600; ; left--) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (left <= 0) throw error;
    }
    if (left <= 0) throw new Error('the systemd of this test does not come up');
    await sleep(100);
  }
}
