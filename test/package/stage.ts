/**
 * Owns a copy of what `npm pack` sees, with a bundle of its own, so that no test needs or changes dist/.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Sshd } from '../integration/sshd.js';

const execute = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

export interface Stage {
  readonly folder: string;
  readonly dist: string;
  readonly version: string;
  remove(): Promise<void>;
}

export async function makeStage(): Promise<Stage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'zrun-package-'));
  const names = ['package.json', 'playbooks', 'templates', 'inventory.example.yaml'];
  for (const name of [...names, 'README.md', 'LICENSE', '.npmrc'])
    await cp(path.join(root, name), path.join(folder, name), { recursive: true });
  const dist = path.join(folder, 'dist');
  await execute('npm', ['run', '--silent', 'bundle', '--', `--outdir=${dist}`], { cwd: root });
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')));
  return { folder, dist, version, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** An inventory of one host, `there`, with files that lie in `folder`. */
export function inventoryOf(sshd: Sshd, folder: string): string {
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: sshd.port,
    ansible_user: sshd.user,
    ansible_ssh_private_key_file: path.join(folder, 'key'),
    zrun_known_hosts_file: path.join(folder, 'known_hosts'),
  };
  return JSON.stringify({ all: { hosts: { there: vars } } });
}

/** Asks a host what it is, and changes nothing. */
export const playbookText = `
- hosts: all
  tasks:
    - {name: Facts, assert: {that: ['facts.host.kernel != ""']}}
    - {name: Command, command: echo hello, changed_when: false, register: said}
    - {name: Said, assert: {that: ['said.stdout == "hello"']}}
`;
