/** Owns the way back: an inventory that zrun wrote is read by zrun again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { zrun } from './fake-environment.js';

export async function dump(text: string, args: readonly string[]): Promise<unknown> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'zrun-dump-'));
  try {
    await writeFile(path.join(cwd, 'hosts.yaml'), text);
    const { stdout, stderr } = await zrun(['inventory', '-i', 'hosts.yaml', ...args], { cwd });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as unknown;
  } finally {
    await rm(cwd, { recursive: true });
  }
}
