/**
 * Owns the list of transports that must pass the contract, and how each is had on this machine.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Become, Connection, ConnectOptions, Host, Target } from '../../src/core/host.js';
import { createTransport } from '../../src/transport/index.js';
import type { Limits } from '../../src/transport/channel.js';
import { makeUser, sshdMissing, startSshd, usersMissing } from '../integration/sshd.js';

interface ContractTransport {
  readonly name: string;
  /** Why it cannot be had here. */
  missing(): string | undefined;
  start(): Promise<Running>;
}

export interface Running {
  connect(options?: Partial<ConnectOptions>): Promise<Connection>;
  /** Whom every script runs as. */
  readonly as: Become | undefined;
  /** The name that `id -un` must say. */
  readonly user: string;
  /** What the first frame costs: sudo has to be asked first. */
  readonly exchangesToStart: number;
  readonly handshakes: number;
  /** A folder that the scripts may write to. */
  readonly folder: string;
  stop(): Promise<void>;
}

const limits: Limits = { startMs: 20_000, killGraceMs: 300, killMs: 15_000, closeMs: 2_000 };
const self = os.userInfo().username;

export const transports: readonly ContractTransport[] = [
  local('local', undefined),
  local('local, bash for sh', '/bin/bash'),
  local('local, busybox for sh', '/bin/busybox'),
  ssh('ssh', undefined, undefined),
  ssh('ssh, login shell fish', '/usr/bin/fish', undefined),
  ssh('ssh, login shell csh', '/bin/csh', undefined),
  ssh('ssh with sudo', '/bin/sh', 'NOPASSWD'),
  ssh('ssh with sudo in a pseudo-terminal', '/bin/sh', 'NOPASSWD', 'use_pty'),
];

function local(name: string, shell: string | undefined): ContractTransport {
  return {
    name,
    missing: () =>
      shell === undefined || existsSync(shell) ? undefined : `skipped: no ${shell} on this machine`,
    async start() {
      const folder = await openFolder();
      const env = { ...process.env };
      if (shell !== undefined) {
        await symlink(shell, path.join(folder, 'sh'));
        env['PATH'] = `${folder}:${env['PATH'] ?? ''}`;
      }
      const transport = createTransport({ env, limits });
      const target: Target = { transport: 'local' };
      const host: Host = { name: 'here', groups: ['all'], vars: new Map(), target, targetBy: () => target };
      return {
        connect: (options) => transport.connect(host, connectOptions(options)),
        as: undefined,
        user: self,
        exchangesToStart: 0,
        handshakes: 0,
        folder,
        async stop() {
          await transport.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}

/** With `sudo`, a test user becomes root; where no user can be made, the current user becomes root without a password. */
function ssh(
  name: string,
  loginShell: string | undefined,
  sudo: 'NOPASSWD' | undefined,
  sudoDefaults?: string,
): ContractTransport {
  const needsUser = sudo !== undefined || loginShell !== undefined;
  return {
    name,
    missing() {
      if (loginShell !== undefined && !existsSync(loginShell))
        return `skipped: no ${loginShell} on this machine`;
      if (sudo !== undefined && !existsSync('/usr/bin/sudo')) return 'skipped: no sudo on this machine';
      if (sudo !== undefined && sudoDefaults === undefined && canSudo()) return sshdMissing();
      return sshdMissing() ?? (needsUser ? usersMissing() : undefined);
    },
    async start() {
      const folder = await openFolder();
      const server = await startSshd();
      const user =
        needsUser && usersMissing() === undefined ? makeUser('zrun-contract', userOptions()) : undefined;
      const transport = createTransport({ env: process.env, limits });
      const host = server.host(user === undefined ? {} : { user: user.name });
      const become: Become | undefined = sudo === undefined ? undefined : { user: 'root', method: 'sudo' };
      return {
        connect: (options) => transport.connect(host, connectOptions(options)),
        as: become,
        user: become?.user ?? user?.name ?? self,
        exchangesToStart: become === undefined ? 0 : 1,
        handshakes: 1,
        folder,
        async stop() {
          await transport.close();
          await server.stop();
          user?.remove();
          await rm(folder, { recursive: true });
        },
      };
    },
  };

  function userOptions(): Parameters<typeof makeUser>[1] {
    return {
      ...(loginShell !== undefined && { shell: loginShell }),
      ...(sudo !== undefined && { sudoers: `ALL=(ALL) ${sudo}: ALL`, defaults: sudoDefaults }),
    };
  }
}

function canSudo(): boolean {
  if (process.getuid?.() === 0) return false;
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-contract-'));
  await chmod(folder, 0o777);
  return folder;
}

function connectOptions(options: Partial<ConnectOptions> = {}): ConnectOptions {
  return { connectTimeoutMs: 15_000, signal: new AbortController().signal, ...options };
}
